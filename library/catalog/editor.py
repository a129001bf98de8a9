"""The editor: an organisation's cases, and one section of a draft at a time, saved as it is typed.

One address takes every save. A script sends the form and asks for JSON; without scripts the same form is sent
by a button, and the buttons for repeated items send all that was typed along with what they are to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from .. import db, forms, paging, web
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..fields import choice
from ..web import door
from . import draft_copies, drafts, sheets, worklist
from .models import STATES
from .policy import may_draft
from .schemas import DRAFT_SECTIONS
from .sheets import Sheet
from .workbench import Workbench, quiet, sent, sent_version

bp = Blueprint("editor", __name__, url_prefix="/work")


class ListArgs(Schema):
    """What the list of one's cases is asked for."""

    state = choice(*STATES, load_default="")
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


@bp.get("")
@door("case.read_draft")
def mine() -> str:
    """The cases of one's organisation, each with what is next."""
    session, actor = web.session(), web.actor()
    asked = paging.asked(ListArgs(unknown=EXCLUDE), request.args)
    states = worklist.counted(session, actor)
    total = states.get(asked["state"], 0) if asked["state"] else sum(states.values())
    return web.render(
        "catalog/editor/mine.html",
        rows=worklist.cases(session, actor, state=asked["state"], page=asked["page"]),
        states=states,
        state=asked["state"],
        total=total,
        pages=paging.pages(
            asked["page"],
            total,
            worklist.PER_PAGE,
            lambda page: url_for("editor.mine", state=asked["state"] or None, page=page),
        ),
        may_draft=may_draft(actor, None),
    )


@bp.route("/new", methods=["GET", "POST"])
@door("case.draft")
def new() -> Response | tuple[str, int]:
    """A new case: empty, or from the text of another one."""
    session, actor = web.session(), web.actor()
    source = (request.form if request.method == "POST" else request.args).get("from", "").strip()
    errors, status = {}, 200
    if request.method == "POST":
        try:
            with db.unit(session):
                if source:
                    case = draft_copies.copy_forward(session, actor, source, now=web.now())
                else:
                    case = drafts.start(session, actor, now=web.now())
            return redirect(url_for("editor.section", key=case.key, section="basics"), 303)
        except Missing as problem:
            errors, status = {"from": [web.say(problem.text)]}, 422
    return web.render("catalog/editor/new.html", source=source, errors=errors), status


@bp.get("/<key>/<section>")
@door("case.read_draft")
def section(key: str, section: str) -> str:
    return Workbench(key).page(section)


@bp.post("/<key>/<section>")
@door("case.draft")
def save(key: str, section: str) -> Response | tuple[str, int]:
    """Keep what was typed, do what a button asks for, and come back to the page, or answer a script."""
    bench = Workbench(key)
    do, _, what = sent().get("do", "save").partition(":")
    # Most saves need not know what stands there; it is read once afterwards.
    sheet = Sheet(section, {}) if bench.named is None and do != "merge" else bench.sheet(section)
    typed = DO.get(do, _as_typed)(sent(), what) if do != "merge" else _merged(sheet)
    content = sheets.read(sheet, typed)
    # The remark is kept first: it is said, whatever becomes of the text.
    if do == "comment" and (wrong := bench.comment(section, content=content, version=sent_version())):
        return wrong
    try:
        with db.unit(bench.session):
            row = drafts.save(
                bench.session,
                bench.actor,
                bench.case,
                section,
                content=content,
                version=sent_version(),
                now=web.now(),
            )
            if do == "remove" and what.startswith("sources."):
                bench.cite_anew(int(what.partition(".")[2]))
            if do == "confirm":
                named = what.split(",")
                drafts.confirm(bench.session, bench.actor, bench.case, section, fields=named, now=web.now())
    except drafts.Stale as stale:
        return bench.conflict(stale.current, content)
    except Invalid as problem:
        return bench.refused(section, content, problem)
    except (Conflict, Forbidden) as problem:
        return Workbench(key).locked(section, content, problem)
    if quiet():
        return bench.saved(row)
    more: Mapping[str, dict[str, Any]] = {"add": {"added": what}, "check": {"check": 1}}
    names = list(DRAFT_SECTIONS)
    onward = names[min(names.index(section) + 1, len(names) - 1)] if do == "next" else section
    place = f"{what}.{len(content.get(what) or [])}" if do == "add" else what.split(",")[0] if what else None
    place = "comments" if do == "comment" else place
    return redirect(url_for("editor.section", key=key, section=onward, _anchor=place, **more.get(do, {})), 303)


def _as_typed(typed: forms.Typed, what: str) -> forms.Typed:
    return typed


def _number(what: str) -> tuple[str, int]:
    """`connections.2` as its list and number; raises Missing."""
    name, _, number = what.rpartition(".")
    if not (name and number.isascii() and number.isdecimal() and len(number) < 5):
        raise Missing(Text("There is no such entry."))
    return name, int(number)


def _without(typed: forms.Typed, what: str) -> forms.Typed:
    return forms.Values(forms.without_item(typed, *_number(what)))


def _up(typed: forms.Typed, what: str) -> forms.Typed:
    name, number = _number(what)
    return forms.Values(forms.with_items_swapped(typed, name, number, max(0, number - 1)))


def _down(typed: forms.Typed, what: str) -> forms.Typed:
    name, number = _number(what)
    return forms.Values(forms.with_items_swapped(typed, name, number, number + 1))


DO: Mapping[str, Callable[[forms.Typed, str], forms.Typed]] = {"remove": _without, "up": _up, "down": _down}


def _merged(sheet: Sheet) -> forms.Typed:
    """Of two texts, what somebody chose: theirs is what stands there, mine is in the form beside it."""
    written = forms.written(sheet.controls, sheet.content)
    chosen = forms.Values({name: given for name, given in written.items() if not sheet.held(name)})
    everything, untouched = request.form.get("all"), request.form.getlist("untouched")
    for name in request.form.getlist("differs"):
        # "All of mine" is what I wrote, not what I found there and somebody else has changed.
        mine = request.form.get(f"take.{name}") == "mine" or (everything == "mine" and name not in untouched)
        if mine and everything != "theirs":
            chosen[name] = request.form.getlist(f"mine.{name}")
    return chosen
