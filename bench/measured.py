"""Measurements of one index, each meant to run in a fresh process of its own with the library loaded."""

from __future__ import annotations

import math
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench import asked, generated, peers
from search import Document, Index, Query
from tests import hostile

TYPED = (
    *("水", "水表", "智能", "燃", "远程", "抄表", "烟感", "路灯", "停车", "车联", "工业", "物流", "矿", "港口"),
    *(
        "wat",
        "water m",
        "gas",
        "sma",
        "smoke",
        "street l",
        "park",
        "veh",
        "ind",
        "log",
        "mini",
        "port",
        "ver",
        "sal",
    ),
    *("shui", "shuib", "ranqi", "zhineng", "ludeng", "sb", "rqb", "znsb", "wulian", "tingche", "yangan", "gy"),
)
COMMITS = 10


class Times(NamedTuple):
    """Milliseconds."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.p50:.2f}/{self.p95:.2f}"


class Row(NamedTuple):
    """One kind of query for one engine."""

    first: Times
    warm: Times
    plain: Times
    """Warm, without facets."""
    totals: list[int]


class Ours:
    """Our index, asked like a peer."""

    def __init__(self, path: Path) -> None:
        self.index = Index(path)

    def search(self, one: asked.Asked, facets: Sequence[str]) -> int:
        return self.index.search(one.query(facets)).total


ENGINES: Mapping[str, Callable[[Path], Any]] = {"ours": Ours, **peers.PEERS}


def build(path: Path, size: int) -> float:
    """Documents a second of CPU; generating them is not counted."""
    shutil.rmtree(path, ignore_errors=True)
    spent = 0.0

    def counted() -> Iterator[Document]:
        nonlocal spent
        documents = generated.documents(size)
        while True:
            began = time.process_time()
            chunk = list(islice(documents, 100))
            spent += time.process_time() - began
            if not chunk:
                return
            yield from chunk

    began = time.process_time()
    Index(path).rebuild(counted(), 1)
    return size / (time.process_time() - began - spent)


def ask_all(name: str, folder: Path) -> tuple[dict[str, Row], float]:
    """Every kind of query, and the private memory after them in MB."""
    kinds, _ = asked.load(folder / "asked.json")
    engine = ENGINES[name](folder / name)
    engine.search(asked.Asked(), ())  # what opening costs is not a query's
    found = {}
    for kind, queries in kinds.items():
        first, totals = _passed(engine, queries, asked.FACETS)
        warm, _ = _passed(engine, queries, asked.FACETS)
        plain, _ = _passed(engine, queries, ())
        found[kind] = Row(first, warm, plain, totals)
    return found, _private_mb()


def highlights(folder: Path) -> Times:
    """What highlights add to a page of twenty, both warm."""
    kinds, _ = asked.load(folder / "asked.json")
    index = Index(folder / "ours")
    added = []
    for one in (*kinds["terms, common"], *kinds["two terms, AND"]):
        lit, plain = one.query(highlights=True), one.query()
        index.search(lit)
        added.append(_cost(index.search, lit) - _cost(index.search, plain))
    return _times(added)


def suggestions(folder: Path) -> tuple[Times, Times]:
    """First and warm."""
    index = Index(folder / "ours")
    index.warm()  # as the web server does when it starts
    first, warm = ([_cost(index.suggest, typed, "zh", 10) for typed in TYPED] for _ in range(2))
    return _times(first), _times(warm)


def first_uses(folder: Path) -> tuple[Times, Times]:
    """The first query with a term: the most frequent ones, and others."""
    kinds, frequent = asked.load(folder / "asked.json")
    index = Index(folder / "ours")
    index.warm()  # as the web server does when it starts
    often = [_cost(index.search, Query(text, highlights=False)) for text in frequent]
    others = [
        one for kind in ("terms, middling", "terms, rare") for one in kinds[kind] if one.text not in frequent
    ]
    return _times(often), _times([_cost(index.search, one.query()) for one in others])


def bad_input(folder: Path) -> Times:
    """What it costs to answer to somebody who means it ill."""
    index = Index(folder / "ours")
    index.warm()  # as the web server does when it starts
    return _times([_cost(index.search, Query(text, facets=asked.FACETS)) for text in hostile.BAD.values()])


def visible(folder: Path) -> Times:
    """Wall milliseconds from a change of one case to its being found by another reader of the index."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "ours", copy, symlinks=True)
    writer, reader = Index(copy), Index(copy)
    writer.check()  # as the worker does in every round
    reader.warm()
    taken = []
    for number, document in enumerate(generated.documents(COMMITS), 1):
        word = f"visible{number}"
        changed = Document(**{**vars(document), "text": {**document.text, "title": {"en": word}}})
        began = time.perf_counter()
        writer.apply([(changed.key, changed)], writer.position + 1)
        if reader.search(Query(word)).total != 1:
            raise RuntimeError("a change was committed and is not found")
        taken.append((time.perf_counter() - began) * 1000)
    shutil.rmtree(copy)
    return _times(taken)


def _passed(engine: Any, queries: Sequence[asked.Asked], facets: Sequence[str]) -> tuple[Times, list[int]]:
    """What each query costs, and how many it finds."""
    totals: list[int] = []
    costs = [_cost(lambda one=one: totals.append(engine.search(one, facets))) for one in queries]
    return _times(costs), totals


def _cost(act: Callable[..., Any], *given: Any) -> float:
    """CPU milliseconds."""
    began = time.process_time()
    act(*given)
    return (time.process_time() - began) * 1000


def _times(costs: Sequence[float]) -> Times:
    return Times(statistics.median(costs), sorted(costs)[math.ceil(0.95 * len(costs)) - 1])


def _private_mb() -> float:
    """Memory of its own. Mapped pages of an index are the system's cache, whoever looks at them."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024
