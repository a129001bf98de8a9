"""The frame of every door: session, actor, guard, language, headers, and how a Problem is told."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from flask_wtf.csrf import CSRFError
from jinja2 import Environment
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from .config import Config
from .db import Database
from .errors import Forbidden, Invalid, Missing, Problem, Text, TooMany, Unavailable
from .language import LOCALES, Language, voice
from .memory import Memory
from .policy import VISITOR, Actor, Rules, require

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REMEMBER = dt.timedelta(days=365)
NONCE = "csp_nonce"
WITH = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "10"}}  # what else such a refusal says
PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-", "X-Real-")

View = TypeVar("View", bound=Callable[..., Any])
Value = TypeVar("Value")


def door(rule: str, *, most: Callable[[Config], int] | None = None) -> Callable[[View], View]:
    """Names the rule of policy that guards a view; a view without one is refused to everybody.

    `most`: how many bytes may be sent to it, where that is more than elsewhere. The view reads them itself, and
    nobody who may not enter sends them.
    """

    def mark(view: View) -> View:
        view.rule, view.most = rule, most  # type: ignore[attr-defined]
        return view

    return mark


def init_app(app: Flask, config: Config, database: Database, rules: Rules) -> None:
    """Put the frame around `app`."""
    app.extensions["config"] = config
    app.extensions["database"] = database
    app.extensions["rules"] = rules
    app.extensions["memory"] = Memory()
    app.before_request(_guard)
    app.after_request(_dress)
    app.teardown_request(_close)
    app.register_error_handler(Problem, tell)
    app.register_error_handler(HTTPException, _tell_http)
    app.register_error_handler(OperationalError, _tell_busy)
    app.register_error_handler(500, _tell_fault)
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=0, x_port=0, x_prefix=0
        )


def session() -> Session:
    """This request's session; it writes only if the method may."""
    if "session" not in g:
        base: Database = current_app.extensions["database"]
        g.session = base.reading() if request.method in SAFE_METHODS else base.writing()
    found: Session = g.session
    return found


def recall(name: str, make: Callable[[Session], Value]) -> Value:
    """Public data that is the same for everybody; read again only when something has happened."""
    memory: Memory = current_app.extensions["memory"]
    return memory.recall(session(), name, make)


def actor() -> Actor:
    """Who is asking: a visitor, unless the accounts chapter knows the browser or the token."""
    if "actor" not in g:
        identify: Callable[[Session], Actor] | None = current_app.extensions.get("identify")
        g.actor = identify(session()) if identify else VISITOR
    found: Actor = g.actor
    return found


def let_go() -> None:
    """Before a large body, which may come slowly: no transaction stays open; who asks is looked up after it."""
    session().rollback()
    for found in ("actor", "recognised"):
        g.pop(found, None)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def language() -> Language:
    """`zh` or `en`: the address's, else the remembered one, else the browser's, else Chinese."""
    if "language" not in g:
        chosen = (request.args.get("lang", ""), request.cookies.get("lang", ""))
        # Not best_match(): to "en-GB, zh;q=0.8" it says zh, because that one is there to the letter.
        browsers = [tag.partition("-")[0].lower() for tag, worth in request.accept_languages if worth]
        g.language = next((code for code in (*chosen, *browsers) if code in LOCALES), "zh")
    found: Language = g.language
    return found


def nonce() -> str:
    """Made once a response; only data blocks (JSON-LD) bear it."""
    if NONCE not in g:
        setattr(g, NONCE, secrets.token_urlsafe(16))
    return str(getattr(g, NONCE))


def render(template: str, **context: Any) -> str:
    """A template in the reader's language."""
    current_app.update_template_context(context)
    environment: Environment = current_app.extensions["environments"][language()]
    return environment.get_template(template).render(context)


def at_this_machine() -> bool:
    """Does somebody who sits at this machine ask, by its own name and through no proxy? Never in production, where
    a proxy may say nothing of itself. A page elsewhere may point a name of its own at 127.0.0.1.
    """
    config: Config = current_app.extensions["config"]
    forwarded = any(name.startswith(PROXY_HEADERS) for name, _ in request.headers)
    host = request.host.rpartition(":")[0] or request.host
    return (
        request.remote_addr in ("127.0.0.1", "::1")
        and host in ("localhost", "127.0.0.1", "[::1]")
        and not forwarded
        and not (config.proxies or config.production)
    )


def say(text: Text | str) -> str:
    """A sentence in the reader's language."""
    return voice(language()).say(text)


def wants_json() -> bool:
    return request.path.startswith("/api/")


def tell(problem: Problem) -> Response:
    """A refusal as problem+json under /api/, as a page elsewhere."""
    fields = sentences(problem)
    if wants_json():
        body: dict[str, Any] = {
            "type": f"{current_app.extensions['config'].url}/about#{problem.slug}",
            "title": say(problem.text),
            "status": problem.status,
        }
        if problem.reasons:
            body["reasons"] = [say(reason) for reason in problem.reasons]
        if fields:
            body["errors"] = fields
        response = jsonify(body)
        response.content_type = "application/problem+json"
    else:
        reasons = [say(reason) for reason in problem.reasons]
        reasons += [sentence for sentences in fields.values() for sentence in sentences]
        response = make_response(
            render(
                "error.html",
                status=problem.status,
                title=say(problem.text),
                reasons=reasons,
                slug=problem.slug,
            )
        )
    response.status_code = problem.status
    response.headers.update(WITH.get(problem.status, {}))
    return response


def sentences(problem: Problem) -> dict[str, list[str]]:
    """What is wrong with each field, in the reader's language."""
    return {name: _sentences(items) for name, items in problem.fields.items()}


def _sentences(errors: Any) -> list[str]:
    """What is wrong with one field, in the reader's language; a list's own fields are told with it."""
    if isinstance(errors, str | Text):
        return [say(errors)]
    inner = errors.values() if isinstance(errors, Mapping) else errors
    return [sentence for each in inner for sentence in _sentences(each)]


def _guard() -> None:
    # A slash too many would be redirected to an address with the Host header in it;
    # a NUL names nothing, and PostgreSQL refuses to look for it.
    if isinstance(request.routing_exception, RequestRedirect) or "\0" in request.path:
        raise Missing(Text("There is no page at this address."))
    if request.routing_exception is not None or request.endpoint is None:
        return
    if request.endpoint == "static":
        return
    view = current_app.view_functions[request.endpoint]
    view = getattr(view, "view_class", view)
    rule = getattr(view, "rule", None)
    if rule is None:
        raise Forbidden(Text("You may not do this."))
    most: Callable[[Config], int] | None = getattr(view, "most", None)
    writes = request.method not in SAFE_METHODS
    if writes and most is None:
        request.get_data(parse_form_data=True)  # it may come slowly: before a transaction is open
    require(current_app.extensions["rules"], actor(), rule)
    if writes and most is not None:
        request.max_content_length = most(current_app.extensions["config"])
        let_go()


def _dress(response: Response) -> Response:
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' 'nonce-{g.csp_nonce}'" if NONCE in g else "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    # A file that is handed out brings a stricter one of its own.
    ours = "; ".join(f"{key} {value}" for key, value in policy.items())
    response.headers.setdefault("Content-Security-Policy", ours)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if current_app.extensions["config"].production:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        response.vary.update(("Accept-Language", "Cookie"))
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = {"zh": "zh-CN"}.get(language(), "en")
        response.headers.setdefault("Cache-Control", "private, no-cache")
    asked = request.args.get("lang", "")
    if asked in LOCALES and request.cookies.get("lang") != asked:
        response.set_cookie(
            "lang", asked, max_age=REMEMBER, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response


def _close(error: BaseException | None) -> None:
    kept = g.pop("session", None)
    if kept is not None:
        kept.close()


def _tell_http(error: HTTPException) -> Response:
    """What Flask itself refuses, in our own words and form."""
    sentences = {
        400: Text("The request could not be understood."),
        404: Text("There is no page at this address."),
        405: Text("This address does not take that kind of request."),
        413: Text("What was sent is too large."),
        415: Text("This kind of content is not accepted here."),
        422: Text("What you sent is understood and breaks a rule; the rule is named."),
        429: Text("Too many requests in a short time; wait a minute and try again."),
    }
    status = error.code or 500
    if isinstance(error, CSRFError):
        sentences[400] = Text("This form was open for too long, or came from elsewhere. Load it again and repeat.")
    problem = Problem(sentences.get(status, sentences[400]), fields=_broken_rules(error))
    problem.status = status
    problem.slug = {kind.status: kind.slug for kind in (Missing, Forbidden, Invalid, TooMany)}.get(
        status, problem.slug
    )
    response = tell(problem)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _broken_rules(error: HTTPException) -> dict[str, Any]:
    """Which parameters flask-smorest refused; it keeps them by the part of the request that they stood in."""
    places: Mapping[str, Any] = getattr(error, "data", {}).get("messages", {})
    named = (fields for fields in places.values() if isinstance(fields, Mapping))  # not so of what is no JSON
    return {name: errors for fields in named for name, errors in fields.items()}


def _tell_busy(error: OperationalError) -> Response:
    current_app.logger.exception("the database did not answer")
    return tell(Unavailable(Text("The database does not answer at the moment; try again in a minute.")))


def _tell_fault(error: Exception) -> Response:
    problem = Problem(Text("Something went wrong here; it has been noted. Try again, and report it if it stays."))
    problem.status, problem.slug = 500, "fault"
    return tell(problem)
