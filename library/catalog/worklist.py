"""What an organisation has in work: its cases as a list, those that wait for it first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case as choose
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..accounts.queries import person_names
from ..policy import Actor
from .draft_models import DraftSection, Submission
from .models import STATES, Case

PER_PAGE = 30
# What somebody has to do comes first, then what is being written.
ORDER = choose((Case.state == "returned", 0), (Case.state == "draft", 1), (Case.state == "submitted", 2), else_=3)


@dataclass(frozen=True)
class Row:
    """A case of the list: who typed last, and until when a correction is awaited."""

    case: Case
    title: dict[str, Any]
    edited_at: dt.datetime
    edited_by: str
    due: dt.datetime | None


def counted(session: Session, actor: Actor) -> dict[str, int]:
    """How many cases of the actor's organisation are in each state; states without any are left out."""
    rows = select(Case.state, func.count()).where(Case.owner_id == actor.organisation).group_by(Case.state)
    found = dict(session.execute(rows).all()) if actor.membership else {}
    return {state: found[state] for state in STATES if state in found}


def cases(
    session: Session, actor: Actor, *, state: str = "", page: int = 1, per_page: int = PER_PAGE
) -> list[Row]:
    """One page of the organisation's cases, those that wait for it first."""
    if actor.organisation is None or not actor.membership:
        return []
    rows = select(Case).where(Case.owner_id == actor.organisation)
    if state:
        rows = rows.where(Case.state == state)
    rows = rows.order_by(ORDER, Case.id.desc()).limit(per_page).offset((page - 1) * per_page)
    found = list(session.scalars(rows))
    ids = [case.id for case in found]
    columns = (DraftSection.case_id, DraftSection.at, DraftSection.person_id)
    saves = select(*columns).where(DraftSection.case_id.in_(ids)).order_by(DraftSection.at)
    last = {case_id: (at, person or 0) for case_id, at, person in session.execute(saves)}
    basics = select(DraftSection.case_id, DraftSection.content)
    basics = basics.where(DraftSection.case_id.in_(ids), DraftSection.name == "basics")
    titles = {case_id: content.get("title") for case_id, content in session.execute(basics)}
    answers = select(Submission.case_id, Submission.due).where(Submission.case_id.in_(ids))
    due = dict(session.execute(answers.order_by(Submission.number)).all())
    names = person_names(session, {person for _, person in last.values()})
    return [
        Row(
            case,
            _pair(titles.get(case.id)) or _pair({"zh": case.title_zh, "en": case.title_en}),
            last[case.id][0] if case.id in last else case.revised_at or case.created_at,
            names.get(last[case.id][1], "") if case.id in last else "",
            due.get(case.id) if case.state == "returned" else None,
        )
        for case in found
    ]


def _pair(title: Any) -> dict[str, Any]:
    """A title as it was typed, whatever was typed."""
    return {lang: str(text) for lang, text in title.items() if text} if isinstance(title, dict) else {}
