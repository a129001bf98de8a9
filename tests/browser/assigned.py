"""A call whose experts are assigned in part: pool, tie, invitation, a plan applied and one to be looked at."""

from __future__ import annotations

import datetime as dt
import re

import entering
import handed_in
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts.letter_models import Letter
from library.accounts.models import Organisation
from library.catalog.models import Case
from library.config import Config
from library.db import Database
from library.policy import Actor
from library.selection import assign_flow, assignments, planning, pool, ties
from library.selection.expert_models import Assignment, Expert
from library.selection.models import Call

WORD = re.compile(r"/experts/invitations/(\S+)")
EXPERTS = (
    ("何文博", ("metering",)),
    ("林佳怡", ("metering", "water-supply")),
    ("徐志强", ("water-metering",)),
    ("高远", ("manufacturing", "logistics")),
    ("罗丹", ()),
)
ASK = {"reviewers": "3", "most_each": "2", "seed": "1"}


def made(database: Database, config: Config, owner: Actor, officer: Actor, expert: Actor) -> dict[str, str]:
    """Names of what the pages of the pool and of plans stand at."""
    now = dt.datetime.now(dt.UTC)
    with database.unit() as session:
        people = [
            entering.expert(session, name=name, sectors=sectors, demonstration=True) for name, sectors in EXPERTS
        ]
        if session.get(Expert, expert.person) is None:
            session.add(Expert(person_id=expert.person, sectors=["metering"], joined_at=now))
            session.flush()
        row = session.get_one(Expert, people[0].person)
        for given in ({"name": "青河大学", "since": "2019-09"}, {"name": "青河水务集团有限公司", "until": "2024"}):
            pool.add_stay(session, people[0], row, given=given, now=now)
        own = session.get_one(Organisation, owner.organisation)
        pool.add_stay(
            session, people[1], session.get_one(Expert, people[1].person), given={"name": own.name_zh}, now=now
        )
        other = handed_in.organisation(session, name_zh="示范智能表计有限公司（虚构）", demonstration=True)
        noted = {"one": own.name_zh, "other": other.name_zh, "kind": "group", "source": "2025年年度报告"}
        ties.add(session, officer, given=noted, now=now)
        asked = pool.invite(
            session,
            officer,
            given={"email": "new@experts.example", "sectors": ["metering"]},
            config=config,
            now=now,
        )
        letter = session.scalars(select(Letter).where(Letter.about == asked.subject)).one()
        word = WORD.search(letter.text or "")
        assert word is not None
        call, entries = judged(session, owner, officer)
        assign_flow.by_hand(
            session, officer, entries[0], given={"person": str(people[4].person), "reason": "专业对口。"}, now=now
        )
        places = {"judged": call.key, "judged_entry": entries[0].key, "expert_word": word[1]}
        places |= {"expert": str(people[0].person)}
        number, known = call.id, assignments.order(session, officer, call, given=ASK, now=now).id
    planning.plan(database, number=known, now=now)
    with database.unit() as session:
        row_ = session.get_one(Assignment, known)
        due = assign_flow.end_of_review(session, session.get_one(Call, number), now)
        assignments.apply(session, officer, row_, due=due, now=now)
    planning.apply(database, number=known, now=now)
    with database.unit() as session:
        call = session.get_one(Call, number)
        strict = assignments.order(
            session, officer, call, given={**ASK, "most_each": "3", "known": "true"}, now=now
        )
    planning.plan(database, number=strict.id, now=now)
    return places | {"applied": str(known), "planned": str(strict.id)}


def judged(session: Session, owner: Actor, officer: Actor) -> tuple[Call, list[entering.Entry]]:
    call = entering.call(session, officer, "scoring", demonstration=True, reviewers=3)
    by = entering.recommender(session, call, demonstration=True, name_zh="示范省工业和信息化厅（虚构）")[0]
    entries = []
    for title in (
        "青河流域智能水表与管网漏损监测",
        "老城区智能水表改造",
        "港区冷链集装箱定位",
        "山区水库远程抄表",
    ):
        case: Case = entering.case(session, owner, title={"zh": title, "en": "Meters"})
        entries.append(
            entering.entry(
                session, call, "in_review", owner=owner, case=case, by=by, masked_at=entering.LATER, masked_by="x"
            )
        )
    return call, entries
