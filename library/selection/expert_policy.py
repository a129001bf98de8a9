"""Who may read and keep the pool of experts, ties and plans of assignment. Each read rule stands twice."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, true

from ..policy import Actor, Rules, anyone, signed_in
from .expert_models import Expert

KEEPERS = ("officer", "system")
# Whoever prepares or makes the decision does not judge as well.
NO_EXPERTS = frozenset({"officer", "approver", "administrator"})


def may_see(actor: Actor, expert: Expert | None) -> bool:
    """Officers know the pool; an expert knows of himself. With None: is there anything to be seen?"""
    if expert is None:
        return actor.has(*KEEPERS) or actor.person is not None
    return actor.has(*KEEPERS) or (actor.person is not None and actor.person == expert.person_id)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    own = Expert.person_id == actor.person if actor.person is not None else false()
    return true() if actor.has(*KEEPERS) else or_(own, false())


def may_keep(actor: Actor, subject: object = None) -> bool:
    """The pool, ties and plans are the officers' work, at a browser."""
    return actor.has("officer") and actor.scopes is None


def may_edit(actor: Actor, expert: Expert | None) -> bool:
    """An expert keeps his own particulars, and officers everybody's."""
    if expert is None:
        return may_answer(actor)
    return may_keep(actor) or (may_answer(actor) and actor.person == expert.person_id)


def may_answer(actor: Actor, subject: object = None) -> bool:
    """Whoever holds the word of the letter and is signed in at a browser."""
    return signed_in(actor, None) and actor.scopes is None


RULES: Rules = {
    "expert.see": may_see,
    "expert.keep": may_keep,
    "expert.own": may_edit,
    "expert.read": anyone,
    "expert.answer": may_answer,
    "tie.keep": may_keep,
    "assignment.keep": may_keep,
}
