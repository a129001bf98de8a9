"""Files of a case: brought by the importer, fixed by the revision, handed out to their audience only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import make
import pytest
from flask.testing import FlaskClient
from sites import Site
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.catalog.importer import import_cases
from library.catalog.models import Attachment
from library.db import Database
from library.errors import Invalid
from library.files import Store
from library.policy import SYSTEM

CODE = "MIOT-P-0001"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.taxonomy(session)
    return site


def attached(name: str, **over: Any) -> dict[str, Any]:
    return {"name": name, "title": {"en": name, "zh": f"附件{name}"}, **over}


def bring(site: Site, folder: Path, *files: dict[str, Any]) -> None:
    path = make.file(folder, make.document(code=CODE, attachments=list(files)))
    with site.database.unit() as session:
        import_cases(session, SYSTEM, [path], now=make.NOW, store=Store(site.config.files))
    site.work()


def write(folder: Path, name: str, text: str) -> None:
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / name).write_text(text, encoding="utf-8")


def fetch(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    """An answer read to its end and closed, as a server closes the file it sent."""
    with client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        answer.get_data()
        return answer


def test_a_case_brings_its_files_and_drops_them(site: Site, tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "安装须知")
    write(tmp_path, "table.csv", "a,b\n")
    write(tmp_path, "plan.txt", "for the ministry")
    bring(site, tmp_path, attached("notes.txt"), attached("table.csv"), attached("plan.txt", audience="ministry"))
    with site.database.reading() as session:
        keys = {row.name: row.key for row in session.scalars(select(Attachment))}
    client, base = site.client("en"), f"/cases/{CODE}/files"

    page = client.get(f"/cases/{CODE}").get_data(as_text=True)
    assert [name for name in sorted(keys) if keys[name] in page] == ["notes.txt", "table.csv"]
    shown = client.get(f"/api/v1/cases/{CODE}").get_data(as_text=True)
    assert "notes.txt" in shown
    assert "plan.txt" not in shown

    notes = fetch(client, f"{base}/{keys['notes.txt']}")
    assert (notes.status_code, notes.get_data(as_text=True), notes.mimetype) == (200, "安装须知", "text/plain")
    assert notes.headers["Content-Disposition"].startswith("inline")
    assert notes.headers["X-Content-Type-Options"] == "nosniff"
    part = fetch(client, f"{base}/{keys['notes.txt']}", Range="bytes=0-2")
    assert (part.status_code, part.get_data().decode()) == (206, "安")
    same = fetch(client, f"{base}/{keys['notes.txt']}", If_None_Match=notes.headers["ETag"])
    assert same.status_code == 304
    table = fetch(client, f"{base}/{keys['table.csv']}")
    assert table.headers["Content-Disposition"].startswith("attachment")
    assert fetch(client, f"{base}/{keys['plan.txt']}").status_code == 404

    bring(site, tmp_path, attached("table.csv"))
    assert fetch(client, f"{base}/{keys['notes.txt']}").status_code == 404
    assert fetch(client, f"{base}/{keys['table.csv']}").status_code == 200


def test_other_bytes_under_the_same_name_are_a_new_revision(site: Site, tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "one")
    bring(site, tmp_path, attached("notes.txt"))
    bring(site, tmp_path, attached("notes.txt"))
    assert site.client().get(f"/api/v1/cases/{CODE}").json["revision"] == 1
    write(tmp_path, "notes.txt", "two")
    bring(site, tmp_path, attached("notes.txt"))
    assert site.client().get(f"/api/v1/cases/{CODE}").json["revision"] == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "There is no file files/notes.txt to attach."), ("a\0b", "not what its ending .txt says")],
)
def test_a_file_that_cannot_be_attached_is_told_with_its_line(
    site: Site, tmp_path: Path, content: str | None, sentence: str
) -> None:
    if content is not None:
        write(tmp_path, "notes.txt", content)
    with pytest.raises(Invalid) as refused:
        bring(site, tmp_path, attached("notes.txt"))
    [reason] = map(str, refused.value.reasons)
    assert "attachments.0.name: " in reason
    assert ", line " in reason
    assert sentence in reason
    assert site.client().get(f"/cases/{CODE}").status_code == 404
