"""Completions: Chinese, English, pinyin, initials; what comes first; what is gone."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.documents import Completion
from search.folding import fold
from search.vocabulary import KINDS, Row, Vocabulary

ROWS: list[Row] = [
    ("sector", "能源表计", 900),
    ("sector", "Smart meters", 500),
    ("word", "水表", 80),
    ("word", "水", 70),
    ("word", "水务", 60),
    ("word", "智能", 300),
    ("word", "智能远传水表", 3),
    ("word", "smart", 400),
    ("word", "smoke", 100),
    ("word", "the", 1000),
    ("word", "的", 1000),
    ("word", "2024", 1000),
    ("organisation", "深圳市水务集团", 12),
    ("organisation", "NB-IoT水表公司", 2),
    ("organisation", "Water Works of Málaga", 4),
    ("place", "西安市", 5),
]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(ROWS)


def together(parts: Iterable[Vocabulary]) -> Vocabulary:
    """As one, with nothing gone."""
    return Vocabulary.merged(parts, lambda kind, text: True)


def texts(found: list[Completion]) -> list[str]:
    return [each.text for each in found]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("水表", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("水錶", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("shuibiao", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("shui'biao", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("shui biao", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("SHUIBI", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("shuib", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("sb", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("zn", ["智能", "智能远传水表"]),
        ("znyc", ["智能远传水表"]),
        ("nengyuan", ["能源表计"]),
        ("biaoji", ["能源表计"]),
        ("xi'an", ["西安市"]),
        ("xi an", ["西安市"]),
        ("xia'n", []),  # the signs stand between syllables
        ("shu ibiao", []),
        ("s b", ["水表", "智能远传水表", "NB-IoT水表公司"]),
        ("nb-iot shui", ["NB-IoT水表公司"]),
        ("nbiotshui", ["NB-IoT水表公司"]),
        ("nb-iot", ["NB-IoT水表公司"]),
        ("sm", ["Smart meters", "smart", "smoke"]),
        ("ＳＭＡ", ["smart", "Smart meters"][::-1]),
        ("smart", ["smart", "Smart meters"]),
        ("smart  m", ["Smart meters"]),
        ("meter", ["Smart meters"]),
        ("malaga", ["Water Works of Málaga"]),
        ("深圳", ["深圳市水务集团"]),
        ("szsswjt", ["深圳市水务集团"]),
        ("eter", []),  # not the beginning of a word
        ("uibiao", []),
        ("务集", []),
        ("the", []),
        ("2024", []),
        ("", []),
        (" ", []),
        ("'", []),
        ("\n", []),
        ("🙂", []),
    ],
)
def test_what_a_beginning_may_become(vocabulary: Vocabulary, typed: str, first: list[str]) -> None:
    assert texts(vocabulary.complete(typed)) == first


def test_a_completion_says_its_kind_and_in_how_many_documents_it_stands(vocabulary: Vocabulary) -> None:
    assert vocabulary.complete("能源") == [Completion("能源表计", "sector", 900)]


def test_what_fits_best_comes_first_then_kind_then_count(vocabulary: Vocabulary) -> None:
    assert texts(vocabulary.complete("shui")) == [
        "水",
        "水表",
        "水务",
        "智能远传水表",
        "深圳市水务集团",
        "NB-IoT水表公司",
    ]
    assert texts(vocabulary.complete("水", 2)) == ["水", "深圳市水务集团"]


def test_initials_are_not_read_from_one_letter() -> None:
    found = Vocabulary([("word", "上海", 5), ("word", "ab水", 1)])
    assert texts(found.complete("s")) == ["上海", "ab水"]  # the second by its syllable
    assert texts(found.complete("sh")) == ["上海", "ab水"]


def test_no_kind_takes_more_than_half_while_others_have_something_to_offer() -> None:
    words: list[Row] = [("word", f"water{letter}", 100) for letter in "abcdefgh"]
    firms: list[Row] = [("organisation", f"Water {letter}", 1) for letter in "ab"]
    kinds = [each.kind for each in Vocabulary(words + firms).complete("wat", 6)]
    assert kinds == ["word"] * 4 + ["organisation"] * 2
    assert len(Vocabulary(words).complete("wat", 6)) == 6


def test_kinds_and_limit(vocabulary: Vocabulary) -> None:
    assert texts(vocabulary.complete("s", kinds=("organisation",))) == ["深圳市水务集团", "NB-IoT水表公司"]
    assert texts(vocabulary.complete("s", 1, kinds=("organisation",))) == ["深圳市水务集团"]
    assert vocabulary.complete("s", 0) == []
    assert vocabulary.complete("s", kinds=()) == []


def test_what_is_gone_is_passed_over_and_makes_room(vocabulary: Vocabulary) -> None:
    asked = []

    def alive(kind: str, text: str) -> bool:
        asked.append((kind, text))
        return text != "水表"

    found = Vocabulary.merged([vocabulary], alive).complete("水表", 1, kinds=("word",))
    assert texts(found) == ["智能远传水表"]
    assert asked == [("word", "水表"), ("word", "智能远传水表")]


def test_what_is_gone_does_not_hide_another_way_to_write_it() -> None:
    """A name that was corrected is written anew in a later segment."""
    parts = [Vocabulary([("organisation", "KAMSTRUP", 5)]), Vocabulary([("organisation", "Kamstrup", 1)])]
    found = Vocabulary.merged(parts, lambda kind, text: text != "KAMSTRUP").complete("kam")
    assert texts(found) == ["Kamstrup"]


def test_what_is_gone_is_no_correction_and_no_reading_and_stands_in_the_way_of_none() -> None:
    rows: list[Row] = [("word", word, 9) for word in ("watar", "zebra", "激起")]
    rows += [("word", word, 1) for word in ("water", "机器")]
    living = Vocabulary.merged([Vocabulary(rows)], lambda kind, text: text in ("water", "机器"))
    assert [living.correct(word) for word in ("watar", "watir", "zebrr")] == ["water", "water", None]
    assert (living.holds("zebra"), living.holds("water"), living.han("jiqi")) == (False, True, ["机器"])


def test_only_as_many_are_asked_after_as_are_needed() -> None:
    asked = []
    many = Vocabulary(("word", f"water{chr(97 + i // 26)}{chr(97 + i % 26)}", 1) for i in range(500))
    found = Vocabulary.merged([many], lambda kind, text: asked.append(text) is None)
    assert len(found.complete("w", 8)) == 8
    assert len(asked) <= 9


def test_a_name_is_written_as_it_is_most_often_and_offered_once() -> None:
    rows: list[Row] = [("organisation", "KAMSTRUP", 2), ("organisation", "Kamstrup", 5), ("word", "kamstrup", 90)]
    assert Vocabulary(rows).complete("kam") == [Completion("Kamstrup", "organisation", 7)]


def test_segments_together_answer_as_one() -> None:
    """Where each text is in one segment; else the better count of one segment orders, and all are told."""
    merged = together(Vocabulary([row]) for row in ROWS)
    whole = Vocabulary(ROWS)
    for typed in ("s", "sh", "shui", "水", "sb", "smart", "m", "z"):
        assert merged.complete(typed) == whole.complete(typed), typed
    twice = together([Vocabulary(ROWS), Vocabulary(ROWS[2:3]), Vocabulary([])])
    assert twice.complete("水表")[0] == Completion("水表", "word", 160)
    assert together([]).complete("s") == []


def test_whether_a_word_is_there(vocabulary: Vocabulary) -> None:
    assert [vocabulary.holds(word) for word in ("水錶", "SMART", "smar", "meters")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("shuibiao", ["水表"]),
        ("zhinengshuibiao", ["智能 水表"]),
        ("zhineng shuibiao", ["智能 水表"]),
        ("zhinengyuanchuanshuibiao", ["智能远传水表"]),
        ("nbiotshuibiaogongsi", []),
        ("smart", []),
    ],
)
def test_chinese_words_typed_as_pinyin(vocabulary: Vocabulary, typed: str, words: list[str]) -> None:
    assert vocabulary.han(typed) == words


def test_a_latin_word_that_is_there_is_no_pinyin() -> None:
    rows: list[Row] = [("word", "先", 5), ("word", "上海", 5)]
    assert Vocabulary(rows).han("shanghai") == ["上海"]
    assert Vocabulary([*rows, ("word", "shanghai", 1)]).han("shanghai") == []


def test_of_words_that_sound_alike_the_most_frequent_comes_first() -> None:
    parts: list[list[Row]] = [[("word", "激起", 3)], [("word", "机器", 2)], [("word", "机器", 2)]]
    assert together(map(Vocabulary, parts)).han("jiqi") == ["机器", "激起"]


rows = st.tuples(
    st.sampled_from(KINDS), st.text(alphabet="水表智能ab é-A 銀行", min_size=1, max_size=6), st.integers(1, 9)
)


@given(st.lists(rows, max_size=12), st.text(alphabet="水表智shuibiao ab'銀", max_size=4))
def test_whatever_begins_so_is_found_and_the_rest_is_no_surprise(rows: list[Row], typed: str) -> None:
    vocabulary = Vocabulary(rows)
    found = vocabulary.complete(typed, 100)
    wanted = " ".join(fold(typed).text.split())
    offered = {fold(one.text).text.strip() for one in found}
    if wanted:
        begun = {" ".join(fold(text).text.split()) for kind, text, _ in rows if kind != "word"}
        begun = {text for text in begun if text.startswith(wanted)}
        assert begun <= {" ".join(text.split()) for text in offered}
    assert len(texts(found)) == len(set(texts(found)))
    assert set(texts(found)) <= {text for _, text, _ in rows}
