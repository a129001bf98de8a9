"""Which documents of a segment answer a tree, and how well: BM25 over whole columns at once.

A word is scored as one, whichever of its ways a document meets, and by how many documents meet any of them
(Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009; weights as in its BM25F with one length).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search import tree
from search.analysis import tokens
from search.postings import POSITION_BITS, POSITION_SHIFT, TEXT_SHIFT, Postings
from search.schema import LANGUAGES, TEXTS, WEIGHTS
from search.segment import Segment
from search.table import Mask

K1, B = 1.2, 0.75
EXPANDED = 400
"""Terms that a prefix stands for at most."""

Ids = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]

_IN_TEXT = np.array([WEIGHTS[field] for field, _ in TEXTS], np.float32)
_TEXTS = (1 << 64 - TEXT_SHIFT) - 1
_DOC_SHIFT = 64 - POSITION_SHIFT
_SPARSE = 16


class Leaf(NamedTuple):
    """The documents of one segment that have a word, ascending, and how much of it."""

    ids: Ids
    weights: NDArray[Any]


class Found(NamedTuple):
    ids: Ids
    scores: Floats


NOBODY = Leaf(np.zeros(0, np.intp), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Collection:
    """The statistics that a score is relative to, taken over all segments and without deleted documents."""

    count: int
    average: float

    def rarity(self, having: int) -> float:
        return math.log(1 + (self.count - having + 0.5) / (having + 0.5))


def leaf(segment: Segment, node: tree.Word | tree.Prefix) -> Leaf:
    """The documents that have the word in any of its ways."""
    if isinstance(node, tree.Prefix):
        # A word is kept by its stem, which may be shorter than what was typed of it.
        stems = {term for term, *_ in tokens(node.start)}
        found = [*segment.beginning(node.start, EXPANDED), *_known(segment, stems)]
        return _union([_in_field(postings, node.field) for postings in found], segment)
    return _union([_way(segment, way, node.field) for way in node.ways], segment)


class Answer:
    """What one segment answers to a tree whose leaves have been read and weighed."""

    def __init__(
        self,
        segment: Segment,
        alive: Mask,
        leaves: Mapping[tree.Word | tree.Prefix, Leaf],
        rarities: Mapping[tree.Word | tree.Prefix, float],
        collection: Collection,
    ) -> None:
        self._table, self._alive, self._leaves, self._rarities = segment.table, alive, leaves, rarities
        lengths = segment.table.lengths / (collection.average or 1.0)
        self._norms = np.float32(K1) * (np.float32(1 - B) + np.float32(B) * lengths)

    def found(self, node: tree.Node) -> Found:
        """Living documents, ascending, with their scores."""
        ids, scores = self._found(node)
        living = self._alive[ids]
        if not living.all():
            ids, scores = ids[living], scores[living]
        return Found(ids, scores * self._table.boosts[ids])

    def score(self, node: tree.Word | tree.Prefix, docnum: int) -> float:
        """What one word gives to one document's score, before its boost."""
        ids, weights = self._leaves[node]
        place = int(np.searchsorted(ids, docnum))
        if place == len(ids) or ids[place] != docnum:
            return 0.0
        return float(self._scored(node, ids[place : place + 1], weights[place : place + 1])[0])

    def _found(self, node: tree.Node) -> Found:
        match node:
            case tree.Word() | tree.Prefix():
                ids, weights = self._leaves[node]
                return Found(ids, self._scored(node, ids, weights))
            case tree.All(nodes):
                return self._all(nodes)
            case tree.Any(nodes):
                return self._any(nodes)
            case _:
                ids = np.flatnonzero(self._mask(node))
                return Found(ids, np.zeros(len(ids), np.float32))

    def _mask(self, node: tree.Node) -> Mask:
        match node:
            case tree.Pick(facet, codes):
                return self._table.picked(facet, codes)
            case tree.Range(number, low, high):
                return self._table.between(number, low, high)
            case tree.Not(inner):
                return self._alive & ~self._mask(inner)
            case tree.Word() | tree.Prefix():
                return self._table.mask_of(self._leaves[node].ids)
            case _:
                return self._table.mask_of(self._found(node).ids)

    def _all(self, nodes: Sequence[tree.Node]) -> Found:
        words = [node for node in nodes if isinstance(node, tree.Word | tree.Prefix)]
        joined = [node for node in nodes if isinstance(node, tree.All | tree.Any)]
        facts = [node for node in nodes if isinstance(node, tree.Pick | tree.Range | tree.Not)]
        mask: Mask | None = None
        for fact in facts:
            mask = self._mask(fact) if mask is None else mask & self._mask(fact)
        # The rarest first: what it leaves is all that the others are asked for.
        words.sort(key=lambda word: len(self._leaves[word].ids))
        parts: list[tuple[tree.Word | tree.Prefix | None, Leaf]] = [(word, self._leaves[word]) for word in words]
        parts += [(None, Leaf(*self._found(node))) for node in joined]
        if not parts:
            living = np.flatnonzero(self._alive if mask is None else mask & self._alive)
            return Found(living, np.zeros(len(living), np.float32))
        ids, first = parts[0][1]
        values = [first]
        if mask is not None:
            kept = mask[ids]
            ids, values = ids[kept], [first[kept]]
        for _, other in parts[1:]:
            present, more = _looked_up(other, ids, self._table.room)
            ids = ids[present]
            values = [*(value[present] for value in values), more[present]]
        scores = np.zeros(len(ids), np.float32)
        for (node, _), value in zip(parts, values, strict=True):
            scores += value if node is None else self._scored(node, ids, value)
        return Found(ids, scores)

    def _any(self, nodes: Sequence[tree.Node]) -> Found:
        scores = np.zeros(self._table.room, np.float32)
        mask = np.zeros(self._table.room, bool)
        for node in nodes:
            ids, more = self._found(node)
            mask[ids] = True
            scores[ids] += more
        ids = np.flatnonzero(mask)
        return Found(ids, scores[ids])

    def _scored(self, node: tree.Word | tree.Prefix, ids: Ids, weights: NDArray[Any]) -> Floats:
        weight = weights.astype(np.float32)
        return np.float32(self._rarities[node] * (K1 + 1)) * weight / (weight + self._norms[ids])


def words_of(node: tree.Node) -> Iterator[tree.Word | tree.Prefix]:
    """All words of a tree, those that must be absent included."""
    match node:
        case tree.Word() | tree.Prefix():
            yield node
        case tree.All(nodes) | tree.Any(nodes):
            for inner in nodes:
                yield from words_of(inner)
        case tree.Not(inner):
            yield from words_of(inner)


def _way(segment: Segment, way: tree.Way, field: str) -> Leaf:
    found = list(_known(segment, way.terms))
    if len(found) < len(way.terms):
        return NOBODY
    if len(found) == 1:
        return _in_field(found[0], field)
    if way.adjacent:
        return _side_by_side(found, field)
    leaves = sorted((_in_field(postings, field) for postings in found), key=lambda one: len(one.ids))
    ids, weights = leaves[0]
    for other in leaves[1:]:
        present, more = _looked_up(other, ids, segment.table.room)
        ids, weights = ids[present], np.minimum(weights[present], more[present])
    return Leaf(ids, weights)


def _known(segment: Segment, terms: Iterable[str]) -> Iterator[Postings]:
    for term in terms:
        if postings := segment.postings(term):
            yield postings


def _in_field(postings: Postings, field: str) -> Leaf:
    """The documents that have the term in this field; without a field, anywhere."""
    if not field:
        return Leaf(postings.ids, postings.weights)
    ids: Ids = postings.ids
    if field == TEXTS[0][0]:  # what is in the first text comes first, so one glance tells
        ids = ids[postings.occurrences[postings.ends - postings.counts] < len(LANGUAGES) << TEXT_SHIFT]
    return _weighed(_places(postings, ids), ids, field)


def _side_by_side(found: list[Postings], field: str) -> Leaf:
    """The documents in which the terms stand next to each other, in this order."""
    ids: Ids = found[0].ids
    for postings in sorted(found, key=lambda one: len(one.ids)):
        few, many = sorted((ids, postings.ids), key=len)
        ids = few[among(few, many)]
    steps = [(_places(postings, ids), step) for step, postings in enumerate(found)]
    steps.sort(key=lambda one: len(one[0]))
    places, first = steps[0]
    for others, step in steps[1:]:
        places = places[among(places + (step - first), others)]
    places = places - first
    return _weighed(places, ids, field)


def _weighed(places: NDArray[np.int64], ids: Ids, field: str) -> Leaf:
    """The documents that have any of these places in the field, each place weighing as much as its text."""
    docs, texts = places >> _DOC_SHIFT, (places >> POSITION_BITS) & _TEXTS
    if field:
        inside = texts // len(LANGUAGES) == TEXTS.index((field, LANGUAGES[0])) // len(LANGUAGES)
        docs, texts = docs[inside], texts[inside]
    weights = np.bincount(docs, weights=_IN_TEXT[texts], minlength=len(ids)).astype(np.float32)
    has = weights > 0
    return Leaf(ids[has], weights[has])


def _places(postings: Postings, ids: Ids) -> NDArray[np.int64]:
    """Where the term stands in these documents, ascending: (place of the document in `ids`, text, position)."""
    rows = np.searchsorted(postings.ids, ids)
    counts = postings.counts[rows].astype(np.int64)
    ends = postings.ends[rows]
    total = np.cumsum(counts)
    inside = np.arange(counts.sum()) + np.repeat(ends - total, counts)
    places = (postings.occurrences[inside] >> np.uint64(POSITION_SHIFT)).astype(np.int64)
    return (np.repeat(np.arange(len(ids)), counts) << _DOC_SHIFT) | places


def among(some: NDArray[Any], others: NDArray[Any]) -> Mask:
    """Which of some numbers are among others; both ascend."""
    if not len(others):
        return np.zeros(len(some), bool)
    places = np.searchsorted(others, some)
    places[places == len(others)] = 0
    return others[places] == some


def _looked_up(part: Leaf, ids: Ids, room: int) -> tuple[Mask, NDArray[Any]]:
    """Which of the documents are in the part, and with what weight."""
    if len(ids) * _SPARSE < len(part.ids):
        places = np.searchsorted(part.ids, ids)
        places[places == len(part.ids)] = 0
        return part.ids[places] == ids, part.weights[places]
    column = np.zeros(room, part.weights.dtype)
    present = np.zeros(room, bool)
    column[part.ids] = part.weights
    present[part.ids] = True
    return present[ids], column[ids]


def _union(leaves: list[Leaf], segment: Segment) -> Leaf:
    leaves = [one for one in leaves if len(one.ids)]
    if len(leaves) <= 1:
        return leaves[0] if leaves else NOBODY
    column = np.zeros(segment.table.room, np.float32)
    for ids, weights in leaves:
        column[ids] = np.maximum(column[ids], weights)
    ids = np.flatnonzero(column)
    return Leaf(ids, column[ids])
