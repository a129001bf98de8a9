"""The shape of series and targets, for importer and form alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..catalog.models import BOUNDS
from ..fields import bilingual, choice, date

CODE = validate.Regexp(r"[a-z0-9]+(-[a-z0-9]+)*\Z", error="A code is small letters, digits and hyphens.")

# Both languages are required here: these texts are the library's own.
Title = bilingual(120, english=True)
Note = bilingual(400, english=True)
Unit = bilingual(20, english=True)


def slug(**kwargs: Any) -> fields.String:
    return fields.String(validate=[CODE, validate.Length(max=60)], **kwargs)


def number(**kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(0, 10**12), **kwargs)


def once(name: str, told: str) -> Callable[[Iterable[Mapping[str, Any]]], None]:
    """No two items with the same `name`."""

    def check(items: Iterable[Mapping[str, Any]]) -> None:
        twice = [value for value, count in Counter(item[name] for item in items).items() if count > 1]
        if twice:
            raise ValidationError(told.format(", ".join(twice)))

    return check


class Source(Schema):
    """Where a figure comes from. Without `link` the address is a copy on an unknown host, never shown."""

    title = fields.Nested(Title, required=True)
    url = fields.URL(schemes={"http", "https"}, validate=validate.Length(max=1000))
    link = fields.Boolean(load_default=False)

    @validates_schema
    def link_has_address(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["link"] and "url" not in data:
            raise ValidationError("A link needs an address.", "url")


class PointShape(Schema):
    as_of = date(required=True)
    value = number(required=True)
    bound = choice(*BOUNDS, load_default="exact")
    note = fields.Nested(Note)
    shown = fields.Boolean(load_default=True)
    source = fields.Nested(Source)

    @validates_schema
    def shown_with_source(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["shown"] and "source" not in data:
            raise ValidationError("A figure without a source is not shown: name the source.", "source")


class SeriesShape(Schema):
    code = slug(required=True)
    part_of = slug()
    title = fields.Nested(Title, required=True)
    definition = fields.Nested(Note, required=True)
    unit = fields.Nested(Unit, required=True)
    points = fields.List(
        fields.Nested(PointShape),
        load_default=list,
        validate=once("as_of", "Two points of the same date: {}."),
    )


class TargetShape(Schema):
    code = slug(required=True)
    series = slug()
    document = fields.Nested(Note, required=True)
    dated = date(required=True)
    title = fields.Nested(Title, required=True)
    value = number()
    words = fields.Nested(Title)
    unit = fields.Nested(Unit)
    bound = choice(*BOUNDS, load_default="exact")
    by = date(required=True)
    note = fields.Nested(Note)
    source = fields.Nested(Source, required=True)
    present = fields.Boolean(load_default=False)

    @validates_schema
    def number_or_words(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("value" in data) == ("words" in data):
            raise ValidationError("A target is a number or words, one of the two.", "value")
        if ("value" in data) != ("unit" in data):
            raise ValidationError("A number has a unit, words have none.", "unit")


class Statistics(Schema):
    """Series with their points, a series before its parts; and targets. Rows not named stay as they are."""

    series = fields.List(
        fields.Nested(SeriesShape),
        load_default=list,
        validate=once("code", "Two series of the same code: {}."),
    )
    targets = fields.List(
        fields.Nested(TargetShape),
        load_default=list,
        validate=once("code", "Two targets of the same code: {}."),
    )

    @validates_schema
    def one_present_target(self, data: Mapping[str, Any], **_: Any) -> None:
        present = [item for item in data["targets"] if item["present"] and "series" in item]
        try:
            once("series", "Two present targets of the same series: {}.")(present)
        except ValidationError as error:
            raise ValidationError(error.messages, "targets") from error
