"""Sessions, units of work and column types, on both databases."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import make
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from library.accounts.models import Organisation
from library.catalog.models import Case, NumberSeries
from library.db import Base, Database, alone, canonical, last_act, unit

SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def test_the_migrations_make_the_tables_that_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def organisations(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Organisation)) or 0


def test_canonical_spells_a_value_one_way() -> None:
    assert (
        canonical({"b": [1, None], "a": "水"})
        == canonical({"a": "水", "b": [1, None]})
        == '{"a":"水","b":[1,null]}'
    )


@pytest.mark.parametrize(
    "given",
    [
        dt.datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 22, 0, 30, tzinfo=SHANGHAI),
        dt.datetime(1999, 12, 31, 23, 59, 59, tzinfo=dt.timezone(-dt.timedelta(hours=11))),
    ],
)
def test_a_time_comes_back_in_utc(database: Database, given: dt.datetime) -> None:
    with database.unit() as session:
        made = make.organisation(session, created_at=given)
    with database.reading() as session:
        read = session.get_one(Organisation, made.id).created_at
    assert (read, read.tzinfo) == (given, dt.UTC)


def test_times_of_several_zones_are_compared_as_times(database: Database) -> None:
    early = dt.datetime(2026, 1, 2, 1, 0, tzinfo=SHANGHAI)  # 1 January, 17:00 UTC
    late = dt.datetime(2026, 1, 1, 18, 0, tzinfo=dt.UTC)
    with database.unit() as session:
        make.organisation(session, created_at=late, name_en="late")
        make.organisation(session, created_at=early, name_en="early")
    with database.reading() as session:
        names = list(session.scalars(select(Organisation.name_en).order_by(Organisation.created_at)))
        before = session.scalar(select(Organisation.name_en).where(Organisation.created_at < late))
    assert (names, before) == (["early", "late"], "early")


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="a time without a zone"):
        make.organisation(session, created_at=dt.datetime(2026, 11, 22))  # noqa: DTZ001  (the point of the test)


@pytest.mark.parametrize("how", ["add", "change", "delete"])
def test_a_reading_session_refuses_to_flush(database: Database, how: str) -> None:
    with database.unit() as session:
        key = make.organisation(session).id
    with database.reading() as session:
        kept = session.get_one(Organisation, key)
        if how == "add":
            session.add(Organisation(key="new", name_zh="新", kind="other", created_at=make.NOW))
        elif how == "change":
            kept.name_zh = "改"
        else:
            session.delete(kept)
        with pytest.raises(RuntimeError, match="a safe request tried to write"):
            session.flush()
    with database.reading() as session:
        assert list(session.scalars(select(Organisation.name_zh))) == ["示例企业"]


@pytest.mark.parametrize(
    "statement",
    [
        insert(NumberSeries).values(name="x", last=1),
        update(Organisation).values(name_zh="改"),
        delete(Organisation),
    ],
)
def test_a_reading_session_refuses_writing_statements(database: Database, statement: object) -> None:
    with (
        database.reading() as session,
        pytest.raises(RuntimeError, match="a safe request tried to write"),
        unit(session),
    ):
        session.execute(statement)  # type: ignore[call-overload]


def test_a_reading_session_reads_what_was_written(database: Database) -> None:
    with database.unit() as session:
        make.organisation(session)
    assert organisations(database) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_unit_that_fails_leaves_nothing(database: Database, error: type[BaseException]) -> None:
    def fail() -> None:
        with database.unit() as session:
            make.organisation(session)
            raise error

    with pytest.raises(error):
        fail()
    assert organisations(database) == 0


def test_a_unit_whose_flush_fails_leaves_nothing_and_the_session_goes_on(database: Database) -> None:
    def twice(session: Session) -> None:
        with unit(session):
            make.organisation(session, key="same")
            session.add(Organisation(key="same", name_zh="同", kind="other", created_at=make.NOW))

    with database.writing() as session:
        with pytest.raises(IntegrityError):
            twice(session)
        with unit(session):
            make.organisation(session, key="other")
    assert organisations(database) == 1


def test_an_error_in_a_savepoint_undoes_the_savepoint_only(database: Database) -> None:
    def refused(session: Session) -> None:
        with session.begin_nested():
            make.organisation(session, kind="no such kind")

    with database.unit() as session:
        make.organisation(session, key="first")
        with pytest.raises(IntegrityError):
            refused(session)
        make.organisation(session, key="second")
    with database.reading() as session:
        assert sorted(session.scalars(select(Organisation.key))) == ["first", "second"]


def test_last_acts_run_once_with_all_their_items_inside_the_unit(database: Database) -> None:
    seen: list[object] = []

    def act(session: Session, items: list[str]) -> None:
        seen.append(items)
        make.organisation(session, key="-".join(items))

    with database.writing() as session:
        with unit(session):
            last_act(session, act, "a")
            last_act(session, act, "b")
            assert seen == []
        with unit(session):
            pass
    assert seen == [["a", "b"]]
    with database.reading() as session:
        assert session.scalar(select(Organisation.key)) == "a-b"


def test_a_failing_last_act_undoes_the_unit_and_is_forgotten(database: Database) -> None:
    def fail(session: Session, items: list[None]) -> None:
        raise ValueError

    def refused(session: Session) -> None:
        with unit(session):
            make.organisation(session)
            last_act(session, fail, None)

    with database.writing() as session:
        with pytest.raises(ValueError):  # noqa: PT011  (it is our own and has no words)
            refused(session)
        with unit(session):
            pass
    assert organisations(database) == 0


def test_read_then_write_by_eight_threads_loses_nothing(database: Database) -> None:
    """The plain way to lose: read a number, add one, write it back."""
    with database.unit() as session:
        session.add(NumberSeries(name="all", last=0))
    start = Barrier(8)

    def work(_: int) -> None:
        start.wait()
        for _ in range(50):
            with database.unit() as session:
                row = session.get_one(NumberSeries, "all", with_for_update=True)
                row.last += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with database.reading() as session:
        assert session.get_one(NumberSeries, "all").last == 400


def test_alone_makes_the_second_wait_for_the_first(database: Database) -> None:
    """Without it both would find nothing there and both would add."""
    seen: Counter[int] = Counter()
    inside = Event()

    def first() -> None:
        with database.unit() as session:
            alone(session, "count")
            inside.set()
            inside_again.wait(0.3)  # the second cannot get there: this runs out
            make.organisation(session)

    inside_again = Event()

    def second() -> None:
        assert inside.wait(10)
        with database.unit() as session:
            alone(session, "count")
            inside_again.set()
            seen[session.scalar(select(func.count()).select_from(Organisation)) or 0] += 1

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(first), threads.submit(second)]:
            done.result()
    assert seen == {1: 1}


def test_foreign_keys_hold(session: Session) -> None:
    session.add(Case(key="k", origin="submitted", owner_id=99, created_at=make.NOW))
    with pytest.raises(IntegrityError):
        session.flush()
