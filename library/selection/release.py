"""A released list goes to its entries, a portion at a time; when all have their outcome, all may know."""

from __future__ import annotations

import datetime as dt

from ..db import Database
from ..policy import SYSTEM
from ..workflow import step
from . import entry_flow, lists, outcomes
from .decision_models import SelectionList
from .models import Call


def go(database: Database, *, number: int, now: dt.datetime) -> None:
    """May be stopped anywhere and started again: what has its outcome is not touched a second time."""
    while _portion(database, number, now):
        pass


def _portion(database: Database, number: int, now: dt.datetime) -> bool:
    """One unit; was there anything to do?"""
    with database.unit() as session:
        row = session.get_one(SelectionList, number)
        lists.hold(session, row)
        if row.state != "released" or row.told_at is not None:
            return False
        call = session.get_one(Call, row.call_id)
        waiting = outcomes.waiting(session, row)
        for choice in waiting:
            detail = {"list": row.id}
            if choice.selected:
                step(entry_flow.FLOW, session, SYSTEM, choice.entry, "entry.shortlist", now=now, detail=detail)
            else:
                reason = outcomes.reason_told(call, choice)
                verb = "entry.leave_out"
                step(entry_flow.FLOW, session, SYSTEM, choice.entry, verb, now=now, detail=detail, reason=reason)
        if not waiting:
            row.told_at = now
        return bool(waiting)
