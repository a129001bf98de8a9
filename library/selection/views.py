"""Calls as everybody reads them: the list, and one call with its window, rubric and rules."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import paging, web
from ..policy import VISITOR
from ..web import door
from . import entry_policy, entry_queries, notice_queries, queries

bp = Blueprint("selection", __name__)


class ListArgs(Schema):
    """What a list of calls is asked for."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


@bp.get("/calls")
@door("call.browse")
def index() -> str:
    """Every call that was announced, the newest first."""
    session = web.session()
    page, total = paging.asked(ListArgs(), request.args)["page"], queries.total(session, VISITOR)
    return web.render(
        "selection/calls.html",
        calls=queries.calls(session, VISITOR, page=page),
        total=total,
        now=web.now(),
        pages=paging.pages(page, total, queries.PER_PAGE, lambda page: url_for("selection.index", page=page)),
    )


@bp.get("/calls/<code>")
@door("call.see")
def call(code: str) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    found = queries.call(session, actor, code)
    mine = actor.organisation if actor.membership else None
    return web.render(
        "selection/call.html",
        call=found,
        doc=queries.document(found),
        now=now,
        member=mine is not None,
        refusal=queries.closed_to(session, found, mine, now=now) if mine is not None else None,
        permits=queries.permits(session, found, mine) if mine is not None else [],
        quota=queries.quota(session, found, mine),
        may_enter=entry_policy.may_enter(actor, None),
        entries=entry_queries.live_in(session, actor, found),
        notices=notice_queries.of_call(session, found),
    )
