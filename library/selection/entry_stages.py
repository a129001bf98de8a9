"""How far an entry has come, in stages. Until a decision is released it stays in one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .entry_models import Entry
from .models import Call

STAGES = ("entered", "recommended", "checked", "review", "decision", "notice", "result")
# The stage at which an entry stands in a state, and whether it goes on from there.
AT: Mapping[str, tuple[str, bool]] = {
    "entered": ("recommended", True),
    "not_recommended": ("recommended", False),
    "recommended": ("checked", True),
    "needs_correction": ("checked", True),
    "check_failed": ("checked", False),
    "check_passed": ("review", True),
    "in_review": ("review", True),
    "shortlisted": ("notice", True),
    "not_selected": ("decision", False),
    "in_publicity": ("notice", True),
    "on_hold": ("notice", True),
    "removed": ("notice", False),
    "selected": ("result", True),
}


@dataclass(frozen=True)
class Stage:
    """`state`: done, now, stopped, planned; `at`: when it was or is planned; `days`: working days it takes."""

    name: str
    state: str
    at: dt.datetime | None = None
    days: int | None = None


def stages(entry: Entry, call: Call, document: Mapping[str, Any]) -> list[Stage]:
    """Done, present and planned; a withdrawn entry stands where nothing more comes."""
    name, goes_on = AT.get(entry.state, ("", False))
    here = STAGES.index(name) if name else (2 if entry.signer else 1)
    checked = next((check.at for check in reversed(entry.checks) if check.outcome == "passed"), None)
    times = {"entered": entry.entered_at, "recommended": entry.attested_at, "checked": checked}
    planned = {"recommended": call.closes_at}
    days = {"review": document["review_days"], "notice": document["notice_days"]}
    found = []
    for place, stage in enumerate(STAGES):
        if place < here or (entry.state == "selected" and place == here):
            found.append(Stage(stage, "done", times.get(stage)))
        elif place == here:
            found.append(Stage(stage, "now" if goes_on else "stopped", planned.get(stage) if goes_on else None))
        elif goes_on:
            found.append(Stage(stage, "planned", planned.get(stage), days.get(stage)))
    return found
