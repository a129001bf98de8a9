"""Attached files: content and ending agree, the same bytes are kept once, nothing half-done stays."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from library.errors import Invalid
from library.files import Store

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


DOCX = office("[Content_Types].xml", "word/document.xml")
XLSX = office("[Content_Types].xml", "xl/workbook.xml")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files", max_bytes=10_000)


def everything(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", PNG, "image/png"),
        ("a.PDF", PDF, "application/pdf"),
        ("a.csv", "月份,值\n1,2\n".encode(), "text/csv"),
        ("old.txt", "旧文本".encode("gb18030"), "text/plain"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_a_file_is_kept_under_its_hash(store: Store, name: str, content: bytes, media_type: str) -> None:
    kept = store.put(io.BytesIO(content), name)
    assert (kept.sha256, kept.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert kept.media_type == media_type
    assert store.path(kept.sha256).read_bytes() == content
    assert store.put(io.BytesIO(content), name) == kept
    assert everything(store) == [store.path(kept.sha256)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.html", b"<script>", "This kind of file is not taken."),
        ("a.svg", b"<svg/>", "This kind of file is not taken."),
        ("noending", b"x", "This kind of file is not taken."),
        ("a.png", PDF, "not what its ending .png says"),
        ("a.pdf", b"<html>", "not what its ending .pdf says"),
        ("a.txt", b"a\0b", "not what its ending .txt says"),
        ("a.csv", b"\xff\xff\xff", "not what its ending .csv says"),
        ("a.docx", XLSX, "not what its ending .docx says"),
        ("a.xlsx", DOCX, "not what its ending .xlsx says"),
        ("a.docx", b"PK\x03\x04 cut off", "not what its ending .docx says"),
        ("a.txt", b"", "The file is empty."),
        ("a.txt", b"x" * 10_001, "A file may have"),
    ],
)
def test_a_refused_file_leaves_nothing_behind(store: Store, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        store.put(io.BytesIO(content), name)
    assert everything(store) == []
