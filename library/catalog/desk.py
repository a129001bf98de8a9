"""The officers' desk: the queue of what was handed in, a selection that outlives search and paging, bulk answers.

The selection stands in the address. Every control of the page sends the one form, and the answer is the address
that has all of it: so nothing is kept here, Back works, and no script is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, figures, paging, web
from ..errors import Invalid, Text
from ..policy import can
from ..web import door
from . import admission, passing, queue, wording
from .queue import Asked, Desk, age_bar
from .queue_statements import PER_PAGE

bp = Blueprint("desk", __name__)

NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_PICKED = 200  # so that the address stays short enough for every server between us and the browser
CODE = re.compile(r"[A-Z]{4}-[A-Z0-9-]{4,15}", re.ASCII)
FORM = queue.AskedForm()


@bp.app_context_processor
def waiting_at_the_desk() -> dict[str, Callable[..., Any]]:
    """For the frame of every page of the desk."""
    rules = current_app.extensions["rules"]
    return {
        "desk_waiting": lambda: queue.pages_waiting(web.session(), web.actor()),
        "desk_open": lambda rule: can(rules, web.actor(), rule),
    }


@bp.get("/desk")
@door("case.judge")
def queue_page() -> str:
    session, actor = web.session(), web.actor()
    asked, desk = _asked(), queue.desk(session, actor, now=web.now())
    trees, officers = wording.tree(), queue.officers(session)
    counts = queue.counts(session, actor, desk)
    total, found = queue.page(session, actor, desk, asked, trees, counted=counts)
    first = queue.next_one(session, actor, desk)
    return web.render(
        "desk/queue.html",
        asked=asked,
        counts=counts,
        limit=desk.limit,
        next=_line(first, desk, asked, officers) if first else None,
        rows=[_line(row, desk, asked, officers) for row in found],
        total=total,
        first=(asked.page - 1) * PER_PAGE + 1,
        pages=-(-total // PER_PAGE),
        sectors=[
            (code, NO_BREAK * 2 * (len(trees.path(code)) - 1) + figures.pick(node.title, web.language()))
            for code, node in trees.sectors.items()
        ],
        officers=officers.items(),
        mine=actor.person,
        most=MOST_PICKED,
        assigned=request.args.get("assigned", type=int),
    )


@bp.post("/desk")
@door("case.judge")
def queue_go() -> Response:
    """What was ticked and typed becomes an address; nothing is written."""
    asked = _sent()
    step, _, value = request.form.get("to", "").partition(":")
    if step == "view":  # as many as stand beside its name: without the words that were searched for
        asked = replace(asked, **_read({step: value}), q="", sector="", page=1)
    elif step in ("sort", "page"):
        asked = replace(asked, **{"page": 1, **_read({step: value})})
    elif step == "none":
        asked = replace(asked, picked=())
    elif step == "all":
        asked = replace(asked, picked=_codes([*asked.picked, *request.form.getlist("row")]))
    elif step == "match":
        session, actor = web.session(), web.actor()
        desk, trees = queue.desk(session, actor, now=web.now()), wording.tree()
        more = queue.matching(session, actor, desk, asked, trees, limit=MOST_PICKED)
        asked = replace(asked, picked=_codes([*asked.picked, *more]))
    return redirect(_address(asked), 303)


@bp.post("/desk/assign")
@door("case.judge")
def assign() -> Response:
    session, actor, asked = web.session(), web.actor(), _sent()
    with db.unit(session):
        rows = queue.waiting(session, actor, asked.picked)
        for row in rows:
            officer = request.form.get("officer", type=int)
            admission.assign(session, actor, row, officer=officer, now=web.now())
    return redirect(_address(replace(asked, page=1), assigned=len(rows)), 303)


@bp.post("/desk/admit")
@door("case.judge")
def admit() -> Response:
    """Admit those of the selection whose rules are all met."""
    picked = _sent().picked
    if not picked:
        raise Invalid(Text("Nothing is selected: tick the cases first."))
    batch = passing.admit(web.session(), web.actor(), picked, now=web.now())
    return redirect(url_for("desk.batch", key=batch.key), 303)


@bp.get("/desk/batches/<key>")
@door("case.judge")
def batch(key: str) -> str:
    """What became of a selection."""
    found = passing.batch(web.session(), web.actor(), key)
    refused = [(code, [web.say(reason) for reason in reasons]) for code, reasons in found.refused]
    return web.render("desk/batch.html", passed=found.passed, refused=refused)


def _asked() -> Asked:
    return Asked(**_read(request.args), picked=_codes(request.args.getlist("pick")))


def _sent() -> Asked:
    return Asked(**_read(request.form), picked=_codes(request.form.getlist("pick")))


def _read(given: Mapping[str, str]) -> dict[str, Any]:
    return paging.asked(FORM, {name: given[name] for name in FORM.fields if name in given})


def _codes(given: list[str]) -> tuple[str, ...]:
    """The numbers of cases in what was sent, each once and not too many."""
    return tuple(dict.fromkeys(code for code in given if CODE.fullmatch(code)))[:MOST_PICKED]


def _address(asked: Asked, **more: Any) -> str:
    """The address that says all this, and nothing that goes without saying."""
    usual = Asked()
    said = {name: getattr(asked, name) for name in FORM.fields}
    told = {name: value for name, value in said.items() if value != getattr(usual, name)}
    return url_for("desk.queue_page", **told, **more, pick=asked.picked)


def _line(row: Any, desk: Desk, asked: Asked, officers: Mapping[int, str]) -> dict[str, Any]:
    """A row of the queue as the page shows it."""
    age = desk.age(row.at)
    own = row.owner_id in desk.own
    return {
        **row._mapping,
        "url": url_for("desk_case.case", code=row.code),
        "title": {"zh": row.title_zh, "en": row.title_en},
        "organisation": {"zh": row.name_zh, "en": row.name_en},
        "age": age,
        "bar": age_bar(age, desk.limit),
        "officer": officers.get(row.officer_id, "") if row.officer_id else "",
        "own": own,
        "open": row.outcome is None and not own,
        "picked": row.code in asked.picked,
    }
