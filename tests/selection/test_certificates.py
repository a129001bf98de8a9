"""Certificates as documents: what they say, the same bytes for the same content, demonstration in the file."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from published import AFTER, published
from sqlalchemy import select

from library.config import Config
from library.db import Database
from library.files import Store
from library.selection import call_documents, certificates
from library.selection.benchmark_models import CallFile, Certificate, Result


def config(folder: Path) -> Config:
    return Config.read({"CASELIB_DATA": str(folder), "CASELIB_URL": "https://cases.example"})


def words(content: bytes) -> str:
    """The text of a PDF, glyph by glyph, as its fonts map them to characters."""
    found = []
    with pikepdf.open(io.BytesIO(content)) as file:
        for page in file.pages:
            maps = {name: _map(font) for name, font in page.Resources.Font.items()}
            font: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    font = maps[str(operands[0])]
                elif str(operator) in ("Tj", "TJ"):
                    parts = operands[0] if str(operator) == "TJ" else [operands[0]]
                    for part in parts:
                        if isinstance(part, pikepdf.String):
                            raw = bytes(part)
                            codes = (int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))
                            found += [font.get(code, "") for code in codes]
    return "".join(found).replace(" ", "")


def _map(font: pikepdf.Object) -> dict[int, str]:
    found: dict[int, str] = {}
    text = bytes(font.ToUnicode.read_bytes()).decode("latin-1")
    for block in text.split("beginbfchar")[1:]:
        for line in block.partition("endbfchar")[0].strip().splitlines():
            code, char = line.replace("<", " ").replace(">", " ").split()
            found[int(code, 16)] = bytes.fromhex(char).decode("utf-16-be")
    for block in text.split("beginbfrange")[1:]:
        for line in block.partition("endbfrange")[0].strip().splitlines():
            first, last, char = line.replace("<", " ").replace(">", " ").split()[:3]
            start = int.from_bytes(bytes.fromhex(char))
            found |= {
                code: chr(start + code - int(first, 16)) for code in range(int(first, 16), int(last, 16) + 1)
            }
    return found


@pytest.mark.font
def test_a_certificate_has_number_name_hash_and_term_in_both_languages(database: Database, tmp_path: Path) -> None:
    published(database)
    store = Store(tmp_path / "files")
    with database.reading() as session:
        number = session.scalars(select(Certificate.id)).one()
    certificates.make(database, store, config(tmp_path), certificate=number, now=AFTER)
    with database.reading() as session:
        paper = session.get_one(Certificate, number)
        assert paper.pdf_sha256 is not None
        content = store.path(paper.pdf_sha256).read_bytes()
        text = words(content)
        for said in (
            paper.number,
            paper.list_sha256,
            "青河水务集团有限公司",
            "QingheWater",
            "2029年3月8日",
            "8March2029",
        ):
            assert said in text, said
        assert f"https://cases.example/verify/{paper.number}" in text
        assert "DEMONSTRATION" not in text
        with pikepdf.open(io.BytesIO(content)) as file:
            assert bool(file.Root.MarkInfo.Marked)
            assert len(file.pages) <= 2


@pytest.mark.font
def test_a_demonstration_says_so_in_the_file_itself(database: Database, tmp_path: Path) -> None:
    published(database)
    with database.unit() as session:
        paper = session.scalars(select(Certificate)).one()
        paper.benchmark.demonstration = True
        session.flush()
        data = certificates.content(session, paper, config(tmp_path))
        drawn = [certificates.pdf.draw(certificates.TEMPLATE, data, at=paper.issued_at) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert "DEMONSTRATION演示" in words(drawn[0])


@pytest.mark.font
def test_record_and_report_are_drawn_in_both_languages(database: Database, tmp_path: Path) -> None:
    call = published(database, chosen=2)
    store = Store(tmp_path / "files")
    call_documents.make(database, store, config(tmp_path), call=call, now=AFTER)
    with database.reading() as session:
        files = session.scalars(select(CallFile)).all()
        assert {(file.kind, file.lang) for file in files} == {
            (kind, lang) for kind in ("record", "report") for lang in ("zh", "en")
        }
        result = session.get_one(Result, call)
        for file in files:
            text = words(store.path(file.sha256).read_bytes())
            assert (result.sha256 in text) == (file.kind == "record")
