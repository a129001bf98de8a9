"""Benchmark projects at the desk: what is due, and the moves that a person makes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web, workflow
from ..catalog import wording
from ..errors import Conflict, Invalid
from ..web import door
from . import benchmark_flow
from . import benchmark_queries as queries
from .benchmark_models import BENCHMARK_STATES
from .benchmark_pages import BoardArgs

bp = Blueprint("desk_benchmarks", __name__, url_prefix="/desk/benchmarks")


@bp.get("")
@door("benchmark.keep")
def index() -> str:
    """What is due for review before all else, the first to end at the top."""
    session, trees = web.session(), wording.tree()
    args = paging.asked(BoardArgs(only=("page", "state")), request.args)
    wanted = {"state": args.get("state", "due_for_review"), "sort": "ending"}
    page, total = args["page"], sum(queries.counted(session, trees, wanted))
    return web.render(
        "selection/desk_benchmarks.html",
        asked=wanted,
        views=[(state, sum(queries.counted(session, trees, {"state": state}))) for state in BENCHMARK_STATES],
        lines=queries.board(session, trees, wanted, page=page),
        pages=paging.pages(
            page, total, queries.PER_PAGE, lambda page: url_for(".index", page=page, state=wanted["state"])
        ),
    )


@bp.get("/<code>")
@door("benchmark.keep")
def benchmark(code: str) -> str:
    return _page(code)


@bp.post("/<code>/moves/<any('benchmark.renew', 'benchmark.revoke'):verb>")
@door("benchmark.keep")
def move(code: str, verb: str) -> Response | tuple[str, int]:
    """What was typed comes back with what is wrong."""
    session, given = web.session(), request.form.to_dict()
    found = queries.benchmark(session, code)
    try:
        with db.unit(session):
            benchmark_flow.decide(session, web.actor(), found, verb, given=given, now=web.now())
    except (Conflict, Invalid) as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _page(code, tried=verb, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for(".benchmark", code=code, done=verb), 303)


def _page(code: str, *, tried: str = "", given: Any = None, errors: Any = None) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    found = queries.benchmark(session, code)
    moves = workflow.open_moves(benchmark_flow.DESK, session, actor, found, now)
    return web.render(
        "selection/desk_benchmark.html",
        benchmark=found,
        moves=[(move.verb, move.note, reasons) for move, reasons in moves],
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )
