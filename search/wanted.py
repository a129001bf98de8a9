"""A reader's words → what must be found: words, each with one or more ways to satisfy it.

Plain words and quoted phrases. Operators, fields and numbers to compare are read in `search.language`, which
asks here for the words between them.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from search import analysis
from search.synonyms import Known, known, longest
from search.tree import Way, Word

MAX_TERMS = 64

MAX_SYNONYMS = 256
"""Terms of other names; the words that come after so many are looked for as they are written."""

MAX_READ = 1024

MAX_SINGLES = 8

_STOP_EN = "a an and are as at by for from in is of on or the to with"
STOP = frozenset((*"的了和与及或在是等为之", *_STOP_EN.split()))
"""Nobody means these when they search; they are dropped unless there is nothing else."""

MEASURES = frozenset("个只台辆座盏户处人次件套家条块张部支枚栋亩头匹艘架级元")
"""What is said after a number in Chinese and not in English: 120万只水表 is 1.2 million water meters."""


def wanted(text: str) -> list[Word]:
    """All of them must be found. At most MAX_TERMS terms are looked for; what follows them is ignored."""
    found: dict[tuple[Way, ...], Word] = {}
    room, room_for_others = MAX_TERMS, MAX_SYNONYMS
    for own, others, asked in _asked(text):
        if own in found:
            continue
        room -= _size(own)
        if room < 0:
            break
        room_for_others -= _size(others)
        found[own] = Word(own + others if room_for_others >= 0 else own, asked)
    telling = [word for own, word in found.items() if not (len(own) == 1 and STOP.issuperset(own[0].terms))]
    return telling or list(found.values())


def phrase(text: str) -> Word | None:
    """The words of a text side by side and in its order, exactly these; nothing where it has none."""
    terms = tuple(islice(analysis.sequence(text), MAX_TERMS))
    return Word((Way(terms, adjacent=len(terms) > 1),), asked=text) if terms else None


class _Unit(NamedTuple):
    """The least that is asked for on its own."""

    name: tuple[str, ...]
    """Its successive terms, by which synonyms know it."""
    ways: tuple[Way, ...]
    start: int
    end: int

    @property
    def single(self) -> bool:
        """A character that the dictionary could not join to others."""
        return len(self.name[0]) == 1 and self.name[0] >= "\u3400" and self.name[0] not in STOP


def _size(ways: tuple[Way, ...]) -> int:
    return sum(len(way.terms) for way in ways)


def _asked(text: str) -> Iterator[tuple[tuple[Way, ...], tuple[Way, ...], str]]:
    """Ways to find what is written, ways to find its other names, and how it is written."""
    units = list(islice(_units(text), MAX_READ))
    at = 0
    while at < len(units):
        taken, name = _known(units, at)
        if not name:
            taken = _singles(units, at)
        run = units[at : at + taken]
        if taken == 1:
            own = run[0].ways
        else:
            own = (name.own if name else Way(tuple(unit.name[0] for unit in run), adjacent=True),)
        yield own, name.others if name else (), text[run[0].start : run[-1].end]
        at += taken


def _known(units: list[_Unit], at: int) -> tuple[int, Known | None]:
    """How many units from here on are one name, as many as can be, and what is known of it."""
    names: list[tuple[str, ...]] = []
    name: tuple[str, ...] = ()
    for unit in units[at : at + longest()]:
        name += unit.name
        names.append(name)
    for taken in range(len(names), 0, -1):
        if found := known(names[taken - 1]):
            return taken, found
    return 0, None


def _singles(units: list[_Unit], at: int) -> int:
    """How many single characters stand side by side from here on, or one. Together they are a name (鹏讯)."""
    taken = 1
    if units[at].single:
        for before, unit in zip(units[at:], units[at + 1 : at + MAX_SINGLES], strict=False):
            if not (unit.single and unit.start == before.end):
                break
            taken += 1
    return taken


def _units(text: str) -> Iterator[_Unit]:
    counted = -1  # where a number ends
    for whole, parts, _, han, exact in analysis.words(text):
        if han:
            for term, start, end in parts or (whole,):
                if not (start == counted and term in MEASURES):
                    yield _Unit((term,), (Way((term,)),), start, end)
            continue
        name = tuple(piece.term for piece in parts) or (whole.term,)
        ways = [Way((whole.term,))]
        if parts and not exact and all(len(term) > 1 for term in name):
            # gas-meter: written as one word elsewhere, or as two.
            ways.append(Way(name))
        yield _Unit(name, tuple(ways), whole.start, whole.end)
        counted = whole.end if whole.term[0].isdecimal() and whole.term[-1].isdecimal() else -1
