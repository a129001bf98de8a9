"""Reads of reviews. Each takes the actor: a review that the actor may not know of is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from ..errors import Forbidden, Missing, Text
from ..policy import Actor
from . import review_policy as policy
from . import rubrics
from .entry_models import Entry
from .expert_models import OPEN_REVIEWS, REVIEW_STATES, Review
from .models import Call
from .review_schemas import is_blind

# While a call is here sheets are written; in the ranking, those that an officer has reopened.
JUDGED = ("scoring", "ranking")
SHUT = {
    "recused": Text("You declared a conflict of interest in this case; it is closed to you from then on."),
    "removed": Text("An officer has taken this case off your list; it is closed to you."),
}
# What is to be done stands before what is done.
ORDER = case(
    {state: place for place, state in enumerate(("draft", "cleared", "assigned"))}, value=Review.state, else_=9
)


def desk(session: Session, actor: Actor) -> list[Review]:
    """The actor's own reviews with entry and call: by call, the newest first; in it the next to be done first."""
    if actor.person is None or not actor.has("expert"):
        return []
    rows = (
        select(Review)
        .join(Review.entry)
        .join(Entry.call)
        .options(contains_eager(Review.entry).contains_eager(Entry.call))
        .options(contains_eager(Review.entry).joinedload(Entry.revision))
        .where(Review.person_id == actor.person, policy.visible(actor))
        .order_by(Call.id.desc(), ORDER, Review.due, Review.id)
    )
    return list(session.scalars(rows))


def own(session: Session, actor: Actor, key: str) -> Review:
    """One of the actor's own. Raises Missing; Forbidden once it was recused or taken off."""
    rows = select(Review).where(Review.key == key, Review.person_id == actor.person, policy.visible(actor))
    found = session.scalar(rows.options(joinedload(Review.entry).joinedload(Entry.call)))
    if found is None or not policy.is_own(actor, found):
        raise Missing(Text("You have no such review."))
    if found.state in SHUT:
        raise Forbidden(SHUT[found.state])
    return found


def by_key(session: Session, actor: Actor, key: str) -> Review:
    """A review that the actor may know of. Raises Missing."""
    rows = select(Review).where(Review.key == key, policy.visible(actor))
    found = session.scalar(
        rows.options(joinedload(Review.entry).joinedload(Entry.call), joinedload(Review.person))
    )
    if found is None:
        raise Missing(Text("There is no such review."))
    return found


def of_entry(session: Session, actor: Actor, entry: Entry) -> list[Review]:
    """Every review of an entry that the actor may know of, with its expert: state and dates, for whoever asks."""
    rows = select(Review).where(Review.entry_id == entry.id, policy.visible(actor))
    return list(session.scalars(rows.options(joinedload(Review.person)).order_by(Review.id)))


def progress(session: Session, actor: Actor, call: Call) -> Mapping[str, int]:
    """How many reviews of a call stand where; never what they say."""
    rows = select(Review.state, func.count()).where(Review.call_id == call.id, policy.visible(actor))
    counts: dict[str, int] = dict(session.execute(rows.group_by(Review.state)).tuples().all())
    return {state: counts[state] for state in REVIEW_STATES if state in counts}


def entry(session: Session, actor: Actor, key: str) -> Entry:
    """An entry whose masks the actor may settle. Raises Missing."""
    rows = select(Entry).where(Entry.key == key).options(joinedload(Entry.call), joinedload(Entry.revision))
    found = session.scalar(rows.options(joinedload(Entry.case), joinedload(Entry.applicant)))
    if found is None or not policy.may_mask(actor, found):
        raise Missing(Text("There is no such entry."))
    return found


def unmasked(session: Session, actor: Actor, call: Call) -> list[Entry]:
    """The entries of a blind call whose words are to be confirmed, the oldest first."""
    if not is_blind(call) or not policy.may_mask(actor, None):
        return []
    states = ("check_passed", "in_review")
    rows = select(Entry).where(Entry.call_id == call.id, Entry.masked_at.is_(None), Entry.state.in_(states))
    return list(session.scalars(rows.order_by(Entry.entered_at, Entry.id)))


def public_before(session: Session, call: Call) -> int:
    """How many cases of a call were public when their review began: those cannot be made unknown."""
    rows = select(func.count()).select_from(Entry).where(Entry.call_id == call.id, Entry.was_public)
    return session.scalar(rows) or 0


def sheet(review: Review) -> dict[str, Any]:
    """What a review says, in the form that `rubrics.missing` reads."""
    names = ("scores", "sides", "remarks", "confidence", "recognised")
    return {name: getattr(review, name) for name in names}


def left(review: Review) -> dict[str, Text]:
    """What must be done before the sheet can be final."""
    call = review.entry.call
    return rubrics.missing(call.document, sheet(review), blind=is_blind(call))


def is_open(review: Review) -> bool:
    return review.state in OPEN_REVIEWS


def days_left(review: Review, now: dt.datetime) -> int | None:
    """Whole days until a review is due, negative once it is late; None: nobody said when."""
    return None if review.due is None else int((review.due - now) // dt.timedelta(days=1))
