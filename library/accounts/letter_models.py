"""Letters to people, as they went out or wait, and which of them a person does not want."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

LETTER_STATES = ("queued", "held", "sent", "failed", "discarded")


class Silenced(Base):
    """A kind of letter that a person does not want."""

    __tablename__ = "silenced"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    verb: Mapped[str] = mapped_column(String(60), primary_key=True)


class Letter(Base):
    """A letter as it goes out: written when it was ordered, held or sent, kept with its outcome.

    The words of a private letter (one with a link that opens an account) are shown to nobody and
    forgotten once it is sent, or has failed for good.
    """

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """The event and whom it is for, without an address: the same news is written to the same place once."""
    verb: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(String(60), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(255))
    lang: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str | None] = mapped_column(Text)
    private: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(f"state IN {LETTER_STATES}", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        CheckConstraint("lang IN ('zh', 'en')", name="lang"),
        Index("ix_letter_state_at", "state", "at"),
    )

    @property
    def subject(self) -> str:
        return f"letter:{self.id}"


class HeldKind(Base):
    """Letters of this kind wait for an officer before they go out."""

    __tablename__ = "held_kind"

    verb: Mapped[str] = mapped_column(String(60), primary_key=True)
