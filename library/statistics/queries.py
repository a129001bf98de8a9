"""Reads of the statistics, as plain dicts for pages, API and export. A hidden point is in none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session, aliased

from ..db import canonical
from ..errors import Missing, Text
from ..policy import Actor
from . import policy
from .models import Point, Series, Target

NATIONAL = "mobile-iot-connections"


def all_series(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Every series with its visible points, oldest point first."""
    return _read(session, actor, true())


def series(session: Session, actor: Actor, code: str) -> dict[str, Any]:
    """One series with its visible points. Raises Missing."""
    found = _read(session, actor, Series.code == code)
    if not found:
        raise Missing(Text("There is no series %(code)s.", {"code": code}))
    return found[0]


def targets(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Every target, past ones too; `present` tells."""
    rows = session.execute(
        select(Target, Series.code).outerjoin(Series, Series.id == Target.series_id).order_by(Target.id)
    )
    return [
        {
            "code": row.code,
            "series": code,
            "document": row.document,
            "dated": row.dated,
            "title": row.title,
            "value": row.value,
            "words": row.words,
            "unit": row.unit,
            "bound": row.bound,
            "by": row.by,
            "note": row.note,
            "source": _source(row.source),
            "present": row.present,
        }
        for row, code in rows
    ]


def national(session: Session, actor: Actor) -> dict[str, Any] | None:
    """The figure of the home page with its `latest` point and its present `target`; None without points."""
    found = _read(session, actor, Series.code == NATIONAL)
    return figure(found[0], targets(session, actor)) if found else None


def figure(found: Mapping[str, Any], aims: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A series with its newest point and its present target; None without points."""
    if not found["points"]:
        return None
    mine = (aim for aim in aims if aim["present"] and aim["series"] == found["code"] and aim["value"] is not None)
    return {**found, "latest": found["points"][-1], "target": next(mine, None)}


def overview(session: Session, actor: Actor) -> dict[str, Any]:
    """The page: the national figure, its parts, the other series, the present targets and the past ones."""
    found, aims = all_series(session, actor), targets(session, actor)
    shown = [one for one in (figure(item, aims) for item in found) if one]
    return {
        "national": next((one for one in shown if one["code"] == NATIONAL), None),
        "parts": [one for one in shown if one["part_of"] == NATIONAL],
        "others": [one for one in shown if NATIONAL not in (one["code"], one["part_of"])],
        "targets": [aim for aim in aims if aim["present"]],
        "history": [aim for aim in aims if not aim["present"]],
    }


def sources(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Every source that readers see, each with the `figures` that it bears: their titles and dates."""
    cited = [
        (point["source"], {"title": one["title"], "as_of": point["as_of"]})
        for one in all_series(session, actor)
        for point in one["points"]
    ]
    cited += [
        (aim["source"], {"title": aim["document"], "as_of": aim["dated"]}) for aim in targets(session, actor)
    ]
    found: dict[str, dict[str, Any]] = {}
    for source, borne in cited:
        one = found.setdefault(canonical(source), {**source, "figures": []})
        if borne not in one["figures"]:
            one["figures"].append(borne)
    return list(found.values())


def _read(session: Session, actor: Actor, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Series and points in one query."""
    whole = aliased(Series)
    rows = session.execute(
        select(Series, whole.code, Point)
        .outerjoin(whole, whole.id == Series.part_of_id)
        .outerjoin(Point, (Point.series_id == Series.id) & policy.visible(actor))
        .where(which)
        .order_by(Series.id, Point.as_of)
    )
    found: dict[str, dict[str, Any]] = {}
    for row, part_of, point in rows:
        one = found.setdefault(
            row.code,
            {
                "code": row.code,
                "part_of": part_of,
                "title": row.title,
                "definition": row.definition,
                "unit": row.unit,
                "points": [],
            },
        )
        if point is not None:
            one["points"].append(_point(point))
    return list(found.values())


def _point(point: Point) -> dict[str, Any]:
    return {
        "as_of": point.as_of,
        "value": point.value,
        "bound": point.bound,
        "note": point.note,
        "source": _source(point.source or {}),
    }


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """What readers get of a source: the address only where we link to it."""
    linked = bool(source["link"])
    return {
        "title": source["title"],
        "url": source["url"] if linked else None,
        "link": linked,
        "copied": "url" in source and not linked,
    }
