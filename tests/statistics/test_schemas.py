"""What the schema of the statistics refuses, and where it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from library.statistics.schemas import Statistics

Bend = Callable[[dict[str, Any]], Any]


def point(whole: dict[str, Any]) -> dict[str, Any]:
    return whole["series"][0]["points"][0]


def test_takes_the_whole(whole: dict[str, Any]) -> None:
    assert Statistics().validate(whole) == {}


def test_fills_in_what_goes_without_saying(whole: dict[str, Any]) -> None:
    loaded = Statistics().load(whole)
    first = point(loaded)
    assert (first["bound"], first["shown"]) == ("exact", True)
    assert loaded["targets"][0]["present"] is False
    assert loaded["targets"][0]["source"]["link"] is False


@pytest.mark.parametrize(
    ("bend", "where"),
    [
        (lambda w: point(w).pop("source"), ("series", 0, "points", 0, "source")),
        (lambda w: point(w)["source"].pop("url"), ("series", 0, "points", 0, "source", "url")),
        (
            lambda w: point(w)["source"].update(url="ftp://paper.example"),
            ("series", 0, "points", 0, "source", "url"),
        ),
        (lambda w: point(w).update(as_of="2023-13"), ("series", 0, "points", 0, "as_of")),
        (lambda w: point(w).update(value=1.5), ("series", 0, "points", 0, "value")),
        (lambda w: point(w).update(value=-1), ("series", 0, "points", 0, "value")),
        (lambda w: point(w).update(bound="over"), ("series", 0, "points", 0, "bound")),
        (lambda w: point(w).update(as_of="2019-12"), ("series", 0, "points")),
        (lambda w: w["series"][0].update(code="Mobile IoT"), ("series", 0, "code")),
        (lambda w: w["series"][1].update(code="mobile-iot-connections"), ("series",)),
        (lambda w: w["series"][0]["title"].pop("en"), ("series", 0, "title", "en")),
        (lambda w: w["series"][0]["definition"].pop("zh"), ("series", 0, "definition", "zh")),
        (lambda w: w["series"][0].update(colour="red"), ("series", 0, "colour")),
        (lambda w: w["targets"][0].pop("value"), ("targets", 0, "value")),
        (lambda w: w["targets"][0].update(words={"en": "many", "zh": "许多"}), ("targets", 0, "value")),
        (lambda w: w["targets"][0].pop("unit"), ("targets", 0, "unit")),
        (lambda w: w["targets"][0].pop("source"), ("targets", 0, "source")),
        (lambda w: w["targets"][0].update(present=True), ("targets",)),
    ],
)
def test_refuses(whole: dict[str, Any], bend: Bend, where: tuple[str | int, ...]) -> None:
    bend(whole)
    errors = Statistics().validate(whole)
    for step in where:
        assert list(errors) == [step]
        errors = errors[step]
    assert all(isinstance(sentence, str) for sentence in errors)


def test_a_hidden_point_needs_no_source(whole: dict[str, Any]) -> None:
    hidden = whole["series"][0]["points"][2]
    assert "source" not in hidden
    assert Statistics().validate(whole) == {}
    hidden["shown"] = True
    assert list(Statistics().validate(whole)["series"][0]["points"]) == [2]
