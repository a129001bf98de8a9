"""Working days of mainland China: Monday to Friday, but for the days that a calendar excepts. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = 4
LAST_MOMENT = dt.time(23, 59, 59)

Exceptions = Mapping[dt.date, bool]
"""Whether people work on a day of which the weekday alone does not tell it."""


def is_workday(day: dt.date, exceptions: Exceptions) -> bool:
    return exceptions.get(day, day.weekday() <= FRIDAY)


def between(start: dt.datetime, end: dt.datetime, exceptions: Exceptions) -> int:
    """How many working days have begun since the day of `start`: 0 on that day itself, and before it."""
    first, last = start.astimezone(ZONE).date(), end.astimezone(ZONE).date()
    if last <= first:
        return 0
    weeks, rest = divmod((last - first).days, 7)
    count = 5 * weeks + sum((last - dt.timedelta(n)).weekday() <= FRIDAY for n in range(rest))
    # A year of calendar has some sixty exceptions, a waiting case may be hundreds of days old.
    return count + sum(
        works - (day.weekday() <= FRIDAY) for day, works in exceptions.items() if first < day <= last
    )


def add(start: dt.datetime, days: int, exceptions: Exceptions) -> dt.datetime:
    """The last moment of the `days`-th working day after the day of `start`."""
    day = start.astimezone(ZONE).date()
    while days > 0:
        day += dt.timedelta(1)
        days -= is_workday(day, exceptions)
    return dt.datetime.combine(day, LAST_MOMENT, ZONE)
