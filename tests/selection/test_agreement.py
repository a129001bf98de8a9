"""Criteria on which experts disagree beyond chance, against answers from the literature and by enumeration."""

from __future__ import annotations

from itertools import permutations, product

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from library.selection import agreement
from library.selection.agreement import agreement as agreed

# Shrout & Fleiss 1979, table 2: six targets, four judges. ICC(1,1) = .17; judges 32.49 over error 1.02.
SHROUT = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def table(rows: list[list[float | None]]) -> tuple[list[str], list[str], list[float]]:
    cells = [
        (f"C{c}", f"E{e}", score) for c, row in enumerate(rows) for e, score in enumerate(row) if score is not None
    ]
    return [c for c, _, _ in cells], [e for _, e, _ in cells], [float(score) for _, _, score in cells]


def test_the_example_of_shrout_and_fleiss() -> None:
    cases, experts, scores = table(SHROUT)
    [found] = agreed(cases, experts, {"effect": scores})
    assert found["icc"] == pytest.approx(0.166, abs=0.001)
    assert found["f"] == pytest.approx(31.87, abs=0.02)
    assert (found["p"], found["disagree"]) == (0.001, True)


def test_p_is_that_of_all_permutations() -> None:
    """Three cases with two, three and two experts: 2 x 6 x 2 ways, all of them looked at."""
    rows: list[list[float | None]] = [[3, 5, None], [2, 6, 4], [None, 7, 1]]
    cases, experts, scores = table(rows)

    def explained(values: list[float]) -> float:
        """By least squares on all unknowns."""
        names = sorted(set(cases)), sorted(set(experts))
        with_cases = np.array([[case == name for name in names[0]] for case in cases], dtype=float)
        with_experts = np.array([[expert == name for name in names[1]] for expert in experts], dtype=float)
        right = np.array(values)

        def rest(design: object) -> float:
            fit = np.linalg.lstsq(design, right, rcond=None)[0]
            return float(np.sum((right - design @ fit) ** 2))

        return rest(with_cases) - rest(np.hstack([with_cases, with_experts]))

    blocks = [
        [score for case, score in zip(cases, scores, strict=True) if case == name] for name in sorted(set(cases))
    ]
    ways = [
        [s for block in way for s in block] for way in product(*(list(permutations(block)) for block in blocks))
    ]
    exact = np.mean([explained(way) >= explained(scores) - 1e-9 for way in ways])
    [found] = agreed(cases, experts, {"effect": scores})
    assert len(ways) == 24
    assert found["p"] == pytest.approx(exact, abs=0.05)


def test_experts_of_one_mind_are_not_flagged_and_harsh_ones_are() -> None:
    chance = np.random.default_rng(1)
    cases = [f"C{number // 3}" for number in range(120)]
    experts = [f"E{each}" for _ in range(40) for each in chance.choice(8, 3, replace=False)]
    quality = np.repeat(chance.normal(70, 8, 40), 3)
    severity = {f"E{number}": number * 2.0 for number in range(8)}
    noise = chance.normal(0, 2, 120)
    given = {
        "alike": list(quality + noise),
        "harsh": list(quality + noise - [severity[each] for each in experts]),
        "same": [5.0] * 120,
    }
    found = {row["criterion"]: row for row in agreed(cases, experts, given)}
    assert {code: row["disagree"] for code, row in found.items()} == {"alike": False, "harsh": True, "same": False}
    assert found["same"]["p"] is None
    assert found["alike"]["icc"] > found["harsh"]["icc"]
    assert agreed(cases, experts, given) == agreed(cases, experts, given)


def test_holm_by_hand() -> None:
    assert agreement.holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])


def test_nothing_is_said_of_cases_with_one_review_each() -> None:
    [found] = agreed(["A", "B"], ["E1", "E2"], {"effect": [1.0, 2.0]})
    assert (found["f"], found["p"], found["icc"], found["disagree"]) == (None, None, None, False)


@settings(max_examples=25)
@given(st.data())
def test_shifting_a_case_or_the_scale_changes_no_test(data: st.DataObject) -> None:
    """Cases are taken out, and F has no unit."""
    rows = data.draw(st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=3, max_size=5))
    cases, experts, scores = table([list(map(float, row)) for row in rows])
    moved = [2 * score + 7 * int(case[1:]) for case, score in zip(cases, scores, strict=True)]
    one, other = (agreed(cases, experts, {"effect": each})[0] for each in (scores, moved))
    assert (one["p"], one["f"]) == (other["p"], pytest.approx(other["f"], rel=1e-4) if other["f"] else other["f"])
