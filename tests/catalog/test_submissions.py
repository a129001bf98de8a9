"""Handing a case in: what stands in its way, the number, the frozen document, the receipt."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import handed_in
import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import drafts, facts, queries, submissions
from library.catalog.draft_models import DraftEdit, DraftSection, Submission
from library.catalog.models import Case
from library.chain import check_chain
from library.db import Database
from library.deliveries import Delivery
from library.errors import Forbidden, Invalid
from library.events import Event, Fact
from library.policy import VISITOR, Actor

TITLE = {"zh": "城北新区智能水表改造", "en": "Water meters in the new district"}


@pytest.fixture
def editor(session: Session) -> Actor:
    return make.member(session, handed_in.organisation(session))


def ready(session: Session, actor: Actor, case: Case) -> submissions.Readiness:
    return submissions.readiness(session, actor, case, now=make.NOW)


def said(session: Session, actor: Actor, case: Case) -> list[str]:
    """Why it cannot be handed in, as the guard says it."""
    with pytest.raises(Invalid) as refused:
        handed_in.move(session, actor, case, "case.submit")
    return [str(reason) for reason in refused.value.reasons]


# What stands in its way


def test_a_whole_draft_is_ready(session: Session, editor: Actor) -> None:
    found = ready(session, editor, handed_in.draft(session, editor))
    assert (found.count, found.ready, found.said(), found.warnings) == (0, True, [], [])
    assert len(found.findings) == 28
    assert found.document["title"] == handed_in.CONTENTS["basics"]["title"]


def test_an_empty_draft_lacks_what_the_rules_and_the_schema_ask_for_and_each_thing_once(
    session: Session, editor: Actor
) -> None:
    handed_in.rules(session)
    found = ready(session, editor, drafts.start(session, editor, now=make.NOW))
    assert len(found.blocking) == 14
    told = {finding.field.partition(".")[0] for finding in found.blocking}
    assert told.isdisjoint(found.trouble)
    assert not found.ready


def test_warnings_do_not_stand_in_the_way(session: Session, editor: Actor) -> None:
    case = handed_in.draft(session, editor, title={"zh": TITLE["zh"]}, without=("results",))
    found = ready(session, editor, case)
    assert [finding.code for finding in found.warnings] == ["outcomes-given", "title-english"]
    assert found.ready


def test_what_is_missing_is_named(session: Session, editor: Actor) -> None:
    counts = [{"value": "many", "kind": "online", "as_of": "2026-08", "what": {"zh": "只水表"}}]
    case = handed_in.draft(session, editor, connections=counts, sectors=["rockets"], title={"zh": "水表" * 100})
    section = session.get_one(DraftSection, (case.id, "basics"))
    section.unconfirmed = ["summary"]
    assert said(session, editor, case) == [
        "Fields that hold mistakes: title.zh, connections.0.value, sectors.",
        "Copied fields that nobody has confirmed: summary.",
    ]
    assert ready(session, editor, case).count == 4
    drafts.confirm(session, editor, case, "basics", fields=["summary"], now=make.NOW)
    assert ready(session, editor, case).count == 3


def test_a_rule_that_officers_put_out_of_force_asks_for_nothing(session: Session, editor: Actor) -> None:
    case = handed_in.draft(session, editor, without=("files",))
    assert said(session, editor, case) == ["Rules that are not met: permission-attached."]
    for rule in queries.rules(session):
        rule.active = rule.code != "permission-attached"
    session.flush()
    handed_in.move(session, editor, case, "case.submit")
    assert case.state == "submitted"


def test_a_file_taken_out_breaks_the_rule_that_needs_it(session: Session, editor: Actor) -> None:
    case = handed_in.draft(session, editor)
    assert ready(session, editor, case).ready
    [file] = drafts.rows(session, editor, case)["files"].content["attachments"]
    handed_in.write(session, editor, case, "files", {"attachments": []})
    assert said(session, editor, case) == ["Rules that are not met: permission-attached."]
    with pytest.raises(Invalid):
        handed_in.move(session, editor, case, "case.submit")
    handed_in.write(session, editor, case, "files", {"attachments": [{**file, "kind": "document"}]})
    assert said(session, editor, case) == ["Rules that are not met: permission-attached."]
    handed_in.write(session, editor, case, "files", {"attachments": [file]})
    assert ready(session, editor, case).ready


@pytest.mark.parametrize("state", ["unverified", "asked", "closed"])
def test_an_organisation_that_is_not_verified_may_write_and_not_hand_in(session: Session, state: str) -> None:
    closed = make.NOW if state == "closed" else None
    editor = make.member(session, make.organisation(session, state=state, closed_at=closed))
    case = handed_in.draft(session, editor)
    assert said(session, editor, case) == ["The organisation is not verified yet: it may write, but not hand in."]


def test_a_file_that_is_not_ready_is_waited_for(session: Session, editor: Actor) -> None:
    case = handed_in.draft(session, editor)
    attached = drafts.contents(session, case)["files"]["attachments"]
    late = handed_in.upload(session, case, editor.person, ready=False)
    entry = {"upload": late.key, "title": {"zh": "图纸"}}
    handed_in.write(session, editor, case, "files", {"attachments": [*attached, entry]})
    assert said(session, editor, case) == ["许可.pdf is still being checked."]
    late.refused = {"id": "No.", "params": {}}
    assert said(session, editor, case) == ["许可.pdf was refused: take it out or bring another."]
    handed_in.write(session, editor, case, "files", {"attachments": attached})
    assert ready(session, editor, case).ready


def test_only_its_readers_see_what_a_draft_lacks(session: Session, editor: Actor) -> None:
    case = handed_in.draft(session, editor)
    stranger = make.member(session, handed_in.organisation(session), "owner")
    for actor in (VISITOR, stranger, make.officer(session)):
        with pytest.raises(Forbidden):
            ready(session, actor, case)
    handed_in.move(session, editor, case, "case.submit")
    assert ready(session, make.officer(session), case).ready


def test_looking_takes_as_many_statements_however_much_there_is(
    session: Session, editor: Actor, statements: list[str]
) -> None:
    small, large = handed_in.draft(session, editor), handed_in.draft(session, editor)
    attached = drafts.contents(session, large)["files"]["attachments"]
    files = [handed_in.upload(session, large, editor.person) for _ in range(5)]
    more = [{"upload": file.key, "title": {"zh": "图"}, "kind": "photo", "audience": "public"} for file in files]
    handed_in.write(session, editor, large, "files", {"attachments": [*attached, *more]})
    taken = []
    for case in (small, large):
        session.flush()
        session.expire_all()
        case.owner_id  # noqa: B018 - the case itself is there already when a page asks
        statements.clear()
        assert ready(session, editor, case).ready
        taken.append(len(statements))
    assert taken == [6, 6]


# What happens when nothing does


def test_what_was_handed_in_is_frozen_and_numbered_and_its_receipt_ordered(database: Database) -> None:
    with database.unit() as session:
        editor = make.member(session, handed_in.organisation(session))
        case = handed_in.draft(session, editor)
    with database.unit() as session:
        handed_in.move(session, editor, session.get_one(Case, case.id), "case.submit")
    with database.reading() as session:
        case = session.get_one(Case, case.id)
        assert (case.state, case.code, case.revision, case.admitted_at) == ("submitted", "MIOT-2026-0001", 0, None)
        assert (case.title_zh, [term.code for term in case.terms]) == (
            handed_in.CONTENTS["basics"]["title"]["zh"],
            ["water-metering"],
        )
        [row] = queries.submissions(session, editor, case)
        assert (row.number, row.at, row.person_id, row.outcome) == (1, make.NOW, editor.person, None)
        assert row.document["code"] == "MIOT-2026-0001"
        assert row.document["contact"]["email"] == "wang@people.example"
        assert row.document["attachments"][0]["sha256"] == "a" * 64
        assert row.digest == Fact("", row.document).digest
        assert (len(row.findings), row.unmet) == (28, 0)
        assert {edit.ended for edit in session.scalars(select(DraftEdit))} == {"submit"}
        [order] = session.scalars(select(Delivery).where(Delivery.kind == "receipt"))
        assert (order.key, order.payload) == (str(row.id), {"submission": row.id})
        [event] = session.scalars(select(Event).where(Event.verb == "case.submit"))
        assert json.loads(event.facts) == [[f"submission:{row.id}", submissions.submission_fact(row).digest]]
        report = check_chain(session, facts.RECOMPUTE)
        assert (report.unbroken, report.rows_checked, report.rows_changed) == (True, 1, [])


@pytest.mark.parametrize(
    ("table", "values", "changed"),
    [
        ("submission", {"document": {"title": {"zh": "另一个"}}}, ["submission:1"]),
        ("submission", {"reason": "Another reason."}, ["decision:1"]),
        ("submission", {"decided_by": "person:99"}, ["decision:1"]),
        ("submission", {"pdf_sha256": "c" * 64}, []),
    ],
)
def test_the_chain_tells_what_was_changed_behind_its_back(
    database: Database, table: str, values: dict[str, Any], changed: list[str]
) -> None:
    with database.unit() as session:
        editor, officer = make.member(session, handed_in.organisation(session)), make.officer(session)
        case = handed_in.draft(session, editor)
        handed_in.move(session, editor, case, "case.submit")
        handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
    with database.reading() as session:
        assert check_chain(session, facts.RECOMPUTE).sound
    with database.unit() as session:
        row = session.get_one(Submission, 1)
        for name, value in values.items():
            setattr(row, name, value)
    with database.reading() as session:
        found = check_chain(session, facts.RECOMPUTE).rows_changed
    assert [each["subject"] for each in found] == changed


def test_the_number_is_of_the_year_in_shanghai(session: Session, editor: Actor) -> None:
    new_year = dt.datetime(2026, 12, 31, 16, 30, tzinfo=dt.UTC)
    cases = [handed_in.draft(session, editor) for _ in range(3)]
    for case, now in zip(cases, (make.NOW, new_year, new_year - dt.timedelta(hours=1)), strict=True):
        handed_in.move(session, editor, case, "case.submit", now=now)
    assert [case.code for case in cases] == ["MIOT-2026-0001", "MIOT-2027-0001", "MIOT-2026-0002"]


def test_an_invented_case_gets_a_number_that_no_packaged_one_has(session: Session) -> None:
    for code in ("DEMO-0001", "DEMO-0003"):
        make.case(session, origin="demo", code=code)
    editor = make.member(session, handed_in.organisation(session, demonstration=True))
    cases = [handed_in.draft(session, editor) for _ in range(2)]
    for case in cases:
        handed_in.move(session, editor, case, "case.submit")
    assert [(case.origin, case.code) for case in cases] == [("demo", "DEMO-0002"), ("demo", "DEMO-0004")]


def test_what_comes_back_is_handed_in_again_under_the_same_number(session: Session, editor: Actor) -> None:
    case, officer = handed_in.draft(session, editor), make.officer(session)
    handed_in.move(session, editor, case, "case.submit")
    handed_in.move(session, officer, case, "case.return", given=handed_in.RETURN)
    handed_in.write(session, editor, case, "basics", {**handed_in.CONTENTS["basics"], "title": TITLE})
    handed_in.move(session, editor, case, "case.submit")
    second, first = queries.submissions(session, editor, case)
    assert [(row.number, row.outcome, row.document["code"]) for row in (first, second)] == [
        (1, "returned", "MIOT-2026-0001"),
        (2, None, "MIOT-2026-0001"),
    ]
    assert (first.document["title"]["zh"], second.document["title"]) == (
        handed_in.CONTENTS["basics"]["title"]["zh"],
        TITLE,
    )


def test_a_change_leaves_the_library_as_it_is_until_it_is_answered(session: Session, editor: Actor) -> None:
    case, officer = handed_in.draft(session, editor), make.officer(session)
    handed_in.move(session, editor, case, "case.submit")
    handed_in.move(session, officer, case, "case.admit", given={})
    assert said(session, editor, case) == ["Nothing differs from what the library has."]
    handed_in.write(session, editor, case, "basics", {})
    assert submissions.readiness(session, editor, case, now=make.NOW).reasons == []
    handed_in.write(session, editor, case, "basics", {**handed_in.CONTENTS["basics"], "title": TITLE})
    handed_in.move(session, editor, case, "case.submit")
    assert (case.state, case.revision, case.title_zh) == (
        "admitted",
        1,
        handed_in.CONTENTS["basics"]["title"]["zh"],
    )
    assert said(session, editor, case) == ["A change of this case was handed in and waits for an answer."]
    handed_in.move(session, officer, case, "case.admit", given={})
    assert (case.state, case.revision, case.title_zh) == ("admitted", 2, TITLE["zh"])
