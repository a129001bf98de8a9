"""The list of the selected at the desk: its choices, the sheet that approvers read, its way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, tables, web, workflow
from ..attached import csv_file, xlsx_file
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from . import decision_flow, list_queries, lists, outcomes, queries, run_queries
from .decision_models import SelectionList
from .models import Call
from .views import ListArgs

bp = Blueprint("desk_list", __name__, url_prefix="/desk")

PER_PAGE = 25
COLUMNS = ("place", "entry", "case", "title_zh", "title_en", "applicant", "selected", "exception", "reason")
MOVES: Mapping[str, Callable[..., None]] = {
    "list.submit": decision_flow.submit,
    "list.sign": decision_flow.approve,
    "list.approve": decision_flow.approve,
    "list.return": decision_flow.send_back,
    "list.release": decision_flow.release,
}


@bp.get("/lists")
@door("list.read")
def index() -> str:
    """Every list, those that wait for approval first."""
    return web.render("selection/lists.html", lists=list_queries.lists(web.session(), web.actor()))


@bp.post("/calls/<key>/list/begin")
@door("list.keep")
def begin(key: str) -> Response:
    """A list from a run, or the draft anew from a newer one."""
    session, actor = web.session(), web.actor()
    call = _call(key)
    run = run_queries.run(session, actor, call, request.form.get("run", 0, type=int))
    with db.unit(session):
        lists.begin(session, actor, call, run, now=web.now())
    return redirect(url_for("desk_list.choices", key=key), 303)


@bp.get("/calls/<key>/list")
@door("list.read")
def choices(key: str) -> str:
    return _choices(key)


@bp.post("/calls/<key>/list")
@door("list.keep")
def choose(key: str) -> Response | tuple[str, int]:
    """Keep the choices of the rows that the page shows."""
    session, form = web.session(), request.form
    chosen = set(form.getlist("selected", type=int))
    wanted = {entry: (entry in chosen, form.get(f"reason-{entry}", "")) for entry in form.getlist("row", type=int)}
    row = _list(key)
    try:
        with db.unit(session):
            version = form.get("version", 0, type=int)
            lists.edit(session, web.actor(), row, wanted=wanted, version=version, now=web.now())
    except (Conflict, Invalid) as problem:
        session.expire_all()
        return _choices(key, typed=wanted, problem=problem), problem.status
    return redirect(url_for("desk_list.choices", key=key, page=form.get("page", 1, type=int), done=1), 303)


@bp.get("/calls/<key>/list/sheet")
@door("list.read")
def sheet(key: str) -> str:
    return _sheet(key)


@bp.post("/calls/<key>/list/moves/<verb>")
@door("list.read")
def move(key: str, verb: str) -> Response | tuple[str, int]:
    """Make one of the moves that the sheet offers; each says itself who may."""
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    session, row, given = web.session(), _list(key), request.form.to_dict()
    try:
        with db.unit(session):
            MOVES[verb](session, web.actor(), row, given=given, now=web.now())
    except (Conflict, Invalid) as problem:
        session.expire_all()
        return _sheet(key, tried=verb, given=given, problem=problem), problem.status
    return redirect(url_for("desk_list.sheet", key=key, done=verb), 303)


@bp.get("/calls/<key>/list/list.<ending>")
@door("list.read")
def table(key: str, ending: str) -> Response:
    """The whole list with exceptions and reasons, as a table."""
    session, row, call = web.session(), _list(key), _call(key)
    columns: tuple[str, ...] = COLUMNS
    rows = [_cells(row, each) for each in list_queries.whole(session, row)]
    if call.demonstration:
        columns, rows = (*columns, "demonstration"), [[*each, "DEMONSTRATION 演示"] for each in rows]
    name = f"{call.code}-list-{row.version}"
    if ending == "csv":
        return csv_file(tables.as_csv(columns, rows), f"{name}.csv")
    if ending == "xlsx":
        return xlsx_file(tables.as_xlsx(columns, rows, title=name, made=row.at), f"{name}.xlsx")
    raise Missing(Text("There is no page at this address."))


def _cells(row: SelectionList, choice: Any) -> list[Any]:
    entry = choice.entry
    return [
        *(choice.rank, entry.code, entry.alias, entry.case.title_zh, entry.case.title_en),
        entry.applicant.name_zh,
        "yes" if choice.selected else "no",
        "yes" if choice.selected != (choice.rank <= row.places) else "",
        choice.reason,
    ]


def _choices(
    key: str, *, typed: Mapping[int, tuple[bool, str]] | None = None, problem: Conflict | Invalid | None = None
) -> str:
    session, call, row = web.session(), _call(key), _list(key)
    source = request.form if request.method == "POST" else request.args
    page = paging.asked(ListArgs(), source)["page"]
    counts = list_queries.counts(session, row)
    shown = list_queries.page(session, row, first=PER_PAGE * (page - 1) + 1, count=PER_PAGE)
    reasons = (
        list_queries.not_submittable(session, row, web.now(), counted=counts)
        if row.state == "draft" and typed is None
        else []
    )
    wanted = {each.entry.alias for each in shown}
    ranks = {each["case"]: each for each in run_queries.RESULTS.of(session, row.run)[1] if each["case"] in wanted}
    kept_from = _kept_from(row) if row.state == "draft" else []
    return web.render(
        "selection/list.html",
        call=call,
        list=row,
        rows=shown,
        ranks=ranks,
        counts=counts,
        exceptions=list_queries.exceptions(session, row),
        per_page=PER_PAGE,
        editable=row.state == "draft" and web.actor().has("officer") and not kept_from,
        kept_from=kept_from,
        asked=row.approvals[-1] if row.state == "draft" and row.approvals else None,
        reasons=[web.say(reason) for reason in reasons],
        typed=typed or {},
        errors=web.sentences(problem) if problem else {},
        conflict=web.say(problem.text) if isinstance(problem, Conflict) else "",
        done="done" in request.args,
        page=page,
        pages=paging.pages(
            page, counts["all"], PER_PAGE, lambda page: url_for("desk_list.choices", key=key, page=page)
        ),
    )


def _sheet(
    key: str,
    *,
    tried: str = "",
    given: Mapping[str, str] | None = None,
    problem: Conflict | Invalid | None = None,
) -> str:
    session, actor, call, row = web.session(), web.actor(), _call(key), _list(key)
    moves = {
        each.verb: [web.say(reason) for reason in reasons]
        for each, reasons in workflow.open_moves(decision_flow.FLOW, session, actor, row, web.now())
        # Of the two verbs of an approval the one that is next is offered.
        if not (each.verb in ("list.sign", "list.approve") and each.verb != list_queries.next_word(session, row))
    }
    words = list_queries.words(session, row)
    return web.render(
        "selection/sheet.html",
        call=call,
        list=row,
        run=row.run,
        stale=run_queries.FRESHNESS.stale(session, row.run) if row.told_at is None else False,
        ranks={each["case"]: each for each in run_queries.RESULTS.of(session, row.run)[1]},
        counts=list_queries.counts(session, row),
        exceptions=list_queries.exceptions(session, row),
        selected=list_queries.selected(session, row),
        words=words,
        needed=list_queries.needed(session, row),
        standing=sum(word.voided_at is None and word.verdict == "approved" for word in words),
        moves=moves,
        barred=[web.say(reason) for reason in lists.barred(session, actor, row)] if actor.has("approver") else [],
        kept_from=_kept_from(row),
        left=outcomes.left(session, row) if row.state == "released" and row.told_at is None else 0,
        tried=tried,
        given=given or {},
        errors=(web.sentences(problem) or {"form": _told(problem)}) if problem else {},
        done=request.args.get("done", ""),
    )


def _kept_from(row: SelectionList) -> list[str]:
    """To an officer who belongs to an applicant: why the list is another's to keep."""
    session, actor = web.session(), web.actor()
    if not actor.has("officer"):
        return []
    return [web.say(reason) for reason in lists.kept_from(session, actor, row.call_id)]


def _told(problem: Conflict | Invalid) -> list[str]:
    return [web.say(problem.text), *map(web.say, problem.reasons)]


def _call(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)


def _list(key: str) -> SelectionList:
    return list_queries.one_of_call(web.session(), web.actor(), _call(key))
