"""What events of this chapter and of the catalogue fix, as the tables have it now; `check-chain` compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..catalog import facts as catalog
from . import notice_facts
from .checks import check_fact
from .entries import attestation_fact, entry_fact
from .entry_models import Entry, EntryCheck


def _entry(session: Session, number: int) -> Any:
    row = session.get(Entry, number)
    return entry_fact(row).content if row else None


def _attestation(session: Session, number: int) -> Any:
    row = session.get(Entry, number)
    return attestation_fact(row).content if row else None


def _check(session: Session, number: int) -> Any:
    row = session.get(EntryCheck, number)
    return check_fact(row).content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {
    **catalog.RECOMPUTE,
    **notice_facts.RECOMPUTE,
    "entry": _entry,
    "attestation": _attestation,
    "entry_check": _check,
}
