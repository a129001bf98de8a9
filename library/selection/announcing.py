"""Putting up a public notice: what it lists, until when, and the guards that read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import deliveries, events, workdays
from ..catalog.queries import calendar
from ..errors import Invalid, Text
from ..policy import Actor, require
from . import notice_queries as queries
from .entry_models import Entry
from .models import Call
from .notice_models import Notice, NoticeEntry
from .notice_policy import RULES
from .queries import local

ANNOUNCE = "announce"  # of a Delivery; its payload is {"notice": id}
NOT_PUT_UP = Text("The notice cannot be put up.")
NOTHING = Text("No entry is shortlisted; there is nothing to announce.")


def not_ready(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of call.notice: what was decided is released to the last entry, and somebody is on the list."""
    chosen, reasons = queries.decisions(session, call), []
    if chosen is None or chosen.state != "released":
        reasons.append(Text("The decisions are not released; release the approved list first."))
    elif chosen.told_at is None or queries.in_state(session, call, "in_review"):
        reasons.append(Text("The decisions are still being given out; this takes a moment."))
    if not queries.in_state(session, call, "shortlisted"):
        reasons.append(NOTHING)
    return reasons


def begin(session: Session, actor: Actor, call: Call, *, now: dt.datetime, reason: str) -> None:
    """Effect of call.notice: the first notice, of everybody who is shortlisted. The call is locked."""
    put_up(session, actor, call, queries.unannounced(session, call), now=now)


def put_up(
    session: Session,
    actor: Actor,
    call: Call,
    entries: Sequence[Entry],
    *,
    now: dt.datetime,
    why: str | None = None,
    facts: events.Facts = (),
) -> Notice:
    """A notice of these entries, public at once; the entries themselves follow in portions.

    The caller holds the lock of the call. `facts`: what else its event fixes. Raises Invalid when there is nobody
    to announce.
    """
    require(RULES, actor, "notice.publish", call)
    if not entries:
        raise Invalid(NOT_PUT_UP, reasons=[NOTHING])
    number = session.scalar(select(func.count()).where(Notice.call_id == call.id)) or 0
    seq, head = events.head(session)
    days, items = call.document["notice_days"], [item(call, entry) for entry in entries]
    row = Notice(code=f"{call.code}-N{number + 1}", call_id=call.id, days=days, begins_at=now, items=items)
    row.ends_at = workdays.add(now, days, calendar(session))
    row.sha256, row.chain_seq, row.chain_hash = events.Fact("", items).digest, seq, head
    row.why, row.by = why, actor.id
    session.add(row)
    session.flush()
    session.add_all(NoticeEntry(notice_id=row.id, entry_id=entry.id) for entry in entries)
    deliveries.deliver(session, ANNOUNCE, row.code, {"notice": row.id}, due=now)
    detail = {"notice": row.code, "call": call.code, "entries": len(items), "until": local(row.ends_at)}
    if why:
        detail["why"] = why
    events.record(session, actor, "notice.publish", row.subject, now=now, detail=detail, facts=[fact(row), *facts])
    return row


def item(call: Call, entry: Entry) -> dict[str, Any]:
    """What a notice says of an entry: no score, no rank, nothing else of the case."""
    return {
        "entry": entry.code,
        "title": _both(entry.revision.document["title"]),
        "applicant": _both({"zh": entry.applicant.name_zh, "en": entry.applicant.name_en}),
        "recommender": _both({"zh": entry.recommender.name_zh, "en": entry.recommender.name_en}),
        "direction": entry.direction,
        "demonstration": call.demonstration,
    }


def _both(said: dict[str, str | None]) -> dict[str, str]:
    return {lang: words for lang in ("zh", "en") if (words := said.get(lang))}


def fact(row: Notice) -> events.Fact:
    """What the event of a notice fixes."""
    window = [each.astimezone(dt.UTC).isoformat() for each in (row.begins_at, row.ends_at)]
    return events.Fact(f"notice:{row.id}", [row.code, row.call_id, row.days, window, row.items, row.why])


def not_yet_over(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """Part of the guard of publishing: somebody can still object, or nobody could yet."""
    last = session.scalar(
        select(Notice).where(Notice.call_id == call.id).order_by(Notice.ends_at.desc(), Notice.id.desc()).limit(1)
    )
    if last is None:
        return [Text("The list was never on public notice.")]
    if not queries.is_past(last.ends_at, now):
        until = {"code": last.code, "time": local(last.ends_at)}
        return [Text("The notice %(code)s runs until %(time)s (Asia/Shanghai).", until)]
    return []


def not_announced(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.announce."""
    rows = select(NoticeEntry.notice_id).where(NoticeEntry.entry_id == entry.id).limit(1)
    return [] if session.scalar(rows) is not None else [Text("No notice lists this entry.")]


def not_next(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.move_up: a place is free, and nobody has a better rank."""
    call, reasons = session.get_one(Call, entry.call_id), []
    if call.state != "publicity":
        reasons.append(Text("An entry moves up while the list is on public notice."))
    if queries.free_places(session, call) < 1:
        reasons.append(Text("No place on the list is free."))
    if entry.id not in {each.id for _, each in queries.next_by_rank(session, call)}:
        reasons.append(Text("Another entry has a better rank and moves up first."))
    return reasons
