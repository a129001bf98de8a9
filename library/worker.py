"""The loop behind the pages: followers, letters and timers. May be killed at any point and started again."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from zoneinfo import ZoneInfo

import structlog

from search import Index

from . import deliveries, events, indexing, mail, notices
from .config import Config
from .db import Database

TICK = 0.5
BEAT = dt.timedelta(seconds=5)
FOLLOWER = "worker"
ZONE = ZoneInfo("Asia/Shanghai")

log = structlog.get_logger("worker")


class Worker:
    """One machine's worker. Only it writes this machine's index."""

    def __init__(self, config: Config, database: Database, index: Index) -> None:
        self.config, self.database, self.index = config, database, index
        self.beaten: dt.datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A part that fails is logged and tried again; the others go on."""
        while not stop.is_set():
            if not self.round(now()):
                stop.wait(TICK)

    def round(self, at: dt.datetime) -> int:
        """Every part once; returns how much there was to do."""
        done = 0
        for part in (self._index, self._order, self._letter, self._timers):
            done += _tried(part, at)
        return done

    def _index(self, at: dt.datetime) -> int:
        return indexing.follow(self.database, self.index, self.config.replica, now=at)

    def _order(self, at: dt.datetime) -> int:
        return notices.order(self.database, self.config, now=at)

    def _letter(self, at: dt.datetime) -> int:
        with self.database.reading() as session:
            if not deliveries.is_due(session, [notices.LETTER], now=at):
                return 0
        with self.database.unit() as session:
            row = deliveries.lease(session, [notices.LETTER], now=at)
            if row is None:
                return 0
            number = row.id
        error = None
        try:
            with self.database.reading() as session:
                row = session.get_one(deliveries.Delivery, number)
                letter, key = notices.compose(session, self.config, row.payload), row.key
            mail.send(self.config, letter, key=key, now=at)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is noted and tried again
            error = f"{type(failure).__name__}: {failure}"
            log.warning("letter not sent", delivery=number, error=error)
        with self.database.unit() as session:
            deliveries.settle(session.get_one(deliveries.Delivery, number), now=now(), error=error)
        return 1

    def _timers(self, at: dt.datetime) -> int:
        """The heartbeat, and once a day the anchor of the chain."""
        if self.beaten and at - self.beaten < BEAT:
            return 0
        with self.database.unit() as session:
            events.move_cursor(session, self.config.replica, FOLLOWER, events.head(session)[0], now=at)
            events.drop_anchor(session, day=at.astimezone(ZONE).date().isoformat())
        self.beaten = at
        return 0


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _tried(part: Callable[[dt.datetime], int], at: dt.datetime) -> int:
    try:
        return part(at)
    except Exception:
        log.exception("a part of the worker failed", part=part.__name__)
        return 0
