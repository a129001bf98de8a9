"""Hand a case in and die at chosen statements. A program of its own: it forks, so it has no threads.

Prints, for every death and for the one that lived, what is left: the state, and how many submissions, numbers,
receipts and events there are.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

import handed_in
from sqlalchemy import event, func, select

from library.catalog.draft_models import DraftEdit, Submission
from library.catalog.models import Case, NumberSeries
from library.db import Database
from library.deliveries import Delivery
from library.events import Event
from library.policy import Actor

DIED = 9


def submit(database: Database, actor: Actor, case: int, at: int) -> None:
    """Die before the statement of this number; COMMIT counts as one."""
    asked = [0]

    def count(*_: Any) -> None:
        asked[0] += 1
        if asked[0] == at:
            os._exit(DIED)

    event.listen(database.engine, "before_cursor_execute", count)
    event.listen(database.engine, "commit", count)
    with database.unit() as session:
        handed_in.move(session, actor, session.get_one(Case, case), "case.submit")
    os._exit(0)


def left(database: Database, case: int) -> list[Any]:
    """What there is; no connection stays open, or the next fork would share it."""
    with database.reading() as session:
        row = session.get_one(Case, case)
        tables = (Submission, NumberSeries, Delivery)
        counted = [session.scalar(select(func.count()).select_from(table)) for table in tables]
        ended = session.scalar(select(func.count()).where(DraftEdit.ended == "submit"))
        handed = session.scalar(select(func.count()).where(Event.verb == "case.submit"))
        found = [row.state, row.code, row.title_zh is not None, *counted, bool(ended), handed]
    database.engine.dispose()
    return found


class Rehearsed(Exception):
    """Everything was done but COMMIT."""


def rehearse(database: Database, actor: Actor, case: int) -> int:
    """How many statements it takes before COMMIT; and not every child learns them anew."""
    asked: list[str] = []

    def count(*given: Any) -> None:
        asked.append(given[2])

    def stop(_: Any) -> None:
        raise Rehearsed

    listeners = (("before_cursor_execute", count), ("commit", stop))
    for name, listener in listeners:
        event.listen(database.engine, name, listener)
    with suppress(Rehearsed), database.unit() as session:
        handed_in.move(session, actor, session.get_one(Case, case), "case.submit")
    for name, listener in listeners:
        event.remove(database.engine, name, listener)
    database.engine.dispose()
    return len(asked)


def main(url: str, case: int, person: int, organisation: int) -> None:
    actor = Actor(f"person:{person}", organisation, person=person, membership="editor")
    database, found = Database(url), list[list[Any]]()
    last = rehearse(database, actor, case)
    # Here and there, before the last statement, before COMMIT, and never.
    for at in [*range(1, last, 7), last, last + 1, 0]:
        pid = os.fork()
        if not pid:
            submit(database, actor, case, at)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status == (DIED if at else 0), (at, status)
        found.append(left(database, case))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
