"""Moves: who, when and why not; and that a step leaves an event or nothing."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog.models import Case
from library.db import Database, unit
from library.errors import Conflict, Forbidden, Invalid, Problem, Text
from library.events import Event, EventDetail, Fact, Facts, since
from library.policy import VISITOR, Actor
from library.workflow import Move, open_moves, step

OFFICER = make.OFFICER
WHY_NOT = [Text("The case has no sources."), Text("The case has no title.")]


def officer(actor: Actor, case: Case) -> bool:
    return actor.has("officer")


def not_yet(session: Session, case: Case, now: dt.datetime) -> list[Text]:
    return [] if case.country else WHY_NOT


def place(session: Session, actor: Actor, case: Case, *, now: dt.datetime, country: str) -> Facts:
    case.country, case.revised_at = country, now
    return [Fact(f"case:{case.id}", country)]


FLOW = (
    Move("case.place", frozenset({"draft"}), "draft", officer, effect=place),
    Move("case.submit", frozenset({"draft"}), "submitted", officer, guard=not_yet),
    Move("case.decline", frozenset({"submitted", "draft"}), "declined", lambda actor, case: True),
    # The same verb from another state and for somebody else, as when an owner's and an officer's paths differ.
    Move("case.submit", frozenset({"declined"}), "returned", lambda actor, case: actor.id == "owner"),
)


@pytest.fixture
def case(session: Session) -> Case:
    with unit(session):
        return make.case(session, state="draft")


def log(session: Session) -> list[tuple[str, str, Any]]:
    rows = session.execute(select(Event, EventDetail.detail).join(EventDetail).order_by(Event.seq))
    return [(event.verb, event.actor, json.loads(detail)) for event, detail in rows]


def names(moves: list[tuple[Move, list[Text]]]) -> list[tuple[str, list[Text]]]:
    return [(move.verb, reasons) for move, reasons in moves]


def test_open_moves_are_those_of_the_state_and_the_actor_each_with_its_reasons(
    session: Session, case: Case
) -> None:
    assert names(open_moves(FLOW, session, OFFICER, case, make.NOW)) == [
        ("case.place", []),
        ("case.submit", WHY_NOT),
        ("case.decline", []),
    ]
    assert names(open_moves(FLOW, session, VISITOR, case, make.NOW)) == [("case.decline", [])]
    step(FLOW, session, VISITOR, case, "case.decline", now=make.NOW)
    assert names(open_moves(FLOW, session, OFFICER, case, make.NOW)) == []
    assert names(open_moves(FLOW, session, Actor("owner"), case, make.NOW)) == [("case.submit", [])]


def test_a_step_moves_the_state_has_its_effect_and_is_recorded_with_its_facts(
    session: Session, case: Case
) -> None:
    with unit(session):
        step(FLOW, session, OFFICER, case, "case.place", now=make.NOW, country="ES", detail={"why": "moved"})
        step(FLOW, session, OFFICER, case, "case.submit", now=make.NOW)
    assert (case.state, case.country, case.revised_at) == ("submitted", "ES", make.NOW)
    assert log(session) == [
        ("case.place", "officer:1", {"from": "draft", "to": "draft", "why": "moved"}),
        ("case.submit", "officer:1", {"from": "draft", "to": "submitted"}),
    ]
    placed, submitted = since(session, 0)
    assert json.loads(placed.facts) == [[f"case:{case.id}", Fact("", "ES").digest]]
    assert (submitted.facts, submitted.subject) == ("[]", f"case:{case.id}")


@pytest.mark.parametrize(
    ("actor", "verb", "problem", "sentence", "reasons"),
    [
        (OFFICER, "case.fly", Conflict, "There is no step called case.fly.", ()),
        (VISITOR, "case.place", Forbidden, "You may not do this.", ()),
        (VISITOR, "case.submit", Forbidden, "You may not do this.", ()),
        (
            Actor("owner"),
            "case.submit",
            Conflict,
            "This step is not open now; the state has changed.",
            (Text("draft"),),
        ),
        (OFFICER, "case.submit", Invalid, "This cannot be done yet.", tuple(WHY_NOT)),
    ],
)
def test_a_refused_step_says_why_and_changes_nothing(
    session: Session,
    case: Case,
    actor: Actor,
    verb: str,
    problem: type[Problem],
    sentence: str,
    reasons: tuple[Text, ...],
) -> None:
    with pytest.raises(problem) as refused:
        step(FLOW, session, actor, case, verb, now=make.NOW)
    assert (str(refused.value), refused.value.reasons) == (sentence, reasons)
    assert case.state == "draft"
    with unit(session):
        pass
    assert log(session) == []


def test_a_step_whose_effect_fails_leaves_neither_state_nor_event(session: Session, case: Case) -> None:
    def half(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> Facts:
        place(session, actor, case, now=now, country="ES")
        session.flush()
        raise LookupError

    flow = [Move("case.place", frozenset({"draft"}), "submitted", officer, effect=half)]
    with pytest.raises(LookupError), unit(session):
        step(flow, session, OFFICER, case, "case.place", now=make.NOW)
    session.refresh(case)
    assert (case.country, case.state) == (None, "draft")
    assert log(session) == []


def test_what_was_typed_just_before_a_step_is_kept(session: Session, case: Case) -> None:
    """The step reads its subject afresh; what is not written yet must not get lost by that."""
    with unit(session):
        case.country = "ES"
        step(FLOW, session, OFFICER, case, "case.submit", now=make.NOW)
    session.refresh(case)
    assert (case.country, case.state) == ("ES", "submitted")


def test_of_two_who_make_the_same_move_at_once_the_second_is_told_that_the_state_has_changed(
    database: Database,
) -> None:
    with database.unit() as session:
        key = make.case(session, state="draft").id
    start = Barrier(2)

    def decline(_: int) -> str:
        try:
            with database.writing() as session:
                start.wait()
                with unit(session):
                    case = session.get_one(Case, key)
                    step(FLOW, session, OFFICER, case, "case.decline", now=make.NOW)
        except Conflict as conflict:
            return str(conflict)
        return "done"

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(decline, range(2)))
    assert answers == ["This step is not open now; the state has changed.", "done"]
    with database.reading() as session:
        assert [event.verb for event in since(session, 0)] == ["case.decline"]


def test_a_step_judges_the_state_as_it_is_not_as_it_was_read(database: Database) -> None:
    with database.unit() as session:
        key = make.case(session, state="draft").id
    with database.writing() as session:
        with unit(session):
            stale = session.get_one(Case, key)
        with database.unit() as other:
            step(FLOW, other, OFFICER, other.get_one(Case, key), "case.decline", now=make.NOW)
        assert stale.state == "draft"
        with pytest.raises(Conflict), unit(session):
            step(FLOW, session, OFFICER, stale, "case.decline", now=make.NOW)
