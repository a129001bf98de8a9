"""What events of this chapter fix, as the tables have it now; `check-chain` compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from .draft_models import Submission
from .models import Revision
from .operations import revision_fact
from .submissions import decision_fact, submission_fact


def _revision(session: Session, number: int) -> Any:
    row = session.get(Revision, number)
    return revision_fact(row).content if row else None


def _submission(session: Session, number: int) -> Any:
    row = session.get(Submission, number)
    return submission_fact(row).content if row else None


def _decision(session: Session, number: int) -> Any:
    row = session.get(Submission, number)
    return decision_fact(row).content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {
    "revision": _revision,
    "submission": _submission,
    "decision": _decision,
}
