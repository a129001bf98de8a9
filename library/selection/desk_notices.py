"""Public notices at the desk: what is up and until when, who moves up, and putting up another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .. import db, web
from ..errors import Invalid
from ..web import door
from . import notice_queries as queries
from . import notice_steps as flow
from . import queries as calls
from .entry_models import Entry
from .models import Call

bp = Blueprint("desk_notices", __name__, url_prefix="/desk/notices")


@bp.get("")
@door("notice.publish")
def index() -> str:
    return _page()


@bp.post("/<key>/again")
@door("notice.publish")
def again(key: str) -> Response | tuple[str, int]:
    """Another notice, of those who are on the list since the last one."""
    call = calls.call_by_key(web.session(), web.actor(), key)
    return _written(
        lambda session, given: flow.again(session, web.actor(), call, given=given, now=web.now()),
        call,
        "notice.publish",
    )


@bp.post("/<key>/entries/<entry>")
@door("notice.publish")
def move_up(key: str, entry: str) -> Response | tuple[str, int]:
    """The next by rank takes a place that is free."""
    call = calls.call_by_key(web.session(), web.actor(), key)
    row = queries.entry_by_key(web.session(), call, entry)
    return _written(
        lambda session, given: flow.move_up(session, web.actor(), row, given=given, now=web.now()),
        call,
        "entry.move_up",
    )


def _written(
    write: Callable[[Session, Mapping[str, str]], Any], call: Call, verb: str
) -> Response | tuple[str, int]:
    session, given, at = web.session(), request.form.to_dict(), f"{verb}:{call.key}"
    try:
        with db.unit(session):
            write(session, given)
    except Invalid as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _page(tried=at, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_notices.index", done=verb), 303)


def _page(
    *, tried: str = "", given: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    session = web.session()
    return web.render(
        "selection/desk_notices.html",
        calls=[_line(session, call) for call in queries.in_publicity(session)],
        now=web.now(),
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )


def _line(session: Session, call: Call) -> dict[str, Any]:
    """What the page shows of a call. Who moves up is offered where a place is free."""
    states = queries.state_counts(session, call)
    free = queries.free_places(session, call) if call.state == "publicity" else 0
    offered: list[tuple[Any, Entry]] = queries.next_by_rank(session, call) if free > 0 else []
    return {
        "call": call,
        "notices": queries.of_call(session, call),
        "states": states,
        "open": queries.open_ones(session, call),
        "free": free,
        "next": offered,
        "fresh": queries.unannounced(session, call),
    }
