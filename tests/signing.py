"""Forms of the account pages filled in as a person does."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from sites import URL, Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.letter_models import Letter
from library.accounts.models import Person
from library.events import Event

PASSWORD = "correct horse battery staple"
ANNA = {"name": "Anna", "email": "anna@people.example", "password": PASSWORD, "password_confirm": PASSWORD}
LINK = re.compile(re.escape(URL) + r"(/account/\S+)")


def post(client: FlaskClient, page: str, form: str | None = None, /, **given: str) -> TestResponse:
    """Fill in the form of `page`, which stands at `form` (default: there), and send it."""
    return client.post(page, data={"csrf_token": token(client, form or page), **given})


def letters(site: Site, verb: str) -> list[Letter]:
    with site.database.reading() as session:
        return list(session.scalars(select(Letter).where(Letter.verb == verb).order_by(Letter.id)))


def link(site: Site, verb: str) -> str:
    """The path of the link in the newest letter of this kind."""
    found = LINK.search(letters(site, verb)[-1].text or "")
    assert found is not None
    return found[1]


def account(site: Site, **over: str) -> FlaskClient:
    """Somebody registered and confirmed, not signed in."""
    client = site.client()
    assert post(client, "/account/register", **ANNA | over).status_code == 303
    assert post(client, link(site, "account.confirm")).status_code == 303
    return client


def sign_in(
    client: FlaskClient, email: str = ANNA["email"], password: str = PASSWORD, **more: str
) -> TestResponse:
    return post(client, "/account/sign-in", email=email, password=password, **more)


def signed_in(site: Site, **over: str) -> FlaskClient:
    client, given = account(site, **over), ANNA | over
    assert sign_in(client, given["email"], given["password"]).status_code == 303
    return client


def person(site: Site, email: str = ANNA["email"]) -> Person:
    with site.database.reading() as session:
        return session.scalars(select(Person).where(Person.email == email)).unique().one()


def verbs(site: Site, *, subject: str | None = None) -> list[str]:
    rows: Any = select(Event.verb).order_by(Event.seq)
    with site.database.reading() as session:
        return list(session.scalars(rows.where(Event.subject == subject) if subject else rows))
