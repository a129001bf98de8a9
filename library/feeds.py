"""What programs follow: Atom, JSON Feed, sitemap, robots, and the anchored heads of the chain."""

from __future__ import annotations

import datetime as dt
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, current_app, jsonify, request, url_for

from . import events, web
from .catalog import queries, wording
from .errors import Text
from .policy import VISITOR
from .selection import benchmark_queries, notice_queries
from .selection import queries as selection
from .web import door

bp = Blueprint("feeds", __name__)

NEWEST = 50
PAGES = ("/", "/calls", "/notices", "/benchmarks", "/verify", "/statistics", "/about", "/sources")
CALLS, NOTICES = Text("Calls for cases"), Text("Public notices")
BENCHMARKS = Text("Benchmark projects")


@bp.get("/feeds")
@door("page.see")
def index() -> str:
    return web.render("pages/feeds.html")


@bp.get("/feeds/cases.atom")
@door("page.see")
def atom() -> Response:
    """New and changed real cases, the newest change first, in the reader's language."""
    return _atom("feeds.atom", _title(web.language()), _cases(web.language()))


@bp.get("/feeds/cases.json")
@door("page.see")
def json_feed() -> Response:
    """The same as JSON Feed 1.1."""
    return _json("feeds.json_feed", _title(web.language()), _cases(web.language()))


@bp.get("/feeds/calls.atom")
@door("page.see")
def calls_atom() -> Response:
    """Real calls that were announced, the newest first."""
    return _atom("feeds.calls_atom", web.say(CALLS), _calls(web.language()))


@bp.get("/feeds/calls.json")
@door("page.see")
def calls_json() -> Response:
    return _json("feeds.calls_json", web.say(CALLS), _calls(web.language()))


@bp.get("/feeds/notices.atom")
@door("page.see")
def notices_atom() -> Response:
    """Public notices of real calls, the newest first."""
    return _atom("feeds.notices_atom", web.say(NOTICES), _notices(web.language()))


@bp.get("/feeds/notices.json")
@door("page.see")
def notices_json() -> Response:
    return _json("feeds.notices_json", web.say(NOTICES), _notices(web.language()))


@bp.get("/feeds/benchmarks.atom")
@door("page.see")
def benchmarks_atom() -> Response:
    """Real benchmark projects, the newest first."""
    return _atom("feeds.benchmarks_atom", web.say(BENCHMARKS), _benchmarks(web.language()))


@bp.get("/feeds/benchmarks.json")
@door("page.see")
def benchmarks_json() -> Response:
    return _json("feeds.benchmarks_json", web.say(BENCHMARKS), _benchmarks(web.language()))


def _atom(endpoint: str, title: str, entries: list[dict[str, Any]]) -> Response:
    lang, site = web.language(), _site()
    updated = max((entry["updated"] for entry in entries), default=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    address = site + url_for(endpoint, lang=lang)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{"zh-CN" if lang == "zh" else "en"}">',
        f"<id>{escape(address)}</id>",
        f"<title>{escape(title)}</title>",
        f"<updated>{_stamp(updated)}</updated>",
        f'<link rel="self" href={quoteattr(address)}/><link href={quoteattr(site + "/")}/>',
        f"<author><name>{escape(_title(lang))}</name></author>",
        "<rights>CC BY 4.0</rights>",
    ]
    for entry in entries:
        lines += [
            "<entry>",
            f"<id>{escape(entry['id'])}</id>",
            f"<title>{escape(entry['title'])}</title>",
            f"<link href={quoteattr(entry['id'])}/>",
            f"<published>{_stamp(entry['published'])}</published><updated>{_stamp(entry['updated'])}</updated>",
            f"<summary>{escape(entry['summary'])}</summary>",
            "</entry>",
        ]
    return _conditional(Response("\n".join([*lines, "</feed>"]), mimetype="application/atom+xml"))


def _json(endpoint: str, title: str, entries: list[dict[str, Any]]) -> Response:
    lang, site = web.language(), _site()
    response = jsonify(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": title,
            "language": "zh-CN" if lang == "zh" else "en",
            "home_page_url": site + "/",
            "feed_url": site + url_for(endpoint, lang=lang),
            "items": [
                {
                    "id": entry["id"],
                    "url": entry["id"],
                    "title": entry["title"],
                    "content_text": entry["summary"],
                    "date_published": _stamp(entry["published"]),
                    "date_modified": _stamp(entry["updated"]),
                }
                for entry in entries
            ],
        }
    )
    response.content_type = "application/feed+json"
    return _conditional(response)


@bp.get("/sitemap.xml")
@door("page.see")
def sitemap() -> Response:
    """Every public page of real records."""
    site, lang = _site(), web.language()
    rows = [(f"{site}/cases/{code}", changed) for code, changed in queries.real_pages(web.session(), web.actor())]
    pages = [(f"{site}{path}", None) for path in PAGES]
    pages += [(site + url_for("catalog.sector", code=code), None) for code in wording.tree().sectors]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
    ]
    rows += [(each["id"], each["updated"]) for each in (*_calls(lang), *_notices(lang))]
    rows += [(site + path, at) for path, at in benchmark_queries.real_pages(web.session())]
    for address, changed in [*pages, *rows]:
        stamp = f"<lastmod>{_stamp(changed)}</lastmod>" if changed else ""
        lines.append(f"<url><loc>{escape(address)}</loc>{stamp}</url>")
    return Response("\n".join([*lines, "</urlset>"]), mimetype="application/xml")


@bp.get("/robots.txt")
@door("page.see")
def robots() -> Response:
    words = f"User-agent: *\nDisallow: /search\nDisallow: /api/\nSitemap: {_site()}/sitemap.xml\n"
    return Response(words, mimetype="text/plain")


@bp.get("/feeds/anchors.json")
@door("page.see")
def anchors() -> Response:
    """The head of the event chain on each day: keep a copy, and a rewritten past will show."""
    rows = events.anchors(web.session())
    return jsonify({"anchors": [{"day": row.day, "seq": row.seq, "hash": row.hash} for row in rows]})


def _cases(lang: str) -> list[dict[str, Any]]:
    site = _site()
    found = []
    for case, revision in queries.newest(web.session(), web.actor(), limit=NEWEST):
        doc = queries.document(web.actor(), case, revision)
        found.append(
            {
                "id": f"{site}/cases/{case.code}",
                "title": doc["title"].get(lang) or doc["title"]["zh"],
                "summary": doc["summary"].get(lang) or doc["summary"]["zh"],
                "published": case.admitted_at,
                "updated": case.revised_at,
            }
        )
    return found


def _calls(lang: str) -> list[dict[str, Any]]:
    found = []
    for call in selection.calls(web.session(), VISITOR, per_page=NEWEST):
        if not call.demonstration and call.opens_at and call.closes_at:
            window = {"opens": selection.local(call.opens_at), "closes": selection.local(call.closes_at)}
            found.append(
                {
                    "id": f"{_site()}/calls/{call.code}",
                    "title": call.title.get(lang) or call.title["zh"],
                    "summary": web.say(Text("Open from %(opens)s to %(closes)s (Asia/Shanghai).", window)),
                    "published": call.announced_at,
                    "updated": call.announced_at,
                }
            )
    return found


def _notices(lang: str) -> list[dict[str, Any]]:
    found = []
    for notice in notice_queries.real(web.session(), limit=NEWEST):
        until = {"code": notice.code, "time": selection.local(notice.ends_at)}
        found.append(
            {
                "id": f"{_site()}/notices/{notice.code}",
                "title": notice.call.title.get(lang) or notice.call.title["zh"],
                "summary": web.say(Text("Notice %(code)s: objections until %(time)s (Asia/Shanghai).", until)),
                "published": notice.begins_at,
                "updated": notice.begins_at,
            }
        )
    return found


def _benchmarks(lang: str) -> list[dict[str, Any]]:
    found = []
    for row in benchmark_queries.real(web.session(), limit=NEWEST):
        titles = {"zh": row.case.title_zh, "en": row.case.title_en}
        term = {"first": row.valid_from, "last": row.valid_until}
        found.append(
            {
                "id": f"{_site()}/benchmarks/{row.code}",
                "title": titles.get(lang) or titles["zh"],
                "summary": web.say(Text("Benchmark project from %(first)s to %(last)s.", term)),
                "published": row.at,
                "updated": row.at,
            }
        )
    return found


def _site() -> str:
    """The public address from the settings, never from the Host header."""
    return str(current_app.extensions["config"].url)


def _title(lang: str) -> str:
    return "移动物联网资源库" if lang == "zh" else "Mobile IoT Case Library"


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _conditional(response: Response) -> Response:
    """By content, not by date: when a case is withdrawn the newest date does not move."""
    response.add_etag()
    response.make_conditional(request)
    return response
