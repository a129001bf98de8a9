"""Single sign-on by OpenID Connect: to the provider and back, then a page on which somebody says "continue".

The way back is a GET and writes nothing: it checks the provider's answer and keeps what that proves in the signed
cookie of this browser for a few minutes. What changes an account is a POST from our own page (decision 12).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, Response, current_app, make_response, redirect, request, url_for
from flask import session as cookie
from flask_security.confirmable import send_confirmation_instructions
from joserfc.errors import JoseError
from werkzeug.wrappers import Response as Answer

from .. import db, web
from ..config import Config
from ..errors import Invalid, Missing, Problem, Text, Unavailable
from ..web import door
from . import identities, identity, people
from .entrance import require_factor
from .identities import Proof

bp = Blueprint("single_sign_on", __name__, url_prefix="/account/sso")
log = structlog.get_logger("single sign-on")

NAME = "provider"
PROOF = "sso_proof"  # where the cookie keeps what was proved
GOOD_FOR = dt.timedelta(minutes=10)
TIMEOUT = 10
# Signed with a key that only the provider has: never with the client's secret, never not at all.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


def init_app(app: Flask, config: Config) -> None:
    """Know the provider, if there is one. It is asked for its addresses and keys when first needed."""
    if config.oidc_issuer:
        app.context_processor(lambda: {"provider": config.oidc_name})
        app.extensions["provider"] = OAuth(app).register(
            NAME,
            client_id=config.oidc_client_id,
            client_secret=config.oidc_client_secret,
            server_metadata_url=config.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT,
            },
        )


@bp.get("")
@door("identity.link")
def index() -> str:
    """The identities that a person signs in with."""
    linked = identities.of(web.session(), web.actor())
    return web.render("accounts/identities.html", linked=linked)


@bp.post("")
@door("identity.prove")
def begin() -> Response:
    """Off to the provider. By a Refresh header: browsers hold redirects of a form to its `form-action`."""
    provider = _provider()
    for name in [name for name in cookie if name.startswith(f"_state_{NAME}_")]:
        del cookie[name]  # one attempt at a time: a cookie holds 4 KB
    back = _config().url + url_for(".back")
    try:
        there = provider.create_authorization_url(back)
    except OSError as error:
        raise _silent(error) from error
    provider.save_authorize_data(redirect_uri=back, **there)
    response = make_response(web.render("accounts/sso_begin.html", url=there["url"]))
    response.headers["Refresh"] = f"0; url={there['url']}"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/back")
@door("identity.prove")
def back() -> Answer:
    """The provider's answer: checked, and kept until somebody says what to do with it."""
    cookie[PROOF] = _proved().kept
    return redirect(url_for(".proved"), 303)


@bp.get("/continue")
@door("identity.prove")
def proved() -> str:
    """Who it is, and a button."""
    proof, actor = _kept(), web.actor()
    return web.render(
        "accounts/sso_continue.html",
        proof=proof,
        known=identities.person_of(web.session(), proof),
        person=actor.person,
    )


@bp.post("/continue")
@door("identity.prove")
def enter() -> Answer | str:
    """Sign in with what was proved; whoever is not known yet gets an account."""
    session, proof = web.session(), _kept()
    del cookie[PROOF]
    with db.unit(session):
        person = identities.arrive(session, proof, lang=web.language(), now=web.now())
        if person.confirmed_at is None:
            send_confirmation_instructions(person)
            return web.render("accounts/sso_confirm.html", email=person.email)
        if person.tf_primary_method and not proof.second_factor:
            # What the person has set up here is asked for here, unless the provider has seen one.
            plugins = current_app.extensions["security"].two_factor_plugins
            asked: Answer = plugins.tf_enter(person, False, primary_authn_via="single sign-on", next_loc=None)
            asked.status_code = 303
            return asked
        organisation = people.usual_organisation(session, person)
        identity.enter(person, second_factor=proof.second_factor, organisation=organisation)
    return redirect(url_for("account.index"), 303)


@bp.post("/link")
@door("identity.link")
def link() -> Answer:
    """From now on the person who is signed in here may come in with what was proved."""
    require_factor()
    session, proof = web.session(), _kept()
    with db.unit(session):
        identities.link(session, web.actor(), proof, now=web.now())
    del cookie[PROOF]
    return redirect(url_for(".index"), 303)


@bp.post("/unlink")
@door("identity.link")
def unlink() -> Answer:
    require_factor()
    given = {name: request.form.get(name, "") for name in ("issuer", "subject")}
    with db.unit(web.session()):
        identities.unlink(web.session(), web.actor(), **given, now=web.now())
    return redirect(url_for(".index"), 303)


def _proved() -> Proof:
    """What the provider's answer proves. Raises Problem; why exactly is for the log, not for whoever sent it."""
    provider, issuer = _provider(), _config().oidc_issuer
    if request.args.get("error") == "access_denied":
        raise Problem(Text("You were not signed in: it was declined there."))
    try:
        required = provider.load_server_metadata().get("authorization_response_iss_parameter_supported")
        if request.args.get("iss", "" if required else issuer) != issuer:
            raise ValueError("the answer of another provider")
        token = provider.authorize_access_token(claims_options={"iss": {"essential": True, "value": issuer}})
        claims = dict(token["userinfo"])
        if "email" not in claims:
            more = provider.userinfo(token=token)
            if more.get("sub") != claims["sub"]:
                raise ValueError("somebody else at the userinfo endpoint")
            claims = {**more, **claims}
        return Proof.of(claims, issuer=issuer, now=web.now())
    except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
        log.warning("an answer was refused", error=type(error).__name__, detail=str(error)[:200])
        raise Problem(
            Text("This answer belongs to no sign-in that was begun here, or it was used already. Begin again.")
        ) from error
    except OSError as error:
        raise _silent(error) from error


def _provider() -> FlaskOAuth2App:
    """The provider, once it has said who it is. Raises Missing without one, Unavailable when it is another."""
    found = current_app.extensions.get("provider")
    if found is None:
        raise Missing(Text("Single sign-on is not set up here."))
    try:
        metadata: dict[str, Any] = found.load_server_metadata()
    except OSError as error:
        raise _silent(error) from error
    if metadata.get("issuer") != _config().oidc_issuer:
        log.error("the provider is not the issuer that is set", issuer=str(metadata.get("issuer"))[:200])
        found.server_metadata.clear()
        raise _silent(None)
    metadata["id_token_signing_alg_values_supported"] = ALGORITHMS
    return found


def _silent(error: OSError | None) -> Unavailable:
    if error is not None:
        log.error("the provider does not answer", error=type(error).__name__)
    return Unavailable(Text("The sign-in service does not answer properly at the moment; try again later."))


def _kept() -> Proof:
    """What was proved in this browser, a moment ago. Raises Invalid."""
    kept = cookie.get(PROOF)
    if kept is None or web.now().timestamp() - kept["at"] > GOOD_FOR.total_seconds():
        raise Invalid(Text("This took too long, or was finished already. Begin again."))
    return Proof(**kept)


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found
