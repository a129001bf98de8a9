"""Moves between states: one literal row each, read by the button and by the endpoint alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from . import events
from .errors import Conflict, Forbidden, Invalid, Text
from .policy import Actor


class Subject(Protocol):
    """Whatever has a life: a case, an entry, a call."""

    state: Any

    @property
    def subject(self) -> str:
        """How events name it, such as `case:17`."""


Guard = Callable[[Session, Any, dt.datetime], list[Text]]


def no_guard(session: Session, subject: Any, now: dt.datetime) -> list[Text]:
    return []


@dataclass(frozen=True)
class Move:
    """`verb` takes a subject from one of `source` to `target`.

    `who(actor, subject)` says who may; `guard(session, subject, now)` lists why not yet (empty: go);
    `effect(session, actor, subject, now=…, **given)` changes this or an earlier chapter in the same unit and
    may return `events.Facts` to go into the event.
    """

    verb: str
    source: frozenset[str]
    target: str
    who: Callable[[Actor, Any], bool]
    guard: Guard = no_guard
    effect: Callable[..., events.Facts | None] | None = None
    note: Text | None = None


def open_moves(
    flow: Sequence[Move], session: Session, actor: Actor, subject: Subject, now: dt.datetime
) -> list[tuple[Move, list[Text]]]:
    """The moves this actor may make from here, each with what still stands in its way."""
    return [
        (move, move.guard(session, subject, now))
        for move in flow
        if subject.state in move.source and move.who(actor, subject)
    ]


def step(
    flow: Sequence[Move],
    session: Session,
    actor: Actor,
    subject: Subject,
    verb: str,
    *,
    now: dt.datetime,
    detail: dict[str, Any] | None = None,
    **given: Any,
) -> None:
    """Make a move and record it. Raises Forbidden, Conflict (wrong state), Invalid (guard's reasons)."""
    rows = [move for move in flow if move.verb == verb]
    if not rows:
        raise Conflict(Text("There is no step called %(verb)s.", {"verb": verb}))
    allowed = [move for move in rows if move.who(actor, subject)]
    if not allowed:
        raise Forbidden(Text("You may not do this."))
    session.flush()  # the refresh would forget what was not written
    # Of two at once, the second sees what the first did. What was read along with the subject stays unlocked.
    session.refresh(subject, with_for_update={"of": type(subject)})
    move = next((move for move in allowed if subject.state in move.source), None)
    if move is None:
        raise Conflict(
            Text("This step is not open now; the state has changed."), reasons=[Text(str(subject.state))]
        )
    if reasons := move.guard(session, subject, now):
        raise Invalid(Text("This cannot be done yet."), reasons=reasons)
    source = subject.state
    facts = move.effect(session, actor, subject, now=now, **given) if move.effect else None
    subject.state = move.target
    events.record(
        session,
        actor,
        verb,
        subject.subject,
        now=now,
        detail={"from": source, "to": move.target, **(detail or {})},
        facts=facts or (),
    )
