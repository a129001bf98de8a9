"""The tally (every project on the ladder at once) and the national series (connections over the years).

Geometry only, by the same convention as `ladder`: across in per cent, down in pixels;
`templates/_charts.html` draws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .figures import Gettext, bounded, compact, day, deadline, grouped, joined
from .ladder import RUNGS, edges, place

SLOT = 2.0  # per cent of the width that one mark takes in the tally
PILE = 10  # higher piles are drawn as one bar
PITCH = 15


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    y: float
    height: float
    solid: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """All counts of one kind of record on one ladder: a mark a project, and the sum between two rungs."""

    total: int
    verified: int
    under: int  # left of the axis
    without: int  # no count, or only an operator's or a city's total: not drawn
    decades: tuple[tuple[int, int, int], ...]  # from, to, how many; the last one also holds what lies above
    marks: tuple[Mark, ...]
    stubs: tuple[Mark, ...]
    single: bool  # one mark is one project; else a bar is as high as its projects are many
    base: float  # y of the base line


def tally(
    stated: Sequence[int], verified: Sequence[int] = (), *, without: int = 0, rungs: Sequence[int] = RUNGS
) -> Tally:
    """`stated` and `verified` hold one number a project; a verified project is not among the stated."""
    marked = edges(rungs)
    values = [*verified, *stated]
    piles: dict[int, Counter[bool]] = {}
    for group, solid in ((verified, True), (stated, False)):
        for value in group:
            # Rounding must not carry a mark over the rung above it, which its count has not reached.
            above = next((rung for rung in marked if rung > value), marked[-1])
            slot = -1 if value < marked[0] else int(min(place(value, rungs), place(above, rungs) - SLOT) / SLOT)
            piles.setdefault(slot, Counter())[solid] += 1
    highest = max((pile.total() for pile in piles.values()), default=0)
    single = highest <= PILE
    pitch = float(PITCH) if single else PILE * PITCH / highest
    base = max(3, min(PILE, highest)) * PITCH + 37.5
    drawn: dict[bool, list[Mark]] = {True: [], False: []}
    for slot, pile in sorted(piles.items()):
        drawn[slot < 0].extend(_pile(slot, pile, base - 0.5, pitch, single))
    ends = [*marked[1:-1], max([marked[-1], *(value + 1 for value in values)])]
    decades = [
        (low, high, sum(low <= value < end for value in values))
        for (low, high), end in zip(pairwise(marked), ends, strict=True)
    ]
    return Tally(
        total=len(values),
        verified=len(verified),
        under=sum(value < marked[0] for value in values),
        without=without,
        decades=tuple(decades),
        marks=tuple(drawn[False]),
        stubs=tuple(drawn[True]),
        single=single,
        base=base,
    )


def tally_words(one: Tally, lang: str, _: Gettext, rungs: Sequence[int] = RUNGS) -> str:
    """The tally as a sentence, for those who do not see it."""
    low = compact(edges(rungs)[0], lang)
    parts = [_("%(count)s under %(low)s", count=grouped(one.under), low=low)] if one.under else []
    for start, end, count in one.decades:
        low, high = compact(start, lang), compact(end, lang)
        parts.append(_("%(count)s from %(low)s to %(high)s", count=grouped(count), low=low, high=high))
    return _("Projects with a count: %(parts)s.", parts=joined(parts, lang, kind="clause"))


def _pile(slot: int, pile: Counter[bool], foot: float, pitch: float, single: bool) -> list[Mark]:
    """Solid below, hatched above: one mark a project while they fit, else one bar for each kind."""
    x = round(max(0, slot) * SLOT + 0.15, 2)
    level = 0
    found = []
    for solid in (True, False):
        for size in [1] * pile[solid] if single else [pile[solid]] if pile[solid] else []:
            level += size
            found.append(Mark(x, round(foot - level * pitch, 1), round(max(1.0, size * pitch - 2), 1), solid))
    return found


# The series -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Series:
    """A line over time with its guides, ticks, exact points, lower bounds and target."""

    height: int
    base: float
    guides: tuple[tuple[float, int], ...]  # y and value
    years: tuple[tuple[float, int], ...]  # x and year
    path: str
    points: tuple[tuple[float, float, Mapping[str, Any]], ...]  # x, y and the point; hollow if a lower bound
    aim: str  # from the last exact point to the target
    target: tuple[float, float, Mapping[str, Any]] | None


def series(
    points: Sequence[Mapping[str, Any]], target: Mapping[str, Any] | None = None, *, height: int = 150
) -> Series | None:
    """Points `{as_of, value, bound}` by time, target `{value, by, bound}`. None without two points."""
    if len(points) < 2:
        return None
    start = _months(points[0]["as_of"])
    last = max(_months(points[-1]["as_of"]), _months(target["by"]) if target else 0)
    top = max([point["value"] for point in points] + ([target["value"]] if target else []))
    base = height - 28.0

    def across(month: float) -> float:
        return round(1.25 + (month - start) / max(1, last - start) * 98.75, 2)

    def down(value: float) -> float:
        return round(base - value / top * (base - 23), 1)

    drawn = [(across(_months(point["as_of"])), down(point["value"]), point) for point in points]
    line = [(x, y) for x, y, point in drawn if point.get("bound", "exact") != "lower"]
    aim = (across(_months(target["by"])), down(target["value"]), target) if target else None
    step = _step(top, max(3, height // 60))
    first_year, last_year = points[0]["as_of"][:4], last // 12
    years = [year for year in range(int(first_year) + 1, last_year + 1) if height > 200 or year % 2 == 0]
    return Series(
        height=height,
        base=base,
        guides=tuple((down(value), value) for value in range(step, top + 1, step)),
        years=tuple((across(year * 12), year) for year in years),
        path="M" + "L".join(f"{x:g} {y:g}" for x, y in line) if line else "",
        points=tuple(drawn),
        aim=f"M{line[-1][0]:g} {line[-1][1]:g}L{aim[0]:g} {aim[1]:g}" if aim and line else "",
        target=aim,
    )


def series_words(
    points: Sequence[Mapping[str, Any]], target: Mapping[str, Any] | None, lang: str, _: Gettext
) -> str:
    """The series as a sentence, for those who do not see it."""

    def number(point: Mapping[str, Any]) -> str:
        return bounded(compact(point["value"], lang, digits=4), point.get("bound"), _)

    first, last = points[0], points[-1]
    ends = {
        "first": number(first),
        "start": day(first["as_of"], lang, long=True),
        "last": number(last),
        "end": day(last["as_of"], lang, long=True),
    }
    if target is None:
        return _("%(first)s in %(start)s, %(last)s in %(end)s.", **ends)
    due = deadline(target["by"], lang, _)
    aim = number(target)
    return _("%(first)s in %(start)s, %(last)s in %(end)s; target %(aim)s by %(due)s.", **ends, aim=aim, due=due)


def _months(when: str) -> int:
    """Months since the year 0; a year alone means its end, as a stock at the end of the year."""
    year, month = int(when[:4]), int(when[5:7] or 12)
    return year * 12 + month - 1


def _step(top: int, at_most: int) -> int:
    """The finest of 1, 2, 5, 10, … that gives no more guides than fit."""
    unit = 10 ** max(0, len(str(top)) - 2)
    steps = (unit * part * size for size in (1, 10, 100) for part in (1, 2, 5))
    return next(step for step in steps if top // step <= at_most)
