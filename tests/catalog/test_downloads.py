"""Files of a case on their way out: who gets which copy, and that it cannot act."""

from __future__ import annotations

import hostile_files as bad
import make
from bringing import Bringer, put
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.models import Person
from library.catalog import drafts, operations
from library.catalog.models import Attachment, Case
from library.worker import now


def published(bringer: Bringer, audience: str = "public") -> tuple[str, dict[str, Attachment]]:
    """The case in the library with a photograph and a PDF; its number, and the files by name."""
    for name, content in (
        ("photo.jpg", bad.jpeg()),
        ("plan.pdf", bad.pdf()),
        ("table.csv", b"month,meters\n1,2\n"),
    ):
        bringer.bring(name, content)
    with bringer.site.database.unit() as session:
        make.taxonomy(session)
        case = session.get_one(Case, bringer.case.id)
        row = drafts.rows(session, bringer.actor, case)["files"]
        files = [{**entry, "title": {"zh": "附件"}, "audience": audience} for entry in row.content["attachments"]]
        drafts.save(
            session, bringer.actor, case, "files", content={"attachments": files}, version=row.version, now=now()
        )
        document = {**make.document(code="MIOT-2026-0001", origin="submitted"), **drafts.document(session, case)}
        put(session, case, "admitted", effect=operations.revise, document=operations.SCHEMA.load(document))
        found = {row.name: row for row in session.scalars(select(Attachment))}
    return "MIOT-2026-0001", found


def fetch(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    """An answer read to its end and closed, as a server closes the file it sent."""
    with client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        answer.get_data()
        return answer


def test_owner_and_ministry_get_the_original_and_everybody_else_the_copy(bringer: Bringer) -> None:
    code, files = published(bringer)
    with bringer.site.database.unit() as session:
        officer = session.get_one(Person, make.officer(session).person).email
        other = session.get_one(Person, make.member(session, make.organisation(session)).person).email
    readers = {
        "owner": (bringer.client, bad.jpeg()),
        "officer": (bringer.site.signed_in(officer), bad.jpeg()),
        "visitor": (bringer.site.client("en"), None),
        "stranger": (bringer.site.signed_in(other), None),
    }
    photo = files["photo.jpg"]
    copy = bringer.store().path(photo.public_sha256).read_bytes()
    assert copy != bad.jpeg()
    for who, (client, whole) in readers.items():
        answer = fetch(client, f"/cases/{code}/files/{photo.key}")
        assert answer.get_data() == (whole or copy), who
        assert answer.headers["ETag"] == f'"{photo.sha256 if whole else photo.public_sha256}"'
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_nobody_else_is_told_of_the_original(bringer: Bringer) -> None:
    code, files = published(bringer)
    bringer.site.work()
    visitor = bringer.site.client("en")
    pages = [visitor.get(f"/cases/{code}").get_data(as_text=True)]
    pages.append(visitor.get(f"/api/v1/cases/{code}").get_data(as_text=True))
    pages.append(visitor.get(f"/cases/{code}/revisions/1").get_data(as_text=True))
    for file in files.values():
        changed = file.sha256 != file.public_sha256
        assert [file.sha256 in page for page in pages] == [False, not changed, False]
        assert file.public_sha256 in pages[1]
        assert "public_sha256" not in pages[1]
    told = {each["name"]: each for each in visitor.get(f"/api/v1/cases/{code}").json["attachments"]}
    copy = bringer.store().path(files["photo.jpg"].public_sha256)
    assert (told["photo.jpg"]["size"], told["photo.jpg"]["sha256"]) == (copy.stat().st_size, copy.name)


def test_a_file_of_another_audience_is_not_there(bringer: Bringer) -> None:
    code, files = published(bringer, audience="ministry")
    for file in files.values():
        for place in (f"/cases/{code}/files/{file.key}", f"/cases/{code}/files/{file.key}/preview"):
            assert bringer.site.client("en").get(place).status_code == 404
    assert fetch(bringer.client, f"/cases/{code}/files/{files['plan.pdf'].key}").get_data() == bad.pdf()


def test_files_are_handed_out_so_that_they_cannot_act(bringer: Bringer) -> None:
    code, files = published(bringer)
    visitor, base = bringer.site.client("en"), f"/cases/{code}/files"
    photo, plan, table = (
        fetch(visitor, f"{base}/{files[name].key}") for name in ("photo.jpg", "plan.pdf", "table.csv")
    )
    for answer in (photo, plan, table):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in photo.headers["Content-Security-Policy"]
    assert "sandbox" not in plan.headers["Content-Security-Policy"]
    ways = [answer.headers["Content-Disposition"].partition(";")[0] for answer in (photo, plan, table)]
    assert ways == ["inline", "inline", "attachment"]
    part = fetch(visitor, f"{base}/{files['plan.pdf'].key}", Range="bytes=0-4")
    assert (part.status_code, part.get_data(), part.headers["Content-Range"]) == (
        206,
        b"%PDF-",
        f"bytes 0-4/{len(plan.get_data())}",
    )
    assert fetch(visitor, f"{base}/{files['plan.pdf'].key}", Range="bytes=999999-").status_code == 416
    same = fetch(visitor, f"{base}/{files['plan.pdf'].key}", If_None_Match=plan.headers["ETag"])
    assert same.status_code == 304


def test_a_page_shows_a_small_picture_and_the_first_rows(bringer: Bringer) -> None:
    code, files = published(bringer)
    bringer.site.work()
    visitor = bringer.site.client("en")
    page = visitor.get(f"/cases/{code}").get_data(as_text=True)
    assert f'src="/cases/{code}/files/{files["photo.jpg"].key}/preview"' in page
    assert "<td>month</td><td>meters</td>" in page
    small = fetch(visitor, f"/cases/{code}/files/{files['photo.jpg'].key}/preview")
    assert (small.status_code, small.mimetype, small.get_data()[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert b"Wang Xiaoming" not in small.get_data()
    assert visitor.get(f"/cases/{code}/files/{files['plan.pdf'].key}/preview").status_code == 404


def test_an_old_text_is_shown_with_the_characters_it_has(bringer: Bringer) -> None:
    answer = bringer.bring("old.txt", "安装须知".encode("gb18030"))
    file = fetch(bringer.client, f"/work/{bringer.key}/files/{bringer.row(answer['key']).sha256}")
    assert file.headers["Content-Type"] == "text/plain; charset=gb18030"
    assert "安装须知" in bringer.page()


def test_the_same_content_lies_in_the_store_once(bringer: Bringer) -> None:
    keys = [bringer.bring(name, bad.jpeg())["key"] for name in ("one.jpg", "two.jpg")]
    first, second = (bringer.row(key) for key in keys)
    assert (first.sha256, first.public_sha256) == (second.sha256, second.public_sha256)
    lying = sorted(path.name for path in bringer.store().root.glob("??/*"))
    assert lying == sorted([first.sha256, first.public_sha256, f"{first.public_sha256}.jpg"])
