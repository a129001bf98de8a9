"""Work ordered in the transaction that wants it and done later: leased, retried, kept with its outcome.

A Delivery is done once by whoever leases it; it may be handed out twice, when a lease runs out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CheckConstraint, Index, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .db import Base, insert_unless_there

TRIES = 8


class Delivery(Base):
    """Work to be done once: leased, retried with growing pauses, kept with its outcome."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]]
    due_at: Mapped[dt.datetime]
    leased_until: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None]
    given_up_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("uq_delivery_kind_key", "kind", "key", unique=True),
        Index("ix_delivery_due_at", "done_at", "given_up_at", "due_at"),
        CheckConstraint("done_at IS NULL OR given_up_at IS NULL", name="one_end"),
    )


def deliver(
    session: Session, kind: str, key: str, payload: dict[str, Any], *, due: dt.datetime
) -> Delivery | None:
    """Order work; the same kind and key is ordered once only."""
    return insert_unless_there(session, Delivery, kind=kind, key=key, payload=payload, due_at=due)


def _waiting(kinds: Sequence[str], now: dt.datetime) -> Select[Delivery]:
    return (
        select(Delivery)
        .where(
            Delivery.kind.in_(kinds),
            Delivery.done_at.is_(None),
            Delivery.given_up_at.is_(None),
            Delivery.due_at <= now,
            (Delivery.leased_until.is_(None)) | (Delivery.leased_until < now),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
    )


def is_due(session: Session, kinds: Sequence[str], *, now: dt.datetime) -> bool:
    """Is there work to lease? A look without a lock."""
    return session.scalar(_waiting(kinds, now)) is not None


def waiting(session: Session) -> int:
    """How much work is not done yet."""
    rows = select(func.count()).where(Delivery.done_at.is_(None), Delivery.given_up_at.is_(None))
    return session.scalar(rows) or 0


def lease(session: Session, kinds: Sequence[str], *, now: dt.datetime, seconds: int = 120) -> Delivery | None:
    """Take the next piece of work that is due and that nobody holds."""
    row = session.scalar(
        _waiting(kinds, now).with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    )
    if row:
        row.leased_until = now + dt.timedelta(seconds=seconds)
        row.attempts += 1
    return row


def settle(row: Delivery, *, now: dt.datetime, error: str | None = None, tries: int | None = TRIES) -> None:
    """Done; or failed, to be tried again after 1, 2, 4 … 60 minutes, and given up after `tries` (None: never)."""
    if row.done_at is not None:
        return  # the lease ran out meanwhile and somebody else has done it
    row.leased_until, row.last_error = None, error and error[:2000]
    if error is None:
        row.done_at = now
    elif tries is not None and row.attempts >= tries:
        row.given_up_at = now
    else:
        row.due_at = now + dt.timedelta(minutes=min(60, 2 ** (row.attempts - 1)))
