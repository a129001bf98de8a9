"""Benchmark projects and certificates for programs."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import web
from ..api_parts import Blueprint, paged, tagged
from ..catalog import wording
from ..errors import Missing, Text
from ..events import Fact
from ..fields import bilingual, choice
from ..web import door
from . import benchmark_queries as queries
from .benchmark_models import BENCHMARK_STATES, Benchmark
from .benchmark_pages import BoardArgs

bp = Blueprint("benchmarks_api", __name__, url_prefix="/api/v1", description="Benchmark projects, certificates")

STANDINGS = ("valid", "expired", "revoked")


class BenchmarksArgs(BoardArgs):
    per_page = fields.Integer(load_default=queries.PER_PAGE, validate=validate.Range(1, 100))


class BenchmarkRow(Schema):
    """A benchmark project as one item of a list. `reason`: why it was renewed or revoked."""

    code = fields.String(required=True)
    state = choice(*BENCHMARK_STATES, required=True)
    demonstration = fields.Boolean(required=True)
    title = fields.Nested(bilingual(200), required=True)
    organisation = fields.Nested(bilingual(200), required=True)
    direction = fields.String(required=True)
    case = fields.String(required=True)
    call = fields.String(required=True)
    valid_from = fields.String(required=True)
    valid_until = fields.String(required=True)
    renewed_on = fields.String(required=True, allow_none=True)
    revoked_on = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    url = fields.URL(required=True)


class BenchmarkSeen(BenchmarkRow):
    """A benchmark project with the number of its certificate."""

    certificate = fields.String(required=True, allow_none=True)


class BenchmarksFound(Schema):
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(BenchmarkRow), required=True)


class Verified(Schema):
    """Whether a certificate holds. `valid` is false for a demonstration one, which is none."""

    number = fields.String(required=True)
    valid = fields.Boolean(required=True)
    standing = choice(*STANDINGS, required=True)
    demonstration = fields.Boolean(required=True)
    title = fields.Nested(bilingual(200), required=True)
    organisation = fields.Nested(bilingual(200), required=True)
    benchmark = fields.String(required=True)
    valid_from = fields.String(required=True)
    valid_until = fields.String(required=True)
    revoked_on = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    list_sha256 = fields.String(required=True)
    issued_at = fields.AwareDateTime(required=True)
    url = fields.URL(required=True)


@bp.get("/benchmarks")
@bp.arguments(BenchmarksArgs, location="query", unknown=EXCLUDE)
@bp.response(200, BenchmarksFound)
@door("benchmark.browse")
def benchmarks(args: dict[str, Any]) -> Any:
    """Every benchmark project, real ones first."""
    session, trees = web.session(), wording.tree()
    page, per_page = args.pop("page"), args.pop("per_page")
    total = sum(queries.counted(session, trees, args))
    paged(total, page, per_page)
    found = queries.board(session, trees, args, page=page, per_page=per_page)
    return {"total": total, "page": page, "per_page": per_page, "items": [_row(each) for each in found]}


@bp.get("/benchmarks/<code>")
@bp.response(200, BenchmarkSeen)
@door("benchmark.see")
def benchmark(code: str) -> Any:
    """One benchmark project, with its certificate."""
    found = queries.benchmark(web.session(), code)
    said = {**_row(found), "certificate": found.certificate.number if found.certificate else None}
    tagged(Fact("", said).digest)
    return said


@bp.get("/verify/<number>")
@bp.response(200, Verified)
@door("certificate.verify")
def verify(number: str) -> Any:
    """Is this certificate valid?"""
    session = web.session()
    paper = queries.certificate(session, number)
    if paper is None:
        raise Missing(Text("There is no certificate with this number."))
    row, item = paper.benchmark, queries.published(session, paper)
    standing = queries.standing(row, web.now())
    said = {
        **{name: getattr(row, name) for name in ("demonstration", "valid_from", "valid_until", "revoked_on")},
        "number": paper.number,
        "valid": standing == "valid" and not row.demonstration,
        "standing": standing,
        "title": item["title"],
        "organisation": item["applicant"],
        "benchmark": row.code,
        "reason": row.reason,
        "list_sha256": paper.list_sha256,
        "url": _site() + url_for("verify.certificate", number=paper.number),
    }
    tagged(Fact("", said).digest)
    return {**said, "issued_at": paper.issued_at}


def _row(row: Benchmark) -> dict[str, Any]:
    names = ("code", "state", "demonstration", "valid_from", "valid_until", "renewed_on", "revoked_on", "reason")
    title = {"zh": row.case.title_zh, "en": row.case.title_en}
    return {
        **{name: getattr(row, name) for name in names},
        "title": {lang: words for lang, words in title.items() if words},
        "organisation": row.organisation.name,
        "direction": row.entry.direction,
        "case": row.case.code,
        "call": row.call.code,
        "url": _site() + url_for("benchmarks.benchmark", code=row.code),
    }


def _site() -> str:
    return str(current_app.extensions["config"].url)
