"""An expert's own particulars, and the answer to an invitation to the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, web
from ..accounts import queries as accounts
from ..web import door
from . import expert_queries as queries
from . import pool
from .desk_experts import branches, written

bp = Blueprint("expert", __name__)


@bp.get("/account/expert")
@door("expert.own")
def own() -> str:
    return _own()


@bp.post("/account/expert/<any(edit,stay):what>")
@door("expert.own")
def write(what: str) -> Response | tuple[str, int]:
    return written(web.actor().person, what, _own, url_for("expert.own"))


@bp.post("/account/expert/stays/<int(max=2147483647):stay>")
@door("expert.own")
def drop(stay: int) -> Response:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        pool.drop_stay(session, actor, queries.expert(session, actor, actor.person), number=stay, now=web.now())
    return redirect(url_for("expert.own", done="expert.edit"), 303)


@bp.get("/experts/invitations/<word>")
@door("expert.read")
def invitation(word: str) -> Response:
    session, actor = web.session(), web.actor()
    row = queries.invitation_by_word(session, word)
    reason = pool.why_not(row, web.now())
    response = make_response(
        web.render(
            "selection/expert_invitation.html",
            invitation=row,
            person=accounts.person(session, actor.person),
            joined=queries.in_pool(session, actor.person),
            why_not=web.say(reason) if reason else None,
            word=word,
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/experts/invitations/<word>/accept")
@door("expert.answer")
def accept(word: str) -> Response:
    session = web.session()
    with db.unit(session):
        pool.accept(session, web.actor(), queries.invitation_by_word(session, word), now=web.now())
    return redirect(url_for("expert.own", done="expert.join"), 303)


@bp.post("/experts/invitations/<word>/decline")
@door("expert.read")
def decline(word: str) -> Response:
    session = web.session()
    with db.unit(session):
        pool.decline(session, web.actor(), queries.invitation_by_word(session, word), now=web.now())
    return redirect(url_for("expert.invitation", word=word), 303)


def _own(
    *, tried: str = "", given: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    session, actor = web.session(), web.actor()
    return web.render(
        "selection/expert.html",
        expert=queries.expert(session, actor, actor.person),
        branches=branches(),
        counts=actor.has("expert"),
        proven=bool(actor.roles),
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )
