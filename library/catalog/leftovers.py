"""Files that nobody came back for: uploads that no draft names, contents that no row means, what broke off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..db import Base, Database
from ..files import Store
from .draft_files import FIELD, SECTION, entries
from .draft_models import DraftEdit, DraftSection, Submission
from .upload_models import Upload

KEPT = dt.timedelta(days=7)


def forget(database: Database, store: Store, *, now: dt.datetime) -> int:
    """Forget what was left alone for a week; how many uploads that were. The bytes go after their rows."""
    before = now - KEPT
    with database.reading() as session:
        orphans = [upload.id for upload in _orphans(session, before)]
    with database.unit() as session:
        session.execute(delete(Upload).where(Upload.id.in_(orphans), Upload.last_at < before))
    old = set(store.contents(before))
    with database.reading() as session:
        unused = old - _named(session)
    for sha256 in sorted(unused):
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


def _named(session: Session) -> set[str]:
    """Every content that a row means: in whatever table, a column that ends in sha256 names one."""
    columns = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256")
    ]
    return {sha256 for column in columns for sha256 in session.scalars(select(column).where(column.is_not(None)))}
