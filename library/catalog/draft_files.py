"""Which files a draft names, and what is noted when that changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..policy import Actor
from .models import Attachment, Case
from .upload_models import Upload

SECTION, FIELD = "files", "attachments"


def entries(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the section says of its files. Programs write anything there: only words name one."""
    return [each for each in content.get(FIELD) or [] if isinstance(each.get("upload"), str) and each["upload"]]


def note(
    session: Session,
    actor: Actor,
    case: Case,
    *,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    now: dt.datetime,
) -> None:
    """Record which files came and went, whichever way the section was changed."""
    before, after = ({each["upload"] for each in entries(content)} for content in (old, new))
    names = _names(session, case, before ^ after)
    for key in sorted(names.keys() - after):
        detail = {"file": key, "name": names[key]}
        events.record(session, actor, "file.remove", case.subject, now=now, detail=detail)
    for key in sorted(names.keys() & after):
        detail = {"file": key, "name": names[key]}
        events.record(session, actor, "file.add", case.subject, now=now, detail=detail)


def _names(session: Session, case: Case, keys: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in (Attachment, Upload) if keys else ():
        rows = select(kind.key, kind.name).where(kind.case_id == case.id, kind.key.in_(keys))
        found |= {row.key: row.name for row in session.execute(rows)}
    return found
