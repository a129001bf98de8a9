"""What stood in a draft before: one text for each sitting of a person in a section.

A sitting ends after a pause, when somebody else saves, when an earlier text is restored, or when the case is
handed in. The past of a section holds at least KEPT sittings and goes back at least KEPT_FOR.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from .. import events
from ..errors import Forbidden, Text
from ..policy import SYSTEM, Actor
from .draft_models import DraftEdit, DraftSection
from .models import Case
from .policy import may_read_draft

PAUSE = dt.timedelta(minutes=10)
KEPT, KEPT_FOR = 20, dt.timedelta(days=30)
BATCH = 100


def history(session: Session, actor: Actor, case: Case, section: str) -> list[DraftEdit]:
    """The sittings in a section, newest first, for the members of its organisation."""
    if not (may_read_draft(actor, case) and actor.is_member(case.owner_id)):
        raise Forbidden(Text("You may not do this."))
    every = select(DraftEdit).where(DraftEdit.case_id == case.id, DraftEdit.section == section)
    return list(session.scalars(every.order_by(DraftEdit.last_at.desc(), DraftEdit.id.desc())))


def note(
    session: Session,
    actor: Actor,
    row: DraftSection,
    sitting: DraftEdit | None,
    *,
    content: dict[str, Any],
    fields: Sequence[str],
    now: dt.datetime,
) -> None:
    """Keep what is about to be saved over `row`, in the open sitting or in a new one."""
    version = row.version + 1
    if sitting is not None:
        pause = now - sitting.last_at > PAUSE
        if sitting.person_id == actor.person and not pause:
            every = sorted({*sitting.fields, *fields})
            values = {"content": content, "fields": every, "version": version, "last_at": now}
            if _while_open(session, sitting, values):
                return
        else:
            end(session, sitting, "pause" if pause else "another", now=now)
    _keep_the_start(session, row)
    session.add(
        DraftEdit(
            case_id=row.case_id,
            section=row.name,
            person_id=actor.person,
            begun_at=now,
            last_at=now,
            version=version,
            content=content,
            fields=list(fields),
        )
    )


def end(session: Session, sitting: DraftEdit, why: str, *, now: dt.datetime) -> bool:
    """End a sitting unless that was done before; its event names who sat there, whoever ends it."""
    number, subject = sitting.person_id, f"case:{sitting.case_id}"
    detail = {
        "section": sitting.section,
        "fields": sitting.fields,
        "version": sitting.version,
        "begun": sitting.begun_at.isoformat(timespec="seconds"),
        "last": sitting.last_at.isoformat(timespec="seconds"),
        "ended": why,
    }
    if not _while_open(session, sitting, {"ended": why}):
        return False
    who = SYSTEM if number is None else Actor(f"person:{number}", person=number)
    events.record(session, who, "case.edit", subject, now=now, detail=detail)
    return True


def end_edits(session: Session, case: Case, why: str, *, now: dt.datetime) -> int:
    """End every sitting in a case; how many there were."""
    still = select(DraftEdit).where(DraftEdit.case_id == case.id, DraftEdit.ended.is_(None)).order_by(DraftEdit.id)
    return sum(end(session, sitting, why, now=now) for sitting in session.scalars(still))


def end_paused(session: Session, *, now: dt.datetime) -> int:
    """End the sittings that paused for too long, at most BATCH of them; how many there were."""
    still = (
        select(DraftEdit)
        .where(DraftEdit.ended.is_(None), DraftEdit.last_at < now - PAUSE)
        .order_by(DraftEdit.last_at, DraftEdit.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return sum(end(session, sitting, "pause", now=now) for sitting in session.scalars(still).all())


def forget(session: Session, *, now: dt.datetime) -> int:
    """Drop sittings that are older than KEPT_FOR and not among the last KEPT of their section."""
    newest_first = func.row_number().over(
        partition_by=(DraftEdit.case_id, DraftEdit.section),
        order_by=(DraftEdit.last_at.desc(), DraftEdit.id.desc()),
    )
    ranked = select(DraftEdit.id, DraftEdit.last_at, newest_first.label("place")).subquery()
    old = select(ranked.c.id).where(ranked.c.place > KEPT, ranked.c.last_at < now - KEPT_FOR).limit(BATCH)
    gone = session.scalars(old).all()
    if gone:
        session.execute(delete(DraftEdit).where(DraftEdit.id.in_(gone)))
    return len(gone)


def _while_open(session: Session, sitting: DraftEdit, values: dict[str, Any]) -> bool:
    """Write into a sitting unless somebody has ended it meanwhile."""
    written = update(DraftEdit).where(DraftEdit.id == sitting.id, DraftEdit.ended.is_(None)).values(**values)
    if session.scalar(written.returning(DraftEdit.id), execution_options={"synchronize_session": False}) is None:
        return False
    session.expire(sitting)
    return True


def _keep_the_start(session: Session, row: DraftSection) -> None:
    """What nobody typed here – it was copied, or comes from the revision – can be restored too."""
    known = (
        select(DraftEdit.id)
        .where(DraftEdit.case_id == row.case_id, DraftEdit.section == row.name, DraftEdit.version == row.version)
        .limit(1)
    )
    if row.content and session.scalar(known) is None:
        session.add(
            DraftEdit(
                case_id=row.case_id,
                section=row.name,
                person_id=row.person_id,
                begun_at=row.at,
                last_at=row.at,
                version=row.version,
                content=row.content,
                ended="start",
            )
        )
