"""Signing in and out through the real application: where it leads, the word in the cookie, limits, costs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import make
import pytest
from flask.testing import FlaskClient
from signing import ANNA, PASSWORD, account, letters, link, person, post, sign_in, signed_in, verbs
from sites import Site, token
from sqlalchemy import select

from library.accounts.models import SignIn
from library.db import Database


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def test_from_registering_to_signing_out(site: Site) -> None:
    client = signed_in(site)
    page = client.get("/account")
    assert (page.status_code, "anna@people.example" in page.text) == (200, True)
    assert post(client, "/account/sign-out", "/account").status_code == 303
    assert client.get("/account").status_code == 303
    assert verbs(site) == ["person.register", "person.confirm", "sign_in.begin", "sign_in.end"]


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example"]
)
def test_signing_in_leads_nowhere_else(site: Site, next_page: str) -> None:
    client = account(site)
    answer = sign_in(client, next=next_page)
    there = answer.location or ""
    assert "\\" not in there
    assert urlsplit(urljoin("http://localhost/account/sign-in", there)).netloc == "localhost"


def test_signing_in_leads_to_the_page_one_came_for(site: Site) -> None:
    client = account(site)
    there = client.get("/account/password").location
    assert there == "/account/sign-in?next=/account/password"
    given = {"email": ANNA["email"], "password": PASSWORD, "next": "/account/password"}
    assert post(client, there, **given).location == "/account/password"


@pytest.mark.parametrize("address", ["/account/sign-in", "/account/register", "/account/recover"])
def test_a_form_from_elsewhere_is_refused(site: Site, address: str) -> None:
    account(site)
    answer = site.client().post(address, data=ANNA)
    assert (answer.status_code, "came from elsewhere" in answer.text) == (400, True)


def test_json_is_no_way_around_the_forms(site: Site) -> None:
    client = account(site)
    headers = {"X-CSRFToken": token(client, "/account/sign-in")}
    for body in ({"email": ANNA["email"], "password": PASSWORD}, [1], {"email": 1, "password": {}}):
        assert client.post("/account/sign-in", json=body, headers=headers).status_code == 415


# The word in the cookie


def word_of(client: FlaskClient) -> str:
    with client.session_transaction() as cookie:
        return str(cookie["sign_in"])


def test_a_new_word_at_sign_in_and_only_its_digest_is_kept(site: Site) -> None:
    client = account(site)
    with client.session_transaction() as cookie:
        cookie["sign_in"] = "a word that somebody planted"
    before = token(client, "/account/sign-in")
    sign_in(client)
    word = word_of(client)
    assert word != "a word that somebody planted"
    assert token(client, "/account") != before
    with site.database.reading() as session:
        [kept] = session.scalars(select(SignIn))
        assert word not in kept.digest


def test_a_replayed_form_of_before_signing_out_is_refused(site: Site) -> None:
    client = signed_in(site)
    form = {"csrf_token": token(client, "/account"), "name": "Other", "lang": "en"}
    copied = site.client()
    with client.session_transaction() as cookie, copied.session_transaction() as copy:
        copy.update(cookie)
    post(client, "/account/sign-out", "/account")
    assert copied.post("/account/profile", data=form).status_code == 403
    assert person(site).name == "Anna"


def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    client = account(site)
    answer = sign_in(client)
    [cookie] = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("session=")]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_changing_the_password_ends_the_other_sign_ins_and_keeps_this_one(site: Site) -> None:
    client, other = signed_in(site), site.client()
    sign_in(other)
    before, new = word_of(client), "another sentence to remember"
    given = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    assert post(client, "/account/password", **given).status_code == 303
    assert (client.get("/account").status_code, other.get("/account").status_code) == (200, 303)
    assert word_of(client) != before
    assert "person.password" in verbs(site)


def test_another_address_counts_once_it_is_confirmed(site: Site) -> None:
    client = signed_in(site)
    post(client, "/account/address", email="new@people.example")
    address = link(site, "account.address")
    assert letters(site, "account.address")[-1].address == "new@people.example"
    assert client.get(address).status_code == 200
    assert person(site).email == ANNA["email"]
    post(client, address)
    assert person(site, "new@people.example").name == "Anna"
    assert letters(site, "account.moved")[-1].address == ANNA["email"]


def test_another_browser_is_told_by_letter_and_the_first_is_not(site: Site) -> None:
    client = signed_in(site)
    assert letters(site, "account.browser") == []
    client.environ_base["HTTP_USER_AGENT"] = (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    )
    post(client, "/account/sign-out", "/account")
    sign_in(client)
    [letter] = letters(site, "account.browser")
    assert letter.title == "A new sign-in from Firefox, Linux"


# Limits


def test_guessing_at_one_account_is_stopped_in_words(site: Site) -> None:
    client = account(site)
    form = {"csrf_token": token(client, "/account/sign-in"), "email": ANNA["email"], "password": "wrong"}
    told = [client.post("/account/sign-in", data=form).status_code for _ in range(11)]
    assert told == [422] * 10 + [429]
    right = client.post("/account/sign-in", data=form | {"password": PASSWORD})
    assert (right.status_code, "Too many requests" in right.text) == (429, True)
    other = client.post("/account/sign-in", data=form | {"email": "other@people.example"})
    assert other.status_code == 422


def test_letters_to_one_address_are_limited(site: Site) -> None:
    client = account(site)
    form = {"csrf_token": token(client, "/account/recover"), "email": ANNA["email"]}
    told = [client.post("/account/recover", data=form).status_code for _ in range(6)]
    assert told == [303] * 5 + [429]
    assert len(letters(site, "account.recover")) == 5


# What a request costs


def test_a_visitor_costs_no_statement_and_a_person_two(site: Site, statements: list[str]) -> None:
    with site.database.unit() as session:
        make.person(session, email="anna@people.example")
    client = site.signed_in("anna@people.example")
    for browser, most in ((site.client(), 0), (client, 2)):
        browser.get("/about")
        statements.clear()
        assert browser.get("/about").status_code == 200
        assert len([each for each in statements if each.startswith("SELECT")]) == most


def test_a_cookie_counts_for_nothing_under_the_api(site: Site) -> None:
    with site.database.unit() as session:
        make.person(session, email="anna@people.example", roles=("officer",))
    hidden = site.add(state="archived")
    client = site.signed_in("anna@people.example")
    assert client.get(f"/cases/{hidden}").status_code == 200
    assert client.get(f"/api/v1/cases/{hidden}").status_code == 410
