"""What an assignment starts from: entries in review, experts of the pool, what is on record of both, loads.

Read at once for a whole call, or for some entries and experts of it; so a plan, an assignment by hand and the last
look before a pair is written judge by the same.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from ..accounts.models import Membership, Organisation, Person
from ..catalog import taxonomy
from ..catalog.models import Revision
from ..errors import Missing, Text
from ..policy import Actor
from ..workdays import ZONE
from . import conflicts, expert_policy
from . import expert_queries as experts
from .conflicts import Party, Registry, Reviewer, Stay
from .entry_models import Entry
from .expert_models import Assignment, Expert, ExpertPast, Review, Tie
from .models import Call

# Reviews that an entry has; and those that count for the load of an expert.
HAS = ("assigned", "cleared", "draft", "final")
LOADS = (*HAS, "abstained")
UNDONE = ""  # the reason of a review that undoing a plan took away: such a pair may come again


@dataclass(frozen=True)
class Line:
    """An entry in review: who applies, its leading sector, what its case names."""

    entry: int
    sector: str
    party: Party


@dataclass(frozen=True)
class World:
    """Rows are `lines`, columns are `people`, by number each."""

    lines: Sequence[Line]
    people: Sequence[Reviewer]
    most: NDArray[np.int64]
    sectors: Sequence[list[str]]
    registry: Registry
    trees: taxonomy.Taxonomy
    reviews: Sequence[tuple[int, int, str]]
    """Entry, person, state of every review of these entries, but those that undoing took away."""
    given: Mapping[int, int]
    """Person -> how many reviews of the whole call count for the load."""
    today: dt.date

    def conflicts(self) -> NDArray[np.bool_]:
        parties = [line.party for line in self.lines]
        return conflicts.barred(self.people, parties, self.registry, today=self.today)

    def knows(self) -> NDArray[np.bool_]:
        """Does the expert know the leading sector? By what includes it, or by knowing any."""
        by_sector: dict[str, list[bool]] = {}
        for line in self.lines:
            if line.sector not in by_sector:
                by_sector[line.sector] = [experts.knows(self.trees, some, line.sector) for some in self.sectors]
        rows = [by_sector[line.sector] for line in self.lines]
        return np.array(rows, dtype=np.bool_).reshape(len(self.lines), len(self.people))

    def had(self) -> NDArray[np.bool_]:
        """Pairs that have, or had, a review."""
        row, column = self.rows, self.columns
        found = np.zeros((len(self.lines), len(self.people)), dtype=np.bool_)
        for entry, person, _ in self.reviews:
            if entry in row and person in column:
                found[row[entry], column[person]] = True
        return found

    def counted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many reviews each entry has, and each expert in this call."""
        has = np.zeros(len(self.lines), dtype=np.int64)
        row = self.rows
        for entry, _, state in self.reviews:
            if state in HAS and entry in row:
                has[row[entry]] += 1
        return has, np.array([self.given.get(each.person, 0) for each in self.people], dtype=np.int64)

    @property
    def rows(self) -> dict[int, int]:
        return {line.entry: place for place, line in enumerate(self.lines)}

    @property
    def columns(self) -> dict[int, int]:
        return {each.person: place for place, each in enumerate(self.people)}


def world(
    session: Session,
    call: Call,
    *,
    now: dt.datetime,
    entries: Collection[int] | None = None,
    people: Collection[int] | None = None,
) -> World:
    """Of a call what is in review and who may judge it; of the named entries and people only, where some are."""
    lines = _lines(session, call, entries)
    pool = select(Expert.person_id, Expert.sectors, Expert.most).join(Person, Person.id == Expert.person_id)
    pool = pool.where(experts.of_the_pool(call)).order_by(Expert.person_id)
    if people is not None:
        pool = pool.where(Expert.person_id.in_(people))
    found = session.execute(pool).all()
    stays = _stays(session, [number for number, _, _ in found])
    ties = session.execute(select(Tie.kind, Tie.one_id, Tie.other_id).where(Tie.ended_at.is_(None)))
    knots = tuple((kind, one, other) for kind, one, other in ties)
    numbers = {number for line in lines for number in (line.party.applicant, line.party.recommender)}
    numbers |= {stay.organisation for each in stays.values() for stay in each if stay.organisation is not None}
    numbers |= {number for _, one, other in knots for number in (one, other)}
    rows = select(Review.entry_id, Review.person_id, Review.state, Review.reason).where(Review.call_id == call.id)
    if entries is not None:
        rows = rows.where(Review.entry_id.in_(entries))
    loads = select(Review.person_id, func.count()).where(Review.call_id == call.id, Review.state.in_(LOADS))
    if people is not None:
        loads = loads.where(Review.person_id.in_(people))
    reviews = [
        (entry, person, state)
        for entry, person, state, reason in session.execute(rows)
        if not (state == "removed" and reason == UNDONE)
    ]
    return World(
        lines,
        [Reviewer(number, tuple(stays[number])) for number, _, _ in found],
        np.array([most for _, _, most in found], dtype=np.int64),
        [sectors for _, sectors, _ in found],
        Registry(experts.called(session, numbers), knots),
        taxonomy.read(session),
        reviews,
        dict(iter(session.execute(loads.group_by(Review.person_id)))),
        now.astimezone(ZONE).date(),
    )


def _lines(session: Session, call: Call, entries: Collection[int] | None) -> list[Line]:
    columns = (Entry.id, Entry.applicant_id, Entry.recommender_id, Revision.document)
    rows = select(*columns).join(Revision, Revision.id == Entry.revision_id)
    rows = rows.where(Entry.call_id == call.id, Entry.state == "in_review").order_by(Entry.id)
    if entries is not None:
        rows = rows.where(Entry.id.in_(entries))
    found = []
    for number, applicant, recommender, document in session.execute(rows.execution_options(yield_per=200)):
        named = tuple(name for party in document.get("parties", []) for name in party["name"].values())
        sector = next(iter(document.get("sectors", [])), "")
        found.append(Line(number, sector, Party(number, applicant, recommender, named)))
    return found


def _stays(session: Session, people: list[int]) -> Mapping[int, list[Stay]]:
    """Where people are and were: what they belong to in the library, and what they say themselves."""
    found: dict[int, list[Stay]] = defaultdict(list)
    columns = (Membership.person_id, Organisation.id, Organisation.name_zh, Membership.ended_at)
    belongs = select(*columns).join(Organisation, Organisation.id == Membership.organisation_id)
    for person, number, name, ended in session.execute(belongs.where(Membership.person_id.in_(people))):
        until = ended.astimezone(ZONE).date().isoformat() if ended else None
        found[person].append(Stay(name, number, until))
    said = select(ExpertPast).where(ExpertPast.expert_id.in_(people)).order_by(ExpertPast.id)
    for row in session.scalars(said):
        found[row.expert_id].append(Stay(row.name, row.organisation_id, row.until))
    return found


def works_at(expert: Reviewer, today: dt.date) -> int | None:
    """The registered organisation where an expert is now, if there is one."""
    now = (stay.organisation for stay in expert.stays if not stay.ended(today))
    return next((number for number in now if number is not None), None)


def assignments(session: Session, actor: Actor, call: Call) -> list[Assignment]:
    """The plans of a call without their pairs, the newest first."""
    if not expert_policy.may_keep(actor):
        return []
    bulky = (Assignment.pairs, Assignment.taken, Assignment.outcome, Assignment.gaps, Assignment.left_out)
    rows = select(Assignment).options(*map(defer, bulky)).where(Assignment.call_id == call.id)
    return list(session.scalars(rows.order_by(Assignment.id.desc()).limit(20)))


def assignment(session: Session, actor: Actor, number: int) -> Assignment:
    """One plan. Raises Missing."""
    found = session.get(Assignment, number, options=[defer(Assignment.pairs), defer(Assignment.taken)])
    if found is None or not expert_policy.may_keep(actor):
        raise Missing(Text("There is no such plan."))
    return found


def people_named(session: Session, numbers: Collection[int]) -> Mapping[int, Any]:
    """Name and address of people, to tell those of one name apart."""
    rows = select(Person.id, Person.name, Person.email).where(Person.id.in_(numbers))
    return {number: {"name": name, "email": email} for number, name, email in session.execute(rows)}
