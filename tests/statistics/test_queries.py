"""What readers get of the statistics: nothing hidden, no address of a copy, few queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import make
import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from library.db import Database
from library.errors import Missing
from library.policy import SYSTEM, VISITOR, Actor
from library.statistics import operations, policy, queries
from library.statistics.models import Point

HIDDEN = "2332000123"
COPY = "copy.example"
READS = [
    queries.all_series,
    queries.targets,
    queries.national,
    queries.overview,
    queries.sources,
    lambda session, actor: queries.series(session, actor, "mobile-iot-connections"),
]


@pytest.fixture
def loaded(session: Session, whole: dict[str, Any], now: dt.datetime) -> Session:
    operations.load(session, SYSTEM, operations.SCHEMA.load(whole), now=now)
    return session


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The SELECTs run inside."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("actor", [VISITOR, make.OFFICER, SYSTEM])
@pytest.mark.parametrize("read", READS)
def test_no_hidden_point_and_no_address_of_a_copy(loaded: Session, read: Any, actor: Actor) -> None:
    said = repr(read(loaded, actor))
    assert HIDDEN not in said
    assert COPY not in said


@pytest.mark.parametrize("actor", [VISITOR, make.OFFICER, SYSTEM])
def test_predicate_and_where_agree(loaded: Session, actor: Actor) -> None:
    points = list(loaded.scalars(select(Point)))
    visible = set(loaded.scalars(select(Point).where(policy.visible(actor))))
    assert {point for point in points if policy.may_see(actor, point)} == visible
    assert 0 < len(visible) < len(points)


def test_a_series_in_order_of_time(loaded: Session) -> None:
    found = queries.series(loaded, VISITOR, "mobile-iot-connections")
    assert [(point["as_of"], point["bound"]) for point in found["points"]] == [
        ("2019-12", "lower"),
        ("2023-06", "exact"),
    ]
    assert found["part_of"] is None


def test_a_source_is_linked_or_a_copy_or_neither(loaded: Session) -> None:
    copied, linked = (point["source"] for point in queries.series(loaded, VISITOR, queries.NATIONAL)["points"])
    assert (copied["url"], copied["link"], copied["copied"]) == (None, False, True)
    assert (linked["url"], linked["link"], linked["copied"]) == ("https://paper.example/1", True, False)
    supplied = queries.targets(loaded, VISITOR)[0]["source"]
    assert (supplied["url"], supplied["link"], supplied["copied"]) == (None, False, False)


def test_no_such_series(loaded: Session) -> None:
    with pytest.raises(Missing):
        queries.series(loaded, VISITOR, "no-such-series")


def test_the_national_figure(loaded: Session) -> None:
    found = queries.national(loaded, VISITOR)
    assert found is not None
    assert (found["latest"]["as_of"], found["latest"]["value"]) == ("2023-06", 2_120_000_000)
    assert (found["target"]["value"], found["target"]["by"]) == (3_600_000_000, "2027-12")


def test_history_is_never_the_present_target(loaded: Session, whole: dict[str, Any], now: dt.datetime) -> None:
    whole["targets"][1]["present"] = False
    operations.load(loaded, SYSTEM, operations.SCHEMA.load(whole), now=now)
    found = queries.national(loaded, VISITOR)
    assert found is not None
    assert found["target"] is None


def test_no_figure_without_points(session: Session, whole: dict[str, Any], now: dt.datetime) -> None:
    assert queries.national(session, VISITOR) is None
    for point in whole["series"][0]["points"]:
        point["shown"] = False
    operations.load(session, SYSTEM, operations.SCHEMA.load(whole), now=now)
    assert queries.national(session, VISITOR) is None
    assert queries.overview(session, VISITOR)["national"] is None


def test_the_page_has_its_parts(loaded: Session, whole: dict[str, Any], now: dt.datetime) -> None:
    apart = {**whole["series"][1], "code": "applications"}
    del apart["part_of"]
    empty = {**apart, "code": "empty", "points": []}
    operations.load(loaded, SYSTEM, operations.SCHEMA.load({"series": [apart, empty]}), now=now)
    found = queries.overview(loaded, VISITOR)
    assert found["national"]["code"] == queries.NATIONAL
    codes = {part: [one["code"] for one in found[part]] for part in ("parts", "others", "targets", "history")}
    assert codes == {
        "parts": ["smart-home-connections"],
        "others": ["applications"],
        "targets": ["connections-2027"],
        "history": ["connections-2023"],
    }


def test_every_source_with_what_it_bears(loaded: Session, whole: dict[str, Any]) -> None:
    found = {(one["title"]["en"], one["url"]): one["figures"] for one in queries.sources(loaded, VISITOR)}
    assert found == {
        ("A", None): [
            {"title": whole["series"][0]["title"], "as_of": "2019-12"},
            {"title": whole["series"][1]["title"], "as_of": "2022-12"},
        ],
        ("Paper", "https://paper.example/1"): [{"title": whole["series"][0]["title"], "as_of": "2023-06"}],
        ("As supplied", None): [{"title": whole["targets"][0]["document"], "as_of": "2023-04-30"}],
        ("Paper", "https://paper.example/2"): [{"title": whole["targets"][1]["document"], "as_of": "2024-09-11"}],
    }


@pytest.mark.parametrize(("read", "few"), [(queries.national, 2), (queries.overview, 2), (queries.sources, 2)])
def test_as_many_queries_however_many_rows(
    database: Database, whole: dict[str, Any], now: dt.datetime, read: Any, few: int
) -> None:
    first = {"series": whole["series"][:1], "targets": whole["targets"][:1]}
    for document in (first, whole):
        with database.unit() as session:
            operations.load(session, SYSTEM, operations.SCHEMA.load(document), now=now)
        with database.reading() as session, counted(database) as seen:
            read(session, VISITOR)
        assert len(seen) == few
