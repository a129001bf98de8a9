"""The engines beside ours: tantivy and SQLite FTS5, given the terms that our own reading of the text gives.

Both keep a page of stored JSON a document and count facets as they do best: tantivy by aggregations over fast
fields, FTS5 by a join and GROUP BY a facet over the documents found, which are kept in a temporary table. Like
ours they count a facet without its own filter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tantivy

from bench.asked import FACETS, PER_PAGE, Asked

Row = tuple[str, Mapping[str, tuple[str, ...]], Mapping[str, int | None], Mapping[str, Any]]
"""Terms joined by blanks, facets, numbers, what is stored."""


class Tantivy:
    def __init__(self, path: Path) -> None:
        self.schema = _tantivy_schema()
        self.index = tantivy.Index(self.schema, path=str(path))
        _read_as_it_stands(self.index)
        self.searcher = self.index.searcher()

    @staticmethod
    @contextmanager
    def building(path: Path) -> Iterator[Callable[[Row], None]]:
        path.mkdir(parents=True)
        index = tantivy.Index(_tantivy_schema(), path=str(path))
        _read_as_it_stands(index)
        writer = index.writer(heap_size=256_000_000, num_threads=1)

        def add(row: Row) -> None:
            terms, facets, numbers, page = row
            document = tantivy.Document()
            document.add_text("words", terms)
            document.add_bytes("page", json.dumps(page).encode())
            for name in FACETS:
                for code in facets.get(name, ()):
                    document.add_text(name, code)
            for name, number in numbers.items():
                if number is not None:
                    document.add_unsigned(name, number)
            writer.add_document(document)

        yield add
        writer.commit()
        writer.wait_merging_threads()

    def search(self, asked: Asked, facets: Sequence[str]) -> int:
        """How many were found; a page of them is read and the facets are counted."""
        query = self._query(asked, asked.filters)
        order = None if asked.terms else "date"
        found = self.searcher.search(query, PER_PAGE, order_by_field=order, offset=(asked.page - 1) * PER_PAGE)
        for _, address in found.hits:
            json.loads(self.searcher.doc(address)["page"][0])
        free = [name for name in facets if name not in asked.filters]
        if free:
            self.searcher.aggregate(query, {name: _by_terms(name) for name in free})
        for name in facets:
            if name in asked.filters:
                others = {other: codes for other, codes in asked.filters.items() if other != name}
                self.searcher.aggregate(self._query(asked, others), {name: _by_terms(name)})
        return int(found.count)  # type: ignore[attr-defined]  # its stub lacks it

    def _query(self, asked: Asked, filters: dict[str, list[str]]) -> Any:
        make, must = tantivy.Query, tantivy.Occur.Must
        wanted = []
        if asked.phrase:
            wanted.append(make.phrase_query(self.schema, "words", list(asked.terms)))
        elif asked.prefix:
            wanted.append(make.regex_query(self.schema, "words", f"{asked.terms[0]}.*"))
        else:
            wanted += [make.term_query(self.schema, "words", term) for term in asked.terms]
        for name, codes in filters.items():
            wanted.append(make.term_set_query(self.schema, name, codes))
        if asked.least is not None:
            wanted.append(
                make.range_query(self.schema, "connections", tantivy.FieldType.Unsigned, lower_bound=asked.least)
            )
        if not wanted:
            return make.all_query()
        return wanted[0] if len(wanted) == 1 else make.boolean_query([(must, each) for each in wanted])


class Fts5:
    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA cache_size = -262144")
        self.connection.execute("PRAGMA temp_store = MEMORY")
        self.connection.execute("CREATE TEMP TABLE found (doc INTEGER PRIMARY KEY)")

    @staticmethod
    @contextmanager
    def building(path: Path) -> Iterator[Callable[[Row], None]]:
        connection = sqlite3.connect(path)
        connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5"
            " (term, content='', tokenize=\"unicode61 remove_diacritics 0 tokenchars '.'\")"
        )
        connection.execute("CREATE TABLE cases (doc INTEGER PRIMARY KEY, page TEXT, connections INT, date INT)")
        for name in FACETS:
            connection.execute(f"CREATE TABLE {name} (doc INT, code TEXT, PRIMARY KEY (doc, code)) WITHOUT ROWID")

        def add(row: Row) -> None:
            terms, facets, numbers, page = row
            facts = (json.dumps(page), numbers["connections"], numbers["date"])
            doc = connection.execute(
                "INSERT INTO cases (page, connections, date) VALUES (?, ?, ?)", facts
            ).lastrowid
            connection.execute("INSERT INTO words (rowid, term) VALUES (?, ?)", (doc, terms))
            for name in FACETS:
                codes = [(doc, code) for code in facets.get(name, ())]
                connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", codes)

        yield add
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        for name in FACETS:
            connection.execute(f"CREATE INDEX {name}_code ON {name} (code, doc)")
        for name in ("connections", "date"):
            connection.execute(f"CREATE INDEX cases_{name} ON cases ({name})")
        connection.execute("ANALYZE")
        connection.commit()
        connection.close()

    def search(self, asked: Asked, facets: Sequence[str]) -> int:
        """How many were found; a page of them is read and the facets are counted."""
        tables, rule, given = _clauses(asked, asked.filters)
        order = "bm25(words)" if asked.terms else "cases.date DESC"
        with self.connection:
            total = self._keep(asked, asked.filters)
            rows = self.connection.execute(
                f"SELECT cases.page FROM {tables} WHERE {rule} ORDER BY {order} LIMIT {PER_PAGE} OFFSET ?",
                [*given, (asked.page - 1) * PER_PAGE],
            )
            for (page,) in rows:
                json.loads(page)
            self._count([name for name in facets if name not in asked.filters])
            for name in facets:
                if name in asked.filters:
                    self._keep(asked, {other: codes for other, codes in asked.filters.items() if other != name})
                    self._count([name])
        return total

    def _keep(self, asked: Asked, filters: dict[str, list[str]]) -> int:
        """Note what is found in the temporary table; how many."""
        tables, rule, given = _clauses(asked, filters)
        self.connection.execute("DELETE FROM found")
        kept = self.connection.execute(f"INSERT INTO found SELECT cases.doc FROM {tables} WHERE {rule}", given)
        return kept.rowcount

    def _count(self, facets: Iterable[str]) -> None:
        for name in facets:
            self.connection.execute(
                f"SELECT code, count(*) FROM found CROSS JOIN {name} USING (doc) GROUP BY code"
            ).fetchall()


def _clauses(asked: Asked, filters: dict[str, list[str]]) -> tuple[str, str, list[Any]]:
    """FROM, WHERE and what goes into them."""
    tables, rules = "cases", ["1"]
    given: list[Any] = []
    if asked.terms:
        tables = "words CROSS JOIN cases ON cases.doc = words.rowid"
        quoted = [f'"{term}"' for term in asked.terms]
        rules.append("words MATCH ?")
        given.append(f'"{" ".join(asked.terms)}"' if asked.phrase else " ".join(quoted) + "*" * asked.prefix)
    for name, codes in filters.items():
        rules.append(f"cases.doc IN (SELECT doc FROM {name} WHERE code IN ({', '.join('?' * len(codes))}))")
        given += codes
    if asked.least is not None:
        rules.append("cases.connections >= ?")
        given.append(asked.least)
    return tables, " AND ".join(rules), given


def _tantivy_schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", tokenizer_name="as_it_stands")
    builder.add_bytes_field("page", stored=True)
    for name in FACETS:
        builder.add_text_field(name, fast=True, index_option="basic", tokenizer_name="raw")
    for name in ("connections", "date"):
        builder.add_unsigned_field(name, fast=True, indexed=True)
    return builder.build()


def _read_as_it_stands(index: Any) -> None:
    """Words end at blanks and are not changed."""
    index.register_tokenizer("as_it_stands", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


def _by_terms(name: str) -> dict[str, Any]:
    return {"terms": {"field": name, "size": 200}}


PEERS: dict[str, Any] = {"tantivy": Tantivy, "FTS5": Fts5}


def build_all(folder: Path, rows: Iterable[Row]) -> None:
    """Every peer's index from the same rows, which are read once."""
    with ExitStack() as builds:
        adders = [builds.enter_context(peer.building(folder / name)) for name, peer in PEERS.items()]
        for row in rows:
            for add in adders:
                add(row)
