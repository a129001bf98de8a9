"""The loop behind the pages: followers, letters and timers. May be killed at any point and started again."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import smtplib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from search import Index

from . import chain, deliveries, events, indexing, jobs, notices
from .accounts import answers, letters
from .catalog import asked_for, draft_past, duplicates, leftovers
from .config import Config
from .db import Database
from .files import Store
from .policy import SYSTEM
from .quarantine import quarantine
from .selection import benchmark_flow, entry_flow, objection_erasing
from .selection import flow as calls
from .workdays import ZONE

TICK = 0.5
BEAT = dt.timedelta(seconds=5)
NO_PAUSE, FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(), dt.timedelta(seconds=1), dt.timedelta(minutes=1)
FOLLOWER = "worker"

log = structlog.get_logger("worker")


class Part:
    """One thing to look after in every round. Each failure in a row doubles the pause before the next try."""

    def __init__(self, work: Callable[[dt.datetime], int]) -> None:
        self.work = work
        self.pause = NO_PAUSE
        self.failed = dt.datetime.min.replace(tzinfo=dt.UTC)

    def tried(self, at: dt.datetime) -> int:
        if NO_PAUSE <= at - self.failed < self.pause:  # a clock that was set back ends the pause
            return 0
        try:
            done = self.work(at)
        except Exception:
            self.failed = at
            self.pause = min(self.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
            log.exception("a part of the worker failed", part=self.work.__name__, pause=self.pause.seconds)
            return 0
        self.pause = NO_PAUSE
        return done


@contextlib.contextmanager
def _turn(path: Path, stop: threading.Event) -> Iterator[None]:
    """Wait for the turn of this worker: started twice in one folder, the second takes over when the first ends.

    The lock goes with its process, however that ends.
    """
    said = False
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    log.warning(
                        "another worker is at work in this folder; this one waits", folder=str(path.parent)
                    )
                said = True
                stop.wait(TICK)
        yield


def said(failure: Exception) -> str:
    """What went wrong, without the address that a mail server repeats: it is kept and logged."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return ", ".join(str(code) for code, _ in failure.recipients.values())
    return str(failure)


class Worker:
    """One machine's worker. Only it writes this machine's index."""

    def __init__(self, config: Config, database: Database, index: Index) -> None:
        self.config, self.database, self.index = config, database, index
        self.beaten: dt.datetime | None = None
        self.marked_to: int | None = 0
        self.parts = [Part(work) for work in (self._index, self._order, self._work, self._marks, self._timers)]

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A part that fails is logged and tried again; the others go on."""
        with _turn(self.config.data / "worker.lock", stop):
            while not stop.is_set():
                if not self.round(now()):
                    stop.wait(TICK)

    def round(self, at: dt.datetime) -> int:
        """Every part once; returns how much there was to do."""
        return sum(part.tried(at) for part in self.parts)

    def _index(self, at: dt.datetime) -> int:
        return indexing.follow(self.database, self.index, self.config.replica, now=at)

    def _order(self, at: dt.datetime) -> int:
        return notices.order(self.database, self.config, now=at)

    def _work(self, at: dt.datetime) -> int:
        """The next piece of work that somebody ordered. What goes wrong is noted with it, and tried again."""
        with self.database.reading() as session:
            if not deliveries.is_due(session, list(jobs.JOBS), now=at):
                return 0
        with self.database.unit() as session:
            row = deliveries.lease(session, list(jobs.JOBS), now=at)
            if row is None:
                return 0
            number, kind, payload = row.id, row.kind, row.payload
        error = None
        try:
            jobs.JOBS[kind](self.config, self.database, payload, at)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is noted and tried again
            error = f"{type(failure).__name__}: {said(failure)}"
            log.warning("work failed", kind=kind, delivery=number, error=error)
        with self.database.unit() as session:
            row = session.get_one(deliveries.Delivery, number)
            tries = None if kind in jobs.UNTIRING else deliveries.TRIES
            deliveries.settle(row, now=now(), error=error, tries=tries)
            if row.given_up_at is not None:
                jobs.give_up(session, kind, payload, error=error or "", now=now())
        return 1

    def _marks(self, at: dt.datetime) -> int:
        """Once after each start: marks of near duplicates, for cases that an older version left without."""
        if self.marked_to is None:
            return 0
        with self.database.unit() as session:
            self.marked_to = duplicates.catch_up(session, after=self.marked_to)
        return self.marked_to is not None

    def _timers(self, at: dt.datetime) -> int:
        """The heartbeat, once a day the anchor of the chain, what has been kept for long enough, and calls whose
        time has come.
        """
        if self.beaten and at - self.beaten < BEAT:
            return 0
        with self.database.unit() as session:
            events.move_cursor(session, self.config.replica, FOLLOWER, events.head(session)[0], now=at)
            new_day = events.drop_anchor(session, day=at.astimezone(ZONE).date().isoformat())
            if new_day:
                chain.order(session, SYSTEM, now=at)
            asked_for.forget(session, now=at)
            letters.forget(session, now=at)
            draft_past.end_paused(session, now=at)
            draft_past.forget(session, now=at)
            answers.forget(session, now=at)
            calls.keep_time(session, now=at)
            entry_flow.wind_up(session, now=at)
            benchmark_flow.keep_time(session, now=at)
            if new_day:
                objection_erasing.erase(session, now=at)
        if new_day:
            kept = quarantine(self.config.files, max_bytes=self.config.max_evidence)
            objection_erasing.sweep(self.database, kept, now=at)
            leftovers.forget(self.database, Store(self.config.files), now=at)
        self.beaten = at
        return 0


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
