"""A draft's sections: what may be kept of what was typed, and how they become the document of a case.

A draft keeps what was typed, wrong values and all; the schema is asked for its complaints and never corrects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import Any, Protocol

from marshmallow import Schema, ValidationError, fields, validate

from ..db import canonical
from ..errors import Invalid, Text
from ..fields import Words, choice, plain, text
from . import mistakes
from .schemas import AUDIENCES, DRAFT_SECTIONS, FILE_KINDS, AttachedFile, CaseDocument

TIMES = 10  # so much longer than the schema allows may a text be and still be kept, for its writer to cut
SHORT = 100  # the limit of what the schema gives none: codes, dates, numbers
MOST_ENTRIES = 200
MOST_CHARACTERS = 1_000_000  # of a whole section
# A verification writes this, not the owner.
NOT_TYPED = frozenset({"verified"})
SECTION_OF = {field: section for section, names in DRAFT_SECTIONS.items() for field in names}
Content = Mapping[str, Any]

NUMBER = re.compile(
    r"(?P<whole>\d{1,3}(?:[, ]\d{3})+|\d+)(?:\.(?P<part>\d+))?\s?(?P<unit>[kKM万萬亿億])?", re.ASCII
)
# Full-width letters, digits and signs, and the spaces that group digits. No more: NFKC makes 102 of 10².
NARROW = {sign: sign - 0xFEE0 for sign in range(0xFF01, 0xFF5F)}
NARROW |= dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u3000"), ord(" "))
UNITS = {"k": 10**3, "K": 10**3, "M": 10**6, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
ANSWERS = dict.fromkeys(("yes", "true", "on", "是"), True) | dict.fromkeys(("no", "false", "off", "否"), False)


class DraftFile(Schema):
    """A file of a draft: which upload it is, and how it is shown."""

    upload = fields.String(required=True, validate=validate.Length(max=20))
    title = text(200, required=True)
    audience = choice(*AUDIENCES, load_default="ministry")
    kind = choice(*FILE_KINDS, load_default="document")


class Remark(Schema):
    """A comment on a section."""

    text = Words(2000, required=True)


# Of an attached file: what its owner says of it, and what the store knows.
SHOWN = tuple(name for name in DraftFile._declared_fields if name != "upload")
FACTS = tuple(name for name in AttachedFile._declared_fields if name not in SHOWN)


class Stored(Protocol):
    """A file in the store: an upload, or an attachment of a case."""

    key: str
    name: str
    size: int
    media_type: Any
    sha256: Any


SCHEMA = CaseDocument()  # made once: a new one costs as much as a validation
DOCUMENT: Mapping[str, fields.Field[Any]] = SCHEMA.fields
SHAPES: Mapping[str, Mapping[str, fields.Field[Any]]] = {
    section: {
        name: fields.List(fields.Nested(DraftFile)) if name == "attachments" else DOCUMENT[name] for name in names
    }
    for section, names in DRAFT_SECTIONS.items()
}


def section_of(path: str) -> str | None:
    """Which section holds a field: `connections.0.value` stands in `connections`."""
    return SECTION_OF.get(path.partition(".")[0])


def refuse(section: str, content: Any) -> None:
    """Raise Invalid, naming the fields, when some of `content` may not be kept at all."""
    errors: dict[str, list[Text]] = {}
    if isinstance(content, Mapping):
        _look_into(SHAPES[section], content, "", errors)
    else:
        errors[""] = [mistakes.FORM]
    if not errors and len(canonical(content)) > MOST_CHARACTERS:
        errors[""] = [Text("A section holds at most %(most)s characters.", {"most": f"{MOST_CHARACTERS:,}"})]
    if errors:
        raise Invalid(Text("This cannot be kept."), fields=errors)


def tidy(value: Any) -> Any:
    """Without blanks: no empty texts, parts or last entries.

    An empty entry between others stays, so that what is said about the third is said about the third.
    """
    if isinstance(value, Mapping):
        parts = {name: tidy(inner) for name, inner in value.items()}
        return {name: inner for name, inner in parts.items() if inner is not None and inner not in ("", {}, [])}
    if isinstance(value, list):
        entries = [tidy(entry) for entry in value]
        if not any(isinstance(entry, Mapping) for entry in entries):
            return [entry for entry in entries if entry is not None and entry != ""]
        while entries and not entries[-1]:
            entries.pop()
        return [entry or {} for entry in entries]
    return "" if isinstance(value, str) and not value.strip() else value


def typed(raw: Content) -> dict[str, Any]:
    """The document with numbers and answers read where the schema wants them; the unreadable stays as it is."""
    return {name: _typed(DOCUMENT[name], value) if name in DOCUMENT else value for name, value in raw.items()}


def compose(contents: Mapping[str, Content], files: Mapping[str, Stored]) -> dict[str, Any]:
    """The document that the sections make, without number and origin. `files` are those that are ready, by key."""
    raw = {name: value for section, content in contents.items() for name, value in content.items()}
    if entries := raw.pop("attachments", None):
        # Typed by anybody: what names a file may be anything.
        attached = [_attached(each, files[each["upload"]]) for each in entries if str(each.get("upload")) in files]
        raw |= {"attachments": attached} if attached else {}
    return typed(raw)


def split(document: Content, files: Mapping[str, Stored]) -> dict[str, dict[str, Any]]:
    """The sections that make `document`: compose() the other way round. A file is found by what it holds."""
    keys = {file.sha256: key for key, file in files.items()}
    attached = [
        {"upload": keys[file["sha256"]], **{name: file[name] for name in SHOWN if name in file}}
        for file in document.get("attachments", ())
        if file.get("sha256") in keys
    ]
    whole = {**document, "attachments": attached}
    return {
        section: tidy({name: _typeable(whole[name]) for name in names if name in whole})
        for section, names in DRAFT_SECTIONS.items()
    }


def trouble(raw: Content) -> dict[str, list[Text]]:
    """What the schema finds wrong with a composed document, by the path of the field.

    What is not there yet is told as `mistakes.MISSING`.
    """
    origin = raw.get("origin", "submitted")
    code = "DEMO-0000" if origin == "demo" else "MIOT-2000-0000"
    found: dict[str, list[Text]] = {}
    for path, said in mistakes.flat(SCHEMA.validate({"code": code, "origin": origin, **raw})):
        words = mistakes.sentence(said, at(raw, path))
        if words not in found.setdefault(path, []):
            found[path].append(words)
    return found


def changes(old: Any, new: Any, path: str = "") -> list[str]:
    """The paths at which two contents differ."""
    if old == new:
        return []
    if _either(Mapping, old, new):
        old, new = old or {}, new or {}
        pairs = {name: (old.get(name), new.get(name)) for name in (*old, *new)}
    elif _either(list, old, new):
        pairs = {str(place): pair for place, pair in enumerate(zip_longest(old or [], new or []))}
    else:
        return [path]
    return [each for name, (was, now) in pairs.items() for each in changes(was, now, f"{path}.{name}".lstrip("."))]


def covered(path: str, named: Sequence[str]) -> bool:
    """Is the field at `path` one of those named, or a part of one?"""
    return any(path == name or path.startswith(f"{name}.") for name in named)


def _either(kind: type, old: Any, new: Any) -> bool:
    return all(value is None or isinstance(value, kind) for value in (old, new))


@cache
def _inside(schema: type[Schema]) -> Mapping[str, fields.Field[Any]]:
    """The fields of a part, by the names under which they are written."""
    return {field.data_key or name: field for name, field in schema().fields.items()}


def part(field: fields.Nested) -> Mapping[str, fields.Field[Any]]:
    return _inside(type(field.schema))


def limit(field: fields.Field[Any], otherwise: int) -> int:
    lengths = [rule.max for rule in field.validators if isinstance(rule, validate.Length) and rule.max]
    return lengths[0] if lengths else otherwise


def _look_into(
    known: Mapping[str, fields.Field[Any]], content: Content, path: str, errors: dict[str, list[Text]]
) -> None:
    for name, value in content.items():
        place = f"{path}.{name[:60]}".lstrip(".")
        if name not in known or name in NOT_TYPED:
            errors[place] = [Text("A case has no such field.")]
        elif value is not None and (wrong := _look_at(known[name], value, place, errors)):
            errors[place] = [wrong]


def _look_at(field: fields.Field[Any], value: Any, path: str, errors: dict[str, list[Text]]) -> Text | None:
    """Why `value` may not be kept; what is wrong further inside goes into `errors`."""
    if isinstance(field, fields.Nested):
        if not isinstance(value, Mapping):
            return mistakes.FORM
        _look_into(part(field), value, path, errors)
    elif isinstance(field, fields.List):
        most = max(MOST_ENTRIES, limit(field, 0))
        if not isinstance(value, list):
            return mistakes.FORM
        if len(value) > most:
            return Text("At most %(most)s entries are kept here.", {"most": most})
        inner = {str(place): field.inner for place in range(len(value))}
        _look_into(inner, {str(place): entry for place, entry in enumerate(value)}, path, errors)
    elif isinstance(value, str):
        most = TIMES * limit(field, SHORT)
        if len(value) > most:
            return Text("At most %(most)s characters are kept here.", {"most": f"{most:,}"})
        try:
            plain(value)
        except ValidationError as error:
            return mistakes.sentence(str(error.messages[0]))
    elif not isinstance(value, int | float) or not -1e30 < value < 1e30:  # nor what is not a number
        return mistakes.FORM
    return None


def _typed(field: fields.Field[Any], value: Any) -> Any:
    if isinstance(field, fields.Nested) and isinstance(value, Mapping):
        known = part(field)
        return {name: _typed(known[name], inner) if name in known else inner for name, inner in value.items()}
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_typed(field.inner, entry) for entry in value]
    if isinstance(value, str):
        for kind, read in ((fields.Integer, _integer), (fields.Decimal, _amount), (fields.Boolean, _answer)):
            if isinstance(field, kind):
                return read(value.translate(NARROW).strip(), value)
    return value


def _integer(said: str, otherwise: str) -> int | str:
    """A whole number as people write it: 1,200, 1 200, 12万, 1.5M. "1.200" may mean two things and stays."""
    found = NUMBER.fullmatch(said)
    if not found or (found["part"] and not found["unit"]):
        return otherwise
    part = found["part"] or ""
    value, rest = divmod(int(_digits(found["whole"]) + part) * UNITS.get(found["unit"], 1), 10 ** len(part))
    return otherwise if rest else value


def _amount(said: str, otherwise: str) -> str:
    found = NUMBER.fullmatch(said)
    if not found or found["unit"]:
        return otherwise
    return _digits(found["whole"]) + (f".{found['part']}" if found["part"] else "")


def _answer(said: str, otherwise: str) -> bool | str:
    return ANSWERS.get(said.lower(), otherwise)


def _digits(grouped: str) -> str:
    return grouped.replace(",", "").replace(" ", "")


def _attached(entry: Content, file: Stored) -> dict[str, Any]:
    facts = {name: getattr(file, name, None) for name in FACTS}
    # Whoever said nothing of who may see it has not opened it to everybody.
    shown = {"audience": "ministry", **{name: entry[name] for name in SHOWN if name in entry}}
    return {**shown, **{name: fact for name, fact in facts.items() if fact is not None}}


def _typeable(value: Any) -> Any:
    """Without what is never typed."""
    if isinstance(value, Mapping):
        return {name: _typeable(inner) for name, inner in value.items() if name not in NOT_TYPED}
    return [_typeable(entry) for entry in value] if isinstance(value, list) else value


def at(raw: Any, path: str) -> Any:
    """What stands at `path`, if there is anything."""
    for name in path.split("."):
        if isinstance(raw, Mapping):
            raw = raw.get(name)
        elif isinstance(raw, list) and name.isdigit() and int(name) < len(raw):
            raw = raw[int(name)]
        else:
            return None
    return raw
