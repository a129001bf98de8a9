"""A draft as a whole: how far it is, handing it in, taking it back, and the receipts."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, request, send_file, url_for
from werkzeug.wrappers import Response

from .. import db, figures, pdf, web
from ..accounts.queries import person_names
from ..errors import Conflict, Invalid, Missing, Text
from ..web import door
from ..workflow import open_moves, step
from . import queries, queue, receipts
from .flow import FLOW
from .schemas import AUDIENCES
from .sheets import CONTROLS, Contents, caption
from .workbench import Workbench

bp = Blueprint("editor_moves", __name__, url_prefix="/work")

# What an organisation does with its own case; the other verbs are the officers'.
OWN = ("case.submit", "case.withdraw", "case.archive")


@bp.get("/<key>")
@door("case.read_draft")
def case(key: str) -> str:
    """A case as its members see it: how far each section is, what may be done, what was handed in."""
    return _case(Workbench(key))


def _case(bench: Workbench, errors: dict[str, list[str]] | None = None) -> str:
    moves = open_moves(FLOW, bench.session, bench.actor, bench.case, web.now())
    handed_in = queries.submissions(bench.session, bench.actor, bench.case)
    people = {row.person_id for row in handed_in if row.person_id}
    return web.render(
        "catalog/editor/case.html",
        **bench.frame(),
        verbs=[move.verb for move, reasons in moves if move.verb in OWN and (not reasons or move.verb == OWN[0])],
        handed_in=handed_in,
        names=person_names(bench.session, people),
        errors=errors or {},
    )


@bp.get("/<key>/submit")
@door("case.draft")
def submit(key: str) -> str:
    """What blocks, what had better be done, what will be public; then one button."""
    return _submit(Workbench(key))


def _submit(bench: Workbench, *, refused: bool = False) -> str:
    frame = bench.frame()
    verbs = [
        move.verb
        for move in FLOW
        if bench.case.state in move.source and move.who(bench.actor, bench.case) and move.verb == "case.submit"
    ]
    return web.render(
        "catalog/editor/submit.html",
        **frame,
        open=bool(verbs),
        refused=refused,
        read_by=_read_by(bench.contents()),
        number=_newest(bench) + 1,
    )


def _read_by(contents: Contents) -> list[tuple[str, list[str]]]:
    """Who will read what of what is written: each field, and each file by its title."""
    lang = web.language()
    found: dict[str, list[str]] = {audience: [] for audience in AUDIENCES}
    for section, sheet in CONTROLS.items():
        for control in sheet:
            if control.name in contents[section] and control.name != "attachments":
                found[control.audience or "public"].append(caption(control.path, lang))
    for place, file in enumerate(contents["files"].get("attachments") or []):
        title = figures.pick(file.get("title"), lang) or caption(f"attachments.{place}", lang)
        audience = file.get("audience")
        readers = audience if audience in found else "ministry"
        found[readers].append(web.say(Text("file “%(title)s”", {"title": title})))
    return [(audience, what) for audience, what in found.items() if what]


def _newest(bench: Workbench) -> int:
    found = queries.submissions(bench.session, bench.actor, bench.case)
    return found[0].number if found else 0


@bp.post("/<key>/moves/<verb>")
@door("case.draft")
def move(key: str, verb: str) -> Response | tuple[str, int]:
    """Make one of the moves that the page offers.

    The form of a submission says which it will be. When that one is there already, by a second click or by
    loading the page again, its receipt is the answer and nothing happens twice.
    """
    bench = Workbench(key)
    if verb not in OWN:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    said = request.form.get("number", "")
    number = int(said) if verb == "case.submit" and said.isascii() and said.isdecimal() and len(said) < 7 else 0
    receipt = url_for("editor_moves.receipt", key=key, number=number or 1)
    if 0 < number <= _newest(bench):
        return redirect(receipt, 303)
    given = {"given": request.form.to_dict()} if verb == "case.archive" else {}
    try:
        with db.unit(bench.session):
            step(FLOW, bench.session, bench.actor, bench.case, verb, now=web.now(), **given)
    except Conflict:
        if 0 < number <= _newest(bench):  # the other click was quicker
            return redirect(receipt, 303)
        raise
    except Invalid as problem:
        if verb == "case.submit":
            return _submit(Workbench(key), refused=True), problem.status
        return _case(Workbench(key), web.sentences(problem)), problem.status
    if verb == "case.submit":
        number = _newest(bench)
        return redirect(url_for("editor_moves.receipt", key=key, number=number), 303)
    return redirect(url_for("editor_moves.case", key=key), 303)


@bp.get("/<key>/receipts/<int(max=999999):number>")
@door("case.read_draft")
def receipt(key: str, number: int) -> str:
    """What was handed in, with its number, its document and what happens to it."""
    bench = Workbench(key)
    row = queries.submission(bench.session, bench.actor, bench.case, number)
    desk = queue.desk(bench.session, bench.actor, now=web.now())
    return web.render(
        "catalog/editor/receipt.html",
        case=bench.case,
        submission=row,
        number=receipts.number(row),
        stages=receipts.stages(row, desk.calendar, desk.now, limit=desk.limit),
        wait=None if row.pdf_sha256 else web.say(receipts.UNDRAWN if pdf.font() is None else receipts.COMING),
        who=person_names(bench.session, [row.person_id] if row.person_id else []).get(row.person_id or 0, ""),
        newest=_newest(bench),
    )


@bp.get("/<key>/receipts/<int(max=999999):number>.pdf")
@door("case.read_draft")
def receipt_pdf(key: str, number: int) -> Response:
    bench = Workbench(key)
    row = queries.submission(bench.session, bench.actor, bench.case, number)
    if row.pdf_sha256 is None:
        raise Missing(receipts.UNDRAWN if pdf.font() is None else receipts.COMING)
    return send_file(
        current_app.extensions["files"].path(row.pdf_sha256),
        mimetype="application/pdf",
        download_name=f"{receipts.number(row)}.pdf",
        etag=row.pdf_sha256,
    )
