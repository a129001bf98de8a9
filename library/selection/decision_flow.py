"""The life of a list of the selected, one row a move: officers make and release it, others approve it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..catalog.operations import filled
from ..errors import Text
from ..policy import Actor
from ..workflow import Move, step
from . import flow, list_queries, lists
from .decision_models import SelectionList
from .decision_policy import may_approve, may_rank
from .decision_schemas import ReturnForm, VersionForm
from .models import Call

IN_APPROVAL = frozenset({"approval"})

FLOW = (
    Move(
        "list.submit",
        frozenset({"draft"}),
        "approval",
        may_rank,
        guard=list_queries.not_submittable,
        effect=lists.submit,
        note=Text("The list cannot be changed while approvers read it."),
    ),
    Move("list.sign", IN_APPROVAL, "approval", may_approve, guard=list_queries.not_last, effect=lists.approve),
    Move("list.approve", IN_APPROVAL, "approved", may_approve, guard=list_queries.not_first, effect=lists.approve),
    Move(
        "list.return",
        IN_APPROVAL | {"approved"},
        "draft",
        may_approve,
        effect=lists.send_back,
        note=Text("All earlier approvals are void; they stay on the sheet."),
    ),
    Move(
        "list.release",
        frozenset({"approved"}),
        "released",
        may_rank,
        guard=list_queries.stale,
        effect=lists.release,
        note=Text("All applicants may know at once; letters to them wait in the outbox."),
    ),
)


def submit(
    session: Session, actor: Actor, row: SelectionList, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """To the approvers; with the first list the call goes on to its approval."""
    step(FLOW, session, actor, row, "list.submit", now=now, **filled(VersionForm, given))
    call = session.get_one(Call, row.call_id)
    if call.state == "ranking":
        step(flow.FLOW, session, actor, call, "call.approve", now=now, detail={"list": row.id}, reason="")


def approve(
    session: Session, actor: Actor, row: SelectionList, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """One person's approval of the version that was read; the last that is needed approves the list."""
    said = filled(VersionForm, given)
    lists.hold(session, row)
    verb = list_queries.next_word(session, row)
    step(FLOW, session, actor, row, verb, now=now, detail=said, **said)


def send_back(
    session: Session, actor: Actor, row: SelectionList, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """A change is needed, for a reason that stays on the sheet."""
    said = filled(ReturnForm, given)
    step(FLOW, session, actor, row, "list.return", now=now, detail=said, **said)


def release(
    session: Session, actor: Actor, row: SelectionList, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """The decisions go out."""
    step(FLOW, session, actor, row, "list.release", now=now)
