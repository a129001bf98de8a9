"""The life of a case: every order of moves by every actor, held against a table written down here."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import make
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from library.catalog import operations, policy
from library.catalog.flow import FLOW
from library.catalog.models import Case, Revision
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor
from library.workflow import open_moves, step

# From where each verb leads where. The flow itself is not asked.
TABLE = {
    ("draft", "case.collect"): "admitted",
    ("admitted", "case.revise"): "admitted",
    ("admitted", "case.archive"): "archived",
    ("archived", "case.restore"): "admitted",
}
VERBS = tuple(verb for _, verb in TABLE)
WRITES = ("case.collect", "case.revise")
CURATORS = (make.OFFICER, SYSTEM)
OTHERS = (
    VISITOR,
    *(Actor("person:2", 1, frozenset({role})) for role in ("enterprise", "administrator", "approver")),
)


class Life(RuleBasedStateMachine):
    """One case, moved about; and what should have become of it."""

    database: Database
    born = 0

    @initialize(origin=st.sampled_from(["collected", "demo"]))
    def begin(self, origin: str) -> None:
        Life.born += 1
        self.code = f"{'DEMO' if origin == 'demo' else 'MIOT-P'}-{Life.born:04d}"
        self.origin = origin
        self.titles: list[str] = []
        self.state = "draft"
        self.log: list[tuple[str, str]] = []
        with self.database.unit() as session:
            self.id = make.case(session, origin=origin, state="draft").id

    @rule(
        verb=st.sampled_from(VERBS),
        actor=st.sampled_from([*CURATORS, *OTHERS]),
        title=st.sampled_from(["水表", "气表"]),
        mistake=st.sampled_from([None, None, None, "number", "sector"]),
    )
    def move(self, verb: str, actor: Actor, title: str, mistake: str | None) -> None:
        target = TABLE.get((self.state, verb))
        expected: type[Problem] | None = None
        if actor in OTHERS:
            expected = Forbidden
        elif target is None:
            expected = Conflict
        elif verb in WRITES and mistake == "sector":
            expected = Invalid
        elif verb == "case.revise" and mistake == "number":
            expected = Conflict
        wrong_number = mistake == "number" and verb == "case.revise"
        given = make.document(
            code=f"{self.code[:-4]}9999" if wrong_number else self.code,
            origin=self.origin,
            title={"zh": title},
            sectors=["rockets"] if mistake == "sector" else ["smart-home"],
        )
        if expected is None:
            self.step(actor, verb, given)
            assert target
            self.state = target
            self.log.append((verb, actor.id))
            if verb in WRITES:
                self.titles.append(title)
        else:
            with pytest.raises(expected):
                self.step(actor, verb, given)

    def step(self, actor: Actor, verb: str, given: dict[str, Any]) -> None:
        written = {"document": operations.SCHEMA.load(given)} if verb in WRITES else {}
        if verb == "case.archive":
            written = {"given": {"farewell": "The project has ended."}}
        with self.database.unit() as session:
            step(FLOW, session, actor, session.get_one(Case, self.id), verb, now=make.NOW, **written)

    @invariant()
    def the_case_is_what_its_moves_made_it(self) -> None:
        with self.database.reading() as session:
            case = session.get_one(Case, self.id)
            assert (case.state, case.revision) == (self.state, len(self.titles))
            assert case.code == (self.code if self.titles else None)
            assert case.title_zh == (self.titles[-1] if self.titles else None)
            said = session.scalars(select(Revision).where(Revision.case_id == self.id).order_by(Revision.number))
            assert [(row.number, row.document["title"]["zh"]) for row in said] == list(enumerate(self.titles, 1))
            log = session.scalars(select(Event).where(Event.subject == f"case:{self.id}").order_by(Event.seq))
            assert [(event.verb, event.actor) for event in log] == self.log
            assert policy.may_see(VISITOR, case) == (self.state == "admitted")

    @invariant()
    def the_buttons_are_the_moves_that_the_table_allows(self) -> None:
        with self.database.reading() as session:
            case = session.get_one(Case, self.id)
            for actor, verbs in (
                (make.OFFICER, {verb for state, verb in TABLE if state == self.state}),
                (VISITOR, set()),
            ):
                moves = open_moves(FLOW, session, actor, case, make.NOW)
                assert {move.verb for move, _ in moves} == verbs


def test_any_life_of_a_case(database: Database) -> None:
    with database.unit() as session:
        make.taxonomy(session)
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=12, deadline=None))


@pytest.mark.parametrize("verb", WRITES)
def test_the_library_writes_into_no_case_that_somebody_owns(database: Database, verb: str) -> None:
    with database.unit() as session:
        owner = make.organisation(session)
        case = operations.create(session, VISITOR, origin="submitted", now=make.NOW, owner=owner.id)
        for actor in (*CURATORS, make.member(session, owner)):
            with pytest.raises(Forbidden):
                step(FLOW, session, actor, case, verb, now=make.NOW)


def test_the_event_of_a_revision_fixes_its_document(database: Database) -> None:
    with database.unit() as session:
        case = make.case(session)
        fact = operations.revision_fact(case.revisions[0])
    with database.reading() as session:
        [event] = session.scalars(select(Event))
        assert event.facts == f'[["revision:1","{fact.digest}"]]'
