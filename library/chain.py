"""Is the chain whole, and do the tables still say what its events fixed? What a check found is kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .db import Base, alone
from .deliveries import deliver
from .errors import Invalid, Text
from .events import START, ChainHead, Event, EventDetail, Fact, detail_digest, link_hash
from .policy import Actor

# Kind of fact -> its content as the tables have it now, or None when the row is gone.
Recompute = Mapping[str, Callable[[Session, int], Any]]
CHECK = "chain_check"  # of a Delivery; its payload is {"check": id}


class ChainCheck(Base):
    """A check that was ordered, and what it found: it reads everything, which no page waits for."""

    __tablename__ = "chain_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))
    done_at: Mapped[dt.datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)


@dataclass
class ChainReport:
    """What `caselib check-chain --json` prints."""

    events: int = 0
    unbroken: bool = True
    first_broken: int | None = None
    rows_checked: int = 0
    rows_changed: list[dict[str, Any]] = field(default_factory=list)
    anchors_matched: int = 0
    anchors_missing: list[int] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return self.unbroken and not self.rows_changed and not self.anchors_missing

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def broken_at(self, seq: int) -> None:
        if self.unbroken:
            self.unbroken, self.first_broken = False, seq


def check_chain(session: Session, recompute: Recompute, known: Mapping[int, str] | None = None) -> ChainReport:
    """Recompute every link, detail that is still there and fixed row, and compare the anchored heads."""
    report = ChainReport()
    prev, hashes = START, {}
    latest: dict[str, tuple[str, int]] = {}
    links = select(Event, EventDetail).outerjoin(EventDetail, EventDetail.seq == Event.seq).order_by(Event.seq)
    for event, detail in session.execute(links.execution_options(yield_per=1000)):
        report.events += 1
        whole = (
            event.seq == report.events
            and event.prev == prev
            and link_hash(event) == event.hash
            and (detail is None or detail_digest(detail.salt, detail.detail) == event.digest)
        )
        prev, hashes[event.seq] = event.hash, event.hash
        if not whole:
            report.broken_at(event.seq)
            continue  # what it says of facts is anybody's word
        for name, digest in json.loads(event.facts):
            latest[name] = (digest, event.seq)
    top = session.get(ChainHead, 1)
    if top is None or (top.seq, top.hash) != (report.events, prev):
        report.broken_at(report.events + 1)
    for name, (digest, seq) in sorted(latest.items()):
        kind, _, number = name.partition(":")
        report.rows_checked += 1
        if Fact(name, recompute[kind](session, int(number))).digest != digest:
            report.rows_changed.append({"subject": name, "event": seq})
    _compare(report, hashes, known)
    return report


def order(session: Session, actor: Actor, *, now: dt.datetime) -> ChainCheck:
    """Have everything checked by a worker; one that waits already is waited for."""
    alone(session, CHECK)
    waiting = select(ChainCheck).where(ChainCheck.done_at.is_(None)).limit(1)
    if found := session.scalar(waiting):
        return found
    row = ChainCheck(at=now, by=actor.id)
    session.add(row)
    session.flush()
    deliver(session, CHECK, str(row.id), {"check": row.id}, due=now)
    return row


def keep(session: Session, number: int, report: ChainReport, *, now: dt.datetime) -> None:
    """What a check that was ordered has found."""
    row = session.get_one(ChainCheck, number)
    row.report, row.done_at = report.as_dict(), now


def newest(session: Session, *, done: bool) -> ChainCheck | None:
    """The newest check that has ended, or that waits."""
    ended = ChainCheck.done_at.is_not(None) if done else ChainCheck.done_at.is_(None)
    return session.scalar(select(ChainCheck).where(ended).order_by(ChainCheck.id.desc()).limit(1))


EXPORTED = ("seq", "prev", "verb", "actor", "subject", "at", "digest", "facts", "hash")


def write_export(session: Session, path: Path) -> int:
    """Write the chain, one JSON object a line, without details. Returns the number of events."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for event in session.scalars(select(Event).order_by(Event.seq)):
            out.write(json.dumps({name: getattr(event, name) for name in EXPORTED}, ensure_ascii=False) + "\n")
            count += 1
    return count


def check_export(path: Path, anchors: Mapping[int, str] | None = None) -> ChainReport:
    """Check an exported chain from the file alone: the links and the anchored heads. Raises Invalid."""
    report, prev, hashes = ChainReport(), START, {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                event = Event(**{name: json.loads(line)[name] for name in EXPORTED})
            except (ValueError, KeyError, TypeError) as error:
                place = {"file": path.name, "line": number}
                raise Invalid(Text("%(file)s, line %(line)s is not an exported event.", place)) from error
            report.events += 1
            if event.seq != report.events or event.prev != prev or link_hash(event) != event.hash:
                report.broken_at(number)
            prev, hashes[event.seq] = event.hash, event.hash
    _compare(report, hashes, anchors)
    return report


def _compare(report: ChainReport, hashes: Mapping[int, str], anchors: Mapping[int, str] | None) -> None:
    for seq, digest in (anchors or {}).items():
        if hashes.get(seq) == digest:
            report.anchors_matched += 1
        else:
            report.anchors_missing.append(seq)
