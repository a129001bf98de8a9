"""How far the reviews of a call are, entry by entry, for officers: states and dates, never what a sheet says."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, true
from sqlalchemy.orm import Session, joinedload, load_only

from ..accounts.models import Organisation, Person
from ..catalog.models import Case
from ..errors import Missing, Text
from ..policy import Actor
from . import expert_policy
from .assign_queries import HAS
from .entry_models import Entry
from .expert_models import OPEN_REVIEWS, Review
from .models import Call

PER_PAGE = 12
# Entries that experts judge or have judged.
JUDGED = ("in_review", "shortlisted", "not_selected", "in_publicity", "on_hold", "selected", "removed")


@dataclass(frozen=True)
class Summary:
    """Of a whole call: entries, reviews by state, and those that are late."""

    entries: int
    states: Mapping[str, int]
    late: int

    @property
    def has(self) -> int:
        return sum(self.states.get(state, 0) for state in HAS)


def summary(session: Session, actor: Actor, call: Call, *, now: dt.datetime) -> Summary:
    """In two statements."""
    many = select(func.count()).select_from(Entry).where(_judged(actor, call))
    late = Review.state.in_(OPEN_REVIEWS) & (Review.due < now)
    rows = select(Review.state, func.count(), func.count().filter(late)).where(Review.call_id == call.id)
    found = session.execute(rows.group_by(Review.state)).all()
    counts: dict[str, int] = {state: count for state, count, _ in found}
    return Summary(session.scalar(many) or 0, counts, sum(row[2] for row in found))


def total(session: Session, actor: Actor, call: Call, *, view: str, wanted: int, now: dt.datetime) -> int:
    rows = _viewed(select(func.count()).select_from(Entry), actor, call, view, wanted, now)
    return session.scalar(rows) or 0


def entries(
    session: Session, actor: Actor, call: Call, *, view: str, wanted: int, now: dt.datetime, page: int = 1
) -> list[Entry]:
    """A page of the entries with case and applicant, by their numbers."""
    loaded = (
        joinedload(Entry.case).load_only(Case.code, Case.title_zh, Case.title_en, Case.origin),
        joinedload(Entry.applicant).load_only(Organisation.name_zh, Organisation.name_en),
        load_only(Entry.key, Entry.code, Entry.state, Entry.call_id, Entry.case_id, Entry.applicant_id),
    )
    rows = _viewed(select(Entry), actor, call, view, wanted, now).options(*loaded).order_by(Entry.code)
    return list(session.scalars(rows.limit(PER_PAGE).offset(PER_PAGE * (page - 1))))


def reviews(session: Session, actor: Actor, numbers: Collection[int]) -> Mapping[int, list[Any]]:
    """By entry, of each review: id, key, state, due, person and name, the reason of one that ended early."""
    found: dict[int, list[Any]] = defaultdict(list)
    if expert_policy.may_keep(actor):
        columns = (Review.entry_id, Review.id, Review.key, Review.state, Review.due, Review.reason)
        rows = select(*columns, Review.person_id, Person.name).join(Person, Person.id == Review.person_id)
        for row in session.execute(rows.where(Review.entry_id.in_(numbers)).order_by(Review.id)):
            found[row.entry_id].append(row)
    return found


def entry(session: Session, actor: Actor, call: Call, key: str) -> Entry:
    """One entry of the call that is or was in review. Raises Missing."""
    loaded = (joinedload(Entry.case), joinedload(Entry.applicant), joinedload(Entry.call))
    found = session.scalar(select(Entry).options(*loaded).where(Entry.key == key, _judged(actor, call)))
    if found is None:
        raise Missing(Text("There is no such entry."))
    return found


def titles(session: Session, actor: Actor, numbers: Collection[int]) -> Mapping[int, Any]:
    """Of entries: key, number, and the title of the case."""
    allowed = true() if expert_policy.may_keep(actor) else false()
    rows = select(Entry.id, Entry.key, Entry.code, Case.title_zh, Case.title_en)
    rows = rows.join(Case, Case.id == Entry.case_id).where(Entry.id.in_(numbers), allowed)
    return {row.id: row for row in session.execute(rows)}


def _judged(actor: Actor, call: Call) -> ColumnElement[bool]:
    allowed = true() if expert_policy.may_keep(actor) else false()
    return (Entry.call_id == call.id) & Entry.state.in_(JUDGED) & allowed


def _viewed(rows: Select[Any], actor: Actor, call: Call, view: str, wanted: int, now: dt.datetime) -> Select[Any]:
    rows = rows.where(_judged(actor, call))
    of = select(func.count()).select_from(Review).where(Review.entry_id == Entry.id).correlate(Entry)
    if view == "lacking":
        return rows.where(of.where(Review.state.in_(HAS)).scalar_subquery() < wanted)
    if view == "done":
        return rows.where(of.where(Review.state == "final").scalar_subquery() >= wanted)
    if view == "overdue":
        late = select(Review.entry_id).where(
            Review.call_id == call.id, Review.state.in_(OPEN_REVIEWS), Review.due < now
        )
        return rows.where(Entry.id.in_(late))
    return rows
