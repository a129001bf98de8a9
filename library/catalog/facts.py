"""What events of this chapter fix, as the tables have it now; `check-chain` compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from .models import Revision
from .operations import revision_fact


def _revision(session: Session, number: int) -> Any:
    row = session.get(Revision, number)
    return revision_fact(row).content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {"revision": _revision}
