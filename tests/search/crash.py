"""Kill writers and look what is left. A program of its own: it forks, so it must not have threads.

The index always holds as many documents as its position says. After every kill it must still say so.
"""

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search import Document, Index, Query

STEPS = [
    (os, "fsync"),
    (os, "replace"),
    (os, "link"),
    (os, "mkdir"),
    (os, "symlink"),
    (os, "readlink"),
    (shutil, "rmtree"),
]


MANY = 5
"""Segments from which Whoosh joins the small ones."""


def document(number: int) -> Document:
    return Document(f"K{number}", {"title": {"zh": f"水表{number}"}, "body": {"zh": "路灯" * 20}})


def apply(path: str) -> None:
    index = Index(path)
    number = index.position + 1
    index.apply([(f"K{number}", document(number))], position=number)


def rebuild(path: str) -> None:
    index = Index(path)
    number = index.position + 1
    index.rebuild((document(n) for n in range(1, number + 1)), position=number)


def merge(path: str) -> None:
    """A commit like any other, for which Whoosh finds so many small segments that it joins them."""
    apply(path)


def segments(path: str) -> int:
    return len(list(Path(path, "current").glob("*.trm")))


def both_for_ever(path: str) -> None:
    while True:
        apply(path)
        rebuild(path)


def in_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


def die_at(step: int) -> None:
    """Put a counter in front of everything that changes what a reader could find."""
    counter = itertools.count(1)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if next(counter) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapper

    for module, name in STEPS:
        setattr(module, name, counted(getattr(module, name)))


def main(path: str) -> None:
    torn: list[str] = []
    reader = Index(path)
    reader.rebuild([], position=0)

    def look(when: str) -> None:
        try:
            fresh = Index(path)
            fresh.check()
            found = (fresh.position, fresh.search(Query("水表")).total, reader.search(Query("水表")).total)
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes into the report
            torn.append(f"{when}: {error!r}")
        else:
            if len(set(found)) != 1:
                torn.append(f"{when}: position, found, found by a running reader: {found}")

    steps = {}
    merged: list[int] = []  # how many segments there are after each kill
    for work in (apply, rebuild, merge):
        if work is merge:
            while segments(path) < MANY:
                apply(path)
        for step in itertools.count(1):

            def killed(work: Callable[[str], None] = work, step: int = step) -> None:
                die_at(step)
                work(path)

            status = os.waitpid(in_child(killed), 0)[1]
            look(f"{work.__name__} at step {step}")
            if work is merge:
                merged.append(segments(path))
            if not os.WIFSIGNALED(status):
                if status:
                    torn.append(f"{work.__name__} failed at step {step}")
                steps[work.__name__] = step - 1
                break

    kills = 10
    chance = random.Random(5)
    for kill in range(kills):
        child = in_child(lambda: both_for_ever(path))
        time.sleep(chance.uniform(0.02, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        look(f"random kill {kill}")
    apply(path)
    look("afterwards")
    json.dump(
        {"torn": torn, "steps": steps, "random": kills, "merged": merged, "position": reader.position}, sys.stdout
    )


if __name__ == "__main__":
    main(sys.argv[1])
