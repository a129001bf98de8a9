"""The database: declarative base, column types, sessions, and unit(), the only commit in the house."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from sqlalchemy import JSON, DateTime, Engine, MetaData, String, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

LAST_ACTS = "last_acts"
SAFE = "safe"
Row = TypeVar("Row")
INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, no escapes. What is hashed is spelt this way."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class UtcTime(TypeDecorator[dt.datetime]):
    """An aware time in UTC, on databases that keep zones and on those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        dt.datetime: UtcTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        str: String(),
    }


class Database:
    """The engine and its two kinds of session: `reading()` refuses to write, `writing()` may."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.engine = _engine(url, pool_size)
        self._reading = sessionmaker(self.engine, expire_on_commit=False, info={SAFE: True})
        writer = self.engine.execution_options(caselib_write=True)
        self._writing = sessionmaker(writer, expire_on_commit=False)
        event.listen(self._reading, "before_flush", _refuse_flush)
        event.listen(self._reading, "do_orm_execute", _refuse_statement)

    def reading(self) -> Session:
        return self._reading()

    def writing(self) -> Session:
        return self._writing()

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """A session of one's own and a unit of work in it."""
        with self.writing() as session, unit(session):
            yield session


@contextmanager
def unit(session: Session) -> Iterator[Session]:
    """Everything inside happens, or nothing does. Last acts (the events) are written just before COMMIT."""
    try:
        yield session
        session.flush()
        for act, items in session.info.pop(LAST_ACTS, {}).items():
            act(session, items)
        session.commit()
    except BaseException:
        session.info.pop(LAST_ACTS, None)
        session.rollback()
        raise


def last_act(session: Session, act: Callable[[Session, list[Any]], None], item: Any) -> None:
    """Have `act` done once, just before the unit commits, with every item that was handed in for it."""
    session.info.setdefault(LAST_ACTS, {}).setdefault(act, []).append(item)


def alone(session: Session, what: str) -> None:
    """Until the unit ends, nobody else does `what`. On SQLite the IMMEDIATE transaction sees to that."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(zlib.crc32(what.encode()))))


def insert_unless_there(session: Session, entity: type[Row], **values: Any) -> Row | None:
    """A new row, or None when one of its unique keys is taken; also when somebody else takes it right now."""
    insert = INSERT[session.get_bind().dialect.name]
    return session.scalar(insert(entity).values(values).on_conflict_do_nothing().returning(entity))


def _refuse_flush(session: Session, *_: Any) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a safe request tried to write")


def _refuse_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        raise RuntimeError("a safe request tried to write")


def _engine(url: str, pool_size: int) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=pool_size, hide_parameters=True)
    given = {"timeout": 5, "check_same_thread": False}
    # Parameters are hidden from what an error says: they are people's words, and errors are logged.
    engine = create_engine(url, connect_args=given, pool_size=pool_size, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # Read-then-write under a plain BEGIN fails at once whatever the busy timeout: a writer says so first.
        write = connection.get_execution_options().get("caselib_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
