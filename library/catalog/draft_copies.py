"""A new draft that starts from another case: its text, but nothing that must be said anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ..errors import Missing, Text
from ..policy import Actor, require
from ..workdays import ZONE
from . import drafts, policy, sections
from .draft_models import DraftSection
from .models import Case, Revision
from .schemas import as_seen

# Files and declarations are given anew, and so is what a number says when it is old.
NOT_COPIED = frozenset({"files", "declarations"})
MONTHS = 12


def copy_forward(session: Session, actor: Actor, source: str, *, now: dt.datetime) -> Case:
    """A draft with the text of a case that the actor may see, by number, or of one's own draft, by key.

    What was copied waits to be confirmed, field by field.
    """
    require(policy.RULES, actor, "case.draft", None)
    said = _said(session, actor, source)
    case = drafts.start(session, actor, now=now, copied_from=source)
    for name, content in said.items():
        kept = _without_old_numbers(content, now) if name not in NOT_COPIED else {}
        if kept:
            session.add(
                DraftSection(
                    case_id=case.id,
                    name=name,
                    content=kept,
                    unconfirmed=list(kept),
                    person_id=actor.person,
                    at=now,
                )
            )
    session.flush()
    return case


def _said(session: Session, actor: Actor, source: str) -> Mapping[str, dict[str, Any]]:
    named = or_(Case.code == source, Case.key == source)
    found = session.scalar(select(Case).where(named)) if source.isprintable() else None
    if found is not None:
        if actor.is_member(found.owner_id):
            return drafts.contents(session, found)
        if found.code == source and found.revision and policy.may_see(actor, found):
            current = Revision.case_id == found.id, Revision.number == found.revision
            document = session.scalars(select(Revision.document).where(*current)).one()
            return sections.split(as_seen(document, policy.audiences(actor, found)), {})
    raise Missing(Text("There is no case %(code)s.", {"code": source[:20]}))


def _without_old_numbers(content: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    kept = dict(content)
    if "connections" in kept:
        kept["connections"] = [count for count in kept["connections"] if not _old(count.get("as_of"), now)]
    migration = kept.get("migration", {})
    if "count" in migration and _old(migration.get("as_of"), now):
        kept["migration"] = {name: value for name, value in migration.items() if name not in ("count", "as_of")}
    return {name: value for name, value in kept.items() if value}


def _old(as_of: Any, now: dt.datetime) -> bool:
    """Older than MONTHS, as exactly as the date is told; a number without a date may be of any age."""
    today = now.astimezone(ZONE).date()
    limit = f"{today.year - MONTHS // 12}{today.isoformat()[4:]}"
    return not isinstance(as_of, str) or not as_of.strip() or as_of < limit[: len(as_of)]
