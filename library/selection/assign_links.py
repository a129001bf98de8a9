"""What becomes of a plan after it is solved: experts meet in many combinations, and entries hang together.

Severities of experts are told apart by the entries that they have in common (issue of the ranking, ADR 17): a plan
of blocks, or of groups that nothing links, would be as cheap and good for nothing. And why a plan has gaps.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .assigning import Flags, Pair, Problem, columns

SWAPS = 6  # tries for each pair, when a plan is mixed
LOOKS = 50  # pairs of a group that are tried with each pair of another


def mixed(problem: Problem, pairs: Sequence[Pair], *, seed: int) -> list[Pair]:
    """A plan as good as this one, whose experts meet in many combinations.

    A vertex of the programme gives whole blocks of entries to the same few experts, and severities are best told
    apart where everybody meets everybody. Two pairs change experts where that costs nothing: every entry and every
    expert has as many as before, and as many know the sector.
    """
    chance = random.Random(seed)
    found, there = list(pairs), set(pairs)
    knows, allowed = problem.knows, ~problem.barred
    if len(found) < 2:
        return found
    for _ in range(SWAPS * len(found)):
        one, other = int(chance.random() * len(found)), int(chance.random() * len(found))
        (a, x), (b, y) = found[one], found[other]
        if a == b or x == y or (a, y) in there or (b, x) in there or not (allowed[a, y] and allowed[b, x]):
            continue
        if int(knows[a, y]) + int(knows[b, x]) != int(knows[a, x]) + int(knows[b, y]):
            continue
        there -= {(a, x), (b, y)}
        there |= {(a, y), (b, x)}
        found[one], found[other] = (a, y), (b, x)
    return sorted(found)


@dataclass(frozen=True)
class Groups:
    """Entries and experts that hang together by reviews, the largest group first; and which pairs of the plan, by
    their places, can be taken away without parting a group."""

    found: list[tuple[set[int], set[int]]]
    loose: list[int]


def groups(problem: Problem, pairs: Sequence[Pair]) -> Groups:
    """Who is linked with whom; what no review links has no common scale. A pair that closes a ring is loose."""
    above: dict[int, int] = {}

    def top(node: int) -> int:
        while above.setdefault(node, node) != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    loose = []
    for place, (row, column) in enumerate((*problem.linked, *pairs), -len(problem.linked)):
        one, other = top(row), top(-1 - column)
        if one != other:
            above[one] = other
        elif place >= 0:
            loose.append(place)
    gathered: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for node in above:
        gathered[top(node)][node < 0].add(-1 - node if node < 0 else node)
    return Groups(sorted(gathered.values(), key=lambda both: (-len(both[0]), min(both[0]))), loose)


def joined(problem: Problem, pairs: Sequence[Pair], *, dearest: int = 2) -> list[Pair]:
    """The plan with its groups linked, as far as two pairs of two groups may change experts, one of them loose.

    A link costs nothing, or one or two experts from outside the sector where it must, never more than `dearest`.
    """
    found = list(pairs)
    for price in range(dearest + 1):
        while (swap := _link(problem, found, price)) is not None:
            one, other = swap
            (a, x), (b, y) = found[one], found[other]
            found[one], found[other] = (a, y), (b, x)
    return sorted(found)


def _link(problem: Problem, pairs: Sequence[Pair], price: int) -> tuple[int, int] | None:
    """The places of two pairs of two groups that may change experts at this price, and so make one group."""
    seen = groups(problem, pairs)
    if len(seen.found) < 2:
        return None
    home = {row: place for place, (rows, _) in enumerate(seen.found) for row in rows}
    lying: dict[int, list[int]] = defaultdict(list)
    for place, (row, _) in enumerate(pairs):
        lying[home[row]].append(place)
    rings: dict[int, list[int]] = defaultdict(list)
    for place in seen.loose:
        rings[home[pairs[place][0]]].append(place)
    for group in range(1, len(seen.found)):
        for ours, theirs in ((rings[0], lying[group]), (lying[0], rings[group])):
            for one in ours:
                for other in theirs[:LOOKS]:
                    if _changes(problem, pairs[one], pairs[other], price):
                        return one, other
    return None


def _changes(problem: Problem, one: Pair, other: Pair, price: int) -> bool:
    (a, x), (b, y) = one, other
    knows, barred = problem.knows, problem.barred
    if barred[a, y] or barred[b, x]:
        return False
    return int(knows[a, x]) + int(knows[b, y]) - int(knows[a, y]) - int(knows[b, x]) <= price


def reasons(
    problem: Problem, pairs: Sequence[Pair], *, known: Flags, conflicts: Flags, before: Flags
) -> list[dict[str, int]]:
    """Of each entry that lacks experts or has some from outside its sector: how many; how many more know the
    sector, and how many of those are in conflict, had it before, or are at their limit; and (`other_`) the same of
    those who do not know it."""
    rows, experts = columns(pairs)
    lacks = problem.need - np.bincount(rows, minlength=len(problem.need))
    full = problem.free - np.bincount(experts, minlength=len(problem.free)) <= 0
    mine = np.zeros_like(known)
    mine[rows, experts] = True
    found = []
    outside = (mine & ~known).sum(axis=1)
    for row in np.flatnonzero((lacks > 0) | (outside > 0)).tolist():
        line = {"row": row, "lacks": int(lacks[row]), "outside": int(outside[row])}
        for name, some in (("", known[row] & ~mine[row]), ("other_", ~known[row] & ~mine[row])):
            conflict, had = some & conflicts[row], some & before[row] & ~conflicts[row]
            line |= {
                f"{name}experts": int(some.sum()),
                f"{name}conflict": int(conflict.sum()),
                f"{name}before": int(had.sum()),
                f"{name}full": int((some & ~conflict & ~had & full).sum()),
            }
        found.append(line)
    return found
