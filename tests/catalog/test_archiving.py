"""What becomes of an admitted case that leaves the library: its stone, its word, its way back."""

from __future__ import annotations

import datetime as dt

import handed_in
import make
import pytest
from sqlalchemy.orm import Session

from library.catalog import queries, submissions
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.db import Database, unit
from library.errors import Forbidden, Gone, Invalid, Missing
from library.policy import SYSTEM, VISITOR, Actor

EMBARGO = {"embargo": True, "reason": "申报单位要求暂缓公开。"}


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


def change(session: Session, editor: Actor, case: Case) -> None:
    """Hand in another title of an admitted case."""
    title = {"zh": "城北新区智能水表改造", "en": "Water meters"}
    handed_in.write(session, editor, case, "basics", {**handed_in.CONTENTS["basics"], "title": title})
    handed_in.move(session, editor, case, "case.submit")


def test_a_public_case_leaves_a_stone_with_its_number_its_time_and_a_word(database: Database) -> None:
    later = make.NOW + dt.timedelta(days=90)
    with database.unit() as session:
        owner = make.member(session, handed_in.organisation(session), "owner")
        officer = make.officer(session)
        case = handed_in.draft(session, owner)
        handed_in.move(session, owner, case, "case.submit")
        handed_in.move(session, officer, case, "case.admit", given={})
        code = str(case.code)
        assert queries.tombstone(session, VISITOR, code) is None
    for farewell in ({}, {"farewell": "\n"}, {"farewell": "长" * 1001}):
        with pytest.raises(Invalid), database.unit() as session:
            handed_in.move(session, owner, session.get_one(Case, case.id), "case.archive", given=farewell)
    with database.unit() as session:
        found = session.get_one(Case, case.id)
        handed_in.move(session, owner, found, "case.archive", given=handed_in.GOODBYE, now=later)
    with database.reading() as session:
        stone = {"code": code, "since": make.NOW, "until": later, "farewell": "项目已结束。"}
        assert queries.tombstone(session, VISITOR, code) == stone
        with pytest.raises(Gone) as gone:
            queries.case(session, VISITOR, code)
        assert [str(reason) for reason in gone.value.reasons] == [
            "It was here from 2026-11-22 to 2027-02-20.",
            "Why it left: 项目已结束。",
        ]
        assert queries.case(session, owner, code).state == "archived"
    with database.unit() as session:
        found = session.get_one(Case, case.id)
        with pytest.raises(Forbidden):
            handed_in.move(session, owner, found, "case.restore")
        handed_in.move(session, officer, found, "case.restore")
        assert (queries.tombstone(session, VISITOR, code), found.farewell) == (None, None)


def test_a_case_that_was_never_public_leaves_nothing(session: Session, officer: Actor, case: Case) -> None:
    code = str(case.code)
    assert queries.tombstone(session, VISITOR, code) is None
    handed_in.move(session, officer, case, "case.admit", given=EMBARGO)
    handed_in.move(session, officer, case, "case.archive", given=handed_in.GOODBYE)
    assert (case.state, queries.tombstone(session, VISITOR, code)) == ("archived", None)
    with pytest.raises(Missing):
        queries.case(session, VISITOR, code)


def test_what_waits_for_an_answer_is_withdrawn_with_its_case(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    change(session, editor, case)
    handed_in.move(session, officer, case, "case.archive", given=handed_in.GOODBYE)
    assert [row.outcome for row in queries.submissions(session, editor, case)] == ["withdrawn", "admitted"]
    assert submissions.waiting(session, case) is None


def test_an_editor_does_not_archive(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    with pytest.raises(Forbidden):
        handed_in.move(session, editor, case, "case.archive", given=handed_in.GOODBYE)


def test_the_operator_may_archive_without_a_word(session: Session) -> None:
    with unit(session):
        case = make.case(session)
        handed_in.move(session, SYSTEM, case, "case.archive")
    stone = queries.tombstone(session, VISITOR, str(case.code))
    assert stone is not None
    assert stone["farewell"] is None
    with pytest.raises(Gone) as gone:
        queries.case(session, VISITOR, str(case.code))
    assert len(gone.value.reasons) == 1
