"""Files of people whom nobody knows: kept apart, looked at from outside only, opened by nobody but an officer.

A file is told by how it begins. It is not unpacked, no picture is drawn of it, and its name is not kept: names of
files give people away.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from . import kinds
from .errors import Invalid, Text
from .files import BLOCK, Kept, Store, given_name, too_large
from .scanning import Scanner

FOLDER = "quarantine"
BEGINNINGS = {
    **{"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff"},
    **{"docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04"},
}


def quarantine(files: Path, *, max_bytes: int) -> Store:
    """A store of its own inside the folder of files: nothing that hands out files of cases looks there."""
    return Store(files / FOLDER, max_bytes=max_bytes)


def told_by_its_beginning(path: Path, ending: str) -> str:
    """The media type of a file, which must be what its ending says. Raises Invalid."""
    if ending in kinds.TEXTS:
        kinds.look_at_text(path, ending)
    elif not kinds.beginning_of(path).startswith(BEGINNINGS[ending]):
        raise kinds.other(ending)
    return kinds.TYPES[ending]


def hold(store: Store, scanner: Scanner | None, stream: IO[bytes], name: str) -> tuple[Kept, str]:
    """Keep a file; what is kept, and its ending. Raises Invalid with the rule that it breaks, Unavailable."""
    ending, size = kinds.ending_of(given_name(name)), 0
    with store.fresh() as path:
        with path.open("wb") as out:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > store.max_bytes:
                    raise too_large(store.max_bytes)
                out.write(block)
        media_type = told_by_its_beginning(path, ending)
        if scanner is not None and (virus := scanner.scan(path)):
            raise Invalid(Text("The virus scanner found %(virus)s in the file.", {"virus": virus}))
        return store.keep(path, media_type), ending
