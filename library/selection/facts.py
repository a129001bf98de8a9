"""What events of this chapter and of the catalogue fix, as the tables have it now; `check-chain` compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..catalog import facts as catalog
from . import assignments, benchmark_facts, notice_facts
from .checks import check_fact
from .decision_models import Approval, RankingRun, SelectionList
from .entries import attestation_fact, entry_fact
from .entry_models import Entry, EntryCheck
from .expert_models import Assignment, Review
from .lists import approval_fact, list_fact
from .reviews import sheet_fact
from .runs import run_fact


def _entry(session: Session, number: int) -> Any:
    row = session.get(Entry, number)
    return entry_fact(row).content if row else None


def _attestation(session: Session, number: int) -> Any:
    row = session.get(Entry, number)
    return attestation_fact(row).content if row else None


def _check(session: Session, number: int) -> Any:
    row = session.get(EntryCheck, number)
    return check_fact(row).content if row else None


def _run(session: Session, number: int) -> Any:
    row = session.get(RankingRun, number)
    return run_fact(row).content if row else None


def _list(session: Session, number: int) -> Any:
    row = session.get(SelectionList, number)
    return list_fact(session, row).content if row else None


def _approval(session: Session, number: int) -> Any:
    row = session.get(Approval, number)
    return approval_fact(row).content if row else None


def _assignment(session: Session, number: int) -> Any:
    row = session.get(Assignment, number)
    return assignments.fact(row).content if row else None


def _review(session: Session, number: int) -> Any:
    row = session.get(Review, number)
    return sheet_fact(row, final=row.state == "final").content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {
    **catalog.RECOMPUTE,
    **notice_facts.RECOMPUTE,
    **benchmark_facts.RECOMPUTE,
    "entry": _entry,
    "attestation": _attestation,
    "entry_check": _check,
    "run": _run,
    "list": _list,
    "approval": _approval,
    "review": _review,
    "assignment": _assignment,
}
