"""The loop behind the pages: its parts, its heartbeat, and what it does when one of them fails."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
from sites import Site, rows
from sqlalchemy import select
from structlog.testing import capture_logs

from library import chain, indexing, mail, worker
from library.catalog import operations
from library.catalog.models import Case
from library.db import Database
from library.deliveries import Delivery
from library.events import Anchor, Cursor
from library.policy import VISITOR
from library.worker import BEAT, Worker, now
from search import Index

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def report(site: Site, code: str) -> None:
    with site.database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == code)).one()
        operations.report(session, VISITOR, case, given={"ground": "error", "text": "It errs."}, now=now())


def beat(site: Site) -> Cursor:
    with site.database.reading() as session:
        return session.get_one(Cursor, ("here", worker.FOLLOWER))


def test_a_round_with_nothing_to_do_says_so_and_writes_nothing(site: Site, statements: list[str]) -> None:
    """Also after an event that is no case's: the loop must come to rest."""
    report(site, site.add())
    site.work()
    statements.clear()
    assert site.worker.round(now()) == 0
    assert [one for one in statements if not one.startswith(("SELECT", "BEGIN"))] == []
    assert site.worker.index.position == 3


def test_a_part_that_fails_does_not_stop_the_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    code = site.add()
    report(site, code)

    def fail(*_: Any, **__: Any) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(indexing, "follow", fail)
    with capture_logs() as logged:
        site.work()
    assert len(site.letters()) == 1
    assert beat(site).seen_at is not None
    assert {(line["event"], line["part"]) for line in logged} == {("a part of the worker failed", "_index")}
    monkeypatch.undo()
    site.work(now() + MINUTE)
    assert rows(site.client(), "/search") == [code]


def test_a_part_that_fails_is_tried_again_after_a_growing_pause(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, seconds, tried = now(), 0, []

    def fail(*_: Any, **__: Any) -> int:
        tried.append(seconds)
        raise RuntimeError("the disk is full")

    with capture_logs() as logged:
        monkeypatch.setattr(indexing, "follow", fail)
        for seconds in range(200):
            site.worker.round(started + dt.timedelta(seconds=seconds))
        assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
        assert [line["pause"] for line in logged] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert beat(site).seen_at == started + dt.timedelta(seconds=195), "the other parts went on"

        seconds = -3600
        site.worker.round(started + dt.timedelta(seconds=seconds))
        assert tried[-1] == seconds, "a clock that was set back does not prolong the pause"

        monkeypatch.undo()
        site.worker.round(started + 5 * MINUTE)
        monkeypatch.setattr(indexing, "follow", fail)
        site.worker.round(started + 6 * MINUTE)
        assert logged[-1]["pause"] == 1, "success ends the row of failures"


def test_the_heartbeat_tells_when_it_was_last_alive(site: Site) -> None:
    site.add()
    site.work(make.NOW)
    assert (beat(site).seen_at, beat(site).seq) == (make.NOW, 1)
    site.work(make.NOW + BEAT / 2)
    assert beat(site).seen_at == make.NOW
    site.work(make.NOW + BEAT)
    assert beat(site).seen_at == make.NOW + BEAT


def test_the_chain_is_anchored_once_a_day_by_the_clock_of_shanghai(site: Site) -> None:
    site.add()
    evening = dt.datetime(2026, 11, 22, 15, 59, tzinfo=dt.UTC)
    for at in (evening, evening + MINUTE, evening + 2 * MINUTE):
        site.work(at)
        site.add()
    with site.database.reading() as session:
        days = [(row.day, row.seq) for row in session.scalars(select(Anchor).order_by(Anchor.day))]
    assert days == [("2026-11-22", 1), ("2026-11-23", 2)]


def test_a_letter_whose_worker_died_is_sent_by_the_next_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Nobody catches it, as nobody catches SIGKILL."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    report(site, site.add())
    monkeypatch.setattr(mail, "send", die)
    with pytest.raises(Killed):
        site.work()
    monkeypatch.undo()
    other = Worker(site.config, site.database, Index(site.config.index))
    other.round(now() + MINUTE)
    assert site.letters() == [], "the first one may still be at it"
    for _ in range(3):
        other.round(now() + 3 * MINUTE)
    assert len(site.letters()) == 1
    with site.database.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.kind != chain.CHECK).order_by(Delivery.id))
        assert [(row.kind, row.attempts, row.done_at is None) for row in rows] == [
            ("tell", 1, False),
            ("post", 2, False),
        ]


def test_two_machines_keep_two_indexes_and_send_one_letter(site: Site, tmp_path: Path) -> None:
    second = Site(site.database, tmp_path / "second", REPLICA="there")
    code = site.add()
    report(site, code)
    site.work()
    second.work()
    assert rows(site.client(), "/search") == rows(second.client(), "/search") == [code]
    assert len(site.letters()) + len(second.letters()) == 1
    site.command("reports", "--archive", code)
    second.work()
    assert rows(second.client(), "/search") == []
    assert rows(site.client(), "/search") == [code]
    site.work()
    assert rows(site.client(), "/search") == []


def test_the_loop_works_until_it_is_told_to_stop(site: Site) -> None:
    code, stop = site.add(), threading.Event()
    loop = threading.Thread(target=site.worker.run, args=(stop,))
    loop.start()
    try:
        deadline = time.monotonic() + 30
        while site.client().get("/healthz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        loop.join(10)
    assert not loop.is_alive()
    assert rows(site.client(), "/search") == [code]


def test_a_worker_started_twice_by_mistake_waits_for_its_turn(site: Site) -> None:
    second = Worker(site.config, site.database, Index(site.config.index))
    stops = threading.Event(), threading.Event()
    loops = [
        threading.Thread(target=one.run, args=(stop,))
        for one, stop in zip((site.worker, second), stops, strict=True)
    ]
    with capture_logs() as logged:
        loops[0].start()
        until(lambda: site.worker.beaten is not None)
        loops[1].start()
        until(lambda: any("another worker" in entry["event"] for entry in logged))
        assert second.beaten is None
        stops[0].set()
        until(lambda: second.beaten is not None)
        stops[1].set()
        for loop in loops:
            loop.join(10)
    assert not any(loop.is_alive() for loop in loops)
    assert sum("another worker" in entry["event"] for entry in logged) == 1


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_database_that_is_away_is_waited_for(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/nowhere/library.db")
    site = Site(away, tmp_path)
    with capture_logs() as logged:
        assert site.worker.round(now()) == 0
    assert [line["log_level"] for line in logged] == ["error"] * len(site.worker.parts)
    away.engine.dispose()
