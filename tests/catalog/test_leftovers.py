"""Files that a draft no longer names, and what becomes of their bytes."""

from __future__ import annotations

import datetime as dt
import io
import os

import hostile_files as bad
import pytest
from bringing import NOTES, Bringer
from sqlalchemy import select

from library.accounts.models import Organisation
from library.catalog import drafts, leftovers
from library.catalog.draft_models import DraftEdit, DraftSection, Submission
from library.catalog.models import Case
from library.catalog.upload_models import Upload
from library.worker import now


def test_taking_a_file_out_is_noted_however_it_happens(bringer: Bringer) -> None:
    first, second = bringer.bring("one.txt", NOTES), bringer.bring("two.txt", b"two\n")
    [kept] = [entry for entry in bringer.entries() if entry["upload"] == second["key"]]
    with bringer.site.database.unit() as session:
        case = session.get_one(Case, bringer.case.id)
        drafts.save(session, bringer.actor, case, "files", content={"attachments": [kept]}, version=2, now=now())
    assert bringer.told() == [("file.add", "one.txt"), ("file.add", "two.txt"), ("file.remove", "one.txt")]
    conflict = bringer.client.post(
        f"{bringer.address}/{second['key']}/discard", data={"csrf_token": bringer.token}
    )
    assert conflict.status_code == 409
    assert first["key"] != second["key"]


def forget(bringer: Bringer, days: float) -> int:
    return leftovers.forget(bringer.site.database, bringer.store(), now=now() + dt.timedelta(days=days))


def test_what_nobody_names_is_forgotten_after_a_week_with_its_bytes(bringer: Bringer) -> None:
    lone = bringer.bring("lone.jpg", bad.jpeg())
    named = bringer.bring("named.txt", NOTES)
    coming = bringer.announce("coming.txt", 10).json
    bringer.part(coming["url"], b"01234", 0)
    row = bringer.row(lone["key"])
    with bringer.site.database.unit() as session:
        section = session.get_one(DraftSection, (bringer.case.id, "files"))
        section.content = {
            "attachments": [each for each in section.content["attachments"] if each["upload"] != row.key]
        }
        for edit in session.scalars(select(DraftEdit)):
            session.delete(edit)
    assert forget(bringer, 6.9) == 0
    assert forget(bringer, 7.1) == 2
    with bringer.site.database.reading() as session:
        assert session.scalars(select(Upload.key)).all() == [named["key"]]
    left = {path.name for path in bringer.store().root.rglob("*") if path.is_file()}
    assert left == {bringer.row(named["key"]).sha256}


@pytest.mark.parametrize("who", ["draft", "past", "submission", "other"])
def test_what_somebody_names_stays(bringer: Bringer, who: str) -> None:
    row = bringer.row(bringer.bring("photo.jpg", bad.jpeg())["key"])
    with bringer.site.database.unit() as session:
        section = session.get_one(DraftSection, (bringer.case.id, "files"))
        if who != "draft":
            section.content = {}
        if who != "past":
            for edit in session.scalars(select(DraftEdit)):
                session.delete(edit)
        if who == "submission":
            document = {"attachments": [{"name": "photo.jpg", "sha256": row.sha256}]}
            session.add(
                Submission(
                    case_id=bringer.case.id,
                    number=1,
                    document=document,
                    digest="",
                    findings=[],
                    at=now(),
                    fields=[],
                )
            )
    other = Bringer(bringer.site).bring("same.jpg", bad.jpeg()) if who == "other" else None
    assert forget(bringer, 8) == (1 if who == "other" else 0)
    assert (other is None) or bringer.store().path(row.sha256).exists()
    assert bringer.store().path(row.sha256).exists()
    assert bringer.store().preview(row.public_sha256).exists()


def test_evidence_that_was_replaced_is_forgotten_with_its_bytes(bringer: Bringer) -> None:
    old, new = (bringer.store().put(io.BytesIO(text), "evidence.txt").sha256 for text in (b"old\n", b"new\n"))
    with bringer.site.database.unit() as session:
        owner = session.get_one(Organisation, bringer.organisation)
        owner.evidence_name, owner.evidence_sha256, owner.evidence_type = "evidence.txt", new, "text/plain"
    forget(bringer, 6.9)
    assert (bringer.store().path(old).exists(), bringer.store().path(new).exists()) == (True, True)
    forget(bringer, 7.1)
    assert (bringer.store().path(old).exists(), bringer.store().path(new).exists()) == (False, True)


def test_bytes_that_came_again_meanwhile_stay(bringer: Bringer) -> None:
    kept = bringer.store().put(io.BytesIO(NOTES), "a.txt")
    at = now()
    bringer.store().forget(kept.sha256, unless_after=at - dt.timedelta(hours=1))
    assert bringer.store().path(kept.sha256).exists()
    old = (at - dt.timedelta(hours=2)).timestamp()
    os.utime(bringer.store().path(kept.sha256), (old, old))
    bringer.store().forget(kept.sha256, unless_after=at - dt.timedelta(hours=1))
    assert not bringer.store().path(kept.sha256).exists()
