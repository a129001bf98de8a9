"""The page of the statistics, and its shown points as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from .. import attached, tables, web
from ..web import door
from . import queries

bp = Blueprint("statistics", __name__)

COLUMNS = (
    "series",
    "part_of",
    "title_zh",
    "title_en",
    "as_of",
    "bound",
    "value",
    "unit_zh",
    "unit_en",
    "note_zh",
    "note_en",
    "source_zh",
    "source_en",
    "source_url",
    "source_copied",
)


@bp.get("/statistics")
@door("statistics.see")
def index() -> str:
    return web.render("statistics/index.html", **queries.overview(web.session(), web.actor()))


@bp.get("/statistics.csv")
@door("statistics.see")
def index_csv() -> Response:
    """Every shown point, with a byte order mark so that spreadsheets read the Chinese."""
    rows = (cells for series in queries.all_series(web.session(), web.actor()) for cells in _rows(series))
    return attached.csv_file(tables.as_csv(COLUMNS, rows), "statistics.csv")


def _rows(series: dict[str, Any]) -> Iterator[list[Any]]:
    title, unit = series["title"], series["unit"]
    for point in series["points"]:
        note, source = point["note"] or {}, point["source"]
        yield [
            series["code"],
            series["part_of"],
            title["zh"],
            title["en"],
            point["as_of"],
            point["bound"],
            point["value"],
            unit["zh"],
            unit["en"],
            note.get("zh"),
            note.get("en"),
            source["title"]["zh"],
            source["title"]["en"],
            source["url"],
            "yes" if source["copied"] else "",
        ]
