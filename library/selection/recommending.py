"""The recommender's desk: the calls in which an organisation has places, and one entry after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web, workflow
from ..accounts.queries import person_names
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from . import entry_flow, entry_queries, queries
from .entry_models import Entry
from .models import Quota
from .views import ListArgs

bp = Blueprint("recommending", __name__, url_prefix="/recommend")

MOVES = tuple(move.verb for move in entry_flow.RECOMMENDER)


@bp.get("")
@door("entry.follow")
def index() -> str:
    """Every call in which the organisation has places, with how many are used."""
    return web.render("selection/recommend.html", rows=entry_queries.own_quotas(web.session(), web.actor()))


@bp.get("/<code>")
@door("entry.follow")
def call(code: str) -> str:
    """What waits for a recommendation in a call, and what was answered."""
    session, actor = web.session(), web.actor()
    found = queries.call(session, actor, code)
    quota = queries.quota(session, found, actor.organisation)
    if quota is None or not actor.membership:
        raise Missing(Text("Your organisation has no places in this call."))
    page, total = paging.asked(ListArgs(), request.args)["page"], entry_queries.count_asked(session, actor, found)
    return web.render(
        "selection/recommend_call.html",
        call=found,
        quota=quota,
        rows=entry_queries.asked_of(session, actor, found, page=page),
        total=total,
        pages=paging.pages(
            page, total, entry_queries.PER_PAGE, lambda page: url_for(".call", code=code, page=page)
        ),
    )


@bp.get("/entries/<code>")
@door("entry.follow")
def entry(code: str) -> str:
    return _page(_found(code))


@bp.post("/entries/<code>/moves/<verb>")
@door("entry.recommend")
def move(code: str, verb: str) -> Response | tuple[str, int]:
    """Recommend or decline. What was typed comes back when it is refused, also because the last place is gone."""
    session, found, given = web.session(), _found(code), request.form.to_dict()
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    given = {name: value for name, value in given.items() if value.strip()}
    try:
        with db.unit(session):
            entry_flow.decide(session, web.actor(), found, verb, given={"true": False, **given}, now=web.now())
    except (Conflict, Invalid) as problem:
        session.expire_all()
        refusals = [] if problem.fields else [web.say(each) for each in problem.reasons or [problem.text]]
        again: dict[str, Any] = {"given": given, "errors": web.sentences(problem), "refusals": refusals}
        return _page(_found(code), tried=verb, **again), problem.status
    return redirect(url_for("recommending.entry", code=code, done=verb), 303)


def _found(code: str) -> Entry:
    """An entry that the organisation is asked to recommend; of others this desk knows nothing."""
    found = entry_queries.entry(web.session(), web.actor(), code)
    if not web.actor().is_member(found.recommender_id):
        raise Missing(Text("There is no entry %(name)s.", {"name": code[:40]}))
    return found


def _page(
    found: Entry,
    *,
    tried: str = "",
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    refusals: list[str] | None = None,
) -> str:
    session, actor = web.session(), web.actor()
    moves = workflow.open_moves(entry_flow.RECOMMENDER, session, actor, found, web.now())
    signer = found.recommended_by or ""
    people = {int(signer[7:])} if signer.startswith("person:") else set()
    return web.render(
        "selection/recommend_entry.html",
        entry=found,
        call=found.call,
        quota=session.get_one(Quota, (found.call_id, found.recommender_id)),
        doc=entry_queries.document(actor, found),
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        names=list(person_names(session, people).values()),
        refusals=refusals or [],
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )
