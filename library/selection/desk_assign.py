"""Who judges what, at the officers' desk: how far reviews are, plans, and one entry by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from . import assign_flow, assign_queries, assignments, conflicts, queries
from . import review_progress as progress
from . import review_queries as reviews
from .entry_models import Entry
from .expert_models import Assignment
from .expert_schemas import CandidateArgs, PageArgs, ProgressArgs
from .models import Call

bp = Blueprint("desk_assign", __name__, url_prefix="/desk")

SHOWN = 20  # experts of one page
LINES = 100  # entries with gaps, and pairs left out, of one page
Errors = Mapping[str, list[str]]


@bp.get("/calls/<key>/reviews")
@door("assignment.keep")
def index(key: str) -> str:
    return _progress(_call(key))


@bp.post("/calls/<key>/reviews")
@door("assignment.keep")
def plan(key: str) -> Response | tuple[str, int]:
    """Have a plan computed."""
    session, found, given = web.session(), _call(key), request.form.to_dict()
    try:
        with db.unit(session):
            row = assignments.order(session, web.actor(), found, given=given, now=web.now())
    except (Invalid, Conflict) as problem:
        session.expire_all()
        errors = web.sentences(problem) or {"form": [web.say(problem.text)]}
        return _progress(_call(key), given=given, errors=errors), problem.status
    return redirect(url_for("desk_assign.assignment", key=key, number=row.id), 303)


@bp.get("/calls/<key>/plans/<int(max=2147483647):number>")
@door("assignment.keep")
def assignment(key: str, number: int) -> str:
    """How far a plan is, and what it says."""
    session, actor = web.session(), web.actor()
    found, row = _plan(key, number)
    page = paging.asked(PageArgs(), request.args)["page"]
    loads = row.outcome.get("loads", [])
    some = loads[SHOWN * (page - 1) : SHOWN * page]
    entries = [gap["entry"] for gap in row.gaps[:LINES]] + [line[0] for line in row.left_out[:LINES]]
    people = [load[0] for load in some] + [line[1] for line in row.left_out[:LINES]]
    return web.render(
        "selection/desk_assignment.html",
        row=row,
        call=found,
        outcome=row.outcome,
        loads=some,
        most=max((load[3] for load in loads), default=1),
        gaps=row.gaps[:LINES],
        left=row.left_out[:LINES],
        entries=progress.titles(session, actor, set(entries)),
        people=assign_queries.people_named(session, set(people)),
        pages=paging.pages(
            page, len(loads), SHOWN, lambda page: url_for(".assignment", key=key, number=number, page=page)
        ),
    )


@bp.get("/calls/<key>/plans/<int(max=2147483647):number>/progress")
@door("assignment.keep")
def look(key: str, number: int) -> dict[str, Any]:
    row = _plan(key, number)[1]
    return {"state": row.stage, "done": row.done, "rows": row.outcome.get("pairs", 0)}


@bp.post("/calls/<key>/plans/<int(max=2147483647):number>/<any(apply,undo):what>")
@door("assignment.keep")
def go(key: str, number: int, what: str) -> Response:
    session, actor, now = web.session(), web.actor(), web.now()
    with db.unit(session):
        found, row = _plan(key, number)
        if what == "apply":
            due = assign_flow.end_of_review(session, found, now)
            assignments.apply(session, actor, row, due=due, now=now)
        else:
            assignments.undo(session, actor, row, now=now)
    return redirect(url_for(".assignment", key=key, number=number), 303)


@bp.get("/calls/<key>/reviews/<entry>")
@door("assignment.keep")
def entry(key: str, entry: str) -> str:
    return _entry(_call(key), entry)


@bp.post("/calls/<key>/reviews/<entry>")
@door("assignment.keep")
def give(key: str, entry: str) -> Response | tuple[str, int]:
    """One expert for one entry."""
    session, actor, found, given = web.session(), web.actor(), _call(key), request.form.to_dict()
    try:
        with db.unit(session):
            row = progress.entry(session, actor, found, entry)
            assign_flow.by_hand(session, actor, row, given=given, now=web.now())
    except (Invalid, Conflict) as problem:
        session.expire_all()
        said = [web.say(problem.text), *map(web.say, problem.reasons)]
        errors = web.sentences(problem) or {"person": [" ".join(said)]}
        return _entry(_call(key), entry, given=given, errors=errors), problem.status
    return redirect(url_for(".entry", key=key, entry=entry, done="review.assign"), 303)


@bp.post("/calls/<key>/reviews/<entry>/<review>/take")
@door("assignment.keep")
def take(key: str, entry: str, review: str) -> Response | tuple[str, int]:
    """Take an expert off."""
    session, actor, found, given = web.session(), web.actor(), _call(key), request.form.to_dict()
    try:
        with db.unit(session):
            row = reviews.by_key(session, actor, review)
            if row.entry.key != entry or row.call_id != found.id:
                raise Missing(Text("There is no such review."))
            assign_flow.take(session, actor, row, given=given, now=web.now())
    except Invalid as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _entry(_call(key), entry, tried=review, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for(".entry", key=key, entry=entry, done="review.remove"), 303)


def _call(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)


def _plan(key: str, number: int) -> tuple[Call, Assignment]:
    """A plan of this call."""
    found, row = _call(key), assign_queries.assignment(web.session(), web.actor(), number)
    if row.call_id != found.id:
        raise Missing(Text("There is no such plan."))
    return found, row


def _progress(found: Call, *, given: Mapping[str, str] | None = None, errors: Errors | None = None) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    args = paging.asked(ProgressArgs(), request.args)
    wanted = found.document.get("reviewers", 1)
    asked = {"view": args["view"], "wanted": wanted, "now": now}
    summary = progress.summary(session, actor, found, now=now)
    total = summary.entries if args["view"] == "all" else progress.total(session, actor, found, **asked)
    rows = progress.entries(session, actor, found, page=args["page"], **asked)
    reason = assignments.not_now(session, found)
    return web.render(
        "selection/desk_reviews.html",
        call=found,
        args=args,
        summary=summary,
        wanted=wanted,
        total=total,
        rows=rows,
        reviews=progress.reviews(session, actor, [row.id for row in rows]),
        counted=assign_queries.HAS,
        plans=assign_queries.assignments(session, actor, found),
        why_not=web.say(reason) if reason else "",
        given=given or {},
        errors=errors or {},
        now=now,
        pages=paging.pages(
            args["page"],
            total,
            progress.PER_PAGE,
            lambda page: url_for(".index", key=found.key, view=args["view"], page=page),
        ),
    )


def _entry(
    found: Call,
    key: str,
    *,
    tried: str = "",
    given: Mapping[str, str] | None = None,
    errors: Errors | None = None,
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    row: Entry = progress.entry(session, actor, found, key)
    args = paging.asked(CandidateArgs(), request.args)
    lines, total = _candidates(found, row, q=args["q"], page=args["page"])
    reason = assignments.not_now(session, found)
    return web.render(
        "selection/desk_experts_of.html",
        call=found,
        entry=row,
        args=args,
        reviews=progress.reviews(session, actor, [row.id])[row.id],
        candidates=lines,
        total=total,
        why_not=web.say(reason) if reason else "",
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
        now=now,
        pages=paging.pages(
            args["page"],
            total,
            SHOWN,
            lambda page: url_for(".entry", key=found.key, entry=key, q=args["q"], page=page),
        ),
    )


def _candidates(found: Call, row: Entry, *, q: str, page: int) -> tuple[list[dict[str, Any]], int]:
    """A page of the experts without a review of the entry: who may and knows the sector first, then by load."""
    session, now = web.session(), web.now()
    world = assign_queries.world(session, found, now=now, entries=[row.id])
    if not world.lines:
        return [], 0
    people = assign_queries.people_named(session, [each.person for each in world.people])
    barred, knows = world.conflicts()[0], world.knows()[0]
    had = {person for entry, person, state in world.reviews if entry == row.id and state != "removed"}
    loads = world.counted()[1]
    places = [
        place
        for place, each in enumerate(world.people)
        if each.person not in had and q.casefold() in " ".join(people[each.person].values()).casefold()
    ]
    names = [people[each.person]["name"] for each in world.people]
    places.sort(key=lambda place: (barred[place], not knows[place], loads[place], names[place]))
    lines, limit = [], found.document.get("most_each", 8)
    for place in places[SHOWN * (page - 1) : SHOWN * page]:
        each = world.people[place]
        against = conflicts.found(each, world.lines[0].party, world.registry, today=world.today)
        most = min(int(world.most[place]), limit)
        lines.append(
            {
                "person": each.person,
                **people[each.person],
                "knows": bool(knows[place]),
                "load": int(loads[place]),
                "most": most,
                "against": [web.say(finding.why) for finding in against],
            }
        )
    return lines, len(places)
