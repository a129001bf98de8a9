"""The read routes of the catalogue for programs: the same search, rows and documents as the pages."""

from __future__ import annotations

from typing import Any, get_args

from flask import current_app, url_for
from flask_smorest import Blueprint
from marshmallow import EXCLUDE, Schema, fields, validate

from search.documents import WideningKind

from .. import labels, web
from ..api_parts import paged, tagged
from ..events import Fact
from ..language import voice
from ..web import door
from . import finding, queries, wording
from .finding import SearchArgs
from .schemas import CaseDocument, Migration, Party, bilingual
from .views import similar, with_url

bp = Blueprint("catalog_api", __name__, url_prefix="/api/v1", description="Cases of mobile IoT")


class CountShape(Schema):
    value = fields.Integer(required=True)
    kind = fields.String(required=True)
    as_of = fields.String(allow_none=True)
    due = fields.String(allow_none=True)
    scope = fields.String(required=True)
    bound = fields.String(required=True)
    what = fields.Nested(bilingual(60))
    verified = fields.Dict(allow_none=True)
    source = fields.String(required=True)


class PlaceShape(Schema):
    country = fields.String(allow_none=True)
    provinces = fields.List(fields.String())
    text = fields.Nested(bilingual(200))


class BecauseShape(Schema):
    asked = fields.String(required=True)
    found = fields.String(required=True)
    field = fields.String(required=True)


class ShareShape(Schema):
    asked = fields.String(required=True)
    documents = fields.Integer(required=True, metadata={"description": "How many cases have the word."})
    score = fields.Float(required=True)


class ExplanationShape(Schema):
    """The sum of the shares, times a gentle boost for scale and freshness, is the score."""

    score = fields.Float(required=True)
    boost = fields.Float(required=True)
    shares = fields.List(fields.Nested(ShareShape), required=True)


class RowShape(Schema):
    """A case as one item of a list."""

    code = fields.String(required=True)
    origin = fields.String(required=True)
    title = fields.Nested(bilingual(120), required=True)
    summary = fields.Nested(bilingual(400), required=True)
    parties = fields.List(fields.Nested(Party), required=True)
    direction = fields.String(required=True)
    sectors = fields.List(fields.String(), required=True)
    technologies = fields.List(fields.String(), required=True)
    networks = fields.List(fields.String(), required=True)
    network_text = fields.Nested(bilingual(120), allow_none=True)
    place = fields.Nested(PlaceShape, required=True)
    status = fields.String(required=True)
    as_of = fields.String(allow_none=True)
    connections = fields.Nested(CountShape, allow_none=True, required=True)
    reported = fields.Nested(CountShape, allow_none=True)
    target = fields.Nested(CountShape, allow_none=True)
    scale = fields.String(required=True)
    url = fields.String(required=True)
    highlights = fields.Dict(keys=fields.String(), values=fields.String())
    matched = fields.List(fields.String())
    because = fields.List(
        fields.Nested(BecauseShape),
        metadata={"description": "For every word of `q` what the case has for it, and in which field."},
    )
    explanation = fields.Nested(
        ExplanationShape, allow_none=True, metadata={"description": "Only when asked for by `explain=true`."}
    )


class FacetShape(Schema):
    code = fields.String(required=True)
    label = fields.String(required=True)
    count = fields.Integer(required=True)


class WidenedShape(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(get_args(WideningKind)))
    query = fields.String(required=True)


class FoundShape(Schema):
    total = fields.Integer(required=True)
    demonstration = fields.Integer(
        required=True, metadata={"description": "How many of the total are demonstration records; they come last."}
    )
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(RowShape), required=True)
    facets = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(FacetShape)), required=True)
    suggestion = fields.String(
        allow_none=True, required=True, metadata={"description": "Another spelling that finds more."}
    )
    widened = fields.Nested(
        WidenedShape,
        allow_none=True,
        required=True,
        metadata={"description": "Set when nothing has what was asked for: the items are those for `query`."},
    )
    ignored = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What of `q` could not be read and was left out, in sentences."},
    )
    took_ms = fields.Float(required=True)


class ApiSearchArgs(SearchArgs):
    lang = fields.String(metadata={"description": "zh or en: the language of labels and of the title order."})


class MigrationShape(Migration):
    """A kept document has it by the name that Python reserves."""

    from_ = fields.List(fields.String(), attribute="from", data_key="from", required=True)


class CaseShape(CaseDocument):
    """The public fields of one case, with its counts and its address."""

    class Meta:
        exclude = ("contact", "right_to_publish", "data_level", "unit_cost_band")

    connections = fields.List(fields.Nested(CountShape))
    migration = fields.Nested(MigrationShape)
    direction = fields.String()
    scale = fields.String()
    revision = fields.Integer(required=True)
    admitted_at = fields.AwareDateTime(required=True)
    revised_at = fields.AwareDateTime(required=True)
    url = fields.String(required=True)


class RevisionShape(Schema):
    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    note = fields.String(allow_none=True)
    digest = fields.String(required=True)
    url = fields.String(required=True)


class RevisionsShape(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(RevisionShape), required=True)


class RowsShape(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(RowShape), required=True)


class TermShape(Schema):
    code = fields.String(required=True)
    parent = fields.String(allow_none=True)
    title = fields.Nested(bilingual(60, english=True), required=True)
    named_in_notice = fields.Boolean(required=True)


class SectorsShape(Schema):
    sectors = fields.List(fields.Nested(TermShape), required=True)
    technologies = fields.List(fields.Nested(TermShape), required=True)


class CodeShape(Schema):
    code = fields.String(required=True)
    title = fields.Nested(bilingual(60, english=True), required=True)


class CodesShape(Schema):
    items = fields.List(fields.Nested(CodeShape), required=True)


@bp.get("/cases")
@bp.arguments(ApiSearchArgs, location="query", unknown=EXCLUDE)
@bp.response(200, FoundShape)
@door("case.browse")
def cases(args: dict[str, Any]) -> Any:
    """Search the public cases; same ids and order as the page."""
    args = {**args, "sort": args.get("sort")}
    hits = finding.find(current_app.extensions["index"], args, web.language())
    paged(hits.total, args["page"], args["per_page"])
    return {
        "total": hits.total,
        "demonstration": hits.total_by_group[1],
        "page": args["page"],
        "per_page": args["per_page"],
        "items": [_with_site(with_url(hit.stored, hit)) for hit in hits.items],
        "facets": {
            name: [
                {"code": code, "label": wording.label(name, code), "count": count}
                for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            ]
            for name, counts in hits.facets.items()
        },
        "suggestion": hits.suggestion,
        "widened": {"kind": hits.widened.kind, "query": hits.widened.text} if hits.widened else None,
        "ignored": [web.say(sentence) for sentence in wording.noted(hits.notes)],
        "took_ms": round(hits.took_ms, 2),
    }


@bp.get("/cases/<code>")
@bp.response(200, CaseShape)
@door("case.see")
def case(code: str) -> Any:
    """One public case."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    revision = queries.revision(session, actor, found)
    doc = queries.document(actor, found, revision)
    tagged(Fact("", doc).digest)
    return {
        **doc,
        "connections": queries.shown_counts(found),
        "direction": wording.tree().direction(doc["sectors"][0]),
        "scale": queries.row(found, doc, wording.tree())["scale"],
        "revision": found.revision,
        "admitted_at": found.admitted_at,
        "revised_at": found.revised_at,
        "url": _site() + url_for("catalog.case", code=code),
    }


@bp.get("/cases/<code>/revisions")
@bp.response(200, RevisionsShape)
@door("case.see")
def revisions(code: str) -> Any:
    """The past of a case, newest first."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    past = queries.revisions(session, actor, found)
    items = [
        {
            "number": each.number,
            "at": each.at,
            "note": each.note,
            # Of what the reader sees: the kept digest would let anybody try what the hidden fields say.
            "digest": Fact("", queries.document(actor, found, each)).digest,
            "url": _site() + url_for("catalog.revision", code=code, number=each.number),
        }
        for each in past
    ]
    return {"total": len(items), "items": items}


@bp.get("/cases/<code>/similar")
@bp.response(200, RowsShape)
@door("case.see")
def similar_cases(code: str) -> Any:
    """Its neighbours: the same leading sector, the same network first."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    doc = queries.document(actor, found, queries.revision(session, actor, found))
    rows = similar(queries.row(found, doc, wording.tree()))
    return {"total": len(rows), "items": [_with_site(row) for row in rows]}


@bp.get("/sectors")
@bp.response(200, SectorsShape)
@door("case.browse")
def sectors() -> Any:
    """Both taxonomies as flat lists, parents before children."""
    tree = wording.tree()

    def listed(nodes: Any) -> list[dict[str, Any]]:
        return [
            {"code": each.code, "parent": each.parent, "title": each.title, "named_in_notice": each.named}
            for each in nodes
        ]

    return {"sectors": listed(tree.sectors.values()), "technologies": listed(tree.technologies.values())}


@bp.get("/provinces")
@bp.response(200, CodesShape)
@door("case.browse")
def provinces() -> Any:
    """Province codes of GB/T 2260 with their names."""
    return {
        "items": [{"code": code, "title": {"en": en, "zh": zh}} for code, (en, zh) in labels.PROVINCES.items()]
    }


@bp.get("/networks")
@bp.response(200, CodesShape)
@door("case.browse")
def networks() -> Any:
    """Network codes with their names."""
    chinese = voice("zh")
    return {
        "items": [
            {"code": code, "title": {"en": word, "zh": chinese(word)}} for code, word in labels.NETWORKS.items()
        ]
    }


def _site() -> str:
    return str(current_app.extensions["config"].url)


def _with_site(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "url": _site() + row["url"]}
