"""The cases that the search is measured with: the same ones every time, as long and as full as real ones."""

from __future__ import annotations

from collections import Counter

import pytest
from make import NOW

from bench import asked, generated
from library.catalog.finding import FACETS
from library.labels import LABELS, NETWORKS, PROVINCES
from search import Document
from search.schema import WEIGHTS

MANY = list(generated.documents(400))


def size(document: Document) -> int:
    return sum(len(text.encode()) for texts in document.text.values() for text in texts.values())


def test_they_are_the_same_every_time_and_a_longer_run_begins_with_a_shorter_one() -> None:
    assert list(generated.documents(40)) == MANY[:40]
    assert next(generated.documents(1, seed=2)).text != MANY[0].text
    assert len({document.key for document in MANY}) == len(MANY)


def test_they_are_as_long_as_real_cases_and_of_different_length() -> None:
    sizes = [size(document) for document in MANY]
    assert sum(sizes) / len(sizes) == pytest.approx(2_100, rel=0.1)
    assert min(sizes) < 1_700 < 2_700 < max(sizes)


def test_they_are_filled_in_like_real_cases() -> None:
    for document in MANY:
        assert set(document.text) == set(WEIGHTS)
        assert all(texts["zh"] and texts["en"] for texts in document.text.values())
        assert set(document.facets) == {*FACETS, "has"}
        assert set(document.facets["network"]) <= set(NETWORKS)
        assert set(document.facets["province"]) <= set(PROVINCES)
        assert set(document.facets["scale"]) <= set(LABELS["scale"])
        assert document.facets["sector"][-1] == document.facets["direction"][0] == document.stored["direction"]
        date = document.numbers["date"]
        assert date is None or date // 10_000 <= NOW.year
        assert document.stored["code"] == document.key
    assert {document.rank_group for document in MANY} == {0, 1}


def test_a_few_words_are_everywhere_and_most_are_rare() -> None:
    words: Counter[str] = Counter()
    for document in MANY:
        words.update(set(document.text["body"]["en"].replace(".", "").split()))
    counts = sorted(words.values(), reverse=True)
    assert counts[0] > 0.8 * len(MANY)
    assert counts[len(counts) // 2] < 0.02 * len(MANY)


def test_forty_queries_of_every_kind_are_chosen_and_they_name_what_is_there() -> None:
    chooser = asked.Chooser()
    terms = {document.key: chooser.see(document) for document in MANY}
    kinds = chooser.choose()
    assert tuple(kinds) == asked.KINDS
    for kind, queries in kinds.items():
        assert len(queries) == asked.EACH, kind
        assert len({(one.text, one.page, str(one.filters)) for one in queries}) == asked.EACH, kind
    three = kinds["three terms, AND"]
    assert all(any(set(one.terms) <= set(found) for found in terms.values()) for one in three)
