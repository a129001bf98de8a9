"""Spelling: the known word that somebody may have meant whose finger slipped."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4
"""Of three letters every other word of three is a slip away."""

ONE_SLIP = 5
"""Up to this length one slip is believed, above it two."""


class Near(NamedTuple):
    elsewhere: bool
    """It begins with another letter, which people seldom miss."""
    slips: int
    """Letters too many, too few, wrong, or changed for their neighbour."""
    word: str
    documents: int
    """How many have it."""


class Shelves:
    """Words by length and first letter, so that only those are compared which may be near."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """`counts`: word → in how many documents."""
        self._counts = counts
        self._shelves: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for word in counts:
            self._shelves[len(word)][word[0]].append(word)

    def near(self, word: str) -> Iterator[Near]:
        """Words no more slips away than are believed.

        Those with another first letter only for want of others, and never for a short word: "wind" is no "find".
        """
        slips = 1 if len(word) <= ONE_SLIP else 2
        lengths = range(len(word) - slips, len(word) + slips + 1)
        shelves = [
            (letter, words) for length in lengths for letter, words in self._shelves.get(length, {}).items()
        ]
        for elsewhere in (False, True) if len(word) > SHORTEST else (False,):
            choices = chain.from_iterable(words for letter, words in shelves if (letter != word[0]) is elsewhere)
            found = process.extract(word, list(choices), scorer=OSA.distance, score_cutoff=slips, limit=None)
            for near, distance, _ in found:
                yield Near(elsewhere, int(distance), near, self._counts[near])
            if found:
                return
