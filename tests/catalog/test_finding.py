"""From the words of an address to a search and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import make
import pytest
from sqlalchemy.orm import Session

from library.catalog import finding, taxonomy
from library.catalog.finding import FACETS, MAX_PAGE, MAX_PER_PAGE, MAX_QUERY, Address, SearchArgs
from library.errors import Missing, Unavailable
from search import Document, Hits, Index


def asked(**over: Any) -> dict[str, Any]:
    return dict(SearchArgs().load(over))


def hits(total: int = 0, **facets: dict[str, int]) -> Hits:
    return Hits(total=total, total_by_group={0: total, 1: 0}, items=[], facets=dict(facets), took_ms=0.0)


def label(kind: str, code: str) -> str:
    return f"{kind} {code}"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    index = Index(tmp_path / "index")
    shared = {"text": {"title": {"zh": "水表", "en": "meter"}}}
    index.rebuild(
        [Document(key=f"K{n}", numbers={"date": n, "connections": 9 - n}, **shared) for n in (1, 2, 3)], position=1
    )
    return index


def test_an_address_without_words_asks_for_everything() -> None:
    plain = {"q": "", "exact": False, "explain": False, "sort": None, "page": 1, "per_page": 20}
    assert asked() == plain | {name: [] for name in FACETS}


def test_words_that_nobody_knows_are_passed_over() -> None:
    assert asked(utm_source="x") == asked()


@pytest.mark.parametrize(
    ("given", "field", "limit"),
    [
        ({"q": "x" * (MAX_QUERY + 1)}, "q", MAX_QUERY),
        ({"page": MAX_PAGE + 1}, "page", MAX_PAGE),
        ({"page": 0}, "page", MAX_PAGE),
        ({"page": "x"}, "page", MAX_PAGE),
        ({"per_page": MAX_PER_PAGE + 1}, "per_page", MAX_PER_PAGE),
        ({"sort": "price"}, "sort", "relevance"),
        ({"sector": ["s"] * 41}, "sector", 40),
    ],
)
def test_a_broken_rule_is_a_sentence_with_its_limit(given: dict[str, Any], field: str, limit: Any) -> None:
    errors = SearchArgs().validate(given)
    assert list(errors) == [field]
    assert str(limit) in errors[field][0]


def test_limits_themselves_are_allowed() -> None:
    given = {"q": "x" * MAX_QUERY, "page": MAX_PAGE, "per_page": MAX_PER_PAGE, "sector": ["x" * 60] * 40}
    assert SearchArgs().validate(given) == {}


@pytest.mark.parametrize(
    ("given", "sort"),
    [({}, "newest"), ({"q": " "}, "newest"), ({"q": "水"}, "relevance"), ({"q": "水", "sort": "title"}, "title")],
)
def test_relevance_needs_words(given: dict[str, Any], sort: str) -> None:
    assert finding.sort_of(asked(**given)) == sort


def test_finding(index: Index) -> None:
    def keys(**given: Any) -> list[str]:
        return [hit.key for hit in finding.find(index, asked(**given), "en", without=frozenset()).items]

    assert keys() == ["K3", "K2", "K1"]
    assert keys(sort="connections", per_page=2) == ["K1", "K2"]
    assert keys(sort="connections", per_page=2, page=2) == ["K3"]
    assert keys(q="me\0ter") == []
    assert sorted(keys(q="\0meter\0")) == ["K1", "K2", "K3"]


def test_an_index_that_is_not_there_is_told_as_being_built(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        finding.find(Index(tmp_path), asked(), "zh", without=frozenset())


def test_an_address_and_what_it_becomes() -> None:
    address = Address(
        asked(q="水 表", sector=["metering"], network=["nb-iot", "5g"], sort="title", page=4), "/search"
    )
    words = {"q": ["水 表"], "sector": ["metering"], "network": ["nb-iot", "5g"], "sort": ["title"]}
    assert parse_qs(address().partition("?")[2]) == words
    assert parse_qs(address(page=2).partition("?")[2]) == {**words, "page": ["2"]}
    assert parse_qs(address.toggled("network", "5g").partition("?")[2]) == {**words, "network": ["nb-iot"]}
    assert parse_qs(address.toggled("scale", "1m").partition("?")[2]) == {**words, "scale": ["1m"]}
    assert Address(asked(), "/search")() == "/search"


def test_pages_and_their_neighbours() -> None:
    def pages(total: int, page: int) -> tuple[Any, ...]:
        found = finding.pages(hits(total), asked(page=page, per_page=10), Address(asked(), "/s"))
        return found["pages"], found["prev"], found["next"]

    assert pages(0, 1) == (1, None, None)
    assert pages(10, 1) == (1, None, None)
    assert pages(11, 1) == (2, None, "/s?page=2")
    assert pages(21, 2) == (3, "/s?page=1", "/s?page=3")
    for total, page in ((0, 2), (10, 2), (21, 4)):
        with pytest.raises(Missing):
            pages(total, page)


def test_facets_in_their_order(session: Session) -> None:
    tree = make.taxonomy(session)
    order = {"scale": ("1m", "10k"), "network": ("nb-iot", "5g"), "origin": ("collected", "demo")}
    found = hits(
        9,
        sector={"water-metering": 2, "metering": 3, "smart-home": 1},
        network={"5g": 4, "nb-iot": 1},
        scale={"10k": 2},
        country={"CN": 1, "ES": 5, "AT": 1},
        year={"unknown": 9, "2024": 1, "2025": 1},
    )
    args = asked(country=["XX"], sector=["gas-metering"])
    got = {facet.name: facet for facet in finding.facets(found, Address(args, "/s"), tree, label, order)}

    def lines(name: str) -> list[tuple[str, int]]:
        return [(item.code, item.count) for item in got[name].items]

    assert lines("sector") == [("metering", 3), ("water-metering", 2), ("gas-metering", 0), ("smart-home", 1)]
    assert [item.depth for item in got["sector"].items] == [0, 1, 1, 0]
    assert lines("network") == [("nb-iot", 1), ("5g", 4)]
    assert lines("scale") == [("1m", 0), ("10k", 2)]
    assert lines("country") == [("ES", 5), ("AT", 1), ("CN", 1), ("XX", 0)]
    assert lines("year") == [("2025", 1), ("2024", 1), ("unknown", 9)]
    assert set(got) == {"sector", "network", "scale", "country", "year"}
    assert [(item.code, item.on) for item in got["country"].items][-1] == ("XX", True)


def test_chips_lead_to_the_address_without_them() -> None:
    address = Address(asked(q="a", network=["5g"], year=["2025"]), "/s")
    assert finding.chips(address, label) == [
        {"name": "network", "label": "network 5g", "url": "/s?q=a&year=2025"},
        {"name": "year", "label": "year 2025", "url": "/s?q=a&network=5g"},
    ]


def test_a_code_that_the_taxonomy_does_not_know_can_be_dropped_again() -> None:
    args = asked(sector=["nonsense"])
    [facet] = finding.facets(hits(), Address(args, "/s"), taxonomy.Taxonomy({}, {}), label, {})
    assert [(item.code, item.on, item.url) for item in facet.items] == [("nonsense", True, "/s")]
