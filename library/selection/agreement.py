"""On which criteria do experts disagree more than chance explains? Pure: scores in, an answer out.

Each case is a block, each expert a treatment, and not every expert is in every block. For a criterion the sum of
squares that experts explain beyond cases (the adjusted treatment sum of squares of an incomplete block design,
Yates 1940) is compared with what it would be if the scores of a case had gone to its experts by chance: they are
shuffled within each case (Friedman 1937 does so with ranks, Skillings & Mack 1981 with gaps).
p = (1 + as extreme) / (1 + shuffles) (Phipson & Smyth 2010); over the criteria of a rubric the p-values are
adjusted by Holm 1979. Beside it stands how far experts agree: the intraclass correlation ICC(1,1) of Shrout &
Fleiss 1979, with the mean size of Searle 1971 for cases with different numbers of reviews.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHUFFLES = 999
SEED = 20261201
LEVEL = 0.05
DIGITS = 6

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def agreement(
    cases: Sequence[str], experts: Sequence[str], scores: Mapping[str, Sequence[float]], *, seed: int = SEED
) -> list[dict[str, Any]]:
    """For each criterion {criterion, f, p, p_holm, icc, disagree}; `scores` are as long as cases and experts.

    f and p are None where nothing can be said: no case has two reviews, or all scores of each case are alike.
    """
    case = np.unique(np.array(cases), return_inverse=True)[1]
    expert = np.unique(np.array(experts), return_inverse=True)[1]
    codes = sorted(scores)
    values = np.array([scores[code] for code in codes], dtype=float).T.reshape(len(case), len(codes))
    f, p = _tested(case, expert, values, seed)
    adjusted = holm(p)
    return [
        {
            "criterion": code,
            "f": _rounded(f[place]),
            "p": _rounded(p[place]),
            "p_holm": _rounded(adjusted[place]),
            "icc": _rounded(icc(case, values[:, place])),
            "disagree": _is_small(adjusted[place]),
        }
        for place, code in enumerate(codes)
    ]


def icc(case: Places, values: Floats) -> float | None:
    """The share of the spread of single scores that comes from the cases; None without two cases and one that has
    two reviews."""
    sizes = np.bincount(case)
    count, many = len(values), len(sizes)
    if many < 2 or count <= many:
        return None
    means = np.bincount(case, values) / sizes
    within = float(np.sum((values - means[case]) ** 2)) / (count - many)
    between = float(np.sum(sizes * (means - values.mean()) ** 2)) / (many - 1)
    size = (count - float(np.sum(sizes**2)) / count) / (many - 1)
    over = between + (size - 1) * within
    return (between - within) / over if over > 0 else None


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for there being several (Holm 1979); None stays None."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    found: list[float | None] = [None] * len(values)
    worst = 0.0
    for rank, (value, place) in enumerate(known):
        worst = max(worst, min(1.0, (len(known) - rank) * value))
        found[place] = worst
    return found


def _tested(
    case: Places, expert: Places, values: Floats, seed: int
) -> tuple[list[float | None], list[float | None]]:
    """F and p of each column."""
    sizes = np.bincount(case)
    means = np.array([np.bincount(case, column) for column in values.T]).T / sizes[:, None]
    left = values - means[case]
    there = np.zeros((len(sizes), expert.max() + 1))
    there[case, expert] = 1
    matrix = np.diag(there.sum(axis=0)) - there.T @ (there / sizes[:, None])
    inverse = np.linalg.pinv(matrix, hermitian=True, rcond=1e-9)
    freedom = round(float(np.trace(inverse @ matrix)))
    rest = len(case) - len(sizes) - freedom
    total = np.sum(left**2, axis=0)
    testable = (total > 1e-9) & (freedom > 0) & (len(case) > len(sizes))

    # Cases with as many reviews lie together, a row each, so that they are shuffled at once.
    lying: list[Places] = [
        rows[np.argsort(case[rows], kind="stable")].reshape(-1, size)
        for size in np.unique(sizes).tolist()
        for rows in (np.flatnonzero(sizes[case] == size),)
    ]
    seats = np.concatenate([rows.ravel() for rows in lying])
    columns = left[seats].T.copy()

    def explained(given: list[Places]) -> Floats:
        whole = np.concatenate([each.ravel() for each in given])
        right = np.array([np.bincount(whole, column, minlength=len(matrix)) for column in columns])
        found: Floats = np.sum((right @ inverse) * right, axis=1)
        return found

    seated = [expert[rows] for rows in lying]
    seen = explained(seated)
    extreme, least = np.zeros(len(seen)), seen - 1e-9 * (1 + seen)
    chance = np.random.Generator(np.random.PCG64(seed))
    for _ in range(SHUFFLES if testable.any() else 0):
        ways = [np.argsort(chance.random(rows.shape), axis=1) for rows in lying]
        extreme += (
            explained([np.take_along_axis(each, way, axis=1) for each, way in zip(seated, ways, strict=True)])
            >= least
        )
    f = [
        seen[place] / freedom / ((total[place] - seen[place]) / rest)
        if testable[place] and rest > 0 and total[place] - seen[place] > 1e-9
        else None
        for place in range(len(seen))
    ]
    return f, [(1 + extreme[place]) / (1 + SHUFFLES) if testable[place] else None for place in range(len(seen))]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DIGITS) + 0.0


def _is_small(p: float | None) -> bool:
    return p is not None and bool(p <= LEVEL)
