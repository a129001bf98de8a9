"""Remarks of an organisation's members on the sections of a draft."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..policy import Actor, require
from . import mistakes
from .draft_models import DraftComment, DraftSection
from .models import Case
from .policy import RULES, may_comment, may_draft
from .schemas import DRAFT_SECTIONS
from .sections import Remark


def comments(session: Session, actor: Actor, case: Case) -> list[DraftComment]:
    """The remarks on a draft, oldest first, for the members of its organisation."""
    if not may_comment(actor, case):
        raise Forbidden(Text("You may not do this."))
    every = select(DraftComment).where(DraftComment.case_id == case.id)
    return list(session.scalars(every.order_by(DraftComment.at, DraftComment.id)))


def comment(
    session: Session, actor: Actor, case: Case, section: str, *, text: str, now: dt.datetime
) -> DraftComment:
    """Remark on a section. The letter goes to the colleagues."""
    require(RULES, actor, "case.comment", case)
    if section not in DRAFT_SECTIONS:
        raise Missing(Text("There is no section %(name)s.", {"name": section[:60]}))
    given = {"text": text.strip()}
    if errors := Remark().validate(given):
        words = {path: [mistakes.sentence(said, text)] for path, said in mistakes.flat(errors)}
        raise Invalid(Text("The comment could not be kept."), fields=words)
    assert actor.person is not None  # a member is a person
    row = DraftComment(case_id=case.id, section=section, person_id=actor.person, text=given["text"], at=now)
    session.add(row)
    session.flush()
    detail = {"comment": row.id, "section": section}
    events.record(session, actor, "case.comment", case.subject, now=now, detail=detail)
    return row


def title(session: Session, comment: DraftComment) -> dict[str, str]:
    """What the case is called that was remarked on, on one line; a draft holds whatever was typed, or nothing."""
    basics = session.get(DraftSection, (comment.case_id, "basics"))
    typed = basics.content.get("title") if basics else None
    if not isinstance(typed, dict):
        case = session.get_one(Case, comment.case_id)
        typed = {"zh": case.title_zh, "en": case.title_en}
    return {lang: " ".join(str(typed.get(lang) or "").split()) for lang in ("zh", "en")}


def settle(session: Session, actor: Actor, case: Case, *, comment: int, now: dt.datetime) -> DraftComment:
    """Say that a remark is dealt with: its author may, and whoever may edit."""
    require(RULES, actor, "case.comment", case)
    wanted = select(DraftComment).where(DraftComment.id == comment, DraftComment.case_id == case.id)
    row = session.scalar(wanted.with_for_update(), execution_options={"populate_existing": True})
    if row is None:
        raise Missing(Text("There is no such comment."))
    if not may_draft(actor, case) and row.person_id != actor.person:
        raise Forbidden(Text("A comment is settled by its author or by somebody who may edit the case."))
    if row.settled_at is not None:
        raise Conflict(Text("This comment was settled before."))
    row.settled_at, row.settled_by = now, actor.person
    detail = {"comment": row.id, "section": row.section}
    events.record(session, actor, "case.settle", case.subject, now=now, detail=detail)
    return row
