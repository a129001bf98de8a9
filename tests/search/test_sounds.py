"""Pinyin: how words sound, and which words may be meant by letters."""

import pypinyin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.sounds import READINGS, SYLLABLES, boundaries, han, letters, pinyin

KNOWN = {
    "shuibiao": ["水表"],
    "zhineng": ["智能", "只能"],
    "xian": ["先", "西安"],
    "nu": ["女"],
    "fangan": ["方案"],
}

COMMON = "物联网 智能 燃气 抄表 传感器 烟感 消防 充电桩 音乐 快乐 调度 空调 数据 还款 地方 便宜 方便 都市"


def meant(typed: str) -> list[str]:
    return han(typed, lambda sound: KNOWN.get(sound, []))


@pytest.mark.parametrize(
    ("word", "sound"),
    [
        ("水表", "shui biao"),
        ("银行", "yin hang"),
        ("行走", "xing zou"),
        ("重庆", "chong qing"),
        ("重量", "zhong liang"),
        ("长安", "chang an"),
        ("绿色", "lu se"),
        ("女", "nu"),
        ("战略", "zhan lue"),
    ],
)
def test_the_sound_of_a_word(word: str, sound: str) -> None:
    assert pinyin(word) == tuple(sound.split())


def test_words_sound_as_pypinyin_has_them() -> None:
    """We read its files ourselves, so this notices when their form changes."""
    words = COMMON.split()
    assert [" ".join(pinyin(word)) for word in words] == [
        " ".join(pypinyin.lazy_pinyin(word)).replace("v", "u") for word in words
    ]


def test_every_common_character_sounds_like_a_syllable() -> None:
    # The characters of GB 2312's first level, ordered by pinyin; 嗯 and the like are not among them.
    rows = range(0xB0, 0xD8)
    common = [bytes((row, cell)).decode("gb2312", "ignore") for row in rows for cell in range(0xA1, 0xFF)]
    sounds = {pinyin(char)[0] for char in common if char}
    assert len(sounds) > 380
    assert sounds <= SYLLABLES


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shui'biao", "shuibiao"),
        ("Shui Biao", "shuibiao"),
        ("ｓｈｕｉ－biao", "shuibiao"),
        ("nü", "nu"),
        ("nv", "nu"),
        ("lüe", "lue"),
        ("NB-IoT", "nbiot"),
    ],
)
def test_typed_pinyin_in_its_kept_form(typed: str, kept: str) -> None:
    assert letters(typed) == kept


@pytest.mark.parametrize(
    ("sound", "places"),
    [
        ("xian", [0, 2, 4]),
        ("fangan", [0, 3, 4, 6]),
        ("zhi", [0, 3]),
        ("shuib", []),
        ("smart", []),
        ("nbiot", []),
        ("", []),
    ],
)
def test_where_syllables_may_begin_and_end(sound: str, places: list[int]) -> None:
    assert boundaries(sound) == places


@given(st.lists(st.sampled_from(sorted(SYLLABLES)), min_size=1, max_size=8))
def test_syllables_in_a_row_are_found_again(syllables: list[str]) -> None:
    places = boundaries("".join(syllables))
    assert {len("".join(syllables[:count])) for count in range(len(syllables) + 1)} <= set(places)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("shuibiao", ["水表"]),
        ("shui biao", ["水表"]),
        ("SHUI'BIAO", ["水表"]),
        ("zhinengshuibiao", ["智能 水表", "只能 水表"]),
        ("zhineng shuibiao", ["智能 水表", "只能 水表"]),
        ("zhi neng shui biao", ["智能 水表", "只能 水表"]),
        ("nvshuibiao", ["女 水表"]),
        ("xian", ["先", "西安"]),
        ("xi'an", ["西安"]),
        ("xi an", ["西安"]),
        ("fangan", ["方案"]),
        ("fan gan", []),  # 反感, which nobody has written
        ("shuibi", []),
        ("shuib iao", []),
        ("meter", []),
        ("", []),
        ("'", []),
    ],
)
def test_what_pinyin_may_mean(typed: str, expected: list[str]) -> None:
    assert meant(typed) == expected


def test_readings_stay_few_however_much_is_typed() -> None:
    assert len(meant("zhineng" * 8)) == READINGS
    assert meant("zhineng" * 9) == []  # nobody types as much as that
