"""kill -9 at any moment loses nothing: after a restart the index says what the database says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sites import Site

from library.catalog import queries, taxonomy
from library.config import ROOT
from library.indexing import document
from library.policy import VISITOR
from search import Index, Query

KILLS = 4
PATIENCE = 60.0


def start(site: Site) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "library.cli", "work"]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **site.environment}, stderr=subprocess.DEVNULL)


def generation(site: Site) -> str:
    """Which generation of the index is current; none before the first."""
    link: Path = site.config.index / "current"
    return os.readlink(link) if link.is_symlink() else ""


def indexed(site: Site) -> dict[str, object]:
    found = Index(site.config.index).search(Query(per_page=1000))
    return {hit.key: hit.stored for hit in found.items}


def in_database(site: Site) -> dict[str, object]:
    with site.database.reading() as session:
        tree = taxonomy.read(session)
        shown = queries.current(session, VISITOR)
        return {str(case.code): document(case, revision, tree).stored for case, revision in shown}


def test_kill_the_worker_while_cases_come_in(site: Site) -> None:
    made: list[str] = []
    for kill in range(KILLS):
        before, begun = generation(site), time.monotonic()
        worker = start(site)
        try:
            while generation(site) == before:
                assert time.monotonic() - begun < PATIENCE, "the worker indexes nothing"
                made.append(site.add(title={"en": f"Case {len(made)}", "zh": f"案例{len(made)}"}))
                time.sleep(0.05)
            for _ in range(3):
                made.append(site.add())
            time.sleep(0.007 * kill)  # each time it dies at another point of its round
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        assert site.command("reports", "--archive", made[-2]).exit_code == 0

    site.work()
    assert len(indexed(site)) == len(made) - KILLS > KILLS
    assert indexed(site) == in_database(site)
    assert site.client().get("/healthz").json["index"] == "ok"
