"""Ranking runs at the desk: the end of the review, runs that are ordered, and what one says."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from .. import db, paging, tables, web
from ..attached import csv_file, xlsx_file
from ..errors import Missing, Text
from ..web import door
from . import list_queries, queries, rank_sheets, run_queries, runs
from .decision_models import RankingRun
from .models import Call

bp = Blueprint("desk_ranking", __name__, url_prefix="/desk/calls/<key>/ranking")

PER_PAGE = 25


class RunArgs(Schema):
    """Which page of a run is asked for, in which order."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    sort = fields.String(load_default="calibrated", validate=validate.OneOf(["calibrated", "raw"]))


@bp.get("")
@door("run.read")
def index(key: str) -> str:
    """The runs of a call, the one that is being computed, and what a new one would lack."""
    session, actor = web.session(), web.actor()
    call = _call(key)
    found = run_queries.runs(session, actor, call)
    return web.render(
        "selection/ranking.html",
        call=call,
        runs=found,
        stale=run_queries.FRESHNESS.stale(session, found[0]) if found else False,
        waits=run_queries.being_made(session, call),
        few=run_queries.few_reviews(session, call) if call.state in ("scoring", *runs.RANKED_IN) else [],
        open_reviews=run_queries.not_ended(session, call, web.now()) if call.state == "scoring" else [],
        wanted=call.document.get("reviewers"),
        can_order=call.state in runs.RANKED_IN,
        list=list_queries.of_call(session, actor, call),
    )


@bp.post("/runs")
@door("run.make")
def order(key: str) -> Response:
    """Have the next run computed."""
    session = web.session()
    with db.unit(session):
        runs.order(session, web.actor(), _call(key), now=web.now())
    return redirect(url_for("desk_ranking.index", key=key), 303)


@bp.get("/<int(max=2147483647):number>")
@door("run.read")
def run(key: str, number: int) -> str:
    session, actor = web.session(), web.actor()
    call = _call(key)
    found = run_queries.run(session, actor, call, number)
    result, standing = run_queries.RESULTS.of(session, found)
    args = paging.asked(RunArgs(), request.args)
    shown = _ordered(standing, args)[PER_PAGE * (args["page"] - 1) : PER_PAGE * args["page"]]
    entries = run_queries.entries_of(session, call, [row["case"] for row in shown])
    row = list_queries.of_call(session, actor, call)
    flagged = list_queries.exceptional(session, row) if row is not None and row.run_id == found.id else {}
    newest = run_queries.newest(session, call)
    return web.render(
        "selection/run.html",
        call=call,
        run=found,
        result=result,
        rows=shown,
        entries=entries,
        flagged=flagged,
        axis=rank_sheets.axis(shown, found.parameters["places"]) if shown else None,
        band=[row["place"] for row in standing if row["zone"] == "band"],
        total=len(standing),
        args=args,
        stale=run_queries.FRESHNESS.stale(session, found),
        newest=newest,
        list=row,
        criteria={each["code"]: each["title"] for each in call.document["rubric"]},
        pages=paging.pages(
            args["page"],
            len(standing),
            PER_PAGE,
            lambda page: url_for("desk_ranking.run", key=key, number=number, **{**args, "page": page}),
        ),
    )


@bp.get("/<int(max=2147483647):number>/ranks.<ending>")
@door("run.read")
def ranks(key: str, number: int, ending: str) -> Response:
    """All rows of a run in the order of the screen, as a table."""
    session, call = web.session(), _call(key)
    found = run_queries.run(session, web.actor(), call, number)
    rows = _ordered(run_queries.RESULTS.of(session, found)[1], paging.asked(RunArgs(), request.args))
    cells = rank_sheets.cells(rows, run_queries.all_entries(session, call))
    return _file(rank_sheets.COLUMNS, cells, found, f"{call.code}-run-{number}", ending, call.demonstration)


@bp.get("/<int(max=2147483647):number>/scores.csv")
@door("run.read")
def scores(key: str, number: int) -> Response:
    """The pseudonymous scores, from which `caselib rank` computes the same."""
    session, call = web.session(), _call(key)
    found = run_queries.run(session, web.actor(), call, number)
    table = tables.as_csv(rank_sheets.SCORES, run_queries.score_table(session, found))
    return csv_file(table, f"{_mark(call.demonstration)}{call.code}-run-{number}-scores.csv")


def _ordered(rows: list[dict[str, Any]], args: dict[str, Any]) -> list[Any]:
    return rank_sheets.in_raw_order(rows) if args["sort"] == "raw" else rows


def _file(
    columns: tuple[str, ...], rows: list[list[Any]], run: RankingRun, name: str, ending: str, demonstration: bool
) -> Response:
    if demonstration:
        columns, rows = (*columns, "demonstration"), [[*row, "DEMONSTRATION 演示"] for row in rows]
    if ending == "csv":
        return csv_file(tables.as_csv(columns, rows), f"{name}.csv")
    if ending == "xlsx":
        return xlsx_file(tables.as_xlsx(columns, rows, title=name, made=run.at), f"{name}.xlsx")
    raise Missing(Text("There is no page at this address."))


def _mark(demonstration: bool) -> str:
    return "DEMONSTRATION-" if demonstration else ""


def _call(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)
