"""What a file says: the text that is drawn and the strings beside it; and what cannot be read is never whole."""

from __future__ import annotations

import io
from pathlib import Path

import hostile_files
import pikepdf
import pytest

from library import opening
from library.errors import Invalid

CMAP = b"""begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfchar <0001> <6E05> endbfchar
2 beginbfrange <0002> <0003> <6CB3> <0004> <0005> [<6C34> <52A1>] endbfrange"""


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def embedded(text: bytes, *, told: bool = True) -> bytes:
    """A PDF in a font of its own, as Chinese ones are written; unless `told`, without the map of its codes."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(200, 200))
    page.Contents = made.make_stream(b"BT /F1 12 Tf 20 100 Td [<%s> -120] TJ ET" % text)
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type0, BaseFont=pikepdf.Name.Song)
    if told:
        font.ToUnicode = made.make_stream(CMAP)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=made.make_indirect(font)))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_the_text_of_a_pdf_is_read_by_the_map_of_its_font(tmp_path: Path) -> None:
    text, opened = opening.read(written(tmp_path, "a.pdf", embedded(b"0001000200040005")), "a.pdf")
    assert "清河水务" in text
    assert (opened.whole, opened.pictures) == (True, False)


@pytest.mark.parametrize("content", [embedded(b"0001", told=False), embedded(b"0009"), embedded(b"")])
def test_a_pdf_whose_text_nobody_can_tell_is_not_whole(tmp_path: Path, content: bytes) -> None:
    _, opened = opening.read(written(tmp_path, "a.pdf", content), "a.pdf")
    assert not opened.whole


def test_links_and_pictures_of_a_pdf_are_noticed(tmp_path: Path) -> None:
    text, opened = opening.read(written(tmp_path, "a.pdf", hostile_files.pdf(harmless=True)), "a.pdf")
    assert "Meters in town" in text
    assert (opened.whole, opened.pictures) == (True, False)


def test_a_word_that_is_written_in_two_runs_is_read_as_one(tmp_path: Path) -> None:
    runs = "<w:r><w:t>清河</w:t></w:r><w:r><w:t>水务</w:t></w:r>"
    part = f'<w:document xmlns:w="{hostile_files.WORD}"><w:body><w:p>{runs}</w:p></w:body></w:document>'
    text, opened = opening.read(
        written(tmp_path, "a.docx", hostile_files.docx({"word/document.xml": part})), "a.docx"
    )
    assert "清河" in text
    assert opened.whole


def test_pictures_cannot_be_read_and_text_is(tmp_path: Path) -> None:
    assert not opening.read(written(tmp_path, "a.png", hostile_files.png()), "a.png")[1].whole
    text, opened = opening.read(written(tmp_path, "a.csv", "城市,清河\n".encode("gb18030")), "a.csv")
    assert ("清河" in text, opened.whole) == (True, True)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        opening.read(written(tmp_path, "a.pdf", b"%PDF-1.7\nnothing"), "a.pdf")
