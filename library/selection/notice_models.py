"""Facts of the public notice: what was announced until when, and objections to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base
from .entry_models import Entry
from .models import Call

OBJECTION_STATES = ("filed", "admitted", "not_admitted", "replied", "upheld", "dismissed")
# As long as one of these is there nothing is published.
OPEN_OBJECTIONS = ("filed", "admitted", "replied")
GROUNDS = ("false_material", "not_eligible", "rights", "conflict", "procedure", "other")
# Why an objection is not admitted.
REFUSALS = ("late", "anonymous", "no_evidence", "unrelated", "own_score", "repeated")
REPLIERS = ("applicant", "recommender")


class Notice(Base):
    """A list of entries in front of the public, until the end of its last working day."""

    __tablename__ = "selection_notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    days: Mapped[int]
    begins_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    """The last moment in which somebody may object."""
    items: Mapped[list[Any]]
    """What was announced of each entry, as it was announced."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the items as canonical JSON."""
    chain_seq: Mapped[int] = mapped_column(BigInteger)
    chain_hash: Mapped[str] = mapped_column(String(64))
    """The head of the chain of events when the notice was put up."""
    why: Mapped[str | None] = mapped_column(Text)
    """Of a second notice: what changed since the first."""
    by: Mapped[str] = mapped_column(String(60))

    call: Mapped[Call] = relationship()

    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="window"),
        CheckConstraint("days > 0", name="days"),
    )

    @property
    def subject(self) -> str:
        return f"notice:{self.id}"


class NoticeEntry(Base):
    """An entry that a notice announces."""

    __tablename__ = "selection_notice_entry"

    notice_id: Mapped[int] = mapped_column(ForeignKey(Notice.id), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), primary_key=True, index=True)


class Objection(Base):
    """What somebody holds against an announced entry. Who it is lies apart from everything else, to be erased."""

    __tablename__ = "selection_objection"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    """On the receipt; drawn, so that it tells nobody how many there are."""
    notice_id: Mapped[int] = mapped_column(ForeignKey(Notice.id), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), index=True)
    state: Mapped[str] = mapped_column(String(12), default="filed")
    ground: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    lang: Mapped[str] = mapped_column(String(2))
    """In which language the objector reads."""
    word: Mapped[str] = mapped_column(String(64), unique=True)
    """Digest of the secret word with which the objector, who has no account, reads what came of it."""
    filed_at: Mapped[dt.datetime]
    refusal: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[str | None] = mapped_column(Text)
    """Why it is admitted or not."""
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    forwarded: Mapped[str | None] = mapped_column(Text)
    """The text as the parties read it: an officer took out what gives the objector away."""
    asked: Mapped[str | None] = mapped_column(String(12))
    """Who is to answer an admitted one."""
    due: Mapped[dt.datetime | None]
    """The last moment in which they may."""
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[dt.datetime | None]
    replied_by: Mapped[str | None] = mapped_column(String(60))
    outcome: Mapped[str | None] = mapped_column(Text)
    """Why it is upheld or dismissed."""
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(60))

    notice: Mapped[Notice] = relationship()
    entry: Mapped[Entry] = relationship()
    objector: Mapped[Objector | None] = relationship(back_populates="objection")
    evidence: Mapped[list[Evidence]] = relationship(order_by="Evidence.id")

    __table_args__ = (
        CheckConstraint(f"state IN {OBJECTION_STATES}", name="state"),
        CheckConstraint(f"ground IN {GROUNDS}", name="ground"),
        CheckConstraint(f"refusal IS NULL OR refusal IN {REFUSALS}", name="refusal"),
        CheckConstraint("(state = 'not_admitted') = (refusal IS NOT NULL)", name="refused"),
        CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(state IN ('upheld', 'dismissed')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by"),
        CheckConstraint("lang IN ('zh', 'en')", name="lang"),
        CheckConstraint(f"asked IS NULL OR asked IN {REPLIERS}", name="asked"),
        CheckConstraint("(state IN ('filed', 'not_admitted')) = (asked IS NULL)", name="forwarded"),
        CheckConstraint(
            "(asked IS NULL) = (due IS NULL) AND (asked IS NULL) = (forwarded IS NULL)", name="forwarded_whole"
        ),
        CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name="replied"),
        Index("ix_selection_objection_state", "state", "filed_at"),
    )

    @property
    def subject(self) -> str:
        return f"objection:{self.id}"


class Objector(Base):
    """Who objects. Two roles may read it, after that was noted; the row goes 12 months after the call."""

    __tablename__ = "selection_objector"

    objection_id: Mapped[int] = mapped_column(ForeignKey(Objection.id), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    contact: Mapped[str] = mapped_column(String(255), index=True)

    objection: Mapped[Objection] = relationship(back_populates="objector")


class Evidence(Base):
    """A file that somebody unknown brought: in quarantine until an officer opens it."""

    __tablename__ = "selection_evidence"

    id: Mapped[int] = mapped_column(primary_key=True)
    objection_id: Mapped[int] = mapped_column(ForeignKey(Objection.id), index=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[dt.datetime | None]
    opened_by: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(opened_at IS NULL) = (opened_by IS NULL)", name="opened"),
    )
