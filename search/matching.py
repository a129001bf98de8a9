"""Which documents of a segment answer a tree, and how well: BM25 over whole columns at once.

A word is scored as one, whichever of its ways a document meets, and by how many documents meet any of them
(Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009; weights as in its BM25F with one length).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search import tree
from search.leaves import Asked, Ids, Leaf, looked_up
from search.segment import Segment
from search.table import Mask

K1, B = 1.2, 0.75

Floats = NDArray[np.floating[Any]]


class Found(NamedTuple):
    ids: Ids
    scores: Floats


@dataclass(frozen=True)
class Collection:
    """The statistics that a score is relative to, taken over all segments and without deleted documents."""

    count: int
    average: float

    def rarity(self, having: int) -> float:
        return math.log(1 + (self.count - having + 0.5) / (having + 0.5))


class Answer:
    """What one segment answers to a tree whose leaves have been read and weighed."""

    def __init__(
        self,
        segment: Segment,
        alive: Mask,
        deletions: bool,
        leaves: Mapping[Asked, Leaf],
        rarities: Mapping[Asked, float],
        collection: Collection,
    ) -> None:
        self._table, self._alive, self._deletions = segment.table, alive, deletions
        self._leaves, self._rarities = leaves, rarities
        self._relative = np.float32(K1 * B / (collection.average or 1.0))

    def found(self, node: tree.Node) -> Found:
        """Living documents, ascending, with their scores."""
        ids, scores = self._found(node)
        if self._deletions:
            living = self._alive[ids]
            ids, scores = ids[living], scores[living]
        return Found(ids, scores * self._table.boosts[ids])

    def shares(self, node: tree.Node, docnum: int) -> list[tuple[Asked, float]]:
        """What each word gives to a document's score before its boost; words of branches that do not hold give
        nothing, and are not among them."""
        match node:
            case tree.Word() | tree.Prefix():
                docnums = np.array([docnum])
                _, weights = looked_up(self._leaves[node], docnums, self._table.room)
                return [(node, float(self._share(node, weights, self._norms(docnums))[0]))]
            case tree.All(nodes) | tree.Any(nodes):
                holding = [inner for inner in nodes if self._mask(inner)[docnum]]
                return [share for inner in holding for share in self.shares(inner, docnum)]
            case _:
                return []

    def _found(self, node: tree.Node) -> Found:
        match node:
            case tree.Any(nodes):
                return self._any(nodes)
            case tree.All(nodes):
                return self._all(nodes)
            case _:
                return self._all((node,))

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
        words = [node for node in nodes if isinstance(node, Asked)]
        joined = [self._found(node) for node in nodes if isinstance(node, tree.All | tree.Any)]
        masks = [self._mask(node) for node in nodes if isinstance(node, tree.Pick | tree.Range | tree.Not)]
        masks += [self._table.mask_of(found.ids) for found in joined]
        # The rarest first: what it leaves is all that the others are asked for.
        words.sort(key=lambda word: len(self._leaves[word].ids))
        leaves = [self._leaves[word] for word in words]
        values: list[NDArray[Any]]
        if leaves and (leaves[0].column is None or len(nodes) == 1):
            ids, values = leaves[0].ids, [leaves[0].weights]
            if masks:
                kept = _both(masks)[ids]
                ids, values = ids[kept], [values[0][kept]]
        else:
            dense = [part.column > 0 for part in leaves if part.column is not None]
            ids, values = np.flatnonzero(_both([self._alive, *masks, *dense])), []
        for part in leaves[len(values) :]:
            present, more = looked_up(part, ids, self._table.room)
            if not present.all():
                ids, more = ids[present], more[present]
                values = [value[present] for value in values]
            values.append(more)
        ids = ids.astype(np.intp, copy=False)  # NumPy would do it for every column that is looked into
        scores = np.zeros(len(ids), np.float32)
        norms = self._norms(ids) if words else scores
        for word, weights in zip(words, values, strict=True):
            scores += self._share(word, weights, norms)
        for found in joined:
            scores += self._column(found)[ids]
        return Found(ids, scores)

    def _column(self, found: Found) -> Floats:
        column = np.zeros(self._table.room, np.float32)
        column[found.ids] = found.scores
        return column

    def _any(self, nodes: Sequence[tree.Node]) -> Found:
        scores = np.zeros(self._table.room, np.float32)
        mask = np.zeros(self._table.room, bool)
        for node in nodes:
            ids, more = self._found(node)
            mask[ids] = True
            scores[ids] += more
        ids = np.flatnonzero(mask)
        return Found(ids, scores[ids])

    def _norms(self, ids: Ids) -> Floats:
        """How much a word is worth less in a long document than in a short one."""
        return self._table.lengths[ids] * self._relative + np.float32(K1 * (1 - B))

    def _share(self, node: Asked, weights: NDArray[Any], norms: Floats) -> Floats:
        """What a word gives to documents that have so much of it."""
        share = norms + weights
        np.divide(weights, share, out=share, casting="same_kind")
        share *= np.float32(self._rarities[node] * (K1 + 1))
        return share


def _both(masks: Sequence[Mask]) -> Mask:
    return functools.reduce(np.logical_and, masks)


def words_of(node: tree.Node) -> Iterator[Asked]:
    """All words of a tree, those that must be absent included."""
    match node:
        case tree.Word() | tree.Prefix():
            yield node
        case tree.All(nodes) | tree.Any(nodes):
            for inner in nodes:
                yield from words_of(inner)
        case tree.Not(inner):
            yield from words_of(inner)
