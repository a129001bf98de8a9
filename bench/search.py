"""The search over generated cases, beside tantivy and SQLite FTS5 in the same run.

    python -m bench search --size 10000,100000 --cache FOLDER

What is built is kept in FOLDER (var/bench) and used again. Every engine is asked in a fresh process. Times are
CPU milliseconds of one query, p50/p95, of the first pass or of the second ("warm"). "!" marks what misses its bar.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import asked, generated, measured, peers
from bench.measured import ENGINES, Row, Times
from library import worker
from library.config import ROOT
from search import Index
from search.errors import IndexBroken, IndexMissing
from search.schema import FORM

# Milliseconds at p95, warm, with seven facets.
BARS = {10_000: dict.fromkeys(asked.KINDS, 3.0), 100_000: {**dict.fromkeys(asked.KINDS, 5.0), "phrases": 20.0}}
# How many times ours a peer is to take at p95, among so many cases.
PEERS_AT = 100_000
AHEAD = {"warm": {"tantivy": 1.0, "FTS5": 20.0}, "plain": {"tantivy": 0.5, "FTS5": 0.5}}
TITLES = {"warm": "seven facets, page of 20", "plain": "page of 20, no facets"}
SMALL = 1_000


def main(*options: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench search")
    parser.add_argument("--size", default="10000", help="Sizes, separated by commas.")
    parser.add_argument("--cache", type=Path, default=ROOT / "var/bench", help="Where indexes are kept.")
    given = parser.parse_args(options)
    of_sizes = {}
    for size in sorted(int(word) for word in given.size.split(",")):
        print(f"\n{size} cases")
        folder = given.cache / f"form-{FORM}-{generated.FORM}-{size}"
        prepare(folder, size)
        of_sizes[size] = peers_beside_ours(folder, size)
        ours_alone(folder)
    for (small, of_small), (large, of_large) in pairwise(of_sizes.items()):
        growth(large / small, of_small, of_large)


def prepare(folder: Path, size: int) -> None:
    """Build what is not there yet: queries, peers, our index."""
    questions, rate = folder / "asked.json", folder / "rate"
    if not questions.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        chooser = asked.Chooser()
        peers.build_all(folder, _rows(chooser, size))
        asked.save(questions, chooser.choose(), chooser.frequent())
    try:
        Index(folder / "ours").check()
    except (IndexMissing, IndexBroken):
        rate.write_text(f"{_apart(measured.build, folder / 'ours', size):.0f}")
    small, large = _apart(measured.build, folder / "small", SMALL), float(rate.read_text())
    print(f"index build at {SMALL} cases: {small:.0f} cases/s of CPU{_bar(300, small, least=True)}")
    print(f"index build at {size} cases: {large:.0f} cases/s of CPU{_bar(150, large, least=True)}")


def _rows(chooser: asked.Chooser, size: int) -> Iterator[peers.Row]:
    for document in generated.documents(size):
        yield " ".join(chooser.see(document)), document.facets, document.numbers, document.stored


def peers_beside_ours(folder: Path, size: int) -> dict[str, Row]:
    """A line a kind of query; returns our rows."""
    answers: dict[str, dict[str, Row]] = {}
    for name in ENGINES:
        answers[name], memory = _apart(measured.ask_all, name, folder)
        print(f"{name}: {memory:.0f} MB of private memory{_bar(400, memory) if name == 'ours' else ''}")
    for column, title in TITLES.items():
        bars = BARS.get(size, {}) if column == "warm" else {}
        heads = "".join(f"{name:>15}" for name in ENGINES) + "".join(f"{name:>12}/ours" for name in peers.PEERS)
        print(f"\n{title:26}{'ours first':>15}{heads}   our bar    same totals")
        for kind, ours in answers["ours"].items():
            times = {name: getattr(answers[name][kind], column) for name in ENGINES}
            first = str(ours.first) if column == "warm" else ""
            line = f"{kind:26}{first:>15}" + "".join(f"{each!s:>15}" for each in times.values())
            for name in peers.PEERS:
                ratio = times[name].p95 / times["ours"].p95
                line += f"{ratio:>16.1f}{'!' if size == PEERS_AT and ratio < AHEAD[column][name] else ' '}"
            line += _bar(bars.get(kind), times["ours"].p95)
            print(f"{line:<140}{_agreement([answers[name][kind] for name in ENGINES])}")
        if size == PEERS_AT:
            print("ratios: bar", ", ".join(f"{name} {AHEAD[column][name]:g}" for name in peers.PEERS))
    return answers["ours"]


def ours_alone(folder: Path) -> None:
    print()
    _single("highlights of 20 rows", 3, warm=_apart(measured.highlights, folder))
    first, warm = _apart(measured.suggestions, folder)
    _single("suggestions", 2, first=first, warm=warm)
    often, others = _apart(measured.first_uses, folder)
    _single(f"first use of the {asked.FREQUENT} most frequent", 10, cold=often)
    _single("first use of other terms", 100, cold=others)
    _single("bad input", 300, cold=_apart(measured.bad_input, folder))
    wait, seen = worker.TICK * 1000, _apart(measured.visible, folder)
    _single(f"commit to visible (+ {wait:.0f} of wait)", 1000, wall=Times(seen.p50 + wait, seen.p95 + wait))


def growth(times: float, small: Mapping[str, Row], large: Mapping[str, Row]) -> None:
    """What so many times as many cases cost. The bar: for ten times as many at most twelve times as much."""
    print(f"\n{times:g} times as many cases, p95{'first':>16}{'warm':>14}{'no facets':>14}")
    for kind, row in large.items():
        ratios = [now.p95 / before.p95 for now, before in zip(row[:3], small[kind][:3], strict=True)]
        print(f"{kind:26}" + "".join(f"{ratio:>13.1f}{'!' if ratio > 1.2 * times else ' '}" for ratio in ratios))


def _single(title: str, bar: float, **times: Times) -> None:
    told = "  ".join(f"{name} {each}" for name, each in times.items())
    print(f"{title:40}{told}{_bar(bar, list(times.values())[-1].p95)}")


def _bar(bar: float | None, value: float, *, least: bool = False) -> str:
    if bar is None:
        return ""
    missed = value < bar if least else value > bar
    return f"  (bar {bar:g}{'!' if missed else ''})"


def _agreement(rows: list[Row]) -> str:
    """For how many queries all engines find as many. Ours may know other names of what is asked for."""
    every = list(zip(*(row.totals for row in rows), strict=True))
    return f"{sum(len(set(totals)) == 1 for totals in every)} of {len(every)}"


def _apart(act: Callable[..., Any], *given: Any) -> Any:
    """In a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(act, *given).result()
