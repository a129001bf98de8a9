"""Reads of the catalogue. Each takes the actor: a case that the actor may not know of is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from .. import workdays
from ..errors import Gone, Missing, Text
from ..events import Event
from ..policy import Actor
from . import counts, policy
from .draft_models import CalendarDay, CaseLink, DeskSetting, FormalRule, Submission
from .models import Attachment, Case, CaseReport, ConnectionCount, Revision
from .schemas import as_seen
from .taxonomy import Taxonomy

# Working days, unless officers have set others.
DAYS = {"answer_days": 10, "correction_days": 10}


def case(session: Session, actor: Actor, code: str) -> Case:
    """The case of this number with its counts. Raises Missing; Gone where it was public once."""
    wanted = select(Case).where(Case.code == code, policy.visible(actor))
    wanted = wanted.options(joinedload(Case.counts), joinedload(Case.owner))
    found = session.scalars(wanted).unique().one_or_none()
    if found is None:
        if grave := tombstone(session, actor, code):
            since, until = (at and at.astimezone(workdays.ZONE).date() for at in (grave["since"], grave["until"]))
            stay = Text("It was here from %(since)s to %(until)s.", {"since": since, "until": until})
            why = [Text("Why it left: %(why)s", {"why": grave["farewell"]})] if grave["farewell"] else []
            raise Gone(Text("%(code)s is no longer in the library.", {"code": code}), reasons=[stay, *why])
        raise Missing(Text("There is no case %(code)s.", {"code": code}))
    return found


def kept_back(session: Session, actor: Actor) -> frozenset[str]:
    """The numbers of the cases that are kept back from the actor; no statement where nothing is."""
    if not actor.withheld:
        return frozenset()
    rows = select(Case.code).where(Case.code.is_not(None), ~policy.not_withheld(actor))
    return frozenset(str(code) for code in session.scalars(rows))


def tombstone(session: Session, actor: Actor, code: str) -> dict[str, Any] | None:
    """What is left to say of a case that was public once: its number, from when to when, and why it left."""
    gone = select(Case).where(Case.code == code, Case.state == "archived", Case.embargoed.is_(False))
    gone = gone.where(policy.not_withheld(actor))
    found = session.scalar(gone)
    if found is None:
        return None
    left = select(Event.at).where(Event.subject == found.subject, Event.verb == "case.archive")
    at = session.scalar(left.order_by(Event.seq.desc()).limit(1))
    until = dt.datetime.fromisoformat(at) if at else None
    return {"code": code, "since": found.admitted_at, "until": until, "farewell": found.farewell}


def rules(session: Session) -> list[FormalRule]:
    """The formal rules in force, in their order."""
    return list(
        session.scalars(select(FormalRule).where(FormalRule.active).order_by(FormalRule.position, FormalRule.id))
    )


def calendar(session: Session) -> workdays.Exceptions:
    """The days of which the weekday alone does not tell whether people work."""
    rows = session.execute(select(CalendarDay.day, CalendarDay.working))
    return {dt.date.fromisoformat(day): working for day, working in rows}


def days(session: Session) -> dict[str, int]:
    """The limits of the desk in working days, as officers set them."""
    return DAYS | {row.name: row.value for row in session.scalars(select(DeskSetting))}


def answer_days(session: Session) -> int:
    """Within how many working days a submission is to be answered."""
    return days(session)["answer_days"]


def submissions(session: Session, actor: Actor, case: Case) -> list[Submission]:
    """What was handed in of a case, newest first, as far as the actor may see it."""
    rows = select(Submission).where(Submission.case_id == case.id, policy.seen_submissions(actor))
    return list(session.scalars(rows.options(joinedload(Submission.case)).order_by(Submission.number.desc())))


def submission(session: Session, actor: Actor, case: Case, number: int) -> Submission:
    """One submission of a case. Raises Missing."""
    found = next((row for row in submissions(session, actor, case) if row.number == number), None)
    if found is None:
        raise Missing(Text("There is no such submission."))
    return found


def linked(session: Session, case: Case) -> list[CaseLink]:
    """The organisations that are linked with a case, for everybody to read."""
    rows = select(CaseLink).where(CaseLink.case_id == case.id, CaseLink.linked.is_(True))
    return list(session.scalars(rows.options(joinedload(CaseLink.organisation)).order_by(CaseLink.decided_at)))


def revision(session: Session, actor: Actor, case: Case, number: int | None = None) -> Revision:
    """One revision, the current one by default. Raises Missing."""
    number = case.revision if number is None else number
    found = session.scalar(select(Revision).where(Revision.case_id == case.id, Revision.number == number))
    if found is None:
        raise Missing(Text("%(code)s has no revision %(number)s.", {"code": case.code, "number": number}))
    return found


def revisions(session: Session, actor: Actor, case: Case) -> list[Revision]:
    """The past of a case, newest first. Raises Missing before its first revision."""
    rows = select(Revision).where(Revision.case_id == case.id).order_by(Revision.number.desc())
    found = list(session.scalars(rows))
    if not found:
        raise Missing(Text("%(code)s has no revision %(number)s.", {"code": case.code, "number": 1}))
    return found


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


def attachment(session: Session, actor: Actor, case: Case, key: str) -> Attachment:
    """One file of a case. Raises Missing, also when it is another audience's."""
    found = next((row for row in attachments(session, actor, case) if row.key == key), None)
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
        .options(selectinload(Case.counts), joinedload(Case.owner))
        .order_by(Case.id)
    )
    if ids is not None:
        rows = rows.where(Case.id.in_(list(ids)))
    found = session.execute(rows.execution_options(yield_per=200))
    return ((case, revision) for case, revision in found)


def open_reports(session: Session, actor: Actor, *, limit: int | None = None) -> list[tuple[CaseReport, Case]]:
    """Unanswered reports, oldest first; for those who may answer."""
    if not policy.may_answer(actor, None):
        return []
    rows = session.execute(
        select(CaseReport, Case)
        .join(Case, Case.id == CaseReport.case_id)
        .where(CaseReport.answered_at.is_(None))
        .order_by(CaseReport.at, CaseReport.id)
        .limit(limit)
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
        "organisation": case.owner.name if case.owner else None,
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


def owned(session: Session, organisations: Iterable[int]) -> list[int]:
    """The cases of these organisations: followers tell anew whose they are."""
    return list(session.scalars(select(Case.id).where(Case.owner_id.in_(list(organisations))).order_by(Case.id)))


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
        day = case.admitted_at.astimezone(workdays.ZONE).date().isoformat()
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
