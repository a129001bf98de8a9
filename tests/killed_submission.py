"""Hand a case in and die at the n-th statement, for every n. A program of its own: it forks, so it has no threads.

Prints, for every death and for the one that lived, what is left: the state, and how many submissions, numbers,
receipts and events there are.
"""

from __future__ import annotations

import json
import os
import sys
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


def rehearse(database: Database, actor: Actor, case: int) -> None:
    """Once without an end, so that not every child learns the statements anew."""
    with database.writing() as session:
        handed_in.move(session, actor, session.get_one(Case, case), "case.submit")
    database.engine.dispose()


def main(url: str, case: int, person: int, organisation: int) -> None:
    actor = Actor(f"person:{person}", organisation, person=person, membership="editor")
    database, found, status = Database(url), list[list[Any]](), DIED
    rehearse(database, actor, case)
    while status == DIED:
        pid = os.fork()
        if not pid:
            submit(database, actor, case, len(found) + 1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        found.append(left(database, case))
    assert status == 0, status
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
