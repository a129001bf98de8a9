"""The life of an organisation, one row a move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..policy import Actor
from ..workflow import Move, step
from . import operations
from .models import Organisation
from .policy import may_close, may_keep, may_reopen, may_verify

OPEN = frozenset({"unverified", "asked", "verified"})

FLOW = (
    Move("organisation.edit", OPEN, "unverified", may_keep, effect=operations.edit),
    Move(
        "organisation.ask",
        frozenset({"unverified"}),
        "asked",
        may_keep,
        guard=operations.missing,
        effect=operations.ask,
    ),
    Move("organisation.verify", frozenset({"asked"}), "verified", may_verify, effect=operations.verify),
    Move("organisation.refuse", frozenset({"asked"}), "unverified", may_verify, effect=operations.refuse),
    Move("organisation.close", OPEN, "closed", may_close, effect=operations.close),
    Move("organisation.reopen", frozenset({"closed"}), "unverified", may_reopen, effect=operations.reopen),
)


def edit(
    session: Session, actor: Actor, organisation: Organisation, *, given: Mapping[str, Any], now: dt.datetime
) -> bool:
    """Give an organisation other words about itself, as typed. False when they are the same."""
    if changes := operations.changes(organisation, given):
        detail = {"changes": changes}
        step(FLOW, session, actor, organisation, "organisation.edit", now=now, detail=detail, given=given)
    return bool(changes)


def decide(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    verb: str,
    *,
    reason: str,
    seen: str = "",
    now: dt.datetime,
) -> None:
    """A move that is made with a reason. `seen` is the request that lay before an officer, by its time."""
    identity = {name: getattr(organisation, name) for name in operations.IDENTITY}
    detail = {"reason": reason.strip(), "organisation": identity}
    step(FLOW, session, actor, organisation, verb, now=now, detail=detail, reason=reason, seen=seen)
