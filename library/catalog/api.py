"""The read routes of the catalogue for programs: the same search, rows and documents as the pages."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_smorest import Blueprint
from marshmallow import EXCLUDE

from .. import labels, web
from ..api_parts import paged, tagged
from ..events import Fact
from ..language import voice
from ..web import door
from . import finding, queries, suggest, wording
from .shapes import ApiSearchArgs, CaseShape, CodesShape, FoundShape, RevisionsShape, RowsShape, SectorsShape
from .views import similar, with_url

bp = Blueprint("catalog_api", __name__, url_prefix="/api/v1", description="Cases of mobile IoT")


@bp.get("/cases")
@bp.arguments(ApiSearchArgs, location="query", unknown=EXCLUDE)
@bp.response(200, FoundShape)
@door("case.browse")
def cases(args: dict[str, Any]) -> Any:
    """Search the public cases; same ids and order as the page."""
    args = {**args, "sort": args.get("sort")}
    hits = finding.find(current_app.extensions["index"], args, web.language(), without=wording.kept_back())
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


@bp.get("/suggest")
@bp.arguments(suggest.SuggestArgs, location="query", unknown=EXCLUDE)
@bp.response(200, suggest.SuggestedShape)
@door("case.browse")
def suggestions(args: dict[str, Any]) -> Any:
    """What may be meant by the beginning of a word: sectors, words, organisations, places and titles."""
    found = suggest.completions(current_app.extensions["index"], args, web.language(), without=wording.kept_back())
    return {
        "items": suggest.items(
            found,
            case=lambda code: url_for("catalog.case", code=code),
            search=lambda text: url_for("catalog.search", q=text),
        )
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
