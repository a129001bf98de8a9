"""Who judges what: experts given to entries as a flow of least cost, proved optimal, then mixed and linked.

Source: N. Garg et al., "Assigning papers to referees", Algorithmica 58 (2010), for the shape of the network; an
entry takes what it still needs, an expert gives what is still free, a pair carries one. In this order:

1. as many reviews as possible; 2. gaps spread evenly over the entries; 3. as many experts as possible who know the
sector; 4. loads as even as possible (the least sum of their squares).

The four make one cost: each weighs more than any cycle of the network could win back of those after it, see
`weights`. The solver is HiGHS, on a part of the pairs: its prices tell which pairs left out could help, those are
added, until there are none. All costs are whole numbers, and so are the prices of a network: so the proof that no
other plan is better is checked here, in whole numbers, whatever the solver did (ADR 18).

Which of several best plans is taken is decided by a stated seed; so the same input gives the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Pair = tuple[int, int]

FIRST, MORE = 12, 4  # pairs of an entry in the first round, and added in each further one


@dataclass(frozen=True)
class Problem:
    """Rows are entries, columns are experts.

    `need`: reviews that an entry still lacks; `has`: those it has. `free`: reviews that an expert may still be
    given; `load`: those that count already. `barred`: never this pair. `knows`: the expert knows the sector.
    `linked`: pairs that there are already, for the connected groups.
    """

    need: Whole
    has: Whole
    free: Whole
    load: Whole
    barred: Flags
    knows: Flags
    linked: tuple[Pair, ...] = ()

    @property
    def allowed(self) -> Flags:
        return ~self.barred & (self.need > 0)[:, None] & (self.free > 0)[None, :]


@dataclass(frozen=True)
class Figures:
    """How good a plan is, in the order of what matters: a smaller tuple is better."""

    lacking: int
    uneven: int
    outside: int
    squares: int


@dataclass(frozen=True)
class Weights:
    """What one unit of each counts in the one cost."""

    review: int
    gap: int
    outside: int


def weights(problem: Problem) -> Weights:
    """Two plans differ by cycles of the network. A cycle passes source and sink once and each expert once at most:
    so it changes the squares by less than `squares`, the outside by at most the number of experts,
    and the unevenness by at most the largest number of reviews."""
    squares = 2 * int((problem.load + problem.free).max(initial=0)) + 1
    outside = squares + 1
    gap = outside * (problem.barred.shape[1] + 1) + squares
    review = gap * (int((problem.need + problem.has).max(initial=0)) + 1) + gap
    return Weights(review, gap, outside)


def figures(problem: Problem, pairs: Sequence[Pair]) -> Figures:
    """What a plan lacks, how unevenly, how many pairs are outside the sector, and the squares of the loads."""
    rows, experts = columns(pairs)
    given = problem.has + np.bincount(rows, minlength=len(problem.need))
    loads = problem.load + np.bincount(experts, minlength=len(problem.load))
    lacking = problem.has + problem.need - given
    return Figures(
        int(lacking.sum()),
        int((given * (given - 1) // 2).sum()),
        int((~problem.knows[rows, experts]).sum()),
        int((loads**2).sum()),
    )


def best(problem: Problem, *, seed: int) -> list[Pair]:
    """A plan than which none is better, by row and column. Raises RuntimeError should the proof fail."""
    entries, experts = problem.barred.shape
    allowed = problem.allowed
    if not allowed.any():
        return []
    chance = np.random.default_rng(seed)
    down, across = chance.permutation(entries), chance.permutation(experts)
    turned = Problem(
        problem.need[down],
        problem.has[down],
        problem.free[across],
        problem.load[across],
        problem.barred[np.ix_(down, across)],
        problem.knows[np.ix_(down, across)],
    )
    found = _Network(turned, chance).solved()
    return sorted((int(down[row]), int(across[column])) for row, column in found)


class _Network:
    """The linear programme of a problem. Rows: experts, then entries; columns: units of experts, units of entries,
    and those pairs that are in play."""

    def __init__(self, problem: Problem, chance: np.random.Generator) -> None:
        import highspy  # the worker's alone: the pages need not hold it

        self.problem, self.weight = problem, weights(problem)
        self.allowed = problem.allowed
        self.cost = np.where(problem.knows, 0, self.weight.outside).astype(np.int64)
        self.entries, self.experts = problem.barred.shape
        self.unit_of = np.repeat(np.arange(self.experts), problem.free)
        self.unit_cost = 2 * (np.repeat(problem.load, problem.free) + _count(problem.free)) + 1
        self.gap_of = np.repeat(np.arange(self.entries), problem.need)
        gaps = np.repeat(problem.has, problem.need) + _count(problem.need)
        self.gap_cost = self.weight.gap * gaps - self.weight.review
        score = chance.random(self.cost.shape) + 2.0 * ~problem.knows + 10.0 * ~self.allowed
        first = np.argsort(score, axis=1)[:, :FIRST]
        rows, columns = np.repeat(np.arange(self.entries), first.shape[1]), first.ravel()
        kept = self.allowed[rows, columns]
        self.rows, self.columns = rows[kept], columns[kept]
        self.solver: Any = highspy.Highs()
        silent = (("output_flag", False), ("log_to_console", False))
        for name, value in (*silent, ("threads", 1), ("random_seed", 0)):
            self.solver.setOptionValue(name, value)
        self._load(highspy)

    def _load(self, highspy: Any) -> None:
        units, gaps, pairs = len(self.unit_of), len(self.gap_of), len(self.rows)
        size, height = units + gaps + pairs, self.experts + self.entries
        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = size, height
        programme.col_cost_ = np.concatenate(
            [self.unit_cost, self.gap_cost, self.cost[self.rows, self.columns]]
        ).astype(float)
        programme.col_lower_, programme.col_upper_ = np.zeros(size), np.ones(size)
        programme.row_lower_ = programme.row_upper_ = np.zeros(height)
        matrix = programme.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        singles = np.arange(units + gaps)
        matrix.start_ = np.concatenate([singles, units + gaps + 2 * np.arange(pairs + 1)]).astype(np.int32)
        matrix.index_ = np.concatenate(
            [self.unit_of, self.experts + self.gap_of, self._places(self.rows, self.columns)]
        ).astype(np.int32)
        matrix.value_ = np.concatenate([np.ones(units), -np.ones(gaps), np.tile([-1.0, 1.0], pairs)])
        self.solver.passModel(programme)

    def _places(self, rows: Whole, columns: Whole) -> Whole:
        """Of each pair, the row of its expert and that of its entry."""
        return np.stack([columns, self.experts + rows], axis=1).ravel()

    def solved(self) -> list[Pair]:
        inside = np.zeros_like(self.allowed)
        inside[self.rows, self.columns] = True
        while True:
            self.solver.run()
            solution = self.solver.getSolution()
            prices = np.rint(np.array(solution.row_dual)).astype(np.int64)
            values = np.rint(np.array(solution.col_value)).astype(np.int64)
            worth = self.cost + prices[: self.experts][None, :] - prices[self.experts :][:, None]
            better = np.where(self.allowed & ~inside, worth, 0)
            rows, columns = self._most_wanted(better)
            if not len(rows):
                break
            inside[rows, columns] = True
            self._add(rows, columns)
        taken = values[len(self.unit_of) + len(self.gap_of) :].astype(bool)
        self._prove(values, prices, worth, taken)
        return list(zip(self.rows[taken].tolist(), self.columns[taken].tolist(), strict=True))

    @staticmethod
    def _most_wanted(better: Whole) -> tuple[Whole, Whole]:
        """Of each entry, the few pairs left out that would help most."""
        some = min(MORE, better.shape[1])
        columns = np.argpartition(better, some - 1, axis=1)[:, :some].ravel()
        rows = np.repeat(np.arange(len(better)), some)
        helps = better[rows, columns] < 0
        return rows[helps], columns[helps]

    def _add(self, rows: Whole, columns: Whole) -> None:
        self.rows, self.columns = np.concatenate([self.rows, rows]), np.concatenate([self.columns, columns])
        size = len(rows)
        starts, places = (2 * np.arange(size)).astype(np.int32), self._places(rows, columns).astype(np.int32)
        costs = self.cost[rows, columns].astype(float)
        ones = np.tile([-1.0, 1.0], size)
        self.solver.addCols(size, costs, np.zeros(size), np.ones(size), 2 * size, starts, places, ones)
        self.solver.setOptionValue("simplex_strategy", 4)  # primal: from where it stands

    def _prove(self, values: Whole, prices: Whole, worth: Whole, taken: Flags) -> None:
        """Complementary slackness in whole numbers: what is taken is worth its price, what is left out is not."""
        units, gaps = len(self.unit_of), len(self.gap_of)
        reduced = (
            (self.unit_cost - prices[self.unit_of], values[:units]),
            (self.gap_cost + prices[self.experts + self.gap_of], values[units : units + gaps]),
            (worth[self.rows, self.columns], taken.astype(np.int64)),
        )
        rows, columns = self.rows[taken], self.columns[taken]
        given = np.bincount(columns, minlength=self.experts)
        got = np.bincount(rows, minlength=self.entries)
        holds = (
            bool((given == np.bincount(self.unit_of, values[:units], self.experts)).all())
            and bool((got == np.bincount(self.gap_of, values[units : units + gaps], self.entries)).all())
            and all(
                bool((((value == 1) & (cost <= 0)) | ((value == 0) & (cost >= 0))).all())
                for cost, value in reduced
            )
            and bool((worth[self.allowed] >= 0)[~_in(self.allowed, self.rows, self.columns)].all())
            and bool(self.allowed[rows, columns].all())
        )
        if not holds:
            raise RuntimeError("the plan could not be proved to be the best")


def _count(sizes: Whole) -> Whole:
    """0, 1, 2 … within each run of these lengths."""
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)


def columns(pairs: Sequence[Pair]) -> tuple[Whole, Whole]:
    """The rows and the columns of pairs."""
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _in(allowed: Flags, rows: Whole, columns: Whole) -> Flags:
    """Of the allowed pairs, in their order: is each among these?"""
    those = np.zeros_like(allowed)
    those[rows, columns] = True
    return those[allowed]
