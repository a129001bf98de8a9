"""An objector's identity is erased 12 months after the end of the call; the outcome and the chain stay."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from .. import events
from ..accounts.letter_models import Letter
from ..db import Database
from ..events import Event
from ..files import Store
from ..policy import SYSTEM
from .models import Call
from .notice_models import Evidence, Notice, Objection, Objector

MONTHS = 12
ENDS = ("call.publish", "call.cancel")
ENDED = ("published", "archived", "cancelled")
LEFT = dt.timedelta(days=1)  # after which a file that no objection names is forgotten


def a_year_before(now: dt.datetime) -> dt.datetime:
    """The same moment 12 months ago; on 29 February the last of that month."""
    try:
        return now.replace(year=now.year - MONTHS // 12)
    except ValueError:
        return now.replace(year=now.year - MONTHS // 12, day=28)


def erase(session: Session, *, now: dt.datetime) -> int:
    """Forget who objected in calls that ended long enough ago, the words they wrote themselves, and the letters to
    them. How many that were; called again it finds nothing."""
    rows = select(Call.id).join(Notice).join(Objection).join(Objector).where(Call.state.in_(ENDED)).distinct()
    before, count = a_year_before(now).astimezone(dt.UTC), 0
    for call in session.scalars(rows).all():
        wanted = select(func.min(Event.at)).where(Event.subject == f"call:{call}", Event.verb.in_(ENDS))
        ended = session.scalar(wanted)
        if ended is not None and dt.datetime.fromisoformat(ended) <= before:
            count += _erase(session, call, now)
    return count


def _erase(session: Session, call: int, now: dt.datetime) -> int:
    wanted = select(Objection).join(Notice).join(Objector).where(Notice.call_id == call)
    found = session.scalars(wanted).all()
    numbers = [row.id for row in found]
    subjects = [row.subject for row in found]
    session.execute(delete(Objector).where(Objector.objection_id.in_(numbers)))
    session.execute(update(Objection).where(Objection.id.in_(numbers)).values(text=""))
    session.execute(delete(Letter).where(Letter.about.in_(subjects), Letter.person_id.is_(None)))
    session.expire_all()
    for row in found:
        events.record(session, SYSTEM, "objection.erase", row.subject, now=now, detail={"objection": row.code})
    return len(found)


def sweep(database: Database, store: Store, *, now: dt.datetime) -> None:
    """Delete the files whose objector was erased, and those that never became an objection's."""
    before = now - LEFT
    named = select(Evidence.sha256).join(Objector, Objector.objection_id == Evidence.objection_id)
    with database.reading() as session:
        kept = set(session.scalars(named))
    for sha256 in set(store.contents(before)) - kept:
        store.forget(sha256, unless_after=before)
    store.sweep(before)
