"""Loading: once, again, changed, refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import make
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from library.db import Database
from library.errors import Forbidden, Invalid
from library.events import Event, EventDetail
from library.policy import SYSTEM, VISITOR, Actor
from library.statistics import operations, queries
from library.statistics.models import Point, Series, Target


def load(database: Database, whole: dict[str, Any], now: dt.datetime, actor: Actor = SYSTEM) -> operations.Load:
    with database.unit() as session:
        return operations.load(session, actor, operations.SCHEMA.load(whole), now=now)


def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """The events with their details, oldest first."""
    with database.reading() as session:
        rows = session.execute(
            select(Event.verb, EventDetail.detail)
            .join(EventDetail, EventDetail.seq == Event.seq)
            .order_by(Event.seq)
        )
        return [(verb, json.loads(detail)) for verb, detail in rows]


def test_adds_every_row_and_tells_it_once(database: Database, whole: dict[str, Any], now: dt.datetime) -> None:
    done = load(database, whole, now)
    assert (done.added, done.changed, done.unchanged) == (8, 0, 0)
    [(verb, detail)] = told(database)
    assert verb == "statistics.load"
    assert len(detail["manifest"]) == 64
    with database.reading() as session:
        assert len(list(session.scalars(select(Point)))) == 4
        assert (
            session.scalar(select(Series.code).where(Series.part_of_id.is_not(None))) == "smart-home-connections"
        )


def test_the_same_again_writes_and_tells_nothing(
    database: Database, whole: dict[str, Any], now: dt.datetime
) -> None:
    load(database, whole, now)
    done = load(database, whole, now + dt.timedelta(days=1))
    assert (done.added, done.changed, done.unchanged) == (0, 0, 8)
    assert len(told(database)) == 1


def test_a_change_is_told_with_old_and_new(database: Database, whole: dict[str, Any], now: dt.datetime) -> None:
    load(database, whole, now)
    whole["series"][0]["points"][0]["value"] = 2_121_000_000
    done = load(database, whole, now)
    assert (done.added, done.changed, done.unchanged) == (0, 1, 7)
    (_, first), (_, second) = told(database)
    assert second["changes"] == {"point:mobile-iot-connections:2023-06": {"value": [2_120_000_000, 2_121_000_000]}}
    assert first["manifest"] != second["manifest"]


def test_what_is_not_named_stays(database: Database, whole: dict[str, Any], now: dt.datetime) -> None:
    load(database, whole, now)
    added = {**whole["series"][0], "points": [{**whole["series"][0]["points"][0], "as_of": "2025-12"}]}
    done = load(database, {"series": [added]}, now)
    assert (done.added, done.changed, done.unchanged) == (1, 0, 1)
    with database.reading() as session:
        found = queries.series(session, VISITOR, "mobile-iot-connections")
    assert [point["as_of"] for point in found["points"]] == ["2019-12", "2023-06", "2025-12"]


def test_the_next_present_target_replaces_the_last(
    database: Database, whole: dict[str, Any], now: dt.datetime
) -> None:
    load(database, whole, now)
    coming = {**whole["targets"][1], "code": "connections-2030", "value": 5 * 10**9, "by": "2030-12"}
    done = load(database, {"targets": [coming]}, now)
    assert (done.added, done.changed) == (1, 1)
    with database.reading() as session:
        assert list(session.scalars(select(Target.code).where(Target.present))) == ["connections-2030"]


def test_present_can_go_from_one_named_target_to_another(
    database: Database, whole: dict[str, Any], now: dt.datetime
) -> None:
    load(database, whole, now)
    whole["targets"][0]["present"], whole["targets"][1]["present"] = True, False
    load(database, whole, now)
    with database.reading() as session:
        assert list(session.scalars(select(Target.code).where(Target.present))) == ["connections-2023"]


@pytest.mark.parametrize(("kind", "key"), [("series", "part_of"), ("targets", "series")])
def test_an_unknown_series_is_named_and_nothing_happens(
    database: Database, whole: dict[str, Any], now: dt.datetime, kind: str, key: str
) -> None:
    whole[kind][1][key] = "no-such-series"
    with pytest.raises(Invalid, match="no-such-series"):
        load(database, whole, now)
    assert told(database) == []
    with database.reading() as session:
        assert list(session.scalars(select(Series))) == []


@pytest.mark.parametrize("roles", [set(), {"investor"}, {"approver"}, {"administrator"}])
def test_only_the_library_writes(
    database: Database, whole: dict[str, Any], now: dt.datetime, roles: set[str]
) -> None:
    with pytest.raises(Forbidden):
        load(database, whole, now, Actor("person:1", roles=frozenset(roles)))
    load(database, whole, now, make.OFFICER)
    assert len(told(database)) == 1


@pytest.mark.parametrize(
    "impossible",
    [
        {"shown": True, "source": None},
        {"shown": False, "source": None, "bound": "over"},
        {"shown": False, "source": None, "value": -1},
    ],
)
def test_the_database_forbids_impossible_points(
    database: Database, whole: dict[str, Any], now: dt.datetime, impossible: dict[str, Any]
) -> None:
    load(database, whole, now)
    possible = {"series_id": 1, "as_of": "2026-01", "value": 1, "bound": "exact", "shown": False}
    with database.writing() as session:
        session.execute(insert(Point), possible)
        session.rollback()
        with pytest.raises(IntegrityError):
            session.execute(insert(Point), {**possible, **impossible})


def test_the_database_forbids_two_present_targets(
    database: Database, whole: dict[str, Any], now: dt.datetime
) -> None:
    load(database, whole, now)
    with database.writing() as session:
        past = session.scalars(select(Target).where(Target.code == "connections-2023")).one()
        past.present = True
        with pytest.raises(IntegrityError):
            session.flush()
