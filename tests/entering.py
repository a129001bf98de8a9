"""Entries, experts and reviews in any state, put there by hand: each chapter's own tests walk the way there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import calling
import handed_in
import make
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.accounts.models import Organisation, Person
from library.catalog.models import Case, Revision
from library.catalog.numbers import random_key
from library.policy import SYSTEM, VISITOR, Actor
from library.selection.entry_models import Entry, EntryCheck
from library.selection.expert_models import Expert, Review
from library.selection.models import Call, Quota

SIGNER = "李主任，信息通信发展处"
# Between the closing of the call and its end nothing of the window matters any more.
LATER = calling.CLOSING + dt.timedelta(days=3)
SCORES = {"effect": {"score": 80, "reason": ""}, "novelty": {"score": 70, "reason": ""}}


def put(session: Session, thing: Any, state: str) -> Any:
    """Into a state by hand."""
    session.flush()
    session.execute(update(type(thing)).where(type(thing).id == thing.id).values(state=state))
    session.refresh(thing)
    return thing


def call(session: Session, officer: Actor, state: str = "formal_check", **over: Any) -> Call:
    """A call whose window has ended, in one of the later states."""
    return put(session, calling.closed(session, officer, **over), state)


def case(session: Session, owner: Actor, **over: Any) -> Case:
    """An admitted case of the owner's organisation, which must be verified."""
    found = handed_in.draft(session, owner, **over)
    handed_in.move(session, owner, found, "case.submit")
    handed_in.move(session, make.officer(session), found, "case.admit", given={})
    return found


def applicant(session: Session, **over: Any) -> tuple[Organisation, Actor]:
    """A verified enterprise and its owner."""
    found = handed_in.organisation(session, **over)
    return found, make.member(session, found, "owner")


def recommender(session: Session, call: Call, places: int = 10, **over: Any) -> tuple[Organisation, Actor]:
    """An authority with places in the call, and its owner."""
    found = handed_in.organisation(session, **{"kind": "authority", "name_zh": "示例省通信管理局", **over})
    session.add(Quota(call_id=call.id, organisation_id=found.id, places=places))
    session.flush()
    return found, make.member(session, found, "owner")


def entry(
    session: Session,
    call: Call,
    state: str = "check_passed",
    *,
    owner: Actor | None = None,
    case: Case | None = None,
    by: Organisation | None = None,
    **over: Any,
) -> Entry:
    """An entry of `owner`'s case, recommended by `by`; what is not given is made."""
    owner = owner or applicant(session)[1]
    case = case or globals()["case"](session, owner)
    by = by or recommender(session, call)[0]
    revision = session.scalars(
        select(Revision).where(Revision.case_id == case.id, Revision.number == case.revision)
    ).one()
    row = Entry(
        key=random_key(),
        code=f"{call.code}-{random_key()[:6]}",
        alias=f"R-{random_key()[:4].upper()}",
        call_id=call.id,
        case_id=case.id,
        revision_id=revision.id,
        applicant_id=owner.organisation,
        recommender_id=by.id,
        direction="governance",
        state=state,
        entered_at=calling.OPENING,
        entered_by=owner.id,
    )
    if state not in ("entered", "not_recommended"):
        row.signer, row.attested_at, row.recommended_by = SIGNER, calling.OPENING, "person:0"
    if state == "needs_correction":
        row.due, row.fields = LATER + dt.timedelta(days=7), ["title"]
    for name, value in over.items():
        setattr(row, name, value)
    session.add(row)
    if row.signer:
        quota = session.get_one(Quota, (call.id, by.id))
        quota.used += 1
    session.flush()
    return row


def expert(session: Session, *, most: int = 8, sectors: tuple[str, ...] = (), **over: Any) -> Actor:
    """Somebody of the pool."""
    actor = make.officer(session, "expert", **over)
    session.add(Expert(person_id=actor.person, sectors=list(sectors), most=most, joined_at=make.NOW))
    session.flush()
    return actor


def review(session: Session, entry: Entry, expert: Actor, state: str = "final", **over: Any) -> Review:
    """A review of an entry; a final one has a full score sheet."""
    row = Review(
        key=random_key(),
        call_id=entry.call_id,
        entry_id=entry.id,
        person_id=expert.person,
        applicant_id=entry.applicant_id,
        state=state,
        assigned_at=LATER,
        assigned_by="officer:1",
    )
    if state in ("cleared", "draft", "final", "abstained"):
        row.answered_at = LATER
    if state in ("draft", "final"):
        row.scores, row.confidence, row.saved_at = dict(SCORES), "medium", LATER
    if state == "final":
        row.final_at = LATER
    for name, value in over.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return row


def person(session: Session, actor: Actor) -> Person:
    return session.get_one(Person, actor.person)


CAST = ("an", "editor", "reader", "ra", "rb", "officer", "insider", "expert", "administrator", "system", "visitor")


def cast(session: Session, call: Call) -> tuple[dict[str, Actor], Organisation]:
    """Everybody who may come near an entry of `an`'s, and the body that `ra` recommends for; `insider` is an
    officer who belongs to the applicant and does not act for it."""
    firm, an = applicant(session)
    body, ra = recommender(session, call, 2)
    _, rb = recommender(session, call, 2, name_zh="另一推荐单位")
    insider = make.member(session, firm, "editor", roles=("officer",))
    return {
        **{role: make.officer(session, role) for role in ("officer", "expert", "administrator", "approver")},
        **{"system": SYSTEM, "visitor": VISITOR, "an": an, "ra": ra, "rb": rb},
        "editor": make.member(session, firm, "editor"),
        "reader": make.member(session, firm, "commenter"),
        "insider": Actor(insider.id, roles=frozenset({"officer"}), person=insider.person),
    }, body


def returned(session: Session, entry: Entry, officer: Actor, now: dt.datetime) -> None:
    """What the checker said of an entry that was returned on its title."""
    row = EntryCheck(entry_id=entry.id, revision_id=entry.revision_id, outcome="returned", at=now, by=officer.id)
    row.findings, row.fields, row.reason, row.due = [], ["title"], "标题太笼统，请写明地点与用途。", entry.due
    session.add(row)
    session.flush()
