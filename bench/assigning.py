"""Experts for a large call: 5 000 entries with five of 300 experts each, as a plan that is proved the best.

Conflicts are drawn for two in a hundred pairs, each by itself: the hardest case, since no two entries are alike.
With room for all, and with hardly any; then the plan is mixed and linked. The bar is of the whole.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from library.selection.assign_links import groups, joined, mixed
from library.selection.assigning import Problem, best, figures

EXPERTS, REVIEWS, SECTORS, BAR = 300, 5, 30, 20.0


def main(entries: str = "5000") -> None:
    size = int(entries)
    fair = -(-size * REVIEWS // EXPERTS)
    print(f"{size} entries x {REVIEWS} of {EXPERTS} experts, CPU")
    for name, most in (("with room", fair + 16), ("hardly room", fair), ("too few", fair * 2 // 3)):
        problem = drawn(size, most)
        pairs, solving = timed(lambda problem=problem: best(problem, seed=1))  # type: ignore[misc]
        stirred, mixing = timed(lambda problem=problem, pairs=pairs: mixed(problem, pairs, seed=1))  # type: ignore[misc]
        whole, linking = timed(lambda problem=problem, stirred=stirred: joined(problem, stirred))  # type: ignore[misc]
        seen = figures(problem, whole)
        print(
            f"{name:14} {solving:6.2f} s solved {mixing:6.2f} s mixed {linking:6.2f} s linked   bar {BAR:.0f} s"
            f"   lacking {seen.lacking}, outside the sector {seen.outside},"
            f" groups {len(groups(problem, whole).found)}"
        )
    print(f"{'memory of this process':40}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def drawn(entries: int, most: int) -> Problem:
    """Experts who know about five sectors of thirty each."""
    chance = np.random.default_rng(20261123)
    sector = chance.integers(0, SECTORS, entries)
    knows = chance.random((EXPERTS, SECTORS)) < 5 / SECTORS
    return Problem(
        need=np.full(entries, REVIEWS),
        has=np.zeros(entries, int),
        free=np.full(EXPERTS, most),
        load=np.zeros(EXPERTS, int),
        barred=chance.random((entries, EXPERTS)) < 0.02,
        knows=knows[:, sector].T,
    )
