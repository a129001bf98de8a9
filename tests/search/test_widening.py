"""What is looked for when nothing has what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.vocabulary import Vocabulary
from search.widening import MAX_UNKNOWN, widenings

WORDS = "smart meter smoke detector nonce 水表 智能 机器 激起 农业 产品 服务 科技"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(("word", word, 9 - place % 9) for place, word in enumerate(WORDS.split()))


def tried(text: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """`elsewhere` stands for a word of a long text, which the vocabulary has not."""
    return [
        (one.kind, one.text)
        for one in widenings(text, vocabulary, lambda word: word == "elsewhere" or vocabulary.holds(word))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smrt", [("spelling", "smart")]),
        ("Smrt meetr", [("spelling", "smart meter")]),
        ("smrt水表", [("spelling", "smart 水表")]),
        ("smoek, (smrt)", [("spelling", "smoke, (smart)")]),
        ("shuibiao", [("pinyin", "水表")]),
        ("zhinengshuibiao", [("pinyin", "智能 水表")]),
        ("zhineng shuibiao", [("pinyin", "智能 水表")]),
        ("shui biao meter", [("pinyin", "水表 meter")]),
        ("smart shui'biao", [("pinyin", "smart 水表")]),
        ("jiqi", [("pinyin", "机器"), ("pinyin", "激起")]),
        ("nongye", [("pinyin", "农业")]),  # although "nonce" is near
        ("smrt shuibiao", [("spelling", "smart shuibiao"), ("pinyin", "smart 水表")]),
        ("水标", [("spelling", "水表")]),  # typed as shuibiao
        ("smart水标 产品", [("spelling", "smart 水表 产品")]),
        ("激器", [("spelling", "机器")]),
        ("shuibiao OR smrt", [("spelling", "shuibiao OR smart"), ("pinyin", "水表 OR smart")]),
    ],
)
def test_spelling_then_pinyin(vocabulary: Vocabulary, text: str, expected: list[tuple[str, str]]) -> None:
    assert tried(text, vocabulary) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("鼎芯微", '("鼎芯" OR "芯微")'),
        ("鹏讯通", '("鹏讯" OR "讯通")'),
        ("鵬訊通", '("鵬訊" OR "訊通")'),
        ("智能鼎芯微科技", '智能 ("鼎芯" OR "芯微") 科技'),
        ("水表 鼎芯微", '水表 ("鼎芯" OR "芯微")'),
    ],
)
def test_a_name_by_any_two_of_its_characters(vocabulary: Vocabulary, text: str, expected: str) -> None:
    assert tried(text, vocabulary) == [("bigrams", expected)]


def test_each_text_is_wider_than_the_one_before(vocabulary: Vocabulary) -> None:
    assert tried("smrt shuibiao 鼎芯微", vocabulary) == [
        ("spelling", "smart shuibiao 鼎芯微"),
        ("pinyin", "smart 水表 鼎芯微"),
        ("bigrams", 'smart 水表 ("鼎芯" OR "芯微")'),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "和服",  # a word of the dictionary, though no document has it
        "国中",  # two characters that are searched side by side already
        "鹏讯",
        "智能水表",
        "和服 国中",
        "smart meter",
        "elsewhere",
        "nb-iot",
        "lte-m 2o24 e5",
        "smoek-detector smoek_x x/smrt",
        '"smrt meetr"',
        "“smrt meetr”",
        '"smrt',  # the quotation has not ended yet
        "title:smrt",
        "title: smrt",
        'title:"smrt meetr"',
        "title:(smrt OR smoek)",
        "标题：鼎芯微",
        "connections>=smrt",
        "-smrt",
        "NOT smrt",
        '-"smrt meetr"',
        "-(smrt meetr)",
        "smok* smrt*",
        "鼎芯微*",
        '"鼎芯微"',
        "AND OR NOT",
        "https://smrt/smoek",
        "",
        "(((",
    ],
)
def test_what_is_looked_for_as_it_stands(vocabulary: Vocabulary, text: str) -> None:
    assert tried(text, vocabulary) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"smrt meetr" smoek', '"smrt meetr" smoke'),
        ("sector:smrt smoek", "sector:smrt smoke"),
        ("date:2023..2024 smoek", "date:2023..2024 smoke"),
        ("-smrt smoek", "-smrt smoke"),
        ("smok* smoek", "smok* smoke"),
        ("nb-iot smoek", "nb-iot smoke"),
        ("(smoek OR meter) AND smart", "(smoke OR meter) AND smart"),
    ],
)
def test_only_plain_words_change(vocabulary: Vocabulary, text: str, expected: str) -> None:
    assert tried(text, vocabulary) == [("spelling", expected)]


def test_a_word_that_occurs_is_neither_corrected_nor_read_as_pinyin(vocabulary: Vocabulary) -> None:
    assert list(widenings("smrt shuibiao", vocabulary, lambda word: True)) == []
    assert tried("smrt elsewhere shui biao", vocabulary)[-1] == ("pinyin", "smart elsewhere 水表")


def test_a_text_full_of_strange_words_is_left_alone(vocabulary: Vocabulary) -> None:
    assert tried("smrt " * MAX_UNKNOWN, vocabulary) == [("spelling", "smart " * MAX_UNKNOWN)]
    assert tried("smrt " * (MAX_UNKNOWN + 1), vocabulary) == []
    assert tried("鼎" * 9, vocabulary) == []


@given(st.text(alphabet="smrt shuibiao水表鼎芯微\"“”:-*()|'ANDORT1 ＳＭ", max_size=60))
def test_whatever_is_typed_what_stands_in_signs_is_kept(vocabulary: Vocabulary, text: str) -> None:
    quoted = f'"smrt" title:smrt -smrt {text}'
    for one in widenings(quoted, vocabulary, vocabulary.holds):
        assert one.text.startswith('"smrt" title:smrt -smrt ')
        assert one.text != quoted
