"""Two at the same moment: each comes as far as it can before one of them may be the first to commit."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import select, text

from library.db import Database
from library.events import ChainHead

Result = TypeVar("Result")
PATIENCE = 10.0
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def at_once(database: Database, *acts: Callable[[], Result]) -> list[Result]:
    """What came of each. Nobody commits while the head of the chain is held, so that each has read what was there
    before the other. On SQLite a writer waits at its first statement: there one simply comes after the other."""
    with ThreadPoolExecutor(len(acts)) as threads:
        with database.writing() as session:
            session.execute(select(ChainHead).with_for_update())
            running = [threads.submit(act) for act in acts]
            if database.engine.dialect.name == "postgresql":
                _until_all_wait(database, running)
        return [each.result() for each in running]


def _until_all_wait(database: Database, running: list[Future[Result]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with database.engine.connect() as connection:
            waiting = connection.scalar(WAITING) or 0
        if waiting + sum(each.done() for each in running) >= len(running):
            return
        time.sleep(0.01)
    raise AssertionError("they do not wait for each other")
