"""What a page shows of a text or a table without opening it: its first lines."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

BEGINNING = 8192
LINES, ROWS, COLUMNS, WIDEST = 12, 8, 8, 120


@dataclass(frozen=True)
class FirstPage:
    """The first lines of a text, or the first rows of a table; is there more?"""

    lines: list[str]
    rows: list[list[str]]
    more: bool


def first_page(path: Path, media_type: str) -> FirstPage | None:
    """Of a text or a table; None for files of other kinds."""
    if media_type not in ("text/plain", "text/csv"):
        return None
    with path.open("rb") as file:
        content = file.read(BEGINNING + 1)
    text, cut = beginning(content)[0], len(content) > BEGINNING
    if cut:
        text = text.rpartition("\n")[0] or text  # the last line may be half a line
    if media_type == "text/plain":
        lines = [line[:WIDEST] for line in text.splitlines()]
        return FirstPage(lines[:LINES], [], cut or len(lines) > LINES)
    try:
        # newline: old spreadsheets end their lines with a bare carriage return
        read = [row for row in csv.reader(io.StringIO(text, newline=None)) if row]
    except csv.Error:
        return None
    rows = [[cell[:WIDEST] for cell in row[:COLUMNS]] for row in read]
    return FirstPage([], rows[:ROWS], cut or len(rows) > ROWS)


def beginning(content: bytes) -> tuple[str, str]:
    """The first bytes of a file as text, and how it is encoded. A character at the end may be cut."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(content), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace"), "utf-8"
