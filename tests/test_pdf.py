"""PDF: the same bytes for the same input, nothing that cannot be drawn, words that are never read as markup."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pikepdf
import pytest

from library import pdf
from library.errors import Unavailable

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
PAGE = """
#let given = json(bytes(sys.inputs.data))
#set document(title: given.title)
#set text(lang: "zh", font: (given.font,))
= #given.title
#given.text
"""


@pytest.fixture(autouse=True)
def _page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.typ").write_text(PAGE)
    monkeypatch.setattr(pdf, "TEMPLATES", tmp_path)


def draw(text: str, at: dt.datetime = AT) -> bytes:
    return pdf.draw("page.typ", {"title": "回执", "text": text}, at=at)


def fonts(content: bytes) -> set[str]:
    """The names of the fonts in a file, without the prefix of a subset."""
    with pikepdf.open(io.BytesIO(content)) as file:
        names = [
            str(font.get("/BaseFont", "")).lstrip("/")
            for page in file.pages
            for font in page.Resources.get("/Font", {}).values()
        ]
    return {name.partition("+")[2] or name for name in names}


@pytest.mark.font
def test_the_same_input_gives_the_same_bytes() -> None:
    assert draw("智能水表") == draw("智能水表")
    assert draw("智能水表") != draw("智能电表")
    assert draw("智能水表") != draw("智能水表", AT + dt.timedelta(seconds=1))


@pytest.mark.font
def test_a_time_is_one_instant_in_whatever_zone_it_is_given() -> None:
    assert draw("水表", AT) == draw("水表", AT.astimezone(dt.timezone(dt.timedelta(hours=8))))


@pytest.mark.font
def test_a_clock_that_stands_between_two_seconds_prints_too() -> None:
    assert draw("水表", AT.replace(microsecond=123_456)) == draw("水表", AT)


@pytest.mark.font
def test_the_file_is_tagged_and_says_its_language_and_title() -> None:
    with pikepdf.open(io.BytesIO(draw("智能水表"))) as file:
        assert bool(file.Root.MarkInfo.Marked)
        assert str(file.Root.Lang).startswith("zh")
        assert "回执" in str(file.docinfo["/Title"])


@pytest.mark.font
def test_chinese_is_drawn_with_a_chinese_font() -> None:
    assert pdf.font() in pdf.CHINESE
    assert fonts(draw("智能水表")) != set()


@pytest.mark.font
@pytest.mark.parametrize(
    "text",
    ["#panic(1)", '#import "x"', "$x$ *b* _i_ `c` <l> @r \\u{1F600}", "= head", "// gone", '"quoted" \\ {}'],
)
def test_what_people_write_is_never_read_as_typst(text: str) -> None:
    assert draw(text) != draw("")


@pytest.mark.font
def test_a_character_without_a_glyph_is_spelt_by_its_number() -> None:
    """U+E000 belongs to nobody: no font has it, and an empty box says nothing."""
    assert draw("水表\ue000") == draw("水表[U+E000]")


def test_without_a_chinese_font_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "CHINESE", ("No Such Font",))
    assert pdf.font() is None
    with pytest.raises(Unavailable, match="no Chinese font"):
        draw("智能水表")
