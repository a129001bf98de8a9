"""What somebody may not do here and now, but may after signing in or when acting for an organisation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import web
from ..errors import Forbidden, Text, Unauthenticated
from ..policy import VISITOR, Actor, Rules, can
from . import queries, tokens


def refuse(problem: Forbidden) -> Any:
    """The way on where there is one, else the refusal itself."""
    rules: Rules = current_app.extensions["rules"]
    rule = getattr(current_app.view_functions.get(request.endpoint or ""), "rule", "")
    actor, safe = web.actor(), request.method in web.SAFE_METHODS
    if rule not in rules:
        return web.tell(problem)
    if web.wants_json():
        if scope := _lacks_scope(rules, actor, rule):
            reason = Text("The token does not have the scope %(scope)s.", {"scope": scope})
            problem = Forbidden(problem.text, reasons=[reason])
        return web.tell(Unauthenticated(tokens.SHOW_ONE) if actor == VISITOR else problem)
    if actor == VISITOR and not can(rules, actor, rule):  # else it was let in, and signing in would not help
        if safe:
            return redirect(url_for("security.login", next=_here()), 303)
        return _page("accounts/signed_out.html")
    if isinstance(problem, queries.Elsewhere):
        return _page("accounts/elsewhere.html", organisations=[problem.organisation])
    if _lacks_organisation(rules, actor, rule):
        mine = [each for each, _ in queries.organisations_of(web.session(), actor.person or 0)]
        return _page("accounts/elsewhere.html", organisations=mine)
    return web.tell(problem)


def _lacks_organisation(rules: Rules, actor: Actor, rule: str) -> bool:
    """Would somebody who has founded an organisation be let in?"""
    founder = replace(actor, organisation=0, membership="owner")
    return actor.organisation is None and not can(rules, actor, rule) and can(rules, founder, rule)


def _lacks_scope(rules: Rules, actor: Actor, rule: str) -> str:
    """The scope with which this token would be let in, if there is one."""
    wider = ((scope, replace(actor, scopes=(actor.scopes or frozenset()) | {scope})) for scope in tokens.SCOPES)
    found = (scope for scope, wide in wider if not actor.within(scope) and can(rules, wide, rule))
    return next(found, "")


def _page(template: str, **about: Any) -> Response:
    return make_response(
        web.render(template, back=_here(), lost=request.method not in web.SAFE_METHODS, **about), 403
    )


def _here() -> str:
    """The page that the reader wanted, or on which the form stood that was sent."""
    if request.method in web.SAFE_METHODS:
        return request.full_path if request.query_string else request.path
    form = urlsplit(request.referrer or "")
    if form.netloc != request.host:
        return url_for("pages.home")
    return f"{form.path}?{form.query}" if form.query else form.path
