"""The scale ladder: places, signs and the sentence for those who do not see them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.figures import NARROW
from library.ladder import RUNGS, Marks, axis_text, marks, place, rung_lines, shown, signs, spoken

STATED = {"value": 800_000, "kind": "stated", "as_of": "2025-08", "scope": "project", "bound": "exact"}
PLAN = {"value": 1_600_000, "kind": "planned", "due": "2026-12", "scope": "project"}


def english(message: str, **params: Any) -> str:
    """gettext where there is no catalogue."""
    return message % params


def verified(value: int) -> dict[str, Any]:
    return {
        "value": value,
        "kind": "online",
        "scope": "project",
        "verified": {"on": "2026-09-30", "by": "verifier"},
    }


@pytest.mark.parametrize(
    ("value", "x"),
    [
        (0, 0), (999, 0), (1_000, 0), (10_000, 20), (35_126, 30.91), (100_000, 40), (800_000, 58.06),
        (1_600_000, 64.08), (1_000_000, 60), (10_000_000, 80), (100_000_000, 100), (140_000_000, 100),
    ],
)  # fmt: skip
def test_places_on_the_axis(value: int, x: float) -> None:
    assert place(value) == x


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_more_never_stands_left_of_less(one: int, other: int) -> None:
    assert (place(one) <= place(other)) or one > other


def test_other_rungs_make_another_axis() -> None:
    assert [place(value, (1_000, 10_000)) for value in (100, 1_000, 10_000, 10**6)] == [0, 50, 100, 100]


def test_stated_is_hatched_with_its_target() -> None:
    assert marks([STATED, None, PLAN]) == Marks(hatch=(0.0, 58.06), ticks=(64.08,))


def test_verified_is_solid_and_bears_its_rungs() -> None:
    assert marks([verified(212_000), {**STATED, "value": 460_000}]) == Marks(
        solid=46.53, hatch=(46.53, 6.73), reached=(20, 40)
    )


def test_a_sliver_stays_visible() -> None:
    drawn = marks([verified(940_000), {**STATED, "value": 941_000}])
    assert drawn.hatch == (drawn.solid, 1.2)


def test_a_claim_below_what_is_verified_is_not_drawn() -> None:
    assert marks([verified(940_000), STATED]).hatch is None


def test_nothing_leaves_the_axis() -> None:
    assert marks([verified(140_000_000), {**STATED, "value": 200_000_000}]) == Marks(
        solid=100, reached=(20, 40, 60, 80, 100)
    )
    near = marks([verified(99_900_000), {**STATED, "value": 200_000_000}])
    assert near.solid is not None
    assert near.hatch is not None
    assert near.hatch[0] + near.hatch[1] <= 100


@pytest.mark.parametrize(("counts", "stub"), [([{**STATED, "value": 323}], "hatch"), ([verified(323)], "solid")])
def test_under_a_thousand_is_an_arrowhead(counts: list[Any], stub: str) -> None:
    assert marks(counts) == Marks(stub=stub)


def test_a_total_of_an_operator_is_context() -> None:
    assert marks([{**STATED, "value": 30_000_000, "scope": "operator"}]) == Marks(context=89.54)


def test_unknown_is_drawn_as_unknown_and_zero_is_not() -> None:
    assert marks([None, None]).unknown
    assert not marks([STATED]).unknown
    assert not marks([PLAN]).unknown


def test_a_reported_nothing_is_not_unknown() -> None:
    assert not marks([{**STATED, "value": 0}]).unknown


def test_the_key_explains_what_occurs_and_nothing_else() -> None:
    rows: list[dict[str, Any]] = [
        {"connections": STATED, "reported": None, "target": PLAN},
        {"connections": None, "target": None},
    ]
    assert signs(rows) == ["reported", "target", "unknown"]
    assert signs([{"connections": verified(12_000)}]) == ["verified", "reached"]
    assert shown(rows[1]) == (None, None, None)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ([], "Connections: not reported."),
        (
            [STATED, None, PLAN],
            "800 000 stated, August 2025, not verified; target 1 600 000 by end of 2026.",
        ),
        (
            [{**STATED, "value": 100_000, "kind": "installed", "as_of": None, "bound": "about"}],
            "≈ 100 000 stated as installed, no date given, not verified.",
        ),
        (
            [verified(940_000), {**STATED, "value": 1_012_345, "kind": "online"}],
            "940 000 verified online, 30 September 2026; 1 012 345 reported online, August 2025, not verified.",
        ),
        (
            [{"value": 35_126, "kind": "contracted", "as_of": "2025-10-22"}],
            "35 126 contracted, 22 October 2025, not yet connected.",
        ),
        (
            [{**STATED, "value": 25_000, "scope": "operator", "bound": "lower", "as_of": None}],
            "over 25 000, an operator-wide total, no date given, context only.",
        ),
    ],
)
def test_the_ladder_in_words(counts: list[Any], sentence: str) -> None:
    assert spoken(counts, "en", english).replace(NARROW, " ") == sentence


def test_the_axis_names_its_rungs_in_both_languages() -> None:
    for lang, names in (("en", ["1 k", "10 k", "100 k", "1 M", "10 M", "100 M"]),
                        ("zh", ["1 千", "1 万", "10 万", "100 万", "1 000 万", "1 亿"])):  # fmt: skip
        drawn = axis_text(12, lang)
        for name in names:
            assert f">{name.replace(' ', NARROW)}</text>" in drawn
    assert rung_lines().count("<line") == len(RUNGS) + 1
