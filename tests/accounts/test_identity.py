"""Registering, signing in and out, recovering, through the real application."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import make
import pytest
from flask.testing import FlaskClient
from signing import ANNA, LINK, PASSWORD, account, letters, link, person, post, sign_in, signed_in, verbs
from sites import TOKEN, Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.models import SignIn
from library.db import Database
from library.deliveries import Delivery


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


# A first account


def test_from_registering_to_signing_out(site: Site) -> None:
    client = signed_in(site)
    page = client.get("/account")
    assert (page.status_code, "anna@people.example" in page.text) == (200, True)
    assert post(client, "/account/sign-out", "/account").status_code == 303
    assert client.get("/account").status_code == 303
    assert verbs(site) == ["person.register", "person.confirm", "sign_in.begin", "sign_in.end"]


def test_nothing_is_sent_inside_a_request(site: Site) -> None:
    post(site.client(), "/account/register", **ANNA)
    [letter] = letters(site, "account.confirm")
    assert (letter.private, letter.state, letter.address, letter.lang) == (True, "queued", ANNA["email"], "en")
    with site.database.reading() as session:
        [delivery] = session.scalars(select(Delivery))
        assert (delivery.kind, delivery.payload, delivery.done_at) == ("post", {"letter": letter.id}, None)


def test_a_link_writes_nothing_until_its_button_is_pressed(site: Site) -> None:
    client = site.client()
    post(client, "/account/register", **ANNA)
    address = link(site, "account.confirm")
    assert [client.get(address).status_code, client.head(address).status_code] == [200, 200]
    assert person(site).confirmed_at is None
    post(client, address)
    assert person(site).confirmed_at is not None


def test_an_unconfirmed_account_cannot_sign_in(site: Site) -> None:
    client = site.client()
    post(client, "/account/register", **ANNA)
    answer = sign_in(client)
    assert answer.status_code == 422
    assert client.get("/account").status_code == 303


def test_addresses_are_the_same_in_capitals(site: Site) -> None:
    client = account(site, email="Anna@People.Example")
    assert person(site).email == "anna@people.example"
    answer = sign_in(client, "ANNA@people.example")
    assert answer.status_code == 303


# Nobody learns who has an account


def visible(client: FlaskClient, answer: TestResponse, *mine: str) -> tuple[int, str | None, str]:
    """What somebody sees of an answer, without the tokens and without what he typed himself."""
    page = answer.text if answer.status_code != 303 else client.get(answer.location).text
    for word in mine:
        page = page.replace(word, "…")
    return answer.status_code, answer.location, re.sub(r'value="[^"]{40,}"', "", page)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/account/register", ANNA),
        ("/account/sign-in", {"email": ANNA["email"], "password": "not the right password"}),
        ("/account/recover", {"email": ANNA["email"]}),
        ("/account/confirm", {"email": ANNA["email"]}),
    ],
)
def test_an_answer_does_not_tell_whether_there_is_an_account(
    site: Site, address: str, form: dict[str, str]
) -> None:
    account(site)
    told = []
    for email in (ANNA["email"], "nobody@people.example"):
        client = site.client()
        told.append(visible(client, post(client, address, **form | {"email": email}), email))
    assert told[0] == told[1]


def test_whoever_registers_twice_gets_a_letter_of_another_kind(site: Site) -> None:
    client = account(site)
    post(client, "/account/register", **ANNA | {"password": PASSWORD + "!", "password_confirm": PASSWORD + "!"})
    assert len(letters(site, "account.known")) == 1
    assert sign_in(client).status_code == 303


# Recovery


def test_a_new_password_by_letter_ends_every_sign_in(site: Site) -> None:
    old = signed_in(site)
    client = site.client()
    post(client, "/account/recover", email=ANNA["email"])
    address = link(site, "account.recover")
    new = "another sentence to remember"
    assert post(client, address, password=new, password_confirm=new).status_code == 303
    assert old.get("/account").status_code == 303
    assert sign_in(client).status_code == 422
    assert sign_in(client, password=new).status_code == 303
    assert len(letters(site, "account.password")) == 1


def test_a_link_is_good_once(site: Site) -> None:
    client = account(site)
    post(client, "/account/recover", email=ANNA["email"])
    address = link(site, "account.recover")
    new = "another sentence to remember"
    form = {"csrf_token": token(client, address), "password": new, "password_confirm": new}
    assert client.post(address, data=form).location == "/account/sign-in"
    before = person(site).password
    again = client.post(address, data=form | {"password": PASSWORD, "password_confirm": PASSWORD})
    assert again.location == "/account/recover"
    assert "was used before" in client.get(again.location).text
    assert person(site).password == before


def test_a_link_is_good_for_two_hours(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = account(site)
    post(client, "/account/recover", email=ANNA["email"])
    address = link(site, "account.recover")
    assert client.get(address).status_code == 200
    later = time.time() + 2 * 3600 + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(address).location == "/account/recover"


def test_a_letter_leads_to_the_library_whatever_the_host_header_says(site: Site) -> None:
    account(site)
    client = site.client()
    there = {"base_url": "https://evil.example", "headers": {"Referer": "https://evil.example/"}}
    found = TOKEN.search(client.get("/account/recover", **there).text)
    assert found is not None
    form = {"csrf_token": found[1], "email": ANNA["email"]}
    assert client.post("/account/recover", data=form, **there).status_code == 303
    text = letters(site, "account.recover")[-1].text or ""
    assert "evil" not in text
    assert LINK.search(text)


# Bad input


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"password": "too short", "password_confirm": "too short"}, "A password has at least 12"),
        ({"password": "a" * 12, "password_confirm": "a" * 12}, "easily guessed"),
        ({"password": "x1y2" * 251, "password_confirm": "x1y2" * 251}, "at most 1,000 characters"),
        ({"password": ANNA["email"], "password_confirm": ANNA["email"]}, "easily guessed"),
        ({"password_confirm": PASSWORD + "?"}, "not the same"),
        ({"email": "anna"}, "not an e-mail address"),
        ({"email": "anna@people.example\0"}, "not an e-mail address"),
        ({"email": ""}, "Write an e-mail address."),
        ({"name": ""}, "A name has 1 to 100 characters."),
        ({"name": "Аnna"}, "Mixes letters of different scripts"),  # a Cyrillic А
        ({"name": "Anna\u202e"}, "cannot be seen"),
        ({"name": "Anna\0"}, "control character"),
        ({"name": "A" * 101}, "A name has 1 to 100 characters."),
    ],
)
def test_what_registering_refuses(site: Site, over: dict[str, str], said: str) -> None:
    answer = post(site.client(), "/account/register", **ANNA | over)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert letters(site, "account.confirm") == []


def test_a_long_password_in_any_script_and_spelling(site: Site) -> None:
    whole = "密码可以是一整句话，长一些更好。é" * 20
    client = account(site, password=whole, password_confirm=whole)
    spelt = whole.replace("é", "e\u0301")
    assert sign_in(client, password=spelt).status_code == 303


def test_a_name_is_no_markup(site: Site) -> None:
    client = signed_in(site, name="<b>Anna</b>")
    page = client.get("/account").text
    assert "&lt;b&gt;Anna&lt;/b&gt;" in page
    assert "<b>Anna" not in page


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
