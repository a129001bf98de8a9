"""Who may see a review, read its sheet and write it. Each read rule stands twice: as a predicate and as a WHERE.

Sealed: before and after submitting, an expert sees the own sheet and no other. Officers see how far each review
is, and no score until the call has left the expert review. An administrator sees no score at all.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from ..policy import Actor, Rules
from .entry_models import Entry
from .expert_models import Review
from .models import Call

# From these states on, those who prepare the decision read the sheets. A cancelled call stays sealed.
OPENED = ("ranking", "approval", "publicity", "published", "archived")
# Whose address answers 403 from then on, to the expert too.
SHUT = ("recused", "removed")
READERS = ("officer", "approver", "system")


def is_own(actor: Actor, review: Review) -> bool:
    return actor.has("expert") and actor.person is not None and actor.person == review.person_id


def may_see(actor: Actor, review: Review) -> bool:
    """That there is a review, and how far it is."""
    return is_own(actor, review) or actor.has("officer", "system")


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    return true() if actor.has("officer", "system") else _own(actor)


def may_read(actor: Actor, review: Review) -> bool:
    """Its scores and words."""
    if is_own(actor, review):
        return review.state not in SHUT
    not_theirs = actor.organisation is None or actor.organisation != review.applicant_id
    return actor.has(*READERS) and not_theirs and review.entry.call.state in OPENED


def readable(actor: Actor) -> ColumnElement[bool]:
    """`may_read` as a WHERE."""
    own = and_(_own(actor), Review.state.not_in(SHUT))
    if not actor.has(*READERS):
        return own
    opened = Review.call_id.in_(select(Call.id).where(Call.state.in_(OPENED)))
    not_theirs = Review.applicant_id != actor.organisation if actor.organisation is not None else true()
    not_own = Review.person_id != actor.person if actor.has("expert") and actor.person is not None else true()
    return or_(own, and_(opened, not_theirs, not_own))


def _own(actor: Actor) -> ColumnElement[bool]:
    mine = actor.has("expert") and actor.person is not None
    return Review.person_id == actor.person if mine else false()


def may_write(actor: Actor, review: Review | None) -> bool:
    """An expert writes the own sheets, at a browser."""
    mine = actor.has("expert") if review is None else is_own(actor, review)
    return mine and actor.scopes is None


def may_manage(actor: Actor, review: Review | None) -> bool:
    """Officers reopen sheets and take experts off: not of an applicant that they act for, nor their own."""
    if not actor.has("officer") or actor.scopes is not None or review is None:
        return actor.has("officer") and actor.scopes is None
    theirs = actor.organisation is not None and actor.organisation == review.applicant_id
    return not theirs and actor.person != review.person_id


def may_mask(actor: Actor, entry: Entry | None) -> bool:
    """Officers say what is masked: not of an applicant that they act for."""
    theirs = entry is not None and actor.organisation is not None and actor.organisation == entry.applicant_id
    return actor.has("officer") and actor.scopes is None and not theirs


RULES: Rules = {
    "review.browse": lambda actor, subject: actor.has("expert"),
    "review.see": lambda actor, review: (
        actor.has("expert", "officer") if review is None else may_see(actor, review)
    ),
    "review.read": lambda actor, review: review is not None and may_read(actor, review),
    "review.write": may_write,
    "review.manage": may_manage,
    "mask.confirm": may_mask,
}
