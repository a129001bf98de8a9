"""Which of the documents found stand on a page: the best few, in an order that never wavers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.documents import Sort
from search.segment import Segment

Place = tuple[int, int]
"""A document: the number of its segment, its number there."""


class Orders:
    """The orders of one snapshot. Groups never mix; what is equal goes by date, then by key."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._alphabets: dict[str, list[NDArray[np.int64]]] = {}

    def page(
        self,
        found: Sequence[NDArray[np.integer[Any]]],
        scores: Sequence[NDArray[np.floating[Any]]] | None,
        groups: Sequence[int],
        sort: Sort,
        lang: str,
        first: int,
        last: int,
    ) -> list[Place]:
        """Those that stand from place `first` up to `last`. `scores` count when sorted by relevance.

        `groups`: the groups among them, in their order; with fewer than two there is nothing to keep apart.
        """
        tables = [segment.table for segment in self._segments]
        owners = np.repeat(np.arange(len(found)), [len(ids) for ids in found])
        ids = _joined(found)
        if not len(ids):
            return []
        if sort == "relevance" and scores is not None:
            values = _joined(scores)
        elif sort == "title":
            ranks = self._alphabet(lang)
            values = -_joined([rank[ids] for rank, ids in zip(ranks, found, strict=True)])
        else:
            name = "connections" if sort == "connections" else "date"
            values = _joined([table.numbers_of(name)[ids] for table, ids in zip(tables, found, strict=True)])
        parts = [np.arange(len(ids))]
        if len(groups) > 1:
            of = _joined([table.groups[ids] for table, ids in zip(tables, found, strict=True)])
            parts = [np.flatnonzero(of == group) for group in groups]
        rows: list[int] = []
        for part in parts:
            if len(rows) == last or not len(part):
                continue
            best = part[_best(values[part], last - len(rows))]
            rows += self._settled(best, values, owners, ids)[: last - len(rows)]
        return [(int(owners[row]), int(ids[row])) for row in rows[first:last]]

    def _settled(
        self, rows: NDArray[np.intp], values: NDArray[np.float64], owners: NDArray[np.intp], ids: NDArray[np.intp]
    ) -> list[int]:
        """Rows in their final order."""
        # Rows ascend, and so do the segments that they are of.
        ends = np.searchsorted(owners[rows], np.arange(1, len(self._segments)))
        parts = zip((segment.table for segment in self._segments), np.split(ids[rows], ends), strict=True)
        tied = [(table.keys[docnums], table.numbers_of("date")[docnums]) for table, docnums in parts]
        keys, dates = (_joined(columns) for columns in zip(*tied, strict=True))
        order = np.lexsort((keys, -dates, -values[rows]))
        return rows[order].tolist()

    def _alphabet(self, lang: str) -> list[NDArray[np.int64]]:
        """The place of every title in the alphabet, by segment."""
        if lang not in self._alphabets:
            titles = [segment.table.titles(lang) for segment in self._segments]
            _, ranks = np.unique(_joined(titles), return_inverse=True)
            ends = np.cumsum([len(part) for part in titles])[:-1]
            self._alphabets[lang] = np.split(ranks, ends)
        return self._alphabets[lang]


def _joined(parts: Sequence[NDArray]) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts) if parts else np.zeros(0)


def _best(values: NDArray[np.float64], wanted: int) -> NDArray[np.intp]:
    """The places of the `wanted` greatest values, and of all that equal the least of them."""
    if len(values) <= wanted:
        return np.arange(len(values))
    least = np.partition(values, len(values) - wanted)[len(values) - wanted]
    return np.flatnonzero(values >= least)
