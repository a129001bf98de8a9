"""What made us choose this Whoosh and pin it: one test for each defect of its relatives."""

import gc
import os
import random
from pathlib import Path

import pytest
from whoosh import collectors, fields
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex, create_in
from whoosh.query import Every, NumericRange, Term

PUBLIC = Term("audience", "public")


@pytest.fixture
def numbered(tmp_path: Path) -> FileIndex:
    """300 documents in three segments, every third of them public."""
    schema = fields.Schema(
        n=fields.NUMERIC(int, bits=64, signed=True, stored=True),
        audience=fields.ID(stored=True),
        text=fields.TEXT,
    )
    index = create_in(str(tmp_path), schema)
    numbers = [*random.Random(1).sample(range(-(2**40), 2**40), 297), 0, 1, -1]
    for third in range(3):
        writer = index.writer()
        for place, n in enumerate(numbers[third * 100 : third * 100 + 100]):
            audience = "public" if place % 3 == 0 else "ministry"
            writer.add_document(n=n, audience=audience, text="water meter")
        writer.commit(merge=False)
    return index


def test_a_filter_holds_under_a_time_limit(numbered: FileIndex) -> None:
    with numbered.searcher() as searcher:
        inner = searcher.collector(limit=None, filter=PUBLIC)
        searcher.search_with_collector(Term("text", "water"), collectors.TimeLimitCollector(inner, timelimit=60))
        found = [hit["audience"] for hit in inner.results()]
    assert found == ["public"] * 102


def test_numeric_ranges_are_right(numbered: FileIndex) -> None:
    with numbered.searcher() as searcher:
        numbers = sorted(hit["n"] for hit in searcher.search(Every(), limit=None))
        assert len(numbers) == 300
        chance = random.Random(2)
        for _ in range(60):
            low, high = sorted(chance.choice(numbers) + chance.randint(-1, 1) for _ in range(2))
            for exclusive in (False, True):
                found = searcher.search(NumericRange("n", low, high, exclusive, exclusive), limit=None)
                expected = [n for n in numbers if (low < n < high if exclusive else low <= n <= high)]
                assert sorted(hit["n"] for hit in found) == expected, (low, high, exclusive)


def test_a_failed_commit_lets_go_of_the_lock(tmp_path: Path) -> None:
    class FullDisk(FileStorage):
        full = False

        def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
            if self.full:
                raise OSError("no space left on device")
            super().rename_file(oldname, newname, safe)

    storage = FullDisk(str(tmp_path))
    index = storage.create_index(fields.Schema(text=fields.TEXT))
    writer = index.writer()
    writer.add_document(text="water")
    storage.full = True
    with pytest.raises(OSError, match="no space"):
        writer.commit()
    storage.full = False
    writer = index.writer()
    writer.add_document(text="meter")
    writer.commit()
    with index.searcher() as searcher:
        assert searcher.doc_count() == 1


def test_searchers_give_their_files_back(numbered: FileIndex) -> None:
    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/dev/fd"))

    before = open_files()
    for _ in range(20):
        with numbered.searcher() as searcher:
            assert searcher.search(PUBLIC, limit=1).estimated_length() == 102
    assert open_files() == before
