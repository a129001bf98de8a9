"""Entering and recommending: to the second, in one direction, over no quota, two at once; who sees an entry."""

from __future__ import annotations

import random
from typing import Any

import calling
import entering
import hypothesis.strategies as st
import make
import pytest
from hypothesis import HealthCheck, given, settings
from racing import at_once
from sqlalchemy import select, update

from library.accounts import flow
from library.db import Database
from library.errors import Problem
from library.policy import SYSTEM, Actor
from library.selection import entries, entry_flow, entry_policy, entry_queries
from library.selection.entry_models import ENTRY_STATES, PUBLIC, Entry
from library.selection.models import Call, Quota

GIVEN = {"true": "yes", "attestation": "属实。", "signer": "李主任", "post": "处长"}


@pytest.fixture
def scene(database: Database) -> dict[str, Any]:
    """An open call, a verified enterprise with two people and two cases, a recommending body with one place."""
    with database.unit() as session:
        call = calling.opened(session, make.officer(session), eligibility={"one_per_direction": True})
        firm, an = entering.applicant(session)
        body, ra = entering.recommender(session, call, 1)
        return {
            "call": call.id,
            "an": an,
            "bo": make.member(session, firm, "editor"),
            "ra": ra,
            "rb": make.member(session, body, "editor"),
            "cases": [entering.case(session, an).code, entering.case(session, an).code],
            "by": body.key,
            "body": body.id,
        }


def enter(database: Database, scene: dict[str, Any], who: str, case: int = 0, at: Any = calling.OPENING) -> str:
    """The number of the entry, or the sentence of the refusal."""
    given = {"case": scene["cases"][case], "recommender": scene["by"], "masks": ["示例"]}
    try:
        with database.unit() as session:
            call = session.get_one(Call, scene["call"])
            found = entries.enter(session, scene[who], call, given=given, now=at, rng=random.Random(3))
            return found.code
    except Problem as problem:
        return " ".join(str(each) for each in [problem.text, *problem.reasons])


def count(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(Entry)).all())


def test_two_colleagues_enter_the_same_case_once(database: Database, scene: dict[str, Any]) -> None:
    said = at_once(database, lambda: enter(database, scene, "an"), lambda: enter(database, scene, "bo"))
    assert (count(database), sum("is in this call already" in each for each in said)) == (1, 1), said


def test_of_two_cases_in_one_direction_at_once_the_second_names_the_first(
    database: Database, scene: dict[str, Any]
) -> None:
    said = at_once(database, lambda: enter(database, scene, "an", 0), lambda: enter(database, scene, "bo", 1))
    first = next(each for each in said if each.startswith("CALL-"))
    second = next(each for each in said if not each.startswith("CALL-"))
    assert f"has entered {first} in this direction already" in second
    assert count(database) == 1


def test_the_last_second_and_the_first_one_past_it(database: Database, scene: dict[str, Any]) -> None:
    last = calling.CLOSING + calling.GRACE
    assert "The call opens at 2026-12-01 09:00" in enter(
        database, scene, "an", at=calling.OPENING - calling.SECOND
    )
    assert "The call closed at 2026-12-18 17:10" in enter(database, scene, "an", at=last + calling.SECOND)
    assert enter(database, scene, "an", at=last).startswith("CALL-")


def recommended(database: Database, scene: dict[str, Any], who: str, number: int) -> str:
    try:
        with database.unit() as session:
            entry = session.get_one(Entry, number)
            given = GIVEN
            entry_flow.decide(session, scene[who], entry, "entry.recommend", given=given, now=calling.OPENING)
            return "done"
    except Problem as problem:
        return " ".join(str(each) for each in [problem.text, *problem.reasons])


def test_two_people_never_use_the_last_place_twice_and_withdrawing_frees_it(
    database: Database, scene: dict[str, Any]
) -> None:
    with database.unit() as session:
        call = session.get_one(Call, scene["call"])
        body = session.get_one(Quota, (call.id, scene["body"])).organisation
        owners = [entering.applicant(session)[1] for _ in range(2)]
        made = [entering.entry(session, call, "entered", owner=owner, by=body) for owner in owners]
        one, two = (row.id for row in made)
    said = at_once(
        database,
        lambda: recommended(database, scene, "ra", one),
        lambda: recommended(database, scene, "rb", two),
    )
    assert sorted(each == "done" for each in said) == [False, True]
    assert any("1 of 1 used." in each for each in said), said
    with database.reading() as session:
        assert session.get_one(Quota, (scene["call"], scene["body"])).used == 1
        taken, left = (one, two) if session.get_one(Entry, one).state == "recommended" else (two, one)

    def withdraw() -> str:
        try:
            with database.unit() as session:
                entry = session.get_one(Entry, taken)
                owner = owners[[one, two].index(taken)]
                entry_flow.decide(session, owner, entry, "entry.withdraw", given={}, now=calling.OPENING)
                return "done"
        except Problem as problem:
            return type(problem).__name__

    assert sorted(at_once(database, withdraw, withdraw)) == ["Conflict", "done"]
    with database.reading() as session:
        assert session.get_one(Quota, (scene["call"], scene["body"])).used == 0
    assert recommended(database, scene, "ra", left) == "done"


def test_numbers_are_drawn_and_the_space_grows_with_what_is_taken(database: Database) -> None:
    with database.unit() as session:
        call = calling.opened(session, make.officer(session))
        rng = random.Random(7)
        first = entries.draw_number(call, set(), rng)
        crowd = {f"{call.code}-{number:03d}" for number in range(1, 502)}
        later = entries.draw_number(call, crowd, rng)
        full = {f"{call.code}-{number:03d}" for number in range(1, 500)}
        last = entries.draw_number(call, full, random.Random(1))
        assert [len(code.rpartition("-")[2]) for code in (first, later, last)] == [3, 4, 3]
        assert last not in full
        assert first != entries.draw_number(call, set(), rng)


def test_what_a_closed_organisation_leaves_is_withdrawn_and_the_place_freed(
    database: Database, scene: dict[str, Any]
) -> None:
    with database.unit() as session:
        call = session.get_one(Call, scene["call"])
        body = session.get_one(Quota, (call.id, scene["body"])).organisation
        firm, owner = entering.applicant(session)
        row = entering.entry(session, call, "recommended", owner=owner, by=body)
        kept = entering.entry(session, call, "entered", by=body)
        flow.decide(session, owner, firm, "organisation.close", reason="合并。", now=make.NOW)
    for expected in (1, 0):
        with database.unit() as session:
            assert entry_flow.wind_up(session, now=entering.LATER) == expected
    with database.reading() as session:
        assert [session.get_one(Entry, each.id).state for each in (row, kept)] == ["withdrawn", "entered"]
        assert session.get_one(Quota, (scene["call"], scene["body"])).used == 0


@given(state=st.sampled_from(ENTRY_STATES), role=st.sampled_from([*entering.CAST, "approver"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_sees_an_entry_is_the_same_as_a_rule_and_as_a_select(
    looked_at: tuple[Database, dict[str, Actor], int], state: str, role: str
) -> None:
    """Both read rules, for everybody, in every state; an expert knows of none that was not announced."""
    database, actors, number = looked_at
    with database.writing() as session:
        due = entering.LATER if state == "needs_correction" else None
        session.execute(update(Entry).where(Entry.id == number).values(state=state, due=due))
        entry, actor = session.get_one(Entry, number), actors[role]
        for predicate, where in (
            (entry_policy.may_see, entry_policy.visible),
            (entry_policy.may_follow, entry_policy.followed),
        ):
            found = session.scalars(select(Entry.id).where(where(actor))).all()
            assert predicate(actor, entry) == (number in found)
        near = role not in ("rb", "expert", "visitor")
        assert entry_policy.may_follow(actor, entry) == near
        assert entry_policy.may_see(actor, entry) == (near or state in PUBLIC)
        session.rollback()


@pytest.fixture
def looked_at(database: Database) -> tuple[Database, dict[str, Actor], int]:
    with database.unit() as session:
        call = calling.opened(session, make.officer(session))
        actors, body = entering.cast(session, call)
        row = entering.entry(session, call, "recommended", owner=actors["an"], by=body)
        return database, actors, row.id


def test_lists_ask_the_same_number_of_statements_for_one_and_for_three(
    database: Database, scene: dict[str, Any], statements: list[str]
) -> None:
    counted = []
    for many in (1, 2):
        with database.unit() as session:
            call = session.get_one(Call, scene["call"])
            quota = session.get_one(Quota, (call.id, scene["body"]))
            for _ in range(many):
                entering.entry(session, call, "entered", by=quota.organisation)
        statements.clear()
        with database.reading() as session:
            call = session.get_one(Call, scene["call"])
            asked = [row.case.title_zh for row in entry_queries.asked_of(session, scene["ra"], call)]
            told = [
                f"{row.call.code} {row.revision.number}" for row in entry_queries.of_call(session, SYSTEM, call)
            ]
            counted.append((len(statements), len(asked), len(told)))
    assert counted == [(counted[0][0], 1, 1), (counted[0][0], 3, 3)]
