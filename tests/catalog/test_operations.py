"""Writes of the catalogue: drafts, revisions, reports of errors."""

from __future__ import annotations

from typing import Any

import make
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library.catalog import operations
from library.catalog.models import Case, CaseReport, Revision
from library.db import unit
from library.errors import Conflict, Forbidden, Invalid, TooMany
from library.events import Fact, since
from library.policy import SYSTEM, VISITOR, Actor

OFFICER = make.OFFICER


def revise(session: Session, case: Case, **over: Any) -> list[Fact]:
    document = operations.SCHEMA.load(make.document(**over))
    return list(operations.revise(session, OFFICER, case, now=make.NOW, document=document, note="why"))


@pytest.fixture
def draft(session: Session) -> Case:
    return make.case(session, state="draft")


# Drafts


@pytest.mark.parametrize("origin", ["collected", "demo"])
def test_a_new_case_of_the_library_is_a_draft_without_a_number(session: Session, origin: str) -> None:
    case = operations.create(session, OFFICER, origin=origin, now=make.NOW)
    assert (case.state, case.code, case.revision, case.owner_id, case.created_at) == (
        "draft",
        None,
        0,
        None,
        make.NOW,
    )


def test_a_new_case_of_an_organisation_is_its_own(session: Session) -> None:
    owner = make.organisation(session)
    case = operations.create(session, Actor("person:1"), origin="submitted", now=make.NOW, owner=owner.id)
    assert (case.state, case.owner_id) == ("draft", owner.id)


@pytest.mark.parametrize("origin", ["collected", "demo"])
@pytest.mark.parametrize(
    "actor", [VISITOR, Actor("person:1", organisation=1), Actor("a", roles=frozenset({"approver"}))]
)
def test_nobody_else_collects_cases(session: Session, actor: Actor, origin: str) -> None:
    with pytest.raises(Forbidden, match="Only the library itself collects cases"):
        operations.create(session, actor, origin=origin, now=make.NOW)
    assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_a_submitted_case_without_an_owner_is_refused(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        operations.create(session, OFFICER, origin="submitted", now=make.NOW)
    assert refused.value.fields == {"origin": ["Only an organisation submits a case."]}


# Revisions


def test_a_revision_keeps_the_document_and_fills_the_columns_from_it(session: Session, draft: Case) -> None:
    given = make.document(
        connections=[
            make.count(1_600_000, kind="planned", due="2026-12", bound="about"),
            make.count(120_000, source=2),
        ],
        sectors=["water-metering", "smart-home"],
        sources=[
            {"title": "Meters in town", "publisher": "The Paper"},
            {"title": "A report without a publisher"},
        ],
    )
    facts = revise(session, draft, **given)
    session.expire_all()
    [revision] = draft.revisions
    assert (revision.number, revision.actor, revision.note, revision.at) == (1, "officer:1", "why", make.NOW)
    assert revision.document == operations.SCHEMA.dump(operations.SCHEMA.load(given))
    assert revision.digest == Fact("", revision.document).digest
    assert facts == [
        Fact(f"revision:{revision.id}", {"case": draft.id, "number": 1, "document": revision.document})
    ]
    assert (draft.code, draft.revision, draft.title_zh, draft.title_en, draft.country, draft.deployment) == (
        "MIOT-P-0001",
        1,
        "智能水表",
        "Smart water meters",
        "CN",
        "live",
    )
    assert (draft.admitted_at, draft.revised_at, draft.state) == (make.NOW, make.NOW, "draft")
    assert [(term.taxonomy, term.code, term.position) for term in draft.terms] == [
        ("sector", "water-metering", 0),
        ("technology", "edge-computing", 0),
        ("sector", "smart-home", 1),
    ]
    assert [
        (count.position, count.value, count.kind, count.as_of, count.due, count.bound, count.scope, count.source)
        for count in draft.counts
    ] == [
        (0, 1_600_000, "planned", "2025-08", "2026-12", "about", "project", "The Paper"),
        (1, 120_000, "stated", "2025-08", None, "exact", "project", "A report without a publisher"),
    ]


def test_a_verified_count_of_a_demonstration_names_its_first_party(session: Session) -> None:
    verified = {"on": "2026-09-30", "by": "verifier"}
    case = make.case(
        session, origin="demo", connections=[make.count(kind="online", source=None, verified=verified)]
    )
    [count] = case.counts
    assert (count.source, count.verified_on, count.verified_by) == ("城市水务", "2026-09-30", "verifier")


def test_the_next_revision_replaces_columns_and_leaves_the_past(session: Session, draft: Case) -> None:
    revise(session, draft)
    [first] = draft.revisions
    before, later = dict(first.document), make.NOW.replace(year=2027)
    document = operations.SCHEMA.load(
        make.document(
            title={"zh": "新题"}, connections=None, sectors=["smart-home", "water-metering"], technologies=[]
        )
    )
    operations.revise(session, SYSTEM, draft, now=later, document=document)
    session.expire_all()
    assert (draft.revision, draft.title_zh, draft.title_en, draft.counts) == (2, "新题", None, [])
    assert (draft.admitted_at, draft.revised_at) == (make.NOW, later)
    assert [term.code for term in draft.terms] == ["smart-home", "water-metering"]
    assert [revision.number for revision in draft.revisions] == [1, 2]
    assert first.document == before


def test_a_case_keeps_its_number(session: Session, draft: Case) -> None:
    revise(session, draft)
    with pytest.raises(Conflict, match="A case keeps its number"):
        revise(session, draft, code="MIOT-P-0002")
    assert (draft.code, draft.revision) == ("MIOT-P-0001", 1)


@pytest.mark.parametrize(
    ("over", "fields"),
    [
        ({"sectors": ["rockets", "smart-home", "ships"]}, {"sectors": ["Unknown code: rockets, ships."]}),
        ({"technologies": ["smart-home"]}, {"technologies": ["Unknown code: smart-home."]}),
        ({"sectors": ["smart-home"] * 2}, {"sectors": ["The same code stands here twice."]}),
        (
            {"sectors": ["network-slicing"], "technologies": ["edge-computing"] * 2},
            {
                "sectors": ["Unknown code: network-slicing."],
                "technologies": ["The same code stands here twice."],
            },
        ),
    ],
)
def test_a_code_that_the_taxonomy_does_not_have_is_refused(
    session: Session, draft: Case, over: dict[str, Any], fields: dict[str, list[str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        revise(session, draft, **over)
    assert refused.value.fields == fields
    assert (draft.revision, session.scalar(select(func.count()).select_from(Revision))) == (0, 0)


# Reports of errors


REPORT = {"ground": "error", "text": " The number is wrong. ", "contact": "li@example.org"}


def test_a_reader_reports_an_error_and_the_log_keeps_no_contact(session: Session) -> None:
    with unit(session):
        case = make.case(session)
        report = operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)
    assert (report.ground, report.text, report.contact, report.at, report.answered_at) == (
        "error",
        "The number is wrong.",
        "li@example.org",
        make.NOW,
        None,
    )
    event = since(session, 0)[-1]
    assert (event.verb, event.subject, event.actor) == ("case.report", "report:1", "visitor")


@pytest.mark.parametrize(
    ("origin", "state"), [("demo", "admitted"), ("collected", "draft"), ("collected", "archived")]
)
def test_only_public_collected_cases_are_reported(session: Session, origin: str, state: str) -> None:
    case = make.case(session, origin=origin, state=state)
    with pytest.raises(Forbidden, match="on cases collected from public sources"):
        operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)


def test_a_report_with_mistakes_is_refused_field_by_field(session: Session) -> None:
    case = make.case(session)
    with pytest.raises(Invalid) as refused:
        operations.report(session, VISITOR, case, given={"ground": "praise", "text": ""}, now=make.NOW)
    assert refused.value.fields == {
        "ground": ["Must be one of: error, removal."],
        "text": ["Length must be between 1 and 2000."],
    }
    assert session.scalar(select(func.count()).select_from(CaseReport)) == 0


def test_a_case_with_many_open_reports_takes_no_more_until_one_is_answered(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MOST_OPEN_REPORTS", 2)
    make.taxonomy(session)
    case, other = make.case(session), make.case(session, code="MIOT-P-0002")
    first = operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)
    operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)
    with pytest.raises(TooMany, match="2 reports that wait"):
        operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)
    operations.report(session, VISITOR, other, given=REPORT, now=make.NOW)
    operations.answer_report(session, make.OFFICER, first, answer="Mended.", now=make.NOW)
    operations.report(session, VISITOR, case, given=REPORT, now=make.NOW)


def test_a_report_is_answered_once(session: Session) -> None:
    with unit(session):
        report = operations.report(session, VISITOR, make.case(session), given=REPORT, now=make.NOW)
    with pytest.raises(Forbidden):
        operations.answer_report(session, VISITOR, report, answer="No.", now=make.NOW)
    with unit(session):
        operations.answer_report(session, OFFICER, report, answer="Corrected.", now=make.NOW)
    with pytest.raises(Conflict, match="answered before"):
        operations.answer_report(session, OFFICER, report, answer="Again.", now=make.NOW)
    assert (report.answered_at, report.answer) == (make.NOW, "Corrected.")
    assert [event.verb for event in since(session, 0)] == ["case.collect", "case.report", "report.answer"]
