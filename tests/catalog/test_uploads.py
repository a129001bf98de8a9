"""Files on their way to a case, through the doors: in parts, or as a whole by a form."""

from __future__ import annotations

import io
import threading
from typing import Any

import hostile_files as bad
import make
from bringing import NOTES, TYPE, Bringer, long_text
from sqlalchemy import select

from library.catalog import drafts, upload_checks, uploads
from library.catalog.models import Case
from library.catalog.upload_models import Upload

# By parts


def test_a_small_file_is_looked_into_at_once_and_named_by_the_draft(bringer: Bringer) -> None:
    answer = bringer.bring("安装须知 v2.txt", NOTES)
    assert (answer["state"], answer["offset"], answer["refused"]) == ("ready", len(NOTES), None)
    row = bringer.row(answer["key"])
    assert (row.name, row.original, row.media_type) == ("安装须知-v2.txt", "安装须知 v2.txt", "text/plain")
    assert (row.public_sha256, row.public_size) == (row.sha256, row.size)
    assert bringer.entries() == [
        {"upload": row.key, "title": {"zh": "安装须知 v2"}, "audience": "ministry", "kind": "document"}
    ]
    assert bringer.told() == [("file.add", "安装须知-v2.txt")]
    assert not bringer.store().spool(row.key).path.exists()
    assert "安装须知 v2.txt" in bringer.page()


def test_a_large_file_comes_in_parts_and_the_worker_looks_into_it(bringer: Bringer) -> None:
    content = long_text(uploads.PART + 1000)
    answer = bringer.bring("plan.txt", content)  # the first part is exactly as long as a part may be
    assert (answer["state"], answer["offset"]) == ("checking", len(content))
    assert [entry["title"] for entry in bringer.entries()] == [{"en": "plan"}]
    assert "being checked" in bringer.page().lower()
    bringer.site.work()
    row = bringer.row(answer["key"])
    assert (row.state, bringer.store().path(row.sha256).read_bytes()) == ("ready", content)
    assert not bringer.store().spool(row.key).path.exists()


def test_a_large_file_that_the_worker_refuses_says_why(bringer: Bringer) -> None:
    answer = bringer.bring("plan.txt", long_text(uploads.PART) + b"a\0b")
    assert answer["state"] == "checking"
    bringer.site.work()
    told = bringer.client.get(answer["url"]).json
    assert (told["state"], told["refused"]) == (
        "refused",
        "The content of the file is not what its ending .txt says.",
    )
    assert "not what its ending .txt says" in bringer.page()
    with bringer.site.database.reading() as session:
        case = session.get_one(Case, bringer.case.id)
        assert "attachments" not in drafts.document(session, case)


def test_a_part_goes_on_where_the_file_ends_and_nowhere_else(bringer: Bringer) -> None:
    url = bringer.announce("plan.txt", 10).json["url"]
    assert bringer.part(url, b"01234", 0).json["offset"] == 5
    for wrong in (0, 4, 6, 10, 99):
        refused = bringer.part(url, b"x", wrong)
        assert (refused.status_code, refused.headers["Upload-Offset"]) == (409, "5")
        assert refused.content_type == "application/problem+json"
    asked = bringer.client.head(url)
    assert (asked.status_code, asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (200, "5", "10")
    assert bringer.part(url, b"56789", 5).json["state"] == "ready"
    again = bringer.part(url, b"56789", 5)
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, "10")


def test_a_part_in_another_form_is_refused(bringer: Bringer) -> None:
    url = bringer.announce("plan.txt", 10).json["url"]
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
        assert bringer.part(url, b"01234", offset, **headers).status_code == status, (headers, offset)
    assert bringer.client.head(url).headers["Upload-Offset"] == "0"


def test_a_part_may_not_be_longer_than_the_file_nor_than_a_part(bringer: Bringer) -> None:
    url = bringer.announce("plan.txt", 10).json["url"]
    assert bringer.part(url, b"0123456789A", 0).status_code == 422
    assert bringer.part(url, b"x" * (uploads.PART + 1), 0).status_code == 422
    large = bringer.part(url, b"x" * (uploads.PART + 2), 0)
    assert (large.status_code, large.json["title"]) == (413, "A part may have 4 MB at most.")
    assert bringer.client.head(url).headers["Upload-Offset"] == "0"
    assert bringer.part(url, b"0123456789", 0).json["state"] == "ready"


def test_an_empty_part_changes_nothing(bringer: Bringer) -> None:
    url = bringer.announce("plan.txt", 10).json["url"]
    assert bringer.part(url, b"", 0).json["offset"] == 0


def test_what_a_killed_process_wrote_does_not_count(bringer: Bringer) -> None:
    answer = bringer.announce("plan.txt", 10).json
    bringer.part(answer["url"], b"01234", 0)
    with bringer.store().spool(answer["key"]).path.open("ab") as spool:  # written, and then the process was gone
        spool.write(b"XYZ")
    assert bringer.client.head(answer["url"]).headers["Upload-Offset"] == "5"
    assert bringer.part(answer["url"], b"56789", 5).json["state"] == "ready"
    assert bringer.store().path(bringer.row(answer["key"]).sha256).read_bytes() == b"0123456789"


def test_a_spool_that_was_lost_begins_anew(bringer: Bringer) -> None:
    answer = bringer.announce("plan.txt", 10).json
    bringer.part(answer["url"], b"01234", 0)
    bringer.store().spool(answer["key"]).drop()
    assert bringer.client.head(answer["url"]).headers["Upload-Offset"] == "0"
    assert bringer.part(answer["url"], b"01234", 5).status_code == 409
    assert bringer.part(answer["url"], b"0123456789", 0).json["state"] == "ready"


def test_two_parts_at_once_do_not_mix(bringer: Bringer) -> None:
    answer = bringer.announce("plan.txt", 10).json
    with bringer.store().spool(answer["key"]).held():  # as another process holds it
        assert bringer.part(answer["url"], b"01234", 0).status_code == 409
    assert bringer.part(answer["url"], b"01234", 0).status_code == 200


def test_while_a_part_comes_in_slowly_everybody_else_writes(bringer: Bringer) -> None:
    """The body stops in the middle; the other request must not wait for a lock that this one holds."""
    url = bringer.announce("plan.txt", 6).json["url"]
    begun, go_on, done = threading.Event(), threading.Event(), []

    class Slow(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            begun.set()
            assert go_on.wait(20)
            return super().readinto(buffer)

    def bring() -> None:
        given = {"Content-Type": TYPE, "Upload-Offset": "0", "X-CSRFToken": bringer.token}
        answer = bringer.client.patch(url, input_stream=Slow(b"012345"), headers=given)
        done.append(answer.json["state"])

    thread = threading.Thread(target=bring)
    thread.start()
    assert begun.wait(20)
    try:
        with bringer.site.database.unit() as session:
            make.organisation(session)
    finally:
        go_on.set()
        thread.join()
    assert done == ["ready"]


# As a whole, without scripts


def test_a_form_brings_a_file_and_keeps_what_was_typed_beside_it(bringer: Bringer) -> None:
    first = bringer.bring("one.txt", NOTES)
    typed = {"version": "1", "attachments.0.upload": first["key"], "attachments.0.title.zh": "我的标题"}
    answer = bringer.send("照片.jpg", bad.jpeg(), **typed)
    assert answer.status_code == 303
    [one, two] = bringer.entries()
    assert (one["title"], two["title"], two["kind"]) == ({"zh": "我的标题"}, {"zh": "照片"}, "photo")
    assert answer.headers["Location"] == f"/work/{bringer.key}/files#{two['upload']}"
    page = bringer.page()
    assert f"/work/{bringer.key}/files/{bringer.row(two['upload']).sha256}/preview" in page


def test_a_form_with_a_refused_file_shows_it_with_the_reason_until_it_is_forgotten(bringer: Bringer) -> None:
    assert bringer.send("plan.docx", bad.docx({"word/vbaProject.bin": bad.OLE})).status_code == 303
    assert bringer.entries() == []
    page = bringer.page()
    assert "The file has macros or controls; save it without them." in page
    with bringer.site.database.reading() as session:
        key = session.scalars(select(Upload.key)).one()
    given = {"csrf_token": bringer.token}
    assert bringer.client.post(f"{bringer.address}/{key}/discard", data=given).status_code == 303
    assert "plan.docx" not in bringer.page()


def test_a_large_form_waits_for_the_worker(bringer: Bringer) -> None:
    content = long_text(5 << 20)
    assert bringer.send("plan.txt", content).status_code == 303
    bringer.site.work()
    [entry] = bringer.entries()
    assert bringer.row(entry["upload"]).state == "ready"


def test_a_form_without_a_file_or_with_too_large_a_one_is_told(bringer: Bringer) -> None:
    empty = bringer.client.post(bringer.address, data={"csrf_token": bringer.token})
    assert (empty.status_code, "Choose a file." in empty.get_data(as_text=True)) == (422, True)
    large = bringer.send("plan.txt", b"x" * (7 << 20))
    assert (large.status_code, "A file may have 6 MB at most." in large.get_data(as_text=True)) == (413, True)


def test_a_check_that_is_done_twice_is_done_once(bringer: Bringer) -> None:
    answer = bringer.bring("plan.txt", long_text(uploads.PART + 10))
    number = bringer.row(answer["key"]).id
    for _ in range(2):
        upload_checks.check(bringer.site.database, bringer.store(), None, upload=number)
    assert bringer.row(answer["key"]).state == "ready"
    upload_checks.check(bringer.site.database, bringer.store(), None, upload=number + 1000)


def test_a_file_that_was_lost_before_it_was_looked_into_is_told(bringer: Bringer) -> None:
    answer = bringer.bring("plan.txt", long_text(uploads.PART + 10))
    bringer.store().spool(answer["key"]).drop()
    bringer.site.work()
    assert bringer.client.get(answer["url"]).json["refused"] == upload_checks.LOST.id
