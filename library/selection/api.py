"""Calls for programs: those that were announced."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_smorest import Blueprint
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import web
from ..api_parts import paged, tagged
from ..events import Fact
from ..fields import bilingual, choice
from ..policy import VISITOR
from ..web import door
from . import queries
from .models import STATES, Call
from .schemas import FEEDBACKS, REVIEWS, SEVERITIES, Criterion, Eligibility, Side

bp = Blueprint("selection_api", __name__, url_prefix="/api/v1/calls", description="Calls for cases")


class CallsArgs(Schema):
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    per_page = fields.Integer(load_default=queries.PER_PAGE, validate=validate.Range(1, 100))


class CallRow(Schema):
    """A call as one item of a list."""

    code = fields.String(required=True)
    state = choice(*STATES[1:], required=True)
    demonstration = fields.Boolean(required=True)
    title = fields.Nested(bilingual(120), required=True)
    opens_at = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)
    grace_minutes = fields.Integer(required=True)
    url = fields.URL(required=True)


class CallSeen(CallRow):
    """A whole call."""

    text = fields.Nested(bilingual(20_000), required=True)
    sectors = fields.List(fields.String(), required=True)
    eligibility = fields.Nested(Eligibility, required=True)
    rubric = fields.List(fields.Nested(Criterion), required=True)
    sides = fields.List(fields.Nested(Side), required=True)
    correction_days = fields.Integer(required=True)
    reviewers = fields.Integer(required=True)
    most_each = fields.Integer(required=True)
    review_days = fields.Integer(required=True)
    review = choice(*REVIEWS, required=True)
    severity = choice(*SEVERITIES, required=True)
    penalty = fields.Integer(required=True)
    selected = fields.Integer(required=True)
    approvals = fields.Integer(required=True)
    notice_days = fields.Integer(required=True)
    feedback = choice(*FEEDBACKS, required=True)
    term_months = fields.Integer(required=True)
    cancelled_because = fields.String(required=True, allow_none=True)


class CallsFound(Schema):
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(CallRow), required=True)


@bp.get("")
@bp.arguments(CallsArgs, location="query", unknown=EXCLUDE)
@bp.response(200, CallsFound)
@door("call.browse")
def calls(args: dict[str, Any]) -> Any:
    """Every announced call, real ones first, the newest before others."""
    session, actor = web.session(), VISITOR
    total = queries.total(session, actor)
    paged(total, args["page"], args["per_page"])
    found = queries.calls(session, actor, **args)
    return {"total": total, **args, "items": [_row(each) for each in found]}


@bp.get("/<code>")
@bp.response(200, CallSeen)
@door("call.see")
def call(code: str) -> Any:
    """One announced call, with its rubric and its rules."""
    found = queries.call(web.session(), VISITOR, code)
    tagged(Fact("", [found.code, found.state, found.version]).digest)
    return {**queries.document(found), **_row(found), "cancelled_because": found.farewell}


def _row(call: Call) -> dict[str, Any]:
    """Times as they are kept, UTC; the document has them as typed."""
    names = ("code", "state", "demonstration", "title", "opens_at", "closes_at", "grace_minutes")
    site = current_app.extensions["config"].url
    return {
        **{name: getattr(call, name) for name in names},
        "url": site + url_for("selection.call", code=call.code),
    }
