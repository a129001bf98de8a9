"""Public pages that join chapters: home, about, sources, and the letters of a machine without a mail server."""

from __future__ import annotations

import email
import email.policy
from typing import Any

from flask import Blueprint, current_app
from sqlalchemy.orm import Session

from search import Query
from search.errors import IndexBroken, IndexMissing

from . import charts, web
from .catalog import queries, wording
from .catalog.counts import PLANS, surely
from .catalog.views import with_url
from .errors import Missing, Text
from .policy import VISITOR, Actor
from .selection import benchmark_queries, notice_queries
from .statistics import queries as statistics
from .web import door

bp = Blueprint("pages", __name__)

REAL = ("collected", "submitted")
NEWEST = 5


@bp.get("/")
@door("page.see")
def home() -> str:
    kept = wording.kept_back()
    counted = _search(Query(filters={"origin": REAL}, facets=("direction", "sector"), per_page=1, without=kept))
    newest = _search(
        Query(filters={"origin": REAL, "scale": FIGURES}, sort="newest", per_page=NEWEST, without=kept)
    )
    return web.render(
        "home.html",
        building=counted is None,
        total=counted.total if counted else None,
        directions=_directions(counted.facets if counted else {}),
        tally=_drawn("tally", demonstration=False),
        demo_tally=_drawn("demo tally", demonstration=True),
        rows=[with_url(hit.stored) for hit in newest.items] if newest else [],
        running=[
            each for each in web.recall("running notices", notice_queries.running) if web.now() <= each["ends_at"]
        ],
        now=web.now(),
        benchmarks=web.recall("benchmark count", benchmark_queries.real_standing),
        national=web.recall("national", lambda session: statistics.national(session, VISITOR)),
    )


# A figure of the project itself, or planned for it; totals of operators and cities are context.
FIGURES = ("0", "10k", "100k", "1m", "10m", "100m", "planned")


def _search(query: Query) -> Any:
    try:
        return current_app.extensions["index"].search(query)
    except (IndexMissing, IndexBroken):
        return None


def _directions(facets: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The three directions with their sectors, sub-sectors and how many real cases each has; largest first."""
    tree = wording.tree()
    sectors = facets.get("sector", {})

    def level(parent: str) -> list[dict[str, Any]]:
        found = [
            {"code": node.code, "count": sectors.get(node.code, 0), "children": level(node.code)}
            for node in tree.children(parent)
        ]
        return sorted(found, key=lambda each: -int(str(each["count"])))

    return [
        {"code": root.code, "count": facets.get("direction", {}).get(root.code, 0), "sectors": level(root.code)}
        for root in tree.children(None)
    ]


def _drawn(name: str, *, demonstration: bool) -> charts.Tally:
    """What everybody sees alike is remembered; from whom cases are kept back, it is drawn without them."""
    if web.actor().withheld:
        return _tally(web.session(), web.actor(), demonstration=demonstration)
    return web.recall(name, lambda session: _tally(session, VISITOR, demonstration=demonstration))


def _tally(session: Session, actor: Actor, *, demonstration: bool) -> charts.Tally:
    """Every project on one ladder: those with a figure of their own; plans and totals are not drawn."""
    leads = queries.headlines(session, actor, demonstration=demonstration)
    own = [lead for lead in leads if lead and lead.scope == "project" and lead.kind not in PLANS]
    return charts.tally(
        [surely(lead) for lead in own if lead.verified_on is None],
        [lead.value for lead in own if lead.verified_on is not None],
        without=len(leads) - len(own),
    )


@bp.app_context_processor
def joined() -> dict[str, Any]:
    """What a page of an earlier chapter may ask of a later one: is a case a benchmark project, until when?"""
    return {"benchmark_of": _benchmark_of}


def _benchmark_of(case: int) -> dict[str, str] | None:
    return web.recall("benchmarks", benchmark_queries.standing_cases).get(case)


@bp.get("/about")
@door("page.see")
def about() -> str:
    return web.render("pages/about.html")


@bp.get("/sources")
@door("page.see")
def sources() -> str:
    """Every source of the library, by case, and of the statistics."""
    session, actor = web.session(), web.actor()
    listed = [
        {"case": case, "doc": queries.document(actor, case, revision)}
        for case, revision in queries.current(session, actor)
        if case.origin == "collected"
    ]
    return web.render("pages/sources.html", listed=listed, statistics=statistics.sources(session, actor))


@bp.get("/mail")
@door("page.see")
def mail() -> str:
    """The letters written on this machine; only for somebody who sits at it, and not in production."""
    config = current_app.extensions["config"]
    if config.production or config.mail_url or not web.at_this_machine():
        raise Missing(Text("There is no page at this address."))
    letters = []
    for path in sorted(config.letters.glob("*.eml"), key=lambda each: each.stat().st_mtime, reverse=True)[:100]:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        part = message.get_body(("plain",))
        letters.append(
            {
                "to": message["To"],
                "subject": message["Subject"],
                "sent": message["Date"].datetime,
                "text": part.get_content() if part else "",
            }
        )
    return web.render("pages/mail.html", letters=letters)
