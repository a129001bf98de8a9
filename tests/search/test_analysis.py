"""How text is read: folding, words, positions, offsets."""

import pytest
import rjieba
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import occurrences, tokens, words
from search.folding import fold
from search.tree import Way, Word
from search.wanted import MAX_SINGLES, MAX_TERMS, STOP, phrase, wanted


def terms(text: str) -> list[str]:
    return [term for term, *_ in tokens(text)]


def asked(text: str) -> list[tuple[str, ...]]:
    """The terms of the first way of every word."""
    return [word.ways[0].terms for word in wanted(text)]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＮＢ－ＩｏＴ", "nb-iot"),
        ("智慧水錶與電錶", "智慧水表与电表"),
        ("Málaga", "malaga"),
        ("Ma\u0301laga", "malaga"),
        ("½ ㎡", "1⁄2 m2"),
        ("ﬁbre", "fibre"),
        ("STRASSE straße", "strasse strasse"),
        ("so\u00adft\u200bware", "software"),
        ("2020，300", "2020，300"),
    ],
)
def test_spellings_of_a_character_become_one(written: str, folded: str) -> None:
    assert fold(written).text == folded


@given(st.text(alphabet=st.sampled_from("aA水錶ﬁ㎡é\u0301\u200b ，-.1İß𠮷")))
def test_folded_words_point_at_what_was_written(text: str) -> None:
    end = 0
    for word in words(text):
        assert end <= word.whole.start < word.whole.end <= len(text)
        written = fold(text[word.whole.start : word.whole.end]).text
        for piece in (word.whole, *word.parts) if word.han else ():
            assert piece.term in written
        end = max(end, word.whole.start)


def test_the_segmenter_counts_characters_not_bytes() -> None:
    assert rjieba.tokenize("𠮷水表", "search", False) == [("𠮷", 0, 1), ("水表", 1, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("智能远传水表", ["智能", "远传", "水表"]),
        ("智能水表", ["智能水表", "智能", "水表"]),
        ("产品和服务", ["产品", "和", "服务"]),
        ("和服", ["和服"]),
        ("移动物联网", ["移动", "物联网", "物联", "联网"]),
        ("NB-IoT", ["nbiot", "nb", "iot"]),
        ("NB IoT", ["nbiot", "nb", "iot"]),
        ("LTE-Cat1", ["cat1", "lte"]),
        ("Cat.1", ["cat1"]),
        ("Cat 1模组", ["cat1", "模组"]),
        ("LTE Cat 1bis", ["cat1", "lte", "bis"]),
        ("category 1", ["categori", "1"]),
        ("5G RedCap", ["5g", "redcap"]),
        ("smart-NB-IoT", ["smart", "nbiot", "nb", "iot"]),
        ("gas-meters", ["gasmet", "gas", "meter"]),
        ("the operator's meters", ["the", "oper", "meter"]),
        ("1,200,000 meters", ["1200000", "meter"]),
        ("800\u202f000只", ["800000", "只"]),
        ("2020，300", ["2020", "300"]),
        ("1.5km", ["1.5km", "1.5", "km"]),
        ("2025-08-30", ["20250830", "2025", "08", "30"]),
        ("a-b-c-d-e", ["a", "b", "c", "d", "e"]),
        ("!? \0 \ud800 ——", []),
    ],
)
def test_what_the_index_holds(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_spellings_of_one_name_stand_at_one_position() -> None:
    assert list(tokens("NB-IoT 水表")) == [
        ("nbiot", 0, 0, 6),
        ("nb", 0, 0, 6),
        ("iot", 0, 0, 6),
        ("水表", 1, 7, 9),
    ]


def test_parts_of_a_compound_stand_side_by_side() -> None:
    assert [(term, position) for term, position, _, _ in tokens("智能水表远传")] == [
        ("智能水表", 0),
        ("智能", 0),
        ("水表", 1),
        ("远传", 2),
    ]


def test_parts_of_a_hyphenated_word_stand_where_they_would_as_two_words() -> None:
    assert [token[:2] for token in tokens("gas-meter box")] == [("gasmet", 0), ("gas", 0), ("meter", 1), ("box", 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("智能水表", [("智能",), ("水表",)]),
        ("物联网", [("物联网",)]),
        ("和服", [("和服",)]),
        ("NB-IoT", [("nbiot",)]),
        ("cat1", [("cat1",)]),
        ("LTE-Cat1", [("cat1",)]),
        ("水表和燃气", [("水表",), ("燃气",)]),
        ("meters of the city", [("meter",), ("citi",)]),
        ("the", [("the",)]),
        ("水表 水表", [("水表",)]),
        ("5G-A", [("5ga",)]),
    ],
)
def test_what_a_query_asks_for(text: str, expected: list[tuple[str, ...]]) -> None:
    assert asked(text) == expected


def test_a_compound_may_be_written_in_one_word_or_in_two() -> None:
    (word,) = wanted("gas-meter")
    assert word.ways[:2] == (Way(("gasmet",)), Way(("gas", "meter")))


def test_characters_that_make_no_word_are_wanted_side_by_side() -> None:
    assert wanted("鹏讯科技")[0] == Word((Way(("鹏", "讯"), adjacent=True),), "鹏讯")
    assert asked("鹏讯科技") == [("鹏", "讯"), ("科技",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smart gas-meters", Way(("smart", "gas", "meter"), adjacent=True)),
        ("智能水表", Way(("智能", "水表"), adjacent=True)),
        ("NB-IoT 物联网", Way(("nbiot", "物联网"), adjacent=True)),
        ("internet of things", Way(("internet", "of", "thing"), adjacent=True)),
        ("水表", Way(("水表",))),
    ],
)
def test_a_phrase_is_one_word_of_terms_side_by_side(text: str, expected: Way) -> None:
    assert phrase(text) == Word((expected,), text)


def test_a_phrase_of_signs_is_none() -> None:
    assert phrase("?! …") is None


@given(st.text(max_size=300))
def test_occurrences_are_what_the_index_holds(text: str) -> None:
    held = set(terms(text))
    assert {piece.term for piece in occurrences(text, held)} == held


def test_a_query_wants_no_more_than_its_budget() -> None:
    many = wanted(" ".join(["water"] * 100 + [f"word{n}" for n in range(500)]))
    assert [word.ways[0].terms for word in many] == [("water",), *((f"word{n}",) for n in range(MAX_TERMS - 1))]
    assert len(wanted("鹏讯" * 4000)[0].ways[0].terms) == MAX_SINGLES


def test_stop_words_are_spelled_as_the_index_spells_them() -> None:
    assert all(terms(word) == [word] for word in STOP)
