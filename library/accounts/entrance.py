"""The addresses under /account/ that the accounts library answers: each with its rule, its unit and its limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    make_response,
    redirect,
    request,
    url_for,
)
from flask import session as cookie
from flask_limiter import Limiter
from flask_login import current_user
from flask_security import change_email, recovery_codes, views, webauthn
from marshmallow import ValidationError

from .. import db, web
from ..errors import Forbidden, Text
from . import profile
from .proofs import WrongCode
from .schemas import Address

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")


def link_page(**_: Any) -> str:
    """A link of a letter is opened by scanners too: it shows a button, and the button acts."""
    return web.render("accounts/account_link.html")


def confirm_email(token: str) -> Any:
    """An address is confirmed; after signing in one goes on where one was going."""
    answer: Any = views.confirm_email(token)
    onward = request.args.get("next")
    if onward and answer.location == url_for("security.login"):
        return redirect(url_for("security.login", next=onward))
    return answer


def finish_second_factor(token: str) -> Any:
    """The first code of an app that was set up. A wrong one keeps the key: the app has it already."""
    try:
        return views.two_factor_setup_validate(token)
    except WrongCode as wrong:
        security = current_app.extensions["security"]
        key = security.totp_factory.fetch_setup_values(wrong.form.tf_totp_secret, current_user)
        return security.render_template(
            "accounts/second_factor.html",
            two_factor_verify_code_form=wrong.form,
            chosen_method=wrong.form.primary_method,
            state_token=token,
            authr_key=key["key"],
            authr_qrcode=key["image"],
        )


def sign_in_help() -> str:
    """What to do without one's device."""
    return web.render("accounts/sign_in_help.html")


# Address, endpoint (the accounts library builds links by it), methods, view, rule.
ROUTES = (
    ("sign-in", "login", BOTH, views.login, "account.enter"),
    ("sign-in/code", "two_factor_token_validation", BOTH, views.two_factor_token_validation, "account.enter"),
    ("sign-in/recovery-code", "mf_recovery", BOTH, recovery_codes.mf_recovery, "account.enter"),
    ("sign-in/help", "two_factor_rescue", GET, sign_in_help, "account.enter"),
    ("sign-in/passkey", "wan_signin", BOTH, webauthn.webauthn_signin, "account.enter"),
    ("sign-in/passkey/<token>", "wan_signin_response", POST, webauthn.webauthn_signin_response, "account.enter"),
    ("sign-out", "logout", POST, views.logout, "account.enter"),
    ("register", "register", BOTH, views.register, "account.enter"),
    ("confirm", "send_confirmation", BOTH, views.send_confirmation, "account.enter"),
    ("confirm/<token>", "confirm_email", GET, link_page, "account.enter"),
    ("confirm/<token>", "confirm_email_now", POST, confirm_email, "account.enter"),
    ("recover", "forgot_password", BOTH, views.forgot_password, "account.enter"),
    ("recover/<token>", "reset_password", BOTH, views.reset_password, "account.enter"),
    ("verify", "verify", BOTH, views.verify, "account.own"),
    ("verify/passkey", "wan_verify", BOTH, webauthn.webauthn_verify, "account.own"),
    ("verify/passkey/<token>", "wan_verify_response", POST, webauthn.webauthn_verify_response, "account.own"),
    ("password", "change_password", BOTH, views.change_password, "account.own"),
    ("address", "change_email", BOTH, change_email.change_email, "account.own"),
    ("address/<token>", "change_email_confirm", GET, link_page, "account.enter"),
    ("address/<token>", "change_email_now", POST, change_email.change_email_confirm, "account.enter"),
    ("second-factor", "two_factor_setup", BOTH, views.two_factor_setup, "account.own"),
    ("second-factor/<token>", "two_factor_setup_validate", POST, finish_second_factor, "account.own"),
    ("recovery-codes", "mf_recovery_codes", BOTH, recovery_codes.mf_recovery_codes, "account.own"),
    ("passkeys", "wan_register", BOTH, webauthn.webauthn_register, "account.own"),
    ("passkeys/<token>", "wan_register_response", POST, webauthn.webauthn_register_response, "account.own"),
    ("passkeys/remove", "wan_delete", POST, webauthn.webauthn_delete, "account.own"),
)
# Pages that show their answer under the form; a page that was sent is shown anew instead.
SHOWN_ANEW = {"forgot_password", "send_confirmation", "change_email"}
# A passkey is bound to a host: the configured one, whatever the request calls it.
BOUND = {"wan_signin_response", "wan_verify_response", "wan_register_response"}
# Whoever has a second factor must have shown it in this browser to change one of these.
PROVEN = {
    *("change_email", "two_factor_setup", "two_factor_setup_validate", "mf_recovery_codes"),
    *("wan_register", "wan_register_response", "wan_delete"),
}


def _address() -> str:
    """The network address; of IPv6 the network, which one household has to itself."""
    address = ipaddress.ip_address(request.remote_addr or "127.0.0.1")
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _account() -> str:
    """The address as it will be looked up: there are many spellings of one."""
    given = request.form.get("email", "")
    try:
        return str(Address().deserialize(given))
    except ValidationError:
        return given.strip().lower()


def _half_way() -> str:
    """Who has given a password and owes the second factor."""
    return str(cookie.get("tf_user_id", ""))


def _own() -> str:
    return str(getattr(current_user, "id", ""))


# Posts an endpoint takes: of these, those of the first kind count only when they were refused.
GUESSES = {
    "login": (("100 per hour", _address), ("10 per 15 minutes", _account)),
    "two_factor_token_validation": (("100 per hour", _address), ("10 per 15 minutes", _half_way)),
    "mf_recovery": (("100 per hour", _address), ("10 per 15 minutes", _half_way)),
    "wan_signin_response": (("100 per hour", _address),),
    "verify": (("10 per 15 minutes", _own),),
    "change_password": (("10 per 15 minutes", _own),),
    "reset_password": (("100 per hour", _address),),
}
REQUESTS = {
    "register": (("30 per hour", _address), ("5 per hour", _account)),
    "forgot_password": (("30 per hour", _address), ("5 per hour", _account)),
    "send_confirmation": (("30 per hour", _address), ("5 per hour", _account)),
    "change_email": (("5 per hour", _own),),
}


def blueprint(app: Flask) -> Blueprint:
    """`security`: the name under which the accounts library looks for its endpoints."""
    limiter = Limiter(_address, app=app, storage_uri="memory://")
    bp = Blueprint("security", __name__, url_prefix="/account")
    for address, endpoint, methods, view, rule in ROUTES:
        inside: Callable[..., Any] = _inside(view, endpoint)
        for limit, key in REQUESTS.get(endpoint, ()):
            inside = limiter.limit(limit, key_func=key, methods=["POST"])(inside)
        for limit, key in GUESSES.get(endpoint, ()):
            inside = limiter.limit(limit, key_func=key, methods=["POST"], deduct_when=_refused)(inside)
        bp.add_url_rule(f"/{address}", endpoint, web.door(rule)(inside), methods=methods)
    return bp


def _refused(response: Response) -> bool:
    return response.status_code == 422


def _inside(view: Callable[..., Any], endpoint: str) -> Callable[..., Response]:
    """A view of the accounts library as one of ours."""

    @wraps(view)
    def answer(**given: Any) -> Response:
        if request.is_json:
            abort(415)
        if endpoint in BOUND:
            request.host = urlsplit(current_app.extensions["config"].url).netloc
        if endpoint in PROVEN:
            require_factor()
        if endpoint == "two_factor_token_validation" and _recognised():
            # Nothing is half done here; the library would sign the browser out, by a GET too.
            return make_response(redirect(url_for("account.index"), 303))
        if request.method in web.SAFE_METHODS:
            response = make_response(view(**given))
        else:
            with db.unit(web.session()):
                response = make_response(view(**given))
            if g.get("refused"):
                response.status_code = 422
            elif endpoint in SHOWN_ANEW:
                for said in get_flashed_messages(with_categories=True):
                    flash(said[1], said[0])  # it was said on a page that nobody sees
                response = make_response(redirect(url_for(f"security.{endpoint}")))
        response = _lead(response)
        if response.status_code == 302:
            response.status_code = 303
        response.headers["Cache-Control"] = "no-store"
        return response

    answer.__name__ = endpoint
    return answer


def _recognised() -> Any:
    """Whom identity.py knows this browser to be, which it looks up when somebody asks who acts."""
    web.actor()
    return g.get("recognised")


def require_factor() -> None:
    """Whoever has a second factor must have shown it in this browser. Raises Forbidden."""
    found = _recognised()
    if found and profile.has_factor(found.person) and not found.sign_in.second_factor:
        raise Forbidden(
            Text(
                "Only a browser that was signed in with your second factor may change this. Sign in again with it."
            )
        )


def _lead(response: Response) -> Response:
    """Whose roles rest without a second factor is led to set one up."""
    found = _recognised()
    if g.pop("begun", False) and found and found.person.roles and not profile.has_factor(found.person):
        return make_response(redirect(url_for("security.two_factor_setup")))
    return response
