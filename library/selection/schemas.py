"""The shape of a call: fields, limits and choices, for the officers' form, the guard and the pages alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..catalog.models import KINDS
from ..catalog.schemas import DEPLOYMENTS
from ..errors import Text
from ..fields import Words, choice, text
from ..workdays import ZONE
from .models import MOST_GRACE, MOST_PLACES

REVIEWS = ("blind", "open")
SEVERITIES = ("penalty", "reml")
FEEDBACKS = ("none", "outcome", "remarks")
WHOLE = 100  # what the weights of a rubric add to
MOST_SCORE = 1000
TIME = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d", re.ASCII)
CODE = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)


def moment(said: str) -> dt.datetime:
    """A day and a time in Asia/Shanghai, such as `2026-12-18 17:00`. Raises ValueError."""
    if not TIME.fullmatch(said):
        raise ValueError(said)
    return dt.datetime.fromisoformat(said).replace(tzinfo=ZONE)


def local_time(said: str) -> None:
    try:
        moment(said)
    except ValueError:
        sentence = Text("Write a day and a time in Asia/Shanghai, such as 2026-12-18 17:00.")
        raise ValidationError([sentence]) from None


def short_name(said: str) -> None:
    if not CODE.fullmatch(said):
        raise ValidationError(
            [Text("Write small letters, digits and hyphens, such as effect; at most 20, a letter first.")]
        )


def _whole(least: int, most: int, **kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most), **kwargs)


class Anchor(Schema):
    """What a score means."""

    score = _whole(0, MOST_SCORE, required=True)
    text = text(300, required=True)


class Criterion(Schema):
    """What experts score. At and beyond the two thresholds a score needs a reason."""

    code = fields.String(required=True, validate=short_name)
    weight = _whole(1, WHOLE, required=True)
    lowest = _whole(0, MOST_SCORE, required=True)
    highest = _whole(1, MOST_SCORE, required=True)
    reason_low = _whole(0, MOST_SCORE)
    reason_high = _whole(0, MOST_SCORE)
    title = text(100, required=True)
    anchors = fields.List(fields.Nested(Anchor), required=True, validate=validate.Length(2, 12))

    @validates_schema
    def stands_on_its_scale(self, data: Mapping[str, Any], **_: Any) -> None:
        low, high = data["lowest"], data["highest"]
        if low >= high:
            raise ValidationError([Text("The highest score is above the lowest.")], "highest")
        off = [Text("This score is not on the scale from %(low)s to %(high)s.", {"low": low, "high": high})]
        for name in ("reason_low", "reason_high"):
            if name in data and not low <= data[name] <= high:
                raise ValidationError(off, name)
        scores = [anchor["score"] for anchor in data["anchors"]]
        for place, score in enumerate(scores):
            if not low <= score <= high:
                raise ValidationError({"anchors": {place: {"score": off}}})
            if score in scores[:place]:
                twice = Text("This score has its words further up already.")
                raise ValidationError({"anchors": {place: {"score": [twice]}}})


class Side(Schema):
    """What experts answer in words and nobody counts."""

    code = fields.String(required=True, validate=short_name)
    title = text(200, required=True)


class Eligibility(Schema):
    """The closed list of named checks, each with its parameter; one that is left out is not asked."""

    statuses = fields.List(choice(*DEPLOYMENTS))
    count_kinds = fields.List(choice(*KINDS))
    min_connections = _whole(1, 10**12)
    not_planned = fields.Boolean()
    benchmark_term = fields.Boolean()
    one_per_direction = fields.Boolean()


class Certificate(Schema):
    title = text(100)
    body = text(1000)


def adds_up(rubric: Sequence[Mapping[str, Any]]) -> None:
    total = sum(criterion["weight"] for criterion in rubric)
    if total != WHOLE:
        raise ValidationError([Text("The weights add to %(total)s; they must add to 100.", {"total": total})])


class CallDocument(Schema):
    """A call as it is announced. Times are Asia/Shanghai, as typed."""

    title = text(120, required=True)
    text = text(20_000, required=True)
    opens_at = fields.String(required=True, validate=local_time)
    closes_at = fields.String(required=True, validate=local_time)
    grace_minutes = _whole(0, MOST_GRACE, load_default=0)
    sectors = fields.List(fields.String(), load_default=list)
    """Codes of the taxonomy, directions too; each includes what is below it. None: all may enter."""
    eligibility = fields.Nested(Eligibility, load_default=dict)
    places = _whole(0, MOST_PLACES, required=True)
    """How many a recommender gets unless an officer says otherwise."""
    rubric = fields.List(fields.Nested(Criterion), required=True, validate=[validate.Length(1, 20), adds_up])
    sides = fields.List(fields.Nested(Side), load_default=list, validate=validate.Length(max=10))
    correction_days = _whole(1, 60, load_default=5)
    reviewers = _whole(1, 15, required=True)
    most_each = _whole(1, 200, load_default=8)
    """How many entries an expert gets at most."""
    review_days = _whole(1, 60, load_default=10)
    review = choice(*REVIEWS, required=True)
    severity = choice(*SEVERITIES, load_default="penalty")
    penalty = _whole(0, 100, load_default=1)
    selected = _whole(1, 5000, load_default=100)
    """How many entries are to be selected."""
    approvals = _whole(1, 5, required=True)
    notice_days = _whole(1, 60, required=True)
    feedback = choice(*FEEDBACKS, load_default="outcome")
    term_months = _whole(1, 120, load_default=24)
    certificate = fields.Nested(Certificate, load_default=dict)

    @validates_schema(skip_on_field_errors=False)
    def the_window_has_a_length(self, data: Mapping[str, Any], **_: Any) -> None:
        if "opens_at" in data and "closes_at" in data and moment(data["opens_at"]) >= moment(data["closes_at"]):
            raise ValidationError([Text("The call closes after it opens.")], "closes_at")

    @validates_schema
    def short_names_are_used_once(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        for name, place, code in _short_names(data):
            if code in seen:
                twice = Text("This short name stands further up already.")
                raise ValidationError({name: {place: {"code": [twice]}}})
            seen.add(code)


def _short_names(data: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    for name in ("rubric", "sides"):
        yield from ((name, place, item["code"]) for place, item in enumerate(data[name]))


class ReasonForm(Schema):
    """Why an officer makes a move."""

    reason = Words(2000, required=True)


class QuotaForm(Schema):
    """How many places a recommender has, named as it is registered or by its credit code."""

    recommender = Words(200, required=True)
    places = fields.Integer(required=True, validate=validate.Range(0, MOST_PLACES))


class TransferForm(Schema):
    """Unused places from one recommender of the call to another, by their keys."""

    giver = Words(20, required=True)
    taker = Words(20, required=True)
    moved = fields.Integer(required=True, validate=validate.Range(1, MOST_PLACES))
    transfer_reason = Words(2000, required=True)


class PermitForm(Schema):
    """Who may come late, until when, and why."""

    applicant = Words(200, required=True)
    until = fields.String(required=True, validate=local_time)
    permit_reason = Words(2000, required=True)
