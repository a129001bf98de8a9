"""A draft as one document, for programs: found, described, changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ..errors import Changed, Invalid, Missing, Text
from ..events import Fact
from ..policy import Actor
from . import drafts, sections, submissions
from .draft_models import DraftSection
from .models import Case
from .policy import may_read_draft
from .schemas import DRAFT_SECTIONS

Document = Mapping[str, Any]


def find(session: Session, actor: Actor, name: str) -> Case:
    """The case with this key or number, for those who may read its draft. Raises Missing."""
    found = session.scalar(select(Case).where(or_(Case.key == name, Case.code == name)))
    if found is None or not may_read_draft(actor, found):
        raise Missing(Text("There is no draft at this address."))
    return found


def describe(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> dict[str, Any]:
    """What is typed, what is wrong with it, and what stands between it and its submission."""
    rows = drafts.rows(session, actor, case)
    ready = submissions.readiness(session, actor, case, now=now)
    return {
        **_place(case, rows),
        "code": case.code,
        "updated_at": max(row.at for row in rows.values()).isoformat(),
        "document": {name: value for row in rows.values() for name, value in row.content.items()},
        "ready": ready.ready,
        "rules": ready.blocking,
        "mistakes": ready.trouble,
        "unconfirmed": ready.unconfirmed,
        "reasons": ready.reasons,
    }


def tag(described: Mapping[str, Any]) -> str:
    """Another one whenever what is typed, or what may be done with it, has changed."""
    return Fact("", {name: described[name] for name in ("key", "state", "versions")}).digest


def present(session: Session, actor: Actor, case: Case) -> str:
    """The tag of a draft as it stands now."""
    return tag(_place(case, drafts.rows(session, actor, case)))


def change(session: Session, actor: Actor, case: Case, given: Document, *, now: dt.datetime) -> None:
    """Put each given field in the place of what was there; null takes it out. Raises Invalid, Changed and more."""
    rows = drafts.rows(session, actor, case)
    contents = {name: _merged(rows[name].content, names, given) for name, names in DRAFT_SECTIONS.items()}
    touched = [name for name, content in contents.items() if content != rows[name].content]
    _refuse({name: contents[name] for name in touched}, given)
    try:
        for name in touched:
            version = rows[name].version
            drafts.save(session, actor, case, name, content=contents[name], version=version, now=now)
    except drafts.Stale as stale:
        raise Changed(stale.text) from stale


def _place(case: Case, rows: Mapping[str, DraftSection]) -> dict[str, Any]:
    return {"key": case.key, "state": case.state, "versions": {name: row.version for name, row in rows.items()}}


def _merged(content: Document, names: tuple[str, ...], given: Document) -> dict[str, Any]:
    whole = {**content, **{name: given[name] for name in names if name in given}}
    return {name: value for name, value in whole.items() if value is not None}


def _refuse(contents: Mapping[str, Document], given: Document) -> None:
    """Every mistake at once, where saving would stop at the first section that has one."""
    errors: dict[str, Sequence[Text | str]] = {
        name: [Text("A case has no such field.")] for name in given if sections.section_of(name) is None
    }
    for name, content in contents.items():
        try:
            sections.refuse(name, content)
        except Invalid as problem:
            errors |= problem.fields
    if errors:
        raise Invalid(Text("This cannot be kept."), fields=errors)
