"""The vocabulary of an index: what completes, corrects or sounds like that which somebody types.

Built once a segment from rows (kind, text, number of documents); a segment never changes. What a document that
is gone has left in a segment is still here, so a vocabulary of several segments is told what is alive, and neither
offers nor believes anything else.
"""

from __future__ import annotations

import functools
import heapq
import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search import english, sounds
from search.analysis import NAMES
from search.documents import Completion
from search.folding import HAN, fold
from search.spelling import SHORTEST, Shelves
from search.wanted import STOP

KINDS = ("sector", "word", "organisation", "place")
"""What is offered first when it fits as well."""

MAX_INNER = 8
"""Words of one text by which it is found, besides its beginning."""

MAX_TRIED = 200
"""Candidates of one kind that are looked at, however many of them are gone."""

Row = tuple[str, str, int]
Alive = Callable[[str, str], bool]
"""(kind, text) → does it stand in any document that is not gone?"""

Ids = NDArray[np.int32]

_HAN = re.compile(f"[{HAN}]")
_ALL_HAN = re.compile(f"[{HAN}]+")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[a-z]+")
_WORD = re.compile(r"\w+")
_CHUNK = 64
_LAST = "\U0010ffff"

# A reading of entries is found whole, at the beginning or from a word inside; initials tell less than the rest.
_RANKS = (
    (("text", True), ("sound", True)),
    (("text", False), ("sound", False), ("initials", True)),
    (("text inside", False), ("sound inside", False), ("initials", False)),
    (("initials inside", False),),
)
"""How well something fits: (keys, whether they must be equal to what was typed)."""

_NAMES = frozenset(name for rank in _RANKS for name, _ in rank)


class _Entry(NamedTuple):
    """The smaller the better."""

    kind: int
    """Its place in KINDS."""
    rarity: int
    """Minus the number of documents."""
    folded: str
    text: str


class Vocabulary:
    def __init__(self, rows: Iterable[Row]) -> None:
        self._parts: tuple[_Part, ...] = (_Part(rows),)
        self._alive: Alive = lambda kind, text: True

    @classmethod
    def merged(cls, vocabularies: Iterable[Vocabulary], alive: Alive) -> Vocabulary:
        """Those of all segments as one; nothing is copied."""
        merged = cls(())
        merged._alive = alive
        merged._parts = tuple(part for one in vocabularies for part in one._parts)
        return merged

    def complete(self, typed: str, limit: int = 8, kinds: Iterable[str] = KINDS) -> list[Completion]:
        """What may be meant by this beginning, in Chinese, English, pinyin or initials; what fits best first.

        Words are many: no kind takes more than half of the places while others have something to offer.
        Whether it is alive is asked of one candidate after the other, until there are enough.
        """
        typed = _folded(typed)
        chosen = [kind for kind in KINDS if kind in kinds]
        half = (limit + 1) // 2
        found = [(part, part.find(typed)) for part in self._parts] if typed else []
        offers: dict[str, tuple[bool, int, _Entry]] = {}
        for kind in sorted(chosen, key="word".__eq__):  # a word that is also a name is offered as the name
            tried, place = set[str](), 0
            fitting = heapq.merge(*(part.of_kind(KINDS.index(kind), ranks) for part, ranks in found))
            for rank, entry in islice(fitting, MAX_TRIED):
                if place == limit:
                    break
                if entry.folded in offers or entry.text in tried:
                    continue
                tried.add(entry.text)
                if _divided(typed, entry.folded) and self._lives(entry):
                    offers[entry.folded] = place >= half, rank, entry
                    place += 1
        best = sorted(offer[1:] for offer in sorted(offers.values())[:limit])
        return [Completion(entry.text, KINDS[entry.kind], self._count(entry)) for _, entry in best]

    def frequent(self, count: int) -> list[str]:
        """The words that stand in most documents."""
        parts = ((part, part.bounds(KINDS.index("word"))) for part in self._parts)
        first = [part.entry(number) for part, (start, end) in parts for number in range(start, end)[:count]]
        return [entry.text for entry in heapq.nsmallest(count, first)]

    def holds(self, word: str) -> bool:
        return any(self._lives(entry) for part in self._parts for entry in part.holding(_folded(word)))

    def correct(self, word: str) -> str | None:
        """The Latin word that was meant by one that is not there; never for numbers and names of networks."""
        word = _folded(word)
        known = word in STOP or word in NAMES or self.holds(word) or english.known(word)
        if known or len(word) < SHORTEST or not _LATIN.fullmatch(word):
            return None
        counts: Counter[tuple[bool, int, str]] = Counter()
        for part in self._parts:
            for near in part.shelves.near(word):
                counts[near.elsewhere, near.slips, near.word] += near.documents
        nearest = sorted(counts, key=lambda near: (*near[:2], -counts[near], near[2]))
        return next((near for _, _, near in nearest if self._alive("word", near)), None)

    def han(self, latin: str) -> list[str]:
        """The Chinese words that were typed as pinyin, likeliest first; none when it is a word as it stands."""
        return [] if self.holds(latin) else sounds.han(latin, self._sounding)

    def _sounding(self, sound: str) -> list[str]:
        counts: Counter[str] = Counter()
        for part in self._parts:
            for entry in part.sounding(sound):
                if _ALL_HAN.fullmatch(entry.folded) and self._lives(entry):
                    counts[entry.folded] -= entry.rarity
        return sorted(counts, key=lambda word: (-counts[word], word))

    def _lives(self, entry: _Entry) -> bool:
        return self._alive(KINDS[entry.kind], entry.text)

    def _count(self, entry: _Entry) -> int:
        same = (one for part in self._parts for one in part.holding(entry.folded) if one.kind == entry.kind)
        return -sum(one.rarity for one in same)


class _Part:
    """The vocabulary of one segment. Its entries lie in order, so the smaller number is the better entry."""

    def __init__(self, rows: Iterable[Row]) -> None:
        entries = _entries(rows)
        # Columns, not objects: a hundred thousand of these would hold up every sweep of the garbage collector.
        self._folded = [entry.folded for entry in entries]
        self._texts = [entry.text for entry in entries]
        self._rarities = array("l", [entry.rarity for entry in entries])
        self._kinds = array("b", [entry.kind for entry in entries])
        keys: dict[str, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
        for number, entry in enumerate(entries):
            for name, key in _keys_of(entry.folded):
                keys[name][0].append(key)
                keys[name][1].append(number)
        self._keys = {name: _Keys(*keys[name]) for name in _NAMES}

    @functools.cached_property
    def shelves(self) -> Shelves:
        words = map(self.entry, range(*self.bounds(KINDS.index("word"))))
        return Shelves({word.folded: -word.rarity for word in words if _LATIN.fullmatch(word.folded)})

    def entry(self, number: int) -> _Entry:
        return _Entry(self._kinds[number], self._rarities[number], self._folded[number], self._texts[number])

    def bounds(self, kind: int) -> tuple[int, int]:
        """The numbers of the entries of one kind: from the first until before the second."""
        return bisect_left(self._kinds, kind), bisect_left(self._kinds, kind + 1)

    def holding(self, folded: str) -> list[_Entry]:
        return [self.entry(number) for number in self._keys["text"].equal(folded)]

    def sounding(self, sound: str) -> list[_Entry]:
        return [self.entry(number) for number in self._keys["sound"].equal(sound)]

    def find(self, typed: str) -> list[Ids]:
        """What fits, by rank."""
        sound = sounds.letters(typed) if typed.isascii() else ""
        ranks = []
        for ways in _RANKS:
            ids = [np.empty(0, np.int32)]
            for name, equal in ways:
                # One initial is the beginning of a syllable, and found as that.
                wanted = typed if "text" in name else sound if "sound" in name or len(sound) > 1 else ""
                if wanted:
                    ids.append(self._keys[name].equal(wanted) if equal else self._keys[name].beginning(wanted))
            ranks.append(np.concatenate(ids))
        return ranks

    def of_kind(self, kind: int, ranks: Iterable[Ids]) -> Iterator[tuple[int, _Entry]]:
        """The entries of one kind with their rank, best first. One may come again in a later rank."""
        first, end = self.bounds(kind)
        for rank, ids in enumerate(ranks):
            for number in _ascending(ids[(ids >= first) & (ids < end)]):
                yield rank, self.entry(number)


class _Keys:
    """Strings in order, each with the number of the entry that it leads to."""

    def __init__(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        order = sorted(range(len(keys)), key=keys.__getitem__)
        # One string and the places in it instead of many strings: a fifth of the memory.
        self._text = "".join([keys[at] + "\n" for at in order])
        self._starts = array("i", accumulate((len(keys[at]) + 1 for at in order), initial=0))
        self._numbers = np.fromiter((numbers[at] for at in order), np.int32, len(order))

    def beginning(self, typed: str) -> Ids:
        """The entries of the keys that begin like this, or are no more than this."""
        return self._numbers[self._place(typed) : self._place(typed + _LAST)]

    def equal(self, key: str) -> Ids:
        return self._numbers[self._place(key + "\n") : self._place(key + "\n" + _LAST)]

    def _place(self, key: str) -> int:
        length, text = len(key), self._text
        return bisect_left(self._starts, key, 0, len(self._numbers), key=lambda at: text[at : at + length])


def _entries(rows: Iterable[Row]) -> list[_Entry]:
    """One entry a kind and folded text, written as it is written most often."""
    written: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for kind, text, count in rows:
        folded = _folded(text)
        if kind != "word" or (_LETTER.search(folded) and folded not in STOP):
            written[KINDS.index(kind), folded].append((-count, text))
    return sorted(
        _Entry(kind, sum(count for count, _ in ways), folded, min(ways)[1])
        for (kind, folded), ways in written.items()
    )


def _keys_of(folded: str) -> Iterator[tuple[str, str]]:
    """By what a text is found: (name, key)."""
    yield "text", folded
    if folded.isascii() or not _HAN.search(folded):
        starts = [word.start() for word in _WORD.finditer(folded)]
        for start in starts[1 : MAX_INNER + 1]:
            yield "text inside", folded[start:]
        return
    heard = sounds.heard(folded)
    yield "sound", "".join(heard.full)
    yield "initials", "".join(heard.initials)
    for place, number in heard.starts[1 : MAX_INNER + 1]:
        yield "text inside", folded[place:]
        yield "sound inside", "".join(heard.full[number:])
        yield "initials inside", "".join(heard.initials[number:])


def _ascending(numbers: Ids) -> Iterator[int]:
    """Each number once, the smallest first. No more is sorted than is read."""
    while numbers.size:
        last = numbers.max() if numbers.size <= _CHUNK else np.partition(numbers, _CHUNK)[_CHUNK]
        yield from sorted({*numbers[numbers <= last].tolist()})
        numbers = numbers[numbers > last]


def _divided(typed: str, folded: str) -> bool:
    """Do the signs between the syllables that were typed stand between syllables? xi'an is not 先."""
    if typed in folded or not sounds.SEPARATOR.search(typed):
        return True
    heard = sounds.heard(folded)
    return sounds.divided(typed, heard.full) or sounds.divided(typed, heard.initials)


def _folded(text: str) -> str:
    return " ".join(fold(text).text.split())
