"""What is found, in which order, with which counts."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile import BAD
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from search import Document, Index, Query
from search.analysis import tokens
from search.folding import fold

Doc = Callable[..., Document]
Holding = Callable[..., Index]


def keys(index: Index, text: str = "", **rest: Any) -> list[str]:
    return [hit.key for hit in index.search(Query(text, **rest)).items]


# -- matching --


@pytest.mark.parametrize(
    ("written", "asked", "found"),
    [
        ("智能远传水表", "智能水表", True),
        ("智能远传水表", "水表", True),
        ("智慧水錶", "水表", True),
        ("智慧水表", "水錶", True),
        ("我们的产品和服务", "和服", False),
        ("和服租赁", "和服", True),
        ("中国中车股份", "国中", False),
        ("深圳鹏讯科技有限公司", "鹏讯", True),
        ("由威胜承建", "威胜", True),
        ("讯息与鹏城", "鹏讯", False),
        ("鹏城的讯", "鹏讯", False),
        ("NB-IoT meters", "nb iot", True),
        ("NBIoT meters", "NB-IoT", True),
        ("NB-IoT meters", "iot meter", True),
        ("LTE Cat 1 modules", "cat1", True),
        ("Cat.1 modules", "LTE-Cat1", True),
        ("Cat1模组", "cat 1", True),
        ("LTE-Cat1bis modules", "Cat.1", True),
        ("1,200,000 meters", "1200000", True),
        ("800\u202f000 meters", "800,000", True),
        ("smart metering", "meters", True),
        ("gas meter", "gas-meter", True),
        ("gasmeter", "gas-meter", True),
        ("water meter", "gas meter", False),
        ("Ayuntamiento de Málaga", "malaga", True),
        ("water meters", "meters of the water", True),
    ],
)
def test_what_finds_what(doc: Doc, holding: Holding, written: str, asked: str, found: bool) -> None:
    index = holding(doc("K", body=written), doc("other", "无关"))
    assert keys(index, asked) == (["K"] if found else [])


def test_every_word_must_be_found_but_in_any_field(doc: Doc, holding: Holding) -> None:
    index = holding(doc("both", "水表", body="燃气"), doc("one", "水表"), doc("none", "路灯"))
    assert keys(index, "燃气 水表") == ["both"]


def test_characters_of_a_name_do_not_meet_across_fields(doc: Doc, holding: Holding) -> None:
    assert keys(holding(doc("K", "鹏", summary="讯")), "鹏讯") == []


def test_signs_alone_find_nothing_and_blanks_everything(doc: Doc, holding: Holding) -> None:
    index = holding(doc("K", "水表"))
    assert keys(index, "？！… \0") == []
    assert keys(index, " \u3000\n") == ["K"]


# -- order --


def test_a_word_weighs_most_in_the_title_then_in_the_sector(doc: Doc, holding: Holding) -> None:
    filler = "城市公共服务项目说明"
    index = holding(
        doc("body", filler, sector=filler, body="水表"),
        doc("sector", filler, sector="水表", body=filler),
        doc("title", "水表", sector=filler, body=filler),
        *(doc(f"other{n}", filler, sector=filler, body=filler) for n in range(9)),
    )
    assert keys(index, "水表") == ["title", "sector", "body"]


@pytest.mark.parametrize(
    ("sort", "lang", "expected"),
    [
        ("relevance", "zh", ["b", "a", "c", "demo"]),
        ("newest", "zh", ["b", "a", "c", "demo"]),
        ("connections", "zh", ["c", "a", "b", "demo"]),
        ("title", "zh", ["a", "b", "c", "demo"]),
        ("title", "en", ["c", "b", "a", "demo"]),
    ],
)
@pytest.mark.parametrize("text", ["", "水表"])
def test_demonstration_comes_last_in_every_order(
    holding: Holding, sort: str, lang: str, expected: list[str], text: str
) -> None:
    def record(key: str, zh: str, en: str, date: int | None, connections: int | None, group: int = 0) -> Document:
        title = {"zh": zh + "水表" * (1 + group), "en": en}
        return Document(key, {"title": title}, {}, {"date": date, "connections": connections}, group)

    index = holding(
        record("demo", "阿", "AAA", 20300101, 10**9, group=1),
        record("c", "智", "apple", None, 300),
        record("a", "安", "Cherry", 20200101, 200),
        record("b", "电", "Banana", 20250101, None),
    )
    hits = index.search(Query(text, sort=sort, lang=lang))  # type: ignore[arg-type]
    assert [hit.key for hit in hits.items] == expected
    assert hits.total_by_group == {0: 3, 1: 1}


def test_a_title_in_one_language_takes_part_in_the_order_of_the_other(doc: Doc, holding: Holding) -> None:
    index = holding(doc("b", "Beta", lang="en"), doc("c", "Gamma", lang="en"), doc("a", "alpha", lang="zh"))
    assert keys(index, sort="title", lang="zh") == ["a", "b", "c"]


def test_pages_follow_each_other_without_gap_or_repetition(doc: Doc, holding: Holding) -> None:
    index = holding(*(doc(f"K{n:02}", "水表" * (n % 3 + 1)) for n in range(25)))
    for text in ("", "水表"):
        pages = [keys(index, text, page=page, per_page=10) for page in (1, 2, 3, 4, 10**9)]
        assert [len(page) for page in pages] == [10, 10, 5, 0, 0]
        assert len({key for page in pages for key in page}) == 25
        assert keys(index, text, page=0) == keys(index, text, page=-7) == keys(index, text)


# -- filters and counts --


@pytest.fixture
def three(doc: Doc, holding: Holding) -> Index:
    return holding(
        doc("w1", "水表", facets={"network": ("nb-iot",), "sector": ("metering", "water-metering")}),
        doc("w2", "水表", facets={"network": ("lte-cat1", "nb-iot"), "sector": ("metering", "water-metering")}),
        doc("g1", "燃气", facets={"network": ("nb-iot",), "sector": ("metering", "gas-metering")}),
        doc("p1", "停车", facets={"network": ("5g",), "sector": ("parking",)}, rank_group=1),
    )


def test_facets_count_what_another_choice_would_give(three: Index) -> None:
    """A facet's own filter does not narrow its counts; every other filter does."""
    hits = three.search(
        Query(
            filters={"network": ("lte-cat1", "5g"), "sector": ("metering",)},
            facets=("network", "sector", "year"),
        )
    )
    assert [hit.key for hit in hits.items] == ["w2"]
    assert hits.facets == {
        "network": {"nb-iot": 3, "lte-cat1": 1},
        "sector": {"metering": 1, "parking": 1, "water-metering": 1},
        "year": {},
    }


def test_facets_count_within_the_words(three: Index) -> None:
    hits = three.search(Query("水表", facets=("network",)))
    assert hits.facets == {"network": {"nb-iot": 2, "lte-cat1": 1}}
    assert list(hits.facets["network"]) == ["nb-iot", "lte-cat1"], "the most frequent first"


def test_facets_count_demonstration_too_unless_filtered(three: Index) -> None:
    assert three.search(Query(facets=("network",))).facets["network"]["5g"] == 1
    assert three.search(Query(filters={"network": ("5g",)})).total_by_group == {0: 0, 1: 1}


def test_unknown_filters_find_nothing_and_empty_ones_do_not_narrow(three: Index) -> None:
    assert keys(three, filters={"network": ("6g",)}) == []
    assert keys(three, filters={"colour": ("red",)}) == []
    assert len(keys(three, filters={"network": ()})) == 4


CODES = st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3).map(tuple)
FACETS = st.fixed_dictionaries({"a": CODES, "b": CODES, "c": CODES})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(records=st.lists(st.tuples(st.sampled_from(["水表", "路灯"]), FACETS), max_size=12), filters=FACETS)
def test_counts_agree_with_counting_by_hand(
    doc: Doc,
    holding: Holding,
    records: list[tuple[str, dict[str, tuple[str, ...]]]],
    filters: dict[str, tuple[str, ...]],
) -> None:
    def passes(facets: dict[str, tuple[str, ...]], besides: str = "") -> bool:
        return all(
            not codes or name == besides or set(codes) & set(facets[name]) for name, codes in filters.items()
        )

    index = holding(*(doc(f"K{n}", title, facets=facets) for n, (title, facets) in enumerate(records)))
    hits = index.search(Query("水表", filters=filters, facets=("a", "b", "c"), per_page=100))
    found = [facets for title, facets in records if title == "水表"]
    assert hits.total == len(hits.items) == sum(passes(facets) for facets in found)
    for name in ("a", "b", "c"):
        assert hits.facets[name] == Counter(
            code for facets in found if passes(facets, besides=name) for code in facets[name]
        )


# -- text is data --


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index(tmp_path_factory.mktemp("filled"))
    text = {
        "title": {"zh": "智能水表 囧囧囧", "en": "NB-IoT a-b-c 1,200,000"},
        "body": {"zh": "𠮷野家鹏讯\0\ud800"},
    }
    index.rebuild([Document("K", text), Document("L", {"title": {"zh": "路灯"}})], position=1)
    return index


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_hostile_text_is_only_text(filled: Index, text: str) -> None:
    hits = filled.search(Query(text, sort="relevance", facets=("network",), explain=True))
    assert hits.total == len(hits.items) <= 2
    assert all(code.isidentifier() for code, _ in hits.notes)
    filled.suggest(text, "zh")


@settings(max_examples=300, deadline=None)
@given(text=st.text() | st.text(alphabet="智能水表囧和nb-iotcat1 .,'\u202f012𠮷"))
def test_no_text_makes_search_raise(filled: Index, text: str) -> None:
    hits = filled.search(Query(text))
    assert hits.total == len(hits.items)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"]), min_size=1, max_size=12))
def test_a_document_is_found_by_its_own_title(doc: Doc, holding: Holding, text: str) -> None:
    index = holding(doc("K", text))
    assume('"' not in fold(text).text)  # in quotes, because a sign may be one of the query language
    assert keys(index, f'"{text}"') == (["K"] if list(tokens(text)) else [])


def test_a_field_that_does_not_exist_is_a_mistake(index: Index) -> None:
    with pytest.raises(ValueError, match="no such text field: titel"):
        index.rebuild([Document("K", {"titel": {"zh": "水表"}})], position=1)


def test_facets_may_count_one_rank_group_only(tmp_path: Path) -> None:
    index = Index(tmp_path / "index")
    index.rebuild(
        [
            Document("A", {"title": {"en": "meter"}}, {"network": ("5g",), "origin": ("real",)}),
            Document("B", {"title": {"en": "meter"}}, {"network": ("5g",), "origin": ("demo",)}, rank_group=1),
        ],
        position=1,
    )
    query = Query("meter", facets=("network", "origin"), count_group=0, count_all=frozenset({"origin"}))
    hits = index.search(query)
    assert (hits.total, hits.total_by_group) == (2, {0: 1, 1: 1})
    assert hits.facets == {"network": {"5g": 1}, "origin": {"demo": 1, "real": 1}}
