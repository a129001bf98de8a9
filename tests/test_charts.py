"""The tally of the home page and the national series."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.charts import PILE, SLOT, series, series_words, tally, tally_words
from library.figures import NARROW


def english(message: str, **params: Any) -> str:
    """gettext where there is no catalogue."""
    return message % params


STATED = [323, 900, 3_700, 34_000, 72_000, 100_000, 100_000, 500_000, 9_000_000, 10_000_000, 200_000_000]
POINTS = [
    {"as_of": "2019-12", "value": 1_000_000_000, "bound": "lower"},
    {"as_of": "2020-06", "value": 1_106_000_000, "bound": "exact"},
    {"as_of": "2025-12", "value": 2_888_000_000, "bound": "exact"},
]
TARGET = {"value": 3_600_000_000, "by": "2027-12", "bound": "lower"}


def test_every_project_is_counted_once_between_two_rungs() -> None:
    drawn = tally(STATED, [12_000], without=31)
    assert (drawn.total, drawn.verified, drawn.under, drawn.without) == (12, 1, 2, 31)
    assert [count for _, _, count in drawn.decades] == [1, 3, 3, 1, 2]
    assert len(drawn.marks) + len(drawn.stubs) == 12
    assert [mark.solid for mark in drawn.marks].count(True) == 1


@given(st.lists(st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_the_decades_add_up(stated: list[int], verified: list[int]) -> None:
    drawn = tally(stated, verified)
    assert drawn.under + sum(count for _, _, count in drawn.decades) == drawn.total == len(stated) + len(verified)
    for mark in (*drawn.marks, *drawn.stubs):
        assert 0 <= mark.x <= 98.3
        assert 20 <= mark.y <= mark.y + mark.height <= drawn.base


def test_marks_of_one_place_pile_up_without_touching() -> None:
    ys = [mark.y for mark in tally([100_000] * 3).marks]
    assert sorted(ys, reverse=True) == ys
    assert len(set(ys)) == 3


def test_verified_lies_below_stated_in_a_pile() -> None:
    low, high = tally([100_000], [100_000]).marks
    assert (low.solid, high.solid) == (True, False)
    assert low.y > high.y


def test_many_projects_become_bars() -> None:
    one_each = tally([100_000] * PILE)
    bars = tally([100_000] * 5 * PILE + [5_000_000] * PILE, [100_000])
    assert one_each.single
    assert not bars.single
    assert len(bars.marks) == 3
    assert bars.base == one_each.base
    stated, few = (next(mark for mark in bars.marks if mark.x == x and not mark.solid) for x in (40.15, 72.15))
    assert stated.height > few.height * 4


def test_the_tally_in_words() -> None:
    words = tally_words(tally([323, 35_000, 100_000, 100_000]), "en", english).replace(NARROW, " ")
    assert words == (
        "Projects with a count: 1 under 1 k, 0 from 1 k to 10 k, 1 from 10 k to 100 k, 2 from 100 k to 1 M, "
        "0 from 1 M to 10 M, 0 from 10 M to 100 M."
    )


def test_an_empty_tally_is_drawn() -> None:
    drawn = tally([])
    assert (drawn.total, drawn.marks, drawn.single) == (0, (), True)


def test_the_line_leaves_lower_bounds_out_and_shows_them() -> None:
    chart = series(POINTS, TARGET)
    assert chart is not None
    assert chart.path.count("L") == 1
    assert [point["bound"] for _, _, point in chart.points] == ["lower", "exact", "exact"]
    assert chart.points[0][0] == 1.25
    assert chart.target is not None
    assert chart.target[:2] == (100, 23)
    assert chart.aim.endswith("L100 23")


def test_time_runs_right_and_more_is_higher() -> None:
    chart = series(POINTS)
    assert chart is not None
    assert chart.target is None
    xs, ys = zip(*((x, y) for x, y, _ in chart.points), strict=True)
    assert sorted(xs) == list(xs)
    assert sorted(ys, reverse=True) == list(ys)
    assert xs[-1] == 100


@pytest.mark.parametrize(("height", "years"), [(150, [2020, 2022, 2024, 2026]), (320, list(range(2020, 2028)))])
def test_years_and_guides_fit_the_height(height: int, years: list[int]) -> None:
    chart = series(POINTS, TARGET, height=height)
    assert chart is not None
    assert [year for _, year in chart.years] == years
    assert [value for _, value in chart.guides] == [10**9, 2 * 10**9, 3 * 10**9]
    assert all(23 <= y <= chart.base for y, _ in chart.guides)


def test_one_point_is_no_line() -> None:
    assert series(POINTS[:1], TARGET) is None


def test_the_series_in_words() -> None:
    words = series_words(POINTS, TARGET, "en", english).replace(NARROW, " ")
    assert words == "over 1 bn in December 2019, 2.888 bn in December 2025; target over 3.6 bn by end of 2027."
    assert series_words(POINTS[1:], None, "en", english).endswith("2.888" + NARROW + "bn in December 2025.")


def test_a_mark_stays_below_the_rung_that_is_not_reached() -> None:
    below, on = tally([99_999]), tally([100_000])
    assert [decade[2] for decade in below.decades] == [0, 1, 0, 0, 0]
    assert below.marks[0].x + SLOT <= 40.0 + 0.15 <= on.marks[0].x
