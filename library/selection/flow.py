"""The life of a call, one row a move: dates open and close it, an officer does the rest and says why.

It ends at the formal check so far: what comes after needs entries, and its moves come with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..catalog.operations import filled
from ..errors import Text
from ..policy import SYSTEM, Actor, require
from ..workflow import Move, step
from . import announcing, list_queries, operations, publishing, run_queries, scoring
from .models import BEFORE_PUBLISHED, Call
from .policy import RULES, may_keep_time, may_run
from .schemas import ReasonForm

CLOCK = (
    Move("call.open", frozenset({"announced"}), "open", may_keep_time, guard=operations.not_yet_open),
    Move("call.close", frozenset({"open"}), "closed", may_keep_time, guard=operations.not_yet_over),
)

DESK = (
    Move(
        "call.announce",
        frozenset({"draft"}),
        "announced",
        may_run,
        guard=operations.not_ready,
        effect=operations.announce,
        note=Text("Everybody sees it; it opens and closes by itself."),
    ),
    Move("call.check", frozenset({"closed"}), "formal_check", may_run, effect=operations.noted),
    Move(
        "call.score",
        frozenset({"formal_check"}),
        "scoring",
        may_run,
        guard=scoring.not_ready,
        effect=scoring.begin,
        note=Text("The entries that passed go to expert review; then experts are assigned."),
    ),
    Move(
        "call.notice",
        frozenset({"approval"}),
        "publicity",
        may_run,
        guard=announcing.not_ready,
        effect=announcing.begin,
        note=Text("The list is public at once; everybody may object until its last working day has ended."),
    ),
    Move(
        "call.rank",
        frozenset({"scoring"}),
        "ranking",
        may_run,
        guard=run_queries.not_ended,
        effect=operations.noted,
        note=Text("No score changes any more, but for those that an officer reopens."),
    ),
    Move(
        "call.approve",
        frozenset({"ranking"}),
        "approval",
        may_run,
        guard=list_queries.not_in_approval,
        effect=operations.noted,
    ),
    Move(
        "call.publish",
        frozenset({"publicity"}),
        "published",
        may_run,
        guard=publishing.not_ready,
        effect=publishing.publish,
        note=Text("The list is public at once, and cannot be taken back; certificates follow within minutes."),
    ),
    Move(
        "call.archive",
        frozenset({"published"}),
        "archived",
        may_run,
        guard=publishing.not_carried_out,
        effect=operations.noted,
        note=Text("Everything stays public; nothing more is done in it."),
    ),
    Move("call.cancel", frozenset(BEFORE_PUBLISHED), "cancelled", may_run, effect=operations.cancel),
)

FLOW = (*CLOCK, *DESK)


def decide(
    session: Session, actor: Actor, call: Call, verb: str, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """A move that an officer makes, with the reason that is in the event."""
    require(RULES, actor, "call.run", call)
    said = filled(ReasonForm, given)
    step(FLOW, session, actor, call, verb, now=now, detail=said, reason=said["reason"])


def keep_time(session: Session, *, now: dt.datetime) -> None:
    """Open and close what is due; called again it finds nothing. What another worker holds is left to it."""
    for move in CLOCK:
        rows = select(Call).where(Call.state.in_(move.source)).with_for_update(skip_locked=True)
        for call in session.scalars(rows).all():
            if not move.guard(session, call, now):
                step(FLOW, session, SYSTEM, call, move.verb, now=now)
