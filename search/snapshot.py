"""One generation, opened: its words, its facts, and a search in them.

All files are in memory, checked on their way in: nothing that happens to the disk afterwards can change an
answer or crash a reader, and no file stays open.
"""

import json
import threading
import time
from heapq import nsmallest
from typing import Any

from whoosh.filedb.filestore import RamStorage
from whoosh.filedb.structfile import BufferFile
from whoosh.index import FileIndex
from whoosh.scoring import BM25F

from search.documents import Hit, Hits, Query
from search.generations import Contents
from search.highlight import Marker
from search.schema import SCHEMA
from search.table import Table
from search.wanted import Clause, as_query, wanted


class _Memory(RamStorage):
    """RamStorage copies a file each time it is opened, by way of a memoryview; bytes are shared."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # whoosh is typed in part
        self.files = files

    def open_file(self, name: str, **kwargs: Any) -> BufferFile:
        return BufferFile(self.files[name], name=name)


class Snapshot:
    def __init__(self, name: str, contents: Contents) -> None:
        self.name = name
        self.contents = contents
        storage = _Memory({file: content for (file, _), content in contents.items()})
        self._searcher = FileIndex(storage, schema=SCHEMA).searcher(weighting=BM25F())
        reader = self._searcher.reader()
        facts = [
            (base + docnum, column[docnum])
            for leaf, base in reader.leaf_readers()
            if leaf.doc_count_all()
            for column in [leaf.column_reader("facts")]
            for docnum in leaf.all_doc_ids()
        ]
        self.table = Table(reader.doc_count_all(), facts)
        # Whoosh seeks in files that all threads share. Python runs one thread at a time anyway.
        self._one_at_a_time = threading.Lock()

    def search(self, query: Query) -> Hits:
        began = time.perf_counter()
        table = self.table
        clauses = wanted(query.text)
        scores: dict[int, float] = {}
        if clauses:
            scores = self._match(clauses, scored=query.sort == "relevance")
            found = table.set_of(scores)
        else:
            # Signs alone are a search for something that no text holds, not for everything.
            found = 0 if query.text.strip() else table.everything
        hits = found & table.allowed(query.filters)
        docnums_of_page = self._page(query, table.members(hits), scores)
        marker = Marker(clauses)
        return Hits(
            total=hits.bit_count(),
            total_by_group={group: (hits & members).bit_count() for group, members in table.by_group.items()},
            items=[self._hit(docnum, marker) for docnum in docnums_of_page],
            facets={
                name: table.count(found & self._counted(query, name), query.filters, name) for name in query.facets
            },
            took_ms=(time.perf_counter() - began) * 1000,
        )

    def _counted(self, query: Query, facet: str) -> int:
        """The documents that a facet counts."""
        if query.count_group is None or facet in query.count_all:
            return self.table.everything
        return self.table.by_group.get(query.count_group, 0)

    def _match(self, clauses: list[Clause], scored: bool) -> dict[int, float]:
        """Document number → score, or zero where none was asked for."""
        query = as_query(clauses)
        scores: dict[int, float] = {}
        with self._one_at_a_time:
            context = self._searcher.context() if scored else self._searcher.boolean_context()
            for leaf, base in self._searcher.leaf_searchers():
                matcher = query.matcher(leaf, context)
                if scored:
                    while matcher.is_active():
                        scores[base + matcher.id()] = matcher.score()
                        matcher.next()
                else:
                    scores.update((base + docnum, 0.0) for docnum in matcher.all_ids())
        return scores

    def _page(self, query: Query, docnums: list[int], scores: dict[int, float]) -> list[int]:
        start = (max(query.page, 1) - 1) * query.per_page
        if start >= len(docnums):
            return []
        end = start + query.per_page
        place = self.table.order(query.sort, query.lang)
        if query.sort != "relevance" or not scores:
            return nsmallest(end, docnums, key=place.__getitem__)[start:]
        groups = self.table.groups
        return nsmallest(end, docnums, key=lambda docnum: (groups[docnum], -scores[docnum], place[docnum]))[start:]

    def _hit(self, docnum: int, marker: Marker) -> Hit:
        with self._one_at_a_time:
            page = json.loads(self._searcher.reader().stored_fields(docnum)["page"])
        highlights, matched = marker.mark(page["text"])
        return Hit(self.table.keys[docnum], page["stored"], highlights, matched)
