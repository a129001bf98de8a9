"""Tables as people bring them: what is read of a file, and what is refused in words."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
import tables_brought
from flask.testing import FlaskClient
from sites import Site, token
from tables_brought import GOOD, PLACE, accept, bring, cases, signed_in, state, table

from library.catalog import grids
from library.db import Database
from library.errors import Invalid


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return tables_brought.opened(database, tmp_path)


@pytest.fixture
def editor(site: Site) -> FlaskClient:
    return signed_in(site, "li@works.example")


def test_json_rows_are_documents(site: Site, editor: FlaskClient) -> None:
    row = {"external_key": "J-1", "title": {"zh": "智能燃气表"}, "connections": [{"value": 5, "kind": "online"}]}
    address = bring(editor, table(row, ending="json"), name="t.json")
    site.work()
    accept(editor, address)
    site.work()
    assert cases(site) == {"J-1": {"title": {"zh": "智能燃气表"}, "connections": [{"value": 5, "kind": "online"}]}}


def test_a_formula_without_a_value_is_called_one(tmp_path: Path) -> None:
    """Spreadsheets keep a value beside a formula; programs that write workbooks do not."""
    file = tmp_path / "t.xlsx"
    file.write_bytes(table({**GOOD, "title.en": '="Remote" & "reading"'}, ending="xlsx"))
    [row] = grids.read(file, "xlsx")
    assert (row.wrong, row.document["title"]) == ({"title.en": grids.FORMULA}, {"zh": GOOD["title.zh"]})
    with zipfile.ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], times = re.subn(rb"(<c [^>]*)(><f>[^<]*</f>)<v></v>", rb'\1 t="str"\2<v>Read</v>', parts[sheet])
    assert times == 1
    with zipfile.ZipFile(file, "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
    [row] = grids.read(file, "xlsx")
    assert (row.wrong, row.document["title"]) == ({}, {"zh": GOOD["title.zh"], "en": "Read"})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"title.zh\nx"),
        ("t.csv", b"external_key,nonsense\n1,2"),
        ("t.csv", b"external_key,title.zh,title.zh\n1,2,3"),
        ("t.csv", b"external_key\n"),
        ("t.json", b"{}"),
        ("t.json", b"[1]"),
        ("t.json", b"[" * 100_000),
    ],
)
def test_what_is_no_table_is_refused_in_words(site: Site, editor: FlaskClient, name: str, data: bytes) -> None:
    address = bring(editor, data, name=name)
    site.work()
    assert state(site)[0] == "refused"
    assert "The table was not taken" in editor.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "data"), [("t.xlsx", b"PK no"), ("t.csv", b"\0\1\2"), ("t.exe", b"MZ"), ("t.csv", b""), ("", b"")]
)
def test_what_is_not_what_its_name_says_is_refused_at_once(editor: FlaskClient, name: str, data: bytes) -> None:
    given = {"csrf_token": token(editor, PLACE), "table": (io.BytesIO(data), name)}
    answer = editor.post(PLACE, data=given)
    assert answer.status_code == 422
    assert "1 thing must be fixed" in answer.get_data(as_text=True)


def test_the_template_comes_back_empty_and_whole(editor: FlaskClient, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx"):
        file = tmp_path / f"t.{ending}"
        file.write_bytes(editor.get(f"{PLACE}/template.{ending}").get_data())
        with pytest.raises(Invalid, match="no rows"):
            grids.read(file, ending)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert [cell.value for cell in book["cases"][1]] == list(grids.COLUMNS)
    assert "water-metering" in [cell.value for cell in book["codes"][1]]
