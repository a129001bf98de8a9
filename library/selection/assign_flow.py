"""Reviews are given and taken away one by one, and experts are reminded of them; plans come by planning.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events, workdays
from ..accounts import queries as accounts
from ..accounts.models import Organisation
from ..catalog import queries as catalog
from ..catalog.numbers import random_key
from ..catalog.operations import filled
from ..db import Database, alone
from ..deliveries import deliver
from ..errors import Conflict, Forbidden, Text
from ..policy import SYSTEM, Actor, require
from ..workflow import Move, step
from . import assignments, conflicts, queries, review_flow, scoring
from .assign_queries import Line, World, works_at, world
from .conflicts import Reviewer
from .entry_models import Entry
from .expert_models import OPEN_REVIEWS, Review
from .expert_schemas import AssignForm, TakeForm
from .models import Call
from .policy import RULES
from .review_policy import may_manage

REMIND = "remind"  # the kind of a Delivery that reminds an expert
DAYS_BEFORE = 2  # working days before the end of a review, for the first reminder
MORNING = dt.time(9)

# A review that undoing a plan took away, or an officer, is given to the same expert again.
FLOW = (Move("review.assign", frozenset({"removed"}), "assigned", may_manage),)


def by_hand(session: Session, actor: Actor, entry: Entry, *, given: Mapping[str, Any], now: dt.datetime) -> Review:
    """Give an entry to one expert. Only what is on record bars it; limits of load are the officer's to weigh."""
    require(RULES, actor, "assignment.keep")
    said = filled(AssignForm, given)
    call = entry.call
    one_at_a_time(session, call)
    session.refresh(entry, with_for_update={"of": Entry})
    if reason := assignments.not_now(session, call):
        raise Conflict(reason)
    _not_ones_own(session, actor, entry)
    person = said["person"]
    found = world(session, call, now=now, entries=[entry.id], people=[person])
    if not found.lines:
        raise Conflict(Text("The entry has left the review."))
    if not found.people:
        raise Conflict(Text("The expert has left the pool."))
    barred = conflicts.found(found.people[0], found.lines[0].party, found.registry, today=found.today)
    if barred:
        raise Conflict(Text("There is a conflict on record."), reasons=[each.why for each in barred])
    if any((one, other) == (entry.id, person) and state != "removed" for one, other, state in found.reviews):
        raise Conflict(Text("The expert has, or had, a review of this entry."))
    due = end_of_review(session, call, now)
    [line], [expert], why = found.lines, found.people, {"reason": said["reason"]}
    return give(session, actor, call, found, line, expert, assignment=None, due=due, now=now, detail=why)


def take(session: Session, actor: Actor, review: Review, *, given: Mapping[str, Any], now: dt.datetime) -> None:
    """Take an expert off an entry, whatever is written so far, and say why."""
    said = filled(TakeForm, given)
    call, person = review.entry.call, review.person_id
    one_at_a_time(session, call)
    reason = {"reason": said["take_reason"]}
    review_flow.act(session, actor, review, "review.remove", given=reason, now=now)
    scoring.lift_from(session, call, person)


def give(
    session: Session,
    actor: Actor,
    call: Call,
    found: World,
    line: Line,
    expert: Reviewer,
    *,
    assignment: int | None,
    due: dt.datetime,
    now: dt.datetime,
    detail: Mapping[str, Any],
) -> Review:
    """A new review, or one that was taken away and comes again."""
    review = review_of(session, line.entry, expert.person)
    again = review is not None
    if review is None:
        review = Review(key=random_key(), call_id=call.id, entry_id=line.entry, person_id=expert.person)
        review.applicant_id = line.party.applicant
        session.add(review)
    review.assignment_id, review.assigned_at, review.assigned_by, review.due = assignment, now, actor.id, due
    review.expert_organisation_id = works_at(expert, found.today)
    review.reason, review.reminded_at, review.chased_at = None, None, None
    session.flush()
    told = {"entry": line.entry, "person": expert.person, "assignment": assignment, **detail}
    if again:
        review.answered_at = None
        session.flush()
        step(FLOW, session, actor, review, "review.assign", now=now, detail=told)
    else:
        events.record(session, actor, "review.assign", review.subject, now=now, detail=told)
    scoring.withhold_from(session, call, expert.person, now=now)
    order_reminders(session, call, expert.person, due, now)
    return review


def review_of(session: Session, entry: int, person: int) -> Review | None:
    return session.scalar(select(Review).where(Review.entry_id == entry, Review.person_id == person))


def one_at_a_time(session: Session, call: Call) -> None:
    """Until the unit ends nobody else gives or takes reviews of this call: limits are counted."""
    alone(session, f"assign:{call.id}")


def order_reminders(session: Session, call: Call, person: int, due: dt.datetime, now: dt.datetime) -> None:
    """Two letters at most for whatever is due to one expert at one time: shortly before, and the morning after."""
    calendar = catalog.calendar(session)
    day, left = due.astimezone(workdays.ZONE).date(), DAYS_BEFORE
    while left:
        day -= dt.timedelta(1)
        left -= workdays.is_workday(day, calendar)
    early = dt.datetime.combine(day, MORNING, workdays.ZONE)
    late = dt.datetime.combine(due.astimezone(workdays.ZONE).date() + dt.timedelta(1), MORNING, workdays.ZONE)
    about = {"call": call.id, "person": person, "due": due.astimezone(dt.UTC).isoformat()}
    for which, at in (("before", early), ("after", late)):
        if at > now:
            key = f"{call.id}:{person}:{at:%Y%m%d}:{which}"
            deliver(session, REMIND, key, {**about, "which": which}, due=at)


def remind(database: Database, payload: Mapping[str, Any], *, now: dt.datetime) -> None:
    """Remind an expert of what is open and due: once before, once after. What is given back by then needs none."""
    with database.unit() as session:
        of = (Review.call_id == payload["call"], Review.person_id == payload["person"])
        mark = Review.reminded_at if payload["which"] == "before" else Review.chased_at
        due = dt.datetime.fromisoformat(payload["due"])
        rows = select(Review).where(*of, Review.state.in_(OPEN_REVIEWS), Review.due == due, mark.is_(None))
        found = session.scalars(rows.with_for_update()).all()
        for review in found:
            setattr(review, mark.key, now)
        call = session.get_one(Call, payload["call"])
        if found and call.state == "scoring":
            detail = {**payload, "reviews": [review.id for review in found]}
            events.record(session, SYSTEM, "review.remind", call.subject, now=now, detail=detail)


def end_of_review(session: Session, call: Call, start: dt.datetime) -> dt.datetime:
    """The last moment of a review that is given at `start`."""
    days = queries.document(call)["review_days"]
    return workdays.add(start, days, catalog.calendar(session))


def _not_ones_own(session: Session, actor: Actor, entry: Entry) -> None:
    """Who belongs to an applicant or recommender chooses nobody to judge its cases."""
    for number in (entry.applicant_id, entry.recommender_id):
        if actor.person is not None and accounts.membership(session, actor.person, number):
            named = {"name": session.get_one(Organisation, number).name_zh}
            raise Forbidden(Text("You belong to %(name)s; another officer decides.", named))
