"""What a score sheet comes to, and what is still to be done to it."""

from __future__ import annotations

from typing import Any

import calling
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.errors import Text
from library.selection import rubrics

FIVE = calling.criterion("scale", 30, lowest=1, highest=5, reason_low=1, reason_high=5)
RUBRIC = [FIVE, calling.criterion("effect", 70)]
DOCUMENT = {"rubric": RUBRIC}


def scores(scale: Any = 3, effect: Any = 50, why: str = "") -> dict[str, Any]:
    said = {"scale": scale, "effect": effect}
    return {code: {"score": each, "reason": why} for code, each in said.items()}


def sheet(said: dict[str, Any], **over: Any) -> dict[str, Any]:
    return {"scores": said, "sides": {}, "remarks": "", "confidence": "high", "recognised": False, **over}


def test_a_total_is_the_weighted_place_on_each_scale() -> None:
    assert rubrics.total(RUBRIC, scores(3, 50)) == pytest.approx(50.0)
    assert rubrics.total(RUBRIC, scores(4, 80)) == pytest.approx(30 * 0.75 + 70 * 0.8)
    assert rubrics.total(RUBRIC, scores("４", " 80 ")) == pytest.approx(78.5)


@given(st.integers(1, 5), st.integers(0, 100))
@settings(max_examples=30)
def test_a_total_lies_between_0_and_100_and_rises_with_each_score(scale: int, effect: int) -> None:
    found = rubrics.total(RUBRIC, scores(scale, effect))
    assert found is not None
    assert 0 <= found <= 100
    better = rubrics.total(RUBRIC, scores(scale, min(100, effect + 1)))
    assert better is not None
    assert better >= found


@pytest.mark.parametrize("said", ["", None, "four", "3.5", 0, 6, -1, "1e1", True, "٣", "99999"])
def test_there_is_no_total_until_every_criterion_has_a_score_on_its_scale(said: Any) -> None:
    assert rubrics.total(RUBRIC, scores(said)) is None
    assert rubrics.total(RUBRIC, {}) is None
    expected = set() if said in ("", None) else {"scale"}
    assert set(rubrics.wrong(RUBRIC, scores(said))) == expected


def test_what_is_missing_is_named_by_the_control_that_mends_it() -> None:
    assert rubrics.missing(DOCUMENT, sheet(scores()), blind=True) == {}
    assert rubrics.missing(DOCUMENT, sheet({}, confidence=None, recognised=None), blind=True) == {
        "score.scale": Text("Score this criterion."),
        "score.effect": Text("Score this criterion."),
        "confidence": Text("Say how sure you are."),
        "recognised": Text("Say whether you recognised the applicant."),
    }
    assert rubrics.missing(DOCUMENT, sheet(scores(), recognised=None), blind=False) == {}


@pytest.mark.parametrize(("effect", "asked"), [(20, True), (21, False), (94, False), (95, True), (100, True)])
def test_scores_at_and_beyond_the_thresholds_need_a_reason(effect: int, asked: bool) -> None:
    why = Text("Say why: a score of %(score)s needs a reason.", {"score": effect})
    assert rubrics.missing(DOCUMENT, sheet(scores(3, effect)), blind=False) == (
        {"reason.effect": why} if asked else {}
    )
    assert rubrics.missing(DOCUMENT, sheet(scores(3, effect, "因为。")), blind=False) == {}


def test_a_surer_score_weighs_more() -> None:
    assert rubrics.WEIGHTS["low"] < rubrics.WEIGHTS["medium"] == 1 < rubrics.WEIGHTS["high"]
