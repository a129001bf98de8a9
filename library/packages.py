"""Office files from inside: packages of parts in a zip, and what may not be among them.

A part is unpacked in pieces and never further than the limits, whatever the package says of its sizes.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from .errors import Invalid, Text

BLOCK = 1 << 20
MOST_PARTS = 5000
MOST_BYTES = 300 << 20  # unpacked, all parts together
MOST_OF_TEXT = 64 << 20  # of a part that is read and written anew
MOST_OF_ONE = 20 << 20  # of a part that is read as a whole: relations, types, a package within
TIGHTEST = 200  # how many times smaller than what is in it; sheets reach 30, a row of zeros 1000
SMALL = 1 << 20  # up to which a part may be packed as tightly as it likes
DEEPEST = 1  # a chart in a document carries its numbers as a package; that one carries none

FOLDERS = {"docx": "word/", "xlsx": "xl/"}
TYPES_PART = "[Content_Types].xml"
HYPERLINK = "/hyperlink"
SCHEMES = ("javascript:", "vbscript:", "data:")

MACRO = re.compile(r"vbaproject|vbadata|/macrosheets/|/dialogsheets/|/activex", re.IGNORECASE)
MACRO_TYPE = re.compile(rb"macroenabled|vbaproject|macrosheet|activex", re.IGNORECASE)
INNER = re.compile(r"/embeddings/[^/]+\.(docx|xlsx)", re.IGNORECASE)
EMBEDDED = re.compile(r"/embeddings/|oleobject|\.(exe|dll|scr|js|vbs|bat|cmd|ps1|hta|lnk)\Z", re.IGNORECASE)
COMMAND = re.compile(
    rb"<ddelink\b|<w:instrtext[^>]*>[^<]*\bdde(auto)?\b|w:instr=\"[^\"]*\bdde(auto)?\b", re.IGNORECASE
)
DECLARATION = re.compile(rb"<!(doctype|entity)", re.IGNORECASE)
PROGRAMS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"MZ", b"\x7fELF")  # archives and objects as well
OVERLAP = 256

NO_MACROS = Text("The file has macros or controls; save it without them.")
NO_OBJECTS = Text("Another file is embedded in this one; attach it by itself.")
NO_REMOTE = Text("The file loads a part of itself from elsewhere; put that part into the file.")
NO_COMMANDS = Text("The file has a field that starts other programs; remove the field.")
BOMB = Text("What is packed into the file is far larger than the file; such files are not opened.")
LOCKED = Text("The file is protected by a password; save it without one.")
DAMAGED = Text("The file is damaged and cannot be opened.")


class Budget:
    """How much may still be unpacked, of a package and of those within it."""

    def __init__(self, left: int = MOST_BYTES) -> None:
        self.left = left

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Invalid(BOMB)


def look(file: Path | IO[bytes], ending: str, *, depth: int = 0, budget: Budget | None = None) -> None:
    """Raises Invalid when the package is not what its ending says, or has a part that may do harm."""
    try:
        with zipfile.ZipFile(file) as archive:
            _outline(archive, ending)
            for part in archive.infolist():
                _part(archive, part, depth, budget or (budget := Budget()))
    except (
        zipfile.BadZipFile,
        zlib.error,
        ElementTree.ParseError,
        EOFError,
        OSError,
        NotImplementedError,
    ) as error:
        raise Invalid(DAMAGED) from error


def _outline(archive: zipfile.ZipFile, ending: str) -> None:
    """What the list of parts says, before any of them is unpacked."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if TYPES_PART not in names or not any(name.startswith(FOLDERS[ending]) for name in names):
        raise Invalid(Text("The content of the file is not what its ending .%(ending)s says.", {"ending": ending}))
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
        raise Invalid(BOMB)
    if any(part.flag_bits & 1 for part in parts):
        raise Invalid(LOCKED)
    if archive.comment or len({name.lower() for name in names}) < len(names) or any(map(_strays, names)):
        raise Invalid(DAMAGED)
    for name in names:
        if MACRO.search(name):
            raise Invalid(NO_MACROS)
        if EMBEDDED.search(name) and not INNER.search(name):
            raise Invalid(NO_OBJECTS)


def _strays(name: str) -> bool:
    """Would the part be unpacked somewhere else than below the package?"""
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, depth: int, budget: Budget) -> None:
    if INNER.search(part.filename):
        if depth >= DEEPEST:
            raise Invalid(NO_OBJECTS)
        content = _whole(archive, part, budget)
        look(io.BytesIO(content), part.filename.rpartition(".")[2].lower(), depth=depth + 1, budget=budget)
    elif part.filename.endswith(".rels"):
        _relations(_whole(archive, part, budget))
    elif part.filename == TYPES_PART:
        if MACRO_TYPE.search(_whole(archive, part, budget)):
            raise Invalid(NO_MACROS)
    elif part.filename.lower().endswith((".xml", ".vml")) and part.file_size > MOST_OF_TEXT:
        raise Invalid(BOMB)
    else:
        _content(archive, part, budget)


def _content(archive: zipfile.ZipFile, part: zipfile.ZipInfo, budget: Budget) -> None:
    before = b""
    for block in _unpacked(archive, part, budget):
        if not before and block.startswith(PROGRAMS):
            raise Invalid(NO_OBJECTS)
        if part.filename.endswith((".xml", ".vml")):
            text = before + block
            if DECLARATION.search(text) or b"\0" in block:
                raise Invalid(DAMAGED)
            if COMMAND.search(text):
                raise Invalid(NO_COMMANDS)
        before = block[-OVERLAP:]


def _relations(content: bytes) -> None:
    if DECLARATION.search(content) or b"\0" in content:
        raise Invalid(DAMAGED)
    for each in ElementTree.fromstring(content):
        target = each.get("Target", "").strip().lower()
        if each.get("TargetMode", "").lower() == "external" and (
            not each.get("Type", "").endswith(HYPERLINK) or target.startswith(SCHEMES)
        ):
            raise Invalid(NO_REMOTE)


def _whole(archive: zipfile.ZipFile, part: zipfile.ZipInfo, budget: Budget) -> bytes:
    if part.file_size > MOST_OF_ONE:
        raise Invalid(BOMB)
    return b"".join(_unpacked(archive, part, budget))


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    size = 0
    with archive.open(part) as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            budget.spend(len(block))
            if size > SMALL and size > TIGHTEST * part.compress_size:
                raise Invalid(BOMB)
            yield block
