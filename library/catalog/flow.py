"""The life of a case, one row a move. An enterprise's own rows join with its editor."""

from __future__ import annotations

from ..errors import Text
from ..workflow import Move
from . import operations
from .policy import may_curate

FLOW = (
    Move(
        "case.collect",
        frozenset({"draft"}),
        "admitted",
        may_curate,
        effect=operations.revise,
        note=Text("Admitted from public sources."),
    ),
    Move("case.revise", frozenset({"admitted"}), "admitted", may_curate, effect=operations.revise),
    Move("case.archive", frozenset({"admitted"}), "archived", may_curate, note=Text("No longer shown.")),
    Move("case.restore", frozenset({"archived"}), "admitted", may_curate),
)
