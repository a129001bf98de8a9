"""Attached files: looked into, kept under the hash of their content, handed out with a safe name."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import puremagic

from .errors import Invalid, Text

BLOCK = 1 << 20
MAX_BYTES = 50 << 20

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
OFFICE = {"docx": "word/", "xlsx": "xl/"}
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})


@dataclass(frozen=True)
class Kept:
    """A file in the store."""

    sha256: str
    size: int
    media_type: str


class Store:
    """A folder of files named by their SHA-256; the same content is kept once."""

    def __init__(self, root: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.root, self.max_bytes = root, max_bytes

    def put(self, stream: BinaryIO, name: str) -> Kept:
        """Keep a file whose ending and content agree. Raises Invalid with the rule that was broken."""
        self.root.mkdir(parents=True, exist_ok=True)
        hashed, size = hashlib.sha256(), 0
        handle, path = tempfile.mkstemp(dir=self.root, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as out:
                while block := stream.read(BLOCK):
                    size += len(block)
                    if size > self.max_bytes:
                        limit = {"limit": self.max_bytes >> 20}
                        raise Invalid(Text("A file may have %(limit)s MB at most.", limit))
                    hashed.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if not size:
                raise Invalid(Text("The file is empty."))
            media_type = sniff(Path(path), name)
            target = self.path(hashed.hexdigest())
            target.parent.mkdir(exist_ok=True)
            os.replace(path, target)
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
        return Kept(hashed.hexdigest(), size, media_type)

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256


def sniff(path: Path, name: str) -> str:
    """The media type by what is inside; Invalid when the ending is not allowed or says something else."""
    ending = name.rpartition(".")[2].lower()
    if ending not in TYPES:
        allowed = {"endings": ", ".join(sorted(TYPES))}
        raise Invalid(Text("This kind of file is not taken. Allowed: %(endings)s.", allowed))
    with path.open("rb") as file:
        start = file.read(BLOCK)
    if not _agrees(ending, start, path):
        raise Invalid(Text("The content of the file is not what its ending .%(ending)s says.", {"ending": ending}))
    return TYPES[ending]


def _agrees(ending: str, start: bytes, path: Path) -> bool:
    if ending in ("csv", "txt"):
        return b"\0" not in start and _is_text(start)
    if ending in OFFICE:
        # puremagic calls every zip of this family .docx, so we look for the folder that tells them apart.
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            return False
        return "[Content_Types].xml" in names and any(each.startswith(OFFICE[ending]) for each in names)
    try:
        kinds = {match.mime_type for match in puremagic.magic_stream(io.BytesIO(start), f"file.{ending}")}
    except puremagic.PureError:
        return False
    return TYPES[ending] in kinds


def _is_text(start: bytes) -> bool:
    for encoding in ("utf-8", "gb18030"):
        try:
            start[: BLOCK - 8].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
