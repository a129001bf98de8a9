"""At the officers' desk: what is masked in the cases of a blind call, and sheets that are opened again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for

from .. import db, web
from ..catalog.policy import is_public
from ..errors import Invalid, Missing, Text
from ..web import door
from ..workflow import open_moves
from . import masking, masks, review_flow, review_policy, review_queries, rubrics
from .entry_models import Entry
from .expert_models import Review
from .review_schemas import is_blind

bp = Blueprint("desk_masks", __name__, url_prefix="/desk")

MOST_SHOWN = 400  # pieces of text in the preview
NEAR = 60  # characters around a masked word that the preview shows


@bp.get("/masks/<key>")
@door("mask.confirm")
def entry(key: str) -> str:
    found = _entry(key)
    return _page(found, said="\n".join(masks.declared(found)), looked=None)


@bp.post("/masks/<key>")
@door("mask.confirm")
def confirm(key: str) -> Any:
    """Look at the files with the list as it is typed; and confirm it, if that was the button."""
    session, found = web.session(), _entry(key)
    added = [line for line in request.form.getlist("add") if line.strip()]
    said = "\n".join([request.form.get("masks", "").strip(), *added]).strip()
    shown = request.form.getlist("shown")
    try:
        words = masking.Masks(masks.words(said))
    except Invalid as problem:
        return _page(found, said=said, looked=None, shown=shown, errors=web.sentences(problem)), problem.status
    looked = masks.look(current_app.extensions["files"], found, words)
    if request.form.get("do") != "confirm":
        return _page(found, said=said, looked=looked, shown=shown)
    with db.unit(session):
        given = {"masks": said, "shown": shown}
        masks.confirm(session, web.actor(), found, given=given, looked=looked, now=web.now())
    return redirect(url_for("desk_masks.entry", key=key, done="mask.confirm"), 303)


@bp.get("/reviews/<key>")
@door("review.manage")
def review(key: str) -> str:
    return _review_page(_review(key))


@bp.post("/reviews/<key>/reopen")
@door("review.manage")
def reopen(key: str) -> Any:
    session, found, given = web.session(), _review(key), request.form.to_dict()
    try:
        with db.unit(session):
            review_flow.act(session, web.actor(), found, "review.reopen", given=given, now=web.now())
    except Invalid as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _review_page(_review(key), given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_masks.review", key=key, done="review.reopen"), 303)


def _entry(key: str) -> Entry:
    return review_queries.entry(web.session(), web.actor(), key)


def _review(key: str) -> Review:
    found = review_queries.by_key(web.session(), web.actor(), key)
    if not review_policy.may_manage(web.actor(), found):
        raise Missing(Text("There is no such review."))
    return found


def _page(
    found: Entry,
    *,
    said: str,
    looked: Sequence[masks.File] | None,
    shown: Sequence[str] = (),
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    document = found.revision.document
    listed = masking.Masks(said.splitlines())
    return web.render(
        "selection/desk_masks.html",
        entry=found,
        call=found.call,
        blind=is_blind(found.call),
        said=said,
        title=document["title"],
        proposed=[word for word in masks.proposed(found) if listed.hide(word) == word],
        places=_places(document, listed),
        files=looked if looked is not None else masks.files(found),
        looked=looked is not None,
        shut=masks.closed(found) if found.masked_at else {},
        shown=shown if looked is not None else [],
        public=is_public(found.case),
        public_before=review_queries.public_before(web.session(), found.call),
        others=[row for row in review_queries.unmasked(web.session(), web.actor(), found.call) if row != found],
        may=found.state in masks.STATES,
        errors=errors or {},
        done=request.args.get("done", ""),
    )


def _places(document: Mapping[str, Any], listed: masking.Masks) -> list[list[tuple[str, bool]]]:
    """Every text in which something is hidden, in pieces; long ones only around what is hidden."""
    found = []
    for text, _ in masking.texts(document):
        pieces = listed.pieces(text)
        if any(hidden for _, hidden in pieces):
            found.append([(piece if hidden else _near(piece), hidden) for piece, hidden in pieces])
    return found[:MOST_SHOWN]


def _near(piece: str) -> str:
    return piece if len(piece) <= 2 * NEAR else f"{piece[:NEAR]} … {piece[-NEAR:]}"


def _review_page(
    found: Review, *, given: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    session, actor = web.session(), web.actor()
    moves = open_moves(review_flow.DESK, session, actor, found, web.now())
    read = review_policy.may_read(actor, found)
    rubric = found.entry.call.document["rubric"]
    return web.render(
        "selection/desk_review.html",
        review=found,
        call=found.entry.call,
        moves={move.verb: [web.say(reason) for reason in reasons] for move, reasons in moves},
        sheet=review_queries.sheet(found) if read else None,
        rubric=rubric,
        sides=found.entry.call.document.get("sides", []),
        total=rubrics.total(rubric, found.scores) if read else None,
        days=review_queries.days_left(found, web.now()),
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )
