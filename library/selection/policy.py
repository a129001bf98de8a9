"""Who may see and run calls. The read rule stands twice: as a predicate and as a WHERE."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from ..policy import Actor, Rules, anyone
from . import benchmark_policy, decision_policy, entry_policy, expert_policy, notice_policy, review_policy
from .models import Call

KEEPERS = ("officer", "system")


def may_see(actor: Actor, call: Call) -> bool:
    """What was announced is everybody's, also when it was cancelled later; drafts are the officers'."""
    return call.announced_at is not None or actor.has(*KEEPERS)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    return true() if actor.has(*KEEPERS) else Call.announced_at.is_not(None)


def may_run(actor: Actor, call: Call | None) -> bool:
    """Officers write calls and move them on, at a browser."""
    return actor.has("officer") and actor.scopes is None


def may_keep_time(actor: Actor, call: Call | None) -> bool:
    """Dates open and close a call, nobody's hand."""
    return actor.has("system")


RULES: Rules = {
    **review_policy.RULES,
    **decision_policy.RULES,
    **entry_policy.RULES,
    **expert_policy.RULES,
    **notice_policy.RULES,
    **benchmark_policy.RULES,
    "call.browse": anyone,
    "call.see": lambda actor, call: call is None or may_see(actor, call),
    "call.run": may_run,
}
