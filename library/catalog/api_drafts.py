"""The interface for programs where an organisation writes its cases: begun, read, changed, handed in.

A draft is named by its key, and by its number once it has one. Every write says which version it was made for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask import current_app, request, url_for
from marshmallow import EXCLUDE

from .. import db, web
from ..accounts import answers
from ..api_parts import KEY, TOKEN, Blueprint, key_sent, matching, only_json, paged, tagged
from ..errors import Invalid, Missing, Text
from ..figures import pick
from ..web import door
from ..workflow import step
from . import draft_documents, drafts, queries, receipts, submissions, worklist
from .draft_shapes import DraftFields, DraftsArgs, DraftShape, DraftsShape, MovedShape, MoveFields
from .editor_moves import OWN
from .flow import FLOW
from .models import Case
from .rules import Finding

bp = Blueprint("drafts_api", __name__, url_prefix="/api/v1", description="Cases that an organisation writes")

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The `ETag` of the draft that was read before, or `*`.",
}


@bp.get("/drafts")
@bp.doc(security=TOKEN)
@bp.arguments(DraftsArgs, location="query", unknown=EXCLUDE)
@bp.response(200, DraftsShape)
@door("case.read_draft")
def listed(args: dict[str, Any]) -> Any:
    """The cases of the organisation that the token acts for, those that wait for it first."""
    session, actor = web.session(), web.actor()
    states = worklist.counted(session, actor)
    total = states.get(args["state"], 0) if args["state"] else sum(states.values())
    paged(total, args["page"], args["per_page"])
    items = [
        {
            "key": row.case.key,
            "code": row.case.code,
            "state": row.case.state,
            "title": row.title,
            "updated_at": row.edited_at.isoformat(),
            "url": _address(row.case),
        }
        for row in worklist.cases(session, actor, **args)
    ]
    return {"total": total, "page": args["page"], "per_page": args["per_page"], "items": items}


@bp.get("/drafts/<code>")
@bp.doc(security=TOKEN)
@bp.response(200, DraftShape)
@door("case.read_draft")
def draft(code: str) -> Any:
    """One draft, with what is wrong with it and what still stands between it and its submission."""
    case = draft_documents.find(web.session(), web.actor(), code)
    found = _described(case)
    tagged(draft_documents.tag(found))
    return found


@bp.post("/cases")
@bp.doc(parameters=[KEY], security=TOKEN)
@bp.arguments(DraftFields)
@bp.response(201, DraftShape)
@door("case.draft")
def begin(given: dict[str, Any]) -> Any:
    """Begin a case with these fields; what is wrong is kept and told in `mistakes`."""
    only_json()
    session, actor = web.session(), web.actor()

    def answer() -> dict[str, Any]:
        case = drafts.start(session, actor, now=web.now())
        draft_documents.change(session, actor, case, given, now=web.now())
        return _described(case)

    with db.unit(session):
        found = _once(given, answer)
    tagged(draft_documents.tag(found))
    return found, 201, {"Location": url_for(".draft", code=found["key"])}


@bp.patch("/cases/<code>")
@bp.doc(parameters=[{**IF_MATCH, "required": True}], security=TOKEN)
@bp.arguments(DraftFields)
@bp.response(200, DraftShape)
@door("case.draft")
def change(given: dict[str, Any], code: str) -> Any:
    """Change these fields of a draft, of a returned case, or of a public one whose change is prepared."""
    only_json()
    session, actor = web.session(), web.actor()
    with db.unit(session):
        case = draft_documents.find(session, actor, code)
        matching(draft_documents.present(session, actor, case), required=True)
        draft_documents.change(session, actor, case, given, now=web.now())
        found = _described(case)
    tagged(draft_documents.tag(found))
    return found


@bp.post("/cases/<code>/moves/<verb>")
@bp.doc(parameters=[KEY, IF_MATCH], security=TOKEN)
@bp.arguments(MoveFields)
@bp.response(200, MovedShape)
@door("case.draft")
def move(given: dict[str, Any], code: str, verb: str) -> Any:
    """`case.submit` hands a case in, `case.withdraw` takes it back, `case.archive` takes it out of the library."""
    only_json()
    session, actor = web.session(), web.actor()
    if verb not in OWN:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    case = draft_documents.find(session, actor, code)

    def answer() -> dict[str, Any]:
        matching(draft_documents.present(session, actor, case))
        more = {"given": given} if verb == "case.archive" else {}
        step(FLOW, session, actor, case, verb, now=web.now(), **more)
        session.flush()
        newest = next(iter(queries.submissions(session, actor, case)), None)
        receipt = receipts.number(newest) if newest else None
        return {"key": case.key, "code": case.code, "state": case.state, "receipt": receipt}

    try:
        with db.unit(session):
            return _once(given, answer)
    except Invalid as problem:
        if verb == "case.submit" and problem.reasons:
            ready = submissions.readiness(session, actor, case, now=web.now())
            fields: dict[str, Sequence[Text | str]] = {
                rule["field"]: [rule["text"]] for rule in _rules(ready.blocking)
            }
            fields.update(ready.trouble)
            raise Invalid(problem.text, reasons=problem.reasons, fields=fields) from problem
        raise


def _described(case: Case) -> dict[str, Any]:
    """A draft in words, as it goes out and as an answer is kept."""
    found = draft_documents.describe(web.session(), web.actor(), case, now=web.now())
    mistakes = {path: [web.say(text) for text in texts] for path, texts in found["mistakes"].items()}
    reasons = [web.say(text) for text in found["reasons"]]
    words = {"rules": _rules(found["rules"]), "mistakes": mistakes, "reasons": reasons}
    return {**found, **words, "url": _address(case)}


def _rules(unmet: Iterable[Finding]) -> list[dict[str, str]]:
    lang = web.language()
    return [{"code": each.code, "field": each.field, "text": pick(each.text, lang)} for each in unmet]


def _once(given: Mapping[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer, and to the same request under the same Idempotency-Key the same again."""
    key = key_sent()
    if key is None:
        return answer()
    asked = [web.actor().organisation, request.path, given]
    return answers.once(web.session(), web.actor(), key, asked=asked, answer=answer, now=web.now())


def _address(case: Case) -> str:
    return str(current_app.extensions["config"].url) + url_for("editor_moves.case", key=case.key)
