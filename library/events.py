"""What happened: an append-only chain of events, and the two ways of following it.

`record()` collects; `db.unit()` has the collected events written as its last act, under a lock on the one
chain head, so that `seq` is gapless and its order is the order of commits. A Cursor is kept by every machine
for its own shadow; a Delivery is done once by whoever leases it. Both may hand out the same work twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .db import Base, canonical, insert_unless_there, last_act
from .policy import Actor

START = "0" * 64
# What these nouns and verbs tell of changes nothing that a visitor sees: what is kept for visitors stays good.
BEHIND = frozenset(
    {
        *("person", "sign_in", "token", "identity", "membership", "invitation", "grant", "letter", "file"),
        *("import", "rule", "calendar"),
        *("review", "expert", "tie", "assignment", "mask", "run", "list", "objection"),
        *("entry.enter", "entry.recommend", "entry.decline", "entry.assign", "entry.pass", "entry.return"),
        *("entry.correct", "entry.fail", "entry.review", "entry.shortlist", "entry.leave_out", "entry.move_up"),
        *("entry.withdraw", "entry.overdue", "batch.pass"),
        *("case.begin", "case.edit", "case.comment", "case.submit", "case.return", "case.assign"),
    }
)


class Event(Base):
    """One link. The hash covers every other column and the hash of the link before."""

    __tablename__ = "event"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prev: Mapped[str] = mapped_column(String(64), unique=True)
    verb: Mapped[str] = mapped_column(String(60))
    actor: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text, default="[]")
    hash: Mapped[str] = mapped_column(String(64), unique=True)

    __table_args__ = (CheckConstraint("seq > 0", name="seq_from_one"),)


class EventDetail(Base):
    """Before and after, names, numbers. Retention may erase this row; the chain stays whole."""

    __tablename__ = "event_detail"

    seq: Mapped[int] = mapped_column(ForeignKey("event.seq"), primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)


class ChainHead(Base):
    """The one row that is locked while events are written."""

    __tablename__ = "chain_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    shown: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The hash of the newest link that may change what a visitor sees."""

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class Anchor(Base):
    """The chain's head on one day, also told to the public, so that a rewritten past would show."""

    __tablename__ = "anchor"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class Cursor(Base):
    """How far one machine's follower has come."""

    __tablename__ = "cursor"

    replica: Mapped[str] = mapped_column(String(120), primary_key=True)
    follower: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[dt.datetime | None]


@dataclass(frozen=True)
class Fact:
    """A row that an event fixes: its name such as `revision:4`, and its canonical content."""

    name: str
    content: Any

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical(self.content).encode()).hexdigest()


Facts = Sequence[Fact]


@dataclass(frozen=True)
class _Pending:
    verb: str
    actor: str
    subject: str
    at: str
    detail: dict[str, Any]
    facts: str


def record(
    session: Session,
    actor: Actor,
    verb: str,
    subject: str,
    *,
    now: dt.datetime,
    detail: dict[str, Any] | None = None,
    facts: Facts = (),
) -> None:
    """Have an event written when the unit commits."""
    pending = _Pending(
        verb,
        actor.id,
        subject,
        now.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        detail or {},
        canonical([[fact.name, fact.digest] for fact in facts]),
    )
    last_act(session, _write, pending)


def link_hash(event: Event) -> str:
    """The hash of one link, in hexadecimal."""
    covered = [
        event.seq,
        event.prev,
        event.verb,
        event.actor,
        event.subject,
        event.at,
        event.digest,
        event.facts,
    ]
    return hashlib.sha256(canonical(covered).encode()).hexdigest()


def detail_digest(salt: str, detail: str) -> str:
    return hashlib.sha256(f"{salt}\n{detail}".encode()).hexdigest()


def head(session: Session) -> tuple[int, str]:
    """Sequence number and hash of the newest link."""
    row = session.get(ChainHead, 1)
    return (row.seq, row.hash) if row else (0, START)


def shown(session: Session) -> str:
    """The hash of the newest link that may change what a visitor sees."""
    return session.scalar(select(ChainHead.shown)) or ""


def head_seq(session: Session) -> int:
    """The newest sequence number alone, without loading the row."""
    return session.scalar(select(ChainHead.seq)) or 0


def _write(session: Session, pending: list[_Pending]) -> None:
    # No row lock on SQLite: there the IMMEDIATE transaction is the lock.
    top = session.scalars(
        select(ChainHead).where(ChainHead.id == 1).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    for item in pending:
        salt, detail = secrets.token_hex(16), canonical(item.detail)
        event = Event(
            seq=top.seq + 1,
            prev=top.hash,
            verb=item.verb,
            actor=item.actor,
            subject=item.subject,
            at=item.at,
            digest=detail_digest(salt, detail),
            facts=item.facts,
        )
        event.hash = link_hash(event)
        session.add(event)
        session.flush()
        session.add(EventDetail(seq=event.seq, salt=salt, detail=detail))
        top.seq, top.hash = event.seq, event.hash
        if BEHIND.isdisjoint((event.verb, event.verb.partition(".")[0])):
            top.shown = event.hash
    session.flush()


def detail(session: Session, seq: int) -> dict[str, Any]:
    """What an event tells beside its link; nothing when retention has erased it."""
    row = session.get(EventDetail, seq)
    found: dict[str, Any] = json.loads(row.detail) if row else {}
    return found


def drop_anchor(session: Session, *, day: str) -> bool:
    """Note the head for `day` unless that was done before."""
    seq, digest = head(session)
    return seq > 0 and insert_unless_there(session, Anchor, day=day, seq=seq, hash=digest) is not None


def anchors(session: Session, *, limit: int = 400) -> list[Anchor]:
    """The anchored heads, newest first."""
    return list(session.scalars(select(Anchor).order_by(Anchor.day.desc()).limit(limit)))


def since(session: Session, seq: int, *, prefix: str = "", limit: int = 500) -> list[Event]:
    """The events after `seq`, oldest first."""
    rows = select(Event).where(Event.seq > seq).order_by(Event.seq).limit(limit)
    if prefix:
        rows = rows.where(Event.verb.startswith(prefix, autoescape=True))
    return list(session.scalars(rows))


def position(session: Session, replica: str, follower: str) -> int:
    row = session.get(Cursor, (replica, follower))
    return row.seq if row else 0


def move_cursor(session: Session, replica: str, follower: str, seq: int, *, now: dt.datetime) -> None:
    """Note how far a follower has come, and that it is alive."""
    row = session.get(Cursor, (replica, follower)) or Cursor(replica=replica, follower=follower)
    row.seq, row.seen_at = seq, now
    session.add(row)
