"""A table of scores, as the ministry exports it for everybody who wants to compute the ranking again."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..db import canonical
from ..errors import Invalid, Text

COLUMNS = ("case", "expert", "score")
WEIGHT = "weight"


@dataclass(frozen=True, order=True)
class Score:
    """What one expert said of one case."""

    case: str
    expert: str
    score: float
    weight: float = 1.0


def read(content: bytes) -> list[Score]:
    """The scores of a CSV file in UTF-8, by case and expert. Raises Invalid with the line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(Text("The file is no text in UTF-8.")) from None
    found = sorted(_rows(text))
    if not found:
        raise Invalid(Text("The file has no scores."))
    for one, other in itertools.pairwise(found):
        if (one.case, one.expert) == (other.case, other.expert):
            pair = {"case": one.case, "expert": one.expert}
            raise Invalid(Text("Case %(case)s has two scores of expert %(expert)s; leave one of them.", pair))
    return found


def _rows(text: str) -> Iterator[Score]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip() for name in next(lines, [])]
        if not names:
            raise Invalid(Text("The file is empty."))
        if sorted(names) not in (sorted(COLUMNS), sorted((*COLUMNS, WEIGHT))):
            raise Invalid(
                Text("The first line must name the columns case, expert, score and, if you like, weight.")
            )
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield _score(
                    dict(zip(names, map(str.strip, cells), strict=False)), len(names), len(cells), lines.line_num
                )
    except csv.Error:
        raise Invalid(Text("Line %(line)s is no CSV.", {"line": lines.line_num})) from None


def _score(row: dict[str, str], wanted: int, there: int, line: int) -> Score:
    if wanted != there:
        raise Invalid(
            Text(
                "Line %(line)s has %(there)s cells instead of %(wanted)s.",
                {"line": line, "there": there, "wanted": wanted},
            )
        )
    if not (row["case"] and row["expert"]):
        raise Invalid(Text("Line %(line)s names no case or no expert.", {"line": line}))
    score, weight = _number(row["score"]), _number(row.get(WEIGHT) or "1")
    if score is None:
        raise Invalid(
            Text("Line %(line)s: the score %(text)s is no number.", {"line": line, "text": row["score"][:40]})
        )
    if weight is None or weight <= 0:
        raise Invalid(Text("Line %(line)s: the weight must be a number above zero.", {"line": line}))
    return Score(row["case"], row["expert"], score, weight)


def _number(text: str) -> float | None:
    """A plain decimal number; float() would also take nan, infinity and underscores."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 and "_" not in text else None


def digest(rows: Sequence[Score]) -> str:
    """SHA-256 of the rows in canonical JSON, sorted by case and expert: the same table gives the same."""
    table = [[row.case, row.expert, row.score, row.weight] for row in sorted(rows)]
    return hashlib.sha256(canonical(table).encode()).hexdigest()
