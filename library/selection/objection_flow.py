"""The life of an objection, one row a move, and what follows from it for the entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events, workdays
from ..catalog.models import Revision
from ..catalog.operations import filled
from ..catalog.queries import calendar
from ..errors import Invalid, Missing, Text
from ..policy import SYSTEM, Actor
from ..workflow import Move, step
from . import announcing, entry_flow, objections, operations
from . import notice_queries as queries
from .entries import entry_fact
from .entry_models import Entry
from .models import Call
from .notice_models import Notice, Objection
from .notice_policy import may_handle, may_reply
from .notice_schemas import AdmitForm, DismissForm, RefuseForm, ReplyForm, UpholdForm
from .queries import local

FILED, ADMITTED, WEIGHED = frozenset({"filed"}), frozenset({"admitted"}), frozenset({"admitted", "replied"})
Facts = events.Facts


def _too_late(session: Session, row: Objection, now: dt.datetime) -> list[Text]:
    if row.due is not None and queries.is_past(row.due, now):
        return [Text("The time to answer ended at %(time)s (Asia/Shanghai).", {"time": local(row.due)})]
    return []


def _unheard(session: Session, row: Objection, now: dt.datetime) -> list[Text]:
    """Nobody is judged unheard: either the reply is there, or the time for it is over."""
    if row.state == "admitted" and row.due is not None and not queries.is_past(row.due, now):
        return [Text("The answer is awaited until %(time)s (Asia/Shanghai).", {"time": local(row.due)})]
    return []


def _admit(session: Session, actor: Actor, row: Objection, *, now: dt.datetime, said: Mapping[str, Any]) -> Facts:
    due = workdays.add(now, said["days"], calendar(session))
    row.decision, row.decided_at, row.decided_by = said["reason"], now, actor.id
    row.forwarded, row.asked, row.due = said["forwarded"], said["asked"], due
    return [objections.fact(row, "admitted")]


def _refuse(session: Session, actor: Actor, row: Objection, *, now: dt.datetime, said: Mapping[str, Any]) -> Facts:
    row.refusal, row.decision, row.decided_at, row.decided_by = said["refusal"], said["reason"], now, actor.id
    return [objections.fact(row, "not_admitted")]


def _reply(session: Session, actor: Actor, row: Objection, *, now: dt.datetime, said: Mapping[str, Any]) -> Facts:
    row.reply, row.replied_at, row.replied_by = said["reply"], now, actor.id
    return [objections.fact(row, "replied")]


def _uphold(session: Session, actor: Actor, row: Objection, *, now: dt.datetime, said: Mapping[str, Any]) -> Facts:
    row.outcome, row.ended_at, row.ended_by = said["reason"], now, actor.id
    return [objections.fact(row, "upheld")]


def _dismiss(
    session: Session, actor: Actor, row: Objection, *, now: dt.datetime, said: Mapping[str, Any]
) -> Facts:
    row.outcome, row.ended_at, row.ended_by = said["reason"], now, actor.id
    return [objections.fact(row, "dismissed")]


DESK = (
    Move("objection.admit", FILED, "admitted", may_handle, effect=_admit),
    Move("objection.refuse", FILED, "not_admitted", may_handle, effect=_refuse),
    Move("objection.uphold", WEIGHED, "upheld", may_handle, guard=_unheard, effect=_uphold),
    Move("objection.dismiss", WEIGHED, "dismissed", may_handle, guard=_unheard, effect=_dismiss),
)
PARTY = (Move("objection.reply", ADMITTED, "replied", may_reply, guard=_too_late, effect=_reply),)

FLOW = (*DESK, *PARTY)

FORMS: Mapping[str, type[Schema]] = {
    "objection.admit": AdmitForm,
    "objection.refuse": RefuseForm,
    "objection.reply": ReplyForm,
    "objection.uphold": UpholdForm,
    "objection.dismiss": DismissForm,
}


def decide(
    session: Session, actor: Actor, objection: Objection, verb: str, *, given: Mapping[str, Any], now: dt.datetime
) -> Notice | None:
    """A move, and what it does to the entry in the same unit; the new notice when a changed case is announced.

    Raises what `step` raises; Invalid for what is filled in.
    """
    if verb not in FORMS:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    said = filled(FORMS[verb], given)
    # Whoever decides on another objection against the same entry waits here, and sees then what this one did.
    session.flush()
    call = session.get_one(Call, objection.entry.call_id)
    if said.get("changed"):
        operations.hold(session, call)
    entry = session.get_one(Entry, objection.entry_id, with_for_update={"of": Entry}, populate_existing=True)
    if verb != "objection.reply":
        objections.not_ones_own(session, actor, entry)
    detail = {"objection": objection.code, "entry": entry.code}
    step(FLOW, session, actor, objection, verb, now=now, detail=detail, said=said)
    session.flush()
    _follow(session, actor, entry, verb, objection, now, said)
    return _renewed(session, actor, call, entry, said["reason"], now) if said.get("changed") else None


def _follow(
    session: Session,
    actor: Actor,
    entry: Entry,
    verb: str,
    objection: Objection,
    now: dt.datetime,
    said: Mapping[str, Any],
) -> None:
    """What an admitted, upheld or dismissed objection means for the entry, unless another has settled that."""
    detail = {"objection": objection.code}

    def move(verb: str, **given: Any) -> None:
        step(entry_flow.FLOW, session, actor, entry, verb, now=now, detail=detail, **given)

    if verb == "objection.admit":
        if entry.state == "shortlisted":  # announced, but its turn has not come yet
            step(entry_flow.FLOW, session, SYSTEM, entry, "entry.announce", now=now)
        if entry.state == "in_publicity":
            move("entry.hold")
    elif verb == "objection.uphold" and entry.state in ("in_publicity", "on_hold"):
        move("entry.remove", reason=said["reason"])
    elif (
        verb == "objection.dismiss" and entry.state == "on_hold" and not objections.still_held(session, entry, now)
    ):
        move("entry.resume")


def _renewed(session: Session, actor: Actor, call: Call, entry: Entry, why: str, now: dt.datetime) -> Notice:
    """The case was corrected meanwhile: the entry is what the library has admitted since, and is noticed again."""
    newest = session.scalar(
        select(Revision).where(Revision.case_id == entry.case_id).order_by(Revision.number.desc()).limit(1)
    )
    if newest is None or newest.id == entry.revision_id:
        sentence = Text("The library has admitted no change of this case since it was announced.")
        raise Invalid(Text("The case is not announced again."), fields={"changed": [sentence]})
    if entry.state != "in_publicity":
        sentence = Text("Another objection against this entry is admitted.")
        raise Invalid(Text("The case is not announced again."), fields={"changed": [sentence]})
    entry.revision_id = newest.id
    session.flush()
    session.refresh(entry, ["revision"])
    return announcing.put_up(session, actor, call, [entry], now=now, why=why, facts=[entry_fact(entry)])
