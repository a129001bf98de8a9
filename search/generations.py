"""Generations on disk: every commit is a folder of its own, and one symbolic link says which is current.

    current -> gen-000012-8f3a      what readers open
    gen-000012-8f3a/                Whoosh's files and a manifest (position, mark, sizes, checksums)
    writer.lock                     held by the one writer

A commit starts from links to the files of the generation before it, adds its own, is flushed to disk and only
then becomes current. So whatever moment a process dies at, the link points to a whole generation, and the
position in its manifest belongs to exactly the documents in it. Folders that a dead writer left are swept by
the next one.
"""

import contextlib
import fcntl
import json
import mmap
import os
import re
import secrets
import shutil
import zlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from search.errors import IndexBroken, IndexMissing
from search.schema import FORM

MANIFEST = "manifest.json"
GENERATION = re.compile(r"gen-([0-9]+)-[0-9a-f]+")

Print = tuple[int, int]
"""Size and CRC-32 of a file."""

Files = dict[str, Print]

Content = bytes | mmap.mmap
"""A small file is copied into memory, a large one is mapped: then all processes share one copy of it."""

Contents = dict[tuple[str, Print], Content]
"""What files held. A name alone does not tell: Whoosh numbers its tables of contents anew in each rebuild."""

MAPPED = 1 << 20
"""Bytes from which a file is mapped."""


@dataclass(frozen=True)
class Manifest:
    position: int
    mark: str
    files: Files


class Generations:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._verified: dict[tuple[str, Print], tuple[int, int, int]] = {}

    # -- reading --

    def current(self) -> str:
        try:
            return os.readlink(self.path / "current")
        except FileNotFoundError:
            raise IndexMissing(str(self.path)) from None
        except OSError as error:
            raise IndexBroken(f"{self.path}/current is not a link") from error

    def manifest(self, name: str) -> Manifest:
        """FileNotFoundError means that the generation was swept: look at `current` again."""
        written = (self.path / name / MANIFEST).read_bytes()
        checksum, _, body = written.partition(b"\n")
        if checksum != _checksum_line(body):
            raise IndexBroken(f"{name}/{MANIFEST} is damaged")
        facts = json.loads(body)
        if facts["form"] != FORM:
            raise IndexBroken(f"{name} has form {facts['form']}, this program reads {FORM}")
        files = {file: (size, crc) for file, (size, crc) in facts["files"].items()}
        return Manifest(facts["position"], facts.get("mark", ""), files)  # older ones were not marked

    def read(self, name: str, manifest: Manifest, known: Mapping[tuple[str, Print], Content]) -> Contents:
        """Every file of a generation, checked; what is known from the generation before is not read again."""
        contents = {}
        for file, expected in manifest.files.items():
            content = known.get((file, expected))
            if content is None:
                content = _content(self.path / name / file)
                _compare(name, file, content, expected)
            contents[file, expected] = content
        return contents

    def verify(self, name: str) -> None:
        """Compare every file on disk with the manifest; what was not touched since is not read again."""
        verified = {}
        for file, expected in self.manifest(name).files.items():
            path = self.path / name / file
            stat = path.stat()
            untouched = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if self._verified.get((file, expected)) != untouched:
                _compare(name, file, _content(path), expected)
            verified[file, expected] = untouched
        self._verified = verified

    # -- writing --

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time; the second waits. The lock goes with its process, however that ends."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "writer.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def publishing(self, position: int, mark: str, base: str | None = None) -> Iterator[Path]:
        """A new folder, empty or with the files of the generation `base`. What the block leaves in it becomes
        current; if the block or the switch fails, nothing has happened."""
        newest = max(self._numbers().values(), default=0)
        folder = self.path / f"gen-{newest + 1:06d}-{secrets.token_hex(2)}"
        folder.mkdir()
        before = None
        with contextlib.suppress(IndexMissing, IndexBroken):
            before = self.current()
        try:
            inherited = self.manifest(base).files if base is not None else {}
            for file in inherited:
                _link(self.path / str(base) / file, folder / file)
            yield folder
            self._seal(folder, position, mark, inherited)
            self._switch(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _flush_folder(self.path)
        self._sweep(keep={folder.name, before})

    def _numbers(self) -> dict[Path, int]:
        """The folders that are generations, with their numbers; whatever else lies here is let alone."""
        matches = ((path, GENERATION.fullmatch(path.name)) for path in self.path.iterdir())
        return {path: int(match[1]) for path, match in matches if match}

    def _seal(self, folder: Path, position: int, mark: str, inherited: Files) -> None:
        """Flush everything new to disk and write down what belongs to this generation."""
        files = {}
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.endswith("LOCK"):
                files[path.name] = inherited.get(path.name) or _flush(path)
        facts = {"form": FORM, "position": position, "mark": mark, "files": files}
        body = json.dumps(facts).encode()
        (folder / MANIFEST).write_bytes(_checksum_line(body) + b"\n" + body)
        _flush(folder / MANIFEST)
        _flush_folder(folder)

    def _switch(self, folder: Path) -> None:
        current = self.path / "current"
        if current.is_dir() and not current.is_symlink():
            shutil.rmtree(current)  # copied by a tool that follows links; no link can replace a folder
        pointer = folder / "current"  # written for the place it is moved to; until then it goes with its folder
        pointer.symlink_to(folder.name)
        os.replace(pointer, current)

    def _sweep(self, keep: Set[str | None]) -> None:
        """Readers hold a generation, copied or mapped, once they have opened it. One that is still opening the one
        before this finds its files; one that is slower than two commits finds them gone and starts again."""
        for folder in self._numbers():
            if folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)


def _content(path: Path) -> Content:
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < MAPPED:
            return file.read()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _print(content: Content) -> Print:
    return len(content), zlib.crc32(content)


def _compare(name: str, file: str, content: Content, expected: Print) -> None:
    if _print(content) != expected:
        raise IndexBroken(f"{name}/{file} is damaged")
    if isinstance(content, mmap.mmap):
        content.madvise(mmap.MADV_DONTNEED)  # looked at once; what is read again comes from the system's cache


def _checksum_line(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
        _flush(target)


def _flush(path: Path) -> Print:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    return _print(_content(path))


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
