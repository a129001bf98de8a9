"""Which kinds of files are taken, by their endings; and text, which is looked into without being opened."""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

from .errors import Invalid, Text

BLOCK = 1 << 20
START = 4096

# What may be attached: ending -> media type. Anything a browser would run is not on the list.
TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "csv": "text/csv",
    "txt": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TEXTS, PICTURES = frozenset({"csv", "txt"}), frozenset({"png", "jpg", "jpeg"})
# How files of other kinds begin. Text never begins like this.
SIGNATURES = (
    *(b"%PDF-", b"PK\x03\x04", b"PK\x05\x06", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"MZ"),
    *(b"\x7fELF", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"#!"),
)
MARKUP = re.compile(
    rb"<(!doctype|html|head|body|script|svg|iframe|object|embed|meta|\?xml|\?php)\b", re.IGNORECASE
)
LEADING = re.compile(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype|\?|[a-z!])", re.IGNORECASE | re.DOTALL)


def ending_of(name: str) -> str:
    """The ending in small letters. Raises Invalid when no file with it is taken."""
    _, dot, ending = unicodedata.normalize("NFKC", name).rpartition(".")
    if not ending.isascii():
        raise Invalid(Text("The ending of the name has letters that only look like Latin ones; rename the file."))
    if not dot or ending.lower() not in TYPES:
        allowed = {"endings": ", ".join(sorted(TYPES))}
        raise Invalid(Text("This kind of file is not taken. Allowed: %(endings)s.", allowed))
    return ending.lower()


def beginning_of(path: Path) -> bytes:
    """The first bytes of a file. Raises Invalid when there are none."""
    with path.open("rb") as file:
        start = file.read(START)
    if not start:
        raise Invalid(Text("The file is empty."))
    return start


def other(ending: str) -> Invalid:
    return Invalid(Text("The content of the file is not what its ending .%(ending)s says.", {"ending": ending}))


def look_at_table(path: Path, ending: str) -> None:
    """Raises Invalid when the file is no text. What its cells say is data, <script> too: nobody gets the file."""
    if beginning_of(path).startswith(SIGNATURES) or not _reads_as_text(path):
        raise other(ending)


def look_at_text(path: Path, ending: str) -> None:
    """Raises Invalid when the file is no text, or a text that a browser would run."""
    look_at_table(path, ending)
    start = beginning_of(path)
    if LEADING.match(start) or MARKUP.search(start):
        raise Invalid(Text("The file is a web page and not a .%(ending)s file.", {"ending": ending}))


def text_of(path: Path) -> str:
    """The words of a text or a table, in UTF-8 or GB 18030."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


def _reads_as_text(path: Path) -> bool:
    """UTF-8, or the national standard GB 18030, from beginning to end; read in pieces, however large it is."""
    return any(_reads_as(path, encoding) for encoding in ("utf-8", "gb18030"))


def _reads_as(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
