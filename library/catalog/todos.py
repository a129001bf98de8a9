"""What is still to be done to a draft: each thing with its section, its control and its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .. import figures, forms
from ..errors import Text
from . import mistakes, sections
from .draft_models import DraftComment
from .schemas import DRAFT_SECTIONS
from .sections import section_of
from .sheets import CONTROLS, caption
from .submissions import Readiness

Contents = Mapping[str, Mapping[str, Any]]
Say = Callable[[Text | str], str]
NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Todo:
    """One thing that must or should be done: in which section, at which control, in which words."""

    section: str
    name: str
    text: str
    """As it stands in a list; `said` is for those who see the field."""
    said: str
    wrong: bool
    """Something stands there and is not right, as against nothing at all."""
    level: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class State:
    """How far a section is: empty, fix, complete; locked where a returned case may not be changed."""

    name: str
    word: str
    fixes: int = 0
    comments: int = 0
    opened: bool = False
    """Of a returned case: it came back for something in here."""


def anchor(contents: Contents, path: str) -> str:
    """The name of the control for the field at `path`."""
    section = section_of(path) or ""
    return forms.name_of(CONTROLS.get(section, ()), contents.get(section, {}), path)


def todos(ready: Readiness, contents: Contents, say: Say, lang: str) -> tuple[list[Todo], list[Todo]]:
    """What must be done before the case is handed in, and what had better be done."""
    found: dict[str, list[Todo]] = {"block": [], "warn": []}
    for each in ready.findings:
        if not each.met:
            words, there = figures.pick(each.text, lang), sections.at(ready.document, each.field) not in NOTHING
            found[each.level].append(
                Todo(each.section, anchor(contents, each.field), words, words, there, each.level)
            )
    for path, said in ready.trouble.items():
        words = " ".join(map(say, said))
        text = say(Text("%(field)s: %(words)s", {"field": caption(path, lang), "words": words}))
        wrong = any(each.id != mistakes.MISSING.id for each in said)
        found["block"].append(Todo(section_of(path) or "", anchor(contents, path), text, words, wrong, "block"))
    for path in ready.unconfirmed:
        text = say(Text("%(field)s: copied; look at it and confirm it.", {"field": caption(path, lang)}))
        found["block"].append(Todo(section_of(path) or "", path, text, "", False, "block"))
    found["block"] += [Todo("", "", say(each), "", False, "block") for each in ready.reasons]
    order = ["", *DRAFT_SECTIONS]
    must, may = (sorted(each, key=lambda todo: order.index(todo.section)) for each in found.values())
    return must, may


def states(
    contents: Contents, must: Sequence[Todo], comments: Sequence[DraftComment], named: Sequence[str] | None
) -> list[State]:
    """Each section with how far it is. `named`: the fields for which a case came back, if it did."""
    fixes = Counter(todo.section for todo in must)
    open_comments = Counter(each.section for each in comments if each.settled_at is None)
    found = []
    for name in DRAFT_SECTIONS:
        opened = named is not None and any(section_of(each) == name for each in named)
        word = "fix" if fixes[name] else "complete"
        word = word if contents[name] else "empty"
        word = "locked" if named is not None and not opened else word
        found.append(State(name, word, fixes[name], open_comments[name], opened))
    return found
