"""Objections at the desk: by what they wait for, one with its files and moves, and who objects."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, current_app, make_response, redirect, request, send_file, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from .. import db, paging, web, workdays, workflow
from ..accounts.queries import person_names
from ..catalog.queries import calendar
from ..config import Config
from ..errors import Conflict, Invalid, Missing, Text
from ..fields import choice
from ..policy import can
from ..quarantine import quarantine
from ..web import door
from . import notice_queries as queries
from . import objection_flow as flow
from . import objections
from .notice_models import Objection, Objector
from .notice_policy import RULES

bp = Blueprint("desk_objections", __name__, url_prefix="/desk/objections")

VIEWS = {
    "waiting": ("filed",),
    "awaited": ("admitted",),
    "decide": ("replied",),
    "ended": ("not_admitted", "upheld", "dismissed"),
}
MOVES = tuple(move.verb for move in flow.DESK)
# Nothing in it runs, and nothing of it is shown here: it is kept by the officer's own machine.
SANDBOX = "default-src 'none'; sandbox"


class ViewArgs(Schema):
    """Which objections, and which page of them."""

    class Meta:
        unknown = EXCLUDE

    view = choice(*VIEWS, load_default="waiting")
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


@bp.get("")
@door("objection.read")
def index() -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    args = paging.asked(ViewArgs(), request.args)
    counts, days = queries.counted(session, actor), calendar(session)
    totals = {view: sum(counts.get(state, 0) for state in states) for view, states in VIEWS.items()}
    found = queries.at_desk(session, actor, states=VIEWS[args["view"]], page=args["page"])
    return web.render(
        "selection/desk_objections.html",
        rows=[{"row": row, "age": workdays.between(row.filed_at, now, days)} for row in found],
        view=args["view"],
        totals=totals,
        now=now,
        pages=paging.pages(
            args["page"],
            totals[args["view"]],
            queries.PER_PAGE,
            lambda page: url_for("desk_objections.index", view=args["view"], page=page),
        ),
    )


@bp.get("/<key>")
@door("objection.read")
def objection(key: str) -> str:
    return _page(_found(key))


@bp.post("/<key>/moves/<verb>")
@door("objection.handle")
def move(key: str, verb: str) -> AnyResponse | tuple[str, int]:
    """One of the moves that the page offers; it comes back with what is wrong at its fields."""
    session, found, given = web.session(), _found(key), request.form.to_dict()
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    try:
        with db.unit(session):
            flow.decide(session, web.actor(), found, verb, given=given, now=web.now())
    except (Conflict, Invalid) as problem:
        if not problem.fields:
            raise
        session.expire_all()
        page = _page(_found(key), tried=verb, given=given, errors=web.sentences(problem))
        return page, problem.status
    return redirect(url_for("desk_objections.objection", key=key, done=verb), 303)


@bp.post("/<key>/identity")
@door("objection.unmask")
def identity(key: str) -> Response:
    """Who objects: first it is noted who asks, for good; only then the name is read."""
    session, actor, found = web.session(), web.actor(), _found(key)
    with db.unit(session):
        objections.unmask(session, actor, found, now=web.now())
    response = make_response(_page(found, who=objections.identity(session, actor, found)))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<key>/files/<int(max=999999999):number>")
@door("objection.handle")
def evidence(key: str, number: int) -> Response:
    """A file out of quarantine: first it is noted who takes it, only then it is handed out, to be kept."""
    session, actor, found = web.session(), web.actor(), _found(key)
    with db.unit(session):
        file = objections.open_file(session, actor, found, number=number, now=web.now())
    config: Config = current_app.extensions["config"]
    path = quarantine(config.files, max_bytes=config.max_evidence).path(file.sha256)
    if not path.exists():
        raise Missing(Text("This file was deleted when the objector's name was erased."))
    response = send_file(path, mimetype="application/octet-stream", download_name=file.name, as_attachment=True)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "no-store"
    return response


def _found(key: str) -> Objection:
    return queries.objection(web.session(), web.actor(), key)


def _page(
    found: Objection,
    *,
    tried: str = "",
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    who: Objector | None = None,
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    moves = workflow.open_moves(flow.DESK, session, actor, found, now)
    doers = (found.decided_by, found.replied_by, found.ended_by, *(each.opened_by for each in found.evidence))
    people = {int(each[7:]) for each in doers if each and each.startswith("person:")}
    return web.render(
        "selection/desk_objection.html",
        objection=found,
        item=next((each for each in found.notice.items if each["entry"] == found.entry.code), None),
        age=workdays.between(found.filed_at, now, calendar(session)),
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        handles=can(RULES, actor, "objection.handle", found),
        names={f"person:{number}": name for number, name in person_names(session, people).items()},
        who=who,
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
        now=now,
    )
