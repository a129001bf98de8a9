"""Reads of the catalogue: what each actor gets, what nobody gets by accident, and at what price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import make
import pytest
from sqlalchemy.orm import Session

from library.catalog import operations, queries
from library.catalog.flow import FLOW
from library.catalog.models import Attachment, Case
from library.catalog.taxonomy import Taxonomy
from library.db import Database
from library.errors import Gone, Missing, Problem
from library.policy import SYSTEM, VISITOR, Actor
from library.workflow import step

OFFICER = make.OFFICER
INVESTOR = Actor("person:3", organisation=3, roles=frozenset({"investor"}))
EXPERT = Actor("person:4", roles=frozenset({"expert"}))
COPY = {"title": "A copy", "url": "https://copies.example/1"}
PRIVATE = {
    "unit_cost_band": "20-50",
    "data_level": "important",
    "right_to_publish": True,
    "contact": {"name": "王小明", "email": "wang@example.org", "phone": "13800000000"},
}


def owned(session: Session, owner: int, *, state: str = "admitted", code: str = "MIOT-2026-0001") -> Case:
    """A submitted case: its own moves come with the enterprise's editor, so its end state is set by hand."""
    make.taxonomy(session)
    case = operations.create(session, VISITOR, origin="submitted", now=make.NOW, owner=owner)
    document = make.document(code=code, origin="submitted", **PRIVATE)
    document["sources"].append(COPY)
    operations.revise(session, SYSTEM, case, now=make.NOW, document=operations.SCHEMA.load(document))
    case.state = state
    session.flush()
    return case


def revise(session: Session, case: Case, *, now: dt.datetime = make.NOW, **over: Any) -> None:
    document = operations.SCHEMA.load(make.document(**{"code": case.code, "origin": case.origin, **over}))
    step(FLOW, session, SYSTEM, case, "case.revise", now=now, document=document)


# One case


def test_a_case_by_its_number(session: Session) -> None:
    made = make.case(session, code="MIOT-P-0042")
    assert queries.case(session, VISITOR, "MIOT-P-0042") is made


@pytest.mark.parametrize(("state", "problem"), [("draft", Missing), ("archived", Gone)])
def test_a_case_that_is_not_public_is_not_there(session: Session, state: str, problem: type[Problem]) -> None:
    make.case(session, state="admitted")
    hidden = make.case(session, state=state)
    hidden.code = code = "MIOT-P-0042"
    session.flush()
    for actor in (VISITOR, INVESTOR, EXPERT):
        said = {Missing: "There is no case MIOT-P-0042.", Gone: "MIOT-P-0042 is no longer in the library."}
        with pytest.raises(problem) as missing:
            queries.case(session, actor, code)
        assert str(missing.value) == said[problem]
    assert queries.case(session, OFFICER, code) is hidden


def test_an_unpublished_case_is_its_owners_and_no_other_organisations(session: Session) -> None:
    owner, other = make.organisation(session).id, make.organisation(session).id
    made = owned(session, owner, state="submitted")
    assert queries.case(session, Actor("p", owner), "MIOT-2026-0001") is made
    for actor in (VISITOR, Actor("p", other)):
        with pytest.raises(Missing):
            queries.case(session, actor, "MIOT-2026-0001")


def test_revisions_are_readable_for_ever(session: Session) -> None:
    case = make.case(session, title={"zh": "一"})
    revise(session, case, title={"zh": "二"})
    revise(session, case, title={"zh": "三"})
    titles = {
        number: queries.revision(session, VISITOR, case, number).document["title"]["zh"]
        for number in (None, 1, 2, 3)
    }
    assert titles == {None: "三", 1: "一", 2: "二", 3: "三"}
    assert [row.number for row in queries.revisions(session, VISITOR, case)] == [3, 2, 1]


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_revision_that_is_not_there(session: Session, number: int) -> None:
    case = make.case(session)
    make.case(session)
    with pytest.raises(Missing, match=f"MIOT-P-0001 has no revision {number}."):
        queries.revision(session, VISITOR, case, number)


# What a document says to whom


@pytest.mark.parametrize(
    ("role", "hidden"),
    [
        (None, set(PRIVATE)),
        ("investor", set(PRIVATE)),
        ("expert", set(PRIVATE)),
        ("enterprise", set(PRIVATE)),
        ("officer", set()),
        ("approver", set()),
        ("administrator", set()),
        ("owner", set()),
    ],
)
def test_nobody_reads_what_is_not_meant_for_them(session: Session, role: str | None, hidden: set[str]) -> None:
    owner, other = make.organisation(session).id, make.organisation(session).id
    case = owned(session, owner)
    revision = queries.revision(session, VISITOR, case)
    whole = revision.document
    assert PRIVATE.items() <= whole.items()  # there is something to leak
    assert whole["sources"][1]["url"] == COPY["url"]
    actor = Actor("p", owner if role == "owner" else other, frozenset({role} if role else ()))
    seen = queries.document(actor, case, revision)
    assert whole.keys() - seen.keys() == hidden
    linked = [source.get("url") for source in seen["sources"]]
    assert linked == ["https://example.org/1", None if hidden else COPY["url"]]
    secrets = ("王小明", "wang@example.org", "13800000000", "copies.example", "20-50", "important")
    assert [secret for secret in secrets if secret in str(seen)] == ([] if hidden else list(secrets))


def test_a_line_of_a_list_says_nothing_that_its_document_hides(session: Session) -> None:
    case = owned(session, make.organisation(session).id)
    tree = make.taxonomy(session)
    seen = queries.document(VISITOR, case, queries.revision(session, VISITOR, case))
    line = queries.row(case, seen, tree)
    assert line == {
        "code": "MIOT-2026-0001",
        "organisation": {"zh": "示例企业"},
        "origin": "submitted",
        "title": {"en": "Smart water meters", "zh": "智能水表"},
        "summary": {"en": "Water meters read over NB-IoT.", "zh": "经NB-IoT抄读的水表。"},
        "parties": [{"name": {"en": "City Water", "zh": "城市水务"}, "role": "owner"}],
        "direction": "governance",
        "sectors": ["water-metering"],
        "technologies": ["edge-computing"],
        "networks": ["nb-iot"],
        "network_text": None,
        "place": {"country": "CN", "provinces": ["44"], "text": {"en": "Guangdong", "zh": "广东"}},
        "status": "live",
        "as_of": "2025-08",
        "connections": {
            "value": 120_000,
            "kind": "stated",
            "as_of": "2025-08",
            "due": None,
            "scope": "project",
            "bound": "exact",
            "what": {"en": "meters", "zh": "只水表"},
            "verified": None,
            "source": "The Paper",
        },
        "reported": None,
        "target": None,
        "scale": "100k",
    }


def test_a_line_of_a_case_with_a_plan_and_without_a_place(session: Session) -> None:
    plan = make.count(5_000_000, kind="planned", due="2027")
    case = make.case(session, connections=[make.count(as_of=None), plan], place={"text": {"zh": "某地"}})
    seen = queries.document(VISITOR, case, queries.revision(session, VISITOR, case))
    line = queries.row(case, seen, make.taxonomy(session))
    assert line["place"] == {"country": None, "provinces": [], "text": {"zh": "某地"}}
    assert (line["as_of"], line["target"]["value"], line["target"]["due"]) == ("2025-08", 5_000_000, "2027")
    only_plan = make.case(session, connections=[plan])
    seen = queries.document(VISITOR, only_plan, queries.revision(session, VISITOR, only_plan))
    line = queries.row(only_plan, seen, make.taxonomy(session))
    assert (line["connections"]["value"], line["target"], line["scale"]) == (5_000_000, None, "planned")


# Files


def attach(session: Session, case: Case, key: str, **over: Any) -> None:
    kept = {"position": 0, "name": f"{key}.pdf", "title": {"zh": key}, "media_type": "application/pdf", "size": 1}
    session.add(
        Attachment(**{"case_id": case.id, "key": key, "sha256": "0" * 64, "added_at": make.NOW, **kept, **over})
    )
    session.flush()


def test_files_are_for_their_audience_in_their_order_and_gone_when_removed(session: Session) -> None:
    case, other = make.case(session), make.case(session)
    attach(session, case, "second", position=2)
    attach(session, case, "first", position=1)
    attach(session, case, "terms", position=3, audience="investor")
    attach(session, case, "proof", position=4, audience="ministry")
    attach(session, case, "old", removed_at=make.NOW)
    attach(session, other, "others")
    seen = {
        actor: [row.key for row in queries.attachments(session, actor, case)]
        for actor in (VISITOR, INVESTOR, OFFICER)
    }
    assert seen == {
        VISITOR: ["first", "second"],
        INVESTOR: ["first", "second", "terms"],
        OFFICER: ["first", "second", "terms", "proof"],
    }
    assert queries.attachment(session, INVESTOR, case, "terms").name == "terms.pdf"
    for key in ("proof", "old", "others", "none"):
        with pytest.raises(Missing, match="This case has no such file"):
            queries.attachment(session, INVESTOR, case, key)
    step(FLOW, session, SYSTEM, case, "case.archive", now=make.NOW)
    with pytest.raises(Gone, match="is no longer in the library"):
        queries.case(session, INVESTOR, str(case.code))


# Lists


@pytest.fixture
def shelf(database: Database) -> Database:
    """Two real public cases, a demonstration, an archived case and a draft, in this order."""
    with database.unit() as session:
        early, late = make.NOW - dt.timedelta(days=2), make.NOW - dt.timedelta(days=1)
        make.case(session, now=late, connections=[make.count(20_000)])
        make.case(session, now=early, connections=None)
        make.case(session, origin="demo", connections=[make.count(7)])
        make.case(session, state="archived")
        make.case(session, state="draft")
    return database


def test_current_cases_are_the_visible_ones_with_their_current_revision(shelf: Database) -> None:
    with shelf.unit() as session:
        revise(session, session.get_one(Case, 2), title={"zh": "新"})
    with shelf.reading() as session:
        listed = [(case.code, revision.number) for case, revision in queries.current(session, VISITOR)]
        some = [case.id for case, _ in queries.current(session, VISITOR, ids=[4, 3, 1, 99])]
        all_ = [case.id for case, _ in queries.current(session, OFFICER)]
    assert listed == [("MIOT-P-0001", 1), ("MIOT-P-0002", 2), ("DEMO-0003", 1)]
    assert some == [1, 3]
    assert all_ == [1, 2, 3, 4]  # a draft has said nothing yet


def test_headlines_are_of_real_public_cases_or_of_demonstrations(shelf: Database) -> None:
    with shelf.reading() as session:
        for actor in (VISITOR, OFFICER):  # also an officer's totals count what is public only
            real = queries.headlines(session, actor, demonstration=False)
            demo = queries.headlines(session, actor, demonstration=True)
            assert [lead and lead.value for lead in real] == [20_000, None]
            assert [lead and lead.value for lead in demo] == [7]


def test_newest_and_pages_are_of_real_public_cases(shelf: Database) -> None:
    with shelf.reading() as session:
        for actor in (VISITOR, OFFICER):
            assert [case.id for case, _ in queries.newest(session, actor, limit=9)] == [1, 2]
            assert [case.id for case, _ in queries.newest(session, actor, limit=1)] == [1]
            assert [code for code, _ in queries.real_pages(session, actor)] == ["MIOT-P-0001", "MIOT-P-0002"]


def test_a_total_is_of_what_the_actor_sees(shelf: Database) -> None:
    with shelf.reading() as session:
        assert (queries.total(session, VISITOR), queries.total(session, OFFICER)) == (3, 5)


def test_numbers_of_cases_also_of_those_no_longer_shown(shelf: Database) -> None:
    with shelf.reading() as session:
        assert queries.codes(session, [5, 4, 1, 99]) == ["MIOT-P-0001", "MIOT-P-0004"]


def test_open_reports_are_for_those_who_answer_oldest_first(session: Session) -> None:
    case = make.case(session)
    given = {"ground": "error", "text": "x", "contact": "li@example.org"}
    first, second, answered = (
        operations.report(session, VISITOR, case, given=given, now=make.NOW - dt.timedelta(days=age))
        for age in (2, 1, 3)
    )
    operations.answer_report(session, OFFICER, answered, answer="Done.", now=make.NOW)
    assert queries.open_reports(session, OFFICER) == [(first, case), (second, case)]
    for actor in (VISITOR, INVESTOR, Actor("a", roles=frozenset({"administrator"}))):
        assert queries.open_reports(session, actor) == []


def test_a_page_lists_the_leading_count_first(session: Session) -> None:
    values = [(10, "2024", {}), (30, "2026", {"kind": "planned"}), (20, "2025", {})]
    case = make.case(session, connections=[make.count(value, as_of=when, **more) for value, when, more in values])
    assert [count["value"] for count in queries.shown_counts(case)] == [20, 10, 30]


def test_a_biography_goes_by_date_plans_of_the_past_too(session: Session) -> None:
    moments = [
        {"when": "2027", "text": {"zh": "目标"}, "planned": True},
        {"when": "2025-08", "text": {"zh": "建成"}},
        {"when": "2024", "text": {"zh": "开工"}},
        {"when": "2025-01", "text": {"zh": "曾计划"}, "planned": True},
    ]
    evening = dt.datetime(2026, 11, 22, 17, 0, tzinfo=dt.UTC)  # the 23rd in Shanghai
    case = make.case(session, timeline=moments, now=evening)
    seen = queries.document(VISITOR, case, queries.revision(session, VISITOR, case))
    assert [(moment["when"], moment["library"]) for moment in queries.biography(seen, case)] == [
        ("2024", None),
        ("2025-01", None),
        ("2025-08", None),
        ("2026-11-23", "admitted"),
        ("2027", None),
    ]


# The price

LISTS: dict[str, Callable[[Session, Taxonomy], list[Any]]] = {
    "current": lambda session, tree: [
        queries.row(case, queries.document(VISITOR, case, revision), tree)
        for case, revision in queries.current(session, VISITOR)
    ],
    "headlines": lambda session, _: queries.headlines(session, VISITOR, demonstration=False),
    "newest": lambda session, _: [
        (case.code, revision.document["title"]) for case, revision in queries.newest(session, VISITOR, limit=50)
    ],
    "real_pages": lambda session, _: queries.real_pages(session, VISITOR),
    "open_reports": lambda session, _: [
        (report.text, case.code) for report, case in queries.open_reports(session, OFFICER)
    ],
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_three_costs_as_many_statements_as_a_list_of_one(
    database: Database, statements: list[str], name: str
) -> None:
    def add() -> None:
        with database.unit() as session:
            case = make.case(session)
            operations.report(session, VISITOR, case, given={"ground": "error", "text": "x"}, now=make.NOW)

    def cost() -> tuple[int, int]:
        with database.reading() as session:
            statements.clear()
            return len(LISTS[name](session, tree)), sum(sql.startswith("SELECT") for sql in statements)

    with database.unit() as session:
        tree = make.taxonomy(session)
    add()
    one, asked_for_one = cost()
    add()
    add()
    three, asked_for_three = cost()
    assert (one, three) == (1, 3)
    assert asked_for_one == asked_for_three > 0
