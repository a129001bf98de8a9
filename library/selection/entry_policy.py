"""Who may see and do what with an entry. The read rule stands twice: as a predicate and as a WHERE.

Experts see no entry here, whatever they review: a review shows them what they may read of it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true

from ..policy import Actor, Rules, anyone
from .entry_models import PUBLIC, Entry

WRITERS = ("owner", "editor")
KEEPERS = ("officer", "approver", "administrator", "system")
SCOPE = "entries:write"


def may_see(actor: Actor, entry: Entry) -> bool:
    """What was announced is everybody's; before that applicant, recommender and ministry know of it."""
    return entry.state in PUBLIC or may_follow(actor, entry)


def may_follow(actor: Actor, entry: Entry) -> bool:
    """Those who know of an entry also before the public does, and read where it stands."""
    ours = (entry.applicant_id, entry.recommender_id)
    return actor.has(*KEEPERS) or any(actor.is_member(each) for each in ours)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    return true() if actor.has(*KEEPERS) else or_(Entry.state.in_(PUBLIC), *_ours(actor))


def followed(actor: Actor) -> ColumnElement[bool]:
    """`may_follow` as a WHERE."""
    return true() if actor.has(*KEEPERS) else or_(Entry.id.is_(None), *_ours(actor))


def _ours(actor: Actor) -> list[ColumnElement[bool]]:
    if actor.organisation is None or not actor.membership:
        return []
    return [Entry.applicant_id == actor.organisation, Entry.recommender_id == actor.organisation]


def may_enter(actor: Actor, entry: Entry | None) -> bool:
    """Owners and editors of an organisation enter its cases, correct entries and take them back."""
    return _writes(actor) and (entry is None or entry.applicant_id == actor.organisation)


def may_withdraw(actor: Actor, entry: Entry | None) -> bool:
    """The applicant; and the system, which winds up what an organisation that was closed leaves behind."""
    return may_enter(actor, entry) or actor.has("system")


def may_recommend(actor: Actor, entry: Entry | None) -> bool:
    """Owners and editors of the recommending body that the applicant chose."""
    return _writes(actor) and (entry is None or entry.recommender_id == actor.organisation)


def may_check(actor: Actor, entry: Entry | None) -> bool:
    """Officers, at a browser, but not what their own organisation entered or recommended."""
    ours = entry is not None and actor.organisation in (entry.applicant_id, entry.recommender_id)
    return actor.has("officer") and actor.scopes is None and not (ours and actor.organisation is not None)


def _writes(actor: Actor) -> bool:
    return actor.organisation is not None and actor.membership in WRITERS and actor.within(SCOPE)


def is_member(actor: Actor, subject: object) -> bool:
    """Every member reads what the organisation entered, or is asked to recommend."""
    return bool(actor.membership)


RULES: Rules = {
    "entry.browse": anyone,
    "entry.see": lambda actor, entry: entry is None or may_see(actor, entry),
    "entry.follow": lambda actor, entry: is_member(actor, None) if entry is None else may_follow(actor, entry),
    "entry.enter": may_enter,
    "entry.recommend": may_recommend,
    "entry.check": may_check,
}
