"""Assignment as a flow: held against every possible plan of small worlds, and what may never happen in any."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from library.selection import assigning
from library.selection.assign_links import groups, joined, mixed, reasons
from library.selection.assigning import Figures, Pair, Problem, best, figures


def problem(barred: Any, knows: Any, need: Any, free: Any, has: Any = None, load: Any = None) -> Problem:
    rows, columns = np.array(barred, dtype=bool).shape
    return Problem(
        need=np.array(need),
        has=np.zeros(rows, int) if has is None else np.array(has),
        free=np.array(free),
        load=np.zeros(columns, int) if load is None else np.array(load),
        barred=np.array(barred, dtype=bool),
        knows=np.array(knows, dtype=bool),
    )


@st.composite
def worlds(draw: st.DrawFn, rows: int = 3, columns: int = 4) -> Problem:
    height, width = draw(st.integers(1, rows)), draw(st.integers(1, columns))

    def flags() -> Any:
        return draw(
            st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=height, max_size=height)
        )

    def whole(size: int, most: int) -> Any:
        return draw(st.lists(st.integers(0, most), min_size=size, max_size=size))

    return problem(flags(), flags(), whole(height, 3), whole(width, 3), whole(height, 2), whole(width, 3))


def right(world: Problem, pairs: list[Pair]) -> bool:
    """No pair twice or barred, nobody over a limit, no entry given more than it needs."""
    rows = np.bincount([row for row, _ in pairs], minlength=len(world.need))
    columns = np.bincount([column for _, column in pairs], minlength=len(world.free))
    return (
        len(set(pairs)) == len(pairs)
        and not any(world.barred[pair] for pair in pairs)
        and bool((rows <= world.need).all() and (columns <= world.free).all())
    )


def exhaustive(world: Problem) -> Figures:
    """The best figures of all plans, one after the other."""
    allowed = [(int(row), int(column)) for row, column in np.argwhere(world.allowed)]
    plans = itertools.chain.from_iterable(
        itertools.combinations(allowed, size) for size in range(len(allowed) + 1)
    )
    found = (figures(world, plan) for plan in plans if right(world, list(plan)))
    return min(found, key=lambda each: (each.lacking, each.uneven, each.outside, each.squares))


@settings(max_examples=60)
@given(worlds(3, 3), st.integers(0, 5))
def test_no_plan_is_better(world: Problem, seed: int) -> None:
    pairs = best(world, seed=seed)
    assert right(world, pairs)
    assert figures(world, pairs) == exhaustive(world)


@settings(max_examples=60)
@given(worlds(6, 6), st.integers(0, 5))
def test_mixing_costs_nothing_and_linking_parts_nothing(world: Problem, seed: int) -> None:
    pairs = best(world, seed=seed)
    stirred = mixed(world, pairs, seed=seed)
    assert right(world, stirred)
    assert figures(world, stirred) == figures(world, pairs)
    whole = joined(world, stirred)
    assert right(world, whole)
    assert len(groups(world, whole).found) <= len(groups(world, stirred).found)
    before, after = figures(world, stirred), figures(world, whole)
    assert (after.lacking, after.uneven, after.squares) == (before.lacking, before.uneven, before.squares)
    links = len(groups(world, stirred).found) - len(groups(world, whole).found)
    assert after.outside - before.outside <= 2 * links
    assert [best(world, seed=seed), mixed(world, pairs, seed=seed)] == [pairs, stirred]


@settings(max_examples=40)
@given(worlds(5, 5))
def test_why_an_entry_lacks_experts_adds_up(world: Problem) -> None:
    """An entry lacks somebody only when everybody left is in conflict, had it before, or is at a limit."""
    pairs = best(world, seed=0)
    before = np.zeros_like(world.barred)
    before[:, :1] = world.barred[:, :1]
    lines = reasons(world, pairs, known=world.knows, conflicts=world.barred & ~before, before=before)
    assert sum(line["lacks"] for line in lines) == figures(world, pairs).lacking
    assert sum(line["outside"] for line in lines) == figures(world, pairs).outside
    for line in lines:
        for name in ("", "other_") if line["lacks"] else ():
            assert line[f"{name}experts"] == sum(line[f"{name}{why}"] for why in ("conflict", "before", "full"))


def test_what_matters_first() -> None:
    """Coverage before the sector, the sector before even loads, even gaps before the sector."""
    no = [[False] * 3] * 3
    everybody = problem(no, [[True, False, False]] * 3, [1] * 3, [2, 1, 0])
    assert figures(everybody, best(everybody, seed=1)) == Figures(0, 0, 1, 5)
    knowing = problem(no, [[True, False, False]] * 3, [1] * 3, [3, 3, 3])
    assert best(knowing, seed=1) == [(0, 0), (1, 0), (2, 0)]
    even = problem(no, [[True] * 3] * 3, [1] * 3, [3, 3, 3])
    assert figures(even, best(even, seed=1)) == Figures(0, 0, 0, 3)
    busy = problem(no, [[True] * 3] * 3, [1] * 3, [3, 3, 3], load=[2, 0, 0])
    assert figures(busy, best(busy, seed=1)).squares == 4 + 4 + 1
    scarce = problem([[False] * 2] * 2, [[True, True], [False, False]], [2, 2], [1, 1])
    assert figures(scarce, best(scarce, seed=1)) == Figures(2, 0, 1, 2)


def test_two_sectors_whose_experts_share_nothing_are_linked_at_the_least_price() -> None:
    """Six entries of two sectors, three experts of each: two groups, until two pairs change experts."""
    knows = [[row < 3] * 3 + [row >= 3] * 3 for row in range(6)]
    world = problem(np.zeros((6, 6)), knows, [2] * 6, [2] * 6)
    pairs = mixed(world, best(world, seed=3), seed=3)
    assert (figures(world, pairs).outside, len(groups(world, pairs).found)) == (0, 2)
    whole = joined(world, pairs)
    assert (figures(world, whole).outside, len(groups(world, whole).found)) == (2, 1)
    assert joined(world, pairs, dearest=0) == pairs
    linked = Problem(**{**vars(world), "linked": ((0, 5),)})
    assert joined(linked, pairs) == pairs


def test_a_seed_decides_between_equals() -> None:
    world = problem(np.zeros((12, 9)), np.ones((12, 9)), [3] * 12, [8] * 9)
    plans = [mixed(world, best(world, seed=seed), seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    assert len(groups(world, plans[0]).found) == 1
    assert {len([1 for _, column in plans[0] if column == expert]) for expert in range(9)} == {4}


def test_a_solver_that_errs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = problem(np.zeros((2, 3)), [[True, True, False]] * 2, [2, 2], [2, 2, 2])
    monkeypatch.setattr(assigning._Network, "_most_wanted", staticmethod(lambda better: (np.empty(0, int),) * 2))
    monkeypatch.setattr(assigning, "FIRST", 1)
    with pytest.raises(RuntimeError, match="proved"):
        best(world, seed=0)


def test_nothing_to_do() -> None:
    world = problem(np.ones((2, 2)), np.ones((2, 2)), [1, 1], [1, 1])
    assert best(world, seed=0) == mixed(world, [], seed=0) == joined(world, []) == []
    assert figures(world, []) == Figures(2, 0, 0, 0)
