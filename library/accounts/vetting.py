"""The officers' desk for organisations: who waits to be verified, who is, and the decision about one."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import db, web
from ..errors import Invalid
from ..fields import typed_line
from ..paging import asked, pages
from ..policy import can
from ..web import door
from ..workflow import open_moves
from . import flow, operations, policy, queries, register
from .models import ORGANISATION_STATES
from .views import Answer, told

bp = Blueprint("vetting", __name__, url_prefix="/desk")

PER_PAGE = 20
DECISIONS = ("organisation.verify", "organisation.refuse", "organisation.close", "organisation.reopen")


class Asked(Schema):
    """Which organisations, and which page of them."""

    class Meta:
        unknown = EXCLUDE

    q = typed_line(100)
    state = fields.String(load_default="asked", validate=validate.OneOf(ORGANISATION_STATES))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))


@bp.get("/organisations")
@door("organisation.oversee")
def index() -> str:
    """The queue of those that wait, oldest first; and the others by name."""
    session, actor = web.session(), web.actor()
    args = asked(Asked(), request.args)
    totals = register.by_state(session, actor, q=args["q"])
    total = totals.get(args["state"], 0)
    rows = register.organisations(session, actor, **args, per_page=PER_PAGE)
    return web.render(
        "accounts/desk.html",
        args=args,
        rows=rows,
        totals=totals,
        states=ORGANISATION_STATES,
        total=total,
        now=web.now(),
        pages=pages(args["page"], total, PER_PAGE, lambda page: url_for(".index", **{**args, "page": page})),
    )


@bp.get("/organisations/<key>")
@door("organisation.oversee")
def organisation(key: str) -> Answer:
    return _page(key, {}, {}, 200)


@bp.post("/organisations/<key>/moves/<verb>")
@door("organisation.oversee")
def decide(key: str, verb: str) -> Answer:
    session, actor = web.session(), web.actor()
    found = queries.organisation(session, actor, key)
    given = {name: request.form.get(name, "") for name in ("reason", "seen")}
    try:
        with db.unit(session):
            flow.decide(session, actor, found, verb, **given, now=web.now())
        return redirect(url_for(".organisation", key=key), 303)
    except Invalid as problem:
        return _page(key, given, told(problem, "reason"), problem.status)


@bp.post("/organisations/<key>/grants/<int(max=2147483647):number>/end")
@door("grant.open")
def end_grant(key: str, number: int) -> Answer:
    session, actor = web.session(), web.actor()
    try:
        with db.unit(session):
            grant = register.grant(session, actor, number, now=web.now())
            operations.end_grant(session, actor, grant, why=request.form.get("why", ""), now=web.now())
        return redirect(url_for(".organisation", key=key), 303)
    except Invalid as problem:
        return _page(key, {}, {f"why-{number}": [web.say(problem.text)]}, problem.status)


def _page(key: str, given: dict[str, str], errors: dict[str, list[str]], status: int) -> Answer:
    session, actor = web.session(), web.actor()
    found = queries.organisation(session, actor, key)
    moves = {move.verb: reasons for move, reasons in open_moves(flow.FLOW, session, actor, found, web.now())}
    history = register.history(session, actor, found)
    members = queries.members(session, actor, found)
    page = web.render(
        "accounts/desk_organisation.html",
        organisation=found,
        members=members,
        alike=register.alike(session, actor, found, among=web.recall("names of organisations", register.names)),
        grants=register.open_grants(session, actor, now=web.now(), organisation=found),
        may_end=can(policy.RULES, actor, "grant.open"),
        history=history,
        names=queries.person_names(session, set().union(*(each.people for each in history))),
        moves=[verb for verb in DECISIONS if verb in moves],
        own=any(each.person_id == actor.person for each in members),
        given=given,
        errors=errors,
        now=web.now(),
    )
    return page, status
