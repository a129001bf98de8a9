"""Numbers, dates and bilingual text as a page writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import figures
from library.figures import NARROW, bounded, compact, day, deadline, exact, grouped, joined, names, pick, tongue

FACTORS = {"k": 10**3, "M": 10**6, "bn": 10**9, "万": 10**4, "亿": 10**8}


def english(message: str, **params: Any) -> str:
    """gettext where there is no catalogue."""
    return message % params


def worth(short: str) -> Decimal:
    """What a short number says: as a float, 8.13 k would be a little more than 8130."""
    digits, _, unit = short.rpartition(NARROW)
    if unit in FACTORS:
        return Decimal(digits.replace(NARROW, "")) * FACTORS[unit]
    return Decimal(short.replace(NARROW, ""))


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (0, "0", "0"),
        (323, "323", "323"),
        (1_000, "1 k", "1 000"),
        (9_999, "9.99 k", "9 999"),
        (35_126, "35.1 k", "3.51 万"),
        (800_000, "800 k", "80 万"),
        (999_999, "999 k", "99.9 万"),
        (1_000_000, "1 M", "100 万"),
        (10_600_000, "10.6 M", "1 060 万"),
        (100_000_000, "100 M", "1 亿"),
        (2_888_000_000, "2.88 bn", "28.8 亿"),
    ],
)
def test_short_numbers(value: int, en: str, zh: str) -> None:
    assert compact(value, "en") == en.replace(" ", NARROW)
    assert compact(value, "zh") == zh.replace(" ", NARROW)


def test_more_digits_on_demand() -> None:
    assert compact(2_888_000_000, "en", digits=4) == f"2.888{NARROW}bn"
    assert compact(2_888_000_000, "zh", digits=4) == f"28.88{NARROW}亿"


@given(st.integers(0, 10**12), st.sampled_from(["en", "zh"]))
def test_a_short_number_never_claims_more_and_loses_less_than_a_hundredth(value: int, lang: str) -> None:
    said = worth(compact(value, lang))
    assert said <= value
    assert 100 * (value - said) <= value


@given(st.integers(0, 10**12), st.sampled_from(["en", "zh"]))
def test_an_exact_number_loses_nothing(value: int, lang: str) -> None:
    assert worth(exact(value, lang)) == value


def test_chinese_says_an_exact_number_in_ten_thousands_where_that_is_short() -> None:
    assert exact(800_000, "zh") == f"80{NARROW}万"
    assert exact(25_000, "zh") == f"2.5{NARROW}万"
    assert exact(35_126, "zh") == exact(35_126, "en") == f"35{NARROW}126"
    assert exact(800_000, "en") == f"800{NARROW}000"


def test_a_number_as_its_source_puts_it() -> None:
    assert bounded("100 k", "about", english) == "≈ 100 k"
    assert bounded("25 k", "lower", english) == "over 25 k"
    assert bounded("800 k", "exact", english) == bounded("800 k", None, english) == "800 k"


@pytest.mark.parametrize(
    ("when", "short", "long", "zh"),
    [
        ("2025", "2025", "2025", "2025年"),
        ("2025-08", "Aug 2025", "August 2025", "2025年8月"),
        ("2025-10-22", "22 Oct 2025", "22 October 2025", "2025年10月22日"),
        (dt.date(2025, 1, 2), "2 Jan 2025", "2 January 2025", "2025年1月2日"),
        (None, "", "", ""),
    ],
)
def test_dates_are_as_exact_as_they_are_known(when: Any, short: str, long: str, zh: str) -> None:
    assert day(when, "en") == short
    assert day(when, "en", long=True) == long
    assert day(when, "zh") == day(when, "zh", long=True) == zh


def test_a_moment_is_a_day_in_shanghai() -> None:
    assert day(dt.datetime(2026, 11, 22, 16, 30, tzinfo=dt.UTC), "en") == "23 Nov 2026"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-12", "end of 2026"),
        ("2026-12-31", "end of 2026"),
        ("2026-12-30", "30 December 2026"),
        ("2018-09", "September 2018"),
        ("2029", "2029"),
        (None, ""),
    ],
)
def test_december_is_the_end_of_the_year(when: str | None, said: str) -> None:
    assert deadline(when, "en", english) == said


def test_the_other_language_stands_in_and_says_so() -> None:
    both, chinese = {"en": "meters", "zh": "水表"}, {"zh": "水表"}
    assert (pick(both, "en"), pick(both, "zh")) == ("meters", "水表")
    assert not tongue(both, "en")
    assert not tongue(both, "zh")
    assert pick(chinese, "en") == "水表"
    assert tongue(chinese, "en") == ' lang="zh-CN"'
    assert tongue({"en": "meters"}, "zh") == ' lang="en"'
    assert pick(None, "en") == pick({}, "zh") == ""
    assert not figures.fallen(None, "en")


def test_lists_take_the_punctuation_of_their_language() -> None:
    parties = [{"name": {"en": "Spark", "zh": "Spark"}}, {"name": {"en": "Huawei", "zh": "华为"}}]
    assert names(parties, "en") == "Spark; Huawei"
    assert names(parties, "zh") == "Spark；华为"
    assert joined(["a", "", "b"], "en") == "a, b"
    assert joined(["甲", "乙"], "zh") == "甲、乙"
    assert joined(["甲", "乙"], "zh", kind="clause") == "甲，乙"


def test_languages_have_names() -> None:
    assert figures.language("es", "en") == "Spanish"
    assert figures.language("es", "zh") == "西班牙语"
    assert figures.language("xx", "en") == "xx"


def test_grouping() -> None:
    assert grouped(1_012_345) == f"1{NARROW}012{NARROW}345"
    assert grouped(999) == "999"
