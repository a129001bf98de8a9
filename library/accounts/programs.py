"""The page of a person's tokens, with which programs act for the person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask import session as cookie
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from .. import db, figures, web
from ..errors import Invalid
from ..web import door
from . import queries, tokens
from .entrance import require_factor
from .models import Organisation

bp = Blueprint("programs", __name__, url_prefix="/account/tokens")

EMPTY: MultiDict[str, str] = MultiDict()
WORD = "new_token"  # where the cookie keeps a word between its making and its one showing


@bp.get("")
@door("token.keep")
def index() -> Response:
    """The tokens; and once, a new one's word."""
    return _page(word=cookie.pop(WORD, None))


@bp.post("")
@door("token.keep")
def make() -> Answer:
    require_factor()
    form, session, actor = request.form, web.session(), web.actor()
    asked = form.get("organisation", "")
    # None is a choice; what is not among the choices is no organisation of his, and refused as such.
    organisation = next((each.id for each in _organisations() if each.key == asked), 0) if asked else None
    try:
        with db.unit(session):
            _, word = tokens.make(
                session,
                actor,
                name=form.get("name", "").strip(),
                scopes=form.getlist("scopes"),
                organisation=organisation,
                days=form.get("days", default=0, type=int),
                now=web.now(),
            )
    except Invalid as problem:
        errors = web.sentences(problem) or {"name": [web.say(problem.text)]}
        return _page(given=form, errors=errors, status=problem.status)
    cookie[WORD] = word
    return redirect(url_for(".index"), 303)


@bp.post("/<int(max=2147483647):number>/end")
@door("token.keep")
def end(number: int) -> Answer:
    with db.unit(web.session()):
        tokens.end(web.session(), web.actor(), number, now=web.now())
    return redirect(url_for(".index"), 303)


def _page(*, status: int = 200, given: MultiDict[str, str] = EMPTY, **more: Any) -> Response:
    response = make_response(
        web.render(
            "accounts/tokens.html",
            tokens=tokens.kept(web.session(), web.actor()),
            organisations=[(each.key, _named(each)) for each in _organisations()],
            scopes=tokens.SCOPES,
            now=web.now(),
            given=given,
            **more,
        ),
        status,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _organisations() -> list[Organisation]:
    return [found for found, _ in queries.organisations_of(web.session(), web.actor().person or 0)]


def _named(organisation: Organisation) -> str:
    return figures.pick({"zh": organisation.name_zh, "en": organisation.name_en or ""}, web.language())
