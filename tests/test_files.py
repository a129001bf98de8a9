"""Attached files: content and ending agree, nothing harmful is taken, the same bytes are kept once."""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
import zlib
from pathlib import Path

import hostile_files as bad
import make
import pytest

from library import previews
from library.catalog.schemas import AttachedFile
from library.errors import Conflict, Invalid
from library.files import Store, given_name, safe_name

TEXT = "月份,值\n1,2\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files", max_bytes=1 << 20)


def brief(value: str | bytes) -> str:
    """How a case of a test is called: not by a million bytes."""
    return value[:30] if isinstance(value, str) else ""


def everything(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", bad.png(), "image/png"),
        ("a.JPG", bad.jpeg(), "image/jpeg"),
        ("a.PDF", bad.pdf(), "application/pdf"),
        ("a.csv", TEXT.encode(), "text/csv"),
        ("old.txt", ("旧文本" * 500_000).encode("gb18030")[:1_000_000], "text/plain"),
        ("a.docx", bad.docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", bad.xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
    ids=brief,
)
def test_a_file_is_kept_under_its_hash(store: Store, name: str, content: bytes, media_type: str) -> None:
    kept = store.put(io.BytesIO(content), name)
    assert (kept.sha256, kept.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert kept.media_type == media_type
    assert store.path(kept.sha256).read_bytes() == content
    assert store.put(io.BytesIO(content), name) == kept
    assert everything(store) == [store.path(kept.sha256)]


def test_a_chart_with_its_numbers_may_stand_in_a_document(store: Store) -> None:
    content = bad.docx({"word/embeddings/Microsoft_Excel_Sheet1.xlsx": bad.xlsx()})
    assert store.put(io.BytesIO(content), "a.docx").size == len(content)


OTHER = "not what its ending"
DAMAGED = "damaged"
TWO = "of two kinds at once"
MACROS = "macros or controls"
EMBEDDED = "embedded in this one"
REMOTE = "loads a part of itself from elsewhere"
BOMB = "far larger than the file"
PASSWORD = "password"
PAGE = "is a web page"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        # Of a kind that is not on the list, or of another than it says
        ("a.html", b"<script>", "This kind of file is not taken."),
        ("a.svg", b'<svg onload="alert(1)"/>', "This kind of file is not taken."),
        ("a.docm", bad.docx(), "This kind of file is not taken."),
        ("noending", b"x", "This kind of file is not taken."),
        ("a.png", bad.pdf(), OTHER),
        ("a.png", bad.jpeg(), OTHER),
        ("a.jpg", b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", OTHER),
        ("a.txt", b"GIF89a/*  */=1;alert(1)", OTHER),
        ("a.pdf", b"<html>", OTHER),
        ("a.pdf", b"\n%PDF-1.7", OTHER),
        ("a.txt", b"a\0b", OTHER),
        ("a.txt", b"MZ is how programs begin", OTHER),
        ("a.csv", b"\xff\xff\xff", OTHER),
        ("a.txt", b"right at first" + b" " * (1 << 19) + b"\xff\xff\xff", OTHER),
        ("a.docx", bad.xlsx(), OTHER),
        ("a.xlsx", bad.docx(), OTHER),
        ("a.docx", bad.package({"readme.txt": "only a zip"}), OTHER),
        # Damaged
        ("a.docx", b"PK\x03\x04 cut off", DAMAGED),
        ("a.docx", bad.docx()[:-40], DAMAGED),
        ("a.docx", bad.lying_package(), DAMAGED),
        ("a.docx", bad.docx({"word/document.XML": "twice, for those who read both spellings as one"}), DAMAGED),
        ("a.docx", bad.docx({"../../etc/passwd": "x"}), DAMAGED),
        ("a.docx", bad.docx({"C:\\autoexec.bat": "x"}), DAMAGED),
        ("a.docx", bad.docx({"word/b.xml": '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'}), DAMAGED),
        ("a.docx", bad.docx({"word/b.xml": '<!DOCTYPE a [<!ENTITY b "bbbb">]>'.encode("utf-16")}), DAMAGED),
        ("a.pdf", b"%PDF-1.7\n and nothing else", DAMAGED),
        ("a.png", bad.png()[:60], DAMAGED),
        # Larger inside than outside
        ("a.docx", bad.zip_bomb(), BOMB),
        ("a.docx", bad.docx({f"word/{n}.xml": "x" for n in range(5001)}), BOMB),
        ("a.docx", bad.docx({"word/embeddings/a.xlsx": bad.package({"xl/a.bmp": b"\0" * (20 << 20)})}), BOMB),
        ("a.png", bad.huge_png(60_000, 60_000), "40 million pixels"),
        ("a.png", bad.huge_png(8_000, 5_001), "40 million pixels"),
        # Two kinds at once
        ("a.pdf", bad.pdf() + bad.docx(), TWO),
        ("a.png", bad.png() + bad.docx(), TWO),
        ("a.png", bad.png() + b"tail", TWO),
        ("a.jpg", bad.jpeg() + bad.package({"a.class": "x"}), TWO),
        ("a.jpg", bad.jpeg_with_page(), TWO),
        ("a.docx", b"MZ" + bad.docx(), OTHER),
        # Pages as text
        ("a.txt", b"<!DOCTYPE html><title>x</title>", PAGE),
        ("a.csv", b"\xef\xbb\xbf  <html><body>", PAGE),
        ("a.txt", b"<!-- a --><SCRIPT>alert(1)</SCRIPT>", PAGE),
        ("a.csv", b'name,value\n"<script src=//evil.example>",1', PAGE),
        ("a.txt", b"<?xml version='1.0'?><svg onload='alert(1)'/>", PAGE),
        # Documents that do something
        ("a.docx", bad.docx({"word/vbaProject.bin": bad.OLE}), MACROS),
        (
            "a.docx",
            bad.docx(types='<Override PartName="/a" ContentType="application/x.macroEnabled.main+xml"/>'),
            MACROS,
        ),
        ("a.xlsx", bad.package({"xl/workbook.xml": "<a/>", "xl/macrosheets/sheet1.xml": "<a/>"}), MACROS),
        ("a.docx", bad.docx({"word/activeX/activeX1.xml": "<a/>"}), MACROS),
        ("a.docx", bad.docx({"word/embeddings/oleObject1.bin": bad.OLE}), EMBEDDED),
        ("a.docx", bad.docx({"word/media/picture.emf": bad.OLE}), EMBEDDED),
        ("a.docx", bad.docx({"word/media/picture.emf": b"MZ\x90"}), EMBEDDED),
        ("a.docx", bad.docx({"word/media/more.dat": bad.package({"a": "x"})}), EMBEDDED),
        (
            "a.docx",
            bad.docx({"word/embeddings/a.docx": bad.docx({"word/embeddings/b.docx": bad.docx()})}),
            EMBEDDED,
        ),
        ("a.docx", bad.docx({"word/embeddings/a.docx": bad.docx({"word/vbaProject.bin": "x"})}), MACROS),
        ("a.docx", bad.docx(relations=bad.external("attachedTemplate")), REMOTE),
        ("a.docx", bad.docx(relations=bad.external("oleObject")), REMOTE),
        ("a.docx", bad.docx(relations=bad.external("image", "\\\\evil.example\\share\\a.png")), REMOTE),
        ("a.docx", bad.docx(relations=bad.external("hyperlink", "JavaScript:alert(1)")), REMOTE),
        (
            "a.docx",
            bad.docx({"word/f.xml": '<w:instrText>DDEAUTO c:\\\\cmd.exe "/k calc"</w:instrText>'}),
            "starts other programs",
        ),
        # Locked
        ("a.pdf", bad.pdf(owner="geheim", user="geheim"), PASSWORD),
        ("a.pdf", bad.pdf(owner="geheim"), PASSWORD),  # which opens, but forbids to copy
        ("a.docx", bad.OLE, PASSWORD),
        ("a.docx", bad.locked_package(), PASSWORD),
        # Nothing, and too much
        ("a.txt", b"", "The file is empty."),
        ("a.txt", b"x" * ((1 << 20) + 1), "A file may have 1 MB at most."),
    ],
    ids=brief,
)
def test_a_refused_file_leaves_nothing_behind(store: Store, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        store.put(io.BytesIO(content), name)
    assert everything(store) == []


# Names


@pytest.mark.parametrize(
    ("given", "kept", "safe"),
    [
        ("智能水表 方案（终稿）.PDF", "智能水表 方案（终稿）.PDF", "智能水表-方案-终稿.pdf"),
        ("C:\\Users\\wang\\plan.docx", "plan.docx", "plan.docx"),
        ("../../etc/passwd.txt", "passwd.txt", "passwd.txt"),
        ("invoice.exe.pdf", "invoice.exe.pdf", "invoice-exe.pdf"),
        ("CON.txt", "CON.txt", "file-CON.txt"),
        ("com1.pdf", "com1.pdf", "file-com1.pdf"),
        ("...pdf", "...pdf", "file.pdf"),
        ("<script>alert(1)<／script>.csv", "<script>alert(1)<／script>.csv", "script-alert-1-script.csv"),
        ("ｐｈｏｔｏ.ＪＰＧ", "ｐｈｏｔｏ.ＪＰＧ", "photo.jpg"),
        ("-rf.txt", "-rf.txt", "rf.txt"),
        ("é" * 150 + ".png", "é" * 150 + ".png", "é" * 80 + ".png"),
        ("a" * 196 + ".txt", "a" * 196 + ".txt", "a" * 80 + ".txt"),
    ],
)
def test_a_name_is_made_safe(given: str, kept: str, safe: str) -> None:
    assert given_name(given) == kept
    assert safe_name(kept) == safe
    assert AttachedFile(only=["name"]).validate({"name": safe}) == {}
    assert unicodedata.is_normalized("NFKC", safe)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("photo\u202egpj.exe", "characters that cannot be seen"),
        ("exe.\u202efdp.pdf", "characters that cannot be seen"),
        ("a\0b.pdf", "characters that cannot be seen"),
        ("a\nb.pdf", "characters that cannot be seen"),
        ("zero\u200bwidth.pdf", "characters that cannot be seen"),
        ("report.рdf", "only look like Latin"),  # a Cyrillic er
        ("a" * 297 + ".pdf", "200 characters at most"),
        ("photo.jpg.exe", "This kind of file is not taken"),
        ("pdf", "This kind of file is not taken"),
        ("", "This kind of file is not taken"),
        ("folder/", "This kind of file is not taken"),
    ],
)
def test_a_name_that_hides_something_is_refused(given: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        given_name(given)


# Parts of an upload, and what is left of it


def test_parts_are_written_behind_what_counts(store: Store) -> None:
    spool = store.spool("one")
    assert spool.size == 0
    with spool.held():
        assert spool.add(io.BytesIO(b"first "), at=0, most=10) == 6
        assert spool.add(io.BytesIO(b"broken off"), at=6, most=10) == 16
        assert spool.add(io.BytesIO(b"second"), at=6, most=10) == 12
    assert spool.path.read_bytes() == b"first second"


def test_a_part_that_is_too_long_leaves_what_was_there(store: Store) -> None:
    spool = store.spool("one")
    with spool.held():
        spool.add(io.BytesIO(b"first "), at=0, most=10)
        with pytest.raises(Invalid, match="longer than a part may be"):
            spool.add(io.BytesIO(b"x" * 11), at=6, most=10)
    assert spool.path.read_bytes() == b"first "


def test_two_cannot_write_at_once(store: Store) -> None:
    with store.spool("one").held(), pytest.raises(Conflict, match="coming in just now"), store.spool("one").held():
        raise AssertionError("held twice")
    with store.spool("one").held():
        pass


def test_old_leftovers_are_swept_and_new_ones_stay(store: Store) -> None:
    week = make.NOW.timestamp() - 7 * 86400
    names = {"old": week - 1, "new": week + 1}
    for name, at in names.items():
        with store.spool(name).held():
            os.utime(store.spool(name).path, (at, at))
        (store.root / f".incoming-{name}").write_bytes(b"x")
        os.utime(store.root / f".incoming-{name}", (at, at))
    kept = store.put(io.BytesIO(TEXT.encode()), "a.csv")
    os.utime(store.path(kept.sha256), (week - 1, week - 1))
    store.sweep(make.NOW - make.dt.timedelta(days=7))
    assert sorted(path.name for path in everything(store)) == sorted([".incoming-new", "new", kept.sha256])


def test_a_pdf_whose_lists_unpack_to_far_more_is_not_opened(tmp_path: Path) -> None:
    packed = zlib.compress(b" " * (40 << 20), 9)
    head = b"%%PDF-1.5\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    store = Store(tmp_path)
    with pytest.raises(Invalid, match="far larger"):
        store.put(io.BytesIO(head + packed + b"\nendstream\nendobj\n%%EOF"), "a.pdf")
    assert store.put(io.BytesIO(bad.pdf()), "b.pdf").media_type == "application/pdf"


@pytest.mark.parametrize("content", [b"a,b\rc,d\r", b'"open\rnever closed', b"a\r\nb\n\rc"])
def test_a_table_with_ends_of_lines_of_old_machines_has_a_first_page(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    page = previews.first_page(file, "text/csv")
    assert page is not None
    assert page.rows[0][0] in ("a", "open\nnever closed")
