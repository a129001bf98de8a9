"""The index as its callers see it: search, follow events, rebuild, say how it is."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from whoosh.index import FileIndex, create_in, open_dir
from whoosh.writing import IndexingError, IndexWriter

from search.asked import answer, completions, warm
from search.documents import Completion, Document, Hits, Query
from search.errors import IndexBroken, IndexMissing
from search.generations import Generations
from search.opening import Opened, opened
from search.postings import Codec
from search.schema import SCHEMA, row

PROGRESS_EVERY = 100
SORTED_MB = 256
"""Memory for postings that wait to be sorted; more of them are sorted in runs on disk."""

Found = TypeVar("Found")


class Index:
    """Any number of readers in any number of processes, one writer at a time; threads may share it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._generations = Generations(Path(path))
        self._current: Opened | None = None
        self._broken: str | None = None
        """A generation that could not be opened."""
        self._opening = threading.Lock()

    @property
    def followed(self) -> tuple[int, str]:
        """Position and mark of one commit. The mark tells apart two events with the same number."""
        manifest = self._settled(self._generations.manifest)
        return manifest.position, manifest.mark

    @property
    def position(self) -> int:
        """The event up to which the index has followed."""
        return self.followed[0]

    def search(self, query: Query) -> Hits:
        return answer(self._newest().snapshot.without(query.without), query)

    def warm(self) -> None:
        """Read now what the first readers would otherwise wait for: the vocabulary and the most frequent words."""
        with contextlib.suppress(IndexMissing, IndexBroken):
            warm(self._newest().snapshot)

    def suggest(
        self, typed: str, lang: str, limit: int = 8, *, without: frozenset[str] = frozenset()
    ) -> list[Completion]:
        """What may be meant by what has been typed so far: words, names, and the titles that have them.

        `without`: keys of documents that are kept back from this reader."""
        return completions(self._newest().snapshot.without(without), typed, lang, limit)

    def refresh(self) -> None:
        """Take up the newest commit now. A search does so by itself, for one readlink when there is none."""
        self._newest()

    def check(self) -> None:
        """Raise IndexMissing or IndexBroken unless the current generation is whole and can be opened."""
        self._settled(self._generations.verify)
        self._broken = None  # look again
        self._newest()
        if self._broken:
            raise IndexBroken(f"{self._broken} cannot be opened")

    def apply(self, changes: Iterable[tuple[str, Document | None]], position: int, mark: str = "") -> None:
        """Put, replace or (None) delete documents by key, all of them or none, and note position and mark."""
        latest = dict(changes)  # of two changes to one key only the later counts
        with self._generations.writing():
            base = self._settled(self._verified)
            with self._generations.publishing(position, mark, base) as folder:
                if not latest:
                    return
                writer = _writer(open_dir(str(folder), schema=SCHEMA))
                with _cancelled_on_error(writer):
                    for key, document in latest.items():
                        writer.delete_by_term("key", key)
                        if document is not None:
                            if document.key != key:
                                raise ValueError(f"{key}: the document says {document.key}")
                            writer.add_document(**row(document))
                    writer.commit()

    def rebuild(
        self,
        documents: Iterable[Document],
        position: int,
        mark: str = "",
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Build everything anew beside what is in use, then switch. A key may come once only."""
        keys: set[str] = set()
        with self._generations.writing(), self._generations.publishing(position, mark) as folder:
            writer = _writer(create_in(str(folder), SCHEMA))
            with _cancelled_on_error(writer):
                for document in documents:
                    if document.key in keys:
                        raise ValueError(f"two documents with the key {document.key}")
                    keys.add(document.key)
                    writer.add_document(**row(document))
                    if progress is not None and len(keys) % PROGRESS_EVERY == 0:
                        progress(len(keys))
                writer.commit()
        if progress is not None:
            progress(len(keys))

    def _newest(self) -> Opened:
        current = self._current
        if current is not None:
            if self._generations.current() in (current.name, self._broken):
                return current
            if not self._opening.acquire(blocking=False):
                return current  # another thread is opening the newest; until then this one is good
        else:
            self._opening.acquire()
        try:
            self._current = self._settled(self._opened)
            return self._current
        except IndexBroken:
            if current is None:
                raise
            # What was opened before is whole. The worker sees the damage and builds anew; until then this serves.
            self._broken = self._generations.current()
            return current
        finally:
            self._opening.release()

    def _opened(self, name: str) -> Opened:
        before = self._current
        if before is not None and before.name == name:
            return before
        manifest = self._generations.manifest(name)
        if before is not None and manifest.files.items() == before.contents.keys():
            return before._replace(name=name)  # only the position has moved on
        contents = self._generations.read(name, manifest, before.contents if before else {})
        try:
            return opened(name, contents, before)
        except Exception as error:
            raise IndexBroken(f"{name} cannot be opened: {error!r}") from error

    def _verified(self, name: str) -> str:
        self._generations.verify(name)
        return name

    def _settled(self, look: Callable[[str], Found]) -> Found:
        """Look at the current generation; if it was swept meanwhile, there is a newer one to look at."""
        while True:
            name = self._generations.current()
            try:
                return look(name)
            except OSError as error:
                if self._generations.current() == name:
                    raise IndexBroken(f"{name}: {error}") from error


def _writer(index: FileIndex) -> IndexWriter:
    return index.writer(compound=False, codec=Codec(), limitmb=SORTED_MB)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _cancelled_on_error(writer: IndexWriter) -> Iterator[None]:
    """Whoosh closes its files when a commit fails, but not when what comes before it does."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(IndexingError):  # a commit that failed has closed it
            writer.cancel()
        raise
