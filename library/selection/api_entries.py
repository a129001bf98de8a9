"""Entries for programs: as each reader may see them; entered, recommended and taken back by those who may."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import db, web
from ..accounts import answers
from ..api_parts import KEY, TOKEN, Blueprint, key_sent, only_json, paged, tagged
from ..errors import Missing, Text
from ..events import Fact
from ..fields import Words, bilingual, choice
from ..web import door
from . import entries, entry_flow, entry_policy, entry_queries, queries
from .entry_models import ENTRY_STATES, Entry
from .entry_schemas import FORMS, MOST_MASKS

bp = Blueprint("entries_api", __name__, url_prefix="/api/v1/calls", description="Entries of calls")


class EntriesArgs(Schema):
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    per_page = fields.Integer(load_default=entry_queries.PER_PAGE, validate=validate.Range(1, 100))


class EntryShape(Schema):
    """An entry. `due`, `fields` and `reason` are for those who may follow it before the public knows of it."""

    code = fields.String(required=True)
    call = fields.String(required=True)
    case = fields.String(required=True)
    revision = fields.Integer(required=True)
    title = fields.Nested(bilingual(200), required=True)
    applicant = fields.Nested(bilingual(200), required=True)
    recommender = fields.Nested(bilingual(200), required=True)
    direction = fields.String(required=True)
    state = choice(*ENTRY_STATES, required=True)
    demonstration = fields.Boolean(required=True)
    due = fields.AwareDateTime(required=True, allow_none=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    reason = fields.String(required=True, allow_none=True)
    url = fields.URL(required=True)


class EntriesShape(Schema):
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(EntryShape), required=True)


class EnterFields(Schema):
    """A case by its number, and the recommending body by its key; `masks` where the call is judged blind."""

    case = Words(20, required=True)
    recommender = Words(20, required=True)
    masks = fields.List(Words(100), load_default=list, validate=validate.Length(max=MOST_MASKS))


class EntryMoveFields(Schema):
    """`reason` to decline or withdraw; `true`, `attestation`, `signer` and `post` to recommend."""

    reason = Words(4000)
    true_ = fields.Boolean(data_key="true")
    attestation = Words(4000)
    signer = Words(80)
    post = Words(100)


@bp.get("/<code>/entries")
@bp.arguments(EntriesArgs, location="query", unknown=EXCLUDE)
@bp.response(200, EntriesShape)
@door("entry.browse")
def listed(args: dict[str, Any], code: str) -> Any:
    """The entries of a call: those that were announced, and with a token also one's own and those to recommend."""
    session, actor = web.session(), web.actor()
    call = queries.call(session, actor, code)
    total = entry_queries.count_of_call(session, actor, call)
    paged(total, args["page"], args["per_page"])
    found = entry_queries.of_call(session, actor, call, **args)
    return {"total": total, **args, "items": [_shown(row) for row in found]}


@bp.get("/<code>/entries/<entry>")
@bp.response(200, EntryShape)
@door("entry.see")
def entry(code: str, entry: str) -> Any:
    """One entry."""
    found = _shown(_found(code, entry))
    tagged(Fact("", {**found, "due": str(found["due"])}).digest)
    return found


@bp.post("/<code>/entries")
@bp.doc(parameters=[KEY], security=TOKEN)
@bp.arguments(EnterFields)
@bp.response(201, EntryShape)
@door("entry.enter")
def enter(given: dict[str, Any], code: str) -> Any:
    """Enter a case of the organisation that the token acts for."""
    only_json()
    session, actor = web.session(), web.actor()
    call = queries.call(session, actor, code)

    def answer() -> dict[str, Any]:
        made = entries.enter(session, actor, call, given=given, now=web.now(), rng=random.SystemRandom())
        return {"entry": made.code}

    with db.unit(session):
        name = _once(given, answer)["entry"]
    where = url_for(".entry", code=code, entry=name)
    return _shown(_found(code, name)), 201, {"Location": where}


@bp.post("/<code>/entries/<entry>/moves/<verb>")
@bp.doc(parameters=[KEY], security=TOKEN)
@bp.arguments(EntryMoveFields)
@bp.response(200, EntryShape)
@door("entry.enter")
def move(given: dict[str, Any], code: str, entry: str, verb: str) -> Any:
    """`entry.withdraw` and `entry.correct` for the applicant, `entry.recommend` and `entry.decline` for the
    recommending body.
    """
    only_json()
    session, actor = web.session(), web.actor()
    if verb not in FORMS:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    found = _found(code, entry)
    said = {("true" if name == "true_" else name): value for name, value in given.items()}

    def answer() -> dict[str, Any]:
        entry_flow.decide(session, actor, found, verb, given=said, now=web.now())
        return {"entry": found.code}

    with db.unit(session):
        _once(said, answer)
    return _shown(_found(code, entry))


def _found(code: str, entry: str) -> Entry:
    found = entry_queries.entry(web.session(), web.actor(), entry)
    if found.call.code != code:
        raise Missing(Text("There is no entry %(name)s.", {"name": entry[:40]}))
    return found


def _shown(row: Entry) -> dict[str, Any]:
    """What the reader may know: to the public not what was asked of the applicant, nor when."""
    told = entry_policy.may_follow(web.actor(), row)
    site = str(current_app.extensions["config"].url)
    page, name = ("entering.entry", row.code) if told else ("selection.call", row.call.code)
    where = url_for(page, code=name)
    title = {"zh": row.case.title_zh, "en": row.case.title_en}
    return {
        "code": row.code,
        "call": row.call.code,
        "case": row.case.code,
        "revision": row.revision.number,
        "title": {lang: said for lang, said in title.items() if said},
        "applicant": row.applicant.name,
        "recommender": row.recommender.name,
        "direction": row.direction,
        "state": row.state,
        "demonstration": row.call.demonstration,
        "due": row.due if told else None,
        "fields": row.fields if told else [],
        "reason": row.reason if told or row.state == "removed" else None,
        "url": site + where,
    }


def _once(given: Mapping[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer, and to the same request under the same Idempotency-Key the same again."""
    key = key_sent()
    if key is None:
        return answer()
    asked = [web.actor().organisation, request.path, given]
    return answers.once(web.session(), web.actor(), key, asked=asked, answer=answer, now=web.now())
