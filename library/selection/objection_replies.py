"""Admitted objections in front of the organisations that they concern, and the answer of the one that is asked."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, web, workflow
from ..errors import Invalid
from ..web import door
from . import notice_queries as queries
from . import objection_flow as flow

bp = Blueprint("objection_replies", __name__, url_prefix="/work/objections")


@bp.get("")
@door("objection.know")
def index() -> str:
    found = queries.asked_of(web.session(), web.actor())
    return web.render("selection/objections.html", objections=found, now=web.now())


@bp.route("/<key>", methods=["GET", "POST"])
@door("objection.know")
def objection(key: str) -> Response | tuple[str, int]:
    """The text as an officer forwarded it, with the form to answer it. Who objects is not told."""
    session, actor, now = web.session(), web.actor(), web.now()
    found, given, errors, status = queries.admitted(session, actor, key), request.form.to_dict(), {}, 200
    if request.method == "POST":
        try:
            with db.unit(session):
                flow.decide(session, actor, found, "objection.reply", given=given, now=now)
            return redirect(url_for("objection_replies.objection", key=key, done=1), 303)
        except Invalid as problem:
            if not problem.fields:
                raise
            session.expire_all()
            errors, status = web.sentences(problem), problem.status
            found = queries.admitted(session, actor, key)
    moves = workflow.open_moves(flow.PARTY, session, actor, found, now)
    page = web.render(
        "selection/objection_reply.html",
        objection=found,
        item=next((each for each in found.notice.items if each["entry"] == found.entry.code), None),
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        given=given,
        errors=errors,
        done="done" in request.args,
        now=now,
    )
    return page, status
