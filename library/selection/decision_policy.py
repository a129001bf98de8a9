"""Who may read and do what with rankings, lists and approvals. The read rule stands twice, as everywhere.

Before release nothing of this is for an applicant, a recommender, an expert or a visitor; administrators see no
sealed score either.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, true

from ..policy import Actor, Rules
from .decision_models import RankingRun, SelectionList

READERS = ("officer", "approver", "system")


def may_read(actor: Actor, subject: RankingRun | SelectionList | None) -> bool:
    """Those who prepare a decision and those who approve it, at a browser."""
    return actor.has(*READERS) and actor.scopes is None


def visible_runs(actor: Actor) -> ColumnElement[bool]:
    """`may_read` as a WHERE."""
    return true() if may_read(actor, None) else false()


visible_lists = visible_runs


def may_rank(actor: Actor, subject: object) -> bool:
    """Officers have rankings computed, keep the list, and release decisions."""
    return actor.has("officer") and actor.scopes is None


def may_approve(actor: Actor, subject: SelectionList | None) -> bool:
    """Approvers, but never as members of a selected organisation: the guard knows who those are."""
    return actor.has("approver") and actor.scopes is None


def may_release_entries(actor: Actor, entry: object) -> bool:
    """Decisions reach entries by the system alone, after an officer has released them."""
    return actor.has("system")


RULES: Rules = {
    "run.read": may_read,
    "run.make": may_rank,
    "list.read": may_read,
    "list.keep": may_rank,
    "list.approve": may_approve,
}
