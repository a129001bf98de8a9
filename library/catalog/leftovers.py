"""Files that nobody came back for: uploads that no draft names, and what is left of broken ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from ..accounts.models import Organisation
from ..db import Database
from ..files import Store
from .draft_files import FIELD, SECTION, entries
from .draft_models import BulkImport, DraftEdit, DraftSection, Submission
from .models import Attachment
from .upload_models import Upload

KEPT = dt.timedelta(days=7)


def forget(database: Database, store: Store, *, now: dt.datetime) -> int:
    """Forget what was left alone for a week; how many uploads that were. The bytes go after their rows."""
    before = now - KEPT
    with database.reading() as session:
        orphans = [upload.id for upload in _orphans(session, before)]
    contents: set[str] = set()
    with database.unit() as session:
        for upload in session.scalars(select(Upload).where(Upload.id.in_(orphans), Upload.last_at < before)):
            contents |= {sha256 for sha256 in (upload.sha256, upload.public_sha256) if sha256}
            session.delete(upload)
    with database.reading() as session:
        unused = [sha256 for sha256 in sorted(contents) if not _used(session, sha256)]
    for sha256 in unused:
        store.forget(sha256, unless_after=before)
    store.sweep(before)
    return len(orphans)


def _orphans(session: Session, before: dt.datetime) -> Iterator[Upload]:
    """Old uploads that neither a draft nor its past nor anything handed in names."""
    old = list(session.scalars(select(Upload).where(Upload.last_at < before)))
    cases = {upload.case_id for upload in old}
    drafted = select(DraftSection.content).where(DraftSection.name == SECTION, DraftSection.case_id.in_(cases))
    past = select(DraftEdit.content).where(DraftEdit.section == SECTION, DraftEdit.case_id.in_(cases))
    named = {
        entry["upload"]
        for rows in (drafted, past)
        for content in session.scalars(rows)
        for entry in entries(content)
    }
    for upload in old:
        if upload.key not in named and not _handed_in(session, upload):
            yield upload


def _handed_in(session: Session, upload: Upload) -> bool:
    documents = session.scalars(select(Submission.document).where(Submission.case_id == upload.case_id))
    named = {file.get("sha256") for document in documents for file in document.get(FIELD) or []}
    return upload.sha256 is not None and upload.sha256 in named


def _used(session: Session, sha256: str) -> bool:
    """Does any row still mean this content? Every table that names what lies in the store is asked."""
    held: tuple[ColumnElement[bool], ...] = (
        exists().where(or_(Upload.sha256 == sha256, Upload.public_sha256 == sha256)),
        exists().where(or_(Attachment.sha256 == sha256, Attachment.public_sha256 == sha256)),
        exists().where(Submission.pdf_sha256 == sha256),
        exists().where(BulkImport.sha256 == sha256),
        exists().where(Organisation.evidence_sha256 == sha256),
    )
    return bool(session.scalar(select(or_(*held))))
