"""The form check at the officers' desk: the queue of a call, bulk passes, and one entry with its answer.

As in the queue of submissions the selection stands in the address: every control sends the one form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web, workflow
from ..accounts.queries import person_names
from ..catalog import diff, passing
from ..catalog import queue as catalog
from ..catalog.queue import Desk, age_bar
from ..catalog.schemas import DRAFT_SECTIONS
from ..catalog.wording import field_name
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from . import checks, entry_flow, entry_passing, entry_queries, entry_queue, queries
from .entry_models import Entry
from .entry_queue import PER_PAGE, Asked
from .models import Call

bp = Blueprint("desk_entries", __name__, url_prefix="/desk")

MOST_PICKED = 200  # so that the address stays short enough for every server between us and the browser
CODE = re.compile(r"[A-Z0-9][A-Za-z0-9-]{4,31}", re.ASCII)
FORM = entry_queue.AskedForm()
MOVES = tuple(move.verb for move in entry_flow.CHECK)


@bp.get("/calls/<key>/entries")
@door("entry.check")
def queue_page(key: str) -> str:
    session, actor, call = web.session(), web.actor(), _call(key)
    asked, desk = _asked(), catalog.desk(session, actor, now=web.now())
    officers = catalog.officers(session)
    counts = entry_queue.counts(session, actor, call, desk)
    total, found = entry_queue.page(session, actor, call, desk, asked, counted=counts)
    first = entry_queue.next_one(session, actor, call, desk)
    return web.render(
        "selection/desk_entries.html",
        call=call,
        asked=asked,
        counts=counts,
        limit=desk.limit,
        next=_line(first, desk, asked, officers) if first else None,
        rows=[_line(row, desk, asked, officers) for row in found],
        total=total,
        first=(asked.page - 1) * PER_PAGE + 1,
        pages=-(-total // PER_PAGE),
        recommenders=entry_queue.bodies(session, call),
        officers=officers.items(),
        mine=actor.person,
        most=MOST_PICKED,
        assigned=request.args.get("assigned", type=int),
    )


@bp.post("/calls/<key>/entries")
@door("entry.check")
def queue_go(key: str) -> Response:
    """What was ticked and typed becomes an address; nothing is written."""
    asked = _sent()
    step, _, value = request.form.get("to", "").partition(":")
    if step == "view":
        asked = replace(asked, **_read({step: value}), q="", by="", page=1)
    elif step in ("sort", "page"):
        asked = replace(asked, **{"page": 1, **_read({step: value})})
    elif step == "none":
        asked = replace(asked, picked=())
    elif step == "all":
        asked = replace(asked, picked=_codes([*asked.picked, *request.form.getlist("row")]))
    elif step == "match":
        session, actor, call = web.session(), web.actor(), _call(key)
        desk = catalog.desk(session, actor, now=web.now())
        more = entry_queue.matching(session, actor, call, desk, asked, limit=MOST_PICKED)
        asked = replace(asked, picked=_codes([*asked.picked, *more]))
    return redirect(_address(key, asked), 303)


@bp.post("/calls/<key>/entries/assign")
@door("entry.check")
def assign(key: str) -> Response:
    session, actor, asked = web.session(), web.actor(), _sent()
    officer = request.form.get("officer", type=int)
    with db.unit(session):
        rows = entry_queue.picked(session, actor, asked.picked)
        for row in rows:
            checks.assign(session, actor, row, officer=officer, now=web.now())
    return redirect(_address(key, replace(asked, page=1), assigned=len(rows)), 303)


@bp.post("/calls/<key>/entries/pass")
@door("entry.check")
def pass_picked(key: str) -> Response:
    """Pass those of the selection whose rules are all met."""
    codes = _sent().picked
    if not codes:
        raise Invalid(Text("Nothing is selected: tick the entries first."))
    batch = entry_passing.pass_all(web.session(), web.actor(), codes, now=web.now())
    return redirect(url_for("desk_entries.batch", key=key, batch=batch.key), 303)


@bp.get("/calls/<key>/entries/batches/<batch>")
@door("entry.check")
def batch(key: str, batch: str) -> str:
    """What became of a selection."""
    found = passing.batch(web.session(), web.actor(), batch)
    refused = [(code, [web.say(reason) for reason in reasons]) for code, reasons in found.refused]
    return web.render("selection/desk_batch.html", call=_call(key), passed=found.passed, refused=refused)


@bp.get("/entries/<code>")
@door("entry.check")
def entry(code: str) -> str:
    return _page(_found(code))


@bp.post("/entries/<code>/assign")
@door("entry.check")
def assign_one(code: str) -> Response:
    session, found = web.session(), _found(code)
    with db.unit(session):
        officer = request.form.get("officer", type=int)
        checks.assign(session, web.actor(), found, officer=officer, now=web.now())
    return redirect(url_for("desk_entries.entry", code=code, done="entry.assign"), 303)


@bp.post("/entries/<code>/moves/<verb>")
@door("entry.check")
def move(code: str, verb: str) -> Response | tuple[str, int]:
    """Pass, return or fail. The form says of which revision it is the answer."""
    session, found = web.session(), _found(code)
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    given: dict[str, Any] = {name: value for name, value in request.form.items() if value.strip()}
    given["fields"] = request.form.getlist("fields")
    if request.form.get("revision", found.revision.number, type=int) != found.revision.number:
        raise Conflict(Text("The applicant has handed in a correction meanwhile; look at it before you answer."))
    try:
        with db.unit(session):
            entry_flow.decide(session, web.actor(), found, verb, given=given, now=web.now())
    except Invalid as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _page(_found(code), tried=verb, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_entries.entry", code=code, done=verb), 303)


def _call(key: str) -> Call:
    return queries.call_by_key(web.session(), web.actor(), key)


def _found(code: str) -> Entry:
    return entry_queries.entry(web.session(), web.actor(), code)


def _asked() -> Asked:
    return Asked(**_read(request.args), picked=_codes(request.args.getlist("pick")))


def _sent() -> Asked:
    return Asked(**_read(request.form), picked=_codes(request.form.getlist("pick")))


def _read(given: Mapping[str, str]) -> dict[str, Any]:
    return paging.asked(FORM, {name: given[name] for name in FORM.fields if name in given})


def _codes(given: list[str]) -> tuple[str, ...]:
    """The numbers of entries in what was sent, each once and not too many."""
    return tuple(dict.fromkeys(code for code in given if CODE.fullmatch(code)))[:MOST_PICKED]


def _address(key: str, asked: Asked, **more: Any) -> str:
    """The address that says all this, and nothing that goes without saying."""
    usual = Asked()
    said = {name: getattr(asked, name) for name in FORM.fields}
    told = {name: value for name, value in said.items() if value != getattr(usual, name)}
    return url_for("desk_entries.queue_page", key=key, **told, **more, pick=asked.picked)


def _line(row: Any, desk: Desk, asked: Asked, officers: Mapping[int, str]) -> dict[str, Any]:
    """A row of the queue as the page shows it."""
    age = desk.age(row.attested_at or row.entered_at)
    own = not desk.own.isdisjoint((row.applicant_id, row.recommender_id))
    return {
        **row._mapping,
        "title": {"zh": row.title_zh, "en": row.title_en},
        "organisation": {"zh": row.name_zh, "en": row.name_en},
        "recommender": {"zh": row.by_zh, "en": row.by_en},
        "age": age,
        "bar": age_bar(age, desk.limit),
        "checker": officers.get(row.checker_id, "") if row.checker_id else "",
        "own": own,
        "open": row.state == "recommended" and not own,
        "picked": row.code in asked.picked,
    }


def _page(
    found: Entry,
    *,
    tried: str = "",
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    desk = catalog.desk(session, actor, now=now)
    own = not desk.own.isdisjoint((found.applicant_id, found.recommender_id))
    moves = [] if own else workflow.open_moves(entry_flow.CHECK, session, actor, found, now)
    waits = found.state in ("entered", "recommended", "needs_correction")
    judged = checks.judged(session, found, now=now) if waits else None
    age = desk.age(found.attested_at or found.entered_at)
    before = next((each.revision for each in reversed(found.checks) if each.outcome == "returned"), None)
    changes = diff.documents(before.document, found.revision.document) if before else []
    signers = {str(each.by) for each in found.checks} | {str(found.recommended_by)}
    people = {int(each[7:]) for each in signers if each.startswith("person:")}
    return web.render(
        "selection/desk_entry.html",
        entry=found,
        call=found.call,
        doc=entry_queries.document(actor, found),
        own=own,
        age={"age": age, "bar": age_bar(age, desk.limit)},
        limit=desk.limit,
        waits=waits,
        checks=[
            {"check": each.check, "met": each.met, "why": web.say(each.why) if each.why else "", "where": ""}
            for each in (judged.checks if judged else [])
        ],
        rules=judged.rules if judged else [],
        unmet={each.field.partition(".")[0] for each in (judged.rules if judged else []) if not each.met},
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        before=before,
        changes=[
            {"name": field_name(each.path), "tongue": each.path[-1], "parts": each.parts} for each in changes
        ],
        officers=catalog.officers(session).items(),
        names=person_names(session, people),
        correction=queries.document(found.call)["correction_days"],
        sections=DRAFT_SECTIONS,
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )
