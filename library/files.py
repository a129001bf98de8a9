"""Attached files: looked into, kept under the hash of their content, named so that a name can do no harm."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import math
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import opening
from .errors import Conflict, Invalid, Text
from .kinds import ending_of

BLOCK = 1 << 20
MAX_BYTES = 50 << 20
LONGEST_NAME = 200
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})
# Names that Windows keeps for its devices, whatever their ending.
DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})
# Characters that cannot be seen: controls, and marks that turn the order of others around or have no width.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


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

    def put(self, stream: IO[bytes], name: str) -> Kept:
        """Keep a file after a look into it. Raises Invalid with the rule that it breaks."""
        with self._copied(stream, self.max_bytes) as (path, sha256, size):
            if size > self.max_bytes:
                raise too_large(self.max_bytes)
            media_type = opening.look(path, name)
            self._settle(path, sha256)
        return Kept(sha256, size, media_type)

    def keep(self, path: Path, media_type: str) -> Kept:
        """Keep a copy of what was looked into before."""
        with path.open("rb") as stream, self._copied(stream) as (fresh, sha256, size):
            self._settle(fresh, sha256)
        return Kept(sha256, size, media_type)

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def preview(self, sha256: str) -> Path:
        """Where the small picture of an image lies, if there is one."""
        return self.root / sha256[:2] / f"{sha256}.jpg"

    def add_preview(self, sha256: str, path: Path) -> None:
        os.replace(path, self.preview(sha256))

    def contents(self, before: dt.datetime) -> Iterator[str]:
        """The hashes of what was kept, or brought again, before that time only."""
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            if not path.suffix and _older(path, before):
                yield path.name

    def forget(self, sha256: str, *, unless_after: dt.datetime) -> None:
        """Delete a content that nothing names, unless somebody brought it again meanwhile."""
        if _older(self.path(sha256), unless_after):
            self.path(sha256).unlink(missing_ok=True)
            self.preview(sha256).unlink(missing_ok=True)

    def sweep(self, before: dt.datetime) -> None:
        """Delete what was begun before that time and never kept."""
        for path in (*self.root.glob("incoming/*"), *self.root.glob(".incoming-*")):
            if _older(path, before):
                path.unlink(missing_ok=True)

    def spool(self, key: str) -> Spool:
        """Where the parts of an upload are gathered."""
        return Spool(self.root / "incoming" / key)

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Path]:
        """A file to be written, which is gone at the end."""
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, prefix=".incoming-")
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _copied(self, stream: IO[bytes], most: float = math.inf) -> Iterator[tuple[Path, str, int]]:
        """The stream in a file, with its hash and size; of one of more than `most` bytes the beginning."""
        hashed, size = hashlib.sha256(), 0
        with self.fresh() as path:
            with path.open("wb") as out:
                while size <= most and (block := stream.read(BLOCK)):
                    size += len(block)
                    hashed.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            yield path, hashed.hexdigest(), size

    def _settle(self, path: Path, sha256: str) -> None:
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        os.replace(path, target)


class Spool:
    """What has come of an upload so far. One request at a time adds to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Raises Conflict while somebody else holds it. The lock goes with its process, however that ends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(Text("Another part of this file is coming in just now.")) from None
            yield

    def add(self, stream: IO[bytes], *, at: int, most: int) -> int:
        """Write a part behind the first `at` bytes, over what a broken attempt left there; the new size.

        Raises Invalid, and leaves `at` bytes, when more than `most` come.
        """
        size = at
        with self.path.open("r+b") as file:
            file.truncate(at)
            file.seek(at)
            while block := stream.read(min(BLOCK, at + most - size + 1)):
                size += len(block)
                if size > at + most:
                    file.truncate(at)
                    raise Invalid(Text("This part is longer than a part may be, or than what is still missing."))
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        return size

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


def _older(path: Path, than: dt.datetime) -> bool:
    try:
        return path.stat().st_mtime < than.timestamp()
    except FileNotFoundError:
        return False


def too_large(limit: int) -> Invalid:
    return Invalid(Text("A file may have %(limit)s MB at most.", {"limit": limit >> 20}))


def given_name(name: str) -> str:
    """The last part of what a browser calls a file. Raises Invalid for a name that hides what it is."""
    name = re.split(r"[/\\]", name)[-1].strip()
    if any(unicodedata.category(char) in UNSEEN for char in name):
        raise Invalid(Text("The name of the file has characters that cannot be seen; rename the file."))
    if len(name) > LONGEST_NAME:
        raise Invalid(Text("The name of a file may have %(limit)s characters at most.", {"limit": LONGEST_NAME}))
    ending_of(name)
    return name


def safe_name(name: str) -> str:
    """A name for everybody: letters of any script, digits, dashes and one ending."""
    stem, _, ending = unicodedata.normalize("NFKC", name).rpartition(".")
    stem = re.sub(r"[^\w\-]+", "-", stem).strip("-_")[:80].rstrip("-_") or "file"
    return f"{'file-' if stem.lower() in DEVICES else ''}{stem}.{ending.lower()}"
