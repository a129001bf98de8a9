"""What every visitor sees alike, kept in this process until the chain of events moves.

Everything that changes public data records an event, so the chain's head is the one key that is never stale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from .events import head_seq

Value = TypeVar("Value")

SEEN = "chain_seq"


class Memory:
    """One a process. `recall` costs one small query a session, whatever is asked for."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Any]] = {}

    def recall(self, session: Session, name: str, make: Callable[[Session], Value]) -> Value:
        """What `make` gave at this head of the chain; it must read public data only."""
        if SEEN not in session.info:
            session.info[SEEN] = head_seq(session)
        seq: int = session.info[SEEN]
        kept = self._kept.get(name)
        if kept is None or kept[0] != seq:
            kept = self._kept[name] = (seq, make(session))
        found: Value = kept[1]
        return found
