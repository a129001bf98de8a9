"""Calls at the officers' desk: the list, one call with its moves, places and permits, and its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web, workflow
from ..accounts.queries import person_names
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from . import call_sheets, flow, operations, places, queries
from .call_sheets import CallSheet
from .models import Call
from .views import ListArgs

bp = Blueprint("desk_calls", __name__, url_prefix="/desk/calls")

MOVES = tuple(move.verb for move in flow.DESK)


@bp.get("")
@door("call.run")
def index() -> str:
    session, actor = web.session(), web.actor()
    page, total = paging.asked(ListArgs(), request.args)["page"], queries.total(session, actor)
    return web.render(
        "selection/desk_calls.html",
        calls=queries.calls(session, actor, page=page),
        latest=queries.latest(session, actor),
        total=total,
        pages=paging.pages(page, total, queries.PER_PAGE, lambda page: url_for("desk_calls.index", page=page)),
    )


@bp.post("")
@door("call.run")
def begin() -> Response:
    """A new draft: empty, or from another call."""
    session, actor = web.session(), web.actor()
    copied = request.form.get("from", "")
    source = queries.call_by_key(session, actor, copied) if copied else None
    with db.unit(session):
        made = operations.create(session, actor, copied=source, now=web.now())
    return redirect(url_for("desk_calls.edit", key=made.key), 303)


@bp.get("/<key>")
@door("call.run")
def call(key: str) -> str:
    return _page(_found(key))


@bp.route("/<key>/edit", methods=["GET", "POST"])
@door("call.run")
def edit(key: str) -> Response | tuple[str, int]:
    """The form. Buttons for repeated items come back with the list as wished and keep nothing."""
    session, actor, found = web.session(), web.actor(), _found(key)
    if request.method == "GET":
        wrong = operations.trouble(session, found.document) if "check" in request.args else {}
        return _form(found, errors={name: list(map(web.say, said)) for name, said in wrong.items()}), 200
    do, _, what = request.form.get("do", "save").partition(":")
    typed = call_sheets.rearranged(request.form, do, what)
    content = call_sheets.read(found.document, frozenset(operations.locked(found)), typed)
    version = request.form.get("version", 0, type=int)
    if do not in ("save", "check"):
        return _form(found, content=content, version=version, added=what if do == "add" else ""), 200
    try:
        with db.unit(session):
            operations.save(session, actor, found, content=content, version=version, now=web.now())
    except Invalid as problem:
        errors = web.sentences(problem) or {"form": [web.say(problem.text)]}
        return _form(found, content=content, version=version, errors=errors), problem.status
    except Conflict as problem:
        session.expire_all()
        return _form(_found(key), content=content, why=web.say(problem.text)), problem.status
    if do == "check":
        return redirect(url_for("desk_calls.edit", key=key, check=1), 303)
    return redirect(url_for("desk_calls.call", key=key, done="call.edit"), 303)


@bp.post("/<key>/quotas")
@door("call.run")
def quota(key: str) -> Response | tuple[str, int]:
    return _written(key, places.set_quota, "quota.set")


@bp.post("/<key>/transfers")
@door("call.run")
def transfer(key: str) -> Response | tuple[str, int]:
    return _written(key, places.transfer, "quota.transfer")


@bp.post("/<key>/permits")
@door("call.run")
def permit(key: str) -> Response | tuple[str, int]:
    return _written(key, places.permit, "permit.give")


@bp.post("/<key>/moves/<verb>")
@door("call.run")
def move(key: str, verb: str) -> Response | tuple[str, int]:
    """Make one of the moves that the page offers."""
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))

    def decide(session: Any, actor: Any, found: Call, *, given: Mapping[str, str], now: Any) -> None:
        flow.decide(session, actor, found, verb, given=given, now=now)

    return _written(key, decide, verb)


def _written(key: str, write: Callable[..., Any], verb: str) -> Response | tuple[str, int]:
    """Do what the page's form asks for; it comes back with what is wrong at its fields."""
    session, found, given = web.session(), _found(key), request.form.to_dict()
    try:
        with db.unit(session):
            write(session, web.actor(), found, given=given, now=web.now())
    except (Conflict, Invalid) as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _page(_found(key), tried=verb, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_calls.call", key=key, done=verb), 303)


def _found(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)


def _page(
    found: Call,
    *,
    tried: str = "",
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    session, actor = web.session(), web.actor()
    moves = workflow.open_moves(flow.FLOW, session, actor, found, web.now())
    events, transfers = queries.history(session, found), queries.transfers(session, found)
    people = {int(event.actor[7:]) for event in events if event.actor.startswith("person:")}
    return web.render(
        "selection/desk_call.html",
        call=found,
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        ended=found.state in operations.ENDED,
        takes=found.state in queries.STILL_TAKES,
        quotas=queries.quotas(session, found),
        transfers=transfers,
        parties=queries.names(session, {each for row in transfers for each in (row.from_id, row.to_id)}),
        permits=queries.permits(session, found),
        proposed=found.document.get("places", ""),
        lines=events,
        names=person_names(session, people),
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )


def _form(
    found: Call,
    *,
    content: Mapping[str, Any] | None = None,
    version: int | None = None,
    errors: Mapping[str, list[str]] | None = None,
    added: str = "",
    why: str = "",
) -> str:
    locked = operations.locked(found)
    sheet = CallSheet(
        content=found.document if content is None else content,
        version=found.version if version is None else version,
        locked=frozenset(locked),
        errors=errors or {},
        added=added,
    )
    reasons = {name: web.say(reason) for name, reason in locked.items()}
    return web.render("selection/desk_form.html", call=found, sheet=sheet, reasons=reasons, why=why)
