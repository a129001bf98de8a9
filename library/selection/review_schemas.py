"""The shape of a score sheet, made from the rubric of its call; and the forms around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from ..fields import Words, choice, plain
from . import rubrics
from .expert_models import CONFIDENCES
from .models import Call

REASON, SIDE, REMARKS, TYPED = 2000, 4000, 8000, 40
MOST_MASKS, MASK = 100, 100
Sheet = dict[str, Any]


def is_blind(call: Call) -> bool:
    """Are experts not to know who applies? What does not say so is blind."""
    return call.document.get("review") != "open"


def _typed(limit: int) -> fields.String:
    return fields.String(load_default="", validate=[plain, validate.Length(max=limit)])


def shape(document: Mapping[str, Any]) -> Schema:
    """Every control of a sheet by its name, as it may be typed: what breaks this cannot be kept at all."""
    found: dict[str, fields.Field[Any]] = {}
    for criterion in document["rubric"]:
        found |= {f"score.{criterion['code']}": _typed(TYPED), f"reason.{criterion['code']}": _typed(REASON)}
    found |= {f"side.{side['code']}": _typed(SIDE) for side in document.get("sides", ())}
    found["remarks"] = _typed(REMARKS)
    found["confidence"] = fields.String(load_default="", validate=validate.OneOf(("", *CONFIDENCES)))
    found["recognised"] = fields.String(load_default="", validate=validate.OneOf(("", "yes", "no")))
    return Schema.from_dict(found, name="ScoreSheet")(unknown=EXCLUDE)


def as_sheet(document: Mapping[str, Any], typed: Mapping[str, str]) -> Sheet:
    """What was typed, by the name of the control, as a review keeps it: scores as numbers where they are."""
    scores: dict[str, Any] = {}
    for criterion in document["rubric"]:
        said, reason = (typed.get(f"{name}.{criterion['code']}", "").strip() for name in ("score", "reason"))
        number = rubrics.number(said)
        if said or reason:
            scores[criterion["code"]] = {"score": said if number is None else number, "reason": reason}
    sides = {side["code"]: typed.get(f"side.{side['code']}", "").strip() for side in document.get("sides", ())}
    return {
        "scores": scores,
        "sides": {code: said for code, said in sides.items() if said},
        "remarks": typed.get("remarks", "").strip(),
        "confidence": typed.get("confidence") or None,
        "recognised": {"yes": True, "no": False}.get(typed.get("recognised", "")),
    }


def as_typed(sheet: Mapping[str, Any]) -> dict[str, str]:
    """The other way round: what stands in each control."""
    found = {f"side.{code}": said for code, said in sheet["sides"].items()}
    for code, each in sheet["scores"].items():
        found |= {f"score.{code}": str(each["score"]), f"reason.{code}": each["reason"]}
    found["remarks"], found["confidence"] = sheet["remarks"], sheet["confidence"] or ""
    found["recognised"] = {True: "yes", False: "no"}.get(sheet["recognised"], "")
    return found


class WhyForm(Schema):
    """Why there is a conflict, why an expert abstains, why an officer reopens a sheet or takes an expert off."""

    reason = Words(REASON, required=True)


class AnswerForm(Schema):
    """Is there a conflict? Asked before the case is opened."""

    conflict = choice("yes", "no", required=True)


class MaskForm(Schema):
    """The words that no expert may read, one a line, and the files that experts may open."""

    masks = fields.String(required=True, validate=validate.Length(max=MOST_MASKS * (MASK + 2)))
    shown = fields.List(fields.String(validate=validate.Length(max=64)), load_default=list)
