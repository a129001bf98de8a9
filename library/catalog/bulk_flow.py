"""The life of a table of cases, one row a move."""

from __future__ import annotations

from ..policy import Actor
from ..workflow import Move
from . import bulk
from .draft_models import BulkImport
from .policy import may_draft


def _writes(actor: Actor, row: BulkImport) -> bool:
    return may_draft(actor, None) and actor.organisation == row.organisation_id


def _works(actor: Actor, row: BulkImport) -> bool:
    return actor.has("system")


FLOW = (
    Move("import.check", frozenset({"waiting"}), "checked", _works, effect=bulk.checked),
    Move("import.refuse", frozenset({"waiting", "accepted"}), "refused", _works, effect=bulk.refused),
    Move("import.accept", frozenset({"checked"}), "accepted", _writes, guard=bulk.may_begin, effect=bulk.order),
    Move("import.done", frozenset({"accepted"}), "done", _works, effect=bulk.written),
)
