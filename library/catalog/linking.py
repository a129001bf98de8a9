"""The page on which an organisation asks to be linked with a collected case, and takes that back."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, web
from ..errors import Invalid
from ..policy import require
from ..web import door
from . import links, queries
from .policy import RULES

bp = Blueprint("linking", __name__)


@bp.route("/cases/<code>/link", methods=["GET", "POST"])
@door("link.ask")
def ask(code: str) -> Response | str | tuple[str, int]:
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    require(RULES, actor, "link.ask", found)
    given, errors, status = request.form.to_dict(), {}, 200
    if request.method == "POST":
        try:
            with db.unit(session):
                links.ask(session, actor, found, given=given, now=web.now())
            return redirect(url_for("linking.ask", code=code), 303)
        except Invalid as problem:
            errors, status = web.sentences(problem), problem.status
    mine = [link for link in links.of_organisation(session, actor) if link.case_id == found.id]
    page = web.render(
        "catalog/link.html",
        case=found,
        doc=queries.document(actor, found, queries.revision(session, actor, found)),
        link=mine[0] if mine else None,
        refusals=[web.say(reason) for reason in links.refusals(session, actor, found)],
        given=given,
        errors=errors,
    )
    return page, status


@bp.post("/cases/<code>/link/end")
@door("link.end")
def end(code: str) -> Response:
    """Take a request or an accepted link back."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    require(RULES, actor, "link.ask", found)
    link = links.standing(session, actor, found)
    if link is not None:
        with db.unit(session):
            links.end(session, actor, link, now=web.now())
    return redirect(url_for("linking.ask", code=code), 303)
