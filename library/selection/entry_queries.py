"""Reads of entries. Each takes the actor: an entry that the actor may not know of is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from ..accounts.models import Organisation
from ..catalog import policy as catalog
from ..catalog.models import Case, Revision
from ..catalog.schemas import as_seen
from ..catalog.taxonomy import Taxonomy
from ..db import canonical
from ..errors import Missing, Text
from ..policy import Actor
from . import entry_policy as policy
from . import feedback
from .benchmark_models import STANDING, Benchmark
from .entry_models import OVER, Entry
from .models import Call, Quota

PER_PAGE = 20
# With what a line of a list shows; documents stay where they are.
LINE = (
    joinedload(Entry.case),
    joinedload(Entry.applicant),
    joinedload(Entry.recommender),
)


def entry(session: Session, actor: Actor, code: str) -> Entry:
    """An entry by its number, with all that its page shows. Raises Missing."""
    rows = select(Entry).where(Entry.code == code, policy.visible(actor))
    rows = rows.options(joinedload(Entry.call), joinedload(Entry.revision), *LINE)
    found = session.scalar(rows)
    if found is None:
        raise Missing(Text("There is no entry %(name)s.", {"name": code[:40]}))
    return feedback.as_told(session, actor, [found])[0]


def of_call(session: Session, actor: Actor, call: Call, *, page: int = 1, per_page: int = PER_PAGE) -> list[Entry]:
    """A page of what the actor may know of in a call, by the number, which is drawn."""
    rows = select(Entry).where(Entry.call_id == call.id, policy.visible(actor)).options(*LINE)
    rows = rows.options(joinedload(Entry.call), joinedload(Entry.revision).load_only(Revision.number))
    rows = rows.order_by(Entry.code).limit(per_page).offset(per_page * (page - 1))
    return feedback.as_told(session, actor, session.scalars(rows).all())


def count_of_call(session: Session, actor: Actor, call: Call) -> int:
    return _count(session, Entry.call_id == call.id, policy.visible(actor))


def own(session: Session, actor: Actor, *, page: int = 1, per_page: int = PER_PAGE) -> list[Entry]:
    """What the actor's organisation has entered, the newest first; what waits for it before all else."""
    rows = select(Entry).where(_entered_by(actor)).options(joinedload(Entry.call), *LINE)
    rows = rows.order_by(Entry.state != "needs_correction", Entry.id.desc())
    found = session.scalars(rows.limit(per_page).offset(per_page * (page - 1)))
    return feedback.as_told(session, actor, found.all())


def count_own(session: Session, actor: Actor) -> int:
    return _count(session, _entered_by(actor))


def live_in(session: Session, actor: Actor, call: Call) -> list[Entry]:
    """What the actor's organisation has in a call and has not ended, by number."""
    rows = select(Entry).where(_entered_by(actor), Entry.call_id == call.id)
    rows = rows.where(or_(Entry.state.not_in(OVER), feedback.is_hidden()))
    return feedback.as_told(session, actor, session.scalars(rows.options(*LINE).order_by(Entry.code)).all())


def asked_of(
    session: Session, actor: Actor, call: Call, *, page: int = 1, per_page: int = PER_PAGE
) -> list[Entry]:
    """What the actor's organisation is asked to recommend in a call: what waits first, then by age."""
    rows = select(Entry).where(_recommended_by(actor), Entry.call_id == call.id).options(*LINE)
    rows = rows.order_by(Entry.state != "entered", Entry.entered_at, Entry.id)
    found = session.scalars(rows.limit(per_page).offset(per_page * (page - 1)))
    return feedback.as_told(session, actor, found.all())


def count_asked(session: Session, actor: Actor, call: Call) -> int:
    return _count(session, _recommended_by(actor), Entry.call_id == call.id)


def own_quotas(session: Session, actor: Actor) -> list[tuple[Call, Quota, int]]:
    """Calls in which the actor's organisation has places, the newest first, and how many entries wait there."""
    if actor.organisation is None or not actor.membership:
        return []
    waits = select(func.count()).where(
        Entry.call_id == Call.id, Entry.recommender_id == actor.organisation, Entry.state == "entered"
    )
    rows = select(Call, Quota, waits.correlate(Call).scalar_subquery()).join(Quota, Quota.call_id == Call.id)
    rows = rows.where(Quota.organisation_id == actor.organisation, Call.announced_at.is_not(None))
    found = session.execute(rows.order_by(Call.opens_at.desc(), Call.id.desc()))
    return [(call, quota, waiting) for call, quota, waiting in found]


def _entered_by(actor: Actor) -> ColumnElement[bool]:
    mine = actor.organisation if actor.membership else None
    return Entry.applicant_id == mine if mine is not None else Entry.id.is_(None)


def _recommended_by(actor: Actor) -> ColumnElement[bool]:
    mine = actor.organisation if actor.membership else None
    return Entry.recommender_id == mine if mine is not None else Entry.id.is_(None)


def _count(session: Session, *wanted: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Entry).where(*wanted)) or 0


def candidates(session: Session, actor: Actor, call: Call) -> list[Case]:
    """The cases of the actor's organisation that are in the library, also under embargo, by title."""
    if actor.organisation is None or not actor.membership:
        return []
    rows = select(Case).where(Case.owner_id == actor.organisation, Case.state == "admitted")
    invented = Case.origin == "demo"
    rows = rows.where(invented if call.demonstration else ~invented)
    return list(session.scalars(rows.order_by(Case.title_zh, Case.id)))


def candidate(session: Session, actor: Actor, code: str) -> Case:
    """A case of the actor's organisation that is in the library. Raises Missing."""
    rows = select(Case).where(Case.owner_id == actor.organisation, Case.code == code, Case.state == "admitted")
    found = session.scalar(rows) if actor.organisation is not None and actor.membership else None
    if found is None:
        raise Missing(Text("Your organisation has no case %(code)s in the library.", {"code": code[:40]}))
    return found


def newest_revision(session: Session, case: Case) -> Revision:
    """What the library says of a case now."""
    rows = select(Revision).where(Revision.case_id == case.id, Revision.number == case.revision)
    return session.scalars(rows).one()


def benchmark_until(session: Session, case: Case) -> str | None:
    """Until which day the case is a benchmark project; None: it is none."""
    rows = select(func.max(Benchmark.valid_until)).where(Benchmark.case_id == case.id)
    return session.scalar(rows.where(Benchmark.state.in_(STANDING)))


def entered_directions(session: Session, call: Call, organisation: int) -> Mapping[str, str]:
    """What an organisation has in a call: direction -> number of the entry."""
    rows = select(Entry.direction, Entry.code).where(
        Entry.call_id == call.id, Entry.applicant_id == organisation, Entry.state.not_in(OVER)
    )
    return dict(iter(session.execute(rows.order_by(Entry.id.desc()))))


def places_in(trees: Taxonomy, sectors: list[str]) -> tuple[str, frozenset[str]]:
    """The direction of a case, which its first sector has, and its sectors with all that include them."""
    return trees.direction(sectors[0]), frozenset(step for code in sectors for step in trees.path(code))


def document(actor: Actor, entry: Entry) -> dict[str, Any]:
    """What the frozen revision says to this actor. A recommender reads it as reviewers do: it vouches for it."""
    seen = catalog.audiences(actor, entry.case)
    if actor.is_member(entry.recommender_id):
        seen |= {"investor", "reviewer"}
    return as_seen(entry.revision.document, seen)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the fields of a case in which two revisions differ."""
    names = [*after, *(name for name in before if name not in after)]
    return [name for name in names if canonical(before.get(name)) != canonical(after.get(name))]


def organisation(session: Session, key: str) -> Organisation | None:
    return session.scalar(select(Organisation).where(Organisation.key == key))
