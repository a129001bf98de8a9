"""What an organisation has in work: its cases as a list, those that wait for it first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy import case as choose
from sqlalchemy.orm import Session

from ..accounts.queries import person_names
from ..policy import Actor
from .draft_models import DraftSection, Submission
from .models import STATES, Case

PER_PAGE = 30
NEWEST = (
    select(Submission.outcome)
    .where(Submission.case_id == Case.id)
    .order_by(Submission.number.desc())
    .limit(1)
    .correlate(Case)
    .scalar_subquery()
)
# A case of the library whose change came back waits for its organisation as any other that was returned.
STATE: ColumnElement[str] = choose(
    (and_(Case.state == "admitted", NEWEST == "returned"), "returned"), else_=Case.state
)
# What somebody has to do comes first, then what is being written.
ORDER = choose((STATE == "returned", 0), (STATE == "draft", 1), (STATE == "submitted", 2), else_=3)


@dataclass(frozen=True)
class Row:
    """A case of the list: its state for the organisation, who typed last, until when a correction is awaited."""

    case: Case
    state: str
    title: dict[str, Any]
    edited_at: dt.datetime
    edited_by: str
    due: dt.datetime | None


def counted(session: Session, actor: Actor) -> dict[str, int]:
    """How many cases of the actor's organisation are in each state; states without any are left out."""
    each = select(STATE.label("state")).where(Case.owner_id == actor.organisation).subquery()
    rows = select(each.c.state, func.count()).group_by(each.c.state)
    found: dict[str, int] = dict(session.execute(rows).all()) if actor.membership else {}
    return {state: found[state] for state in STATES if state in found}


def cases(
    session: Session, actor: Actor, *, state: str = "", page: int = 1, per_page: int = PER_PAGE
) -> list[Row]:
    """One page of the organisation's cases, those that wait for it first."""
    if actor.organisation is None or not actor.membership:
        return []
    rows = select(Case, STATE).where(Case.owner_id == actor.organisation)
    if state:
        rows = rows.where(STATE.in_([state]))
    rows = rows.order_by(ORDER, Case.id.desc()).limit(per_page).offset((page - 1) * per_page)
    found = session.execute(rows).all()
    ids = [case.id for case, _ in found]
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
            shown,
            _pair(titles.get(case.id)) or _pair({"zh": case.title_zh, "en": case.title_en}),
            last[case.id][0] if case.id in last else case.revised_at or case.created_at,
            names.get(last[case.id][1], "") if case.id in last else "",
            due.get(case.id) if shown == "returned" else None,
        )
        for case, shown in found
    ]


def _pair(title: Any) -> dict[str, Any]:
    """A title as it was typed, whatever was typed."""
    return {lang: str(text) for lang, text in title.items() if text} if isinstance(title, dict) else {}
