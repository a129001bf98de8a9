"""A call taken away from the desk: its lists as tables, and the whole of it as one archive."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from .. import db, tables, web
from ..attached import csv_file, xlsx_file
from ..errors import Missing, Text
from ..web import door
from . import benchmark_queries, call_archive, call_tables, queries
from .benchmark_models import CallFile
from .models import Call
from .operations import ENDED

bp = Blueprint("desk_exports", __name__, url_prefix="/desk")


@bp.get("/calls.<ending>")
@door("call.export")
def calls(ending: str) -> Response:
    """Every call as a table."""
    return _file("calls", *call_tables.calls(web.session(), web.actor()), ending)


@bp.get("/calls/<key>/exports")
@door("call.export")
def index(key: str) -> str:
    session, call = web.session(), _call(key)
    return web.render(
        "selection/desk_exports.html",
        call=call,
        names=tuple(call_tables.TABLES),
        file=_made(call),
        order=call_archive.waiting(session, call),
        files=benchmark_queries.files(session, call),
        ended=call.state in ENDED,
    )


@bp.get("/calls/<key>/exports/<name>.<ending>")
@door("call.export")
def table(key: str, name: str, ending: str) -> Response:
    """One list of the call."""
    call = _call(key)
    if name not in call_tables.TABLES:
        raise Missing(Text("There is no such list."))
    columns, rows = call_tables.TABLES[name](web.session(), call)
    if call.demonstration:
        columns, rows = (*columns, "demonstration"), [[*row, "DEMONSTRATION 演示"] for row in rows]
    return _file(f"{call.code or call.key}-{name}", columns, rows, ending)


@bp.post("/calls/<key>/archive")
@door("call.export")
def order(key: str) -> AnyResponse:
    session, call = web.session(), _call(key)
    with db.unit(session):
        call_archive.order(session, web.actor(), call, now=web.now())
    return redirect(url_for(".index", key=key), 303)


@bp.get("/calls/<key>/archive.zip")
@door("call.export")
def archive(key: str) -> Response:
    call = _call(key)
    found = _made(call)
    if found is None:
        raise Missing(Text("No archive of this call was made yet."))
    path = current_app.extensions["files"].path(found.sha256)
    name = f"{call.code}.zip"
    return send_file(path, mimetype="application/zip", download_name=name, as_attachment=True, etag=found.sha256)


def _made(call: Call) -> CallFile | None:
    """The last archive."""
    return benchmark_queries.file(web.session(), call, call_archive.KIND, call_archive.LANG)


def _call(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)


def _file(name: str, columns: tuple[str, ...], rows: list[list[object]], ending: str) -> Response:
    if ending == "csv":
        return csv_file(tables.as_csv(columns, rows), f"{name}.csv")
    if ending == "xlsx":
        return xlsx_file(tables.as_xlsx(columns, rows, title=name, made=web.now()), f"{name}.xlsx")
    raise Missing(Text("There is no page at this address."))
