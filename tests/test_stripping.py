"""Public copies: nothing about makers, devices and places, nothing that acts; what is to be read stays."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import hostile_files as bad
import openpyxl
import pikepdf
import pytest
from PIL import Image, ImageCms

from library.errors import Invalid
from library.inspection import look
from library.kinds import TYPES
from library.stripping import strip

FILES = {"a.jpg": bad.jpeg, "a.png": bad.png, "a.pdf": bad.pdf, "a.docx": bad.docx, "a.xlsx": bad.xlsx}


def stripped(folder: Path, name: str, content: bytes) -> bytes:
    path, out = folder / name, folder / f"public-{name}"
    path.write_bytes(content)
    assert strip(path, TYPES[name.rpartition(".")[2]], out)
    return out.read_bytes()


def told(name: str, content: bytes) -> str:
    """Everything that a file says, unpacked: parts of packages, streams and strings of a PDF, pictures."""
    if name.endswith((".docx", ".xlsx")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(told(part, archive.read(part)) for part in archive.namelist())
    if name.endswith(".pdf"):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            things = [repr(thing) for thing in pdf.objects] + [repr(pdf.trailer)]
            streams = [thing.read_raw_bytes() for thing in pdf.objects if isinstance(thing, pikepdf.Stream)]
            streams += [thing.read_bytes() for thing in pdf.objects if _packed(thing)]
        return "\n".join(things) + "\n".join(told("", stream) for stream in streams)
    return content.decode("utf-8", "replace") + content.decode("utf-16", "replace")


def _packed(thing: object) -> bool:
    return isinstance(thing, pikepdf.Stream) and thing.get("/Filter") == "/FlateDecode"


@pytest.mark.parametrize("name", FILES)
def test_a_public_copy_tells_nothing_of_its_maker(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    before, after = told(name, content), told(name, stripped(tmp_path, name, content))
    assert [secret for secret in bad.SECRETS if secret in before] != []
    assert [secret for secret in bad.SECRETS if secret in after] == []


@pytest.mark.parametrize("name", FILES)
def test_a_public_copy_is_a_good_file_of_its_kind_and_always_the_same(tmp_path: Path, name: str) -> None:
    content, ending = FILES[name](), name.rpartition(".")[2]
    copy = stripped(tmp_path, name, content)
    assert look(tmp_path / f"public-{name}", ending) == TYPES[ending]
    assert stripped(tmp_path, name, content) == copy


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_text_is_public_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("水表,1\n", encoding="utf-8")
    assert not strip(path, TYPES[name.rpartition(".")[2]], tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Pictures


def test_a_photograph_stands_as_the_camera_was_held(tmp_path: Path) -> None:
    copy = Image.open(io.BytesIO(stripped(tmp_path, "a.jpg", bad.jpeg((40, 20)))))
    assert copy.size == (20, 40)
    top, bottom = copy.getpixel((10, 5)), copy.getpixel((10, 35))
    assert [max(range(3), key=colour.__getitem__) for colour in (top, bottom)] == [0, 2]  # red above, blue below
    assert dict(copy.getexif()) == {}
    assert {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(copy.info) == set()


def test_what_is_transparent_stays_so(tmp_path: Path) -> None:
    copy = Image.open(io.BytesIO(stripped(tmp_path, "a.png", bad.png())))
    assert (copy.mode, copy.size) == ("RGBA", (20, 40))
    assert copy.getpixel((3, 3)) == (255, 0, 0, 128)


def test_colours_of_another_space_are_turned_into_those_of_screens(tmp_path: Path) -> None:
    out = io.BytesIO()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (8, 8), (10, 200, 30)).save(out, "PNG", icc_profile=lab)
    copy = Image.open(io.BytesIO(stripped(tmp_path, "a.png", out.getvalue())))
    assert "icc_profile" not in copy.info
    assert all(abs(one - other) < 3 for one, other in zip(copy.getpixel((0, 0)), (10, 200, 30), strict=True))


def test_a_telephone_s_picture_of_two_pictures_is_one(tmp_path: Path) -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    first.save(out, "MPO", save_all=True, append_images=[second], exif=bad.exif())
    copy = stripped(tmp_path, "a.jpg", out.getvalue())
    assert copy.count(b"\xff\xd8\xff") == 1
    assert Image.open(io.BytesIO(copy)).format == "JPEG"


# PDF


def test_a_pdf_keeps_its_page_and_its_harmless_links(tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(stripped(tmp_path, "a.pdf", bad.pdf()))) as copy:
        [page] = copy.pages
        assert b"Meters in town" in page.Contents.read_bytes()
        assert [str(each.A.URI) if "/A" in each else None for each in page.Annots] == [
            "https://example.org/",
            None,
        ]
        assert sorted(copy.Root.keys()) == ["/Names", "/Pages", "/Type"]
        assert sorted(copy.Root.Names.keys()) == []
        assert "/Info" not in copy.trailer
        assert (dict(copy.docinfo), len(copy.attachments)) == ({}, 0)


def test_pictures_of_a_pdf_keep_their_pixels_to_the_bit(tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(stripped(tmp_path, "a.pdf", bad.pdf()))) as copy:
        picture = Image.open(io.BytesIO(copy.pages[0].Resources.XObject.Im1.read_raw_bytes()))
        assert picture.convert("RGB").tobytes() == Image.open(io.BytesIO(bad.jpeg())).convert("RGB").tobytes()
        assert dict(picture.getexif()) == {}


def test_a_font_may_be_called_like_a_key_that_is_taken_out(tmp_path: Path) -> None:
    made = pikepdf.open(io.BytesIO(bad.pdf(harmless=True)))
    fonts = made.pages[0].Resources.Font
    fonts["/AA"] = fonts.F1
    out = io.BytesIO()
    made.save(out)
    with pikepdf.open(io.BytesIO(stripped(tmp_path, "a.pdf", out.getvalue()))) as copy:
        assert sorted(copy.pages[0].Resources.Font.keys()) == ["/AA", "/F1"]


# Office files


def test_a_document_keeps_its_text_and_its_pictures(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(stripped(tmp_path, "a.docx", bad.docx()))) as copy:
        assert b"<w:t>Meters</w:t>" in copy.read("word/document.xml")
        assert b'w:author=""' in copy.read("word/document.xml")
        assert b'Target="about:blank"' in copy.read("word/_rels/document.xml.rels")
        assert b"thumbnail" not in copy.read("_rels/.rels")
        assert "docProps/thumbnail.jpeg" not in copy.namelist()
        for part, original in (("word/media/image1.jpeg", bad.jpeg()), ("word/media/image2.png", bad.png())):
            pixels = [Image.open(io.BytesIO(one)).convert("RGBA").tobytes() for one in (copy.read(part), original)]
            assert pixels[0] == pixels[1]
        assert {part.date_time for part in copy.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_table_keeps_its_cells_and_its_remarks_without_names(tmp_path: Path) -> None:
    content = stripped(tmp_path, "a.xlsx", bad.xlsx())
    copy = openpyxl.load_workbook(io.BytesIO(content))
    assert [[cell.value for cell in row] for row in copy.active.rows] == [
        ["month", "meters"],
        ["2026-01", 120_000],
    ]
    assert copy.active["A1"].comment.text == "Who counted?"
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert b"<author></author>" in parts.read("xl/comments/comment1.xml")
        assert b"creator" not in parts.read("docProps/core.xml")


def test_a_table_in_a_document_is_stripped_too(tmp_path: Path) -> None:
    inner = "word/embeddings/Microsoft_Excel_Sheet1.xlsx"
    with zipfile.ZipFile(io.BytesIO(stripped(tmp_path, "a.docx", bad.docx({inner: bad.xlsx()})))) as copy:
        assert "Wang Xiaoming" not in told("a.xlsx", copy.read(inner))
        assert openpyxl.load_workbook(io.BytesIO(copy.read(inner))).active["B2"].value == 120_000


def test_names_of_tables_are_no_names_of_people(tmp_path: Path) -> None:
    content = bad.package(
        {
            "xl/workbook.xml": "<workbook/>",
            "xl/tables/table1.xml": '<table displayName="Meters"/>',
            "xl/persons/person.xml": '<person displayName="Wang Xiaoming" userId="wang" providerId="AD"/>',
        }
    )
    with zipfile.ZipFile(io.BytesIO(stripped(tmp_path, "a.xlsx", content))) as copy:
        assert copy.read("xl/tables/table1.xml") == b'<table displayName="Meters"/>'
        assert copy.read("xl/persons/person.xml") == b'<person displayName="" userId="" providerId=""/>'


@pytest.mark.parametrize(
    ("name", "content"), [("a.png", bad.png()[:60]), ("a.pdf", b"%PDF-1.7"), ("a.docx", b"PK")]
)
def test_a_damaged_file_is_told_as_such(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(Invalid, match="damaged"):
        stripped(tmp_path, name, content)
