"""What a call came to, for everybody: the published list, the report on how it went, the scores, the record."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, send_file

from .. import db, pdf, tables, web
from ..attached import csv_file, xlsx_file
from ..catalog import wording
from ..catalog.receipts import COMING, UNDRAWN
from ..errors import Missing, Text
from ..web import door
from . import benchmark_queries, notice_queries, queries, report, run_queries
from .benchmark_models import Result
from .decision_models import SelectionList
from .models import Call
from .scores import COLUMNS, WEIGHT

bp = Blueprint("results", __name__)

NO_RESULT = Text("The result of this call is not published yet.")
LISTED = (
    *("entry", "certificate", "title_zh", "title_en", "applicant_zh", "applicant_en", "recommender_zh"),
    *("recommender_en", "direction", "case", "valid_from", "valid_until", "demonstration"),
)
DOCUMENTS = ("record", "report")


@bp.get("/calls/<code>/result")
@door("call.see")
def result(code: str) -> str:
    """The published list, by what it can be checked, and when what happened."""
    call, found = _published(code)
    session = web.session()
    return web.render(
        "selection/result.html",
        call=call,
        result=found,
        states=benchmark_queries.states(session, call),
        notices=notice_queries.of_call(session, call),
        files={(file.kind, file.lang) for file in benchmark_queries.files(session, call)},
        run=_run(call),
    )


@bp.get("/calls/<code>/result/list.<ending>")
@door("call.see")
def listed(code: str, ending: str) -> Response:
    """The list for people (csv, xlsx), and exactly as its SHA-256 was taken (json)."""
    call, found = _published(code)
    name = f"{call.code}-result"
    rows = [_cells(item) for item in found.items]
    if ending == "json":
        response = make_response(db.canonical(found.items))
        response.mimetype = "application/json"
        response.headers["Content-Disposition"] = f"attachment; filename={name}.json"
        return response
    if ending == "csv":
        return csv_file(tables.as_csv(LISTED, rows), f"{name}.csv")
    if ending == "xlsx":
        return xlsx_file(tables.as_xlsx(LISTED, rows, title=name, made=found.at), f"{name}.xlsx")
    raise Missing(Text("There is no page at this address."))


@bp.get("/calls/<code>/report")
@door("report.see")
def reported(code: str) -> str:
    """The fair-process report, made by itself."""
    call, found = _published(code)
    return web.render(
        "selection/report.html", call=call, tables=_tables(call), result=found, files=_drawn(call, "report")
    )


@bp.get("/calls/<code>/report.csv")
@door("report.see")
def reported_csv(code: str) -> Response:
    call, _ = _published(code)
    return csv_file(report.as_csv(_tables(call)), f"{call.code}-report.csv")


@bp.get("/calls/<code>/<any(record, report):kind>.pdf")
@door("report.see")
def document(code: str, kind: str) -> Response:
    """The record of the call, or the report, as a worker drew it in the reader's language."""
    call, _ = _published(code)
    found = benchmark_queries.file(web.session(), call, kind, web.language())
    if found is None:
        raise Missing(UNDRAWN if pdf.font() is None else COMING)
    path = current_app.extensions["files"].path(found.sha256)
    name = f"{call.code}-{kind}.pdf"
    return send_file(path, mimetype="application/pdf", download_name=name, etag=found.sha256)


@bp.get("/calls/<code>/scores.csv")
@door("report.see")
def scores(code: str) -> Response:
    """The table of scores that the list stands on, by pseudonyms: `caselib rank` computes the ranking again."""
    call, _ = _published(code)
    run = _run(call)
    if run is None:
        raise Missing(Text("No ranking was computed in this call."))
    rows = run_queries.score_table(web.session(), run)
    return csv_file(tables.as_csv((*COLUMNS, WEIGHT), rows), f"{call.code}-scores.csv")


def _published(code: str) -> tuple[Call, Result]:
    """Raises Missing before the result is out."""
    session = web.session()
    call = queries.call(session, web.actor(), code)
    found = benchmark_queries.result(session, call)
    if found is None:
        raise Missing(NO_RESULT)
    return call, found


def _run(call: Call) -> Any:
    chosen = web.session().query(SelectionList).filter_by(call_id=call.id).one_or_none()
    return chosen.run if chosen else None


def _tables(call: Call) -> list[report.Table]:
    return report.as_tables(benchmark_queries.report(web.session(), call), web.language(), wording.label)


def _drawn(call: Call, kind: str) -> bool:
    return benchmark_queries.file(web.session(), call, kind, web.language()) is not None


def _cells(item: dict[str, Any]) -> list[Any]:
    pairs = [item[name].get(lang) for name in ("title", "applicant", "recommender") for lang in ("zh", "en")]
    mark = "DEMONSTRATION 演示" if item["demonstration"] else ""
    where = (item["direction"], item["case"], item["from"], item["until"])
    return [item["entry"], item["certificate"], *pairs, *where, mark]
