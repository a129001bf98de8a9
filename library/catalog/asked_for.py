"""What readers look for and which results they open: counted by the day, never who, from where or at what hour."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing.util import Finalize
from typing import Any

import structlog
from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from search.folding import fold

from ..db import INSERT, Database
from ..policy import Actor
from ..workdays import ZONE
from . import policy
from .models import Opened, Searched

LONGEST = 60
DIGITS = 7
KEPT = dt.timedelta(days=365)
PAUSE = 5.0  # seconds between two writes of one process
MOST_WAITING = 1_000  # different ones in one process; more are not counted
MOST_A_DAY = 20_000  # rows of a table; after that only what is known already is counted

log = structlog.get_logger("asked for")

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s().+\-]+(?=\d)")
_NUMBER = re.compile(rf"\d{{{DIGITS}}}")

Key = tuple[type[Searched] | type[Opened], tuple[str, ...]]


def tidied(text: str) -> str | None:
    """Words as they are counted; None for what may name a person (an address, a telephone number) or is long."""
    words = " ".join(fold(text.replace("\0", " ")).text.split())
    personal = "@" in words or _NUMBER.search(_BETWEEN_DIGITS.sub("", words))
    return words if words and len(words) <= LONGEST and not personal else None


def day_of(now: dt.datetime) -> str:
    return now.astimezone(ZONE).date().isoformat()


class Tally:
    """Counts of this process that are not written yet. Noting costs microseconds; a thread writes now and then.

    What cannot be written is forgotten: nobody waits for a count, and no answer fails because of one.
    """

    def __init__(self, database: Database, *, pause: float | None = PAUSE) -> None:
        """`pause`: seconds between two writes; None: only `flush` writes."""
        self.database, self.pause = database, pause
        self._waiting: dict[Key, Counter[str]] = {}
        self._lock = threading.Lock()
        self._last_chance: Finalize | None = None

    def searched(self, words: str, lang: str, *, now: dt.datetime, found: int, widened: bool) -> None:
        outcome = {"in_vain": int(not found), "widened": int(widened and found > 0)}
        self._note((Searched, (day_of(now), words, lang)), {"times": 1, **outcome})

    def opened(self, words: str, lang: str, code: str, *, now: dt.datetime) -> None:
        self._note((Opened, (day_of(now), words, lang, code)), {"times": 1})

    def _note(self, key: Key, counts: Mapping[str, int]) -> None:
        with self._lock:
            if key not in self._waiting and len(self._waiting) >= MOST_WAITING:
                return
            self._waiting.setdefault(key, Counter()).update(counts)
            if self._last_chance is None and self.pause is not None:
                # Web servers end their processes without atexit, but not without these.
                self._last_chance = Finalize(None, self.flush, exitpriority=0)
                timer = threading.Timer(self.pause, self.flush)
                timer.daemon = True
                timer.start()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            if self._last_chance is not None:
                self._last_chance.cancel()
                self._last_chance = None
        try:
            if waiting:
                with self.database.unit() as session:
                    write(session, waiting)
        except SQLAlchemyError as error:
            log.warning("counts of searches were dropped", rows=len(waiting), error=type(error).__name__)


def write(session: Session, waiting: Mapping[Key, dict[str, int]]) -> None:
    """Add to the rows that are there and make the others, but no new ones on a day that has very many."""
    # In one order, so that two machines never wait for each other.
    ordered = sorted(waiting, key=lambda key: (key[0].__tablename__, key[1]))
    for (model, day), keys in groupby(ordered, key=lambda key: (key[0], key[1][0])):
        table: Any = model.__table__
        names = table.primary_key.columns.keys()
        rows = [dict(zip(names, key[1], strict=True)) | waiting[key] for key in keys]
        there = session.scalar(select(func.count()).select_from(table).where(table.c.day == day)) or 0
        room = max(0, MOST_A_DAY - there)
        if rows[:room]:
            session.connection().execute(_added(table, session.get_bind().dialect.name), rows[:room])
        if rows[room:]:
            known = [{f"the_{name}": value for name, value in row.items()} for row in rows[room:]]
            session.connection().execute(_added_where_known(table), known)


def _added(table: Table, dialect: str) -> Any:
    new = INSERT[dialect](table)
    more = {column.name: column + new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=more)


def _added_where_known(table: Table) -> Any:
    given: dict[Any, Any] = {column: bindparam(f"the_{column.name}") for column in table.c}
    same = [column == value for column, value in given.items() if column.primary_key]
    more = {column.name: column + value for column, value in given.items() if not column.primary_key}
    return update(table).where(*same).values(more)


def forget(session: Session, *, now: dt.datetime) -> None:
    """What is older than a year goes."""
    for table in (Searched, Opened):
        session.execute(delete(table).where(table.day < day_of(now - KEPT)))


@dataclass
class Line:
    """What became of some words since a day."""

    words: str
    lang: str
    searches: int = 0
    in_vain: int = 0
    widened: int = 0
    opened: dict[str, int] = field(default_factory=dict)
    """Case → times, the most opened first."""


def report(session: Session, actor: Actor, *, since: dt.date) -> list[Line]:
    """Words that found nothing come first, then those asked for most; nothing for who may not read it."""
    if not policy.may_read_searches(actor, None):
        return []
    lines: dict[tuple[str, str], Line] = {}
    for words, lang, *counts in session.execute(_sums(Searched, since, "times", "in_vain", "widened")):
        lines[words, lang] = Line(words, lang, *counts)
    clicks = _sums(Opened, since, "times", by=("words", "lang", "code"))
    for words, lang, code, times in session.execute(clicks.order_by(func.sum(Opened.times).desc(), Opened.code)):
        lines.setdefault((words, lang), Line(words, lang)).opened[code] = times
    return sorted(lines.values(), key=lambda line: (-line.in_vain, -line.searches, line.words, line.lang))


def _sums(table: type[Any], since: dt.date, *counts: str, by: Iterable[str] = ("words", "lang")) -> Any:
    keys = [getattr(table, name) for name in by]
    sums = [func.sum(getattr(table, name)) for name in counts]
    return select(*keys, *sums).where(table.day >= since.isoformat()).group_by(*keys)
