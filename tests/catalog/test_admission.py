"""What the library answers: admitted, embargoed, returned, declined; late."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import handed_in
import make
import pytest
from sites import Site
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts.models import Membership
from library.catalog import admission, drafts, operations, queries
from library.catalog.draft_models import Submission
from library.catalog.models import Case, ConnectionCount
from library.db import Database
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor
from library.workdays import ZONE

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


def change(session: Session, editor: Actor, case: Case, place: str = "城北新区") -> None:
    """Hand it in under another title."""
    title = {"zh": f"{place}智能水表改造", "en": "Water meters"}
    handed_in.write(session, editor, case, "basics", {**handed_in.CONTENTS["basics"], "title": title})
    handed_in.move(session, editor, case, "case.submit")


# Admitted


def test_an_admitted_case_says_what_was_handed_in(session: Session, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    row = newest(session, case)
    assert (row.outcome, row.decided_at, row.decided_by, row.reason) == ("admitted", make.NOW, officer.id, None)
    assert (
        queries.revision(session, VISITOR, queries.case(session, VISITOR, str(case.code))).document == row.document
    )
    assert [count.value for count in case.counts] == [120_000]
    assert [file.sha256 for file in queries.attachments(session, officer, case)] == ["a" * 64]


def test_under_embargo_it_is_in_the_library_and_nobody_outside_knows_until_it_is_released(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    handed_in.move(session, officer, case, "case.admit", given=EMBARGO)
    code = str(case.code)
    assert (case.state, case.embargoed, newest(session, case).reason) == ("admitted", True, EMBARGO["reason"])
    with pytest.raises(Missing):
        queries.case(session, VISITOR, code)
    assert list(queries.current(session, VISITOR)) == queries.newest(session, VISITOR, limit=9) == []
    assert queries.real_pages(session, officer) == [] == queries.headlines(session, officer, demonstration=False)
    assert queries.case(session, editor, code) is case
    change(session, editor, case)
    handed_in.move(session, officer, case, "case.admit", given={})
    assert (case.revision, case.embargoed) == (2, True)
    with pytest.raises(Forbidden):
        handed_in.move(session, editor, case, "case.release")
    handed_in.move(session, officer, case, "case.release")
    assert queries.case(session, VISITOR, code) is case
    with pytest.raises(Invalid, match="cannot be done yet") as refused:
        handed_in.move(session, officer, case, "case.release")
    assert [str(reason) for reason in refused.value.reasons] == ["This case is public already."]


def test_a_public_case_is_not_hidden_again_by_a_change(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    change(session, editor, case)
    handed_in.move(session, officer, case, "case.admit", given=EMBARGO)
    assert (case.revision, case.embargoed) == (2, False)


def test_an_embargo_has_a_reason(session: Session, officer: Actor, case: Case) -> None:
    with pytest.raises(Invalid) as refused:
        handed_in.move(session, officer, case, "case.admit", given={"embargo": True})
    assert {name: list(map(str, said)) for name, said in refused.value.fields.items()} == {
        "reason": ["Fill this in."]
    }


def test_a_change_keeps_what_was_verified(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    verified = {"kind": "online", "what": {"zh": "只水表"}, "source": "核验", "as_of": "2026-09"}
    by = {"verified_on": "2026-10-09", "verified_by": "person:77"}
    case.counts.append(ConnectionCount(position=1, value=90_000, **verified, **by))
    session.flush()
    change(session, editor, case)
    handed_in.move(session, officer, case, "case.admit", given={})
    session.expire_all()
    assert [(count.position, count.value, count.verified_by) for count in case.counts] == [
        (0, 120_000, None),
        (1, 90_000, "person:77"),
    ]
    content = {"connections": [*handed_in.CONTENTS["connections"]["connections"]] * 2}
    handed_in.write(session, editor, case, "connections", content)
    handed_in.move(session, editor, case, "case.submit")
    handed_in.move(session, officer, case, "case.admit", given={})
    session.expire_all()
    assert [(count.position, count.value) for count in case.counts] == [(0, 120_000), (1, 120_000), (2, 90_000)]


def test_what_an_invented_document_says_was_verified_is_not_kept_beside_itself(session: Session) -> None:
    verified = make.count(kind="online", source=None, verified={"on": "2026-09-30", "by": "verifier"})
    case = make.case(session, origin="demo", connections=[verified])
    again = operations.SCHEMA.load(make.document(code=case.code, origin="demo", connections=[verified]))
    handed_in.move(session, make.OFFICER, case, "case.revise", document=again)
    assert [count.verified_by for count in case.counts] == ["verifier"]


# Who


@pytest.mark.parametrize("verb", ["case.admit", "case.return", "case.decline"])
def test_nobody_judges_the_own_organisation_whoever_the_person_acts_for(
    session: Session, editor: Actor, case: Case, verb: str
) -> None:
    insider = make.officer(session)
    membership = Membership(
        person_id=insider.person, organisation_id=editor.organisation, role="commenter", since=make.NOW
    )
    session.add(membership)
    session.flush()
    given = {**handed_in.RETURN, "reason": "Because."}
    with pytest.raises(Forbidden, match="another officer decides"):
        handed_in.move(session, insider, case, verb, given=given)
    membership.ended_at = make.NOW
    handed_in.move(session, insider, case, verb, given=given)
    assert newest(session, case).decided_by == insider.id


@pytest.mark.parametrize("role", ["approver", "administrator", "expert", "verifier"])
def test_only_officers_answer(session: Session, case: Case, role: str) -> None:
    for verb in ("case.admit", "case.return", "case.decline", "case.release"):
        with pytest.raises(Forbidden):
            handed_in.move(session, make.officer(session, role), case, verb, given=handed_in.RETURN)


# Returned and declined


def test_a_returned_case_opens_the_named_fields_until_a_day(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    given = {"fields": ["title", "connections.0.as_of", "title"], "reason": " 请写明年份。 ", "days": "5"}
    handed_in.move(session, officer, case, "case.return", given=given)
    row = newest(session, case)
    assert (case.state, row.outcome, row.reason) == ("returned", "returned", "请写明年份。")
    assert row.fields == ["title", "connections.0.as_of"]
    # From Sunday: Monday to Friday.
    assert row.due == dt.datetime(2026, 11, 27, 23, 59, 59, tzinfo=ZONE)
    basics, (count,) = handed_in.CONTENTS["basics"], handed_in.CONTENTS["connections"]["connections"]
    handed_in.write(session, editor, case, "basics", {**basics, "title": {"zh": "城北新区智能水表改造"}})
    handed_in.write(session, editor, case, "connections", {"connections": [{**count, "as_of": "2026-09"}]})
    for section, content in (
        ("basics", {**basics, "sectors": ["gas-metering"]}),
        ("connections", {"connections": [{**count, "value": 9}]}),
        ("story", {}),
    ):
        with pytest.raises(Forbidden, match="Only the fields named"):
            handed_in.write(session, editor, case, section, content)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"fields": []}, "fields"),
        ({"fields": ["code"]}, "fields.0"),
        ({"fields": ["title", "no_such.thing"]}, "fields.1"),
        ({"reason": " "}, "reason"),
        ({"days": 0}, "days"),
        ({"days": 121}, "days"),
        ({"days": "soon"}, "days"),
    ],
)
def test_a_return_names_fields_a_reason_and_a_day(
    session: Session, officer: Actor, case: Case, over: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        handed_in.move(session, officer, case, "case.return", given={**handed_in.RETURN, **over})
    assert list(refused.value.fields) == [field]


def test_a_case_is_not_declined_without_a_reason(session: Session, officer: Actor, case: Case) -> None:
    with pytest.raises(Invalid) as refused:
        handed_in.move(session, officer, case, "case.decline", given={})
    assert list(refused.value.fields) == ["reason"]


def test_a_declined_case_is_at_its_end(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.decline", given={"reason": "不属于移动物联网。"})
    assert (case.state, newest(session, case).reason) == ("declined", "不属于移动物联网。")
    with pytest.raises(Conflict):
        handed_in.write(session, editor, case, "basics", {})
    with pytest.raises(Conflict):
        handed_in.move(session, editor, case, "case.submit")


def test_a_change_may_come_back_too(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.admit", given={})
    change(session, editor, case)
    handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
    assert (case.state, case.revision, newest(session, case).outcome) == ("admitted", 1, "returned")
    with pytest.raises(Forbidden, match="Only the fields named"):
        handed_in.write(session, editor, case, "story", {})
    change(session, editor, case, "城西")
    assert [row.number for row in queries.submissions(session, editor, case)] == [3, 2, 1]


def test_a_late_answer_is_noted_once_and_the_case_stays_returned(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
    row = newest(session, case)
    [order] = session.scalars(select(Delivery).where(Delivery.kind == "overdue"))
    assert (order.key, order.payload, order.due_at) == (str(row.id), {"submission": row.id}, row.due)
    assert admission.note_overdue(session, SYSTEM, row, now=order.due_at)
    assert case.state == "returned"
    change(session, editor, case)
    assert not admission.note_overdue(session, SYSTEM, row, now=order.due_at)


def test_nobody_is_late_who_has_withdrawn(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
    handed_in.move(session, editor, case, "case.withdraw")
    assert not admission.note_overdue(session, SYSTEM, newest(session, case), now=make.NOW)


def test_a_draft_is_nobodys_to_judge(session: Session, editor: Actor, officer: Actor) -> None:
    made = handed_in.draft(session, editor)
    with pytest.raises(Missing):
        drafts.draft(session, officer, made.key)
    with pytest.raises(Conflict):
        handed_in.move(session, officer, made, "case.admit", given={})


def test_the_worker_notes_once_that_a_day_has_passed(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    with database.unit() as session:
        editor, officer = make.member(session, handed_in.organisation(session)), make.officer(session)
        case = handed_in.draft(session, editor)
        handed_in.move(session, editor, case, "case.submit")
        handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
        due = newest(session, case).due
    assert due is not None

    def noted() -> list[str]:
        with database.reading() as session:
            return list(session.scalars(select(Event.subject).where(Event.verb == "case.overdue")))

    site.work(due - dt.timedelta(seconds=1))
    assert noted() == []
    for _ in range(2):
        site.work(due + dt.timedelta(minutes=1))
    assert noted() == [case.subject]
