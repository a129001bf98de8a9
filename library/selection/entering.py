"""Entering a call, and an organisation's own entries: where each stands, and what is asked of it now."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, paging, web, workflow
from ..catalog import policy as catalog
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..policy import can
from ..web import door
from . import entries, entry_flow, entry_policy, entry_queries, entry_stages, feedback, queries
from .entry_models import Entry
from .models import Call
from .views import ListArgs

bp = Blueprint("entering", __name__)

MOVES = tuple(move.verb for move in entry_flow.APPLICANT)
# The section of the editor in which an applicant mends what a check of the call finds.
MENDED_IN = {
    "sectors": "basics",
    "statuses": "deployment",
    "count_kinds": "connections",
    "min_connections": "connections",
    "not_planned": "connections",
}


@bp.get("/calls/<code>/enter")
@door("entry.enter")
def enter(code: str) -> str:
    """Which case; and of one, what the call's checks say before the click."""
    return _enter(queries.call(web.session(), web.actor(), code), case=request.args.get("case", ""))


@bp.post("/calls/<code>/enter")
@door("entry.enter")
def entered(code: str) -> Response | tuple[str, int]:
    """Enter a case. A second click, or a colleague's, leads to the one entry that there is."""
    session, actor = web.session(), web.actor()
    call, given = queries.call(session, actor, code), _given()
    try:
        with db.unit(session):
            made = entries.enter(session, actor, call, given=given, now=web.now(), rng=random.SystemRandom())
    except Conflict:
        ours = entry_queries.live_in(session, actor, call)
        there = next((row for row in ours if row.case.code == given["case"]), None)
        if there is None:
            raise
        return redirect(url_for("entering.entry", code=there.code), 303)
    except Invalid as problem:
        session.expire_all()
        reasons = problem.reasons or [problem.text]
        wrong = web.sentences(problem)
        return _enter(call, case=given["case"], given=given, errors=wrong, reasons=reasons), problem.status
    return redirect(url_for("entering.entry", code=made.code, done="entry.enter"), 303)


@bp.get("/entries")
@door("entry.follow")
def mine() -> str:
    """What the organisation has entered, in every call."""
    session, actor = web.session(), web.actor()
    page, total = paging.asked(ListArgs(), request.args)["page"], entry_queries.count_own(session, actor)
    return web.render(
        "selection/entries.html",
        rows=entry_queries.own(session, actor, page=page),
        total=total,
        pages=paging.pages(page, total, entry_queries.PER_PAGE, lambda page: url_for(".mine", page=page)),
    )


@bp.get("/entries/<code>")
@door("entry.follow")
def entry(code: str) -> str:
    return _page(_found(code))


@bp.post("/entries/<code>/moves/<verb>")
@door("entry.enter")
def move(code: str, verb: str) -> Response | tuple[str, int]:
    """Withdraw, or hand in a correction."""
    session, found = web.session(), _found(code)
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    given = {name: value for name, value in request.form.items() if value.strip()}
    try:
        with db.unit(session):
            entry_flow.decide(session, web.actor(), found, verb, given=given, now=web.now())
    except Invalid as problem:
        session.expire_all()
        return _page(found, tried=verb, given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("entering.entry", code=code, done=verb), 303)


@bp.post("/entries/<code>/masks")
@door("entry.enter")
def masks(code: str) -> Response | tuple[str, int]:
    """The list of words that no expert may read, anew."""
    session, found = web.session(), _found(code)
    given = {"masks": _lines(request.form.get("masks", ""))}
    try:
        with db.unit(session):
            entries.declare_masks(session, web.actor(), found, given=given, now=web.now())
    except Invalid as problem:
        session.expire_all()
        return _page(found, tried="mask.declare", given=given, errors=_one_field(problem)), problem.status
    return redirect(url_for("entering.entry", code=code, done="mask.declare"), 303)


def _found(code: str) -> Entry:
    """What everybody may know of an entry stands with its call; this page is for those whom it concerns."""
    found = entry_queries.entry(web.session(), web.actor(), code)
    if not entry_policy.may_follow(web.actor(), found):
        raise Forbidden(Text("You may not do this."))
    return found


def _enter(
    call: Call,
    *,
    case: str,
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    reasons: Sequence[Text] = (),
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    refusal = entries.closed(session, actor, call, now=now)
    there = {row.case_id: row for row in entry_queries.live_in(session, actor, call)}
    cases = [] if refusal else entry_queries.candidates(session, actor, call)
    chosen = next((each for each in cases if each.code == case), cases[0] if len(cases) == 1 else None)
    found = entries.prospect(session, call, chosen, now=now) if chosen and chosen.id not in there else None
    document = queries.document(call)
    proposed: list[str] = []
    if chosen and found and document["review"] == "blind":
        whole = entry_queries.newest_revision(session, chosen).document
        proposed = entries.proposed_masks(session, actor, whole)
    return web.render(
        "selection/enter.html",
        call=call,
        now=now,
        doc=document,
        refusal=web.say(refusal) if refusal else "",
        cases=cases,
        there=there,
        chosen=chosen,
        public=chosen is not None and catalog.is_public(chosen),
        found=found,
        findings=_findings(found, chosen) if found and chosen else [],
        recommenders=[row.organisation for row in queries.quotas(session, call) if _may_recommend(row)],
        masks=(given or {}).get("masks", proposed),
        given=given or {},
        errors=_tidied(errors or {}),
        reasons=[web.say(reason) for reason in reasons] if errors is not None and not errors else [],
    )


def _may_recommend(row: Any) -> bool:
    return row.organisation_id != web.actor().organisation and row.places > 0 and row.organisation.verified


def _findings(found: entries.Prospect, case: Any) -> list[dict[str, Any]]:
    """What each check says, and where one mends it."""
    return [
        {
            "check": finding.check,
            "met": finding.met,
            "why": web.say(finding.why) if finding.why else "",
            "where": url_for("editor.section", key=case.key, section=MENDED_IN[finding.check])
            if finding.check in MENDED_IN
            else "",
        }
        for finding in found.findings
    ]


def _given() -> dict[str, Any]:
    return {
        "case": request.form.get("case", ""),
        "recommender": request.form.get("recommender", ""),
        "masks": _lines(request.form.get("masks", "")),
    }


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _one_field(problem: Invalid) -> dict[str, list[str]]:
    return _tidied(web.sentences(problem))


def _tidied(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What is wrong with one line of a list is wrong with its box."""
    found: dict[str, list[str]] = {}
    for path, said in errors.items():
        name = path.partition(".")[0]
        found[name] = list(dict.fromkeys([*found.get(name, []), *said]))
    return found


def _page(
    found: Entry,
    *,
    tried: str = "",
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    moves = workflow.open_moves(entry_flow.APPLICANT, session, actor, found, now)
    document = queries.document(found.call)
    own = can(entry_policy.RULES, actor, "entry.enter", found)
    corrected: list[str] | None = None
    if found.state == "needs_correction":
        newest = entry_queries.newest_revision(session, found.case)
        if newest.number > found.revision.number:
            corrected = entries.beyond_what_was_asked(found, newest.document)
    return web.render(
        "selection/entry.html",
        entry=found,
        call=found.call,
        doc=document,
        stages=entry_stages.stages(found, found.call, document),
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        notes={move.verb: web.say(move.note) for move, _ in moves if move.note},
        corrected=corrected,
        check=found.checks[-1] if found.checks else None,
        told=feedback.feedback(session, actor, found),
        own=own,
        may_mask=own and found.masked_at is None and document["review"] == "blind" and bool(moves),
        member=actor.is_member(found.applicant_id),
        public=catalog.is_public(found.case),
        tried=tried,
        given=given or {},
        errors=errors or {},
        now=now,
        done=request.args.get("done", ""),
    )
