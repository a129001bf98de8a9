"""One of Whoosh's segments, opened. It never changes, so what was read of it stays true for its whole life.

Which of its documents are deleted is the snapshot's knowledge, not the segment's.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Protocol, TypeVar

from cachetools import LRUCache
from whoosh.reading import SegmentReader, TermNotFound

from search.postings import Postings, unpacked
from search.table import Table
from search.vocabulary import Vocabulary

REMEMBERED = 48 << 20
"""Bytes of answers that a segment keeps: those to phrases, beginnings and words of several names."""

KEPT_BESIDE = 500
"""Bytes that each of them takes besides: the question, its place in the cache."""

OFFERED = 20_000
"""Completions of each kind, the most frequent ones; the rest is only found."""


class HasSize(Protocol):
    @property
    def nbytes(self) -> int: ...


Sized = TypeVar("Sized", bound=HasSize)


class Segment:
    def __init__(self, reader: SegmentReader, postings: Any) -> None:
        """`postings`: the bytes of the segment's postings file."""
        self._reader = reader
        self._postings = postings
        self._shown = reader.column_reader("shown")
        self._text = reader.column_reader("text")
        self._remembered: LRUCache[Any, Any] = LRUCache(REMEMBERED, getsizeof=lambda one: one.nbytes + KEPT_BESIDE)
        self._remembering = threading.Lock()
        self.table = Table(reader.doc_count_all(), reader.column_reader("facts").__getitem__)

    def postings(self, term: str, field: str = "words") -> Postings | None:
        try:
            info = self._reader.term_info(field, term.encode())
        except TermNotFound:
            return None
        return self._at(info)

    def remembered(self, asked: Hashable, find: Callable[[], Sized]) -> Sized:
        """What `find` found when this was asked last; the segment has not changed since."""
        with self._remembering:
            if asked in self._remembered:
                return self._remembered[asked]
        found = find()
        with self._remembering, contextlib.suppress(ValueError):  # larger than all that may be remembered
            self._remembered[asked] = found
        return found

    def beginning(self, start: str, limit: int) -> Iterator[Postings]:
        """The postings of the first `limit` terms, in the order of the alphabet, that begin with `start`."""
        prefix = start.encode()
        for (field, term), info in self._reader.iter_from("words", prefix):
            if limit == 0 or field != "words" or not term.startswith(prefix):
                return
            limit -= 1
            yield self._at(info)

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """What is offered while a reader types; read when somebody first does."""
        by_kind: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for row in self._completions():
            by_kind[row[0]].append(row)
        frequent = (heapq.nlargest(OFFERED, rows, key=lambda row: row[2]) for rows in by_kind.values())
        return Vocabulary(itertools.chain.from_iterable(frequent))

    def having(self, kind: str, text: str) -> Postings | None:
        """The documents from which a completion came."""
        return self.postings(f"{kind}\t{text}", "completions")

    def _completions(self) -> Iterator[tuple[str, str, int]]:
        for (field, entry), info in self._reader.iter_from("completions", b""):
            if field != "completions":
                return
            kind, _, text = entry.decode().partition("\t")
            yield kind, text, info.doc_frequency()

    def shown(self, docnum: int) -> dict[str, Any]:
        return json.loads(self._shown[docnum])

    def text(self, docnum: int) -> dict[str, dict[str, str]]:
        return json.loads(self._text[docnum])

    def _at(self, info: Any) -> Postings:
        return unpacked(self._postings, info.extent()[0])
