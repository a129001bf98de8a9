"""Invented calls with a past, made by the real operations at past times: one is published, one waits for an
approver, one is with its experts, and one is open. So every demonstration account finds something to do.

A unit a stage, as the worker makes them. The published call comes last: while it is missing, all is tried again.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .accounts.models import Organisation, Person
from .catalog.models import Case
from .config import Config
from .db import Database
from .demonstration import FIGURES, address, write_call
from .demonstration_cast import Story, gather
from .policy import SYSTEM, Actor
from .selection import (
    assign_flow,
    decision_flow,
    entries,
    entry_flow,
    list_queries,
    lists,
    masks,
    notice_steps,
    places,
    planning,
    publication,
    release,
    review_flow,
    run_queries,
    runs,
)
from .selection import flow as calls
from .selection.benchmark_models import Result
from .selection.entry_models import Entry
from .selection.expert_models import Review
from .selection.models import Call
from .selection.notice_models import Notice
from .workflow import step

WHY = {"reason": "示范流程，纯属虚构。"}
RECOMMENDED = {
    "true": "true",
    "attestation": "材料经核对属实（示范，内容纯属虚构）。",
    "signer": "虚构签署人",
    "post": "信息通信发展处",
}
# The scores that the experts give, by the case; each expert is a little milder or stricter.
SCORES = {"case-01": 91, "case-02": 84, "case-03": 76, "case-06": 88, "case-07": 81, "case-08": 72}
# What each call shows, as the two languages name it.
ENGLISH = {"评审示范": "with its experts", "审定示范": "before its approvers", "已完成示范": "published"}


def make(database: Database, config: Config, *, now: dt.datetime) -> bool:
    """The calls, unless they are there, or nobody is there to make them. False then."""
    with database.reading() as session:
        told = select(Result.call_id).join(Call, Call.id == Result.call_id).where(Call.demonstration).limit(1)
        here = set(session.scalars(select(Person.email).where(Person.demonstration, Person.erased_at.is_(None))))
        if session.scalar(told) is not None or not {address(figure) for figure in FIGURES} <= here:
            return False
    story = gather(database, config, now=now)
    _open(story)
    _with_experts(story, closed=12)
    _ranked(story, _scored(story, "审定示范", ("case-06", "case-07", "case-08"), closed=45), closed=45)
    _published(story)
    return True


def _open(story: Story) -> None:
    """In the open call one entry waits for its recommender, another for the check."""
    with story.database.unit() as session:
        rows = (
            select(Call).where(Call.demonstration, Call.state.in_(("announced", "open"))).order_by(Call.id.desc())
        )
        call = session.scalars(rows.limit(1)).first()
        if call is None or session.scalar(select(Entry.id).where(Entry.call_id == call.id).limit(1)):
            return
        if call.state == "announced":
            step(calls.FLOW, session, SYSTEM, call, "call.open", now=story.now)
        _enter(session, story, call, "case-09", "authority", story.now)
        entry = _enter(session, story, call, "case-10", "authority", story.now)
        _decide(session, story.owners["authority"], entry, "entry.recommend", RECOMMENDED, story.now)


def _with_experts(story: Story, *, closed: float) -> None:
    """A call whose sheets are given out and not written."""
    _reviewing(story, "评审示范", ("case-03", "case-04", "case-05"), closed=closed)


def _reviewing(
    story: Story, title: str, codes: Sequence[str], *, closed: float, failed: str = "", withdrawn: str = ""
) -> int:
    """A call from its announcement to its experts; the number of the call."""
    at = story.ago
    with story.database.unit() as session:
        content = {
            **story.content,
            "title": {
                "zh": f"移动物联网案例征集（{title}）",
                "en": f"Demonstration call: {ENGLISH[title]}",
            },
            "selected": 2,
        }
        window = (at(closed + 20), at(closed))
        call = write_call(session, story.officer, content, window, at(closed + 21))
        for key in ("authority", "city"):
            organisation = session.get_one(Organisation, story.owners[key].organisation)
            given = {"recommender": organisation.credit_code, "places": 5}
            places.set_quota(session, story.officer, call, given=given, now=at(closed + 21))
        step(calls.FLOW, session, SYSTEM, call, "call.open", now=at(closed + 20))
        there = [_enter(session, story, call, code, ("authority", "city")[n % 2], at(closed + 9 - n / 9))
                 for n, code in enumerate(codes)]  # fmt: skip
        for entry in there:
            by = next(each for each in story.owners.values() if each.organisation == entry.recommender_id)
            _decide(session, by, entry, "entry.recommend", RECOMMENDED, at(closed + 4))
            if entry.case_id == story.cases.get(withdrawn):
                owner = next(each for each in story.owners.values() if each.organisation == entry.applicant_id)
                _decide(session, owner, entry, "entry.withdraw", WHY, at(closed + 2))
        step(calls.FLOW, session, SYSTEM, call, "call.close", now=at(closed - 0.1))
        calls.decide(session, story.officer, call, "call.check", given=WHY, now=at(closed - 1))
        for entry in there:
            if entry.state == "recommended":
                verb = "entry.fail" if entry.case_id == story.cases.get(failed) else "entry.pass"
                _decide(session, story.officer, entry, verb, WHY, at(closed - 2))
            session.flush()
            if entry.state == "check_passed":
                given = {"masks": "\n".join(entry.masks)}
                masks.confirm(session, story.officer, entry, given=given, looked=(), now=at(closed - 2.5))
        calls.decide(session, story.officer, call, "call.score", given=WHY, now=at(closed - 3))
        number = call.id
    planning.hand_over(story.database, call=number, now=at(closed - 3))
    with story.database.unit() as session:
        for place, entry in enumerate(_entries(session, number, "in_review")):
            for expert in _three(story, place):
                chosen = {"person": expert.person, **WHY}
                assign_flow.by_hand(session, story.officer, entry, given=chosen, now=at(closed - 3.1))
    return number


def _three(story: Story, place: int) -> list[Actor]:
    """Of the four, all but one, each time another; who signs in as an expert always has something."""
    away = 1 + place % (len(story.experts) - 1)
    return [each for number, each in enumerate(story.experts) if number != away]


def _scored(story: Story, title: str, codes: Sequence[str], *, closed: float, **also: str) -> int:
    """And on until every sheet is final."""
    number, at = _reviewing(story, title, codes, closed=closed, **also), story.ago
    scores = {story.cases[name]: score for name, score in SCORES.items()}
    with story.database.unit() as session:
        call = session.get_one(Call, number)
        for place, expert in enumerate(story.experts):
            rows = select(Review).where(Review.call_id == number, Review.person_id == expert.person)
            for review in session.scalars(rows.order_by(Review.id)).all():
                review_flow.act(session, expert, review, "review.clear", given={}, now=at(closed - 5))
                typed = _typed(call.document, scores[review.entry.case_id] + 2 * place - 3)
                review_flow.finish(
                    session, expert, review, typed=typed, version=review.version, now=at(closed - 8)
                )
        calls.decide(session, story.officer, call, "call.rank", given=WHY, now=at(closed - 12))
    return number


def _ranked(story: Story, number: int, *, closed: float) -> None:
    """And on until the list is with its approvers, of whom one has agreed; who signs in is the other."""
    when = story.ago(closed - 13)
    with story.database.unit() as session:
        run = runs.order(session, story.officer, session.get_one(Call, number), now=when)
    runs.make(story.database, {"call": number, "number": run, "by": story.officer.id}, now=when)
    with story.database.unit() as session:
        call = session.get_one(Call, number)
        row = lists.begin(
            session, story.officer, call, run_queries.run(session, story.officer, call, run), now=when
        )
        version = {"version": row.version}
        decision_flow.submit(session, story.officer, row, given=version, now=story.ago(closed - 14))
        decision_flow.approve(session, story.approvers[1], row, given=version, now=story.ago(closed - 15))


def _published(story: Story) -> None:
    """The whole way: approved, on public notice, published and carried out."""
    codes, closed, at = ("case-01", "case-02", "case-03", "case-04", "case-05"), 90, story.ago
    left = {"failed": "case-04", "withdrawn": "case-05"}
    number = _scored(story, "已完成示范", codes, closed=closed, **left)
    _ranked(story, number, closed=closed)
    with story.database.unit() as session:
        row = list_queries.one_of_call(session, story.officer, session.get_one(Call, number))
        given = {"version": row.version}
        decision_flow.approve(session, story.approvers[0], row, given=given, now=at(closed - 16))
        decision_flow.release(session, story.officer, row, given={}, now=at(closed - 17))
        chosen = row.id
    release.go(story.database, number=chosen, now=at(closed - 17))
    with story.database.unit() as session:
        call = session.get_one(Call, number)
        calls.decide(session, story.officer, call, "call.notice", given=WHY, now=at(closed - 18))
        notice = session.scalars(select(Notice.id).where(Notice.call_id == number)).one()
        notice_steps.announce_some(session, notice, now=at(closed - 18))
    with story.database.unit() as session:
        call = session.get_one(Call, number)
        calls.decide(session, story.officer, call, "call.publish", given=WHY, now=at(closed - 40))
    publication.carry_out(story.database, call=number, now=at(closed - 40))


def _enter(session: Session, story: Story, call: Call, code: str, by: str, at: dt.datetime) -> Entry:
    case = session.get_one(Case, story.cases[code])
    owner = next(each for each in story.owners.values() if each.organisation == case.owner_id)
    own, body = (session.get_one(Organisation, each) for each in (case.owner_id, story.owners[by].organisation))
    given = {"case": case.code, "recommender": body.key, "masks": [own.name_zh]}
    return entries.enter(session, owner, call, given=given, now=at, rng=random.SystemRandom())


def _decide(
    session: Session, actor: Actor, entry: Entry, verb: str, given: Mapping[str, Any], at: dt.datetime
) -> None:
    entry_flow.decide(session, actor, entry, verb, given=given, now=at)


def _entries(session: Session, call: int, state: str) -> list[Entry]:
    rows = select(Entry).where(Entry.call_id == call, Entry.state == state)
    return list(session.scalars(rows.order_by(Entry.id)))


def _typed(document: Mapping[str, Any], score: int) -> dict[str, str]:
    """A whole sheet; each criterion a little apart."""
    found = {"remarks": "数据前后可比，可供同类项目借鉴（示范）。", "confidence": "medium", "recognised": "no"}
    for place, criterion in enumerate(document["rubric"]):
        found[f"score.{criterion['code']}"] = str(min(94, score + place))
        found[f"reason.{criterion['code']}"] = "依据材料所列数据。"
    return found | {f"side.{side['code']}": "需要持续投入运维力量。" for side in document["sides"]}
