"""Files on their way to a case, through the doors: parts, limits, refusals, who gets which copy, what is left."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import hostile_files as bad
import make
import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sites import Site
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from library.accounts.models import Organisation, Person
from library.catalog import drafts, leftovers, operations, upload_checks, uploads
from library.catalog.draft_models import DraftEdit, DraftSection, Submission
from library.catalog.models import Attachment, Case
from library.catalog.upload_models import Upload
from library.db import Database
from library.events import Event, EventDetail
from library.policy import SYSTEM
from library.worker import now
from library.workflow import Move, step

TYPE = "application/offset+octet-stream"
NOTES = "安装须知\n第一条\n".encode()


def word(site: Site, client: FlaskClient) -> str:
    """What a form of this browser carries against forgery, without drawing a page for it."""
    with client.session_transaction() as cookie:
        kept = cookie.setdefault("csrf_token", "0" * 40)
    return str(URLSafeTimedSerializer(site.app.secret_key, salt="wtf-csrf-token").dumps(kept))


class Desk:
    """An editor of an organisation with a draft in front of her."""

    def __init__(self, site: Site) -> None:
        self.site = site
        with site.database.unit() as session:
            owner = make.organisation(session)
            self.actor = make.member(session, owner)
            self.case = drafts.start(session, self.actor, now=now())
            self.organisation, self.key = owner.id, self.case.key
            email = session.get_one(Person, self.actor.person).email
        self.client = site.signed_in(email, organisation=owner.id)
        self.address = f"/work/{self.key}/uploads"
        self.token = word(site, self.client)

    def announce(self, name: str, size: Any) -> TestResponse:
        return self.client.post(
            self.address, json={"name": name, "size": size}, headers={"X-CSRFToken": self.token}
        )

    def part(self, url: str, content: bytes, offset: Any, **headers: str) -> TestResponse:
        given = {"Content-Type": TYPE, "Upload-Offset": str(offset), "X-CSRFToken": self.token, **headers}
        return self.client.patch(url, data=content, headers=given)

    def bring(self, name: str, content: bytes) -> dict[str, Any]:
        """A whole file in parts, as the script does."""
        answer = self.announce(name, len(content)).json
        while answer["state"] == "coming":
            start = answer["offset"]
            reply = self.part(answer["url"], content[start : start + answer["part"]], start)
            assert reply.status_code == 200, reply.json
            answer = reply.json
        return dict(answer)

    def send(self, name: str, content: bytes, **fields: str) -> TestResponse:
        """A file as the form without scripts sends it."""
        file = FileStorage(io.BytesIO(content), name)
        boundary, body = encode_multipart({"csrf_token": self.token, "file": file, **fields})
        return self.client.post(self.address, data=body, content_type=f"multipart/form-data; boundary={boundary}")

    def entries(self) -> list[dict[str, Any]]:
        """What the draft names."""
        with self.site.database.reading() as session:
            return list(
                drafts.contents(session, session.get_one(Case, self.case.id))["files"].get("attachments", [])
            )

    def row(self, key: str) -> Upload:
        with self.site.database.reading() as session:
            return session.scalars(select(Upload).where(Upload.key == key)).one()

    def told(self) -> list[tuple[str, str]]:
        """The events of files: verb and name."""
        with self.site.database.reading() as session:
            rows = session.execute(
                select(Event.verb, EventDetail.detail)
                .join(EventDetail, EventDetail.seq == Event.seq)
                .where(Event.verb.startswith("file."), Event.subject == self.case.subject)
                .order_by(Event.seq)
            )
            return [(verb, json.loads(detail)["name"]) for verb, detail in rows]

    def page(self) -> str:
        return str(self.client.get(f"/work/{self.key}/files").get_data(as_text=True))

    def store(self) -> Any:
        return self.site.app.extensions["files"]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(Site(database, tmp_path, MAX_FILE_MB="6", MAX_CASE_MB="10", MAX_FILES="3"))


def put(session: Session, case: Case, target: str, *, effect: Any = None, **given: Any) -> None:
    """Put a case into a state, as some move does."""
    move = Move("case.put", frozenset({"draft"}), target, lambda actor, subject: True, effect=effect)
    step([move], session, SYSTEM, case, move.verb, now=now(), **given)


def long_text(size: int) -> bytes:
    return (b"one line of a long text\n" * (size // 24 + 1))[:size]


# By parts


def test_a_small_file_is_looked_into_at_once_and_named_by_the_draft(desk: Desk) -> None:
    answer = desk.bring("安装须知 v2.txt", NOTES)
    assert (answer["state"], answer["offset"], answer["refused"]) == ("ready", len(NOTES), None)
    row = desk.row(answer["key"])
    assert (row.name, row.original, row.media_type) == ("安装须知-v2.txt", "安装须知 v2.txt", "text/plain")
    assert (row.public_sha256, row.public_size) == (row.sha256, row.size)
    assert desk.entries() == [
        {"upload": row.key, "title": {"zh": "安装须知 v2"}, "audience": "ministry", "kind": "document"}
    ]
    assert desk.told() == [("file.add", "安装须知-v2.txt")]
    assert not desk.store().spool(row.key).path.exists()
    assert "安装须知 v2.txt" in desk.page()


def test_a_large_file_comes_in_parts_and_the_worker_looks_into_it(desk: Desk) -> None:
    content = long_text(uploads.PART + 1000)
    answer = desk.bring("plan.txt", content)  # the first part is exactly as long as a part may be
    assert (answer["state"], answer["offset"]) == ("checking", len(content))
    assert [entry["title"] for entry in desk.entries()] == [{"en": "plan"}]
    assert "being checked" in desk.page().lower()
    desk.site.work()
    row = desk.row(answer["key"])
    assert (row.state, desk.store().path(row.sha256).read_bytes()) == ("ready", content)
    assert not desk.store().spool(row.key).path.exists()


def test_a_large_file_that_the_worker_refuses_says_why(desk: Desk) -> None:
    answer = desk.bring("plan.txt", long_text(uploads.PART) + b"a\0b")
    assert answer["state"] == "checking"
    desk.site.work()
    told = desk.client.get(answer["url"]).json
    assert (told["state"], told["refused"]) == (
        "refused",
        "The content of the file is not what its ending .txt says.",
    )
    assert "not what its ending .txt says" in desk.page()
    with desk.site.database.reading() as session:
        case = session.get_one(Case, desk.case.id)
        assert "attachments" not in drafts.document(session, case)


def test_a_part_goes_on_where_the_file_ends_and_nowhere_else(desk: Desk) -> None:
    url = desk.announce("plan.txt", 10).json["url"]
    assert desk.part(url, b"01234", 0).json["offset"] == 5
    for wrong in (0, 4, 6, 10, 99):
        refused = desk.part(url, b"x", wrong)
        assert (refused.status_code, refused.headers["Upload-Offset"]) == (409, "5")
        assert refused.content_type == "application/problem+json"
    asked = desk.client.head(url)
    assert (asked.status_code, asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (200, "5", "10")
    assert desk.part(url, b"56789", 5).json["state"] == "ready"
    again = desk.part(url, b"56789", 5)
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, "10")


def test_a_part_in_another_form_is_refused(desk: Desk) -> None:
    url = desk.announce("plan.txt", 10).json["url"]
    wrong = [
        ({"Content-Type": "text/plain"}, 0, 422),
        ({"Content-Type": "application/json"}, 0, 422),
        ({}, "", 422),
        ({}, "-1", 422),
        ({}, "0x1", 422),
        ({}, "²", 422),
        ({"X-CSRFToken": "forged"}, 0, 400),
    ]
    for headers, offset, status in wrong:
        assert desk.part(url, b"01234", offset, **headers).status_code == status, (headers, offset)
    assert desk.client.head(url).headers["Upload-Offset"] == "0"


def test_a_part_may_not_be_longer_than_the_file_nor_than_a_part(desk: Desk) -> None:
    url = desk.announce("plan.txt", 10).json["url"]
    assert desk.part(url, b"0123456789A", 0).status_code == 422
    assert desk.part(url, b"x" * (uploads.PART + 1), 0).status_code == 422
    large = desk.part(url, b"x" * (uploads.PART + 2), 0)
    assert (large.status_code, large.json["title"]) == (413, "A part may have 4 MB at most.")
    assert desk.client.head(url).headers["Upload-Offset"] == "0"
    assert desk.part(url, b"0123456789", 0).json["state"] == "ready"


def test_an_empty_part_changes_nothing(desk: Desk) -> None:
    url = desk.announce("plan.txt", 10).json["url"]
    assert desk.part(url, b"", 0).json["offset"] == 0


def test_what_a_killed_process_wrote_does_not_count(desk: Desk) -> None:
    answer = desk.announce("plan.txt", 10).json
    desk.part(answer["url"], b"01234", 0)
    with desk.store().spool(answer["key"]).path.open("ab") as spool:  # written, and then the process was gone
        spool.write(b"XYZ")
    assert desk.client.head(answer["url"]).headers["Upload-Offset"] == "5"
    assert desk.part(answer["url"], b"56789", 5).json["state"] == "ready"
    assert desk.store().path(desk.row(answer["key"]).sha256).read_bytes() == b"0123456789"


def test_a_spool_that_was_lost_begins_anew(desk: Desk) -> None:
    answer = desk.announce("plan.txt", 10).json
    desk.part(answer["url"], b"01234", 0)
    desk.store().spool(answer["key"]).drop()
    assert desk.client.head(answer["url"]).headers["Upload-Offset"] == "0"
    assert desk.part(answer["url"], b"01234", 5).status_code == 409
    assert desk.part(answer["url"], b"0123456789", 0).json["state"] == "ready"


def test_two_parts_at_once_do_not_mix(desk: Desk) -> None:
    answer = desk.announce("plan.txt", 10).json
    with desk.store().spool(answer["key"]).held():  # as another process holds it
        assert desk.part(answer["url"], b"01234", 0).status_code == 409
    assert desk.part(answer["url"], b"01234", 0).status_code == 200


def test_while_a_part_comes_in_slowly_everybody_else_writes(desk: Desk) -> None:
    """The body stops in the middle; the other request must not wait for a lock that this one holds."""
    url = desk.announce("plan.txt", 6).json["url"]
    begun, go_on, done = threading.Event(), threading.Event(), []

    class Slow(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            begun.set()
            assert go_on.wait(20)
            return super().readinto(buffer)

    def bring() -> None:
        given = {"Content-Type": TYPE, "Upload-Offset": "0", "X-CSRFToken": desk.token}
        answer = desk.client.patch(url, input_stream=Slow(b"012345"), headers=given)
        done.append(answer.json["state"])

    thread = threading.Thread(target=bring)
    thread.start()
    assert begun.wait(20)
    try:
        with desk.site.database.unit() as session:
            make.organisation(session)
    finally:
        go_on.set()
        thread.join()
    assert done == ["ready"]


# As a whole, without scripts


def test_a_form_brings_a_file_and_keeps_what_was_typed_beside_it(desk: Desk) -> None:
    first = desk.bring("one.txt", NOTES)
    typed = {"version": "1", "attachments.0.upload": first["key"], "attachments.0.title.zh": "我的标题"}
    answer = desk.send("照片.jpg", bad.jpeg(), **typed)
    assert answer.status_code == 303
    [one, two] = desk.entries()
    assert (one["title"], two["title"], two["kind"]) == ({"zh": "我的标题"}, {"zh": "照片"}, "photo")
    assert answer.headers["Location"] == f"/work/{desk.key}/files#{two['upload']}"
    page = desk.page()
    assert f"/work/{desk.key}/files/{desk.row(two['upload']).sha256}/preview" in page


def test_a_form_with_a_refused_file_shows_it_with_the_reason_until_it_is_forgotten(desk: Desk) -> None:
    assert desk.send("plan.docx", bad.docx({"word/vbaProject.bin": bad.OLE})).status_code == 303
    assert desk.entries() == []
    page = desk.page()
    assert "The file has macros or controls; save it without them." in page
    with desk.site.database.reading() as session:
        key = session.scalars(select(Upload.key)).one()
    given = {"csrf_token": desk.token}
    assert desk.client.post(f"{desk.address}/{key}/discard", data=given).status_code == 303
    assert "plan.docx" not in desk.page()


def test_a_large_form_waits_for_the_worker(desk: Desk) -> None:
    content = long_text(5 << 20)
    assert desk.send("plan.txt", content).status_code == 303
    desk.site.work()
    [entry] = desk.entries()
    assert desk.row(entry["upload"]).state == "ready"


def test_a_form_without_a_file_or_with_too_large_a_one_is_told(desk: Desk) -> None:
    empty = desk.client.post(desk.address, data={"csrf_token": desk.token})
    assert (empty.status_code, "Choose a file." in empty.get_data(as_text=True)) == (422, True)
    large = desk.send("plan.txt", b"x" * (7 << 20))
    assert (large.status_code, "A file may have 6 MB at most." in large.get_data(as_text=True)) == (413, True)


# Limits and refusals


def test_a_file_is_refused_before_its_bytes_come(desk: Desk) -> None:
    unseen = "The name of the file has characters that cannot be seen; rename the file."
    wrong = [
        ("plan.txt", 0, "The file is empty."),
        ("plan.txt", -5, "The file is empty."),
        ("plan.txt", (6 << 20) + 1, "A file may have 6 MB at most."),
        ("plan.txt", 1.5, "A file is announced by its name and its size."),
        ("plan.txt", None, "A file is announced by its name and its size."),
        ("photo\u202egpj.exe", 10, unseen),
        ("a\0b.pdf", 10, unseen),
        ("x" * 300 + ".pdf", 10, "The name of a file may have 200 characters at most."),
        ("page.svg", 10, "This kind of file is not taken. Allowed: csv, docx, jpeg, jpg, pdf, png, txt, xlsx."),
    ]
    answers = [desk.announce(name, size) for name, size, _ in wrong]
    assert [(answer.status_code, answer.json["title"]) for answer in answers] == [
        (422, said) for *_, said in wrong
    ]
    with desk.site.database.reading() as session:
        assert session.scalars(select(Upload)).all() == []


def test_a_case_takes_so_many_files_and_removing_one_makes_room(desk: Desk) -> None:
    for number in range(2):
        desk.bring(f"{number}.txt", NOTES)
    coming = desk.announce("third.txt", 10).json
    refused = desk.announce("fourth.txt", 10)
    assert (refused.status_code, refused.json["title"]) == (422, "A case may have 3 files at most.")
    desk.client.post(f"{coming['url']}/discard", data={"csrf_token": desk.token})
    assert desk.announce("fourth.txt", 10).status_code == 201


def test_a_case_takes_so_many_bytes_and_a_refused_file_takes_none(desk: Desk) -> None:
    desk.announce("one.txt", 6 << 20)
    refused = desk.announce("two.txt", (4 << 20) + 1)
    assert refused.json["title"] == "The files of a case may have 10 MB together at most."
    assert desk.bring("bad.txt", b"a\0b")["state"] == "refused"
    assert desk.announce("two.txt", 4 << 20).status_code == 201


def test_two_who_announce_at_once_do_not_pass_the_limit(desk: Desk) -> None:
    desk.bring("0.txt", NOTES)
    desk.bring("1.txt", NOTES)
    start, statuses = threading.Barrier(2), []

    def announce() -> None:
        start.wait()
        with desk.site.app.app_context():
            statuses.append(_announce(desk))

    threads = [threading.Thread(target=announce) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["A case may have 3 files at most.", "taken"]


def _announce(desk: Desk) -> str:
    try:
        with desk.site.database.unit() as session:
            case = drafts.draft(session, desk.actor, desk.key)
            uploads.begin(session, desk.actor, case, name="a.txt", size=1, config=desk.site.config, now=now())
    except Exception as problem:  # noqa: BLE001 - whatever it is, the test shows it
        return str(problem)
    return "taken"


def test_nobody_else_brings_sees_or_forgets_a_file(desk: Desk) -> None:
    answer = desk.bring("plan.txt", NOTES)
    sha256 = desk.row(answer["key"]).sha256
    stranger, visitor = Desk(desk.site), desk.site.client("en")
    commenter = desk.site.signed_in(_another_member(desk, "commenter"), organisation=desk.organisation)
    places = [answer["url"], f"/work/{desk.key}/files/{sha256}", f"/work/{desk.key}/files/{sha256}/preview"]
    for place in places:
        assert stranger.client.get(place).status_code == 404
        assert visitor.get(place).status_code in (302, 303, 401, 403)
    with commenter.get(f"/work/{desk.key}/files/{sha256}") as file:
        assert file.get_data() == NOTES
    for client, status in ((stranger.client, 404), (commenter, 403)):
        shown = {"X-CSRFToken": word(desk.site, client)}
        assert client.post(desk.address, json={"name": "a.txt", "size": 5}, headers=shown).status_code == status
        given = {"Content-Type": TYPE, "Upload-Offset": "0", **shown}
        assert client.patch(answer["url"], data=b"x", headers=given).status_code == status
        assert client.post(f"{answer['url']}/discard", headers=shown).status_code == status
    assert [entry["upload"] for entry in desk.entries()] == [answer["key"]]


def _another_member(desk: Desk, role: str) -> str:
    with desk.site.database.unit() as session:
        owner = session.get_one(Organisation, desk.organisation)
        return session.get_one(Person, make.member(session, owner, role).person).email


def test_a_case_that_was_handed_in_takes_no_file(desk: Desk) -> None:
    url = desk.announce("late.txt", 4).json["url"]
    with desk.site.database.unit() as session:
        put(session, session.get_one(Case, desk.case.id), "submitted")
    assert desk.announce("more.txt", 4).status_code == 409
    assert desk.part(url, b"late", 0).status_code == 409
    assert desk.entries() == []


def test_a_part_changes_nothing_when_the_draft_can_no_longer_name_the_file(desk: Desk) -> None:
    """The last part and its place in the draft are one unit: both, or the part is asked for again."""
    answer = desk.announce("late.txt", 4).json
    with desk.site.database.unit() as session:
        put(session, session.get_one(Case, desk.case.id), "submitted")
    desk.part(answer["url"], b"late", 0)
    assert desk.row(answer["key"]).received == 0


# The virus scanner


def test_a_virus_is_refused_by_its_name(desk: Desk, tmp_path: Path) -> None:
    class Finder:
        def scan(self, path: Path) -> str | None:
            return "Eicar-Signature" if bad.EICAR in path.read_bytes() else None

    path = tmp_path / "a.txt"
    path.write_bytes(b"x " + bad.EICAR)
    verdict = upload_checks.inspect(desk.store(), Finder(), path, "a.txt")  # type: ignore[arg-type]
    assert str(verdict.refused) == "The virus scanner found Eicar-Signature in the file."
    assert list(desk.store().root.glob("??/*")) == []


def test_while_the_scanner_is_silent_a_file_waits_and_is_given_up_in_the_end(
    database: Database, tmp_path: Path
) -> None:
    desk = Desk(Site(database, tmp_path, CLAMAV=str(tmp_path / "nobody.sock")))
    answer = desk.bring("plan.txt", NOTES)
    assert answer["state"] == "checking"
    at = now()
    for _ in range(8):
        desk.site.work(at)
        assert desk.row(answer["key"]).state in ("checking", "refused")
        at += dt.timedelta(hours=3)
    told = desk.client.get(answer["url"]).json
    assert (told["state"], told["refused"]) == (
        "refused",
        "The file could not be checked; remove it and try again later.",
    )


def test_the_page_says_whether_files_are_scanned(database: Database, tmp_path: Path) -> None:
    assert "this installation has no scanner" in Desk(Site(database, tmp_path / "a")).page()
    assert "also scanned for viruses" in Desk(Site(database, tmp_path / "b", CLAMAV="localhost:3310")).page()


# Who gets which copy


def published(desk: Desk, audience: str = "public") -> tuple[str, dict[str, Attachment]]:
    """The case in the library with a photograph and a PDF; its number, and the files by name."""
    for name, content in (
        ("photo.jpg", bad.jpeg()),
        ("plan.pdf", bad.pdf()),
        ("table.csv", b"month,meters\n1,2\n"),
    ):
        desk.bring(name, content)
    with desk.site.database.unit() as session:
        make.taxonomy(session)
        case = session.get_one(Case, desk.case.id)
        row = drafts.rows(session, desk.actor, case)["files"]
        files = [{**entry, "title": {"zh": "附件"}, "audience": audience} for entry in row.content["attachments"]]
        drafts.save(
            session, desk.actor, case, "files", content={"attachments": files}, version=row.version, now=now()
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


def test_owner_and_ministry_get_the_original_and_everybody_else_the_copy(desk: Desk) -> None:
    code, files = published(desk)
    with desk.site.database.unit() as session:
        officer = session.get_one(Person, make.officer(session).person).email
        other = session.get_one(Person, make.member(session, make.organisation(session)).person).email
    readers = {
        "owner": (desk.client, bad.jpeg()),
        "officer": (desk.site.signed_in(officer), bad.jpeg()),
        "visitor": (desk.site.client("en"), None),
        "stranger": (desk.site.signed_in(other), None),
    }
    photo = files["photo.jpg"]
    copy = desk.store().path(photo.public_sha256).read_bytes()
    assert copy != bad.jpeg()
    for who, (client, whole) in readers.items():
        answer = fetch(client, f"/cases/{code}/files/{photo.key}")
        assert answer.get_data() == (whole or copy), who
        assert answer.headers["ETag"] == f'"{photo.sha256 if whole else photo.public_sha256}"'
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_nobody_else_is_told_of_the_original(desk: Desk) -> None:
    code, files = published(desk)
    desk.site.work()
    visitor = desk.site.client("en")
    pages = [visitor.get(f"/cases/{code}").get_data(as_text=True)]
    pages.append(visitor.get(f"/api/v1/cases/{code}").get_data(as_text=True))
    pages.append(visitor.get(f"/cases/{code}/revisions/1").get_data(as_text=True))
    for file in files.values():
        changed = file.sha256 != file.public_sha256
        assert [file.sha256 in page for page in pages] == [False, not changed, False]
        assert file.public_sha256 in pages[1]
        assert "public_sha256" not in pages[1]
    told = {each["name"]: each for each in visitor.get(f"/api/v1/cases/{code}").json["attachments"]}
    copy = desk.store().path(files["photo.jpg"].public_sha256)
    assert (told["photo.jpg"]["size"], told["photo.jpg"]["sha256"]) == (copy.stat().st_size, copy.name)


def test_a_file_of_another_audience_is_not_there(desk: Desk) -> None:
    code, files = published(desk, audience="ministry")
    for file in files.values():
        for place in (f"/cases/{code}/files/{file.key}", f"/cases/{code}/files/{file.key}/preview"):
            assert desk.site.client("en").get(place).status_code == 404
    assert fetch(desk.client, f"/cases/{code}/files/{files['plan.pdf'].key}").get_data() == bad.pdf()


def test_files_are_handed_out_so_that_they_cannot_act(desk: Desk) -> None:
    code, files = published(desk)
    visitor, base = desk.site.client("en"), f"/cases/{code}/files"
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


def test_a_page_shows_a_small_picture_and_the_first_rows(desk: Desk) -> None:
    code, files = published(desk)
    desk.site.work()
    visitor = desk.site.client("en")
    page = visitor.get(f"/cases/{code}").get_data(as_text=True)
    assert f'src="/cases/{code}/files/{files["photo.jpg"].key}/preview"' in page
    assert "<td>month</td><td>meters</td>" in page
    small = fetch(visitor, f"/cases/{code}/files/{files['photo.jpg'].key}/preview")
    assert (small.status_code, small.mimetype, small.get_data()[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert b"Wang Xiaoming" not in small.get_data()
    assert visitor.get(f"/cases/{code}/files/{files['plan.pdf'].key}/preview").status_code == 404


def test_an_old_text_is_shown_with_the_characters_it_has(desk: Desk) -> None:
    answer = desk.bring("old.txt", "安装须知".encode("gb18030"))
    file = fetch(desk.client, f"/work/{desk.key}/files/{desk.row(answer['key']).sha256}")
    assert file.headers["Content-Type"] == "text/plain; charset=gb18030"
    assert "安装须知" in desk.page()


def test_the_same_content_lies_in_the_store_once(desk: Desk) -> None:
    keys = [desk.bring(name, bad.jpeg())["key"] for name in ("one.jpg", "two.jpg")]
    first, second = (desk.row(key) for key in keys)
    assert (first.sha256, first.public_sha256) == (second.sha256, second.public_sha256)
    lying = sorted(path.name for path in desk.store().root.glob("??/*"))
    assert lying == sorted([first.sha256, first.public_sha256, f"{first.public_sha256}.jpg"])


# The draft and what is left


def test_taking_a_file_out_is_noted_however_it_happens(desk: Desk) -> None:
    first, second = desk.bring("one.txt", NOTES), desk.bring("two.txt", b"two\n")
    [kept] = [entry for entry in desk.entries() if entry["upload"] == second["key"]]
    with desk.site.database.unit() as session:
        case = session.get_one(Case, desk.case.id)
        drafts.save(session, desk.actor, case, "files", content={"attachments": [kept]}, version=2, now=now())
    assert desk.told() == [("file.add", "one.txt"), ("file.add", "two.txt"), ("file.remove", "one.txt")]
    conflict = desk.client.post(f"{desk.address}/{second['key']}/discard", data={"csrf_token": desk.token})
    assert conflict.status_code == 409
    assert first["key"] != second["key"]


def forget(desk: Desk, days: float) -> int:
    return leftovers.forget(desk.site.database, desk.store(), now=now() + dt.timedelta(days=days))


def test_what_nobody_names_is_forgotten_after_a_week_with_its_bytes(desk: Desk) -> None:
    lone = desk.bring("lone.jpg", bad.jpeg())
    named = desk.bring("named.txt", NOTES)
    coming = desk.announce("coming.txt", 10).json
    desk.part(coming["url"], b"01234", 0)
    row = desk.row(lone["key"])
    with desk.site.database.unit() as session:
        section = session.get_one(DraftSection, (desk.case.id, "files"))
        section.content = {
            "attachments": [each for each in section.content["attachments"] if each["upload"] != row.key]
        }
        for edit in session.scalars(select(DraftEdit)):
            session.delete(edit)
    assert forget(desk, 6.9) == 0
    assert forget(desk, 7.1) == 2
    with desk.site.database.reading() as session:
        assert session.scalars(select(Upload.key)).all() == [named["key"]]
    left = {path.name for path in desk.store().root.rglob("*") if path.is_file()}
    assert left == {desk.row(named["key"]).sha256}


@pytest.mark.parametrize("who", ["draft", "past", "submission", "other"])
def test_what_somebody_names_stays(desk: Desk, who: str) -> None:
    row = desk.row(desk.bring("photo.jpg", bad.jpeg())["key"])
    with desk.site.database.unit() as session:
        section = session.get_one(DraftSection, (desk.case.id, "files"))
        if who != "draft":
            section.content = {}
        if who != "past":
            for edit in session.scalars(select(DraftEdit)):
                session.delete(edit)
        if who == "submission":
            document = {"attachments": [{"name": "photo.jpg", "sha256": row.sha256}]}
            session.add(
                Submission(
                    case_id=desk.case.id, number=1, document=document, digest="", findings=[], at=now(), fields=[]
                )
            )
    other = Desk(desk.site).bring("same.jpg", bad.jpeg()) if who == "other" else None
    assert forget(desk, 8) == (1 if who == "other" else 0)
    assert (other is None) or desk.store().path(row.sha256).exists()
    assert desk.store().path(row.sha256).exists()
    assert desk.store().preview(row.public_sha256).exists()


def test_bytes_that_came_again_meanwhile_stay(desk: Desk) -> None:
    kept = desk.store().put(io.BytesIO(NOTES), "a.txt")
    at = now()
    desk.store().forget(kept.sha256, unless_after=at - dt.timedelta(hours=1))
    assert desk.store().path(kept.sha256).exists()
    old = (at - dt.timedelta(hours=2)).timestamp()
    os.utime(desk.store().path(kept.sha256), (old, old))
    desk.store().forget(kept.sha256, unless_after=at - dt.timedelta(hours=1))
    assert not desk.store().path(kept.sha256).exists()


def test_a_check_that_is_done_twice_is_done_once(desk: Desk) -> None:
    answer = desk.bring("plan.txt", long_text(uploads.PART + 10))
    number = desk.row(answer["key"]).id
    for _ in range(2):
        upload_checks.check(desk.site.database, desk.store(), None, upload=number)
    assert desk.row(answer["key"]).state == "ready"
    upload_checks.check(desk.site.database, desk.store(), None, upload=number + 1000)


def test_a_file_that_was_lost_before_it_was_looked_into_is_told(desk: Desk) -> None:
    answer = desk.bring("plan.txt", long_text(uploads.PART + 10))
    desk.store().spool(answer["key"]).drop()
    desk.site.work()
    assert desk.client.get(answer["url"]).json["refused"] == upload_checks.LOST.id
