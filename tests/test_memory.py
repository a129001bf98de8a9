"""What is kept for every visitor alike: one query to know that it still holds, and never a stale answer."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from library import events
from library.db import Database
from library.memory import Memory
from library.policy import SYSTEM


@pytest.fixture
def make() -> Callable[[Session], int]:
    """Says how often it was asked."""
    calls = itertools.count(1)
    return lambda session: next(calls)


def happen(database: Database, now: dt.datetime) -> None:
    with database.unit() as session:
        events.record(session, SYSTEM, "report.answer", "report:1", now=now)


def recall(memory: Memory, database: Database, make: Callable[[Session], int]) -> int:
    with database.reading() as session:
        return memory.recall(session, "tally", make)


def test_it_is_made_once_until_something_happens(
    database: Database, make: Callable[[Session], int], now: dt.datetime
) -> None:
    memory = Memory()
    assert [recall(memory, database, make) for _ in range(3)] == [1, 1, 1]
    happen(database, now)
    assert [recall(memory, database, make) for _ in range(2)] == [2, 2]


def test_names_are_kept_apart_at_one_query_a_session(
    database: Database, make: Callable[[Session], int], now: dt.datetime, statements: list[str]
) -> None:
    happen(database, now)
    memory = Memory()
    with database.reading() as session:
        statements.clear()
        assert [memory.recall(session, name, make) for name in ("one", "other", "one")] == [1, 2, 1]
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_a_restored_database_at_the_same_number_has_another_content(
    sqlite: Database, make: Callable[[Session], int], now: dt.datetime, tmp_path: Path
) -> None:
    sqlite.engine.dispose()
    shutil.copyfile(str(sqlite.engine.url.database), tmp_path / "backup.db")
    restored, memory = Database(f"sqlite:///{tmp_path}/backup.db"), Memory()
    happen(sqlite, now)
    happen(restored, now)
    assert [recall(memory, database, make) for database in (sqlite, restored)] == [1, 2]
    restored.engine.dispose()
