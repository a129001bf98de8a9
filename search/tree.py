"""What a reader asks for, as a tree: words to be found, facts to be met, and how the two are joined.

`search.language` grows it from what was typed, `search.matching` answers it. Everything is `All(())`, nothing
is `Any(())`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """Terms that satisfy a word: all of them in one document, or side by side in this order."""

    terms: tuple[str, ...]
    adjacent: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One thing to be found, in any of several ways (synonyms, spellings); scored as one word."""

    ways: tuple[Way, ...]
    asked: str
    """As the reader wrote it."""
    field: str = ""
    """The one text field it must stand in; none: any."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any term that begins like this; the first ones of the alphabet when there are very many."""

    start: str
    asked: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """A document whose facet has one of these codes."""

    facet: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A document whose number lies between these, both included. None: no bound. No number: not in it."""

    number: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


Node = Word | Prefix | Pick | Range | All | Any | Not

EVERYTHING = All(())
NOTHING = Any(())
