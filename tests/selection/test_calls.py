"""What a call says: drafts keep what was typed, announced calls stay right, and what is locked stays."""

from __future__ import annotations

import datetime as dt
from typing import Any

import calling
import make
import pytest
from calling import CLOSING, GRACE, SECOND
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.catalog.schemas import CaseDocument
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid
from library.events import Event, detail
from library.policy import SYSTEM, VISITOR, Actor, can
from library.selection import flow, operations, policy, queries
from library.selection.eligibility import CHECKS, Facts, evaluate
from library.selection.models import Call
from library.selection.schemas import CallDocument, Eligibility


def said(session: Session, **over: Any) -> dict[str, list[str]]:
    make.taxonomy(session)
    found = operations.trouble(session, calling.document(**over))
    return {path: [str(text) for text in texts] for path, texts in found.items()}


def test_a_whole_document_lacks_nothing(session: Session) -> None:
    assert said(session) == {}


@pytest.mark.parametrize(
    ("over", "wrong"),
    [
        ({"title": None}, {"title": ["Fill this in."]}),
        ({"closes_at": "2026-12-01 09:00"}, {"closes_at": ["The call closes after it opens."]}),
        (
            {"opens_at": "2026-02-30 09:00"},
            {"opens_at": ["Write a day and a time in Asia/Shanghai, such as 2026-12-18 17:00."]},
        ),
        ({"notice_days": 0}, {"notice_days": ["Write a number from 1 to 60."]}),
        ({"sectors": ["shoes"]}, {"sectors": ["Choose one of the values that are offered."]}),
        (
            {"rubric": [calling.criterion("effect", 60), calling.criterion("novelty", 30)]},
            {"rubric": ["The weights add to 90; they must add to 100."]},
        ),
        (
            {"rubric": [calling.criterion("effect", 60), calling.criterion("effect", 40)]},
            {"rubric.1.code": ["This short name stands further up already."]},
        ),
        (
            {"rubric": [calling.criterion("risk", 100)]},
            {"sides.0.code": ["This short name stands further up already."]},
        ),
        (
            {"rubric": [calling.criterion("effect", 100, highest=50)]},
            {"rubric.0.reason_high": ["This score is not on the scale from 0 to 50."]},
        ),
        (
            {"rubric": [calling.criterion("effect", 100, highest=99)]},
            {"rubric.0.anchors.1.score": ["This score is not on the scale from 0 to 99."]},
        ),
        (
            {"rubric": [calling.criterion("effect", 100, lowest=100)]},
            {"rubric.0.highest": ["The highest score is above the lowest."]},
        ),
        ({"rubric": [calling.criterion("effect", 100, anchors=[])]}, {"rubric.0.anchors": ["Fill this in."]}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(session: Session, over: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert said(session, **over) == wrong


def test_a_draft_keeps_what_was_typed_and_is_not_announced_before_it_is_right(database: Database) -> None:
    with database.unit() as session:
        officer = make.officer(session)
        wrong = {"notice_days": "soon", "closes_at": "later", "rubric": None, "sectors": ["shoes"]}
        call = calling.draft(session, officer, **wrong)
        number = call.id
    with database.unit() as session:
        call = session.get_one(Call, number)
        assert (call.document["notice_days"], call.document["closes_at"], call.title_zh) == (
            *("soon", "later"),
            "2026年案例征集",
        )
        with pytest.raises(Invalid) as refused:
            flow.decide(session, officer, call, "call.announce", given=calling.WHY, now=make.NOW)
        assert [str(reason) for reason in refused.value.reasons] == [
            "The window is missing or wrong.",
            "Something else in the form is missing or wrong.",
            "The rubric is missing or wrong; its weights must add to 100.",
            "The length of the public notice is missing or wrong.",
        ]


def test_a_window_that_has_ended_is_not_announced(session: Session) -> None:
    officer = make.officer(session)
    call = calling.draft(session, officer)
    with pytest.raises(Invalid) as refused:
        flow.decide(session, officer, call, "call.announce", given=calling.WHY, now=CLOSING + GRACE)
    assert [str(reason) for reason in refused.value.reasons] == ["The window has ended already; set a later one."]
    flow.decide(session, officer, call, "call.announce", given=calling.WHY, now=CLOSING + GRACE - SECOND)


TOO_MUCH = "x" * operations.MOST_CHARACTERS


@pytest.mark.parametrize("text", [{"zh": "a\0b"}, {"zh": TOO_MUCH}, "\ud800"])
def test_what_cannot_be_kept_is_refused(session: Session, text: Any) -> None:
    officer = make.officer(session)
    call = operations.create(session, officer, now=make.NOW)
    with pytest.raises(Invalid):
        operations.save(session, officer, call, content={"text": text}, version=1, now=make.NOW)
    assert (call.document, call.version) == ({}, 1)


def test_announcing_gives_a_number_of_its_kind(session: Session) -> None:
    officer = make.officer(session)
    codes = [calling.announced(session, officer).code, calling.announced(session, officer).code]
    invented = calling.announced(session, officer, demonstration=True)
    assert (codes, invented.code) == (["CALL-2026-0001", "CALL-2026-0002"], "DEMO-CALL-2026-0001")
    assert (invented.last_moment, invented.announced_at) == (CLOSING + GRACE, make.NOW)


def test_the_second_of_two_who_save_is_told(database: Database) -> None:
    with database.unit() as session:
        officer = make.officer(session)
        call = calling.draft(session, officer)
        operations.save(session, officer, call, content=calling.document(reviewers=3), version=2, now=make.NOW)
        with pytest.raises(Conflict):
            operations.save(session, officer, call, content=calling.document(reviewers=7), version=2, now=make.NOW)
        same = calling.document(reviewers=3)
        operations.save(session, officer, call, content=same, version=2, now=make.NOW)  # sent twice
        assert (call.document["reviewers"], call.version) == (3, 3)
        subject = call.subject
    with database.reading() as session:
        seqs = session.scalars(select(Event.seq).where(Event.subject == subject).order_by(Event.seq))
        assert detail(session, seqs.all()[-1]) == {"before": {"reviewers": 5}, "after": {"reviewers": 3}}


def locked_in(session: Session, officer: Actor, call: Call) -> set[str]:
    """Which fields cannot be given another value; the window's is a later one, which it may have at any time."""
    other = calling.document(
        opens_at="2026-12-02 09:00", closes_at="2026-12-30 17:00", grace_minutes=20, sectors=[], places=4,
        eligibility={}, rubric=[calling.criterion("effect", 100)], sides=[], title=calling.both("征集", "Call"),
        text=calling.both("文字", "Text"), reviewers=2, review="open", approvals=1, notice_days=9,
        certificate={}, correction_days=6, most_each=9, review_days=11, severity="reml", penalty=3, selected=7,
        feedback="none", term_months=36,
    )  # fmt: skip
    locked = set()
    for name, value in other.items():
        content = {**call.document, name: value}
        with session.begin_nested() as savepoint:
            try:
                operations.save(session, officer, call, content=content, version=call.version, now=make.NOW)
            except Conflict as problem:
                assert set(problem.fields) == {name}  # noqa: PT017  (which of them conflict is the question)
                locked.add(name)
            savepoint.rollback()
        session.refresh(call)
    return locked


def test_what_entrants_relied_on_is_locked_and_a_frozen_rubric_is(session: Session) -> None:
    officer = make.officer(session)
    assert locked_in(session, officer, calling.draft(session, officer)) == set()
    assert locked_in(session, officer, calling.announced(session, officer)) == set()
    assert locked_in(session, officer, calling.opened(session, officer)) == {"opens_at"}
    late = calling.closed(session, officer)
    window = {"opens_at", "closes_at", "grace_minutes", "sectors", "eligibility"}
    assert locked_in(session, officer, late) == window
    late.rubric_frozen_at = make.NOW
    session.flush()
    assert locked_in(session, officer, late) == window | {"rubric", "sides", "severity", "penalty"}
    flow.decide(session, officer, late, "call.cancel", given=calling.WHY, now=make.NOW)
    assert locked_in(session, officer, late) == set(CallDocument().fields)


def test_an_announced_call_stays_right(session: Session) -> None:
    officer = make.officer(session)
    call = calling.opened(session, officer)
    for field, value in (("notice_days", "soon"), ("closes_at", "2026-12-01 09:30")):
        content = calling.document(**{field: value})
        now = calling.OPENING + dt.timedelta(hours=1)
        with pytest.raises(Invalid) as refused:
            operations.save(session, officer, call, content=content, version=call.version, now=now)
        assert list(refused.value.fields) == [field]
    content = calling.document(closes_at="2026-12-20 17:00")
    operations.save(session, officer, call, content=content, version=call.version, now=make.NOW)
    assert call.closes_at == CLOSING + dt.timedelta(days=2)


def test_a_copy_has_all_but_the_window(session: Session) -> None:
    officer = make.officer(session)
    call = calling.announced(session, officer, demonstration=True)
    copied = operations.create(session, officer, copied=call, now=make.NOW)
    assert copied.document == calling.document(opens_at=None, closes_at=None)
    assert (copied.code, copied.state, copied.demonstration) == (None, "draft", True)
    assert (copied.opens_at, copied.title_en) == (None, "Call for cases 2026")


@pytest.mark.parametrize(
    "values",
    [
        {"code": None},
        {"announced_at": None, "code": None},
        {"closes_at": calling.OPENING},
        {"state": "cancelled"},
        {"state": "finished"},
        {"grace_minutes": -1},
        {"title_zh": None},
    ],
)
def test_the_database_forbids_the_impossible(session: Session, values: dict[str, Any]) -> None:
    call = calling.announced(session, make.officer(session))
    with pytest.raises(IntegrityError):
        session.execute(update(Call).where(Call.id == call.id).values(**values))


ACTORS = (
    VISITOR,
    SYSTEM,
    Actor("person:1", 1, membership="owner"),
    *(Actor("person:1", roles=frozenset({role})) for role in ("officer", "approver", "administrator", "expert")),
)


def test_the_predicate_and_the_where_agree_and_drafts_are_the_officers(session: Session) -> None:
    officer = make.officer(session)
    made = [calling.draft(session, officer), calling.announced(session, officer), calling.closed(session, officer)]
    for call in (calling.draft(session, officer), calling.announced(session, officer)):
        flow.decide(session, officer, call, "call.cancel", given=calling.WHY, now=make.NOW)
        made.append(call)
    openly = {made[1].id, made[2].id, made[4].id}
    for actor in ACTORS:
        listed = set(session.scalars(select(Call.id).where(policy.visible(actor))))
        allowed = {call.id for call in made if can(policy.RULES, actor, "call.see", call)}
        assert listed == allowed == ({call.id for call in made} if actor.has("officer", "system") else openly)
        assert {call.id for call in queries.calls(session, actor)} == listed
        assert queries.total(session, actor) == len(listed)


@pytest.mark.parametrize("actor", ACTORS, ids=str)
def test_only_officers_write(session: Session, actor: Actor) -> None:
    call = calling.draft(session, make.officer(session))
    if actor.has("officer"):
        operations.create(session, actor, now=make.NOW)
        return
    for act in (
        lambda: operations.create(session, actor, now=make.NOW),
        lambda: operations.save(session, actor, call, content={}, version=2, now=make.NOW),
        lambda: flow.decide(session, actor, call, "call.cancel", given=calling.WHY, now=make.NOW),
    ):
        with pytest.raises(Forbidden):
            act()


# Which cases may enter ---------------------------------------------------------------------------------------

FACTS = Facts(today=make.NOW.date(), direction="governance", sectors=frozenset({"water-metering", "metering"}))
LATER = FACTS.today + dt.timedelta(days=1)


def unmet(asked: dict[str, Any], facts: Facts = FACTS, **over: Any) -> list[str]:
    """The checks that a case does not meet in a call that asks for these."""
    sectors = asked.pop("sectors", [])
    call = CallDocument().load(calling.document(eligibility=asked, sectors=sectors))
    findings = evaluate(call, CaseDocument().load(make.document(**over)), facts)
    return [finding.check for finding in findings if not finding.met]


PLAN = make.count(900_000, kind="planned")


@pytest.mark.parametrize(
    ("asked", "over", "wrong"),
    [
        ({}, {}, []),
        ({"sectors": ["metering"]}, {}, []),
        ({"sectors": ["smart-home"]}, {}, ["sectors"]),
        ({"statuses": ["live", "pilot"]}, {}, []),
        ({"statuses": ["ended"]}, {}, ["statuses"]),
        ({"count_kinds": ["online"]}, {}, ["count_kinds"]),
        ({"count_kinds": ["stated"]}, {}, []),
        ({"count_kinds": ["stated"]}, {"connections": [make.count(scope="city")]}, ["count_kinds"]),
        ({"min_connections": 120_000}, {}, []),
        ({"min_connections": 120_001}, {}, ["min_connections"]),
        ({"min_connections": 100_000}, {"connections": [PLAN]}, ["min_connections"]),
        ({"min_connections": 100_000, "count_kinds": ["online"]}, {}, ["count_kinds", "min_connections"]),
        ({"not_planned": True}, {"status": "unknown", "connections": [PLAN]}, ["not_planned"]),
        ({"not_planned": True}, {"status": "pilot", "connections": [PLAN]}, []),
        ({"not_planned": True}, {"status": "unknown"}, []),
    ],
)
def test_what_a_case_says_of_itself(asked: dict[str, Any], over: dict[str, Any], wrong: list[str]) -> None:
    assert unmet(asked, **over) == wrong


def test_a_benchmark_waits_for_the_end_of_its_term_and_a_direction_takes_one_entry() -> None:
    facts = Facts(FACTS.today, FACTS.direction, FACTS.sectors, LATER, {"governance": "CALL-2026-0001-007"})
    asked = {"benchmark_term": True, "one_per_direction": True}
    call = CallDocument().load(calling.document(eligibility=asked, sectors=[]))
    case = CaseDocument().load(make.document())
    assert [str(finding.why) for finding in evaluate(call, case, facts)] == [
        "The project is a benchmark until 2026-11-23; it may enter after that.",
        "Your organisation has entered CALL-2026-0001-007 in this direction already.",
    ]
    over = Facts(LATER + dt.timedelta(days=1), "industry", FACTS.sectors, LATER, facts.entered)
    assert [finding.why for finding in evaluate(call, case, over)] == [None, None]


def test_every_check_of_the_form_is_evaluated() -> None:
    assert set(CHECKS) == {*Eligibility().fields, "sectors"}
