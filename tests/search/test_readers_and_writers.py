"""Readers while somebody writes: in threads, in other processes, and with writers that are killed."""

import gc
import json
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import search
from search import Document, Index, Query, generations

Doc = Callable[..., Document]

HOUSE = Path(search.__file__).parent.parent


def test_threads_read_while_a_writer_commits_and_rebuilds(index: Index, doc: Doc) -> None:
    """Every commit brings a pair. A reader who sees half a pair, or less than before, has seen a tear."""
    stop = threading.Event()
    failures: list[str] = []
    searches = [0] * 4

    def read(number: int) -> None:
        seen = 0
        while not stop.is_set():
            hits = index.search(Query("水表", sort="newest" if number % 2 else "relevance", facets=("n",)))
            if hits.total % 2 or hits.total < seen or hits.facets["n"].get("1", 0) != hits.total:
                failures.append(f"{seen} → {hits.total} {hits.facets}")
            seen = hits.total
            searches[number] += 1

    readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for reader in readers:
        reader.start()
    documents: dict[str, Document] = {}
    for n in range(20):
        pair = {f"{side}{n}": doc(f"{side}{n}", f"水表{n}", facets={"n": ("1",)}) for side in "ab"}
        documents |= pair
        if n % 5 == 4:
            index.rebuild(documents.values(), position=n)
        else:
            index.apply(pair.items(), position=n)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert min(searches) > 0
    assert index.search(Query("水表")).total == 40


def test_threads_that_read_the_same_postings_do_not_disturb_each_other(index: Index, doc: Doc) -> None:
    """Whoosh seeks and reads in two steps; the threads here change places as often as Python can."""
    index.rebuild((doc(f"K{n}", "水表", body="路灯" * (n % 7)) for n in range(400)), position=1)
    texts = ("水表", "路灯", "水表 路灯")
    expected = {text: [hit.key for hit in index.search(Query(text)).items] for text in texts}
    failures: list[object] = []

    def read(first: int) -> None:
        try:
            for turn in range(30):
                text = texts[(first + turn) % 3]
                found = [hit.key for hit in index.search(Query(text)).items]
                if found != expected[text]:
                    failures.append((text, found))
        except Exception as error:  # noqa: BLE001 - a thread must hand over whatever it meets
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


def test_two_writers_take_turns(index: Index, doc: Doc) -> None:
    def write(side: str) -> None:
        mine = Index(index._generations.path)
        for n in range(5):
            mine.apply([(f"{side}{n}", doc(f"{side}{n}", "水表"))], position=n)

    writers = [threading.Thread(target=write, args=(side,)) for side in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert index.search(Query("水表")).total == 10


def test_another_process_sees_commits(index: Index, doc: Doc) -> None:
    reading = (
        "import sys; from search import Index, Query; index = Index(sys.argv[1])\n"
        "for _ in sys.stdin: print(index.search(Query('水表')).total, index.position, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", reading, str(index._generations.path)],
        cwd=HOUSE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin
        assert reader.stdout

        def ask() -> list[int]:
            assert reader.stdin
            assert reader.stdout
            print(file=reader.stdin, flush=True)
            return [int(number) for number in reader.stdout.readline().split()]

        assert ask() == [0, 0]
        index.apply([("a", doc("a", "水表")), ("b", doc("b", "水表"))], position=4)
        assert ask() == [2, 4]
        index.apply([("a", None)], position=6)
        assert ask() == [1, 6]
        index.rebuild([doc(f"K{n}", "水表") for n in range(3)], position=7)
        assert ask() == [3, 7]
        reader.stdin.close()
        assert reader.wait(timeout=20) == 0


def test_large_files_are_read_where_they_lie(index: Index, doc: Doc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "MAPPED", 1)
    index.rebuild((doc(f"K{n}", f"智能水表{n}", body="路灯" * n) for n in range(50)), position=1)
    index.apply([("K1", None), ("K2", doc("K2", "智能燃气表"))], position=2)
    for one in (index, Index(index._generations.path)):
        hits = one.search(Query("智能水表", per_page=100, sort="title"))
        assert (hits.total, hits.items[0].highlights) == (48, {"title.zh": "<mark>智能水表</mark>0"})
        assert [each.text for each in one.suggest("ranqi", "zh")] == ["燃气", "燃气表", "智能燃气表"]
        assert one._current is not None
        kinds = {type(content) for content in one._current.contents.values()}
        assert kinds == {mmap.mmap}


def test_no_file_stays_open(index: Index, doc: Doc) -> None:
    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd")) if Path("/proc").is_dir() else len(os.listdir("/dev/fd"))

    index.search(Query())
    before = open_files()
    for n in range(10):
        index.apply([(f"K{n}", doc(f"K{n}", "水表"))], position=n)
        assert index.search(Query("水表")).total == n + 1
        index.check()
    index.rebuild([doc("a")], position=20)
    index.search(Query())
    assert open_files() == before


def test_killed_at_any_step_the_index_is_whole(tmp_path: Path) -> None:
    """crash.py kills writers with signal 9 before every call that reaches the disk, and at random moments."""
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "crash.py"), str(tmp_path / "index")],
        cwd=HOUSE,
        env=os.environ | {"PYTHONPATH": str(HOUSE)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    report = json.loads(ran.stdout)
    assert report["torn"] == []
    assert report["steps"]["apply"] > 10
    assert report["steps"]["rebuild"] > 10
    assert report["steps"]["merge"] > 10
    assert report["merged"].count(5) > 5, "a merge that was killed before its last step has not happened"
    assert 1 in report["merged"], "and then it has"
    assert report["random"] == 10
