"""Copies for the public: files without what they say about their makers, their devices and their places.

The same file always gives the same copy. What can hold no such thing (text, tables) is public as it is.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import pikepdf
from PIL import Image, ImageCms, ImageOps

from .errors import Invalid
from .packages import DAMAGED, INNER

QUALITY = 90
SMALL, SMALL_QUALITY = (960, 960), 80


def strip(path: Path, media_type: str, out: Path) -> bool:
    """Write the public copy to `out`; False: the file is public as it is. Raises Invalid when it is damaged."""
    work = STRIPPED.get(media_type)
    if work is None:
        return False
    try:
        work(path, out)
    except (
        OSError,
        SyntaxError,
        ValueError,
        pikepdf.PdfError,
        zipfile.BadZipFile,
        ElementTree.ParseError,
    ) as error:
        raise Invalid(DAMAGED) from error
    return True


# Pictures ---------------------------------------------------------------------------------------------------


def _picture(path: Path, out: Path) -> None:
    """Turned as the camera was held, its colours in sRGB, drawn anew: nothing but the pixels is taken over."""
    with Image.open(path) as image:
        kind = "PNG" if image.format == "PNG" else "JPEG"
        drawn = _in_srgb(ImageOps.exif_transpose(image))
    drawn.info = {}
    drawn.save(out, kind, quality=QUALITY, progressive=True, optimize=kind == "PNG")


def miniature(path: Path, out: Path) -> None:
    """A small picture of a picture that was drawn anew, for pages."""
    with Image.open(path) as image:
        image.draft("RGB", SMALL)  # a JPEG is read at a fraction of its size
        image.thumbnail(SMALL)
        small = image.convert("RGBA")
    paper = Image.new("RGBA", small.size, "white")
    paper.alpha_composite(small)
    paper.convert("RGB").save(out, "JPEG", quality=SMALL_QUALITY, progressive=True)


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    alpha = "A" in image.getbands() or "transparency" in image.info
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if turned is not None:
                return turned
        except ImageCms.PyCMSError:
            pass  # a profile that cannot be read says nothing about the colours
    if image.mode in ("L", "I;16", "1") and not alpha:
        return image.copy()
    return image.convert("RGBA" if alpha else "RGB")


def without_segments(jpeg: bytes) -> bytes:
    """A JPEG without its comments and application data; the pixels stay to the bit. For pictures within files."""
    if not jpeg.startswith(b"\xff\xd8"):
        return jpeg
    kept, at = [jpeg[:2]], 2
    while jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg) and jpeg[at + 1] != 0xDA:
        marker, (length,) = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2 : at + 4])
        # APP0 says the resolution, APP2 the colours, APP14 how they are coded; the others are about the maker.
        if marker in (0xE0, 0xE2, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(jpeg[at : at + 2 + length])
        at += 2 + length
    end = jpeg.rfind(b"\xff\xd9")
    return b"".join([*kept, jpeg[at : end + 2] if end > at else jpeg[at:]])


def without_chunks(png: bytes) -> bytes:
    """A PNG without its texts, dates and EXIF; the pixels stay to the bit."""
    kept, at = [png[:8]], 8
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"):
            kept.append(png[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)


# PDF --------------------------------------------------------------------------------------------------------

# Keys that say something about makers, carry other files, or make the reader's program do something.
TOLD = ("/Metadata", "/PieceInfo", "/LastModified", "/Collection", "/XFA", "/AF", "/EF", "/RF", "/Perms", "/DSS")
DONE = ("/AA", "/OpenAction", "/JS", "/JavaScript", "/EmbeddedFiles", "/RichMediaContent")
LEADS, HARMLESS = ("/A", "/Next"), ("/GoTo", "/URI", "/Named")
RESOURCES = ("/Font", "/XObject", "/ExtGState", "/Pattern", "/Shading", "/ColorSpace", "/Properties", "/CharProcs")
DEEPEST = 50
# Annotations that are there for readers; the others are remarks of people, or carry files, sounds, films.
SHOWN = ("/Link", "/Widget")
# What signatures, and annotations that are not fields of a form, say of whoever made them.
PERSONAL = {
    "/Sig": ("/Name", "/Location", "/Reason", "/ContactInfo", "/Cert", "/Contents", "/M"),
    "/Annot": ("/T", "/NM", "/M", "/CreationDate", "/RC"),
}


def _pdf(path: Path, out: Path) -> None:
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            if "/Annots" in page:
                page.Annots = pdf.make_indirect(
                    pikepdf.Array([each for each in page.Annots if _for_readers(each)])
                )
        for thing in pdf.objects:
            _clean(thing)
        if "/Info" in pdf.trailer:
            del pdf.trailer["/Info"]
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _for_readers(annotation: Any) -> bool:
    return isinstance(annotation, pikepdf.Dictionary) and annotation.get("/Subtype") in SHOWN


def _clean(thing: Any, depth: int = 0, *, named: bool = False) -> None:
    """Without what the copy must not have; into what stands within it, but not where it only points to.

    `named`: the keys of this dictionary are names that the file gave, and mean nothing.
    """
    if depth > DEEPEST or (depth and thing.is_indirect):
        return
    if isinstance(thing, pikepdf.Array):
        for inner in thing:
            if isinstance(inner, pikepdf.Object):
                _clean(inner, depth + 1)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        personal = PERSONAL.get("/Annot" if "/Rect" in thing else str(thing.get("/Type", "")), ())
        if thing.get("/Subtype") == "/Widget":
            personal = ()  # its /T is the name of a field
        for key, inner in list(thing.items()):
            gone = key in TOLD or key in DONE or key in personal or (key in LEADS and not _harmless(inner))
            if gone and not named:
                del thing[key]
            elif isinstance(inner, pikepdf.Object):
                _clean(inner, depth + 1, named=key in RESOURCES)
        if isinstance(thing, pikepdf.Stream):
            _clean_picture(thing)


def _clean_picture(thing: Any) -> None:
    coded = thing.get("/Filter")
    if coded == "/DCTDecode" or (isinstance(coded, pikepdf.Array) and list(coded) == ["/DCTDecode"]):
        pixels = without_segments(thing.read_raw_bytes())
        thing.write(pixels, filter=pikepdf.Name.DCTDecode, decode_parms=thing.get("/DecodeParms"))


def _harmless(action: Any) -> bool:
    """Is it no action at all (what comes next in an outline), or one that only leads somewhere?"""
    if isinstance(action, pikepdf.Array):
        return all(_harmless(each) for each in action)
    return not isinstance(action, pikepdf.Dictionary) or "/S" not in action or action.S in HARMLESS


# Office files -----------------------------------------------------------------------------------------------

EMPTY = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PROPERTIES = {
    "docProps/core.xml": EMPTY
    + b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>',
    "docProps/app.xml": EMPTY
    + b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>',
    "docProps/custom.xml": EMPTY
    + b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>',
}
DROPPED = re.compile(r"docProps/thumbnail\.|printerSettings", re.IGNORECASE)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MADE = (1980, 1, 1, 0, 0, 0)
# Who wrote a remark, who changed a word, where the file lay on whose disk, on which printer it was printed.
NAMED = re.compile(
    rb'(\b(?:(?:w|w15):(?:author|initials|userId|providerId)|userName)="|<x15ac:absPath\b[^>]*?\burl=")[^"]*'
)
PERSON = re.compile(rb'(\b(?:displayName|userId|providerId)=")[^"]*')
AUTHOR = re.compile(
    rb"(<(?:\w+:)?(?:author|lastModifiedBy|creator|company|manager)(?:\s[^>]*)?>)[^<]*", re.IGNORECASE
)
PRINTER = re.compile(rb'(<pageSetup\b[^>]*?)\s+r:id="[^"]*"')


def _office(path: Path | IO[bytes], out: Path | IO[bytes]) -> None:
    """The package written anew: same parts and order, dates of no meaning, no names of people."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if not DROPPED.search(part.filename) and not part.is_dir():
                fresh = zipfile.ZipInfo(part.filename, MADE)
                fresh.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(fresh, _part(part.filename, old.read(part)))


def _part(name: str, content: bytes) -> bytes:
    if name in PROPERTIES:
        return PROPERTIES[name]
    if INNER.search(name):
        _office(io.BytesIO(content), inner := io.BytesIO())
        return inner.getvalue()
    lower = name.lower()
    if lower.endswith((".jpg", ".jpeg")):
        return without_segments(content)
    if lower.endswith(".png"):
        return without_chunks(content)
    if lower.endswith(".rels"):
        return _relations(content)
    if "/persons/" in lower:
        return PERSON.sub(rb"\1", content)
    if lower.endswith((".xml", ".vml")):
        return PRINTER.sub(rb"\1", AUTHOR.sub(rb"\1", NAMED.sub(rb"\1", content)))
    return content


def _relations(content: bytes) -> bytes:
    """Without what was dropped, and without places on the disk of whoever wrote it."""
    ElementTree.register_namespace("", RELATIONS)
    root = ElementTree.fromstring(content)
    for each in list(root):
        if DROPPED.search(each.get("Target", "")):
            root.remove(each)
        elif each.get("TargetMode") == "External" and each.get("Target", "").lower().startswith(("file:", "\\")):
            each.set("Target", "about:blank")
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)


STRIPPED: Mapping[str, Callable[[Path, Path], None]] = {
    "application/pdf": _pdf,
    "image/png": _picture,
    "image/jpeg": _picture,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _office,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _office,
}
