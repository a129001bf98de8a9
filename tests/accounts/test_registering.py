"""Registering, confirming, recovering: the forms and letters, and what nobody learns by them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from signing import ANNA, LINK, PASSWORD, account, letters, link, person, post, sign_in, signed_in
from sites import TOKEN, Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.db import Database
from library.deliveries import Delivery


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    return Site(sqlite, tmp_path)


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


@pytest.mark.parametrize("address", ["/account/recover", "/account/confirm"])
@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "If there is an account with this address, a letter is on its way to it."),
        ("zh", "如果该邮箱有账号，邮件已发往该邮箱。"),
    ],
)
def test_whoever_asks_for_a_letter_is_answered(site: Site, address: str, lang: str, sentence: str) -> None:
    account(site)
    for email in (ANNA["email"], "nobody@people.example"):
        client = site.client(lang)
        answer = post(client, address, email=email)
        assert client.get(answer.location).text.count(sentence) == 1
        assert sentence not in client.get(answer.location).text  # once


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
