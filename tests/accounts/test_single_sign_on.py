"""Single sign-on over HTTP, against an identity provider that somebody else wrote (Canaille, by pytest-iam)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import make
import pytest
import requests
from canaille.oidc import provider as canaille
from flask.testing import FlaskClient
from sites import TOKEN, URL, Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.models import ExternalIdentity, Person, SignIn
from library.db import Database
from library.events import Event

START, BACK, PROVED, LINK, UNLINK = (
    f"/account/sso{end}" for end in ("", "/back", "/continue", "/link", "/unlink")
)
REFUSED = "This answer belongs to no sign-in that was begun here, or it was used already. Begin again."
EMAIL = "li.lei@provider.example"


@pytest.fixture
def provider(iam_server: Any) -> Iterator[Any]:
    """The provider, with the library as its client and somebody who has signed in there and agreed."""
    mapping = iam_server.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]
    with iam_server.app.app_context():
        client = iam_server.models.Client(
            client_id="library",
            client_secret="between us",
            client_id_issued_at=datetime.now(UTC),
            client_name="The library",
            client_uri=URL,
            redirect_uris=[URL + BACK],
            token_endpoint_auth_method="client_secret_basic",
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile", "email"],
        )
        iam_server.backend.save(client)
        user = iam_server.models.User(
            user_name="lilei", formatted_name="李雷", family_name="李", emails=[EMAIL], password="correct horse"
        )
        iam_server.backend.save(user)
    mapping["EMAIL_VERIFIED"] = "true"
    iam_server.login(user)
    iam_server.consent(user, client)
    yield iam_server
    iam_server.logout()
    mapping.pop("EMAIL_VERIFIED", None)
    with iam_server.app.app_context():
        for model in (iam_server.models.Consent, iam_server.models.Token, iam_server.models.AuthorizationCode):
            for row in iam_server.backend.query(model):
                iam_server.backend.delete(row)
        iam_server.backend.delete(client)
        iam_server.backend.delete(user)


@pytest.fixture
def issuer(provider: Any) -> str:
    return str(provider.url).rstrip("/")


@pytest.fixture
def site(database: Database, tmp_path: Path, issuer: str) -> Site:
    settings = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "library", "OIDC_CLIENT_SECRET": "between us"}
    return Site(database, tmp_path, **settings, OIDC_NAME="The ministry's door")


def press(client: FlaskClient, address: str, form: str = "", **headers: str) -> TestResponse:
    """Press the button that `address` shows; `form` is where another address shows it."""
    response = client.get(form or address)
    token = TOKEN.search(response.get_data(as_text=True))
    given = {"csrf_token": token[1]} if token else {}
    return client.post(address, data=given, headers=headers)


def leave(client: FlaskClient, **headers: str) -> str:
    """Press "sign in with …"; the address of the provider that the browser is sent to."""
    client.application.config["WTF_CSRF_ENABLED"] = False
    response = client.post(START, headers=headers)
    client.application.config["WTF_CSRF_ENABLED"] = True
    assert response.status_code == 200
    return response.headers["Refresh"].removeprefix("0; url=")


def at_the_provider(address: str) -> str:
    """What the provider answers to somebody who is known there: the way back, without our host."""
    response = requests.get(address, allow_redirects=False, timeout=10)
    assert response.status_code == 302, response.text
    there = response.headers["Location"]
    assert there.startswith(f"{URL}{BACK}?")
    return there.removeprefix(URL)


def prove(client: FlaskClient) -> TestResponse:
    """To the provider and back; the page with the button."""
    answer = client.get(at_the_provider(leave(client)))
    assert (answer.status_code, answer.headers["Location"]) == (303, PROVED)
    return client.get(PROVED)


def prove_by(client: FlaskClient) -> FlaskClient:
    prove(client)
    return client


def changed(address: str, **over: str | None) -> str:
    """`address` with other words in its query; None takes one out."""
    parts = urlsplit(address)
    words = {**dict(parse_qsl(parts.query)), **over}
    return f"{parts.path}?{urlencode({name: word for name, word in words.items() if word is not None})}"


def people(site: Site) -> list[tuple[str, str, bool]]:
    with site.database.reading() as session:
        rows = session.scalars(select(Person).order_by(Person.id))
        return [(row.email, row.name, row.confirmed_at is not None) for row in rows]


def verbs(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(select(Event.verb).order_by(Event.seq)))


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def test_somebody_new_gets_an_account_and_comes_back_to_it(site: Site) -> None:
    client = site.client()
    page = prove(client)
    assert "Continue as 李雷" in text(page)
    assert people(site) == []  # the way back wrote nothing
    entered = press(client, PROVED)
    assert entered.status_code == 303
    assert people(site) == [(EMAIL, "李雷", True)]
    assert verbs(site) == ["person.register", "identity.link", "sign_in.begin"]
    other = site.client()
    assert "Go on with your account." in text(prove(other))
    press(other, PROVED)
    assert people(site) == [(EMAIL, "李雷", True)]
    assert verbs(site)[3:] == ["sign_in.begin"]
    assert client.get("/account/sso").status_code == other.get("/account/sso").status_code == 200


def test_what_is_asked_of_the_provider(site: Site, issuer: str) -> None:
    asked = parse_qs(urlsplit(leave(site.client())).query)
    assert {
        name: values for name, values in asked.items() if name not in ("state", "nonce", "code_challenge")
    } == {
        "response_type": ["code"],
        "client_id": ["library"],
        "redirect_uri": [URL + BACK],
        "scope": ["openid email profile"],
        "code_challenge_method": ["S256"],
    }
    again = parse_qs(urlsplit(leave(site.client())).query)
    for name in ("state", "nonce", "code_challenge"):
        assert again[name] != asked[name]


def test_a_forged_host_leads_nobody_astray(site: Site) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    asked = parse_qs(urlsplit(leave(site.client(), **forged)).query)
    assert asked["redirect_uri"] == [URL + BACK]
    client = site.client()
    back = at_the_provider(leave(client))
    answer = client.get(back, headers={"X-Forwarded-Host": "evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (303, PROVED)


@pytest.mark.parametrize(
    "over",
    [
        {"state": "another"},
        {"state": None},
        {"code": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"error": "server_error"},
    ],
    ids=str,
)
def test_an_answer_that_was_tampered_with_proves_nothing(site: Site, over: dict[str, str | None]) -> None:
    client = site.client()
    proves_nothing(site, client, client.get(changed(at_the_provider(leave(client)), **over)))


def proves_nothing(site: Site, client: FlaskClient, answer: TestResponse) -> None:
    assert (answer.status_code, REFUSED in text(answer)) == (400, True)
    assert client.get(PROVED).status_code == 422
    assert (people(site), verbs(site)) == ([], [])


def test_the_answer_to_another_browser_proves_nothing_here(site: Site) -> None:
    """Neither whole (its state was begun elsewhere) nor its code alone (without the verifier that it needs)."""
    mine, others = site.client(), site.client()
    there = at_the_provider(leave(others))
    proves_nothing(site, mine, mine.get(there))
    state = parse_qs(urlsplit(leave(mine)).query)["state"][0]
    proves_nothing(site, mine, mine.get(changed(there, state=state)))


def test_an_answer_counts_once(site: Site) -> None:
    client = site.client()
    back = at_the_provider(leave(client))
    with client.session_transaction() as cookie:
        before = dict(cookie)
    assert client.get(back).status_code == 303
    client.delete_cookie("session")
    proves_nothing(site, client, client.get(back))
    with client.session_transaction() as cookie:
        cookie.update(before)  # as a stolen or restored cookie would have it: the provider refuses the code
    proves_nothing(site, client, client.get(back))


def test_a_token_with_another_nonce_proves_nothing(site: Site) -> None:
    client = site.client()
    back = at_the_provider(leave(client))
    state = dict(parse_qsl(urlsplit(back).query))["state"]
    with client.session_transaction() as cookie:
        kept = cookie[f"_state_provider_{state}"]
        cookie[f"_state_provider_{state}"] = {**kept, "data": {**kept["data"], "nonce": "another"}}
    proves_nothing(site, client, client.get(back))


def test_a_second_attempt_ends_the_first(site: Site) -> None:
    client = site.client()
    first = leave(client)
    second = leave(client)
    assert client.get(at_the_provider(second)).status_code == 303
    assert client.get(at_the_provider(first)).status_code == 400


def test_whoever_declines_there_is_told_so(site: Site) -> None:
    client = site.client()
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(f"{BACK}?error=access_denied&state={state}")
    assert (answer.status_code, "You were not signed in: it was declined there." in text(answer)) == (400, True)


def test_a_provider_that_says_it_is_another_is_not_asked(
    database: Database, tmp_path: Path, provider: Any
) -> None:
    other = f"http://127.0.0.1:{provider.port}"
    site = Site(database, tmp_path, OIDC_ISSUER=other, OIDC_CLIENT_ID="library", OIDC_CLIENT_SECRET="between us")
    site.app.config["WTF_CSRF_ENABLED"] = False
    answer = site.client().post(START)
    assert (answer.status_code, "does not answer properly" in text(answer)) == (503, True)


def test_a_provider_that_cannot_be_reached_is_said_to_be_so(sqlite: Database, tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    site = Site(sqlite, tmp_path, OIDC_ISSUER=nobody, OIDC_CLIENT_ID="library", OIDC_CLIENT_SECRET="between us")
    site.app.config["WTF_CSRF_ENABLED"] = False
    assert site.client().post(START).status_code == 503


def test_without_a_provider_there_is_no_single_sign_on(sqlite: Database, tmp_path: Path) -> None:
    site = Site(sqlite, tmp_path)
    site.app.config["WTF_CSRF_ENABLED"] = False
    assert site.client().post(START).status_code == 404
    assert site.client().get(BACK + "?code=a&state=b").status_code == 404


def test_what_was_proved_is_good_for_ten_minutes(site: Site) -> None:
    client = site.client()
    prove(client)
    with client.session_transaction() as cookie:
        cookie["sso_proof"] = {**cookie["sso_proof"], "at": cookie["sso_proof"]["at"] - 601}
    answer = client.get(PROVED)
    assert (answer.status_code, "This took too long" in text(answer)) == (422, True)


def test_a_button_is_needed_and_no_other_site_presses_it(site: Site) -> None:
    client = site.client()
    prove(client)
    assert client.post(PROVED).status_code == 400  # without the token of the form
    assert people(site) == []


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_leads_to_no_account_that_is_there(site: Site, provider: Any, verified: bool) -> None:
    mapping = provider.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]
    mapping["EMAIL_VERIFIED"] = "true" if verified else ""
    with site.database.unit() as session:
        make.person(session, email=EMAIL, name="韩梅梅")
    client = site.client()
    prove(client)
    answer = press(client, PROVED)
    assert (answer.status_code, f"There is an account with the address {EMAIL} already." in text(answer)) == (
        409,
        True,
    )
    with site.database.reading() as session:
        assert (session.scalars(select(ExternalIdentity)).all(), session.scalars(select(SignIn)).all()) == ([], [])


def linked(site: Site) -> list[tuple[str, str]]:
    """Each identity's subject, and whose it is."""
    with site.database.reading() as session:
        rows = select(ExternalIdentity.subject, Person.email).join(Person, Person.id == ExternalIdentity.person_id)
        return [(subject, email) for subject, email in session.execute(rows)]


def account(site: Site, email: str, **over: Any) -> FlaskClient:
    with site.database.unit() as session:
        make.person(session, email=email, **over)
    return site.signed_in(email)


def test_whoever_is_signed_in_links_and_unlinks(site: Site) -> None:
    mine = account(site, EMAIL, password="kept as a hash")
    assert "Link 李雷 to my account" in text(prove(mine))
    assert (press(mine, LINK, PROVED).status_code, linked(site)) == (303, [("lilei", EMAIL)])
    assert "linked to your account already" in text(prove(mine))
    elsewhere = site.client()
    prove(elsewhere)
    press(elsewhere, PROVED)
    assert "lilei" in text(elsewhere.get(START))
    given = {"issuer": site.config.oidc_issuer, "subject": "lilei", "csrf_token": token(mine, START)}
    assert (mine.post(UNLINK, data=given).status_code, linked(site)) == (303, [])
    assert mine.post(UNLINK, data=given).status_code == 404
    assert [verb for verb in verbs(site) if "link" in verb] == ["identity.link", "identity.unlink"]


def test_the_identity_of_another_is_not_taken(site: Site) -> None:
    press(prove_by(site.client()), PROVED)
    other = account(site, "other@people.example")
    assert "This identity belongs to another account." in text(prove(other))
    assert (press(other, LINK, START).status_code, linked(site)) == (409, [("lilei", EMAIL)])


def test_the_last_way_in_is_not_unlinked(site: Site) -> None:
    mine = prove_by(site.client())
    press(mine, PROVED)
    given = {"issuer": site.config.oidc_issuer, "subject": "lilei", "csrf_token": token(mine, START)}
    answer = mine.post(UNLINK, data=given)
    assert (answer.status_code, "set a password first" in text(answer)) == (409, True)
    other = account(site, "other@people.example")
    given["csrf_token"] = token(other, START)
    assert (other.post(UNLINK, data=given).status_code, linked(site)) == (404, [("lilei", EMAIL)])


def test_a_closed_account_stays_closed(site: Site) -> None:
    press(prove_by(site.client()), PROVED)
    with site.database.unit() as session:
        session.scalars(select(Person)).one().active = False
    client = prove_by(site.client())
    answer = press(client, PROVED)
    assert (answer.status_code, "This account is closed." in text(answer)) == (403, True)


def test_an_address_that_nobody_vouches_for_is_confirmed_by_letter(site: Site, provider: Any) -> None:
    provider.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = ""
    client = prove_by(site.client())
    answer = press(client, PROVED)
    assert (answer.status_code, f"A letter is on its way to {EMAIL}." in text(answer)) == (200, True)
    assert (people(site), verbs(site)) == ([(EMAIL, "李雷", False)], ["person.register", "identity.link"])
    site.work()
    (letter,) = site.letters()
    assert letter["To"] == EMAIL
    assert client.get(START).status_code == 303  # not signed in
    provider.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = "true"
    press(prove_by(client), PROVED)
    assert people(site) == [(EMAIL, "李雷", True)]
    assert client.get(START).status_code == 200


@pytest.mark.parametrize(
    ("methods", "shown"), [(["password"], False), (["password", "otp"], True), (["fido2"], True)]
)
def test_a_second_factor_there_counts_here(
    site: Site, monkeypatch: pytest.MonkeyPatch, methods: list[str], shown: bool
) -> None:
    named = canaille.compute_amr_values(methods)
    monkeypatch.setattr(canaille, "compute_amr_values", lambda _: named)
    press(prove_by(site.client()), PROVED)
    with site.database.reading() as session:
        assert session.scalars(select(SignIn)).one().second_factor is shown


def test_what_somebody_set_up_here_is_asked_for_here(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = account(site, EMAIL, tf_primary_method="authenticator", tf_totp_secret="set up")
    press(prove_by(mine), LINK, PROVED)
    client = prove_by(site.client())
    answer = press(client, PROVED)
    assert (answer.status_code, "/account/sign-in/code" in answer.headers["Location"]) == (303, True)
    assert client.get(START).status_code == 303  # not signed in yet
    monkeypatch.setattr(canaille, "compute_amr_values", lambda _: ["pwd", "otp", "mfa"])
    client = prove_by(site.client())
    press(client, PROVED)
    assert client.get(START).status_code == 200
