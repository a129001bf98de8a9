"""Whose an identity of single sign-on is: accounts made, linked, confirmed, kept apart."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import make
import pytest
from canaille.oidc import provider as canaille
from sites import Site, token
from sqlalchemy import select
from sso import (
    DOOR,
    EMAIL,
    LINK,
    PROVED,
    START,
    UNLINK,
    account,
    behind,
    linked,
    people,
    press,
    prove,
    prove_by,
    text,
    verbs,
)

from library.accounts.models import ExternalIdentity, Person, SignIn
from library.db import Database


@pytest.fixture
def site(database: Database, tmp_path: Path, issuer: str) -> Site:
    return behind(database, tmp_path, issuer)


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
    page = html.unescape(text(answer))
    said = f"Your account came from {DOOR}, which does not vouch for the address {EMAIL}."
    assert (answer.status_code, said in page, f"then sign in with {DOOR} again" in page) == (200, True, True)
    assert (people(site), verbs(site)) == ([(EMAIL, "李雷", False)], ["person.register", "identity.link"])
    site.work()
    (letter,) = site.letters()
    words = letter.get_content()
    assert (letter["To"], f"came from {DOOR}" in words, "registered" in words) == (EMAIL, True, False)
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
