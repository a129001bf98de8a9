"""The words of a tree, looked up in one segment: which documents have them, and how much."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search import tree
from search.analysis import tokens
from search.postings import POSITION_BITS, POSITION_SHIFT, TEXT_SHIFT, Postings
from search.schema import LANGUAGES, TEXTS, WEIGHTS
from search.segment import Segment
from search.table import Mask

EXPANDED = 2_000
"""Terms that a prefix stands for at most."""

DENSE = 8
"""A word that one document in so many has gets a column, in which others are looked up at once."""

Asked = tree.Word | tree.Prefix
Ids = NDArray[np.integer[Any]]

_IN_TEXT = np.array([WEIGHTS[field] for field, _ in TEXTS], np.float32)
_TEXTS = (1 << 64 - TEXT_SHIFT) - 1
_DOC_SHIFT = 64 - POSITION_SHIFT
_SPARSE = 16


class Leaf(NamedTuple):
    """The documents of one segment that have a word, ascending, and how much of it."""

    ids: Ids
    weights: NDArray[Any]
    column: NDArray[Any] | None = None
    """The weight in every document; of frequent words only."""

    @property
    def nbytes(self) -> int:
        """Memory of its own, without what lies in the index."""
        parts = (self.ids, self.weights, self.column)
        return sum(part.nbytes for part in parts if part is not None and part.flags.owndata)


NOBODY = Leaf(np.zeros(0, np.intp), np.zeros(0, np.float32))


def leaf(segment: Segment, node: Asked) -> Leaf:
    """The documents that have the word in any of its ways. What takes more than a look is remembered."""
    if isinstance(node, tree.Word) and not node.field and len(node.ways) == len(node.ways[0].terms) == 1:
        found = _way(segment, node.ways[0], "")
        if len(found.ids) * DENSE < segment.table.room:
            return found
    # What was typed does not matter, only what is looked for.
    asked = dataclasses.replace(node, asked="")
    return segment.remembered(asked, lambda: _leaf(segment, asked))


def _leaf(segment: Segment, node: Asked) -> Leaf:
    if isinstance(node, tree.Prefix):
        # A word is kept by its stem, which may be shorter than what was typed of it.
        stems = {term for term, *_ in tokens(node.start)}
        beginning = [*segment.beginning(node.start, EXPANDED), *_known(segment, stems)]
        found = _union([_in_field(postings, node.field) for postings in beginning], segment)
    else:
        found = _union([_way(segment, way, node.field) for way in node.ways], segment)
    room = segment.table.room
    return found if len(found.ids) * DENSE < room else found._replace(column=_column(found, room))


def _way(segment: Segment, way: tree.Way, field: str) -> Leaf:
    found = list(_known(segment, way.terms))
    if len(found) < len(way.terms):
        return NOBODY
    if len(found) == 1:
        return _in_field(found[0], field)
    if way.adjacent:
        return _side_by_side(found, field)
    leaves = sorted((_in_field(postings, field) for postings in found), key=lambda one: len(one.ids))
    ids, weights, _ = leaves[0]
    for other in leaves[1:]:
        present, more = looked_up(other, ids, segment.table.room)
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
        first = postings.occurrences[postings.starts(np.arange(len(ids)))]
        ids = ids[first < len(LANGUAGES) << TEXT_SHIFT]
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
    ends = postings.ends[rows].astype(np.int64)
    counts = ends - postings.starts(rows)
    inside = np.arange(counts.sum()) + np.repeat(ends - np.cumsum(counts), counts)
    places = (postings.occurrences[inside] >> np.uint64(POSITION_SHIFT)).astype(np.int64)
    return (np.repeat(np.arange(len(ids)), counts) << _DOC_SHIFT) | places


def among(some: NDArray[Any], others: NDArray[Any]) -> Mask:
    """Which of some numbers are among others; both ascend."""
    if not len(others):
        return np.zeros(len(some), bool)
    places = np.searchsorted(others, some)
    places[places == len(others)] = 0
    return others[places] == some


def looked_up(part: Leaf, ids: Ids, room: int) -> tuple[Mask, NDArray[Any]]:
    """Which of the documents are in the part, and with what weight."""
    if part.column is None and len(ids) * _SPARSE < len(part.ids):
        places = np.searchsorted(part.ids, ids)
        places[places == len(part.ids)] = 0
        return part.ids[places] == ids, part.weights[places]
    column = _column(part, room) if part.column is None else part.column
    weights = column[ids]
    return weights > 0, weights


def _column(part: Leaf, room: int) -> NDArray[Any]:
    column = np.zeros(room, part.weights.dtype)
    column[part.ids] = part.weights
    return column


def _union(leaves: list[Leaf], segment: Segment) -> Leaf:
    leaves = [one for one in leaves if len(one.ids)]
    if len(leaves) <= 1:
        return leaves[0] if leaves else NOBODY
    column = np.zeros(segment.table.room, np.float32)
    for ids, weights, _ in leaves:
        column[ids] = np.maximum(column[ids], weights)
    ids = np.flatnonzero(column).astype(np.uint32)
    return Leaf(ids, column[ids])
