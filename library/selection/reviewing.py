"""The desk of an expert: the own reviews, the question after a conflict, and the score sheet beside the case.

What an expert gets of a case comes through here and nowhere else: masked where the call is blind, files under
neutral names and without a hash in any address or header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request, send_file, url_for

from .. import db, files, ladder, web
from ..catalog import counts, wording
from ..catalog.operations import counted
from ..errors import Conflict, Forbidden, Invalid, Missing, Problem, Text
from ..figures import moment, pick
from ..policy import require
from ..web import door
from . import masking, masks, review_flow, review_queries, reviews, rubrics
from .expert_models import Review
from .policy import RULES
from .review_schemas import AnswerForm, as_typed, is_blind

bp = Blueprint("reviewing", __name__, url_prefix="/reviews")

MOVES = ("review.recuse", "review.abstain")
# What is handed out runs nothing, and knows nothing of this site.
SANDBOX = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
NO_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'"


@bp.get("")
@door("review.browse")
def index() -> str:
    session, actor = web.session(), web.actor()
    found = review_queries.desk(session, actor)
    by_call = [(call, list(rows)) for call, rows in groupby(found, key=lambda row: row.entry.call)]
    return web.render(
        "selection/reviews.html",
        calls=[{"call": call, "reviews": rows, "blind": is_blind(call)} for call, rows in by_call],
        titles={row.id: _title(row) for row in found if row.state in ("cleared", "draft", "final")},
        next=next((row for row in found if review_queries.is_open(row)), None),
        left={row.id: review_queries.days_left(row, web.now()) for row in found},
        public=sum(row.entry.was_public for row in found),
    )


@bp.get("/<key>")
@door("review.browse")
def review(key: str) -> str:
    return _page(_own(key))


@bp.post("/<key>")
@door("review.browse")
def write(key: str) -> Any:
    """Save, or save and submit. A program that saves while somebody types sends pairs as JSON."""
    session, actor, found = web.session(), web.actor(), _own(key)
    typed = _typed()
    final = typed.get("do") == "finish"
    work = review_flow.finish if final else review_flow.write
    version = int(typed["version"]) if typed.get("version", "").isascii() and typed["version"].isdecimal() else 0
    try:
        with db.unit(session):
            work(session, actor, found, typed=typed, version=version, now=web.now())
    except (Conflict, Invalid) as problem:
        session.expire_all()
        return _refused(_own(key), typed, problem, final=final)
    if request.is_json:
        return jsonify(_kept(_own(key)))
    return redirect(url_for("reviewing.review", key=key, done="review.finish" if final else "saved"), 303)


@bp.post("/<key>/answer")
@door("review.browse")
def answer(key: str) -> Any:
    """Is there a conflict? Asked before the case is shown."""
    found, given = _own(key), request.form.to_dict()
    if AnswerForm().validate({"conflict": given.get("conflict", "")}):
        return _page(found, given=given, errors={"conflict": [web.say(Text("Answer yes or no."))]}), 422
    verb = "review.recuse" if given["conflict"] == "yes" else "review.clear"
    return _moved(found, verb, given)


@bp.post("/<key>/moves/<verb>")
@door("review.browse")
def move(key: str, verb: str) -> Any:
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    return _moved(_own(key), verb, request.form.to_dict())


@bp.get("/<key>/files/<int(max=999):number>")
@door("review.browse")
def file(key: str, number: int) -> Response:
    """A file of the case under a neutral name, without metadata."""
    found = _own(key)
    _must_be_open(found)
    blind = is_blind(found.entry.call)
    one = next((each for each in masks.shown(found.entry, blind=blind) if each.number == number), None)
    store: files.Store = current_app.extensions["files"]
    if one is None or not store.path(one.copy).exists():
        raise Missing(Text("This case has no such file."))
    name = one.neutral if blind else one.name
    inline = one.media_type in files.SHOWN
    response = send_file(
        store.path(one.copy),
        mimetype=one.media_type,
        download_name=name,
        as_attachment=not inline,
        etag=False,
        last_modified=None,
        conditional=False,
    )
    del response.headers["Last-Modified"]  # the day on which it was brought
    response.headers["Content-Security-Policy"] = NO_SANDBOX if one.media_type == "application/pdf" else SANDBOX
    response.headers["Cache-Control"] = "no-store"
    return response


def _own(key: str) -> Review:
    found = review_queries.own(web.session(), web.actor(), key)
    require(RULES, web.actor(), "review.write", found)
    return found


def _must_be_open(found: Review) -> None:
    """The case is shown after the answer, once its masks are confirmed, and not after abstaining."""
    if found.state not in ("cleared", "draft", "final"):
        raise Forbidden(Text("Answer first whether you have a conflict of interest; then the case opens."))
    if is_blind(found.entry.call) and found.entry.masked_at is None:
        raise Forbidden(Text("An officer has not yet confirmed what is masked in this case; it opens after that."))


def _typed() -> dict[str, str]:
    if not request.is_json:
        return request.form.to_dict()
    try:
        return {str(name): str(said) for name, said in json.loads(request.get_data())}
    except (ValueError, TypeError):
        raise Invalid(Text("This is not in the expected form.")) from None


def _moved(found: Review, verb: str, given: Mapping[str, str]) -> Any:
    session, key = web.session(), found.key
    try:
        with db.unit(session):
            review_flow.act(session, web.actor(), found, verb, given=given, now=web.now())
    except Invalid as problem:
        if not problem.fields:
            raise
        session.expire_all()
        return _page(_own(key), tried=verb, given=given, errors=web.sentences(problem)), problem.status
    if verb == "review.clear":
        return redirect(url_for("reviewing.review", key=key), 303)
    return redirect(url_for("reviewing.index", done=verb), 303)


def _refused(found: Review, typed: Mapping[str, str], problem: Problem, *, final: bool) -> Any:
    """Nothing that was typed is lost: the page comes back with it, and with what stands there now."""
    errors = web.sentences(problem)
    elsewhere = isinstance(problem, reviews.Elsewhere)
    if request.is_json:
        said = [web.say(problem.text), *(each for sentences in errors.values() for each in sentences)]
        body = {"conflict": elsewhere, "said": " ".join(said), "errors": errors}
        return jsonify(body), problem.status
    left = (
        {name: [said] for name, said in _named(found, _left(found, typed)).items()} if final and not errors else {}
    )
    page = _page(
        found,
        typed=typed,
        errors={**left, **errors},
        said=web.say(problem.text) if not errors else "",
        reasons=[web.say(each) for each in problem.reasons] if not left else [],
        theirs=as_typed(review_queries.sheet(found)) if elsewhere else None,
    )
    return page, problem.status


def _left(found: Review, typed: Mapping[str, str]) -> Mapping[str, Text]:
    call = found.entry.call
    try:
        sheet = reviews.read(call, typed)
    except Invalid:
        return {}
    return rubrics.missing(call.document, sheet, blind=is_blind(call))


def _kept(found: Review) -> dict[str, Any]:
    """What the page says after a save."""
    rubric, left = found.entry.call.document["rubric"], review_queries.left(found)
    saved = moment(found.saved_at, web.language()) if found.saved_at else ""
    return {
        "version": found.version,
        "saved": web.say(Text("Saved %(time)s", {"time": saved})),
        "left": _named(found, left),
        "scored": rubrics.scored(rubric, found.scores),
        "total": _total(found),
        "scores": {each["code"]: rubrics.score(each, found.scores) for each in rubric},
    }


def _named(found: Review, left: Mapping[str, Text]) -> dict[str, str]:
    """What is to be done, each with the criterion that it is about."""
    titles = {each["code"]: pick(each["title"], web.language()) for each in found.entry.call.document["rubric"]}
    said = {}
    for name, sentence in left.items():
        title = titles.get(name.partition(".")[2])
        about = Text("%(title)s: %(what)s", {"title": title, "what": web.say(sentence)})
        said[name] = web.say(about) if title else web.say(sentence)
    return said


def _total(found: Review) -> str | None:
    total = rubrics.total(found.entry.call.document["rubric"], found.scores)
    return None if total is None else f"{total:.1f}"


def _title(found: Review) -> Mapping[str, str]:
    return _document(found)["title"]


def _document(found: Review) -> dict[str, Any]:
    document = found.entry.revision.document
    if not is_blind(found.entry.call):
        return masking.readable(document)
    return masking.blind(document, masking.Masks(masks.declared(found.entry)))


def _case(found: Review) -> dict[str, Any]:
    """The case as this expert reads it."""
    _must_be_open(found)
    blind, entry, doc = is_blind(found.entry.call), found.entry, _document(found)
    rows = counted(doc)
    lead = counts.headline(rows)
    row = {"connections": counts.as_dict(lead), "reported": None, "target": counts.as_dict(counts.target(rows))}
    offered = masks.shown(entry, blind=blind)
    hider = masking.Masks(masks.declared(entry)) if blind else masking.Masks(())
    return {
        "doc": doc,
        "row": row,
        "signs": ladder.signs([row]),
        "direction": wording.tree().direction(doc["sectors"][0]),
        "files": [
            {
                "number": each.number,
                "name": each.neutral if blind else each.name,
                "title": {lang: hider.hide(said, lang) for lang, said in each.title.items()},
                "size": each.size,
            }
            for each in offered
        ],
        "closed": len(masks.files(entry)) - len(offered),
    }


def _page(found: Review, *, typed: Mapping[str, str] | None = None, **said: Any) -> str:
    session, call = web.session(), found.entry.call
    siblings = [row for row in review_queries.desk(session, web.actor()) if row.call_id == found.call_id]
    siblings.sort(key=lambda row: row.id)
    place = next(number for number, row in enumerate(siblings, 1) if row.id == found.id)
    ring = [*siblings[place:], *siblings[: place - 1]]
    shown = found.state in ("cleared", "draft", "final")
    masked = masking.Masks(masks.declared(found.entry)) if is_blind(call) else masking.Masks(())
    return web.render(
        "selection/review.html",
        review=found,
        call=call,
        rubric=call.document["rubric"],
        sides=call.document.get("sides", []),
        blind=is_blind(call),
        siblings=siblings,
        place=place,
        next=next((row for row in ring if review_queries.is_open(row)), None),
        case=_case(found) if shown else None,
        typed=typed if typed is not None else as_typed(review_queries.sheet(found)),
        left=_named(found, review_queries.left(found)),
        kept=_kept(found),
        reason=masked.hide(found.reason or "", web.language()),
        released=not is_blind(call) or found.entry.masked_at is not None,
        not_now=[web.say(each) for each in reviews.not_now(session, found, web.now())],
        weights=rubrics.WEIGHTS,
        few=rubrics.FEW,
        done=request.args.get("done", ""),
        days=review_queries.days_left(found, web.now()),
        **{"errors": {}, "given": {}, "tried": "", "said": "", "reasons": [], "theirs": None, **said},
    )
