"""What the database itself forbids: each constraint broken once, next to the row that it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import make
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.catalog.models import Attachment, Case, CaseReport, CaseTerm, ConnectionCount, Revision
from library.db import Base

Row = Callable[..., Base]


def case_row(**over: Any) -> Case:
    return Case(**{"key": "new", "origin": "collected", "created_at": make.NOW, **over})


def revision_row(**over: Any) -> Revision:
    kept = {"case_id": 1, "number": 2, "document": {}, "digest": "0" * 64, "at": make.NOW, "actor": "system"}
    return Revision(**{**kept, **over})


def count_row(**over: Any) -> ConnectionCount:
    kept = {"case_id": 1, "position": 9, "value": 0, "kind": "online", "what": {"zh": "只"}, "source": "x"}
    return ConnectionCount(**{**kept, **over})


def term_row(**over: Any) -> CaseTerm:
    return CaseTerm(**{"case_id": 1, "taxonomy": "sector", "code": "smart-home", "position": 9, **over})


def attachment_row(**over: Any) -> Attachment:
    kept = {"key": "file", "case_id": 1, "position": 0, "name": "a.pdf", "title": {"zh": "甲"}, "sha256": "0" * 64}
    return Attachment(**{**kept, "media_type": "application/pdf", "size": 1, "added_at": make.NOW, **over})


def report_row(**over: Any) -> CaseReport:
    return CaseReport(**{"case_id": 1, "ground": "error", "text": "x", "at": make.NOW, **over})


ADMITTED = {"state": "admitted", "code": "MIOT-P-0009", "revision": 1, "admitted_at": make.NOW}

TABLE: list[tuple[Row, dict[str, Any], dict[str, Any]]] = [
    # row, what passes, and what does not
    (case_row, {"origin": "demo"}, {"origin": "seed"}),
    (case_row, {"state": "archived"}, {"state": "lost"}),
    (case_row, {"origin": "submitted", "owner_id": 1}, {"origin": "submitted"}),
    (case_row, {"origin": "demo", "owner_id": 1}, {"origin": "collected", "owner_id": 1}),
    (case_row, {"origin": "submitted", "owner_id": 1}, {"origin": "submitted", "owner_id": 99}),
    (case_row, ADMITTED, {**ADMITTED, "code": None}),
    (case_row, ADMITTED, {**ADMITTED, "revision": 0}),
    (case_row, ADMITTED, {**ADMITTED, "admitted_at": None}),
    (case_row, {"origin": "demo", "code": "DEMO-0009"}, {"origin": "demo", "code": "MIOT-P-0009"}),
    (case_row, {"code": "MIOT-P-0009"}, {"code": "DEMO-0009"}),
    (case_row, {"code": "MIOT-P-0009"}, {"code": "MIOT-P-0001"}),  # that number is taken
    (case_row, {"key": "other"}, {"key": "taken"}),
    (revision_row, {"number": 2}, {"number": 1}),  # the case has a first revision
    (revision_row, {"number": 2}, {"number": 0}),
    (revision_row, {"case_id": 1}, {"case_id": 99}),
    (count_row, {"value": 0}, {"value": -1}),
    (count_row, {"value": 10**12}, {"value": None}),
    (count_row, {"kind": "stated"}, {"kind": "sold"}),
    (count_row, {"scope": "city"}, {"scope": "province"}),
    (count_row, {"bound": "upper"}, {"bound": "more"}),
    (
        count_row,
        {"verified_on": "2026", "verified_by": "verifier"},
        {"verified_on": "2026", "verified_by": "verifier", "kind": "stated"},
    ),
    (count_row, {"verified_on": None, "verified_by": None}, {"verified_on": "2026", "verified_by": None}),
    (count_row, {"verified_on": None, "verified_by": None}, {"verified_on": None, "verified_by": "verifier"}),
    (count_row, {"kind": "contracted", "due": "2027"}, {"kind": "online", "due": "2027"}),
    (term_row, {"code": "smart-home"}, {"code": "rockets"}),
    (term_row, {"code": "smart-home"}, {"code": "water-metering"}),  # the case bears it already
    (term_row, {"taxonomy": "sector"}, {"taxonomy": "technology"}),  # where smart-home is unknown
    (attachment_row, {"size": 1}, {"size": 0}),
    (attachment_row, {"case_id": 1}, {"case_id": 99}),
    (report_row, {"ground": "removal"}, {"ground": "praise"}),
    (report_row, {"answered_at": make.NOW, "answer": "Corrected."}, {"answered_at": make.NOW, "answer": None}),
    (report_row, {"answered_at": None, "answer": None}, {"answered_at": None, "answer": "Corrected."}),
]


@pytest.fixture
def filled(session: Session) -> Session:
    """One admitted case with a first revision, one organisation."""
    case = make.case(session)
    case.key = "taken"
    organisation = make.organisation(session)
    session.flush()
    assert (case.id, organisation.id) == (1, 1)
    return session


@pytest.mark.parametrize(("row", "passes", "refused"), TABLE)
def test_a_constraint_refuses_what_can_never_be(
    filled: Session, row: Row, passes: dict[str, Any], refused: dict[str, Any]
) -> None:
    with filled.begin_nested() as savepoint:
        filled.add(row(**passes))
        filled.flush()
        savepoint.rollback()
    filled.add(row(**refused))
    with pytest.raises(IntegrityError):
        filled.flush()


def test_what_a_revision_no_longer_counts_is_deleted(filled: Session) -> None:
    case = filled.get_one(Case, 1)
    assert filled.scalars(select(ConnectionCount)).all()
    case.counts, case.terms = [], []
    filled.flush()
    assert filled.scalars(select(ConnectionCount)).all() == []
    assert filled.scalars(select(CaseTerm)).all() == []


def test_names_that_events_use(filled: Session) -> None:
    report = report_row()
    filled.add(report)
    filled.flush()
    assert (filled.get_one(Case, 1).subject, report.subject) == ("case:1", "report:1")


def test_only_a_demonstration_case_is_one() -> None:
    assert [case_row(origin=origin).demonstration for origin in ("demo", "collected", "submitted")] == [
        True,
        False,
        False,
    ]
