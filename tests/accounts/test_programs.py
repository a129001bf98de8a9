"""The page of tokens, and what a program that shows one is answered."""

from __future__ import annotations

import html
import re
from pathlib import Path

import make
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from library.accounts.models import ApiToken, Person, SignIn
from library.db import Database

PAGE, EMAIL = "/account/tokens", "editor@people.example"
WORD = re.compile(r"<code>(caselib_[\w-]{43})</code>")


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


@pytest.fixture
def organisation(site: Site) -> tuple[int, str]:
    """An organisation's number and key; somebody with EMAIL is its editor."""
    with site.database.unit() as session:
        row = make.organisation(session, name_en="Example Works")
        make.member(session, row, email=EMAIL)
        return row.id, row.key


@pytest.fixture
def client(site: Site, organisation: tuple[int, str]) -> FlaskClient:
    return site.signed_in(EMAIL, organisation=organisation[0])


def make_one(client: FlaskClient, **over: object) -> TestResponse:
    given = {"name": "nightly export", "days": "90", "csrf_token": token(client, PAGE), **over}
    return client.post(PAGE, data=given)


def text(response: TestResponse) -> str:
    return html.unescape(response.get_data(as_text=True))


def kept(site: Site) -> list[ApiToken]:
    with site.database.reading() as session:
        return list(session.scalars(select(ApiToken).order_by(ApiToken.id)))


def test_the_word_is_shown_once(site: Site, client: FlaskClient, organisation: tuple[int, str]) -> None:
    answer = make_one(client, scopes="cases:write", organisation=organisation[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    page = client.get(PAGE)
    word = WORD.search(text(page))
    assert word
    assert page.headers["Cache-Control"] == "no-store"
    again = text(client.get(PAGE))
    assert (WORD.search(again), word[1][:12] + "…" in again, "Example Works" in again) == (None, True, True)
    (row,) = kept(site)
    assert (row.organisation_id, row.scopes) == (organisation[0], ["read", "cases:write"])


def test_the_list_says_when_each_was_used(site: Site, client: FlaskClient) -> None:
    make_one(client)
    word = WORD.search(text(client.get(PAGE)))
    assert word
    assert ">never</td>" in text(client.get(PAGE))
    bearer = {"Authorization": f"Bearer {word[1]}"}
    assert site.client().get("/api/v1/sectors", headers=bearer, buffered=True).status_code == 200
    (row,) = kept(site)
    assert row.used_at is not None
    assert ">never</td>" not in text(client.get(PAGE))
    site.client().get("/api/v1/sectors", headers=bearer, buffered=True)
    assert kept(site)[0].used_at == row.used_at  # a moment later nothing is written


def test_an_ended_token_is_refused_in_words(site: Site, client: FlaskClient) -> None:
    make_one(client)
    word = WORD.search(text(client.get(PAGE)))
    assert word
    assert client.post(f"{PAGE}/{kept(site)[0].id}/end").status_code == 400  # without the token of a form
    answer = client.post(f"{PAGE}/{kept(site)[0].id}/end", data={"csrf_token": token(client, PAGE)})
    assert answer.status_code == 303
    refused = site.client().get("/api/v1/cases", headers={"Authorization": f"Bearer {word[1]}"})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.content_type == "application/problem+json"
    assert refused.json["title"] == "This token was ended. Make a new one on the account page."


@pytest.mark.parametrize("header", ["Bearer caselib_wrong", "Bearer", "Basic YTpi", "Bearer \xff\xfe"])
def test_a_wrong_token_is_refused_even_where_none_is_needed(site: Site, header: str) -> None:
    assert site.client().get("/api/v1/sectors", headers={"Authorization": header}).status_code == 401


def test_a_cookie_is_nobody_under_api_and_a_token_is_nobody_elsewhere(site: Site, client: FlaskClient) -> None:
    make_one(client)
    word = WORD.search(text(client.get(PAGE)))
    assert word
    page = site.client().get(PAGE, headers={"Authorization": f"Bearer {word[1]}"})
    assert page.status_code == 303
    assert "/account/sign-in" in page.headers["Location"]


def test_what_is_wrong_is_said_at_its_field(site: Site, client: FlaskClient) -> None:
    answer = make_one(client, name="", days="1000", organisation="nobody")
    page = text(answer)
    assert answer.status_code == 422
    for field in ("name", "days", "organisation"):
        assert f'aria-describedby="{field}-wrong"' in page or f"{field}-hint {field}-wrong" in page
    assert kept(site) == []


def test_html_in_a_name_stays_text(client: FlaskClient) -> None:
    make_one(client, name="<img src=x onerror=alert(1)>")
    page = client.get(PAGE).get_data(as_text=True)
    assert ("<img" in page, "&lt;img src=x onerror=alert(1)&gt;" in page) == (False, True)


def test_nobody_elses_are_shown_or_ended(site: Site, client: FlaskClient) -> None:
    make_one(client, name="mine alone")
    with site.database.unit() as session:
        make.person(session, email="other@people.example")
    other = site.signed_in("other@people.example")
    assert "mine alone" not in text(other.get(PAGE))
    number = kept(site)[0].id
    answer = other.post(f"{PAGE}/{number}/end", data={"csrf_token": token(other, PAGE)})
    assert (answer.status_code, kept(site)[0].ended_at) == (404, None)


def test_whoever_has_a_second_factor_shows_it_before_making_one(site: Site, client: FlaskClient) -> None:
    with site.database.unit() as session:
        session.scalars(select(Person)).one().tf_totp_secret = "set up"
    assert make_one(client).status_code == 303
    with site.database.unit() as session:
        session.execute(update(SignIn).values(second_factor=False))
    answer = make_one(client)
    assert (answer.status_code, "signed in with your second factor" in text(answer)) == (403, True)
    assert len(kept(site)) == 1
