"""The words of the states of a review and of the answers in a score sheet."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

REVIEW_LABELS: Mapping[str, Mapping[str, str]] = {
    "review_state": {
        "assigned": N_("Not opened"),
        "cleared": N_("Opened, no conflict"),
        "draft": N_("Score sheet begun"),
        "final": N_("Final"),
        "abstained": N_("Abstained"),
        "recused": N_("Recused"),
        "removed": N_("Taken off"),
    },
    "confidence": {
        "low": N_("Not very sure"),
        "medium": N_("Fairly sure"),
        "high": N_("Very sure"),
    },
    "yes_no": {"yes": N_("Yes"), "no": N_("No")},
}
