"""Is this certificate valid? Answered to everybody who has its number, however it is typed."""

from __future__ import annotations

from flask import Blueprint, current_app, request

from .. import web
from ..web import door
from . import benchmark_queries as queries

bp = Blueprint("verify", __name__)


@bp.get("/verify")
@door("certificate.verify")
def index() -> tuple[str, int]:
    """The form; it answers by itself where scripts do not send it on."""
    number = request.args.get("number", "").strip()
    return _page(number) if number else (web.render("selection/verify.html", number="", paper=None), 200)


@bp.get("/verify/<number>")
@door("certificate.verify")
def certificate(number: str) -> tuple[str, int]:
    return _page(number)


def _page(number: str) -> tuple[str, int]:
    session, number = web.session(), number.replace("\0", "")
    paper = queries.certificate(session, number)
    page = web.render(
        "selection/verify.html",
        number=number[:100],
        paper=paper,
        item=queries.published(session, paper) if paper else None,
        state=queries.standing(paper.benchmark, web.now()) if paper else None,
        site=current_app.extensions["config"].url,
    )
    return page, 200 if paper else 404
