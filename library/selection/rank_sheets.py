"""A ranking run as its pages and tables draw it: places of ranks on an axis in per cent, rows, columns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .entry_models import Entry

TICKS = 4
COLUMNS = (
    *("place", "rank", "case", "entry", "title_zh", "title_en", "reviews", "raw", "raw_rank", "calibrated", "se"),
    *("moved", "rank_low", "rank_high", "zone"),
)
SCORES = ("case", "expert", "score", "weight")


@dataclass(frozen=True)
class Axis:
    """The ranks that a page shows, side by side; `cut` is where the places end, None outside."""

    first: int
    last: int
    cut: float | None
    ticks: tuple[tuple[int, float], ...]

    def at(self, rank: float) -> float:
        """The middle of a rank's slot, in per cent."""
        return round((rank - self.first + 0.5) / (self.last - self.first + 1) * 100, 2)


def axis(rows: Sequence[Mapping[str, Any]], places: int) -> Axis:
    """Of the rows of one page: from the best end of a range to the worst. At least one row."""
    first, last = min(row["rank_low"] for row in rows), max(row["rank_high"] for row in rows)
    bare = Axis(first, last, None, ())
    inside = first <= places < last
    step = next(
        unit * size for size in (1, 10, 100, 1000) for unit in (1, 2, 5) if (last - first) / (unit * size) <= TICKS
    )
    marked = [first, *(rank for rank in range(first + 1, last) if rank % step == 0), last]
    apart = [rank for rank in marked[1:-1] if min(rank - first, last - rank) * 2 > step]
    ticks = dict.fromkeys((first, *apart, last))
    return Axis(
        first,
        last,
        round((places - first + 1) / (last - first + 1) * 100, 2) if inside else None,
        tuple((rank, bare.at(rank)) for rank in ticks),
    )


def in_raw_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By the raw means, for those who want to see what the calibration moves."""
    return sorted(rows, key=lambda row: (row["raw_rank"], row["place"]))


def cells(rows: Iterable[Mapping[str, Any]], entries: Mapping[str, Entry]) -> list[list[Any]]:
    """The rows as a table; see COLUMNS."""
    found = []
    for row in rows:
        entry = entries.get(row["case"])
        named = {
            "entry": entry.code if entry else "",
            "title_zh": entry.case.title_zh if entry else "",
            "title_en": entry.case.title_en if entry else "",
        }
        found.append([{**row, **named}[name] for name in COLUMNS])
    return found
