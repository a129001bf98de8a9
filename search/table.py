"""The facts of one segment's documents as columns: facet codes, rank groups, numbers, titles.

A facet is a matrix of bits, one row per code, one bit per document: counting all its codes among the documents
found is one AND and one population count, at 100 000 documents about as dear as a glance at their titles.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""One truth per document, padded to whole words of bits."""

WORD_BITS = 64
TITLE_BYTES = 48
SPARSE = 8


class Table:
    """Columns by document number."""

    def __init__(self, size: int, facts: Callable[[int], bytes]) -> None:
        """`facts` hands out the packed facts of a document, whenever they are wanted."""
        self.size = size
        self.room = -(-max(size, 1) // WORD_BITS) * WORD_BITS
        self._facts = facts
        self.groups = np.zeros(size, np.uint8)
        self.lengths = np.zeros(size, np.float32)
        self.boosts = np.ones(size, np.float32)
        self.numbers: dict[str, NDArray[np.float64]] = {}
        keys: list[bytes] = []
        places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for docnum in range(size):
            key, group, facets, numbers, _, length, boost = json.loads(facts(docnum))
            keys.append(key.encode())
            self.groups[docnum], self.lengths[docnum], self.boosts[docnum] = group, length, boost
            for name, number in numbers.items():
                if number is not None:
                    self._column(name)[docnum] = number
            for name, codes in facets.items():
                for code in codes:
                    places[name][code].append(docnum)
        self.keys = np.array(keys, dtype=bytes)
        self._members = {int(group): self.groups == group for group in np.unique(self.groups) if group}
        self.facets = {name: Facet(codes, self.room) for name, codes in places.items()}
        self._titles: dict[str, NDArray[np.bytes_]] = {}

    def numbers_of(self, name: str) -> NDArray[np.float64]:
        """-inf where a document states none."""
        return self.numbers[name] if name in self.numbers else np.full(self.size, -np.inf)

    def by_group(self, ids: NDArray[Any]) -> dict[int, int]:
        """How many of these documents are in which group."""
        counts = {group: int(np.count_nonzero(members[ids])) for group, members in self._members.items()}
        return {0: len(ids) - sum(counts.values()), **counts}

    def mask_of(self, ids: NDArray[Any]) -> Mask:
        mask = np.zeros(self.room, bool)
        mask[ids] = True
        return mask

    def picked(self, facet: str, codes: Sequence[str]) -> Mask:
        """The documents that have one of the codes."""
        known = self.facets.get(facet)
        return known.picked(codes) if known else np.zeros(self.room, bool)

    def between(self, name: str, low: int | None, high: int | None) -> Mask:
        """The documents whose number is at least `low` and at most `high`."""
        column = self.numbers_of(name)
        mask = np.zeros(self.room, bool)
        mask[: self.size] = column > -np.inf
        if low is not None:
            mask[: self.size] &= column >= low
        if high is not None:
            mask[: self.size] &= column <= high
        return mask

    def passing(self, filters: Mapping[str, Sequence[str]], besides: str = "") -> Mask | None:
        """The documents that pass every filter but the one of the facet `besides`; None where none applies."""
        found: Mask | None = None
        for name, codes in filters.items():
            if codes and name != besides:
                picked = self.picked(name, codes)
                found = picked if found is None else found & picked
        return found

    def titles(self, lang: str) -> NDArray[np.bytes_]:
        """What the titles are sorted by; read when an alphabet is first asked for."""
        if lang not in self._titles:
            keys = [_alphabetical(json.loads(self._facts(docnum))[4], lang) for docnum in range(self.size)]
            self._titles[lang] = np.array(keys, dtype=f"S{TITLE_BYTES}")
        return self._titles[lang]

    def _column(self, name: str) -> NDArray[np.float64]:
        if name not in self.numbers:
            self.numbers[name] = np.full(self.size, -np.inf)
        return self.numbers[name]


class Facet:
    """Which documents have which codes."""

    def __init__(self, places: Mapping[str, Sequence[int]], room: int) -> None:
        self.codes = sorted(places)
        self._rows = {code: row for row, code in enumerate(self.codes)}
        self._bits = np.zeros((len(self.codes), room // WORD_BITS), np.uint64)
        for code, row in self._rows.items():
            mask = np.zeros(room, bool)
            mask[places[code]] = True
            self._bits[row] = bits_of(mask)

    def counts(self, found: NDArray[np.uint64]) -> dict[str, int]:
        """Code → how many of the documents have it, for the codes that any has."""
        words = np.flatnonzero(found)
        few = len(words) * SPARSE < len(found)
        bits = self._bits[:, words] & found[words] if few else self._bits & found
        counted = np.bitwise_count(bits).sum(axis=1, dtype=np.int64).tolist()
        return {code: count for code, count in zip(self.codes, counted, strict=True) if count}

    def picked(self, codes: Sequence[str]) -> Mask:
        rows = [self._rows[code] for code in codes if code in self._rows]
        bits = np.bitwise_or.reduce(self._bits[rows], axis=0)
        return np.unpackbits(bits.view(np.uint8), bitorder="little").view(bool)


def bits_of(mask: Mask) -> NDArray[np.uint64]:
    return np.packbits(mask, bitorder="little").view(np.uint64)


def _alphabetical(titles: Mapping[str, str], lang: str) -> bytes:
    title = (titles.get(lang) or next(iter(titles.values()), "")).casefold()
    # GB 18030 lists its common characters by pinyin: a dictionary's order without a dictionary.
    return title.encode("gb18030" if lang == "zh" else "utf-8", "replace")
