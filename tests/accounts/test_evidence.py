"""The file that shows who an organisation is: its limits, and who opens it."""

from __future__ import annotations

import io
from pathlib import Path

import make
import pytest
from flask.testing import FlaskClient
from founded import organisation
from PIL import Image
from sites import Site, token
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from library.accounts.models import Organisation, Person
from library.db import Database

MEGABYTE = 1 << 20


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    return Site(sqlite, tmp_path)


@pytest.fixture
def home(site: Site) -> str:
    """The page of an organisation that lacks nothing but its evidence."""
    with site.database.unit() as session:
        found, owner = organisation(session)
        session.get_one(Person, owner.person).email = "owner@people.example"
    return f"/organisations/{found.key}"


@pytest.fixture
def owner(site: Site, home: str) -> FlaskClient:
    with site.database.reading() as session:
        number = session.scalars(select(Organisation.id)).one()
    return site.signed_in("owner@people.example", organisation=number)


def picture(size: int = 0) -> bytes:
    """A PNG of at least so many bytes."""
    with io.BytesIO() as out:
        side = int((size / 3) ** 0.5) + 8
        Image.effect_noise((side, side), 200).convert("RGB").save(out, "PNG", compress_level=0)
        return out.getvalue()


def send(client: FlaskClient, home: str, content: bytes, name: str) -> TestResponse:
    form = f"{home}/verification"
    given = {"csrf_token": token(client, form), "note": "Licence.", "file": FileStorage(io.BytesIO(content), name)}
    boundary, sent = encode_multipart(given)  # in memory: the client's own temporary file is closed by nobody
    return client.post(form, data=sent, content_type=f"multipart/form-data; boundary={boundary}")


def told(answer: TestResponse) -> str:
    """What stands at the file."""
    return answer.get_data(as_text=True).partition('id="file-wrong"')[2].partition("</p>")[0].rpartition(">")[2]


def state(site: Site) -> str:
    with site.database.reading() as session:
        return session.scalars(select(Organisation.state)).one()


def test_a_scan_of_three_megabytes_is_taken(site: Site, owner: FlaskClient, home: str) -> None:
    content = picture(3 * MEGABYTE)
    assert len(content) > 3 * MEGABYTE
    assert send(owner, home, content, "扫描件.PNG").status_code == 303
    assert state(site) == "asked"
    answer = owner.get(f"{home}/evidence", buffered=True)
    assert (answer.status_code, answer.mimetype, answer.get_data()) == (200, "image/png", content)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "licence.pdf", "The file is empty."),
        (b"<svg onload='alert(1)'/>", "licence.svg", "Send a PDF, PNG or JPG file."),
        (b"PK\x03\x04", "licence.docx", "Send a PDF, PNG or JPG file."),
        (picture(), "licence", "Send a PDF, PNG or JPG file."),
        (picture(), "licence.pdf", None),
        (b"%PDF-1.4 but nothing else", "licence.pdf", None),
        (picture(10 * MEGABYTE), "licence.png", "A file may have 10 MB at most."),
    ],
)
def test_what_is_not_taken_is_told_at_the_field(
    site: Site, owner: FlaskClient, home: str, content: bytes, name: str, sentence: str | None
) -> None:
    answer = send(owner, home, content, name)
    assert answer.status_code == 422
    assert told(answer) == sentence or (sentence is None and told(answer))
    assert "Licence." in answer.get_data(as_text=True)  # the note stays
    assert state(site) == "unverified"


def test_what_is_missing_is_told_and_nothing_is_kept_by_halves(site: Site, owner: FlaskClient, home: str) -> None:
    form = f"{home}/verification"
    answer = owner.post(form, data={"csrf_token": token(owner, form), "note": "Licence."})
    assert answer.status_code == 422
    assert told(answer) == "The file that shows who you are is missing."
    with site.database.reading() as session:
        assert session.scalars(select(Organisation.evidence)).one() is None


def test_far_too_much_is_refused_before_it_is_read(site: Site, owner: FlaskClient, home: str) -> None:
    sent = {"csrf_token": token(owner, f"{home}/verification"), "note": "Licence."}
    much = owner.post(f"{home}/verification", data=sent, environ_overrides={"CONTENT_LENGTH": str(100 * MEGABYTE)})
    assert (much.status_code, "A file may have 10 MB at most." in much.text) == (413, True)
    form = "/organisations/new"
    long = owner.post(form, data={"csrf_token": token(owner, form), "name_zh": "x" * 2 * MEGABYTE})
    assert long.status_code == 413  # every other form is as short as it was
    assert state(site) == "unverified"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("owner", 200),
        ("editor", 403),
        ("commenter", 403),
        ("officer", 200),
        ("administrator", 200),
        ("approver", 403),
    ],
)
def test_who_opens_it(site: Site, owner: FlaskClient, home: str, role: str, status: int) -> None:
    assert send(owner, home, picture(), "licence.png").status_code == 303
    with site.database.unit() as session:
        found = session.scalars(select(Organisation)).one()
        if role in ("owner", "editor", "commenter"):
            make.member(session, found, role, email="reader@people.example")
        else:
            make.officer(session, role, email="reader@people.example")
    acting = found.id if role in ("owner", "editor", "commenter") else None
    reader = site.signed_in("reader@people.example", organisation=acting)
    assert reader.get(f"{home}/evidence", buffered=True).status_code == status
    assert site.client().get(f"{home}/evidence").status_code == 303
