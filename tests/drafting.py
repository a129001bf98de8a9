"""A draft as its editors make it: begun, saved, and what is left of that."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import make
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import drafts
from library.catalog.draft_models import DraftEdit, DraftSection
from library.catalog.models import Case
from library.db import Database
from library.events import Event, EventDetail
from library.policy import Actor

NOW = make.NOW
MINUTE = dt.timedelta(minutes=1)
TITLE = {"title": {"zh": "智能水表"}}


def colleague(session: Session, editor: Actor, role: str = "editor") -> Actor:
    """Somebody else of the same organisation."""
    person = make.person(session)
    return Actor(person.subject, editor.organisation, person=person.id, membership=role)


def begun(session: Session, actor: Actor) -> Case:
    return drafts.start(session, actor, now=NOW)


def save(
    session: Session,
    actor: Actor,
    case: Case,
    content: dict[str, Any],
    version: int = 0,
    *,
    section: str = "basics",
    now: dt.datetime = NOW,
) -> DraftSection:
    return drafts.save(session, actor, case, section, content=content, version=version, now=now)


def titled(text: str) -> dict[str, Any]:
    return {"title": {"zh": text}}


def told(session: Session, case: Case, verb: str) -> list[tuple[str, dict[str, Any]]]:
    """Actor and detail of the events of a kind about a case; the unit has ended."""
    rows = (
        select(Event.actor, EventDetail.detail)
        .join(EventDetail, EventDetail.seq == Event.seq)
        .where(Event.subject == case.subject, Event.verb == verb)
        .order_by(Event.seq)
    )
    return [(actor, json.loads(detail)) for actor, detail in session.execute(rows)]


def past(session: Session, case: Case) -> list[tuple[dict[str, Any], str | None]]:
    """Content and end of every sitting, oldest first."""
    rows = select(DraftEdit).where(DraftEdit.case_id == case.id).order_by(DraftEdit.last_at, DraftEdit.id)
    return [(edit.content, edit.ended) for edit in session.scalars(rows)]


def two_editors(database: Database) -> tuple[list[Actor], int]:
    """Two editors of an organisation, and a draft of it."""
    with database.unit() as session:
        first = make.member(session, make.organisation(session))
        return [first, colleague(session, first, "owner")], begun(session, first).id
