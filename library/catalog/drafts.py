"""What is typed into a case before it is handed in: begun, read, saved section by section.

Each section has a version of its own: a save names the version that it started from, and is refused with the
present text when somebody else was quicker. What a save replaces is kept by draft_past.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from .. import events
from ..accounts import queries as accounts
from ..accounts.models import Organisation
from ..db import insert_unless_there
from ..errors import Conflict, Forbidden, Missing, Text
from ..policy import Actor, require
from . import draft_files, draft_past, operations, sections
from .draft_models import DraftEdit, DraftSection, Submission
from .models import Attachment, Case, Revision
from .policy import RULES, may_read_draft
from .schemas import DRAFT_SECTIONS
from .upload_models import Upload

CLOSED = ("declined", "withdrawn", "archived")


class Stale(Conflict):
    """The section was saved meanwhile; `current` is as it stands now, with who saved it and when."""

    def __init__(self, session: Session, current: DraftSection) -> None:
        session.expunge(current)  # it is shown after the unit was undone
        super().__init__(Text("This section was saved meanwhile; compare both texts and choose."))
        self.current = current


def start(session: Session, actor: Actor, *, now: dt.datetime, copied_from: str | None = None) -> Case:
    """An empty draft of the actor's organisation, verified or not."""
    require(RULES, actor, "case.draft", None)
    owner = session.get_one(Organisation, actor.organisation)
    origin = "demo" if owner.demonstration else "submitted"
    case = operations.create(session, actor, origin=origin, owner=owner.id, now=now)
    case.copied_from = copied_from
    detail = {"origin": origin} | ({"copied_from": copied_from} if copied_from else {})
    events.record(session, actor, "case.begin", case.subject, now=now, detail=detail)
    return case


def draft(session: Session, actor: Actor, key: str) -> Case:
    """The case with this key, for those who may read what is typed into it. Raises Missing, or Elsewhere."""
    found = session.scalar(select(Case).where(Case.key == key))
    if found is None or not may_read_draft(actor, found):
        accounts.look_elsewhere(session, actor, found.owner_id if found else None)
        raise Missing(Text("There is no draft at this address."))
    return found


def rows(session: Session, actor: Actor, case: Case) -> dict[str, DraftSection]:
    """Every section with its version, in the editor's order. One that nobody saved has version 0."""
    require(RULES, actor, "case.read_draft", case)
    return all_rows(session, case)


def contents(session: Session, case: Case) -> dict[str, dict[str, Any]]:
    """What every section holds: what was typed, else what the current revision says."""
    return {name: row.content for name, row in all_rows(session, case).items()}


def document(session: Session, case: Case) -> dict[str, Any]:
    """The document that the draft makes, without number and origin, its numbers read as far as they can be."""
    return sections.compose(contents(session, case), files(session, case))


def files(session: Session, case: Case) -> dict[str, sections.Stored]:
    """The files that a draft may name, by key: uploads that are ready, and what the case has had without one."""
    uploads = session.scalars(select(Upload).where(Upload.case_id == case.id, Upload.sha256.is_not(None)))
    found: dict[str, sections.Stored] = {upload.key: upload for upload in uploads}
    if case.revision:
        known = {file.sha256 for file in found.values()}
        held = select(Attachment).where(Attachment.case_id == case.id, Attachment.removed_at.is_(None))
        found |= {file.key: file for file in session.scalars(held) if file.sha256 not in known}
    return found


def open_fields(session: Session, case: Case) -> tuple[str, ...] | None:
    """Which fields may be changed now; None: all of them. Raises Conflict while none may be."""
    if case.state == "draft":
        return None
    if case.state in CLOSED:
        raise Conflict(Text("This case is closed; its draft cannot be changed any more."))
    newest = select(Submission.outcome, Submission.fields).where(Submission.case_id == case.id)
    outcome, fields = session.execute(newest.order_by(Submission.number.desc()).limit(1)).one_or_none() or ("", [])
    if outcome is None or case.state == "submitted":
        raise Conflict(Text("This case was handed in and waits for an answer; until then it cannot be changed."))
    return tuple(fields) if outcome == "returned" and fields else None


def save(
    session: Session,
    actor: Actor,
    case: Case,
    section: str,
    *,
    content: Mapping[str, Any],
    version: int,
    now: dt.datetime,
) -> DraftSection:
    """Keep `content` as it was typed, on top of `version`. Raises Stale, Invalid, Forbidden, Conflict.

    The same content again saves nothing, so a request may be repeated.
    """
    require(RULES, actor, "case.draft", case)
    if section not in DRAFT_SECTIONS:
        raise Missing(Text("There is no section %(name)s.", {"name": section[:60]}))
    sections.refuse(section, content)
    typed: dict[str, Any] = sections.tidy(content)
    _hold(session, case)
    named = open_fields(session, case)
    row, sitting = _lock(session, case, section)
    if row is None:
        row = _first(session, case, section, now)
    changed = sections.changes(row.content, typed)
    if not changed:
        return row
    if row.version != version:
        raise Stale(session, row)
    _only_named(changed, named)
    if section == draft_files.SECTION:
        draft_files.note(session, actor, case, old=row.content, new=typed, now=now)
    return _write(session, actor, row, sitting, content=typed, changed=changed, now=now)


def restore(
    session: Session, actor: Actor, case: Case, section: str, *, edit: int, version: int, now: dt.datetime
) -> DraftSection:
    """The text of an earlier sitting as a new save, on top of `version`. What it replaces is kept too."""
    require(RULES, actor, "case.draft", case)
    found = select(DraftEdit).where(
        DraftEdit.id == edit, DraftEdit.case_id == case.id, DraftEdit.section == section
    )
    wanted = session.scalar(found)
    if wanted is None:
        raise Missing(Text("This earlier text is no longer kept."))
    _, sitting = _lock(session, case, section)
    if sitting is not None:
        draft_past.end(session, sitting, "restore", now=now)
    return save(session, actor, case, section, content=wanted.content, version=version, now=now)


def confirm(
    session: Session, actor: Actor, case: Case, section: str, *, fields: Sequence[str], now: dt.datetime
) -> DraftSection | None:
    """Somebody has looked at these copied fields and they are right for this case."""
    require(RULES, actor, "case.draft", case)
    _hold(session, case)
    open_fields(session, case)
    row, _ = _lock(session, case, section)
    if row is not None:
        row.unconfirmed = [name for name in row.unconfirmed if name not in fields]
    return row


def all_rows(session: Session, case: Case) -> dict[str, DraftSection]:
    """Every section, whoever asks."""
    kept = {row.name: row for row in session.scalars(select(DraftSection).where(DraftSection.case_id == case.id))}
    if len(kept) == len(DRAFT_SECTIONS):
        return {name: kept[name] for name in DRAFT_SECTIONS}
    said = _published(session, case)
    return {name: kept.get(name) or _unsaved(case, name, said.get(name, {})) for name in DRAFT_SECTIONS}


def _unsaved(case: Case, section: str, content: dict[str, Any]) -> DraftSection:
    """A section as nobody has saved it; not of any session."""
    return DraftSection(
        case_id=case.id,
        name=section,
        version=0,
        content=content,
        unconfirmed=[],
        at=case.revised_at or case.created_at,
    )


def _published(session: Session, case: Case) -> dict[str, dict[str, Any]]:
    """The current revision as sections, where a change of the case begins."""
    if not case.revision:
        return {}
    rows = select(Revision.document).where(Revision.case_id == case.id, Revision.number == case.revision)
    return sections.split(session.scalars(rows).one(), files(session, case))


def _hold(session: Session, case: Case) -> None:
    """Until the unit ends the case stays in the state that it is in now."""
    held = select(Case.state).where(Case.id == case.id).with_for_update(read=True)
    set_committed_value(case, "state", session.scalar(held))


def _lock(session: Session, case: Case, section: str) -> tuple[DraftSection | None, DraftEdit | None]:
    """A section and the sitting that is open in it; nobody else writes it until the unit ends."""
    sitting = (
        (DraftEdit.case_id == DraftSection.case_id)
        & (DraftEdit.section == DraftSection.name)
        & DraftEdit.ended.is_(None)
    )
    found = session.execute(
        select(DraftSection, DraftEdit)
        .outerjoin(DraftEdit, sitting)
        .where(DraftSection.case_id == case.id, DraftSection.name == section)
        .with_for_update(of=DraftSection),
        execution_options={"populate_existing": True},
    ).one_or_none()
    return (found[0], found[1]) if found else (None, None)


def _first(session: Session, case: Case, section: str, now: dt.datetime) -> DraftSection:
    """The row of a section that nobody has saved, as it was shown: version 0."""
    said = _published(session, case).get(section, {})
    values = {"case_id": case.id, "name": section, "version": 0, "content": said, "unconfirmed": []}
    insert_unless_there(session, DraftSection, **values, at=case.revised_at or case.created_at)
    row, _ = _lock(session, case, section)
    assert row is not None  # sections are never deleted
    return row


def _only_named(changed: Sequence[str], named: Sequence[str] | None) -> None:
    wrong = [path for path in changed if named is not None and not sections.covered(path, named)]
    if wrong:
        words = Text("The case came back for other fields; this one stays as it was handed in.")
        raise Forbidden(
            Text("Only the fields named when the case was returned may be changed."),
            fields={path: [words] for path in wrong},
        )


def _write(
    session: Session,
    actor: Actor,
    row: DraftSection,
    sitting: DraftEdit | None,
    *,
    content: dict[str, Any],
    changed: Sequence[str],
    now: dt.datetime,
) -> DraftSection:
    touched = sorted({path.partition(".")[0] for path in changed})
    draft_past.note(session, actor, row, sitting, content=content, fields=touched, now=now)
    values = {
        "version": row.version + 1,
        "content": content,
        "unconfirmed": [name for name in row.unconfirmed if name not in touched],
        "person_id": actor.person,
        "at": now,
    }
    this = (DraftSection.case_id == row.case_id) & (DraftSection.name == row.name)
    unchanged = update(DraftSection).where(this, DraftSection.version == row.version).values(**values)
    quiet = {"synchronize_session": False}
    if session.scalar(unchanged.returning(DraftSection.version), execution_options=quiet) is None:
        raise Stale(session, row)
    for name, value in values.items():
        set_committed_value(row, name, value)
    return row
