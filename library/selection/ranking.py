"""From the scores of experts to an order of cases, with the severity of each expert taken out.

The additive model: score = quality of the case - severity of the expert + error. Quality is a fixed effect and
severity is shrunk by a penalty: the weighted squares of the errors plus `penalty` times the squares of the
severities are the least possible (ridge regression, Hoerl & Kennard 1970). With the ratio of residual to severity
variance as penalty that is best linear unbiased prediction (Henderson 1975), and the ratio can be estimated by
restricted maximum likelihood (Patterson & Thompson 1971). Qualities are eliminated first: the system has a row an
expert, 300 and not 5 300.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scores import Score, digest

PENALTY = 1.0
OTHER_PENALTIES = (0.3, 1.0, 3.0)  # at which an order has to hold up
LEAST, MOST = 1e-4, 1e6  # between which REML looks
DIGITS = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """What the model says at one penalty. Severities add up to zero within a group of linked cases."""

    quality: Floats
    severity: Floats
    quality_error: Floats | None
    """Standard errors; None where there are no more scores than the model has freedom."""
    severity_error: Floats | None


class Table:
    """Scores, a row a case and a column an expert, and the model of them. At least one score."""

    def __init__(self, rows: Sequence[Score]) -> None:
        self.cases = sorted({row.case for row in rows})
        self.experts = sorted({row.expert for row in rows})
        place = {name: number for number, name in enumerate(self.cases)}
        seat = {name: number for number, name in enumerate(self.experts)}
        case, expert = [place[row.case] for row in rows], [seat[row.expert] for row in rows]
        self.count = len(rows)
        self.score, self.weight = (np.zeros((len(self.cases), len(self.experts))) for _ in range(2))
        self.score[case, expert] = [row.score for row in rows]
        self.weight[case, expert] = [row.weight for row in rows]

    @cached_property
    def whole(self) -> _Normal:
        return _normal(self.weight, self.score)

    @property
    def raw(self) -> Floats:
        """The weighted mean of each case."""
        return self.whole.means

    @cached_property
    def groups(self) -> list[tuple[list[str], list[str]]]:
        """Cases and experts that are linked by reviews, the largest group first."""
        labels = _linked(self.weight > 0)
        of_cases = labels[(self.weight > 0).argmax(axis=1)]  # each case's first expert stands for it
        found = [
            (
                [name for name, its in zip(self.cases, of_cases, strict=True) if its == label],
                [name for name, its in zip(self.experts, labels, strict=True) if its == label],
            )
            for label in np.unique(labels)
        ]
        return sorted(found, key=lambda group: (-len(group[0]), group[0]))

    def fit(self, penalty: float) -> Fit:
        """Qualities and severities with their standard errors. Raises ValueError for a negative penalty."""
        if not 0 <= penalty < np.inf:
            raise ValueError("a penalty is a number that is not negative")
        whole, centred = self.whole, _centre(_linked(self.weight > 0))
        inverse = np.linalg.inv(whole.matrix + centred + penalty * np.eye(len(self.experts)))
        severity = inverse @ whole.right
        quality = whole.means + whole.links @ severity
        left = self.weight * (self.score - quality[:, None] + severity) ** 2
        # A severity counts as far as the penalty leaves it free (effective degrees, Hastie & Tibshirani 1990).
        freedom = self.count - len(self.cases) - float(np.sum(inverse * whole.matrix))
        if freedom < 1e-9:
            return Fit(quality, severity, None, None)
        spread = inverse - centred / (1 + penalty)  # without the common level of a group, which no score tells
        variance = float(np.sum(left)) / freedom
        of_cases = 1 / whole.reviewed + np.sum((whole.links @ spread) * whole.links, axis=1)
        errors = (np.sqrt(np.maximum(variance * each, 0)) for each in (of_cases, np.diag(spread)))
        return Fit(quality, severity, *errors)

    def without_each(self, penalty: float) -> Iterator[Floats]:
        """The qualities when one expert's scores are left out, expert by expert; NaN where a case has no other.

        Only the cases of that expert change the equations, so each costs one small system.
        """
        whole, count = self.whole, len(self.experts)
        for expert in range(count):
            rows = self.weight[:, expert] > 0
            kept, score = self.weight[rows].copy(), self.score[rows]
            before = _normal(kept, score)
            kept[:, expert] = 0
            after = _normal(kept, score)
            matrix = whole.matrix - before.matrix + after.matrix + penalty * np.eye(count)
            if penalty == 0:
                there = self.weight > 0
                there[:, expert] = False
                matrix += _centre(_linked(there))
            severity = np.linalg.solve(matrix, whole.right - before.right + after.right)
            quality = whole.means + whole.links @ severity
            quality[rows] = np.where(after.reviewed > 0, after.means + after.links @ severity, np.nan)
            yield quality

    def reml(self) -> float:
        """The penalty that restricted maximum likelihood finds between LEAST and MOST."""
        freedom = self.count - len(self.cases)
        if freedom < 1:
            return PENALTY
        values, vectors = np.linalg.eigh(self.whole.matrix)
        values, along = np.maximum(values, 0), (vectors.T @ self.whole.right) ** 2
        total = float(np.sum(self.weight * (self.score - self.whole.means[:, None]) ** 2))

        def deviance(logarithm: float) -> float:
            """-2 log restricted likelihood but for a constant, the residual variance at its best."""
            penalty = np.exp(logarithm)
            rest = max(total - float(np.sum(along / (values + penalty))), 1e-300)
            return float(freedom * np.log(rest) + np.sum(np.log(values + penalty)) - len(values) * logarithm)

        grid = np.linspace(np.log(LEAST), np.log(MOST), 200)
        best = int(np.argmin([deviance(each) for each in grid]))
        return float(np.exp(_golden(deviance, grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])))


@dataclass(frozen=True)
class _Normal:
    """The normal equations of the severities, once the qualities are eliminated: matrix @ severity = right."""

    reviewed: Floats
    """The weight of each case."""
    means: Floats
    links: Floats
    """The share of each expert in each case's weight."""
    matrix: Floats
    right: Floats


def _normal(weight: Floats, score: Floats) -> _Normal:
    reviewed = weight.sum(axis=1)
    over = np.where(reviewed > 0, reviewed, 1)
    means, links = (weight * score).sum(axis=1) / over, weight / over[:, None]
    right = -(weight * (score - means[:, None])).sum(axis=0)
    return _Normal(reviewed, means, links, np.diag(weight.sum(axis=0)) - weight.T @ links, right)


def _linked(there: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The group of each expert: two are in one when reviews of the same cases lead from one to the other."""
    labels = np.arange(there.shape[1])
    while True:
        of_cases = np.where(there, labels, there.shape[1]).min(axis=1)  # the least label among its experts
        fresh = np.minimum(labels, np.where(there, of_cases[:, None], there.shape[1]).min(axis=0))
        if np.array_equal(fresh, labels):
            return labels
        labels = fresh


def _centre(labels: NDArray[np.intp]) -> Floats:
    """Added to the matrix, it makes the severities of each group add up to zero where nothing else says so."""
    same: Floats = np.equal.outer(labels, labels) / np.bincount(labels)[labels]
    return same


def _golden(value: Any, low: float, high: float) -> float:
    """Where a function with one lowest point has it (golden section search, Kiefer 1953)."""
    ratio = (np.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if value(left) <= value(right) else (left, high)
    return float((low + high) / 2)


def ranks(values: Floats) -> NDArray[np.int64]:
    """The place of each value, the highest first; equal ones share the better place. 0 for what is no number."""
    rounded = np.round(values, DIGITS)
    there = ~np.isnan(rounded)
    ordered = np.sort(-rounded[there])
    places = np.zeros(len(values), dtype=np.int64)
    places[there] = np.searchsorted(ordered, -rounded[there], side="left") + 1
    return places


def ranking(rows: Sequence[Score], *, penalty: float | None = PENALTY) -> dict[str, Any]:
    """Everything that `caselib rank` prints; `penalty` None: by REML. At least one score.

    Where reviews do not link all cases nothing is ranked: the groups are named, and values hold within one group.
    """
    table = Table(rows)
    chosen = table.reml() if penalty is None else penalty
    fit, raw = table.fit(chosen), table.raw
    linked = len(table.groups) == 1
    low = high = raw_rank = rank = [None] * len(table.cases)
    if linked:
        variants = [raw, fit.quality, *(table.fit(each).quality for each in OTHER_PENALTIES)]
        places = np.array([ranks(each) for each in (*variants, *table.without_each(chosen))])
        raw_rank, rank = places[0].tolist(), places[1].tolist()
        low = np.where(places > 0, places, len(table.cases) + 1).min(axis=0).tolist()
        high = places.max(axis=0).tolist()
    reviews, given = (np.count_nonzero(table.weight, axis=axis) for axis in (1, 0))
    cases = [
        {
            "case": name,
            "reviews": int(reviews[number]),
            "raw": _rounded(raw[number]),
            "raw_rank": raw_rank[number],
            "calibrated": _rounded(fit.quality[number]),
            "se": _error(fit.quality_error, number),
            "rank": rank[number],
            "rank_low": low[number],
            "rank_high": high[number],
        }
        for number, name in enumerate(table.cases)
    ]
    experts = [
        {
            "expert": name,
            "reviews": int(given[number]),
            "severity": _rounded(fit.severity[number]),
            "se": _error(fit.severity_error, number),
        }
        for number, name in enumerate(table.experts)
    ]
    return {
        "components": [{"cases": group[0], "experts": group[1]} for group in table.groups],
        "ranked": linked,
        "cases": sorted(cases, key=lambda row: (row["rank"] or 0, row["case"])),
        "experts": experts,
        "penalty": _rounded(chosen),
        "inputs_sha256": digest(rows),
    }


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # no -0.0, which is spelt otherwise


def _error(errors: Floats | None, number: int) -> float | None:
    return None if errors is None else _rounded(errors[number])
