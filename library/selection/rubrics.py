"""A score sheet against the rubric of its call: what is a score, what is still to be done, what it comes to. Pure.

Only final sheets count. A review that was recused, abstained from, taken off or is still open is in no mean and in
no denominator: means are as if it had never been assigned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Text

# How much a score counts beside those of other experts, by how sure its expert is.
WEIGHTS: Mapping[str, float] = {"low": 0.5, "medium": 1.0, "high": 1.5}
FULL = 100.0
WHOLE = re.compile(r"\d{1,4}", re.ASCII)
# A scale of so few steps is offered step by step; on a longer one the number is typed.
FEW = 10

Rubric = Sequence[Mapping[str, Any]]
Scores = Mapping[str, Any]


def number(said: object) -> int | None:
    """A whole number as somebody typed it, full-width digits too; None: it is none."""
    if isinstance(said, bool):
        return None
    if isinstance(said, int):
        return said
    text = str(said).strip().translate(FULL_WIDTH) if isinstance(said, str) else ""
    return int(text) if WHOLE.fullmatch(text) else None


FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}


def score(criterion: Mapping[str, Any], scores: Scores) -> int | None:
    """The score of a criterion, if there is one and it is on the scale."""
    found = number(_said(scores, criterion["code"], "score"))
    return found if found is not None and criterion["lowest"] <= found <= criterion["highest"] else None


def total(rubric: Rubric, scores: Scores) -> float | None:
    """What a sheet comes to, from 0 to 100: the weighted places of its scores on their scales.

    None until every criterion is scored. The weights of a rubric add to 100.
    """
    whole = 0.0
    for criterion in rubric:
        found = score(criterion, scores)
        if found is None:
            return None
        low, high = criterion["lowest"], criterion["highest"]
        whole += criterion["weight"] * (found - low) / (high - low)
    return whole


def needs_reason(criterion: Mapping[str, Any], found: int) -> bool:
    """Is this score at or beyond a threshold of the criterion?"""
    low, high = criterion.get("reason_low"), criterion.get("reason_high")
    return (low is not None and found <= low) or (high is not None and found >= high)


def scored(rubric: Rubric, scores: Scores) -> int:
    """How many criteria have their score."""
    return sum(score(criterion, scores) is not None for criterion in rubric)


def wrong(rubric: Rubric, scores: Scores) -> dict[str, Text]:
    """Scores that cannot count, by the code of the criterion; what is empty is not wrong yet."""
    found: dict[str, Text] = {}
    for criterion in rubric:
        said = _said(scores, criterion["code"], "score")
        if said not in ("", None) and score(criterion, scores) is None:
            scale = {"low": criterion["lowest"], "high": criterion["highest"]}
            found[criterion["code"]] = Text("Write a whole number from %(low)s to %(high)s.", scale)
    return found


def missing(document: Mapping[str, Any], sheet: Mapping[str, Any], *, blind: bool) -> dict[str, Text]:
    """What must be done before the sheet can be final, by the name of the control that does it.

    `sheet`: scores, sides, remarks, confidence, recognised, as a review keeps them.
    """
    found: dict[str, Text] = {}
    bad = wrong(document["rubric"], sheet["scores"])
    for criterion in document["rubric"]:
        code, given = criterion["code"], score(criterion, sheet["scores"])
        if code in bad:
            found[f"score.{code}"] = bad[code]
        elif given is None:
            found[f"score.{code}"] = Text("Score this criterion.")
        elif needs_reason(criterion, given) and not str(_said(sheet["scores"], code, "reason") or "").strip():
            found[f"reason.{code}"] = Text("Say why: a score of %(score)s needs a reason.", {"score": given})
    if sheet["confidence"] not in WEIGHTS:
        found["confidence"] = Text("Say how sure you are.")
    if blind and sheet["recognised"] is None:
        found["recognised"] = Text("Say whether you recognised the applicant.")
    return found


def _said(scores: Scores, code: str, name: str) -> Any:
    each = scores.get(code)
    return each.get(name) if isinstance(each, Mapping) else None
