"""CPU per page of notices and objections with 5 000 entries, 500 of them announced, and 1 000 objections.

CPU is that of this process, a median over rounds; the statements stand beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from library import create_app, seeding
from library.accounts.identity import WORD
from library.accounts.models import Organisation, Person, PersonRole
from library.accounts.people import sign_in
from library.catalog.models import Case, Revision
from library.config import Config
from library.db import Database
from library.migrations import upgrade
from library.selection.entry_models import Entry
from library.selection.models import Call, Quota
from library.selection.notice_models import Evidence, Notice, NoticeEntry, Objection, Objector

ENTRIES, ANNOUNCED, OBJECTIONS, BODIES = 5000, 500, 1000, 40
ROUNDS, REQUESTS, BAR = 5, 10, 15.0
STATES = ("filed", "not_admitted", "admitted", "replied", "upheld", "dismissed")
CODE = "CALL-2026-0001"
PAGES = {
    "objections at the desk": "/desk/objections",
    "objections that ended, page 20": "/desk/objections?view=ended&page=20",
    "one objection": "/desk/objections/objection0",
    "notices at the desk": "/desk/notices",
    "all notices": "/notices",
    "one notice of 500": f"/notices/{CODE}-N1",
    "the form": f"/notices/{CODE}-N1/objection",
}
HEAVY = ("one notice of 500", "the form")  # a list of 500 lines is drawn; it has no bar


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Config.read({"CASELIB_DATA": str(Path(folder) / "data")})
        database, now = Database(config.database_url), dt.datetime.now(dt.UTC)
        config.data.mkdir(parents=True, exist_ok=True)
        upgrade(database)
        list(seeding.seed(database, config, demo=False, now=now, progress=lambda done, of: None))
        with database.unit() as session:
            word = filled(session, now)
        measure(config, database, word)


def filled(session: Session, now: dt.datetime) -> str:
    """Everything by hand; the word of an officer who is signed in."""
    officer = Person(email="li@desk.example", name="李", fs_uniquifier="li", create_datetime=now)
    officer.roles = [PersonRole(name="officer", given_at=now)]
    session.add(officer)
    call = Call(key="call", code=CODE, title_zh="2026年案例征集", announced_at=now, created_at=now)
    call.document, call.opens_at, call.closes_at = {"notice_days": 5}, now, now + dt.timedelta(days=1)
    call.state = "publicity"
    session.add(call)
    session.flush()
    names = [f"青河第{number}水务有限公司" for number in range(ENTRIES + BODIES)]
    named = [
        {"key": f"o{number}", "kind": "enterprise", "name_zh": name, "created_at": now}
        for number, name in enumerate(names)
    ]
    ids = list(session.scalars(insert(Organisation).returning(Organisation.id), named))
    bodies = ids[ENTRIES:]
    session.execute(
        insert(Quota), [{"call_id": call.id, "organisation_id": body, "places": 500} for body in bodies]
    )
    cases = [_case(number, ids[number], now) for number in range(ENTRIES)]
    session.execute(insert(Case), cases)
    found = {
        key: number for number, key in session.execute(select(Case.id, Case.key).where(Case.key.like("case%")))
    }
    document = {"title": {"zh": "城南老城区智能水表改造", "en": "Smart water meters"}}
    revision = {"number": 1, "document": document, "digest": "0" * 64, "at": now, "actor": "system"}
    session.execute(insert(Revision), [{"case_id": found[case["key"]], **revision} for case in cases])
    of = dict(iter(session.execute(select(Revision.case_id, Revision.id))))
    entries = [
        {
            **{"key": f"entry{number}", "code": f"{CODE}-{number}", "alias": f"R-{number}", "call_id": call.id},
            **{"case_id": found[f"case{number}"], "revision_id": of[found[f"case{number}"]]},
            **{"applicant_id": ids[number], "recommender_id": bodies[number % BODIES], "direction": "governance"},
            **{"state": "in_publicity" if number < ANNOUNCED else "not_selected", "signer": "李主任"},
            **{"attested_at": now, "recommended_by": "person:1", "entered_at": now, "entered_by": "person:1"},
            **{"fields": [], "masks": [], "withheld": [], "was_public": False},
        }
        for number in range(ENTRIES)
    ]
    session.execute(insert(Entry), entries)
    rows = list(session.scalars(select(Entry.id).order_by(Entry.id)))
    notice = _notice(call, now)
    session.add(notice)
    session.flush()
    session.execute(insert(NoticeEntry), [{"notice_id": notice.id, "entry_id": row} for row in rows[:ANNOUNCED]])
    for number in range(OBJECTIONS):
        session.add(_objection(number, notice, rows[number % ANNOUNCED], now))
    return sign_in(session, officer, browser="bench", second_factor=True, now=now)


def _case(number: int, owner: int, now: dt.datetime) -> dict[str, Any]:
    return {
        **{"key": f"case{number}", "code": f"MIOT-2026-{number:04d}", "origin": "submitted", "state": "draft"},
        **{"owner_id": owner, "title_zh": "城南老城区智能水表改造", "created_at": now},
    }


def _notice(call: Call, now: dt.datetime) -> Notice:
    items = [
        {
            "entry": f"{CODE}-{number}",
            "title": {"zh": "城南老城区智能水表改造", "en": "Smart water meters in the old town"},
            "applicant": {"zh": f"青河第{number}水务有限公司"},
            "recommender": {"zh": "示例省通信管理局"},
            "direction": "governance",
            "demonstration": False,
        }
        for number in range(ANNOUNCED)
    ]
    row = Notice(code=f"{CODE}-N1", call_id=call.id, days=5, begins_at=now, items=items, by="person:1")
    row.ends_at, row.sha256 = now + dt.timedelta(days=7), "0" * 64
    row.chain_seq, row.chain_hash = 1, "0" * 64
    return row


def _objection(number: int, notice: Notice, entry: int, now: dt.datetime) -> Objection:
    """One in each state by turns."""
    state, at = STATES[number % len(STATES)], now - dt.timedelta(hours=number)
    row = Objection(key=f"objection{number}", code=f"{notice.code}-{number}", notice_id=notice.id, entry_id=entry)
    row.state, row.ground, row.text, row.lang = state, "false_material", "数据不实。" * 100, "zh"
    row.filed_at, row.word = at, hashlib.sha256(str(number).encode()).hexdigest()
    row.objector = Objector(name="欧阳慕白", contact=f"{number}@objector.example")
    row.evidence = [Evidence(name="e.pdf", media_type="application/pdf", size=9, sha256="0" * 64)]
    if state != "filed":
        row.decision, row.decided_at, row.decided_by = "属于受理范围。", at, "person:1"
    if state == "not_admitted":
        row.refusal = "own_score"
    elif state != "filed":
        row.forwarded, row.asked, row.due = "数据不实。", "applicant", now
    if state in ("replied", "upheld", "dismissed"):
        row.reply, row.replied_at, row.replied_by = "属实。", at, "person:1"
    if state in ("upheld", "dismissed"):
        row.outcome, row.ended_at, row.ended_by = "经核实。", at, "person:1"
    return row


def measure(config: Config, database: Database, word: str) -> None:
    app = create_app(config, database)
    client, statements = app.test_client(), [0]
    with client.session_transaction() as cookie:
        cookie[WORD] = word
    event.listen(database.engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    print(f"{ENTRIES} entries, {OBJECTIONS} objections\n{'page':34}{'CPU ms':>9}{'bar ms':>8}{'statements':>12}")
    for name, path in PAGES.items():
        for _ in range(3):
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        statements[0], costs = 0, []
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(REQUESTS):
                client.get(path)
            costs.append((time.process_time() - began) / REQUESTS * 1000)
        asked, bar = statements[0] / ROUNDS / REQUESTS, "" if name in HEAVY else f"{BAR:.0f}"
        print(f"{name:34}{median(costs):9.2f}{bar:>8}{asked:12.1f}")


if __name__ == "__main__":
    main()
