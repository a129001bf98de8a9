"""What events about notices and objections fix, as the tables have it now; `check-chain` compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from . import announcing, objections
from .notice_models import Notice, Objection


def _notice(session: Session, number: int) -> Any:
    row = session.get(Notice, number)
    return announcing.fact(row).content if row else None


def _objection(session: Session, number: int) -> Any:
    row = session.get(Objection, number)
    return objections.fact(row, row.state).content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {"notice": _notice, "objection": _objection}
