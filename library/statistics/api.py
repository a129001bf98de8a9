"""Series and targets for programs."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from .. import web
from ..api_parts import tagged
from ..catalog.models import BOUNDS
from ..events import Fact
from ..fields import choice, date
from ..web import door
from . import queries

bp = Blueprint(
    "statistics_api",
    __name__,
    url_prefix="/api/v1/statistics",
    description="National series and targets, each figure with its date and source",
)


class InBoth(Schema):
    en = fields.String(required=True)
    zh = fields.String(required=True)


class SourceSeen(Schema):
    title = fields.Nested(InBoth, required=True)
    url = fields.URL(required=True, allow_none=True, metadata={"description": "only where we link to it"})
    link = fields.Boolean(required=True)
    copied = fields.Boolean(
        required=True, metadata={"description": "read on a copy at an unknown host, not linked"}
    )


class PointSeen(Schema):
    as_of = date(required=True)
    value = fields.Integer(required=True)
    bound = choice(*BOUNDS, required=True)
    note = fields.Nested(InBoth, required=True, allow_none=True)
    source = fields.Nested(SourceSeen, required=True)


class SeriesSeen(Schema):
    code = fields.String(required=True)
    part_of = fields.String(required=True, allow_none=True)
    title = fields.Nested(InBoth, required=True)
    definition = fields.Nested(InBoth, required=True)
    unit = fields.Nested(InBoth, required=True)
    points = fields.List(fields.Nested(PointSeen), required=True)


class TargetSeen(Schema):
    code = fields.String(required=True)
    series = fields.String(required=True, allow_none=True)
    document = fields.Nested(InBoth, required=True)
    dated = date(required=True)
    title = fields.Nested(InBoth, required=True)
    value = fields.Integer(required=True, allow_none=True)
    words = fields.Nested(InBoth, required=True, allow_none=True)
    unit = fields.Nested(InBoth, required=True, allow_none=True)
    bound = choice(*BOUNDS, required=True)
    by = date(required=True)
    note = fields.Nested(InBoth, required=True, allow_none=True)
    source = fields.Nested(SourceSeen, required=True)
    present = fields.Boolean(required=True)


class SeriesList(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(SeriesSeen), required=True)


class TargetList(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(TargetSeen), required=True)


@bp.get("/series")
@door("statistics.see")
@bp.response(200, SeriesList)
def all_series() -> dict[str, Any]:
    """Every series with its points, oldest point first."""
    items = queries.all_series(web.session(), web.actor())
    return {"total": len(items), "items": items}


@bp.get("/series/<code>")
@door("statistics.see")
@bp.response(200, SeriesSeen)
def series(code: str) -> dict[str, Any]:
    """One series."""
    found = queries.series(web.session(), web.actor(), code)
    tagged(Fact("", found).digest)
    return found


@bp.get("/targets")
@door("statistics.see")
@bp.response(200, TargetList)
def targets() -> dict[str, Any]:
    """Every target with its document; `present` tells those in force from history."""
    items = queries.targets(web.session(), web.actor())
    return {"total": len(items), "items": items}
