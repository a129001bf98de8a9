"""CPU per page of a call's form check with 5 000 entries behind it, for an officer signed in.

The entries hold the texts of the real cases. CPU is that of this process, a median over rounds; the statements
stand beside it. The library's own queue with as many submissions is measured in desk.py.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import time
from statistics import median
from typing import Any

from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from bench import desk
from library import create_app, seeding
from library.accounts.identity import WORD
from library.accounts.models import Organisation
from library.catalog.draft_models import Submission
from library.catalog.models import Case, Revision
from library.config import Config
from library.db import Database
from library.migrations import upgrade
from library.policy import Actor
from library.selection import flow, operations
from library.selection.entry_models import Entry
from library.selection.models import Call, Quota
from library.workdays import ZONE

BODIES, BAR = 60, 15.0
STATES = ("recommended", "recommended", "recommended", "check_passed", "entered", "needs_correction")
CODE = "CALL-2026-0001"
PICKED = "&".join(f"pick={CODE}-{number:05d}" for number in range(1, 201))
PAGES = {
    "queue": "",
    "queue by organisation, page 50": "?sort=organisation&page=50",
    "queue searched": "?q=水表 华信",
    "queue of a recommender": "?by=org4001&sort=title",
    "queue overdue": "?view=overdue&sort=number",
    "queue, 200 selected": f"?{PICKED}",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        config = Config.read({"CASELIB_DATA": name, "CASELIB_ENV": "test"})
        database = Database(config.database_url)
        upgrade(database)
        now = dt.datetime.now(dt.UTC)
        for _ in seeding.seed(database, config, demo=False, now=now, progress=lambda done, of: None):
            pass
        word = desk.fill(database, now)
        with database.unit() as session:
            call = fill(session, config, now)
        measure(config, database, word, f"/desk/calls/{call.key}/entries", f"/desk/entries/{call.code}-00001")
        database.engine.dispose()


def fill(session: Session, config: Config, now: dt.datetime) -> Call:
    """A call in its form check, sixty recommending bodies, and an entry of each of the 5 000 cases."""
    officer = Actor("person:1", roles=frozenset({"officer"}), person=1)
    call = operations.create(session, officer, now=now)
    content = json.loads((config.seeds / "demo/calls/call.json").read_text(encoding="utf-8"))
    for name, days in (("opens_at", 1), ("closes_at", 30)):
        content[name] = f"{(now + dt.timedelta(days)).astimezone(ZONE):%Y-%m-%d %H:%M}"
    operations.save(session, officer, call, content=content, version=1, now=now)
    flow.decide(session, officer, call, "call.announce", given={"reason": "Bench."}, now=now)
    moved: dict[str, Any] = {"state": "formal_check", "code": CODE}
    session.execute(update(Call).where(Call.id == call.id).values(**moved))
    bodies = list(session.scalars(select(Organisation.id).where(Organisation.key.like("org4%")).limit(BODIES)))
    session.add_all(Quota(call_id=call.id, organisation_id=each, places=1000, used=100) for each in bodies)
    session.flush()
    rows = session.execute(select(Case.id, Case.owner_id, Submission.document).join(Submission.case)).all()
    revisions = [
        {
            "case_id": number,
            "number": 1,
            "document": text,
            "digest": "0" * 64,
            "at": now,
            "actor": "x",
        }
        for number, _, text in rows
    ]
    session.execute(insert(Revision), revisions)
    whole = {"state": "admitted", "revision": 1, "admitted_at": now}
    session.execute(update(Case).where(Case.id.in_([row[0] for row in rows])).values(**whole))
    ids = dict(iter(session.execute(select(Revision.case_id, Revision.id))))
    entries = []
    for place, (number, owner, _) in enumerate(rows, 1):
        state = STATES[place % len(STATES)]
        signed = state != "entered"
        entries.append(
            {
                **{"key": f"entry{place}", "code": f"{CODE}-{place:05d}", "alias": f"R-{place}", "fields": []},
                **{"call_id": call.id, "case_id": number, "revision_id": ids[number], "applicant_id": owner},
                **{"recommender_id": bodies[place % BODIES], "direction": "governance", "state": state},
                **{"entered_at": now, "entered_by": "x", "masks": [], "withheld": [], "was_public": False},
                **{"signer": "李主任" if signed else None, "recommended_by": "x" if signed else None},
                "attested_at": now - dt.timedelta(hours=place % 900) if signed else None,
                "due": now if state == "needs_correction" else None,
                "checker_id": None,
            }
        )
    session.execute(insert(Entry), entries)
    session.refresh(call)
    return call


def measure(config: Config, database: Database, word: str, queue: str, entry: str) -> None:
    app = create_app(config, database)
    client, statements = app.test_client(), [0]
    with client.session_transaction() as cookie:
        cookie[WORD] = word
    event.listen(database.engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    print(f"{desk.ROWS} entries\n{'page':34}{'CPU ms':>9}{'bar ms':>8}{'statements':>12}")
    for name, path in {**{name: queue + more for name, more in PAGES.items()}, "one entry": entry}.items():
        for _ in range(3):
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        statements[0], costs = 0, []
        for _ in range(desk.ROUNDS):
            began = time.process_time()
            for _ in range(desk.REQUESTS):
                client.get(path)
            costs.append((time.process_time() - began) / desk.REQUESTS * 1000)
        asked = statements[0] / desk.ROUNDS / desk.REQUESTS
        print(f"{name:34}{median(costs):9.2f}{BAR:8.0f}{asked:12.1f}")


if __name__ == "__main__":
    main()
