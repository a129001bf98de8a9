"""The words of the states of a list of the selected, and of what is done to it."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

DECISION_LABELS: Mapping[str, Mapping[str, str]] = {
    "list_state": {
        "draft": N_("Draft"),
        "approval": N_("In approval"),
        "approved": N_("Approved"),
        "released": N_("Released"),
    },
    "list_move": {
        "list.submit": N_("Give to approval"),
        "list.sign": N_("Approve this version"),
        "list.approve": N_("Approve this version"),
        "list.return": N_("Ask for a change"),
        "list.release": N_("Release all decisions"),
    },
    "verdict": {
        "approved": N_("Approved"),
        "returned": N_("Asked for a change"),
    },
}
