"""What a notice does to its entries, in portions; who moves up; and another notice while the first is up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..catalog.operations import filled
from ..errors import Conflict, Text
from ..policy import SYSTEM, Actor, require
from ..workflow import step
from . import announcing, entry_flow, objections, operations
from . import notice_queries as queries
from .entry_models import Entry
from .models import Call
from .notice_models import Notice, NoticeEntry
from .notice_policy import RULES
from .notice_schemas import WhyForm

PORTION = 100


def announce_some(session: Session, notice: int, *, now: dt.datetime) -> int:
    """Step at most a hundred entries that a notice lists; how many that were. Done again it goes on."""
    listed = select(NoticeEntry.entry_id).where(NoticeEntry.notice_id == notice)
    rows = select(Entry).where(Entry.id.in_(listed), Entry.state == "shortlisted").order_by(Entry.id)
    found = list(session.scalars(rows.limit(PORTION)))
    for entry in found:
        step(entry_flow.FLOW, session, SYSTEM, entry, "entry.announce", now=now)
    return len(found)


def move_up(session: Session, actor: Actor, entry: Entry, *, given: Mapping[str, Any], now: dt.datetime) -> None:
    """The next by rank takes a place that became free: an officer's word, never by itself."""
    said = filled(WhyForm, given)
    require(RULES, actor, "notice.publish")
    objections.not_ones_own(session, actor, entry)
    operations.hold(session, session.get_one(Call, entry.call_id))  # of two at once, the second counts the first
    step(entry_flow.FLOW, session, actor, entry, "entry.move_up", now=now, detail=said)


def again(session: Session, actor: Actor, call: Call, *, given: Mapping[str, Any], now: dt.datetime) -> Notice:
    """Another notice, of those who are shortlisted since the last one. Raises Conflict outside the publicity."""
    said = filled(WhyForm, given)
    require(RULES, actor, "notice.publish", call)
    operations.hold(session, call)
    if call.state != "publicity":
        raise Conflict(Text("Another notice is put up while the list is on public notice."))
    entries = queries.unannounced(session, call)
    return announcing.put_up(session, actor, call, entries, now=now, why=said["reason"])
