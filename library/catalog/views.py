"""Pages of the catalogue: search, case, its past, sectors, and the form to report an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from search import Hits, Query
from search.documents import Because
from search.errors import IndexBroken, IndexMissing

from .. import attached, db, labels, web
from ..errors import Gone, Invalid, Missing, Text, TooMany
from ..labels import N_
from ..web import door
from . import diff, downloads, export, finding, operations, policy, queries, wording
from .models import Case
from .schemas import ReportForm

bp = Blueprint("catalog", __name__)

ORDER = {
    "direction": ("industry", "governance", "life"),
    "network": tuple(labels.NETWORKS),
    "scale": tuple(labels.LABELS["scale"]),
    "status": tuple(labels.LABELS["status"]),
    "origin": tuple(labels.LABELS["origin"]),
}
SIMILAR = 4
MOST_OUTLOOKS = 12
# What a reader who reports is told, whichever of the field's rules was broken.
TROUBLE = {
    "ground": N_("Choose what it is about."),
    "text": N_("Write what should be changed, in 2000 characters at most."),
    "contact": N_("An address may have 200 characters at most."),
}


def asked() -> dict[str, Any]:
    """The words of the address as the schema reads them. Raises Invalid."""
    schema = finding.SearchArgs()
    lists = {name for name, field in schema.fields.items() if isinstance(field, finding.Codes)}
    given: dict[str, Any] = {name: request.args.getlist(name) for name in lists}
    given |= {name: request.args[name] for name in schema.fields.keys() - lists if request.args.get(name)}
    if errors := schema.validate(given):
        raise Invalid(Text("This search could not be run."), fields=errors)
    return dict(schema.load(given))


@bp.errorhandler(Gone)
def tombstone(problem: Gone) -> tuple[str, int]:
    """What is left of a case that was public once, at every address that it had."""
    code = (request.view_args or {})["code"]
    return web.render(
        "catalog/tombstone.html", grave=queries.tombstone(web.session(), web.actor(), code)
    ), problem.status


@bp.get("/search")
@door("case.browse")
def search() -> str:
    args = asked()
    g.hits = hits = _find(args)
    return _results(args, hits, url_for("catalog.search"))


def _find(args: dict[str, Any], **how: Any) -> Hits:
    index = current_app.extensions["index"]
    return finding.find(index, args, web.language(), without=wording.kept_back(), **how)


def _results(args: dict[str, Any], hits: Any, base: str) -> str:
    address = finding.Address(args, base)
    sort = finding.sort_of(args)
    return web.render(
        "catalog/search.html",
        q=args["q"],
        hits=hits,
        rows=[with_url(hit.stored, hit) | {"telling": telling(hit.because, web.language())} for hit in hits.items],
        widened=hits.widened,
        only=address(exact=1),
        suggestion={"text": hits.suggestion, "url": address(q=hits.suggestion)} if hits.suggestion else None,
        notes=[web.say(sentence) for sentence in wording.noted(hits.notes)],
        facets=finding.facets(hits, address, wording.tree(), wording.label, ORDER),
        chips=finding.chips(address, wording.label),
        clear=address(**dict.fromkeys(finding.FACETS)),
        sorts=[
            {"code": code, "on": code == sort, "url": address(sort=code)}
            for code in finding.SORTS
            if code != "relevance" or args["q"].strip()
        ],
        pages=finding.pages(hits, args, address),
        hidden=[(name, code) for name in finding.FACETS for code in args[name]]
        + [("sort", args["sort"])] * bool(args["sort"]),
        exports={
            "csv": finding.Address(args, url_for("catalog.search_csv"))(),
            "json": finding.Address(args, "/api/v1/cases")(),
        },
        outlooks=_outlooks(args, address) if not hits.total and (args["q"] or address() != base) else [],
    )


def _outlooks(args: dict[str, Any], address: finding.Address) -> list[dict[str, Any]]:
    """What dropping one filter, one word or all words would give; only what gives something.

    Where nothing of this does, what dropping all filters would give.
    """
    drops: list[dict[str, Any]] = [
        {name: [code for code in args[name] if code != one]} for name in finding.FACETS for one in args[name]
    ]
    labelled = [wording.label(name, one) for name in finding.FACETS for one in args[name]]
    for rest, word in finding.shorter(args["q"]):
        drops.append({"q": rest})
        labelled.append(word)
    found = [*_given(drops[:MOST_OUTLOOKS], labelled, args, address)]
    if not found and len(drops) > 1:
        none: dict[str, Any] = {name: [] for name in finding.FACETS}
        found = [*_given([none], [web.say(Text("all conditions"))], args, address)]
    return found


def _given(
    drops: list[dict[str, Any]], labelled: list[str], args: dict[str, Any], address: finding.Address
) -> Iterator[dict[str, Any]]:
    for drop, words in zip(drops, labelled, strict=False):
        asked_then = {**args, **drop, "page": 1, "per_page": 1, "exact": True}
        hits = _find(asked_then, counted=(), marked=False)
        if total := finding.total(hits, asked_then):
            yield {"label": words, "url": address(**drop), "total": total}


@bp.get("/search/help")
@door("page.see")
def search_help() -> str:
    return web.render("catalog/search_help.html")


@bp.get("/search.csv")
@door("case.browse")
def search_csv() -> Response:
    """The first thousand results as a table."""
    args = {**asked(), "page": 1, "per_page": export.LIMIT}
    hits = _find(args, counted=(), marked=False)
    rows = [with_url(hit.stored) for hit in hits.items]
    return attached.csv_file(export.as_csv(rows, wording.label, web.language()), "cases.csv")


@bp.get("/cases/<code>")
@door("case.see")
def case(code: str) -> str:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    return _page(found, queries.revision(session, actor, found))


@bp.get("/cases/<code>/revisions")
@door("case.see")
def revisions(code: str) -> str:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    past = queries.revisions(session, actor, found)
    return web.render(
        "catalog/revisions.html", case=found, revisions=past, doc=queries.document(actor, found, past[0])
    )


@bp.get("/cases/<code>/revisions/<int(max=999999):number>")
@door("case.see")
def revision(code: str, number: int) -> str:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    this = queries.revision(session, actor, found, number)
    before = queries.revision(session, actor, found, number - 1) if number > 1 else None
    doc = queries.document(actor, found, this)
    changes = diff.documents(queries.document(actor, found, before), doc) if before else []
    return web.render("catalog/revision.html", case=found, revision=this, doc=doc, changes=changes)


@bp.get("/cases/<code>.csv")
@door("case.see")
def case_csv(code: str) -> Response:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    rows = [_row(found, queries.revision(session, actor, found))]
    return attached.csv_file(export.as_csv(rows, wording.label, web.language()), f"{code}.csv")


@bp.route("/cases/<code>/report", methods=["GET", "POST"])
@door("case.report")
def report(code: str) -> Response | str | tuple[str, int]:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    if not policy.may_report(actor, found):
        raise Missing(Text("Errors are reported on cases collected from public sources."))
    doc = queries.document(actor, found, queries.revision(session, actor, found))
    given, errors, status = {}, {}, 200
    if request.method == "POST":
        given = {name: request.form[name] for name in ReportForm().fields if request.form.get(name, "").strip()}
        try:
            with db.unit(session):
                operations.report(session, actor, found, given=given, now=web.now())
            return redirect(url_for("catalog.report", code=code, sent=1), 303)
        except (Invalid, TooMany) as problem:
            errors = {name: [web.say(TROUBLE[name])] for name in problem.fields}
            errors, status = errors or {"text": [web.say(problem.text)]}, problem.status
    page = web.render(
        "catalog/report.html", case=found, doc=doc, given=given, errors=errors, sent="sent" in request.args
    )
    return page, status


@bp.get("/sectors/<code>")
@door("case.browse")
def sector(code: str) -> str:
    """A direction or a sector with its children, and its cases."""
    tree = wording.tree()
    if code not in tree.sectors:
        raise Missing(Text("There is no sector %(code)s.", {"code": code}))
    path = tree.path(code)
    facet = "direction" if len(path) == 1 else "sector"
    given = asked()
    args = {**finding.SearchArgs().load({}), "page": given["page"], "sort": given["sort"], facet: [code]}
    hits = _find(args)
    address = finding.Address({**args, facet: []}, url_for("catalog.sector", code=code))
    counts = hits.facets["sector"]
    return web.render(
        "catalog/sector.html",
        node=tree.sectors[code],
        path=[tree.sectors[step] for step in path],
        children=[{"code": child.code, "count": counts.get(child.code, 0)} for child in tree.children(code)],
        hits=hits,
        rows=[with_url(hit.stored) for hit in hits.items],
        pages=finding.pages(hits, args, address),
        search_url=finding.Address(args, url_for("catalog.search"))(),
    )


def with_url(row: dict[str, Any], hit: Any = None) -> dict[str, Any]:
    """A row with its address and, from a search, with what matched."""
    names = ("highlights", "matched", "because", "explanation")
    extra = {name: getattr(hit, name) for name in names} if hit else {}
    return {**row, "url": url_for("catalog.case", code=row["code"]), **extra}


def telling(because: Iterable[Because], lang: str) -> list[Because]:
    """Those that the marks in a row do not explain: another word, or one in the language that is not shown."""
    return [each for each in because if not each.alike or each.lang != lang]


def similar(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases of the same leading sector, those on the same network first; none while the index is built."""
    index = current_app.extensions["index"]
    found: dict[str, dict[str, Any]] = {}
    for filters in ({"network": tuple(row["networks"])}, {}):
        if len(found) < SIMILAR and (filters.get("network") or not filters):
            query = Query(
                filters={"sector": (row["sectors"][0],), **filters},
                sort="newest",
                per_page=SIMILAR + 1,
                without=wording.kept_back(),
            )
            try:
                hits = index.search(query)
            except (IndexMissing, IndexBroken):
                return []
            found |= {hit.key: hit.stored for hit in hits.items if hit.key != row["code"] and hit.key not in found}
    real_first = sorted(found.values(), key=lambda each: each["origin"] == "demo")
    return [with_url(each) for each in real_first[:SIMILAR]]


def _row(found: Case, revision: Any) -> dict[str, Any]:
    return with_url(queries.row(found, queries.document(web.actor(), found, revision), wording.tree()))


def _page(found: Case, revision: Any) -> str:
    session, actor = web.session(), web.actor()
    doc = queries.document(actor, found, revision)
    row = with_url(queries.row(found, doc, wording.tree()))
    return web.render(
        "catalog/case.html",
        case=found,
        doc=doc,
        row=row,
        counts=queries.shown_counts(found),
        path=[wording.tree().sectors[step] for step in wording.tree().path(doc["sectors"][0])],
        attachments=downloads.listed(session, actor, found),
        similar=similar(row),
        jsonld=export.json_ld(row, doc, web.language(), current_app.extensions["config"].url),
        may_report=policy.may_report(actor, found),
        linked=queries.linked(session, found),
        may_link=policy.may_ask_link(actor, found),
        moves=queries.biography(doc, found),
    )
