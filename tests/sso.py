"""Single sign-on as a browser does it, against the provider of the tests (Canaille, by pytest-iam)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import make
import requests
from flask.testing import FlaskClient
from sites import TOKEN, URL, Site
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.models import ExternalIdentity, Person
from library.db import Database
from library.events import Event

START, BACK, PROVED, LINK, UNLINK = (
    f"/account/sso{end}" for end in ("", "/back", "/continue", "/link", "/unlink")
)
EMAIL = "li.lei@provider.example"
DOOR = "The ministry's door"


def behind(database: Database, folder: Path, issuer: str) -> Site:
    """An installation that knows the provider."""
    settings = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "library", "OIDC_CLIENT_SECRET": "between us"}
    return Site(database, folder, **settings, OIDC_NAME=DOOR)


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


def linked(site: Site) -> list[tuple[str, str]]:
    """Each identity's subject, and whose it is."""
    with site.database.reading() as session:
        rows = select(ExternalIdentity.subject, Person.email).join(Person, Person.id == ExternalIdentity.person_id)
        return [(subject, email) for subject, email in session.execute(rows)]


def account(site: Site, email: str, **over: Any) -> FlaskClient:
    with site.database.unit() as session:
        make.person(session, email=email, **over)
    return site.signed_in(email)
