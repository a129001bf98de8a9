"""What a file says: its text, as far as it can be read, and whether pictures in it say more. Only unpacking.py
comes here, in a process of its own.

Of a PDF the text that is drawn, by the ToUnicode map of its font (ISO 32000-2, 9.10), and every string beside it:
links, bookmarks, fields. Of an office file every part as it stands and without its tags, because a word may be
written in several runs. What cannot be read is never taken for harmless: `whole` is False then.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pikepdf

from .packages import INNER

MOST = 2_000_000  # characters; what is longer is not read to its end
TAG = re.compile(r"<[^<>]*>")
BLOCK_END = re.compile(r"</(?:w:p|w:tc|row|si|a:p|c|t)>")
PICTURE = re.compile(r"\.(png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)\Z", re.IGNORECASE)
SECTION = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
TOKEN = re.compile(rb"<([0-9A-Fa-f\s]*)>|(\[)|(\])")
RANGE = re.compile(rb"begincodespacerange\s*<([0-9A-Fa-f]+)>")
DEEPEST = 4


class Unread(Exception):
    """A part of the file draws text that nobody can tell."""


class Found:
    """What was read so far."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left, self.whole, self.pictures = MOST, True, False

    def add(self, text: str) -> None:
        self.whole &= len(text) <= self.left
        self.parts.append(text[: self.left])
        self.left -= len(self.parts[-1])


def read(path: Path, media_type: str, out: Path) -> dict[str, bool]:
    """Write the text of a file to `out`; {"whole": all of it was read, "pictures": there are pictures in it}."""
    found = Found()
    work = READERS.get(media_type)
    if work is None:
        found.whole, found.pictures = False, True
    else:
        work(path, found)
    out.write_text("\n".join(found.parts), encoding="utf-8", errors="replace")
    return {"whole": found.whole, "pictures": found.pictures}


# PDF


def _pdf(path: Path, found: Found) -> None:
    with pikepdf.open(path) as pdf:
        fonts: dict[Any, Callable[[bytes], str]] = {}
        for page in pdf.pages:
            lines: list[str] = []
            try:
                _drawn(page.obj, page.obj.get("/Resources") or pikepdf.Dictionary(), fonts, lines, found, 0)
            except (Unread, pikepdf.PdfError, ValueError, KeyError, TypeError, IndexError):
                found.whole = False
            found.add("".join(lines))
            if not "".join(lines).strip():
                found.whole = False  # a scan, or an empty page
        for thing in pdf.objects:
            for text in _strings(thing, 0):
                found.add(text)


def _drawn(stream: Any, resources: Any, fonts: dict[Any, Any], lines: list[str], found: Found, depth: int) -> None:
    """The text that a page, or a form that it draws, shows; in the order in which it is drawn."""
    decode: Callable[[bytes], str] | None = None
    for step in pikepdf.parse_content_stream(stream):
        sign, operands = str(step.operator), list(step.operands)
        if sign == "Tf":
            font = resources.Font[str(operands[0])]
            key = font.objgen if font.is_indirect else id(font)
            decode = fonts.setdefault(key, _decoder(font))
        elif sign in ("Tj", "'", '"', "TJ"):
            if decode is None:
                raise Unread
            pieces = operands[0] if sign == "TJ" else [operands[-1]]
            for piece in pieces:
                if isinstance(piece, pikepdf.String):
                    lines.append(decode(bytes(piece)))
        elif sign in ("Td", "TD", "T*", "Tm", "ET"):
            lines.append(" ")
        elif sign == "INLINE IMAGE":
            found.pictures = True
        elif sign == "Do":
            inner = resources.XObject[str(operands[0])]
            if inner.get("/Subtype") == "/Form" and depth < DEEPEST:
                _drawn(inner, inner.get("/Resources", resources), fonts, lines, found, depth + 1)
            else:
                found.pictures = True


def _decoder(font: Any) -> Callable[[bytes], str]:
    """How the codes of a font are read. Raises Unread for a font that does not tell."""
    if "/ToUnicode" in font and isinstance(font.ToUnicode, pikepdf.Stream):
        table = font.ToUnicode.read_bytes()
        first = RANGE.search(table)
        width = len(first[1]) // 2 if first else (2 if font.get("/Subtype") == "/Type0" else 1)
        known = dict(_codes(table))

        def told(code: bytes) -> str:
            parts = (code[at : at + width] for at in range(0, len(code), width))
            return "".join(_known(known, int.from_bytes(part, "big")) for part in parts)

        return told
    encoding = font.get("/Encoding")
    plain = encoding is None or str(encoding) in ("/WinAnsiEncoding", "/StandardEncoding", "/MacRomanEncoding")
    if font.get("/Subtype") in ("/Type1", "/TrueType", "/MMType1") and plain and "/FontFile3" not in font:
        codec = "mac-roman" if str(encoding) == "/MacRomanEncoding" else "cp1252"
        return lambda code: code.decode(codec, "replace")
    raise Unread


def _known(known: Mapping[int, str], code: int) -> str:
    if code not in known:
        raise Unread
    return known[code]


def _codes(table: bytes) -> Iterator[tuple[int, str]]:
    for kind, body in SECTION.findall(table):
        tokens = [_token(match) for match in TOKEN.finditer(body)]
        yield from _chars(tokens) if kind == b"bfchar" else _ranges(tokens)


def _token(match: re.Match[bytes]) -> bytes | str:
    if match[1] is None:
        return "[" if match[2] else "]"
    digits = re.sub(rb"\s", b"", match[1])
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _chars(tokens: list[Any]) -> Iterator[tuple[int, str]]:
    for code, said in zip(tokens[::2], tokens[1::2], strict=False):
        yield int.from_bytes(code, "big"), said.decode("utf-16-be", "replace")


def _ranges(tokens: list[Any]) -> Iterator[tuple[int, str]]:
    at = 0
    while at + 2 < len(tokens):
        low, high = (int.from_bytes(each, "big") for each in tokens[at : at + 2])
        at += 2
        if tokens[at] == "[":
            end = tokens.index("]", at)
            for place, said in enumerate(tokens[at + 1 : end]):
                yield low + place, said.decode("utf-16-be", "replace")
            at = end + 1
            continue
        said = tokens[at].decode("utf-16-be", "replace")
        at += 1
        for place in range(min(high - low + 1, 1 << 16)):
            yield low + place, said[:-1] + chr(min(ord(said[-1]) + place, 0x10FFFF))


def _strings(thing: Any, depth: int) -> Iterator[str]:
    """Strings of an object, not of those that it points to."""
    if depth > 20 or (depth and getattr(thing, "is_indirect", False)):
        return
    if isinstance(thing, pikepdf.String):
        yield str(thing)
    elif isinstance(thing, pikepdf.Array):
        for inner in thing:
            yield from _strings(inner, depth + 1)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for _, inner in thing.items():
            yield from _strings(inner, depth + 1)


# Office files


def _office(path: Path | IO[bytes], found: Found) -> None:
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            found.add(part.filename)
            if INNER.search(part.filename):
                _office(io.BytesIO(archive.read(part)), found)
            elif PICTURE.search(part.filename):
                found.pictures = True
            elif part.filename.lower().endswith((".xml", ".vml", ".rels")):
                text = archive.read(part).decode("utf-8", "replace")
                found.add(html.unescape(TAG.sub("", BLOCK_END.sub("\n", text))))
                found.add(html.unescape(text))
            elif not part.is_dir():
                found.whole = False


READERS: Mapping[str, Callable[[Path, Found], None]] = {
    "application/pdf": _pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _office,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _office,
}
