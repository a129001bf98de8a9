"""A person's own page: name and language, for whom to act, sign-ins, and the end of the account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_security import auth_required
from flask_security.utils import validate_redirect_url
from werkzeug.wrappers import Response

from .. import db, web
from ..errors import Forbidden, Invalid, Missing, Problem, Text
from ..web import door
from . import erasure, identity, people, profile, queries
from .models import Organisation

bp = Blueprint("account", __name__, url_prefix="/account")

Answer = Response | str | tuple[str, int]
FRESH = {"within": 60, "grace": 10}  # minutes since the person last showed who it is


@bp.get("")
@door("account.own")
def index() -> Answer:
    return _page()


@bp.post("/profile")
@door("account.own")
def describe() -> Answer:
    session, found = web.session(), _found()
    given = {name: request.form.get(name, "") for name in ("name", "lang")}
    try:
        with db.unit(session):
            profile.describe(session, web.actor(), found.person, **given, now=web.now())
    except Invalid as problem:
        return _page(given=given, errors=web.sentences(problem)), problem.status
    flash(web.say(Text("Saved.")), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/acting")
@door("account.own")
def act_for() -> Answer:
    """For whom the person acts in this browser: one organisation, or nobody."""
    key, session, found = request.form.get("organisation", ""), web.session(), _found()
    chosen = next((each for each in _organisations(found) if each.key == key), None)
    if key and chosen is None:
        raise Missing(Text("You do not belong to this organisation."))
    with db.unit(session):
        people.act_for(session, found, organisation=chosen.id if chosen else None)
    onward = request.form.get("next", "")
    return redirect(onward if validate_redirect_url(onward) else url_for(".index"), 303)


@bp.post("/sign-ins/<int(max=2147483647):number>/end")
@door("account.own")
def end_sign_in(number: int) -> Answer:
    with db.unit(web.session()):
        people.end_sign_in(web.session(), web.actor(), number, now=web.now())
    flash(web.say(Text("That browser is signed out.")), "success")
    return redirect(url_for(".index") + "#sign-ins", 303)


@bp.post("/sign-ins/end")
@door("account.own")
def end_others() -> Answer:
    found, session = _found(), web.session()
    with db.unit(session):
        people.end_sign_ins(session, web.actor(), found.person, but=found.sign_in, now=web.now())
    flash(web.say(Text("Every other browser is signed out.")), "success")
    return redirect(url_for(".index") + "#sign-ins", 303)


@bp.route("/end", methods=["GET", "POST"])
@door("account.own")
@auth_required("session", **FRESH)
def end() -> Answer:
    """Erase the account: a page that says what goes and what stays, and the address to be typed."""
    found, errors = _found(), {}
    if request.method == "POST":
        if request.form.get("address", "").strip().lower() == found.person.email:
            try:
                with db.unit(web.session()):
                    erasure.erase(web.session(), web.actor(), found.person, now=web.now())
                identity.forget()
                flash(web.say(Text("Your account is erased.")), "success")
                return redirect(url_for("pages.home"), 303)
            except Problem as problem:
                errors["address"] = [web.say(problem.text)]
        else:
            errors["address"] = [web.say(Text("This is not the address of this account."))]
    page = web.render("accounts/account_end.html", person=found.person, errors=errors)
    return page, 409 if errors else 200


def _page(**more: Any) -> str:
    found = _found()
    return web.render(
        "accounts/account.html",
        person=found.person,
        sign_ins=people.sign_ins(web.session(), web.actor(), now=web.now()),
        organisations=_organisations(found),
        waiting=queries.invitations_to(web.session(), web.actor(), now=web.now()),
        proven=profile.has_factor(found.person),
        **more,
    )


def _found() -> people.Recognised:
    """Whose page this is. A program has no pages."""
    found = identity.recognised()
    if found is None:
        raise Forbidden(Text("You may not do this."))
    return found


def _organisations(found: people.Recognised) -> list[Organisation]:
    return [each for each, _ in queries.organisations_of(web.session(), found.person.id)]
