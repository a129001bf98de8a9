"""Reads of the catalogue. Each takes the actor: a case that the actor may not know of is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from ..errors import Missing, Text
from ..policy import Actor
from . import counts, policy
from .models import Attachment, Case, CaseReport, ConnectionCount, Revision
from .schemas import as_seen
from .taxonomy import Taxonomy

SHANGHAI = ZoneInfo("Asia/Shanghai")


def case(session: Session, actor: Actor, code: str) -> Case:
    """The case of this number with its counts. Raises Missing."""
    found = session.scalar(
        select(Case).where(Case.code == code, policy.visible(actor)).options(selectinload(Case.counts))
    )
    if found is None:
        raise Missing(Text("There is no case %(code)s.", {"code": code}))
    return found


def revision(session: Session, actor: Actor, case: Case, number: int | None = None) -> Revision:
    """One revision, the current one by default. Raises Missing."""
    number = case.revision if number is None else number
    found = session.scalar(select(Revision).where(Revision.case_id == case.id, Revision.number == number))
    if found is None:
        raise Missing(Text("%(code)s has no revision %(number)s.", {"code": case.code, "number": number}))
    return found


def revisions(session: Session, actor: Actor, case: Case) -> list[Revision]:
    """The past of a case, newest first."""
    return list(
        session.scalars(select(Revision).where(Revision.case_id == case.id).order_by(Revision.number.desc()))
    )


def document(actor: Actor, case: Case, revision: Revision) -> dict[str, Any]:
    """What a revision says to this actor."""
    return as_seen(revision.document, policy.audiences(actor, case))


def attachments(session: Session, actor: Actor, case: Case) -> list[Attachment]:
    """The files of a case that this actor may open."""
    return list(
        session.scalars(
            select(Attachment)
            .where(
                Attachment.case_id == case.id,
                Attachment.removed_at.is_(None),
                Attachment.audience.in_(policy.audiences(actor, case)),
            )
            .order_by(Attachment.position)
        )
    )


def attachment(session: Session, actor: Actor, code: str, key: str) -> Attachment:
    """One file of a case. Raises Missing, also when it is another audience's."""
    owner = case(session, actor, code)
    found = next((row for row in attachments(session, actor, owner) if row.key == key), None)
    if found is None:
        raise Missing(Text("This case has no such file."))
    return found


def current(
    session: Session, actor: Actor, *, ids: Iterable[int] | None = None
) -> Iterator[tuple[Case, Revision]]:
    """Visible cases with their current revision, all or those of `ids`, in order of id."""
    rows = (
        select(Case, Revision)
        .join(Revision, (Revision.case_id == Case.id) & (Revision.number == Case.revision))
        .where(policy.visible(actor))
        .options(selectinload(Case.counts))
        .order_by(Case.id)
    )
    if ids is not None:
        rows = rows.where(Case.id.in_(list(ids)))
    found = session.execute(rows.execution_options(yield_per=200))
    return ((case, revision) for case, revision in found)


def open_reports(session: Session, actor: Actor) -> list[tuple[CaseReport, Case]]:
    """Unanswered reports, oldest first; for those who may answer."""
    if not policy.may_answer(actor, None):
        return []
    rows = session.execute(
        select(CaseReport, Case)
        .join(Case, Case.id == CaseReport.case_id)
        .where(CaseReport.answered_at.is_(None))
        .order_by(CaseReport.at, CaseReport.id)
    )
    return [(report, about) for report, about in rows]


def row(case: Case, seen: dict[str, Any], taxonomy: Taxonomy) -> dict[str, Any]:
    """A case as one line of a list: what pages, feeds, the API and the search index share."""
    lead = counts.headline(case.counts)
    aim = counts.target(case.counts)
    return {
        "code": case.code,
        "origin": case.origin,
        "title": seen["title"],
        "summary": seen["summary"],
        "parties": seen["parties"],
        "direction": taxonomy.direction(seen["sectors"][0]),
        "sectors": seen["sectors"],
        "technologies": seen["technologies"],
        "networks": seen["networks"],
        "network_text": seen.get("network_text"),
        "place": {"country": None, **seen["place"]},
        "status": seen["status"],
        "as_of": (lead.as_of if lead else None) or seen.get("as_of"),
        "connections": counts.as_dict(lead),
        "reported": counts.as_dict(counts.reported(case.counts, lead)),
        "target": counts.as_dict(aim) if aim is not lead else None,
        "scale": counts.scale(lead),
    }


def codes(session: Session, ids: Iterable[int]) -> list[str]:
    """The numbers of these cases, also of those no longer shown: followers take them out."""
    rows = select(Case.code).where(Case.id.in_(list(ids)), Case.code.is_not(None)).order_by(Case.id)
    return [str(code) for code in session.scalars(rows)]


def headlines(session: Session, actor: Actor, *, demonstration: bool) -> list[ConnectionCount | None]:
    """The leading count of every public case, real or demonstration; None where nothing is reported."""
    origin = Case.origin == "demo" if demonstration else Case.origin != "demo"
    rows = (
        select(Case.id, ConnectionCount)
        .outerjoin(ConnectionCount, ConnectionCount.case_id == Case.id)
        .where(policy.public(), policy.visible(actor), origin)
        .order_by(Case.id, ConnectionCount.position)
    )
    found: dict[int, list[ConnectionCount]] = {}
    for case_id, count in session.execute(rows):
        found.setdefault(case_id, []).extend([count] if count else [])
    return [counts.headline(each) for each in found.values()]


def shown_counts(case: Case) -> list[dict[str, Any]]:
    """Every count of a case as pages show it, the leading one first."""
    lead = counts.headline(case.counts)
    ordered = sorted(case.counts, key=lambda count: (count is not lead, count.position))
    return [shown for count in ordered if (shown := counts.as_dict(count))]


def biography(seen: dict[str, Any], case: Case) -> list[dict[str, Any]]:
    """What happened and what is planned, by date: the document's own moments and the library's."""
    moments = [{**moment, "library": None} for moment in seen["timeline"]]
    if case.admitted_at:
        day = case.admitted_at.astimezone(SHANGHAI).date().isoformat()
        moments.append({"when": day, "library": "admitted", "planned": False, "sources": []})
    return sorted(moments, key=lambda moment: moment["when"])


def newest(session: Session, actor: Actor, *, limit: int) -> list[tuple[Case, Revision]]:
    """Real public cases by their last change, newest first."""
    rows = (
        select(Case, Revision)
        .join(Revision, (Revision.case_id == Case.id) & (Revision.number == Case.revision))
        .where(policy.public(), policy.visible(actor), Case.origin != "demo")
        .order_by(Case.revised_at.desc(), Case.id.desc())
        .limit(limit)
    )
    return [(found, revision) for found, revision in session.execute(rows)]


def real_pages(session: Session, actor: Actor) -> list[tuple[str, dt.datetime]]:
    """Number and last change of every real public case."""
    rows = (
        select(Case.code, Case.revised_at)
        .where(policy.public(), policy.visible(actor), Case.origin != "demo")
        .order_by(Case.code)
    )
    return [(str(code), changed) for code, changed in session.execute(rows) if changed]


def total(session: Session, actor: Actor) -> int:
    """How many cases the actor may see."""
    return session.scalar(select(func.count()).select_from(Case).where(policy.visible(actor))) or 0
