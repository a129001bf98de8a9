"""Carrying a published result out, in portions: may be killed anywhere and goes on where it was."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from .. import deliveries
from ..accounts.withheld_models import Withheld, WithheldFrom
from ..catalog.flow import FLOW as CASES
from ..catalog.models import Case
from ..db import Database
from ..policy import SYSTEM
from ..workflow import step
from . import entry_flow, publishing, report_queries
from .benchmark_models import Result
from .entry_models import OVER, Entry
from .models import Call
from .operations import ENDED

PORTION = 100
DOCUMENTS = "call_documents"  # of a Delivery; its payload is {"call": id}


def carry_out(database: Database, *, call: int, now: dt.datetime) -> None:
    """Every entry of the list a benchmark project, every embargo lifted, nothing kept back any more, a report."""
    while _portion(database, call, now):
        pass
    while _release(database, call, now):
        pass
    with database.unit() as session:
        row = session.get_one(Result, call, with_for_update={"of": Result})
        if row.done_at is not None:
            return
        subject = row.call.subject
        session.execute(delete(WithheldFrom).where(WithheldFrom.why == subject))
        session.execute(delete(Withheld).where(Withheld.why == subject))
        row.report = report_queries.report(session, row.call)
        row.done_at = now
        deliveries.deliver(session, DOCUMENTS, str(row.call.code), {"call": call}, due=now)


def _portion(database: Database, call: int, now: dt.datetime) -> int:
    """Step at most a hundred entries of the list; how many that were."""
    with database.unit() as session:
        items = {each["entry"]: each for each in session.get_one(Result, call).items}
        rows = select(Entry).where(Entry.call_id == call, Entry.state == "in_publicity", Entry.code.in_(items))
        found = list(session.scalars(rows.order_by(Entry.id).limit(PORTION)))
        for entry in found:
            step(entry_flow.FLOW, session, SYSTEM, entry, "entry.select", now=now, said=items[entry.code])
        _note_progress(session, call)
        return len(found)


def _note_progress(session: Session, call: int) -> None:
    """How far it has come stands with the order."""
    session.flush()
    left = publishing.left_to_do(session, call)
    items = len(session.get_one(Result, call).items)
    code = session.get_one(Call, call).code
    wanted = (deliveries.Delivery.kind == publishing.PUBLISH, deliveries.Delivery.key == code)
    session.execute(update(deliveries.Delivery).where(*wanted).values(progress=items - left))


def _release(database: Database, call: int, now: dt.datetime) -> int:
    """Lift the embargo of at most a hundred cases of the call, but of those in another call that still runs."""
    other = aliased(Entry)
    running = (
        select(other.id)
        .join(Call, Call.id == other.call_id)
        .where(other.case_id == Case.id, other.call_id != call, other.state.not_in(OVER), Call.state.not_in(ENDED))
    )
    entered = select(Entry.case_id).where(Entry.call_id == call)
    with database.unit() as session:
        rows = select(Case).where(Case.id.in_(entered), Case.embargoed, Case.state == "admitted")
        found = list(session.scalars(rows.where(~running.exists()).order_by(Case.id).limit(PORTION)))
        for case in found:
            step(CASES, session, SYSTEM, case, "case.release", now=now)
        return len(found)
