"""One generation, opened: its segments, which of their documents live, and a search in them."""

from __future__ import annotations

import functools
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from search.documents import Completion, Explanation, Hit, Hits, Query, Share
from search.highlight import UNMARKED, Marker
from search.leaves import among, leaf
from search.matching import Answer, Collection, words_of
from search.ordering import Orders, Place
from search.segment import Segment
from search.table import Mask, bits_of
from search.tree import Node, Not, Prefix, Word
from search.vocabulary import Vocabulary

READERS = 32
"""Sets of documents that are kept back from somebody, for which a snapshot is remembered."""


class Snapshot:
    """What is in it never changes."""

    def __init__(
        self, segments: Sequence[Segment], deleted: Sequence[NDArray[np.intp]], orders: Orders | None = None
    ) -> None:
        """`deleted`: by segment the numbers of the documents in it that are no more, ascending."""
        self.segments, self._deleted = segments, deleted
        self._alive = alive = [_alive(segment, gone) for segment, gone in zip(segments, deleted, strict=True)]
        counts = [int(mask.sum()) for mask in alive]
        tables = [segment.table for segment in segments]
        pairs = zip(tables, alive, strict=True)
        words = sum(float(table.lengths[mask[: table.size]].sum()) for table, mask in pairs)
        self._collection = Collection(sum(counts), words / max(sum(counts), 1))
        self._orders = orders or Orders(segments)
        self._others: LRUCache[frozenset[str], Snapshot] = LRUCache(READERS)

    def without(self, keys: frozenset[str]) -> Snapshot:
        """The same for a reader from whom these documents are kept back: as if they were not there, in hits,
        counts, facets, suggestions and spellings alike."""
        if not keys:
            return self
        found = self._others.get(keys)
        if found is None:
            wanted = np.array([key.encode() for key in keys], dtype=bytes)
            pairs = zip(self.segments, self._deleted, strict=True)
            gone = [np.union1d(old, np.flatnonzero(np.isin(each.table.keys, wanted))) for each, old in pairs]
            # Two threads at once make two that are alike.
            found = self._others[keys] = Snapshot(
                self.segments, [each.astype(np.intp) for each in gone], self._orders
            )
        return found

    def search(self, query: Query, tree: Node) -> Hits:
        """The hits for a tree that was grown from the query's text."""
        began = time.perf_counter()
        answers, having = self._answers(tree)
        found = [answer.found(tree) for answer in answers]
        hits, scores, by_group = [], [], Counter({0: 0, 1: 0})
        for segment, (ids, score) in zip(self.segments, found, strict=True):
            passing = segment.table.passing(query.filters)
            if passing is not None:
                kept = passing[ids]
                ids, score = ids[kept], score[kept]
            hits.append(ids)
            scores.append(score)
            by_group.update(segment.table.by_group(ids))
        start = (max(query.page, 1) - 1) * query.per_page
        worded = any(words_of(tree))
        places = self._orders.page(
            hits,
            scores if worded else None,
            [group for group, count in sorted(by_group.items()) if count],
            query.sort,
            query.lang,
            start,
            start + query.per_page,
        )
        return Hits(
            total=sum(len(ids) for ids in hits),
            total_by_group=dict(by_group),
            items=self._items(places, query, tree, answers, having),
            facets=self._facets(query, [one.ids for one in found]),
            took_ms=(time.perf_counter() - began) * 1000,
        )

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        vocabularies = [segment.vocabulary for segment in self.segments]
        # Not a method of ours: what goes round in a circle lies about until the garbage is collected.
        return Vocabulary.merged(vocabularies, functools.partial(_lives, self.segments, self._deleted))

    def count(self, tree: Node) -> int:
        """How many documents answer the tree."""
        answers, _ = self._answers(tree)
        return sum(len(answer.found(tree).ids) for answer in answers)

    def titles(self, tree: Node, lang: str, count: int) -> list[Completion]:
        """The titles of the best hits."""
        answers, _ = self._answers(tree)
        found = [answer.found(tree) for answer in answers]
        ids, scores = [one.ids for one in found], [one.scores for one in found]
        by_segment = (segment.table.by_group(part) for segment, part in zip(self.segments, ids, strict=True))
        groups = sorted({group for groups in by_segment for group in groups})
        titles = []
        for number, docnum in self._orders.page(ids, scores, groups, "relevance", lang, 0, count):
            segment = self.segments[number]
            title = segment.text(docnum).get("title", {})
            text = title.get(lang) or next(iter(title.values()), "")
            titles.append(Completion(text, "title", 1, segment.table.keys[docnum].decode()))
        return titles

    def _answers(self, tree: Node) -> tuple[list[Answer], dict[Word | Prefix, int]]:
        """Per segment what its postings say, and in how many living documents each word stands."""
        words = set(words_of(tree))
        leaves = [{word: leaf(segment, word) for word in words} for segment in self.segments]
        having = {
            word: sum(_living(read[word].ids, gone) for read, gone in zip(leaves, self._deleted, strict=True))
            for word in words
        }
        rarities = {word: self._collection.rarity(count) for word, count in having.items()}
        parts = zip(self.segments, self._alive, self._deleted, leaves, strict=True)
        answers = [
            Answer(segment, alive, len(gone) > 0, read, rarities, self._collection)
            for segment, alive, gone, read in parts
        ]
        return answers, having

    def _facets(self, query: Query, found: Sequence[NDArray[Any]]) -> dict[str, dict[str, int]]:
        facets: dict[str, Counter[str]] = {name: Counter() for name in query.facets}
        for segment, ids in zip(self.segments, found, strict=True):
            table = segment.table
            everything = table.mask_of(ids)
            grouped = everything
            if query.count_group is not None:
                grouped = everything.copy()
                grouped[: table.size] &= table.groups == query.count_group
            passing = table.passing(query.filters)
            counted, counted_all = bits_of(_and(grouped, passing)), bits_of(_and(everything, passing))
            for name in query.facets:
                if name not in table.facets:
                    continue
                bits = counted_all if name in query.count_all else counted
                if query.filters.get(name):
                    mask = everything if name in query.count_all else grouped
                    bits = bits_of(_and(mask, table.passing(query.filters, besides=name)))
                facets[name].update(table.facets[name].counts(bits))
        return {name: _by_count(counts) for name, counts in facets.items()}

    def _items(
        self,
        places: Sequence[Place],
        query: Query,
        tree: Node,
        answers: Sequence[Answer],
        having: dict[Word | Prefix, int],
    ) -> list[Hit]:
        asked = list(dict.fromkeys(_present(tree)))
        docnums: dict[int, list[int]] = defaultdict(list)
        for number, docnum in places:
            docnums[number].append(docnum)
        markers = {
            number: Marker(self.segments[number], asked, those, query.lang) for number, those in docnums.items()
        }
        items = []
        for number, docnum in places:
            segment = self.segments[number]
            key = segment.table.keys[docnum].decode()
            marked = UNMARKED
            if query.highlights and asked:
                marked = markers[number].mark(docnum, segment.text(docnum))
            explanation = None
            if query.explain and asked:
                given = answers[number].shares(tree, docnum)
                shares = [Share(word.asked, having[word], score) for word, score in given]
                boost = float(segment.table.boosts[docnum])
                explanation = Explanation(sum(share.score for share in shares) * boost, boost, tuple(shares))
            items.append(Hit(key, segment.shown(docnum), *marked, explanation))
        return items


def _present(node: Node) -> list[Word | Prefix]:
    """The words that a hit may have; not those that it must not."""
    match node:
        case Word() | Prefix():
            return [node]
        case Not():
            return []
        case _:
            inner = getattr(node, "nodes", ())
            return [word for one in inner for word in _present(one)]


def _lives(segments: Sequence[Segment], deleted: Sequence[NDArray[np.intp]], kind: str, text: str) -> bool:
    """Is there a living document from which this completion came?"""
    for segment, gone in zip(segments, deleted, strict=True):
        postings = segment.having(kind, text)
        if postings and _living(postings.ids, gone):
            return True
    return False


def _alive(segment: Segment, deleted: NDArray[np.intp]) -> Mask:
    table = segment.table
    mask = np.zeros(table.room, bool)
    mask[: table.size] = True
    mask[deleted] = False
    return mask


def _living(ids: NDArray[Any], deleted: NDArray[np.intp]) -> int:
    return len(ids) - int(among(deleted, ids).sum())


def _and(mask: Mask, other: Mask | None) -> Mask:
    return mask if other is None else mask & other


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
