"""Files on their way to a case: what is refused, by whom, and how much there is room for."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import hostile_files as bad
import make
from bringing import NOTES, TYPE, Bringer, put, word
from sites import Site
from sqlalchemy import select

from library.accounts.models import Organisation, Person
from library.catalog import drafts, upload_checks, uploads
from library.catalog.models import Case
from library.catalog.upload_models import Upload
from library.db import Database
from library.worker import now


def test_a_file_is_refused_before_its_bytes_come(bringer: Bringer) -> None:
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
    answers = [bringer.announce(name, size) for name, size, _ in wrong]
    assert [(answer.status_code, answer.json["title"]) for answer in answers] == [
        (422, said) for *_, said in wrong
    ]
    with bringer.site.database.reading() as session:
        assert session.scalars(select(Upload)).all() == []


def test_a_case_takes_so_many_files_and_removing_one_makes_room(bringer: Bringer) -> None:
    for number in range(2):
        bringer.bring(f"{number}.txt", NOTES)
    coming = bringer.announce("third.txt", 10).json
    refused = bringer.announce("fourth.txt", 10)
    assert (refused.status_code, refused.json["title"]) == (422, "A case may have 3 files at most.")
    bringer.client.post(f"{coming['url']}/discard", data={"csrf_token": bringer.token})
    assert bringer.announce("fourth.txt", 10).status_code == 201


def test_a_case_takes_so_many_bytes_and_a_refused_file_takes_none(bringer: Bringer) -> None:
    bringer.announce("one.txt", 6 << 20)
    refused = bringer.announce("two.txt", (4 << 20) + 1)
    assert refused.json["title"] == "The files of a case may have 10 MB together at most."
    assert bringer.bring("bad.txt", b"a\0b")["state"] == "refused"
    assert bringer.announce("two.txt", 4 << 20).status_code == 201


def test_an_organisation_has_so_much_room_for_all_its_cases(database: Database, tmp_path: Path) -> None:
    bringer = Bringer(Site(database, tmp_path, MAX_ORGANISATION_MB="6"))
    assert bringer.announce("one.txt", 6 << 20).status_code == 201
    with database.unit() as session:
        second = drafts.start(session, bringer.actor, now=now()).key
    bringer.address = f"/work/{second}/uploads"
    refused = bringer.announce("two.txt", 1)
    assert (refused.status_code, refused.json["title"].partition(".")[0]) == (
        422,
        "The files of an organisation may have 6 MB together at most",
    )
    assert Bringer(bringer.site).announce("three.txt", 6 << 20).status_code == 201, "another organisation"


def test_two_who_announce_at_once_do_not_pass_the_limit(bringer: Bringer) -> None:
    bringer.bring("0.txt", NOTES)
    bringer.bring("1.txt", NOTES)
    start, statuses = threading.Barrier(2), []

    def announce() -> None:
        start.wait()
        with bringer.site.app.app_context():
            statuses.append(_announce(bringer))

    threads = [threading.Thread(target=announce) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["A case may have 3 files at most.", "taken"]


def _announce(bringer: Bringer) -> str:
    try:
        with bringer.site.database.unit() as session:
            case = drafts.draft(session, bringer.actor, bringer.key)
            uploads.begin(
                session, bringer.actor, case, name="a.txt", size=1, config=bringer.site.config, now=now()
            )
    except Exception as problem:  # noqa: BLE001 - whatever it is, the test shows it
        return str(problem)
    return "taken"


def test_nobody_else_brings_sees_or_forgets_a_file(bringer: Bringer) -> None:
    answer = bringer.bring("plan.txt", NOTES)
    sha256 = bringer.row(answer["key"]).sha256
    stranger, visitor = Bringer(bringer.site), bringer.site.client("en")
    commenter = bringer.site.signed_in(_another_member(bringer, "commenter"), organisation=bringer.organisation)
    places = [answer["url"], f"/work/{bringer.key}/files/{sha256}", f"/work/{bringer.key}/files/{sha256}/preview"]
    for place in places:
        assert stranger.client.get(place).status_code == 404
        assert visitor.get(place).status_code in (302, 303, 401, 403)
    with commenter.get(f"/work/{bringer.key}/files/{sha256}") as file:
        assert file.get_data() == NOTES
    for client, status in ((stranger.client, 404), (commenter, 403)):
        shown = {"X-CSRFToken": word(bringer.site, client)}
        assert client.post(bringer.address, json={"name": "a.txt", "size": 5}, headers=shown).status_code == status
        given = {"Content-Type": TYPE, "Upload-Offset": "0", **shown}
        assert client.patch(answer["url"], data=b"x", headers=given).status_code == status
        assert client.post(f"{answer['url']}/discard", headers=shown).status_code == status
    assert [entry["upload"] for entry in bringer.entries()] == [answer["key"]]


def _another_member(bringer: Bringer, role: str) -> str:
    with bringer.site.database.unit() as session:
        owner = session.get_one(Organisation, bringer.organisation)
        return session.get_one(Person, make.member(session, owner, role).person).email


def test_a_case_that_was_handed_in_takes_no_file(bringer: Bringer) -> None:
    url = bringer.announce("late.txt", 4).json["url"]
    with bringer.site.database.unit() as session:
        put(session, session.get_one(Case, bringer.case.id), "submitted")
    assert bringer.announce("more.txt", 4).status_code == 409
    assert bringer.part(url, b"late", 0).status_code == 409
    assert bringer.entries() == []


def test_a_part_changes_nothing_when_the_draft_can_no_longer_name_the_file(bringer: Bringer) -> None:
    """The last part and its place in the draft are one unit: both, or the part is asked for again."""
    answer = bringer.announce("late.txt", 4).json
    with bringer.site.database.unit() as session:
        put(session, session.get_one(Case, bringer.case.id), "submitted")
    bringer.part(answer["url"], b"late", 0)
    assert bringer.row(answer["key"]).received == 0


# The virus scanner


def test_a_virus_is_refused_by_its_name(bringer: Bringer, tmp_path: Path) -> None:
    class Finder:
        def scan(self, path: Path) -> str | None:
            return "Eicar-Signature" if bad.EICAR in path.read_bytes() else None

    path = tmp_path / "a.txt"
    path.write_bytes(b"x " + bad.EICAR)
    verdict = upload_checks.inspect(bringer.store(), Finder(), path, "a.txt")  # type: ignore[arg-type]
    assert str(verdict.refused) == "The virus scanner found Eicar-Signature in the file."
    assert list(bringer.store().root.glob("??/*")) == []


def test_while_the_scanner_is_silent_a_file_waits_and_is_given_up_in_the_end(
    database: Database, tmp_path: Path
) -> None:
    bringer = Bringer(Site(database, tmp_path, CLAMAV=str(tmp_path / "nobody.sock")))
    answer = bringer.bring("plan.txt", NOTES)
    assert answer["state"] == "checking"
    at = now()
    for _ in range(8):
        bringer.site.work(at)
        assert bringer.row(answer["key"]).state in ("checking", "refused")
        at += dt.timedelta(hours=3)
    told = bringer.client.get(answer["url"]).json
    assert (told["state"], told["refused"]) == (
        "refused",
        "The file could not be checked; remove it and try again later.",
    )


def test_the_page_says_whether_files_are_scanned(database: Database, tmp_path: Path) -> None:
    assert "this installation has no scanner" in Bringer(Site(database, tmp_path / "a")).page()
    assert "also scanned for viruses" in Bringer(Site(database, tmp_path / "b", CLAMAV="localhost:3310")).page()
