"""What a run answers, from its inputs alone: the ranking, its order with ties settled, agreement of experts. Pure.

`computed` gives the same for the same inputs and settings, whoever calls it. A change of what it does is a new
MODEL, never an edit of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .agreement import agreement
from .ranking import PENALTY, ranking
from .scores import Score

MODEL = "1"
# Of equal calibrated values: the higher raw mean first, then the better end of the range, then who entered first.
TIES = ("raw", "rank_high", "entered")

Result = Mapping[str, Any]


def computed(inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """{ranking, order, means, agreement} of {scores: [[case, expert, score, weight]], criteria: {code: [score]},
    entered: [case]}. At least one score."""
    rows = [Score(*row) for row in inputs["scores"]]
    penalty = None if parameters["severity"] == "reml" else float(parameters.get("penalty", PENALTY))
    found = ranking(rows, penalty=penalty)
    cases, experts = [row.case for row in rows], [row.expert for row in rows]
    return {
        "ranking": found,
        "order": order(found["cases"], inputs["entered"]) if found["ranked"] else [],
        "means": means(cases, inputs["criteria"]),
        "agreement": agreement(cases, experts, inputs["criteria"], seed=parameters["seed"]),
    }


def order(cases: Sequence[Mapping[str, Any]], entered: Sequence[str]) -> list[str]:
    """The cases one after the other, ties settled by TIES."""
    place = {name: number for number, name in enumerate(entered)}

    def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return row["rank"], -row["raw"], row["rank_high"], place[row["case"]]

    return [row["case"] for row in sorted(cases, key=key)]


def means(cases: Sequence[str], criteria: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Criterion -> case -> plain mean of its scores."""
    found: dict[str, dict[str, float]] = {}
    for code, scores in criteria.items():
        sums: dict[str, list[float]] = {}
        for case, score in zip(cases, scores, strict=True):
            sums.setdefault(case, []).append(score)
        found[code] = {case: round(sum(each) / len(each), 6) + 0.0 for case, each in sums.items()}
    return found


def in_band(row: Mapping[str, Any], places: int) -> bool:
    """Does the range of a case's ranks cross the cut? Then the scores alone do not say whether it is in."""
    return bool(row["rank_low"] <= places < row["rank_high"])


def standing(result: Result, places: int) -> list[dict[str, Any]]:
    """The rows of a ranked run in its order, each with `place`, `moved` (ranks up) and `zone`: above, band, below.

    Cases that share the rank at the cut are all in the band: their order is settled by a rule, not by scores.
    """
    rows = {row["case"]: row for row in result["ranking"]["cases"]}
    ordered = [rows[name] for name in result["order"]]
    split = len(ordered) > places > 0 and ordered[places - 1]["rank"] == ordered[places]["rank"]
    tied = ordered[places]["rank"] if split else None
    found = []
    for place, row in enumerate(ordered, 1):
        band = in_band(row, places) or row["rank"] == tied
        zone = "band" if band else "above" if place <= places else "below"
        found.append({**row, "place": place, "moved": row["raw_rank"] - row["rank"], "zone": zone})
    return found
