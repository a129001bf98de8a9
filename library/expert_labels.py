"""The words of ties and of plans of assignment."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

EXPERT_LABELS: Mapping[str, Mapping[str, str]] = {
    "tie": {
        "group": N_("of one group"),
        "partner": N_("partners"),
    },
    "plan_stage": {
        "planning": N_("Being computed"),
        "planned": N_("To be looked at"),
        "applying": N_("Being applied"),
        "applied": N_("Applied"),
        "undoing": N_("Being undone"),
        "undone": N_("Undone"),
        "failed": N_("Failed"),
    },
}
