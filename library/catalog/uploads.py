"""Files on their way to a case: announced, coming in parts, then named by the draft.

A part goes to the spool first and is counted in the database after; what the database does not count is written
over by the next try, so a process may end at any point. Bytes never come in while a transaction is open.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from .. import deliveries
from ..config import Config
from ..db import alone
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..files import Spool, given_name, safe_name, too_large
from ..policy import Actor, require
from . import draft_files, drafts, sections, upload_checks
from .draft_files import FIELD, SECTION
from .draft_models import DraftSection
from .models import Case
from .numbers import random_key
from .policy import RULES
from .upload_models import Upload

PART = 4 << 20  # what one request may bring; a file of one part is looked into at once
HAN = re.compile("[\u3400-\u9fff]")


class Announcement(Schema):
    """What is said of a file before its bytes come."""

    name = fields.String(required=True)
    size = fields.Integer(required=True, strict=True)


@dataclass(frozen=True)
class Overview:
    """The files that a draft may name, by key; uploads that it does not name; how many bytes count."""

    known: Mapping[str, Any]
    others: list[Upload]
    taken: int


def begin(
    session: Session, actor: Actor, case: Case, *, name: str, size: int, config: Config, now: dt.datetime
) -> Upload:
    """Announce a file. Raises Invalid with the rule that it breaks already."""
    require(RULES, actor, "case.draft", case)
    original = given_name(name)
    if size < 1:
        raise Invalid(Text("The file is empty."))
    if size > config.max_file:
        raise too_large(config.max_file)
    alone(session, f"uploads {case.owner_id}")  # two at once are counted one after the other
    _changeable(session, case)
    taken = _taken(session, case)
    if len(taken) >= config.max_files:
        raise Invalid(Text("A case may have %(limit)s files at most.", {"limit": config.max_files}))
    if sum(taken) + size > config.max_case:
        limit = {"limit": config.max_case >> 20}
        raise Invalid(Text("The files of a case may have %(limit)s MB together at most.", limit))
    if _brought(session, case) + size > config.max_organisation:
        words = Text(
            "The files of an organisation may have %(limit)s MB together at most. What no draft names is forgotten"
            " after a week; ask the library for more room.",
            {"limit": f"{config.max_organisation >> 20:,}"},
        )
        raise Invalid(words)
    upload = Upload(
        key=random_key(),
        case_id=case.id,
        person_id=actor.person,
        name=safe_name(original),
        original=original,
        size=size,
        received=0,
        at=now,
        last_at=now,
    )
    session.add(upload)
    session.flush()
    return upload


def find(session: Session, actor: Actor, case: Case, key: str) -> Upload:
    """One upload of a case. Raises Missing."""
    require(RULES, actor, "case.read_draft", case)
    found = session.scalar(select(Upload).where(Upload.case_id == case.id, Upload.key == key))
    if found is None:
        raise Missing(Text("This case has no such file."))
    return found


def overview(session: Session, actor: Actor, case: Case) -> Overview:
    require(RULES, actor, "case.read_draft", case)
    named = _named(session, case)
    others = [each for each in _uploads(session, case) if each.key not in named and each.state != "ready"]
    return Overview(_known(session, case), others, sum(_taken(session, case)))


def content(session: Session, actor: Actor, case: Case, sha256: str) -> sections.Stored:
    """A file of the draft by the hash of its content, as its owner brought it. Raises Missing."""
    require(RULES, actor, "case.read_draft", case)
    found = next((file for file in drafts.files(session, case).values() if file.sha256 == sha256), None)
    if found is None:
        raise Missing(Text("This case has no such file."))
    return found


def offset(upload: Upload, spool: Spool) -> int:
    """How many bytes are here: what is on the disk, as far as the database knows of it."""
    return min(upload.received, spool.size) if upload.state == "coming" else upload.received


def received(
    session: Session,
    actor: Actor,
    case: Case,
    upload: Upload,
    *,
    size: int,
    verdict: upload_checks.Verdict | None,
    now: dt.datetime,
) -> Upload:
    """Count a part that is on the disk. With the last one the file is named by the draft, unless it is refused.

    `upload` as it was read before the part came; without a verdict the worker looks into the whole file.
    """
    require(RULES, actor, "case.draft", case)
    row = session.scalar(
        update(Upload)
        .where(Upload.id == upload.id, Upload.received == upload.received, Upload.received < Upload.size)
        .values(received=size, last_at=now)
        .returning(Upload),
        execution_options={"synchronize_session": False, "populate_existing": True},
    )
    if row is None:
        raise Conflict(Text("This file went on meanwhile; ask where it stands."))
    if size == row.size:
        if verdict is None:
            deliveries.deliver(session, upload_checks.CHECK, row.key, {"upload": row.id}, due=now)
        else:
            upload_checks.note(row, verdict)
        if row.refused is None:
            _name(session, actor, case, row, now)
    return row


def discard(session: Session, actor: Actor, case: Case, key: str) -> None:
    """Forget a file that was refused or never came in full. Raises Missing; Conflict when the draft names it."""
    require(RULES, actor, "case.draft", case)
    upload = find(session, actor, case, key)
    if key in _named(session, case):
        raise Conflict(Text("The case names this file: take it out of the list first."))
    session.delete(upload)


def _name(session: Session, actor: Actor, case: Case, upload: Upload, now: dt.datetime) -> None:
    """Have the draft name the file, at first for the ministry only: who else may see it is its owner's choice."""
    title = upload.original.rpartition(".")[0]
    entry = {
        "upload": upload.key,
        "title": {"zh" if HAN.search(title) else "en": title},
        "audience": "ministry",
        "kind": "photo" if upload.name.endswith((".jpg", ".jpeg", ".png")) else "document",
    }
    row = drafts.rows(session, actor, case)[SECTION]
    try:
        _append(session, actor, case, row, entry, now)
    except drafts.Stale as stale:
        _append(session, actor, case, stale.current, entry, now)  # which nobody else changes until our unit ends


def _append(session: Session, actor: Actor, case: Case, row: DraftSection, entry: Any, now: dt.datetime) -> None:
    content = {**row.content, FIELD: [*row.content.get(FIELD, []), entry]}
    drafts.save(session, actor, case, SECTION, content=content, version=row.version, now=now)


def _changeable(session: Session, case: Case) -> None:
    named = drafts.open_fields(session, case)
    if named is not None and not sections.covered(FIELD, named):
        raise Forbidden(Text("Only the fields named when the case was returned may be changed."))


def _named(session: Session, case: Case) -> set[str]:
    return {each["upload"] for each in draft_files.entries(drafts.contents(session, case)[SECTION])}


def _uploads(session: Session, case: Case) -> list[Upload]:
    return list(session.scalars(select(Upload).where(Upload.case_id == case.id).order_by(Upload.id)))


def _known(session: Session, case: Case) -> dict[str, Any]:
    """Every file that the draft may name, by key, also those that are not ready."""
    return {**drafts.files(session, case), **{each.key: each for each in _uploads(session, case)}}


def _brought(session: Session, case: Case) -> int:
    """The bytes of everything that the organisation of this case has brought, or announced, and that is kept."""
    owners = select(func.sum(Upload.size)).join(Case).where(Case.owner_id == case.owner_id)
    return session.scalar(owners.where(Upload.refused.is_(None))) or 0


def _taken(session: Session, case: Case) -> list[int]:
    """The sizes of the files that count: what the draft names, and what is still coming."""
    known, named = _known(session, case), _named(session, case)
    coming = {each.key for each in _uploads(session, case) if each.state in ("coming", "checking")}
    return [known[key].size for key in named | coming if key in known]
