"""Answers to requests that a program may send again: the same key, the same request, the same answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ..db import canonical, insert_unless_there
from ..errors import Invalid, Text
from ..policy import Actor
from .models import IdempotentAnswer

KEPT = dt.timedelta(days=1)


def once(
    session: Session,
    actor: Actor,
    key: str,
    *,
    asked: Any,
    answer: Callable[[], dict[str, Any]],
    now: dt.datetime,
) -> dict[str, Any]:
    """What `answer` gives, and when the actor asks the same again under the same key, what it gave then.

    Of two at once the second waits for the first. What was refused leaves no trace and may be tried again.
    """
    digest = hashlib.sha256(canonical(asked).encode()).hexdigest()
    mine = {"person_id": actor.person, "key": key}
    row = insert_unless_there(session, IdempotentAnswer, **mine, digest=digest, body={}, at=now)
    if row is not None:
        row.body = answer()
        return row.body
    given = session.get_one(IdempotentAnswer, (actor.person, key))
    if given.digest != digest:
        raise Invalid(Text("This Idempotency-Key was used for another request; choose a new one."))
    return given.body


def forget(session: Session, *, now: dt.datetime) -> None:
    """After a day nobody repeats a request."""
    session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.at < now - KEPT))
