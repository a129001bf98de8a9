"""What readers search for and open: noted as the pages go out, and shown to officers.

A search counts when its words alone are asked for: not page two, not with a filter, not while it is being typed,
which the page's script says with `X-Requested-With: typing`. An opening counts when the browser says that it comes
from our own results: links carry nothing that follows anybody.
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs

from flask import Blueprint, Response, current_app, g, request, url_for

from . import web
from .catalog import asked_for
from .errors import Missing, Text
from .policy import SYSTEM, can
from .web import door

bp = Blueprint("searches", __name__)

SHOWN = 500
DAYS = 90


@bp.get("/searches")
@door("page.see")
def searches() -> str:
    """For officers, and for somebody who sits at this machine: the command line tells them the same."""
    actor = SYSTEM if web.at_this_machine() else web.actor()
    if not can(current_app.extensions["rules"], actor, "searches.read"):
        raise Missing(Text("There is no page at this address."))
    since = web.now().date() - dt.timedelta(days=DAYS)
    lines = asked_for.report(web.session(), actor, since=since)
    return web.render("pages/searches.html", lines=lines[:SHOWN], total=len(lines), days=DAYS)


@bp.after_app_request
def note(response: Response) -> Response:
    if request.method == "GET" and response.status_code == 200 and "Sec-Purpose" not in request.headers:
        if request.endpoint == "catalog.search":
            _note_search()
        elif request.endpoint == "catalog.case":
            _note_opening()
    return response


def _note_search() -> None:
    given = {name for name, value in request.args.items() if value} - {"lang"}
    if given == {"q"} and request.headers.get("X-Requested-With") != "typing":
        words = asked_for.tidied(request.args["q"])
        if words:
            tally().searched(
                words, web.language(), now=web.now(), found=g.hits.total, widened=g.hits.widened is not None
            )


def _note_opening() -> None:
    page, _, given = (request.referrer or "").partition("?")
    if page == url_for("catalog.search", _external=True):
        words = asked_for.tidied(parse_qs(given).get("q", [""])[0])
        if words and request.view_args:
            tally().opened(words, web.language(), request.view_args["code"], now=web.now())


def tally() -> asked_for.Tally:
    found: asked_for.Tally = current_app.extensions["tally"]
    return found
