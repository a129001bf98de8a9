"""Who sits at the browser: the accounts library (Flask-Security), fenced. Nobody outside accounts imports it.

Its views do their work inside our unit and behind our rules; what it tells us by signals becomes sign-ins, events
and letters. The cookie keeps a random word: whose it is and what it may is looked up, never trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask_login import user_logged_out
from flask_security import Security, signals
from flask_security.babel import FsDomain
from flask_security.utils import set_request_attr
from sqlalchemy.orm import Session

from .. import events, web
from ..db import Database
from ..errors import Forbidden
from ..language import voice
from ..policy import VISITOR, Actor
from . import people, profile, proofs, refusals, settings, tokens
from .entrance import blueprint
from .models import ApiToken, Person

WORD = "sign_in"  # where the cookie keeps the word of a sign-in


def init_app(app: Flask) -> None:
    """Know the people behind the requests, and let them in."""
    config = app.extensions["config"]
    app.config.update(settings.settings(config))
    security = Security(
        app,
        proofs.People(),
        register_blueprint=False,
        render_template=render,
        mail_util_cls=proofs.Letters,
        password_util_cls=proofs.Passwords,
        totp_cls=proofs.Codes,
        mf_recovery_codes_util_cls=proofs.RecoveryCodes,
        webauthn_util_cls=proofs.Passkeys,
        login_form=proofs.SignIn,
        register_form=proofs.Register,
        two_factor_setup_form=proofs.SecondFactor,
        two_factor_verify_code_form=proofs.Code,
        two_factor_rescue_form=proofs.Rescue,
        wan_register_form=proofs.NewPasskey,
    )
    security.i18n_domain = Sentences(app)  # type: ignore[no-untyped-call]
    security.reauthn_handler(ask_again)
    security.login_manager.user_loader(present)
    security.login_manager.request_loader(present)
    app.register_blueprint(blueprint(app))
    app.register_error_handler(Forbidden, refusals.refuse)
    app.after_request(note_seen)
    provider = config.oidc_name if config.oidc_issuer else ""
    app.context_processor(lambda: {"me": recognised(), "provider": provider})
    app.extensions["identify"] = identify
    for signal, hear in HEARD.items():
        signal.connect(hear, app)


class Sentences(FsDomain):
    """What the accounts library says, in the reader's language."""

    def gettext(self, string: str, **variables: Any) -> str:
        return voice(web.language())(string, **variables)


# Who it is


def identify(session: Session) -> Actor:
    """Under /api/ a token counts and nothing else, elsewhere the cookie. A visitor costs no statement."""
    if web.wants_json():
        header = request.headers.get("Authorization", "")
        if not header:
            return VISITOR
        g.token = tokens.find(session, header, now=web.now())
        return tokens.actor_of(session, g.token, now=web.now())
    found = recognised()
    return people.acting(session, found, now=web.now()) if found else VISITOR


def recognised() -> people.Recognised | None:
    """The person at this browser, looked up once a request."""
    if "recognised" not in g:
        g.recognised = None  # also when the database does not answer: the page that says so asks again
        word = None if web.wants_json() or request.endpoint == "static" else cookie.get(WORD)
        if isinstance(word, str):
            g.recognised = people.recognise(web.session(), word, now=web.now())
    found: people.Recognised | None = g.recognised
    return found


def present(_: object) -> Person | None:
    """The same person, for the accounts library."""
    found = recognised()
    if found is None:
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", cookie.get("fs_paa", 0))
    return found.person


def note_seen(response: Response) -> Response:
    """That the browser or the program was here is written after the response, at most once in five minutes."""
    found: people.Recognised | None = g.get("recognised")
    if found and web.now() - found.sign_in.seen_at >= people.NOTED_EVERY:
        cookie.modified = True  # its age counts from the last time it was set
        database: Database = current_app.extensions["database"]
        response.call_on_close(partial(_note, database, people.note_seen, found.sign_in.id))
    token: ApiToken | None = g.get("token")
    if token and tokens.is_due(token, now=web.now()):
        response.call_on_close(partial(_note, current_app.extensions["database"], tokens.note_use, token.id))
    return response


def _note(database: Database, note: Callable[..., None], number: int) -> None:
    with database.unit() as session:
        note(session, number, now=web.now())


def ask_again(*_: object) -> Any:
    """Something important is to be changed, a while after signing in."""
    return redirect(url_for("security.verify", next=request.path))


def render(template: str, **context: Any) -> str:
    """A page of the accounts library: its forms, and what is wrong with them as {field: sentences}."""
    errors: dict[str, list[str]] = {}
    for form in context.values():
        for name, sentences in getattr(form, "errors", {}).items():
            field = name or next(iter(form)).name
            errors.setdefault(field, []).extend(web.say(str(each)) for each in sentences)
    g.refused = bool(errors)
    return web.render(template, errors=errors, **context)


# What happens to people


def begin(app: Flask, *, user: Person, authn_via: list[str] | None = None, **_: Any) -> None:
    """Somebody has shown who it is: this browser is signed in, with a new word.

    The accounts library names no way where a code or a recovery code came after the password.
    """
    before = recognised()
    if before and authn_via == ["change"]:  # of the password: the same browser goes on with another word
        second_factor, organisation = before.sign_in.second_factor, before.sign_in.organisation_id
    else:
        second_factor = authn_via is None or "webauthn" in authn_via
        organisation = people.usual_organisation(web.session(), user)
    enter(user, second_factor=second_factor, organisation=organisation)
    g.begun = authn_via != ["change"]


def enter(person: Person, *, second_factor: bool, organisation: int | None) -> None:
    """Sign this browser in. What it kept for the visitor is forgotten with the token against forged forms."""
    session, now = web.session(), web.now()
    browser = browser_of(request.user_agent.string)
    if people.is_new_browser(session, person, browser):
        proofs.write_letter("account.browser", person, browser=browser)
    word = people.sign_in(
        session,
        person,
        browser=browser,
        second_factor=second_factor,
        organisation=organisation,
        now=now,
    )
    for store in (cookie, g):
        store.pop("csrf_token", None)
    cookie[WORD], cookie["fs_paa"] = word, now.timestamp()  # the latter: when the person last showed who it is
    cookie.permanent = True
    g.recognised = people.recognise(session, word, now=now)


def leave(app: Flask, **_: Any) -> None:
    found = recognised()
    if found:
        me = people.himself(found.person)
        people.end_sign_in(web.session(), me, found.sign_in.id, now=web.now())
    forget()


def forget() -> None:
    """This browser is nobody's any more."""
    cookie.pop(WORD, None)
    g.recognised = None


def record(verb: str, person: Person, **detail: Any) -> None:
    doer = people.himself(person)
    events.record(web.session(), doer, verb, person.subject, now=web.now(), detail=detail)


def registered(app: Flask, *, user: Person, **_: Any) -> None:
    record("person.register", user)


def confirmed(app: Flask, *, user: Person, **_: Any) -> None:
    record("person.confirm", user)


def address_changed(app: Flask, *, user: Person, old_email: str, **_: Any) -> None:
    """Whoever had the old address hears of it there."""
    proofs.write_letter("account.moved", user, address=old_email)
    record("person.address", user)


def password_changed(app: Flask, *, user: Person, **_: Any) -> None:
    found = recognised()
    mine = found and found.person.id == user.id
    keep = found.sign_in if found and mine and g.get("begun") is False else None
    profile.password_changed(web.session(), user, keep=keep, now=web.now())
    tokens.end_all(web.session(), user, now=web.now())


def factor_set(app: Flask, *, user: Person, **_: Any) -> None:
    _factor(user, "app", shown=True)


def factor_removed(app: Flask, *, user: Person, **_: Any) -> None:
    user.totp_counter = None
    _factor(user, "no app")


def passkey_added(app: Flask, *, user: Person, **_: Any) -> None:
    _factor(user, "passkey", shown=True)


def passkey_removed(app: Flask, *, user: Person, name: str, **_: Any) -> None:
    user.webauthn.remove(next(each for each in user.webauthn if each.name == name))
    _factor(user, "no passkey")


def _factor(person: Person, what: str, *, shown: bool = False) -> None:
    found = recognised()
    shown_in = found.sign_in if found and shown else None
    profile.factor_changed(web.session(), person, what=what, shown_in=shown_in, now=web.now())
    proofs.write_letter("account.factor", person)


HEARD: dict[Any, Callable[..., None]] = {
    signals.user_authenticated: begin,
    user_logged_out: leave,
    signals.user_registered: registered,
    signals.user_confirmed: confirmed,
    signals.change_email_confirmed: address_changed,
    signals.password_changed: password_changed,
    signals.password_reset: password_changed,
    signals.tf_profile_changed: factor_set,
    signals.tf_disabled: factor_removed,
    signals.wan_registered: passkey_added,
    signals.wan_deleted: passkey_removed,
}

BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Macintosh", "OpenHarmony", "CrOS", "Linux")


def browser_of(agent: str) -> str:
    """A browser's name for people, such as `Firefox, Linux`."""
    name = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((each for each in SYSTEMS if each in agent), "")
    return ", ".join(filter(None, (name, system))) or agent.split("/")[0]
