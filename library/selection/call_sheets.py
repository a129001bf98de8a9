"""A call as its form draws it (templates/_fields.html): controls by part, choices, and what was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import forms
from ..catalog import wording
from .queries import SCHEMA

PARTS: Mapping[str, tuple[str, ...]] = {
    "words": ("title", "text"),
    "window": ("opens_at", "closes_at", "grace_minutes"),
    "entering": ("sectors", "eligibility", "places"),
    "rubric": ("rubric", "sides"),
    "procedure": (
        *("correction_days", "reviewers", "most_each", "review_days", "review", "severity", "penalty"),
        *("selected", "approvals", "notice_days", "feedback", "term_months"),
    ),
    "certificate": ("certificate",),
}
CONTROLS: Mapping[str, forms.Control] = {
    control.name: control for control in forms.controls(SCHEMA.fields, path="call")
}
# Field -> the kind of label that its codes have.
KINDS = {
    "call.review": "review",
    "call.severity": "severity",
    "call.feedback": "feedback",
    "call.eligibility.statuses": "status",
    "call.eligibility.count_kinds": "count_kind",
}
ITEM = re.compile(r"([a-z0-9.]+)\.([0-9]{1,3})", re.ASCII)


@dataclass(frozen=True)
class CallSheet:
    """A call in front of an officer. `locked` are the fields that may not be changed any more."""

    content: Mapping[str, Any]
    version: int
    locked: frozenset[str] = frozenset()
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    added: str = ""
    """The list that is shown with one more, empty item."""

    @property
    def parts(self) -> dict[str, list[forms.Control]]:
        return {part: [CONTROLS[name] for name in names] for part, names in PARTS.items()}

    def choices(self, control: forms.Control) -> list[tuple[str, str]]:
        """Code and word of everything that may be chosen."""
        if control.path == "call.sectors":
            tree = wording.tree()
            depths = {code: len(tree.path(code)) - 1 for code in tree.sectors}
            return [(code, "– " * deep + wording.label("sector", code)) for code, deep in depths.items()]
        return [(code, wording.label(KINDS[control.path], code)) for code in control.choices]


def read(content: Mapping[str, Any], locked: frozenset[str], typed: forms.Typed) -> dict[str, Any]:
    """What was typed. What is locked, and no box was sent for, stays as it is."""
    kept = {name: value for name, value in content.items() if name in locked}
    return {**forms.read(tuple(CONTROLS.values()), typed), **kept}


def rearranged(typed: forms.Typed, do: str, what: str) -> forms.Typed:
    """What was typed with one item of a list taken out or moved; any other button leaves it as it is."""
    found = ITEM.fullmatch(what)
    if found is None or do not in ("remove", "up", "down"):
        return typed
    name, number = found[1], int(found[2])
    if do == "remove":
        return forms.Values(forms.without_item(typed, name, number))
    other = number + 1 if do == "down" else max(0, number - 1)
    return forms.Values(forms.with_items_swapped(typed, name, number, other))
