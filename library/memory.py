"""What every visitor sees alike, kept in this process until the chain of events moves.

Everything that changes public data records an event, so the newest such link of the chain is the one key that is
never stale: its hash, since a restored database may come to the same number with another content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from .events import shown

Value = TypeVar("Value")

SEEN = "chain_head"


class Memory:
    """One a process. `recall` costs one small query a session, whatever is asked for."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Any]] = {}

    def recall(self, session: Session, name: str, make: Callable[[Session], Value]) -> Value:
        """What `make` gave at this link of the chain; it must read public data only."""
        if SEEN not in session.info:
            session.info[SEEN] = shown(session)
        at: str = session.info[SEEN]
        kept = self._kept.get(name)
        if kept is None or kept[0] != at:
            kept = self._kept[name] = (at, make(session))
        found: Value = kept[1]
        return found
