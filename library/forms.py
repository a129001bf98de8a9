"""A marshmallow schema seen as an HTML form: its controls, and what was typed into them as raw content.

A control's name is the way to its value: `title.zh`, `connections.0.value`. What is blank is left out of the
content, what is wrong stays in it as text: whether a value is right is the schema's affair, later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from marshmallow import fields, validate

from .fields import Words, partial_date

# What people put between the digits of a large number.
GROUPING = re.compile(r"[\s,_'\u2009\u202f\uff0c]")
WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
LINE = 200  # a text that may be longer gets a box of several lines
HERE = "."  # where the values of a name itself lie in the tree of names; no part of a name is spelt so
Given = dict[str, list[str]]


class Typed(Protocol):
    """Names with their values, several a name, in order: werkzeug's MultiDict, for one."""

    def __iter__(self) -> Iterator[str]: ...

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Control:
    """One field of a schema as a form shows it.

    `path` is the way to it without the numbers of repeated items. `kind` is one of: line, text, pair (a text in
    both languages), number, date, choice, tick; choices, codes, numbers (several values under one name); lines
    (one line each, numbered); group (of fields); list (of groups, numbered, or one for each choice of `by`).
    """

    name: str
    path: str
    kind: str
    required: bool = False
    limit: int | None = None
    choices: tuple[str, ...] = ()
    default: str = ""
    audience: str = ""
    by: str = ""
    inner: tuple[Control, ...] = ()

    @property
    def weight(self) -> int:
        """Small controls stand before texts in two languages, then come lists to tick, then repeated items."""
        return {"pair": 1, "group": 1, "choices": 2, "codes": 2, "numbers": 2, "list": 3}.get(self.kind, 0)


def controls(
    found: Mapping[str, fields.Field[Any]],
    *,
    by: Mapping[str, str] | None = None,
    without: frozenset[str] = frozenset(),
    path: str = "",
) -> tuple[Control, ...]:
    """The controls of these fields of a schema, but those whose path stands in `without`.

    `by` says of a list which of its choices it has one item each of.
    """
    made = []
    for key, field in found.items():
        name = field.data_key or key
        here = f"{path}.{name}" if path else name
        if here not in without:
            made.append(_control(name, here, field, dict(by or {}), without))
    return tuple(made)


def _control(
    name: str, path: str, field: fields.Field[Any], by: Mapping[str, str], without: frozenset[str]
) -> Control:
    kind, limit = "line", _limit(field)
    inner: tuple[Control, ...] = ()
    offered = [tuple(map(str, rule.choices)) for rule in field.validators if isinstance(rule, validate.OneOf)]
    choices = offered[0] if offered else ()
    if isinstance(field, fields.Nested):
        inner = controls(field.schema.fields, by=by, without=without, path=path)
        pair = {each.name for each in inner} == {"en", "zh"}
        kind, limit = ("pair", inner[0].limit) if pair else ("group", None)
    elif isinstance(field, fields.List):
        one = _control(name, path, field.inner, by, without)
        kind = {"group": "list", "choice": "choices", "number": "numbers"}.get(one.kind, "lines")
        kind = "codes" if kind == "lines" and not field.inner.validators else kind
        inner, choices, limit = one.inner, one.choices, one.limit if kind == "lines" else limit
    elif isinstance(field, fields.Boolean):
        kind = "tick"
    elif isinstance(field, fields.Integer):
        kind = "number"
    elif choices:
        kind = "choice"
    elif partial_date in field.validators:
        kind = "date"
    elif isinstance(field, Words) and limit and limit > LINE:
        kind = "text"
    return Control(
        name,
        path,
        kind,
        required=field.required,
        limit=limit,
        choices=choices,
        default=field.load_default if isinstance(field.load_default, str) else "",
        audience=str(field.metadata.get("audience", "")),
        by=by.get(path, ""),
        inner=inner,
    )


def _limit(field: fields.Field[Any]) -> int | None:
    return next((rule.max for rule in field.validators if isinstance(rule, validate.Length)), None)


# From a form to content -----------------------------------------------------------------------------------


def read(shown: Sequence[Control], typed: Typed) -> dict[str, Any]:
    """What was typed, shaped as the schema wants it. Names that no control has are passed over."""
    tree: dict[str, Any] = {}
    for key in typed:
        at = tree
        for part in key.split("."):
            at = at.setdefault(part, {})
        at[HERE] = typed.getlist(key)
    return _group(shown, tree)


def _group(shown: Sequence[Control], tree: Mapping[str, Any]) -> dict[str, Any]:
    values = {each.name: _value(each, tree[each.name]) for each in shown if each.name in tree}
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}


def _value(control: Control, tree: Mapping[str, Any]) -> Any:
    given = [_plain(word) for word in tree.get(HERE, ())]
    if control.kind in ("group", "pair"):
        return _unless_blank(control, _group(control.inner, tree))
    if control.kind == "list":
        return _items(control, tree)
    if control.kind in ("choices", "codes", "lines", "numbers"):
        numbered = [_plain(word) for _, item in _numbered(tree) for word in item.get(HERE, ())]
        found = list(dict.fromkeys(word for word in numbered + given if word))
        return [_number(word) for word in found] if control.kind == "numbers" else found
    if control.kind == "tick":
        return True if any(given) else None
    return (_number(given[-1]) if control.kind == "number" else given[-1]) if given else None


def _items(control: Control, tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    if control.by:
        kinds = next(each.choices for each in control.inner if each.name == control.by)
        keys = [(kinds.index(key.partition("-")[0]), key) for key in tree if key.partition("-")[0] in kinds]
        items = [
            _group(control.inner, {**tree[key], control.by: {HERE: [kinds[place]]}}) for place, key in sorted(keys)
        ]
        return [item for item in items if item.keys() - {control.by}]
    items = [_unless_blank(control, _group(control.inner, item)) for _, item in _numbered(tree)]
    while items and not items[-1]:
        items.pop()
    # A blank one between others keeps its place, so that numbers on the page go on meaning the same.
    return items


def _unless_blank(control: Control, found: dict[str, Any]) -> dict[str, Any]:
    """Nothing, when all that is there came from the form itself."""
    defaults = {each.name: each.default for each in control.inner if each.default}
    return {} if all(defaults.get(name) == value for name, value in found.items()) else found


def _numbered(tree: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    found = [(int(key), item) for key, item in tree.items() if re.fullmatch(r"[0-9]{1,4}", key, re.ASCII)]
    return sorted(found, key=lambda each: each[0])


def _plain(word: str) -> str:
    return word.replace("\r\n", "\n").strip()


def _number(word: str) -> int | str:
    bare = GROUPING.sub("", word)
    return int(bare) if WHOLE.fullmatch(bare) else word


# From content to a form -----------------------------------------------------------------------------------


def written(shown: Sequence[Control], content: Mapping[str, Any]) -> Given:
    """The names and values that a form with this content would send."""
    return dict(_written(shown, content, ""))


def _written(shown: Sequence[Control], content: Mapping[str, Any], before: str) -> Iterator[tuple[str, list[str]]]:
    for each in shown:
        value, name = content.get(each.name), before + each.name
        if each.kind in ("group", "pair"):
            yield from _written(each.inner, value or {}, f"{name}.")
        elif each.kind == "list":
            for key, item in keyed(each, value or []):
                yield from _written(each.inner, item, f"{name}.{key}.")
        elif value is not None and value is not False and value not in ("", []):
            yield (
                name,
                ["yes"]
                if value is True
                else [str(one) for one in (value if isinstance(value, list) else [value])],
            )


def keyed(control: Control, items: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each item of a list with the part of its name that stands for it: its number, or what it is by."""
    if not control.by:
        return [(str(place), item) for place, item in enumerate(items)]
    seen: dict[str, int] = {}
    found = []
    for item in items:
        kind = str(item.get(control.by, ""))
        seen[kind] = seen.get(kind, 0) + 1
        found.append((kind if seen[kind] == 1 else f"{kind}-{seen[kind]}", item))
    return found


def name_of(shown: Sequence[Control], content: Mapping[str, Any], path: str) -> str:
    """The name of the control where the value at this path of the content is typed."""
    parts = path.split(".")
    control = next((each for each in shown if each.name == parts[0]), None)
    if control and control.by and len(parts) > 1 and parts[1].isdecimal():
        keys = [key for key, _ in keyed(control, content.get(parts[0]) or [])]
        if int(parts[1]) < len(keys):
            parts[1] = keys[int(parts[1])]
    return ".".join(parts)


def control_at(shown: Sequence[Control], name: str) -> Control | None:
    """The control of this name, whatever item it stands in; None when there is none."""
    head, _, rest = name.partition(".")
    control = next((each for each in shown if each.name == head), None)
    if control is None or not rest:
        return control
    if control.kind == "list":
        rest = rest.partition(".")[2]
    elif control.kind == "lines":
        return control
    return control_at(control.inner, rest) if rest else control


# Repeated items -------------------------------------------------------------------------------------------


def without_item(typed: Typed, name: str, number: int) -> Given:
    """What was typed but for one item of a list; those after it keep their order."""
    gone = f"{name}.{number}"
    return {key: typed.getlist(key) for key in typed if not f"{key}.".startswith(f"{gone}.")}


def with_items_swapped(typed: Typed, name: str, one: int, other: int) -> Given:
    """What was typed with two items of a list in each other's place."""
    turned = {f"{name}.{one}": f"{name}.{other}", f"{name}.{other}": f"{name}.{one}"}
    found = {}
    for key in typed:
        parts = key.split(".")
        head = ".".join(parts[: name.count(".") + 2])
        found[".".join([turned.get(head, head), *parts[name.count(".") + 2 :]])] = typed.getlist(key)
    return found


class Values(Given):
    """Names and values once more as something typed."""

    def getlist(self, key: str, /) -> list[str]:
        return self.get(key, [])
