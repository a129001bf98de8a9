"""A look into a picture, a PDF or an office file before it is taken: is it what its ending says, and does it hide
something? Only unpacking.py comes here, in a process of its own.

Each refusal is one plain sentence. Office files are packages of many parts; packages.py looks into those.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pikepdf
from PIL import Image, UnidentifiedImageError

from . import packages
from .errors import Invalid, Text
from .kinds import BLOCK, TYPES, beginning_of, other

MAX_PIXELS = 40_000_000
MOST_LISTS = 32 << 20  # of objects of a PDF, unpacked
STREAM = re.compile(rb"stream\r?\n")

PAGES = re.compile(rb"<(!doctype\s+html|html\b|script\b)", re.IGNORECASE)
OLE = b"\xd0\xcf\x11\xe0"
PNG, PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"


def look(path: Path, ending: str) -> str:
    """The media type of a file that may be taken. Raises Invalid with the rule that it breaks."""
    LOOKS[ending](path, beginning_of(path), ending)
    return TYPES[ending]


def _two_kinds() -> Invalid:
    return Invalid(Text("The file is of two kinds at once, which is how harmful files hide."))


def _too_many_pixels() -> Invalid:
    most = {"limit": MAX_PIXELS // 1_000_000}
    return Invalid(Text("A picture may have %(limit)s million pixels at most.", most))


def _picture(path: Path, start: bytes, ending: str) -> None:
    kinds = ("PNG",) if ending == "png" else ("JPEG",)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is lower
            with Image.open(path, formats=kinds) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise _too_many_pixels()
                image.verify()
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise other(ending) from None
    except (OSError, SyntaxError, ValueError):
        raise Invalid(packages.DAMAGED) from None
    if zipfile.is_zipfile(path) or _anywhere(path, PAGES) or b"%PDF-" in start:
        raise _two_kinds()
    if ending == "png" and not _ends_with(path, PNG_END):
        raise _two_kinds()


def _pdf(path: Path, start: bytes, ending: str) -> None:
    if not start.startswith(b"%PDF-"):
        raise other(ending)
    if zipfile.is_zipfile(path):
        raise _two_kinds()
    if _unpacked_lists(path.read_bytes()) > MOST_LISTS:
        raise Invalid(packages.BOMB)
    try:
        with pikepdf.open(path) as pdf:
            locked, pages = pdf.is_encrypted, len(pdf.pages)
    except pikepdf.PasswordError:
        locked, pages = True, 0
    except pikepdf.PdfError:
        raise Invalid(packages.DAMAGED) from None
    if locked:
        raise Invalid(packages.LOCKED)
    if not pages:
        raise Invalid(packages.DAMAGED)


def _unpacked_lists(data: bytes) -> int:
    """How many bytes the lists of objects in a PDF unpack to, counted until there are too many.

    Whoever opens a PDF unpacks them all at once, and a few kilobytes may hold gigabytes.
    """
    total = 0
    for found in STREAM.finditer(data):
        before = data[max(0, found.start() - 2000) : found.start()]
        if b"/ObjStm" in before or b"/XRef" in before:
            unpacking = zlib.decompressobj()
            try:
                total += len(unpacking.decompress(data[found.end() : found.end() + BLOCK * 64], MOST_LISTS + 1))
            except zlib.error:
                continue  # another filter, or no stream after all
        if total > MOST_LISTS:
            break
    return total


def _office(path: Path, start: bytes, ending: str) -> None:
    if start.startswith(OLE):
        raise Invalid(
            Text(
                "The file has a password or an old format; save it as .%(ending)s without a password.",
                {"ending": ending},
            )
        )
    if not start.startswith(b"PK\x03\x04"):
        raise other(ending)
    if b"%PDF-" in start:
        raise _two_kinds()
    packages.look(path, ending)


def _anywhere(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Does the pattern stand anywhere in the file? Read in pieces that overlap."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if pattern.search(before + block):
                return True
            before = block[-64:]
    return False


def _ends_with(path: Path, end: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-len(end), io.SEEK_END)
        return file.read() == end


LOOKS: Mapping[str, Callable[[Path, bytes, str], None]] = {
    "pdf": _pdf,
    "png": _picture,
    "jpg": _picture,
    "jpeg": _picture,
    "docx": _office,
    "xlsx": _office,
}
