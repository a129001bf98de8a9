"""From the files of a generation to a snapshot. What the generation before it had open is used again."""

from __future__ import annotations

import mmap
from typing import NamedTuple

import numpy as np
from whoosh.codec.whoosh3 import W3Codec
from whoosh.filedb.filestore import RamStorage
from whoosh.filedb.structfile import BufferFile, StructFile
from whoosh.index import FileIndex

from search.generations import Content, Contents, Print
from search.schema import SCHEMA
from search.segment import Segment
from search.snapshot import Snapshot

Files = frozenset[tuple[str, Print]]
"""What a segment consists of. Its name alone does not tell one from another: it is only random."""


class Opened(NamedTuple):
    name: str
    contents: Contents
    segments: dict[Files, Segment]
    snapshot: Snapshot


def opened(name: str, contents: Contents, before: Opened | None) -> Opened:
    files = {file: content for (file, _), content in contents.items()}
    known = before.segments if before else {}
    segments, deleted = {}, []
    for reader, _ in FileIndex(_Files(files), schema=SCHEMA).reader().leaf_readers():
        if not reader.doc_count_all():
            continue
        segment = reader.segment()
        own = frozenset(print_ for print_ in contents if print_[0].startswith(segment.make_filename("")))
        postings = files[segment.make_filename(W3Codec.POSTS_EXT)]
        segments[own] = known[own] if own in known else Segment(reader, postings)
        deleted.append(np.array(sorted(segment.deleted_docs()), np.intp))
    return Opened(name, contents, segments, Snapshot(list(segments.values()), deleted))


class _Files(RamStorage):
    """RamStorage copies what it opens; here a file is read where it lies."""

    def __init__(self, files: dict[str, Content]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # whoosh is typed in part
        self.files = files

    def open_file(self, name: str, **kwargs: object) -> StructFile:
        content = self.files[name]
        # The table of contents alone is read from one place to the next.
        if isinstance(content, mmap.mmap) and not name.endswith(".toc"):
            return _Mapped(content, name)
        return BufferFile(bytes(content), name=name)


class _Mapped(BufferFile):
    """A BufferFile would copy the map. Who reads here says from where: there is no place to go on from."""

    def __init__(self, content: mmap.mmap, name: str) -> None:
        self._buf = content  # type: ignore[assignment]
        self._name = name
        self.file = content  # type: ignore[assignment]
        self.onclose = None
        self.is_real = False
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True
