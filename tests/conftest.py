"""Fixtures of every room. A test that takes `database` or `session` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection, event, insert
from sqlalchemy.orm import Session

sys.path.append(str(Path(__file__).parent))  # for `import make` and `import postgres`; after search/, never before

import compiling
import make
import postgres

from library.db import Base, Database
from library.events import START, ChainHead
from library.migrations import upgrade

# A deadline per example measures the machine, not the code.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
compiling.install()


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end. The garbage collector need not look through it again and again:
    that was a quarter of all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000)


@pytest.fixture
def now() -> dt.datetime:
    """The present of the tests."""
    return make.NOW


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty, migrated database, once on each of the two engines."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session in a unit of its own, undone at the end unless the test commits by `unit()`."""
    with database.writing() as session:
        yield session


@pytest.fixture
def statements(database: Database) -> list[str]:
    """Every SQL statement that `database` is asked from here on; a test clears the list where its count starts."""
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    return asked


@pytest.fixture
def sqlite(sqlite_file: Path, tmp_path: Path) -> Iterator[Database]:
    copy = tmp_path / "library.db"
    shutil.copyfile(sqlite_file, copy)
    database = Database(f"sqlite:///{copy}")
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.engine.dispose()  # the last connection writes the WAL back into the file
    return file


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        _empty(connection)
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database of this worker's own on the server that the workers share."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    base = tmp_path_factory.getbasetemp()
    with postgres.server(base.parent if worker else base) as folder:
        url = f"postgresql+psycopg://{postgres.USER}@/%s?host={folder}"
        name = worker or "main"
        admin = Database(url % "postgres")
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        admin.engine.dispose()
        database = Database(url % name)
        upgrade(database)
        database.engine.dispose()
        yield url % name


def _empty(connection: Connection) -> None:
    """Every table as the migrations left it; whoever a former test left connected is sent away first.

    DELETE because TRUNCATE makes new files: 0.9 ms against 22 ms for all tables. In one go because each journey to
    the server and back takes longer than what it does there.
    """
    connection.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    deletes = (f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables))
    connection.exec_driver_sql("; ".join(deletes))
    connection.exec_driver_sql("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
    connection.execute(insert(ChainHead), {"id": 1, "seq": 0, "hash": START})
