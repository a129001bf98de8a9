"""The search for nearly the same passages among many cases: CPU, memory, size of the marks, and what is found.

The cases are those of generated.py, and one phrase stands in all of them. Four drafts are looked up: one that
copies nothing, one that copies nothing but the phrase, one with a passage of another case, and a whole case with
every tenth word left out. The peer is the plain way, every shingle of every text compared, over a part of the
cases; times are process time, medians over rounds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert

from bench import generated
from library.catalog import duplicates, likeness
from library.catalog.models import Case, CaseMark, Revision
from library.db import Database
from library.migrations import upgrade
from library.policy import SYSTEM

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PHRASE = "本项目贯彻落实关于深入推进移动物联网全面发展的通知，推动多种网络协同发展，形成综合生态体系。" * 3
ROUNDS, BAR, PART, BATCH = 20, 100.0, 300, 1000


def main(*words: str) -> None:
    parser = argparse.ArgumentParser(prog="bench duplicates")
    parser.add_argument("--size", type=int, default=100_000)
    size = parser.parse_args(words).size
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "library.db")
        database = Database(f"sqlite:///{file}")
        upgrade(database)
        fill(database, size)
        database.engine.dispose()  # the last connection writes everything into the file
        before = file.stat().st_size
        count, spent = mark(database, size)
        database.engine.dispose()
        grown = (file.stat().st_size - before) / 1e6
        print(f"{size} cases, {count / size:.0f} marks each, made in {spent / size * 1000:.2f} ms CPU a case")
        print(f"documents {before / 1e6:.0f} MB, marks {grown:.0f} MB")
        look_up(database, size)


def document(number: int, said: Any) -> dict[str, Any]:
    """A generated case as its document says it, with the phrase."""
    text = {lang: said.text["body"][lang] for lang in ("zh", "en")}
    return {
        **{"title": said.text["title"], "summary": said.text["summary"], "attachments": [], "sources": []},
        "sections": [{"text": {**text, "zh": f"{PHRASE}\n{text['zh']}"}, "number": number}],
    }


def batches(size: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    every = ((number, document(number, said)) for number, said in enumerate(generated.documents(size), 1))
    while batch := list(islice(every, BATCH)):
        yield batch


def fill(database: Database, size: int) -> None:
    """The cases and their documents, as if admitted before there were marks."""
    for batch in batches(size):
        cases = [
            {"id": number, "key": str(number), "code": f"MIOT-P-{number}", "origin": "collected"}
            | {"state": "admitted", "revision": 1, "created_at": NOW, "admitted_at": NOW}
            for number, _ in batch
        ]
        revisions = [
            {"case_id": number, "number": 1, "document": said, "digest": "", "at": NOW, "actor": "bench"}
            for number, said in batch
        ]
        with database.unit() as session:
            session.execute(insert(Case), cases)
            session.execute(insert(Revision), revisions)


def mark(database: Database, size: int) -> tuple[int, float]:
    """The marks of every case; how many, and the CPU spent on finding them."""
    count, spent = 0, 0.0
    for batch in batches(size):
        began = time.process_time()
        found = [(number, likeness.marks(likeness.passages(said))) for number, said in batch]
        spent += time.process_time() - began
        rows = [{"mark": each, "case_id": number} for number, marks in found for each in marks]
        with database.unit() as session:
            session.execute(insert(CaseMark), rows)
        count += len(rows)
    return count, spent


def look_up(database: Database, size: int) -> None:
    every = list(enumerate(generated.documents(min(size, PART)), 1))
    others = [document(number, said) for number, said in every]
    fresh = document(0, next(islice(generated.documents(1, seed=7), 1)))
    drafts = {
        "nothing copied": {**fresh, "sections": []},
        "the phrase alone": fresh,
        "one passage": {**fresh, "sections": [*fresh["sections"], {"text": others[100]["sections"][0]["text"]}]},
        "a tenth left out": thinned(others[200]),
    }
    unsaved = Case(id=0, origin="submitted", state="draft", key="")
    print(f"{'draft':18}{'CPU ms':>9}{'ms':>8}{'bar ms':>8}{'plain ms':>10}   found")
    for name, said in drafts.items():
        costs, waits = [], []
        for _ in range(ROUNDS):
            with database.reading() as session:
                began, clock = time.process_time(), time.perf_counter()
                found = duplicates.find(session, SYSTEM, unsaved, said)
                costs.append((time.process_time() - began) * 1000)
                waits.append((time.perf_counter() - clock) * 1000)
        told = ", ".join(f"{each.case.code} ({len(each.passages)})" for each in found[:3]) or "nothing"
        plain = plainly(said, others) / len(others) * size
        print(f"{name:18}{median(costs):9.1f}{median(waits):8.1f}{BAR:8.0f}{plain:10.0f}   {told}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process, filling included: {peak:.0f} MB")


def thinned(said: dict[str, Any]) -> dict[str, Any]:
    """A case retold: every tenth word of its text left out, in Chinese every fortieth character."""
    text = said["sections"][0]["text"]
    zh = "".join(char for place, char in enumerate(text["zh"]) if place % 40)
    en = " ".join(word for place, word in enumerate(text["en"].split()) if place % 10)
    return {**said, "title": {"zh": "另一个项目"}, "sections": [{"text": {"zh": zh, "en": en}}]}


def plainly(said: dict[str, Any], others: list[dict[str, Any]]) -> float:
    """CPU in milliseconds of comparing a draft with each of some cases."""
    mine = likeness.passages(said)
    began = time.process_time()
    for other in others:
        likeness.alike(mine, likeness.passages(other))
    return (time.process_time() - began) * 1000
