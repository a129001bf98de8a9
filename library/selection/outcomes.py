"""What a released decision makes of an entry. release.py takes them there, portion by portion."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..policy import Actor
from .decision_models import Choice, SelectionList
from .entry_models import Entry
from .models import Call

PORTION = 100


def shortlist(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime) -> None:
    """Effect of entry.shortlist."""


def leave_out(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, reason: str | None) -> None:
    """Effect of entry.leave_out: with why it was passed over, where the call lets its applicant read that."""
    entry.reason = reason


def reason_told(call: Call, choice: Choice) -> str | None:
    """What the applicant of a choice reads of its reason."""
    return choice.reason if call.document.get("feedback", "outcome") != "none" else None


def waiting(session: Session, row: SelectionList) -> list[Choice]:
    """The next choices whose entries wait for their outcome, a portion at most, in no order of ranks."""
    rows = select(Choice).join(Choice.entry).where(Choice.list_id == row.id, Entry.state == "in_review")
    return list(session.scalars(rows.order_by(Choice.entry_id).limit(PORTION)))


def left(session: Session, row: SelectionList) -> int:
    """How many entries of a list still wait for their outcome."""
    rows = select(func.count()).select_from(Choice).join(Choice.entry)
    return session.scalar(rows.where(Choice.list_id == row.id, Entry.state == "in_review")) or 0
