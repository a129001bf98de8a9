"""The scale ladder: where a count stands on the log axis, which sign it gets, and the same in a sentence.

Lengths along the ladder are per cent of its width, heights are pixels: an SVG without viewBox fits any width
undistorted. Pure functions; `templates/_ladder.html` draws what is measured here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log10
from typing import Any

from markupsafe import Markup

from .figures import NARROW, Gettext, bounded, compact, day, deadline, exact, joined, stop

RUNGS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

Count = Mapping[str, Any]
"""A count of connections, as in a case document: value, kind, as_of, scope, bound, due, verified."""


def place(value: float, rungs: Sequence[int] = RUNGS) -> float:
    """Where a value stands on the log axis, in per cent; the axis begins a decade below the first rung."""
    low = log10(rungs[0]) - 1
    at = (log10(value) - low) / (log10(rungs[-1]) - low) * 100 if value > 0 else 0.0
    return round(min(100.0, max(0.0, at)), 2)


@dataclass(frozen=True, slots=True)
class Marks:
    """What one ladder shows. None or empty: the sign does not occur. A count of nothing is not unknown."""

    solid: float | None = None  # end of the verified bar
    hatch: tuple[float, float] | None = None  # start and width of what is stated or reported
    ticks: tuple[float, ...] = ()  # planned and contracted
    context: float | None = None  # a total of an operator or a city
    stub: str = ""  # "solid" or "hatch": the count lies left of the axis
    reached: tuple[float, ...] = ()  # rungs under the verified bar
    unknown: bool = False  # no count at all


def sort_of(count: Count) -> str:
    """Which sign a count gets: verified, reported, target or context. Only project counts can be verified."""
    if count.get("scope", "project") != "project":
        return "context"
    if count["kind"] in ("planned", "contracted"):
        return "target"
    return "verified" if count.get("verified") else "reported"


def marks(counts: Iterable[Count | None], rungs: Sequence[int] = RUNGS) -> Marks:
    """The signs for the counts of one case, the leading count first. None stands for not reported."""
    sorts: dict[str, list[int]] = {}
    for count in counts:
        if count:
            sorts.setdefault(sort_of(count), []).append(count["value"])
    low = rungs[0] / 10
    verified = max(sorts.get("verified", [0]))
    reported = sorts.get("reported", [0])[0]
    solid = place(verified, rungs) if verified >= low else None
    hatch = None
    if reported >= low and reported > verified and (solid or 0) < 100:
        start = solid or 0.0
        hatch = (start, round(min(100 - start, max(1.2, place(reported, rungs) - start)), 2))
    stub = ""
    if solid is None and hatch is None and low > max(verified, reported) > 0:
        stub = "solid" if verified else "hatch"
    return Marks(
        solid=solid,
        hatch=hatch,
        ticks=tuple(place(value, rungs) for value in sorts.get("target", ())),
        context=place(max(sorts["context"]), rungs) if "context" in sorts else None,
        stub=stub,
        reached=tuple(place(rung, rungs) for rung in rungs if rung <= verified),
        unknown=not sorts,
    )


def shown(row: Mapping[str, Any]) -> tuple[Count | None, ...]:
    """The counts that a row of a list draws: the leading one, a claim above it, and the plan."""
    return row["connections"], row.get("reported"), row.get("target")


def signs(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The signs that occur in a list, for a key that explains no others."""
    found: set[str] = set()
    for row in rows:
        one = marks(shown(row))
        found |= {"verified"} if one.solid is not None or one.stub == "solid" else set()
        found |= {"reported"} if one.hatch or one.stub == "hatch" else set()
        found |= {"target"} if one.ticks else set()
        found |= {"reached"} if one.reached else set()
        found |= {"context"} if one.context is not None else set()
        found |= {"unknown"} if one.unknown else set()
    order = ("verified", "reported", "target", "reached", "context", "unknown")
    return [sign for sign in order if sign in found]


def spoken(counts: Iterable[Count | None], lang: str, _: Gettext) -> str:
    """The ladder as one sentence, for those who do not see it."""
    clauses = [_clause(count, lang, _) for count in counts if count]
    if not clauses:
        return _("Connections: not reported.")
    return joined(clauses, lang, kind="part") + stop("end", lang)


def _clause(count: Count, lang: str, _: Gettext) -> str:
    number = bounded(exact(count["value"], lang), count.get("bound"), _)
    dated = day(count.get("as_of"), lang, long=True) or _("no date given")
    scope, kind = count.get("scope", "project"), count["kind"]
    if scope == "operator":
        return _("%(number)s, an operator-wide total, %(date)s, context only", number=number, date=dated)
    if scope == "city":
        return _("%(number)s, a city-wide total, %(date)s, context only", number=number, date=dated)
    if kind in ("planned", "contracted") and count.get("due"):
        due = deadline(count["due"], lang, _)
        if kind == "planned":
            return _("target %(number)s by %(date)s", number=number, date=due)
        return _("%(number)s contracted, due by %(date)s", number=number, date=due)
    if kind == "planned":
        return _("%(number)s planned, %(date)s, not yet connected", number=number, date=dated)
    if kind == "contracted":
        return _("%(number)s contracted, %(date)s, not yet connected", number=number, date=dated)
    if count.get("verified"):
        checked = day(count["verified"]["on"], lang, long=True)
        return _("%(number)s verified online, %(date)s", number=number, date=checked)
    if kind == "installed":
        return _("%(number)s stated as installed, %(date)s, not verified", number=number, date=dated)
    if kind == "online":
        return _("%(number)s reported online, %(date)s, not verified", number=number, date=dated)
    return _("%(number)s stated, %(date)s, not verified", number=number, date=dated)


# The parts of a ladder that are the same on every row, drawn once a process -------------------------------


def edges(rungs: Sequence[int]) -> list[int]:
    return [rungs[0] // 10, *rungs]


def _line(kind: str, x: float, top: object, foot: object) -> str:
    return f'<line class="{kind}" x1="{x:g}%" x2="{x:g}%" y1="{top}" y2="{foot}"/>'


def _between(rungs: Sequence[int]) -> list[float]:
    """2 … 9 of every decade: they show that the scale is logarithmic."""
    tens = [10**power for power in range(int(log10(rungs[0])) - 1, int(log10(rungs[-1])))]
    return [place(step * ten, rungs) for ten in tens for step in range(2, 10) if ten * step >= rungs[0] // 10]


@cache
def rung_lines(top: object = 0, foot: object = "100%", rungs: Sequence[int] = RUNGS) -> Markup:
    return Markup("".join(_line("lad-rung", place(edge, rungs), top, foot) for edge in edges(rungs)))


@cache
def scale_lines(y: int, rungs: Sequence[int] = RUNGS) -> Markup:
    """Ticks below the base of the large ladder."""
    minor = (_line("lad-minor", x, y, y + 4) for x in _between(rungs))
    return Markup("".join([*minor, *(_line("lad-minor", place(e, rungs), y, y + 8) for e in edges(rungs))]))


@cache
def ruler(rungs: Sequence[int] = RUNGS) -> Markup:
    """The log ruler under the masthead. Its last tick stays inside the page."""
    major = [min(place(edge, rungs), 99.95) for edge in edges(rungs)]
    lines = [_line("minor", x, 0, 4) for x in _between(rungs)] + [_line("major", x, 0, 7) for x in major]
    return Markup("".join(lines) + '<line x1="0" x2="100%" y1=".5" y2=".5"/>')


@cache
def axis_text(y: int, lang: str, rungs: Sequence[int] = RUNGS) -> Markup:
    """The names of the rungs; the outer two stay inside the axis."""
    marked = edges(rungs)
    names = [f"1{NARROW}千" if lang == "zh" and edge == 1000 else compact(edge, lang) for edge in marked]
    anchors = ["start", *("middle" for __ in marked[2:]), "end"]
    texts = (
        f'<text x="{place(edge, rungs):g}%" y="{y}" text-anchor="{anchor}">{name}</text>'
        for edge, name, anchor in zip(marked, names, anchors, strict=True)
    )
    return Markup("".join(texts))


@cache
def axis_ticks(rungs: Sequence[int] = RUNGS) -> Markup:
    return Markup("".join(_line("lad-base", place(edge, rungs), 16, 20) for edge in edges(rungs)))
