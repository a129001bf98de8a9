"""How text is read: folding, words, positions, offsets."""

import pytest
import rjieba
from hostile import BAD
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import tokens, words
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
        ("the operator's meters", ["the", "operator", "meter"]),
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


def canonical(text: str) -> list[str]:
    """The wholes of a text, without what else they are to be found by."""
    return [word.whole.term for word in words(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("120万", "１２０万", "120 萬", "120余万", "120多万", "一百二十万"),
        *(
            "1.2 M",
            "1.2M",
            "1.2 million",
            "1.2-million",
            "1.20 million",
            "1,200,000",
            "1\u202f200\u202f000",
            "1200000",
        ),
        *("1 200 000", "1,200 thousand", "1200k"),
    ],
)
def test_spellings_of_a_number_become_one(text: str) -> None:
    assert canonical(text) == ["1200000"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("百万", ["1000000"]),
        ("千万级连接", ["10000000", "级", "连接"]),
        ("超过三千五百万户", ["超过", "35000000", "户"]),
        ("一千零五十万", ["10500000"]),
        ("万级、亿级", ["10000", "级", "100000000", "级"]),
        ("1.2亿", ["120000000"]),
        ("12億", ["1200000000"]),
        ("3.6 billion", ["3600000000"]),
        ("4万亿", ["4000000000000"]),
        ("1.23456万", ["12345.6"]),
        ("1-2 million", ["1", "2000000"]),
        ("1,234.5", ["1234.5"]),
        ("98.5%", ["98.5%"]),
        ("98.5 per cent", ["98.5%"]),
        ("2.4 GHz", ["2.4ghz"]),
        ("2.4吉赫", ["2.4ghz"]),
        ("900-MHz", ["900mhz"]),
        ("120万千瓦时", ["1200000kwh"]),
        ("1.2 million kWh", ["1200000kwh"]),
        ("50公里", ["50km"]),
        ("100㎡", ["100m2"]),
        ("25℃", ["25°c"]),
        ("15-minute", ["15min"]),
        ("15分钟", ["15min"]),
    ],
)
def test_numbers_in_words_and_with_units(text: str, expected: list[str]) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020 300 house 12 300", ["2020", "300", "hous", "12", "300"]),
        ("5G 4K 3GPP", ["5g", "4k", "3gpp"]),
        ("2024年", ["2024", "年"]),
        ("10.20.30.40", ["10.20.30.40"]),
        ("1.2.3 million", ["1.2.3", "million"]),
        ("100 m/s", ["100", "m", "s"]),
        ("12 March", ["12", "march"]),
        ("百千万工程", ["百千万", "工程"]),
        ("万一", ["万一"]),
        ("万物互联", ["万物", "互联"]),
        ("5瓦房", ["5", "瓦房"]),
        ("1" * 41 + "万", ["1" * 41, "万"]),
        ("9" * 400, ["9" * 64]),
    ],
)
def test_what_only_looks_like_a_number_with_a_scale(text: str, expected: list[str]) -> None:
    assert canonical(text) == expected


def test_a_number_is_found_by_its_written_digits_too() -> None:
    assert terms("120万只") == ["1200000", "120", "只"]
    assert terms("1.2 million") == ["1200000", "1.2", "million"]
    assert terms("98%") == ["98%", "98"]
    assert list(tokens("2.4 GHz band")) == [
        ("2.4ghz", 0, 0, 7),
        ("2.4", 0, 0, 3),
        ("ghz", 1, 4, 7),
        ("band", 2, 8, 12),
    ]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        *(
            ("和服", "产品和服务"),
            ("国中", "中国中车"),
            ("国中", "中国中学"),
            ("电表", "家电表现"),
            ("水表", "水表面"),
        ),
        *(
            ("气表", "天气表示"),
            ("中车", "其中车辆"),
            ("物联", "事物联系"),
            ("天车", "每天车流"),
            ("远传", "永远传承"),
        ),
        *(
            ("烟感", "吸烟感染"),
            ("集抄", "收集抄写"),
            ("电表", "充电表明"),
            ("产品", "生产品牌"),
            ("上海", "海上海岸"),
        ),
        *(("万一", "120万一户"), ("网联", "物联网联盟"), ("人车", "无人车间")),
    ],
)
def test_a_word_is_not_found_across_the_words_of_a_text(inside: str, text: str) -> None:
    assert inside in text
    wants = [word.ways[0] for word in wanted(inside)]
    at = {(term, position) for term, position, _, _ in tokens(text)}
    starts = {position for _, position in at}
    met = [
        any(all((term, start + step) in at for step, term in enumerate(way.terms)) for start in starts)
        for way in wants
    ]
    assert not all(met)


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
    assert [token[:2] for token in tokens("gas-meter box")] == [
        ("gasmet", 0),
        ("gas", 0),
        ("meter", 1),
        ("box", 2),
    ]


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
        ("120万只水表", [("1200000",), ("水表",)]),
        ("1.2 million", [("1200000",)]),
        ("百万级连接", [("1000000",), ("连接",)]),
        ("2.4 GHz", [("2.4ghz",)]),
        ("级", [("级",)]),
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


def test_a_query_wants_no_more_than_its_budget() -> None:
    many = wanted(" ".join(["water"] * 100 + [f"word{n}" for n in range(500)]))
    assert [word.ways[0].terms for word in many] == [("water",), *((f"word{n}",) for n in range(MAX_TERMS - 1))]
    assert len(wanted("鹏讯" * 4000)[0].ways[0].terms) == MAX_SINGLES


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_no_text_makes_a_large_query(text: str) -> None:
    assert sum(len(word.ways[0].terms) for word in wanted(text)) <= MAX_TERMS
    if words := phrase(text):
        assert len(words.ways[0].terms) <= MAX_TERMS


def test_stop_words_are_spelled_as_the_index_spells_them() -> None:
    assert all(terms(word) == [word] for word in STOP)
