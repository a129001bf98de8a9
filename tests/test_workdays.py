"""Working days: the weekday, unless the calendar says otherwise; from one midnight of Shanghai to the next."""

from __future__ import annotations

import datetime as dt
import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from library.config import ROOT
from library.workdays import ZONE, Exceptions, add, between, is_workday

CALENDAR = json.loads((ROOT / "seed_cases/calendar.json").read_text(encoding="utf-8"))
DAYS: Exceptions = {dt.date.fromisoformat(row["day"]): row["working"] for row in CALENDAR["days"]}


def at(text: str) -> dt.datetime:
    """A moment in Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-01-01", False),  # New Year's Day, a Wednesday
        ("2025-01-26", True),  # a Sunday worked for the Spring Festival
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-10-08", False),  # the last day of both festivals
        ("2025-10-11", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-09-25", False),
        ("2026-10-10", True),
        ("2026-11-21", False),  # a Saturday like any other
        ("2026-11-23", True),
    ],
)
def test_days_of_the_official_calendar(day: str, works: bool) -> None:
    assert is_workday(dt.date.fromisoformat(day), DAYS) is works


@pytest.mark.parametrize("year", [2025, 2026])
def test_each_year_has_as_many_working_days_as_the_notices_leave(year: int) -> None:
    days = [dt.date(year, 1, 1) + dt.timedelta(n) for n in range(365)]
    assert sum(is_workday(day, DAYS) for day in days) == 248
    assert sum(is_workday(day, {}) for day in days) == 261


def test_the_calendar_names_only_days_that_the_weekday_tells_wrongly_and_its_source() -> None:
    assert [day for day, works in DAYS.items() if works == is_workday(day, {})] == []
    assert [source["date"] for source in CALENDAR["sources"]] == ["2024-11-12", "2025-11-04"]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-20T09:00", "2026-11-20T23:00", 0),  # the same Friday
        ("2026-11-20T09:00", "2026-11-22T23:59", 0),  # the Sunday after it
        ("2026-11-20T23:59", "2026-11-23T00:00", 1),
        ("2026-11-20T09:00", "2026-11-19T09:00", 0),  # a clock that was set back
        ("2026-09-18T12:00", "2026-10-10T12:00", 11),  # worked on 20 September and on 10 October, not in between
        ("2025-12-31T12:00", "2026-12-31T12:00", 248),
    ],
)
def test_age(start: str, end: str, days: int) -> None:
    assert between(at(start), at(end), DAYS) == days


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-20T09:00", 1, "2026-11-23"),
        ("2026-11-22T09:00", 1, "2026-11-23"),
        ("2026-11-22T09:00", 5, "2026-11-27"),
        ("2026-09-30T18:00", 1, "2026-10-08"),
        ("2026-09-30T18:00", 3, "2026-10-10"),
        ("2026-11-22T09:00", 0, "2026-11-22"),
    ],
)
def test_by_when(start: str, days: int, due: str) -> None:
    assert add(at(start), days, DAYS) == at(f"{due}T23:59:59")


def test_a_day_ends_in_shanghai_not_in_london() -> None:
    late = dt.datetime(2026, 11, 19, 16, 30, tzinfo=dt.UTC)  # half past midnight on Friday, in Shanghai
    assert between(late, at("2026-11-20T12:00"), {}) == 0
    assert add(late, 1, {}) == at("2026-11-23T23:59:59")


MOMENTS = st.integers(0, 800 * 24 * 60).map(lambda minutes: at("2024-12-01") + dt.timedelta(minutes=minutes))


@given(MOMENTS, MOMENTS)
def test_age_is_the_number_of_working_days_counted_one_by_one(start: dt.datetime, end: dt.datetime) -> None:
    days = (end.date() - start.date()).days
    one_by_one = sum(is_workday(start.date() + dt.timedelta(n), DAYS) for n in range(1, days + 1))
    assert between(start, end, DAYS) == one_by_one


@given(MOMENTS, st.integers(1, 60))
def test_the_last_moment_is_so_many_working_days_old(start: dt.datetime, days: int) -> None:
    due = add(start, days, DAYS)
    assert is_workday(due.date(), DAYS)
    assert between(start, due, DAYS) == days
