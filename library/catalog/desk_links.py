"""The desk's letter-box: organisations that ask to be linked with a case, and readers who report an error."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from .. import db, paging, web
from ..accounts import queries as accounts
from ..errors import Invalid, Missing, Text
from ..fields import choice
from ..web import door
from . import links, operations, policy, queries
from .desk_schemas import ReasonForm
from .models import CaseReport

bp = Blueprint("desk_links", __name__)

MOVES = ("accept", "refuse", "end")
SHOWN = 20  # reports of one page; the others come up as these are answered


class LinksArgs(Schema):
    """Which links, and which page of them."""

    state = choice(*links.AT_DESK, load_default="waiting")
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


@bp.get("/desk/links")
@door("link.decide")
def index() -> str:
    return _links()


@bp.post("/desk/links/<int(max=999999999):number>/<word>")
@door("link.decide")
def decide(number: int, word: str) -> Response | tuple[str, int]:
    """Accept or refuse a request, or end a link."""
    session, actor, now = web.session(), web.actor(), web.now()
    link = links.link(session, actor, number)
    if word not in MOVES:
        raise Missing(Text("There is no page at this address."))
    given = request.form.to_dict()
    try:
        with db.unit(session):
            if word == "accept":
                links.accept(session, actor, link, now=now)
            elif word == "refuse":
                links.refuse(session, actor, link, given=given, now=now)
            else:
                links.end(session, actor, link, now=now)
    except Invalid as problem:
        return _links(number, given, web.sentences(problem)), problem.status
    return redirect(url_for("desk_links.index", state="linked" if word == "end" else None, done=word), 303)


def _links(
    refused: int = 0, given: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    session, actor = web.session(), web.actor()
    args = paging.asked(LinksArgs(unknown=EXCLUDE), request.args)
    rows, totals = links.at_desk(session, actor, **args), links.counted(session, actor)
    return web.render(
        "desk/links.html",
        links=[{"row": link, "mine": not policy.may_decide_link(actor, link)} for link in rows],
        names=accounts.person_names(session, {link.person_id for link in rows}),
        args=args,
        totals=totals,
        pages=paging.pages(
            args["page"],
            totals[args["state"]],
            links.PER_PAGE,
            lambda page: url_for("desk_links.index", state=args["state"], page=page),
        ),
        refused=refused,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )


@bp.get("/desk/reports")
@door("report.answer")
def reports() -> str:
    return _reports()


@bp.post("/desk/reports/<int(max=999999999):number>")
@door("report.answer")
def answer(number: int) -> Response | tuple[str, int]:
    """Say what was done about a report."""
    session, actor = web.session(), web.actor()
    row = session.get(CaseReport, number)
    if row is None:
        raise Missing(Text("There is no such report."))
    given = request.form.to_dict()
    try:
        said = operations.filled(ReasonForm, given)["reason"]
        with db.unit(session):
            operations.answer_report(session, actor, row, answer=said, now=web.now())
    except Invalid as problem:
        return _reports(number, given, web.sentences(problem)), problem.status
    return redirect(url_for("desk_links.reports", done=1), 303)


def _reports(
    refused: int = 0, given: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    return web.render(
        "desk/reports.html",
        reports=queries.open_reports(web.session(), web.actor(), limit=SHOWN),
        refused=refused,
        given=given or {},
        errors=errors or {},
        done="done" in request.args,
    )
