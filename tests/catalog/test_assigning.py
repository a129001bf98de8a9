"""Who looks at a submission: given to an officer, and to nobody else."""

from __future__ import annotations

import handed_in
import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts.models import Membership
from library.catalog import admission, queries
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.events import Event, detail
from library.policy import SYSTEM, Actor


@pytest.fixture
def editor(session: Session) -> Actor:
    return make.member(session, handed_in.organisation(session))


@pytest.fixture
def officer(session: Session) -> Actor:
    return make.officer(session)


@pytest.fixture
def case(session: Session, editor: Actor) -> Case:
    """Handed in."""
    made = handed_in.draft(session, editor)
    handed_in.move(session, editor, made, "case.submit")
    return made


def newest(session: Session, case: Case) -> Submission:
    return queries.submissions(session, SYSTEM, case)[0]


def test_a_submission_is_given_to_an_officer(database: Database) -> None:
    with database.unit() as session:
        editor, officer = make.member(session, handed_in.organisation(session)), make.officer(session)
        case = handed_in.draft(session, editor)
        handed_in.move(session, editor, case, "case.submit")
        row = newest(session, case)
    with database.unit() as session:
        row = session.get_one(Submission, row.id)
        admission.assign(session, officer, row, officer=officer.person, now=make.NOW)
        assert row.officer_id == officer.person
        admission.assign(session, officer, row, officer=None, now=make.NOW)
        assert row.officer_id is None
    with database.reading() as session:
        events = list(session.scalars(select(Event).where(Event.verb == "case.assign").order_by(Event.seq)))
        assert [event.subject for event in events] == [case.subject] * 2
        said = [detail(session, event.seq) for event in events]
        assert said == [{"submission": 1, "officer": officer.person}, {"submission": 1, "officer": None}]


def test_not_to_anybody(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    row = newest(session, case)
    insider = make.officer(session)
    session.add(
        Membership(person_id=insider.person, organisation_id=editor.organisation, role="owner", since=make.NOW)
    )
    session.flush()
    expert, gone = make.officer(session, "expert"), make.officer(session, active=False)
    for person, problem in ((insider, Invalid), (expert, Missing), (editor, Missing), (gone, Missing)):
        with pytest.raises(problem):
            admission.assign(session, officer, row, officer=person.person, now=make.NOW)
    with pytest.raises(Forbidden):
        admission.assign(session, editor, row, officer=officer.person, now=make.NOW)
    handed_in.move(session, officer, case, "case.admit", given={})
    with pytest.raises(Conflict):
        admission.assign(session, officer, row, officer=officer.person, now=make.NOW)
