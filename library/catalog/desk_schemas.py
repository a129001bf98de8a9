"""What officers and owners fill in: answers to submissions, farewells, links, days of the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..fields import Words, text
from .schemas import DRAFT_SECTIONS


class ReturnForm(Schema):
    """What an officer says who sends a case back: which fields reopen, why, and within how many working days."""

    fields_ = fields.List(
        fields.String(validate=[validate.Length(max=60), lambda path: drafted(path)]),
        data_key="fields",
        required=True,
        validate=validate.Length(1, 60),
    )
    reason = Words(4000, required=True)
    days = fields.Integer(required=True, validate=validate.Range(1, 120))


class ReasonForm(Schema):
    """Why a case is declined, or a link refused."""

    reason = Words(4000, required=True)


class AdmitForm(Schema):
    """Into the library; `embargo`: not yet public, because the applicant asked."""

    embargo = fields.Boolean(load_default=False)
    reason = Words(4000)

    @validates_schema
    def an_embargo_has_a_reason(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["embargo"] and not data.get("reason"):
            raise ValidationError("Missing data for required field.", "reason")


class FarewellForm(Schema):
    """Why a case leaves the library, for everybody to read."""

    farewell = Words(1000, required=True)


class LinkForm(Schema):
    """What an organisation says that asks to be linked with a collected case."""

    text = Words(2000, required=True)


class DayForm(Schema):
    """A day of the calendar of working days."""

    day = fields.Date(required=True)
    working = fields.Boolean(required=True)
    title = text(100, required=True)


class CalendarShape(Schema):
    """What `calendar.json` holds."""

    sources = fields.List(fields.Dict(), required=True, validate=validate.Length(1))
    days = fields.List(fields.Nested(DayForm), required=True)


def drafted(path: str) -> None:
    """Is there such a place in a draft? Raises ValidationError."""
    name = path.partition(".")[0]
    if not any(name in names for names in DRAFT_SECTIONS.values()):
        raise ValidationError("Unknown field.")
