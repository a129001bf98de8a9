"""What the library answers to a submission, and what becomes of an admitted case. flow.py moves the states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import deliveries, events, workdays
from ..accounts.models import Membership, Person, PersonRole
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..paging import number
from ..policy import Actor, require
from . import operations, queries, submissions
from .desk_schemas import AdmitForm, FarewellForm, ReasonForm, ReturnForm
from .draft_models import Submission
from .models import Case
from .policy import RULES

OVERDUE = "overdue"  # of a Delivery; its payload is {"submission": id}
# What a person fills in for a move, by its verb.
FORMS = {
    "case.admit": AdmitForm,
    "case.return": ReturnForm,
    "case.decline": ReasonForm,
    "case.archive": FarewellForm,
}
Given = Mapping[str, Any]


def admit(
    session: Session,
    actor: Actor,
    case: Case,
    *,
    now: dt.datetime,
    given: Given | None = None,
    number: int | None = None,
) -> events.Facts:
    """What was handed in becomes the next revision. `number`: the submission that this is the answer to."""
    said = operations.filled(AdmitForm, given or {})
    row = _answer(session, actor, case, "admitted", now=now, reason=said.get("reason"), number=number)
    if case.admitted_at is None:
        case.embargoed = said["embargo"]
    document = operations.SCHEMA.load(row.document)
    facts = operations.revise(session, actor, case, now=now, document=document)
    return [*facts, submissions.decision_fact(row)]


def send_back(
    session: Session, actor: Actor, case: Case, *, now: dt.datetime, given: Given, number: int | None = None
) -> events.Facts:
    """Named fields reopen until a day; the answer to it is the next submission."""
    said = operations.filled(ReturnForm, given)
    row = _answer(session, actor, case, "returned", now=now, reason=said["reason"], number=number)
    row.fields = list(dict.fromkeys(said["fields_"]))
    row.due = workdays.add(now, said["days"], queries.calendar(session))
    session.flush()
    deliveries.deliver(session, OVERDUE, str(row.id), {"submission": row.id}, due=row.due)
    return [submissions.decision_fact(row)]


def decline(
    session: Session, actor: Actor, case: Case, *, now: dt.datetime, given: Given, number: int | None = None
) -> events.Facts:
    """Not taken into the library, for a reason that the applicant reads."""
    said = operations.filled(ReasonForm, given)
    row = _answer(session, actor, case, "declined", now=now, reason=said["reason"], number=number)
    return [submissions.decision_fact(row)]


def release(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> None:
    """The embargo ends: from now on the case is public."""
    _not_ones_own(session, actor, case)
    case.embargoed = False


def not_embargoed(session: Session, case: Case, now: dt.datetime) -> list[Text]:
    """The guard of the release."""
    return [] if case.embargoed else [Text("This case is public already.")]


def archive(
    session: Session, actor: Actor, case: Case, *, now: dt.datetime, given: Given | None = None
) -> events.Facts:
    """Out of the library, with a word for those who look for it. The operator's command line may give none."""
    if not actor.is_member(case.owner_id):
        _not_ones_own(session, actor, case)
    if given is not None or not actor.has("system"):
        case.farewell = operations.filled(FarewellForm, given or {})["farewell"]
    return submissions.withdraw(session, actor, case, now=now)


def restore(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> None:
    """Back into the library: there is no farewell any more."""
    _not_ones_own(session, actor, case)
    case.farewell = None


def assign(
    session: Session, actor: Actor, submission: Submission, *, officer: int | None, now: dt.datetime
) -> None:
    """Say which officer looks at a submission; None: nobody in particular."""
    case = submission.case
    require(RULES, actor, "case.judge", case)
    _not_ones_own(session, actor, case)
    if submission.outcome is not None:
        raise Conflict(Text("This submission was answered before."))
    if officer is not None:
        officer = number(officer)
        is_officer = select(PersonRole).where(PersonRole.person_id == officer, PersonRole.name == "officer")
        person = session.scalar(select(Person).where(Person.id == officer, Person.active, is_officer.exists()))
        if person is None:
            raise Missing(Text("There is no such officer."))
        if _belongs(session, officer, case):
            raise Invalid(
                Text("%(name)s belongs to the organisation that handed the case in.", {"name": person.name})
            )
    submission.officer_id = officer
    detail = {"submission": submission.number, "officer": officer}
    events.record(session, actor, "case.assign", case.subject, now=now, detail=detail)


def note_overdue(session: Session, actor: Actor, submission: Submission, *, now: dt.datetime) -> bool:
    """Record that the answer to a return is late, unless it has come. The case stays returned."""
    newest = select(Submission.id).where(Submission.case_id == submission.case_id)
    answered = session.scalar(newest.order_by(Submission.number.desc()).limit(1)) != submission.id
    if answered or submission.due is None or submission.case.state not in ("returned", "admitted"):
        return False
    detail = {"submission": submission.number, "due": submission.due.isoformat()}
    events.record(session, actor, "case.overdue", submission.case.subject, now=now, detail=detail)
    return True


def _answer(
    session: Session,
    actor: Actor,
    case: Case,
    outcome: str,
    *,
    now: dt.datetime,
    reason: str | None,
    number: int | None,
) -> Submission:
    """Write the outcome into what waits for one, if it is the submission that was looked at."""
    _not_ones_own(session, actor, case)
    row = submissions.waiting(session, case)
    if row is None:
        raise Conflict(Text("No submission of this case waits for an answer."))
    if number is not None and row.number != number:
        raise Conflict(Text("Another submission of this case waits now; look at it before you answer."))
    row.outcome, row.decided_at, row.decided_by, row.reason = outcome, now, actor.id, reason
    return row


def _not_ones_own(session: Session, actor: Actor, case: Case) -> None:
    """Who belongs to an organisation does not judge it, whoever the person acts for at the moment."""
    if actor.person is not None and _belongs(session, actor.person, case):
        raise Forbidden(Text("You belong to the organisation that handed this case in; another officer decides."))


def _belongs(session: Session, person: int, case: Case) -> bool:
    rows = select(Membership.id).where(
        Membership.person_id == person,
        Membership.organisation_id == case.owner_id,
        Membership.ended_at.is_(None),
    )
    return session.scalar(rows.limit(1)) is not None
