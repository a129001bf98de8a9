"""The arrays against a slow and plain reading of the same documents: same documents, same scores, same order.

And against Whoosh's own search through the same index, for what it can ask.
"""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh.index import open_dir
from whoosh.query import And, Or, Term

from search import Document, Index, Query, tree
from search.analysis import tokens
from search.matching import K1, B
from search.schema import LANGUAGES, SCHEMA, WEIGHTS

TERMS = ["水表", "智能", "路灯", "gas", "meter", "nb", "平台"]
TEXT = st.lists(
    st.sampled_from(["智能水表", "水表", "路灯", "gas-meter", "gas", "meter", "NB-IoT", "平台", "，"]), max_size=6
)


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    fields = st.dictionaries(
        st.sampled_from(["title", "body", "sector", "summary"]),
        st.dictionaries(st.sampled_from(LANGUAGES), TEXT.map(" ".join), min_size=1),
        min_size=1,
    )
    return [
        Document(
            f"K{number}",
            draw(fields),
            facets={"f": draw(st.sampled_from([(), ("x",), ("y",), ("x", "y")]))},
            numbers={
                "connections": draw(st.sampled_from([None, 0, 5, 10])),
                "date": 20200101 + draw(st.integers(0, 2)),
            },
            rank_group=draw(st.integers(0, 1)),
            boost=draw(st.sampled_from([1.0, 1.25])),
        )
        for number in range(draw(st.integers(1, 8)))
    ]


FIELD = st.sampled_from(["", "", "title", "sector", "body"])
WAY = st.builds(tree.Way, st.lists(st.sampled_from(TERMS), min_size=1, max_size=3).map(tuple), st.booleans())
WORD = st.builds(tree.Word, st.lists(WAY, min_size=1, max_size=2).map(tuple), st.just("asked"), FIELD)
LEAVES = st.one_of(
    WORD,
    st.builds(tree.Prefix, st.sampled_from(["水", "me", "g", "智能"]), st.just("asked"), FIELD),
    st.builds(tree.Pick, st.just("f"), st.sampled_from([("x",), ("y",), ("x", "z"), ("z",)])),
    st.builds(tree.Range, st.just("connections"), st.sampled_from([None, 1, 6]), st.sampled_from([None, 5, 20])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(tree.All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(tree.Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(tree.Not, inner),
    ),
    max_leaves=5,
)


class Plain:
    """One document read word for word."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.places: dict[str, list[tuple[str, str, int]]] = {}
        self.length = 0
        for field in WEIGHTS:
            for lang in LANGUAGES:
                for term, position, *_ in tokens(document.text.get(field, {}).get(lang, "")):
                    self.places.setdefault(term, []).append((field, lang, position))
                    self.length += 1

    def weight(self, node: tree.Node) -> float:
        """How much of a word the document has."""
        if isinstance(node, tree.Prefix):
            stems = {term for term, *_ in tokens(node.start)}
            begun = (term for term in self.places if term.startswith(node.start) or term in stems)
            return max((self._sum(self._in(term, node.field)) for term in begun), default=0)
        assert isinstance(node, tree.Word)
        return max(self._way(way, node.field) for way in node.ways)

    def _way(self, way: tree.Way, field: str) -> float:
        places = [self._in(term, field) for term in way.terms]
        if way.adjacent and len(way.terms) > 1:
            return self._sum(
                (name, lang, at)
                for name, lang, at in places[0]
                if all((name, lang, at + step) in others for step, others in enumerate(places))
            )
        return min(self._sum(found) for found in places)

    def _in(self, term: str, field: str) -> list[tuple[str, str, int]]:
        return [place for place in self.places.get(term, []) if not field or place[0] == field]

    @staticmethod
    def _sum(places: object) -> float:
        return sum(WEIGHTS[field] for field, *_ in places)  # type: ignore[attr-defined]


class Shelf:
    """All documents, read one after the other."""

    def __init__(self, documents: list[Document]) -> None:
        self.plain = [Plain(document) for document in documents]
        self.average = sum(one.length for one in self.plain) / len(self.plain)

    def has(self, node: tree.Node, one: Plain) -> bool:
        document = one.document
        match node:
            case tree.Pick(facet, codes):
                return bool(set(codes) & set(document.facets[facet]))
            case tree.Range(name, low, high):
                number = document.numbers[name]
                return number is not None and (low is None or number >= low) and (high is None or number <= high)
            case tree.Not(inner):
                return not self.has(inner, one)
            case tree.All(nodes):
                return all(self.has(inner, one) for inner in nodes)
            case tree.Any(nodes):
                return any(self.has(inner, one) for inner in nodes)
            case _:
                return one.weight(node) > 0

    def score(self, node: tree.Node, one: Plain) -> float:
        match node:
            case tree.Word() | tree.Prefix():
                having = sum(other.weight(node) > 0 for other in self.plain)
                rarity = math.log(1 + (len(self.plain) - having + 0.5) / (having + 0.5))
                weight = one.weight(node)
                return rarity * weight * (K1 + 1) / (weight + K1 * (1 - B + B * one.length / (self.average or 1)))
            case tree.All(nodes):
                return sum(self.score(inner, one) for inner in nodes)
            case tree.Any(nodes):
                return sum(self.score(inner, one) for inner in nodes if self.has(inner, one))
            case _:
                return 0.0

    def found(self, node: tree.Node) -> list[tuple[str, float]]:
        worded = any(words(node))
        hits = [one for one in self.plain if self.has(node, one)]
        scores = {one.document.key: self.score(node, one) * one.document.boost for one in hits}
        hits.sort(
            key=lambda one: (
                one.document.rank_group,
                -round(scores[one.document.key], 4) if worded else 0,
                -(one.document.numbers["date"] or 0),
                one.document.key,
            )
        )
        return [(one.document.key, scores[one.document.key]) for one in hits]


def words(node: tree.Node) -> Iterator[tree.Node]:
    match node:
        case tree.Word() | tree.Prefix():
            yield node
        case tree.All(nodes) | tree.Any(nodes):
            for inner in nodes:
                yield from words(inner)
        case tree.Not(inner):
            yield from words(inner)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=documents(), node=TREES, later=st.integers(0, 3))
def test_the_same_documents_with_the_same_scores(documents: list[Document], node: tree.Node, later: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = Index(folder)
        # Some come in a later segment, and one that was changed leaves a deleted one behind.
        index.rebuild([*documents[later:], Document("gone", {"title": {"zh": " ".join(TERMS)}})], position=1)
        index.apply([*((one.key, one) for one in documents[: later + 1]), ("gone", None)], position=2)
        index.refresh()
        assert index._current is not None
        snapshot = index._current.snapshot
        expected = Shelf(documents).found(node)
        hits = snapshot.search(Query(per_page=100, explain=True), node)
        answers, _ = snapshot._answers(node)
        scores = {
            segment.table.keys[docnum].decode(): score
            for segment, answer in zip(snapshot.segments, answers, strict=True)
            for docnum, score in zip(*answer.found(node), strict=True)
        }
        assert scores == {key: pytest.approx(score, abs=1e-4) for key, score in expected}
        assert [hit.key for hit in hits.items] == [key for key, _ in expected]
        explained = {hit.key: hit.explanation.score for hit in hits.items if hit.explanation}
        assert explained == {key: pytest.approx(scores[key], abs=1e-4) for key in explained}
        assert snapshot.count(node) == hits.total == len(expected)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=documents(), asked=st.lists(st.sampled_from(TERMS), min_size=1, max_size=3, unique=True))
def test_whoosh_finds_the_same_through_the_same_files(documents: list[Document], asked: list[str]) -> None:
    nodes = [tree.Word((tree.Way((term,)),), term) for term in asked]
    terms = [Term("words", term) for term in asked]
    pairs: list[tuple[tree.Node, object]] = [
        (tree.All(tuple(nodes)), And(terms)),
        (tree.Any(tuple(nodes)), Or(terms)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        index = Index(folder)
        index.rebuild(documents[1:], position=1)
        index.apply([(documents[0].key, documents[0]), (documents[-1].key, None)], position=2)
        index.refresh()
        assert index._current is not None
        with open_dir(str(Path(folder, "current")), schema=SCHEMA).searcher() as searcher:
            for node, query in pairs:
                theirs = sorted(searcher.docs_for_query(query))
                keys = {searcher.reader().column_reader("facts")[docnum] for docnum in theirs}
                ours = index._current.snapshot.search(Query(per_page=100), node)
                assert len(keys) == len(theirs) == ours.total
                assert {key.split(b'"')[1].decode() for key in keys} == {hit.key for hit in ours.items}
