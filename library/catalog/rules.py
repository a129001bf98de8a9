"""Formal rules: named checks with parameters over a case's document. Pure; a rule is data, never an expression.

One function evaluates them in the draft, at submission and on the officer's desk. The document is as it was
typed: anything may be missing or of the wrong kind, and a check says no to it rather than fail.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..fields import PARTIAL_DATE, bilingual, choice
from .draft_models import CHECKS, LEVELS
from .schemas import FILE_KINDS, CaseDocument
from .sections import section_of


class Rule(Protocol):
    """A row of `formal_rule`, or what stands for one."""

    code: Any
    check: Any
    field: Any
    params: Any
    level: Any
    text: Any


@dataclass(frozen=True)
class Finding:
    """What a rule says of a document. `field` is the first place that breaks it, such as `connections.0.as_of`."""

    code: str
    level: str
    field: str
    section: str
    text: Mapping[str, str]
    met: bool

    @property
    def blocks(self) -> bool:
        return not self.met and self.level == "block"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Place:
    """A value of the document with its path, what it stands in, and the whole."""

    path: str
    value: Any
    around: Any
    document: Mapping[str, Any]


def evaluate(rules: Iterable[Rule], document: Mapping[str, Any], *, today: dt.date) -> list[Finding]:
    """What each rule says, in their order."""
    return [_finding(rule, document, today) for rule in rules]


def _finding(rule: Rule, document: Mapping[str, Any], today: dt.date) -> Finding:
    holds, _ = CHECK[rule.check]
    where = rule.params.get("where")
    places = (place for place in _places(document, rule.field) if where is None or _among(place.around, where))
    broken = next((place.path for place in places if not holds(place, rule.params, today)), None)
    field = rule.field.split(".*")[0] if broken is None else broken
    return Finding(rule.code, rule.level, field, section_of(field) or "", rule.text, broken is None)


def _places(document: Mapping[str, Any], path: str) -> Iterator[Place]:
    """Where the path leads: `*` stands for every item of a list; of no item when there is no list."""
    found = [Place("", document, None, document)]
    for name in path.split("."):
        found = [inner for place in found for inner in _within(place, name)]
    yield from found


def _within(place: Place, name: str) -> Iterator[Place]:
    value = place.value
    if name == "*":
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield Place(f"{place.path}.{number}", item, item, place.document)
    else:
        inner = value.get(name) if isinstance(value, Mapping) else None
        yield Place(f"{place.path}.{name}".lstrip("."), inner, value, place.document)


def _among(around: Any, where: Mapping[str, Any]) -> bool:
    """Does what stands beside the value say one of these things?"""
    said = around.get(where["field"]) if isinstance(around, Mapping) else None
    return any(each in where["among"] for each in (said if isinstance(said, list) else [said]))


def _blank(value: Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _present(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    return not _blank(place.value)


def _min_length(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    return _length(place) >= params["at_least"]


def _max_length(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    return _length(place) <= params["at_most"]


def _length(place: Place) -> int:
    """Words where the path ends in `en`, else characters that are not blank."""
    text = place.value if isinstance(place.value, str) else ""
    words = text.split()
    return len(words) if place.path.endswith(".en") else sum(map(len, words))


def _min_items(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    items = place.value if isinstance(place.value, list) else []
    if of := params.get("of"):
        items = [item for item in items if _among(item, of)]
    return len(items) >= params["at_least"]


def _max_age_months(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    """Dates in part count as their last day; none may begin after today. What is missing is not too old."""
    if _blank(place.value):
        return True
    span = _span(place.value)
    return span is not None and span[0] <= today and span[1] >= _months_before(today, params["months"])


def _span(text: Any) -> tuple[dt.date, dt.date] | None:
    """First and last day of a date of which a part is known."""
    if not isinstance(text, str) or not PARTIAL_DATE.fullmatch(text):
        return None
    year, month, day = [*map(int, text.split("-")), 0, 0][:3]
    try:
        if day:
            return dt.date(year, month, day), dt.date(year, month, day)
        last = month or 12
        return dt.date(year, month or 1, 1), dt.date(year, last, calendar.monthrange(year, last)[1])
    except ValueError:
        return None


def _months_before(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _sum_equals(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    """The numbers of a list (their `of`, when its items have several) add to a number or to another field."""
    items = place.value if isinstance(place.value, list) else []
    if not items:
        return True
    parts = [item.get(params["of"]) if isinstance(item, Mapping) else item for item in items]
    total = params.get("total")
    if total is None:
        total = next((other.value for other in _places(place.document, params["total_of"])), None)
    numbers = [*parts, total]
    return all(isinstance(each, int | float) for each in numbers) and sum(filter(None, parts)) == total


def _file_kind(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    files = place.value if isinstance(place.value, list) else []
    right = [file for file in files if isinstance(file, Mapping) and file.get("kind") in params["kinds"]]
    return len(right) >= params.get("at_least", 1)


def _one_of(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    """What is missing is not wrong: that something must be said is another rule."""
    return _blank(place.value) or place.value in params["choices"]


def _equals(place: Place, params: Mapping[str, Any], today: dt.date) -> bool:
    return bool(place.value == params["value"]) and isinstance(place.value, bool) == isinstance(
        params["value"], bool
    )


Check = Callable[[Place, Mapping[str, Any], dt.date], bool]


def _number_of(least: int, most: int, **kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most), **kwargs)


class Where(Schema):
    """Only what has beside it, under `field`, one of these words is looked at."""

    field = fields.String(required=True, validate=validate.Regexp(r"[a-z_]{1,40}\Z"))
    among = fields.List(fields.Raw(), required=True, validate=validate.Length(1, 20))


class Params(Schema):
    where = fields.Nested(Where)


class AtLeast(Params):
    at_least = _number_of(1, 20_000, required=True)


class AtMost(Params):
    at_most = _number_of(1, 20_000, required=True)


class Items(AtLeast):
    of = fields.Nested(Where)


class Age(Params):
    months = _number_of(1, 600, required=True)


class Sum(Params):
    of = fields.String(validate=validate.Regexp(r"[a-z_]{1,40}\Z"))
    total = _number_of(0, 10**12)
    total_of = fields.String(validate=lambda path: known_path(path))

    @validates_schema
    def one_total(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("total" in data) == ("total_of" in data):
            raise ValidationError("Say either a total or the field that holds it.", "total")


class Kinds(Params):
    kinds = fields.List(choice(*FILE_KINDS), required=True, validate=validate.Length(1))
    at_least = _number_of(1, 30)


class Choices(Params):
    choices = fields.List(fields.String(), required=True, validate=validate.Length(1, 50))


class Value(Params):
    value = fields.Raw(required=True, validate=lambda value: _simple(value))


CHECK: Mapping[str, tuple[Check, type[Schema]]] = {
    "present": (_present, Params),
    "min_length": (_min_length, AtLeast),
    "max_length": (_max_length, AtMost),
    "min_items": (_min_items, Items),
    "max_age_months": (_max_age_months, Age),
    "sum_equals": (_sum_equals, Sum),
    "file_kind": (_file_kind, Kinds),
    "one_of": (_one_of, Choices),
    "equals": (_equals, Value),
}
"""Each check and the shape of its parameters."""


def _simple(value: Any) -> None:
    if not isinstance(value, str | int | bool) or len(str(value)) > 200:
        raise ValidationError("A word, a number, true or false.")


def known_path(path: str) -> None:
    """Is there such a place in a case? Raises ValidationError."""
    here: Any = CaseDocument()
    for name in path.split("."):
        if isinstance(here, fields.Nested):
            here = here.schema
        if isinstance(here, Schema):
            named = {field.data_key or key: field for key, field in here.fields.items()}
            here = named.get(name)
        else:
            here = here.inner if isinstance(here, fields.List) and name == "*" else None
        if here is None:
            raise ValidationError(f"A case has no field {path}.")


class RuleForm(Schema):
    """A formal rule as its file says it and as an officer edits it."""

    code = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9]+(-[a-z0-9]+)*\Z"))
    check = choice(*CHECKS, required=True)
    field = fields.String(required=True, validate=[validate.Length(max=60), known_path])
    params = fields.Dict(keys=fields.String(), load_default=dict)
    level = choice(*LEVELS, required=True)
    text = fields.Nested(bilingual(300, english=True), required=True)
    active = fields.Boolean(load_default=True)

    @validates_schema
    def params_fit_the_check(self, data: Mapping[str, Any], **_: Any) -> None:
        if errors := CHECK[data["check"]][1]().validate(data["params"]):
            raise ValidationError({"params": errors})


class RulesShape(Schema):
    """What `rules.json` holds."""

    rules = fields.List(fields.Nested(RuleForm), required=True)
