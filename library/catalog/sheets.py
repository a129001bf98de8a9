"""A section of a draft as the editor draws it: its controls, its choices, and what two texts of it differ in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from .. import figures, forms, labels
from . import diff, hints, wording
from .schemas import COUNTRIES
from .sections import NOT_TYPED, SHAPES, covered

Content = Mapping[str, Any]
Contents = Mapping[str, Content]
CITING = ("sections", "outcomes", "timeline", "connections")
# The story has one pair of boxes for each kind of section.
BY = {"sections": "kind"}
# What no form asks for: what is verified elsewhere, and the language of a name that stands here in both.
WITHOUT = frozenset({f"connections.{name}" for name in NOT_TYPED} | {"parties.lang"})
CONTROLS: Mapping[str, tuple[forms.Control, ...]] = {
    section: forms.controls(shape, by=BY, without=WITHOUT) for section, shape in SHAPES.items()
}


@dataclass(frozen=True)
class Sheet:
    """One section, ready to be drawn by templates/_fields.html."""

    section: str
    content: Mapping[str, Any]
    version: int = 0
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    unconfirmed: Sequence[str] = ()
    named: Sequence[str] | None = None
    """Which fields may be changed in a returned case; None: all."""
    added: str = ""
    """The list that is shown with one more, empty item."""
    cited: Sequence[Mapping[str, Any]] = ()
    lang: str = "zh"

    @property
    def controls(self) -> tuple[forms.Control, ...]:
        return CONTROLS.get(self.section, ())

    def locked(self, name: str) -> bool:
        return self.named is not None and not any(
            covered(name, [each]) or covered(each, [name]) for each in self.named
        )

    def held(self, name: str) -> bool:
        """Is the whole field locked in which the control of this name stands?"""
        return self.locked(name.partition(".")[0])

    def choices(self, control: forms.Control) -> list[tuple[str, str]]:
        """Code and word of everything that may be chosen."""
        if control.kind == "numbers" or control.path == "connections.source":
            return [(str(place), f"{place}. {self._title(source)}") for place, source in enumerate(self.cited, 1)]
        if control.path == "technologies":
            return [(code, wording.label("technology", code)) for code in wording.tree().technologies]
        kind = hints.WORDS.get(control.path, control.path)
        if kind == "country":
            return list(_countries(self.lang))
        return [(code, wording.label(kind, code)) for code in control.choices]

    def kinds(self, control: forms.Control) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Name, kind and value of each item of a list that has one for each kind, unwritten ones too."""
        written = forms.keyed(control, self.content.get(control.name) or [])
        kinds = next(each.choices for each in control.inner if each.name == control.by)
        found = [(key, str(item.get(control.by)), item) for key, item in written]
        found += [(kind, kind, {}) for kind in kinds if kind not in dict(written)]
        return sorted(found, key=lambda each: kinds.index(each[1]) if each[1] in kinds else len(kinds))

    def words_of(self, control: forms.Control, value: Any) -> str:
        """Chosen codes as words."""
        values = [str(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
        return words(self, control, values)

    @cached_property
    def sectors(self) -> list[dict[str, Any]]:
        """The directions, each with its sectors from the top down."""
        tree = wording.tree()
        return [
            {"word": wording.label("direction", top.code), "leaves": list(self._leaves(top.code, 0))}
            for top in tree.children(None)
        ]

    @cached_property
    def sector_codes(self) -> frozenset[str]:
        return frozenset(wording.tree().sectors)

    def _leaves(self, code: str, deep: int) -> Iterable[dict[str, Any]]:
        for node in wording.tree().children(code):
            yield {"code": node.code, "word": wording.label("sector", node.code), "deep": deep}
            yield from self._leaves(node.code, deep + 1)

    @staticmethod
    def _title(source: Mapping[str, Any]) -> str:
        return str(source.get("title") or source.get("publisher") or source.get("url") or "")


@cache
def _countries(lang: str) -> tuple[tuple[str, str], ...]:
    """China first, then by the word."""
    rest = sorted((labels.country(code, lang), code) for code in COUNTRIES - {"CN"})
    return (("CN", labels.country("CN", lang)), *((code, word) for word, code in rest))


def read(sheet: Sheet, typed: forms.Typed) -> dict[str, Any]:
    """The content that was typed. What is locked, and no box was sent for, stays as it is."""
    sent = {name.partition(".")[0] for name in typed}
    kept = {name: value for name, value in sheet.content.items() if sheet.locked(name) and name not in sent}
    return {**forms.read(sheet.controls, typed), **kept}


def caption(path: str, lang: str) -> str:
    """What a field, or the control of this name, is called, with the numbers on the way and its language."""
    parts = path.split(".")
    tongue = parts.pop() if parts[-1] in figures.TAGS else ""
    names = [part for part in parts if not part.isdecimal()]
    numbers = "".join(f" {int(part) + 1}" for part in parts if part.isdecimal())
    if len(names) > 1 and names[0] in BY and names[1] in labels.LABELS["section"]:
        words = [wording.label("section", names[1])]
    else:
        words = [_part(names[0]) + numbers, *([_part(".".join(names))] if len(names) > 1 else [])]
    if tongue:
        words.append(figures.language(tongue, lang))
    return figures.joined(words, lang, kind="clause")


def _part(path: str) -> str:
    """A field by its whole path, where the labels know that, or by its own name."""
    return wording.label("part", path if path in labels.LABELS["part"] else path.rpartition(".")[2])


def differences(sheet: Sheet, mine: Content) -> list[dict[str, Any]]:
    """Every control that says one thing in `sheet` and another in `mine`, in the order of the form."""
    theirs, other = forms.written(sheet.controls, sheet.content), forms.written(sheet.controls, mine)
    found = []
    for name in [*theirs, *(each for each in other if each not in theirs)]:
        old, new = theirs.get(name, []), other.get(name, [])
        control = forms.control_at(sheet.controls, name)
        if old != new and control:
            found.append(
                {
                    "name": name,
                    "caption": caption(name, sheet.lang),
                    "theirs": words(sheet, control, old),
                    "mine": words(sheet, control, new),
                    "values": new,
                    "typed": control.kind in ("line", "text", "date", "number"),
                    "tag": figures.TAGS.get(name.rpartition(".")[2], ""),
                    "parts": diff.words(words(sheet, control, old), words(sheet, control, new)),
                }
            )
    return found


def words(sheet: Sheet, control: forms.Control, values: Sequence[str]) -> str:
    """What was typed or chosen, as words."""
    if control.kind == "tick":
        return wording.label("answer", "yes" if values else "no")
    if control.path == "sectors":
        return figures.joined((wording.label("sector", code) for code in values), sheet.lang)
    if control.kind in ("choice", "choices", "codes", "numbers") or control.path == "connections.source":
        known = dict(sheet.choices(control))
        return figures.joined((known.get(code, code) for code in values), sheet.lang, kind="names")
    return "\n".join(values)


def without_source(contents: Contents, gone: int) -> dict[str, dict[str, Any]]:
    """The sections that cite sources by number, once the source at place `gone` is taken out."""
    changed = {}
    for section, content in contents.items():
        cited = {name: [_cited(item, gone) for item in content[name]] for name in CITING if content.get(name)}
        if any(content[name] != items for name, items in cited.items()):
            changed[section] = {**content, **cited}
    return changed


def _cited(item: Any, gone: int) -> Any:
    def anew(number: Any) -> Any:
        return number - 1 if isinstance(number, int) and number > gone + 1 else number

    if not isinstance(item, Mapping):
        return item
    found = {name: value for name, value in item.items() if name != "source" or value != gone + 1}
    if "source" in found:
        found["source"] = anew(found["source"])
    if isinstance(found.get("sources"), list):
        found["sources"] = [anew(number) for number in found["sources"] if number != gone + 1]
    return found
