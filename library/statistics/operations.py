"""The one write of the statistics, for a file and for a form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .. import events
from ..errors import Forbidden, Invalid, Text
from ..policy import Actor
from .models import Point, Series, Target
from .policy import may_edit
from .schemas import Statistics

SCHEMA = Statistics()
SERIES = ("title", "definition", "unit")
POINT = ("value", "bound", "note", "shown", "source")
TARGET = ("document", "dated", "title", "value", "words", "unit", "bound", "by", "note", "source", "present")


@dataclass
class Load:
    """How many rows a load added, changed and found as they were; and the changes, old and new."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    changes: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def load(session: Session, actor: Actor, given: Mapping[str, Any], *, now: dt.datetime) -> Load:
    """Add and change the rows that `given` (loaded by the schema) names; one event, unless nothing is new.

    A row never goes away: a point is hidden, a present target gives way to the next.
    """
    if not may_edit(actor, None):
        raise Forbidden(Text("You may not do this."))
    done = Load()
    known = {row.code: row for row in session.scalars(select(Series).options(selectinload(Series.points)))}
    for item in given["series"]:
        _write_series(session, done, known, item)
    _write_targets(session, done, known, given["targets"])
    if done.added or done.changed:
        counted = {"added": done.added, "changed": done.changed, "changes": done.changes}
        manifest = events.Fact("", SCHEMA.dump(given)).digest
        events.record(
            session, actor, "statistics.load", "statistics", now=now, detail={"manifest": manifest, **counted}
        )
    return done


def _write_series(session: Session, done: Load, known: dict[str, Series], item: Mapping[str, Any]) -> None:
    row = known.get(item["code"]) or Series(code=item["code"], points=[])
    whole = _named(known, item["code"], item.get("part_of"))
    _put(session, done, f"series:{row.code}", row, {"part_of_id": whole, **_values(item, SERIES)})
    known[row.code] = row
    points = {point.as_of: point for point in row.points}
    for entry in item["points"]:
        point = points.get(entry["as_of"]) or Point(series=row, as_of=entry["as_of"])
        _put(session, done, f"point:{row.code}:{point.as_of}", point, _values(entry, POINT))


def _write_targets(session: Session, done: Load, known: Mapping[str, Series], items: list[dict[str, Any]]) -> None:
    targets = {row.code: row for row in session.scalars(select(Target))}
    series = {item["code"]: _named(known, item["code"], item.get("series")) for item in items}
    # A series has one present target at any moment: the old one steps back before the new one is written.
    taken = {series[item["code"]] for item in items if item["present"]} - {None}
    for row in targets.values():
        if row.present and row.series_id in taken and row.code not in series:
            _put(session, done, f"target:{row.code}", row, {"present": False})
    for item in sorted(items, key=lambda item: bool(item["present"])):
        row = targets.get(item["code"]) or Target(code=item["code"])
        values = {"series_id": series[item["code"]], **_values(item, TARGET)}
        _put(session, done, f"target:{row.code}", row, values)


def _put(session: Session, done: Load, name: str, row: Series | Point | Target, values: Mapping[str, Any]) -> None:
    """Set what differs, write it, and count."""
    fresh = row not in session
    differs = {key: value for key, value in values.items() if getattr(row, key) != value}
    if fresh:
        done.added += 1
    elif differs:
        done.changed += 1
        done.changes[name] = {key: [getattr(row, key), value] for key, value in differs.items()}
    else:
        done.unchanged += 1
    for key, value in differs.items():
        setattr(row, key, value)
    session.add(row)
    session.flush()


def _values(item: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: item.get(key) for key in keys}


def _named(known: Mapping[str, Series], code: str, other: str | None) -> int | None:
    """The number of the series that an item names. Raises Invalid when there is none of that code."""
    if other is None:
        return None
    if other not in known:
        place = {"code": code, "other": other}
        raise Invalid(Text("%(code)s names the series %(other)s, and there is none of that code.", place))
    return known[other].id
