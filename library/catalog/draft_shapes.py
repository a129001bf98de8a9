"""What the interface for programs takes as a draft and answers about one."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from ..fields import NO_CONTROL_CHARACTERS, choice
from ..labels import N_
from . import sections
from .models import STATES
from .schemas import DRAFT_SECTIONS

BEYOND = 1e30
# What the schema library would say in English only.
FORM, NO_FIELD = N_("This is not in the expected form."), N_("A case has no such field.")
PAGE_RULE, PER_PAGE_RULE = N_("Pages are numbered from 1 to 100000."), N_("A page holds between 1 and 100 cases.")


def kept(field: fields.Field[Any]) -> dict[str, Any]:
    """Which values of a field of a case a draft may hold, as JSON Schema. Null may stand everywhere."""
    if isinstance(field, fields.Nested):
        parts = {name: each for name, each in sections.part(field).items() if name not in sections.NOT_TYPED}
        inner = {name: or_null(kept(each)) for name, each in parts.items()}
        return {"type": "object", "properties": inner, "additionalProperties": False}
    if isinstance(field, fields.List):
        most = max(sections.MOST_ENTRIES, sections.limit(field, 0))
        return {"type": "array", "items": or_null(kept(field.inner)), "maxItems": most}
    most = sections.TIMES * sections.limit(field, sections.SHORT)
    words = {"type": "string", "maxLength": most, "pattern": NO_CONTROL_CHARACTERS}
    numbers = {"type": "number", "exclusiveMinimum": -BEYOND, "exclusiveMaximum": BEYOND}
    return {"anyOf": [words, numbers, {"type": "boolean"}]}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


class _DraftFields(Schema):
    """Fields of a case, each whole. One that is not named stays as it is, and null takes one out."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": NO_FIELD, "type": FORM}  # noqa: RUF012 -- how marshmallow declares it


DraftFields = _DraftFields.from_dict(
    {
        name: fields.Raw(allow_none=True, metadata=kept(field))
        for section in DRAFT_SECTIONS
        for name, field in sections.SHAPES[section].items()
    },
    name="DraftFields",
)


class RuleShape(Schema):
    """A formal rule that is not met."""

    code = fields.String(required=True)
    field = fields.String(required=True)
    text = fields.String(required=True)


class DraftShape(Schema):
    key = fields.String(required=True)
    code = fields.String(required=True, allow_none=True, metadata={"description": "The number, once handed in."})
    state = choice(*STATES, required=True)
    url = fields.String(required=True, metadata={"description": "Where people go on writing it."})
    updated_at = fields.String(required=True, metadata={"format": "date-time"})
    versions = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    document = fields.Dict(required=True, metadata={"description": "As it was typed, wrong values and all."})
    ready = fields.Boolean(required=True, metadata={"description": "Whether it may be handed in."})
    rules = fields.List(
        fields.Nested(RuleShape), required=True, metadata={"description": "The formal rules that block it."}
    )
    mistakes = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    unconfirmed = fields.List(
        fields.String(), required=True, metadata={"description": "Copied fields that somebody must confirm."}
    )
    reasons = fields.List(fields.String(), required=True)


class DraftRow(Schema):
    key = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    state = choice(*STATES, required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    updated_at = fields.String(required=True, metadata={"format": "date-time"})
    url = fields.String(required=True)


class DraftsShape(Schema):
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(DraftRow), required=True)


class DraftsArgs(Schema):
    state = fields.String(
        load_default="", validate=validate.OneOf(STATES, error=N_("Choose one of the values that are offered."))
    )
    page = fields.Integer(
        load_default=1, validate=validate.Range(1, 100_000, error=PAGE_RULE), error_messages={"invalid": PAGE_RULE}
    )
    per_page = fields.Integer(
        load_default=30,
        validate=validate.Range(1, 100, error=PER_PAGE_RULE),
        error_messages={"invalid": PER_PAGE_RULE},
    )


class MoveFields(Schema):
    """What goes with a move."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": N_("A move has no such field."), "type": FORM}  # noqa: RUF012 -- as above

    farewell = fields.String(
        validate=validate.Length(max=1000, error=N_("At most 1,000 characters.")),
        error_messages={"invalid": FORM, "null": FORM},
        metadata={"description": "Of `case.archive`: why, for everybody."},
    )


class MovedShape(Schema):
    """Where a case stands after a move."""

    key = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    state = choice(*STATES, required=True)
    receipt = fields.String(
        required=True, allow_none=True, metadata={"description": "Number of what was handed in last."}
    )
