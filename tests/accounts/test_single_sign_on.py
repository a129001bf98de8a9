"""Single sign-on over HTTP, against an identity provider that somebody else wrote: to it, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from sites import URL, Site
from sso import (
    BACK,
    EMAIL,
    PROVED,
    START,
    at_the_provider,
    behind,
    changed,
    leave,
    people,
    press,
    prove,
    text,
    verbs,
)
from werkzeug.test import TestResponse

from library.db import Database

REFUSED = "This answer belongs to no sign-in that was begun here, or it was used already. Begin again."


@pytest.fixture
def site(sqlite: Database, tmp_path: Path, issuer: str) -> Site:
    return behind(sqlite, tmp_path, issuer)


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


def test_a_provider_that_says_it_is_another_is_not_asked(sqlite: Database, tmp_path: Path, provider: Any) -> None:
    other = f"http://127.0.0.1:{provider.port}"
    site = Site(sqlite, tmp_path, OIDC_ISSUER=other, OIDC_CLIENT_ID="library", OIDC_CLIENT_SECRET="between us")
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
