"""Rankings to be seen: with a list and its exceptions, with its approvals, and of groups that nobody links."""

from __future__ import annotations

import make
import ranked
from ranked import NOW, Ranked
from sqlalchemy.orm import Session

from library.db import Database
from library.policy import Actor
from library.selection import decision_flow, lists
from library.selection.models import Call

LETTERS = "ABCDEFGHJKLMNP"
APART = {"E1": {"A": 80, "B": 70}, "E2": {"A": 82, "B": 75}, "E3": {"C": 90, "D": 60}}
WHY = "所在区域此前没有入选项目，且名次范围与前一名重叠。"


def scores() -> dict[str, dict[str, int]]:
    """Seven experts, three of them harsh, who have each seen six of fourteen cases."""
    severity = (6, 4, 2, 0, -1, -3, -5)
    return {
        f"E{expert}": {
            LETTERS[place]: 88 - place - harsh + (expert * 5 + place * 7) % 6
            for place in ((expert * 2 + step) % 14 for step in range(6))
        }
        for expert, harsh in enumerate(severity)
    }


def made(database: Database, officer: Actor) -> dict[str, str]:
    """The keys of their calls: `ranked`, `decided` and `apart`."""
    found = {}
    for name, given, places in (("ranked", scores(), 8), ("decided", ranked.KNOWN, 2), ("apart", APART, 2)):
        with database.unit() as session:
            call = ranked.call(session, given, officer=officer, places=places, letters=False)
        found[name] = call.key
        if name == "apart":
            ranked.run(database, call)
            continue
        ranked.begun(database, call)
        with database.unit() as session:
            against(session, call, places, reason=WHY if name == "decided" else "")
        if name == "decided":
            with database.unit() as session:
                spoken(session, call)
    return found


def against(session: Session, call: Ranked, places: int, *, reason: str) -> None:
    """The first behind the cut for the last before it; with a reason for one of them, or for both."""
    row = call.list(session)
    last, first = row.choices[places - 1], row.choices[places]
    wanted = {last.entry_id: (False, WHY), first.entry_id: (True, reason)}
    lists.edit(session, call.officer, row, wanted=wanted, version=row.version, now=NOW)


def spoken(session: Session, call: Ranked) -> None:
    """Approved, sent back, given to approval again, approved by one."""
    row = call.list(session)
    people = [make.officer(session, "approver", name=name) for name in ("陈处长", "周司长")]
    decision_flow.submit(session, call.officer, row, given={"version": row.version}, now=NOW)
    decision_flow.approve(session, people[0], row, given={"version": row.version}, now=NOW)
    decision_flow.send_back(
        session, people[1], row, given={"version": row.version, "reason": "请补充理由。"}, now=NOW
    )
    decision_flow.submit(session, call.officer, row, given={"version": row.version}, now=NOW)
    decision_flow.approve(session, people[1], row, given={"version": row.version}, now=NOW)
    assert session.get_one(Call, call.call).state == "approval"
