"""The ranking of a large call: 5 000 cases with five scores each from 300 experts, every expert left out in turn.

The peer of one fit is NumPy's dense least squares on all unknowns at 1 000 cases, in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from library.selection.ranking import Table, ranking
from library.selection.scores import Score

EXPERTS, REVIEWS, BAR = 300, 5, 20.0


def main(cases: str = "5000") -> None:
    rows = drawn(int(cases))
    print(f"{cases} cases x {REVIEWS} of {EXPERTS} experts, CPU")
    _, whole = timed(lambda: ranking(rows))
    print(f"{'ranking with each expert left out':40}{whole:8.2f} s   bar {BAR:.0f} s")
    _, reml = timed(lambda: Table(rows).reml())
    print(f"{'penalty by REML':40}{reml:8.2f} s")
    some = drawn(1000)
    table = Table(some)
    ours, one = timed(lambda: table.fit(1.0).quality)
    theirs, dense = timed(lambda: least_squares(some, table, 1.0))
    far = float(np.abs(ours - theirs).max())
    print(f"{'one fit with errors, 1 000 cases':40}{one:8.3f} s")
    print(f"{'dense least squares, 1 000 cases':40}{dense:8.3f} s   x {dense / one:.0f}, apart {far:.1e}")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def drawn(cases: int) -> list[Score]:
    """Scores of made-up experts, some of them harsh."""
    chance = np.random.default_rng(20261123)
    severity = chance.normal(0, 4, EXPERTS)
    quality = chance.normal(75, 6, cases)
    return [
        Score(f"C{case:05}", f"E{expert:03}", round(quality[case] - severity[expert] + chance.normal(0, 3), 1))
        for case in range(cases)
        for expert in chance.choice(EXPERTS, REVIEWS, replace=False)
    ]


def least_squares(rows: list[Score], table: Table, penalty: float) -> Any:
    """The qualities by one dense fit, the penalty as further rows."""
    cases, experts = len(table.cases), len(table.experts)
    place = {name: number for number, name in enumerate((*table.cases, *table.experts))}
    design = np.zeros((len(rows) + experts, cases + experts))
    for number, row in enumerate(rows):
        design[number, place[row.case]], design[number, place[row.expert]] = 1, -1
    design[len(rows) :, cases:] = np.sqrt(penalty) * np.eye(experts)
    right = np.concatenate(([row.score for row in rows], np.zeros(experts)))
    return np.linalg.lstsq(design, right, rcond=None)[0][:cases]
