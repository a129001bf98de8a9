"""Any life of a call: moves by everybody at any time, held against a table; and the clock to the second."""

from __future__ import annotations

import calling
import hypothesis.strategies as st
import make
import pytest
from calling import CLOSING, GRACE, OPENING, SECOND
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from racing import at_once
from sqlalchemy import select

from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor
from library.selection import flow
from library.selection.models import BEFORE_PUBLISHED, Call
from library.workflow import open_moves, step

LAST = CLOSING + GRACE
# Who may, from where, where to; and from when until when.
TABLE = {
    "call.announce": ("officer", {"draft"}, "announced"),
    "call.open": ("system", {"announced"}, "open"),
    "call.close": ("system", {"open"}, "closed"),
    "call.check": ("officer", {"closed"}, "formal_check"),
    "call.score": ("officer", {"formal_check"}, "scoring"),
    "call.rank": ("officer", {"scoring"}, "ranking"),
    "call.approve": ("officer", {"ranking"}, "approval"),
    "call.cancel": ("officer", set(BEFORE_PUBLISHED), "cancelled"),
}
ROLES = ("officer", "approver", "administrator", "expert", "system", "owner", "visitor")
TIMES = (make.NOW, OPENING - SECOND, OPENING, LAST, LAST + SECOND)


class Life(RuleBasedStateMachine):
    """One call; time only goes on."""

    database: Database

    @initialize(complete=st.booleans())
    def begin(self, complete: bool) -> None:
        with self.database.unit() as session:
            self.actors: dict[str, Actor] = {
                **{role: make.officer(session, role) for role in ROLES[:4]},
                **{"system": SYSTEM, "visitor": VISITOR},
                "owner": make.member(session, make.organisation(session), "owner"),
            }
            over = {} if complete else {"rubric": None}
            self.id = calling.draft(session, self.actors["officer"], **over).id
        self.complete, self.state, self.now, self.log = complete, "draft", make.NOW, list[str]()

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        who, sources, _ = TABLE[verb]
        if role != who:
            return Forbidden
        if self.state not in sources:
            return Conflict
        ready = {
            "call.announce": self.complete and self.now < LAST,
            "call.open": self.now >= OPENING,
            "call.close": self.now > LAST,
            **dict.fromkeys(("call.score", "call.rank", "call.approve"), False),  # nobody has entered
        }
        return None if ready.get(verb, True) else Invalid

    @rule(verb=st.sampled_from(sorted(TABLE)), role=st.sampled_from(ROLES))
    def move(self, verb: str, role: str) -> None:
        if problem := self.expected(role, verb):
            with pytest.raises(problem):
                self.step(role, verb)
            return
        self.step(role, verb)
        self.state = TABLE[verb][2]
        self.log.append(verb)

    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        """One of the moves that are open, the end of it all less often; else a life would hardly get far."""
        ways = [verb for verb in TABLE if verb != "call.cancel" and not self.expected(TABLE[verb][0], verb)]
        if ways:
            verb = data.draw(st.sampled_from(ways))
            self.move(verb, TABLE[verb][0])

    @rule()
    def time_goes_on(self) -> None:
        self.now = min((time for time in TIMES if time > self.now), default=self.now)

    @rule()
    def the_worker_looks(self) -> None:
        with self.database.unit() as session:
            flow.keep_time(session, now=self.now)
        for verb in ("call.open", "call.close"):
            if self.expected("system", verb) is None:
                self.state = TABLE[verb][2]
                self.log.append(verb)

    def step(self, role: str, verb: str) -> None:
        with self.database.unit() as session:
            call = session.get_one(Call, self.id)
            if TABLE[verb][0] == "system":
                step(flow.FLOW, session, self.actors[role], call, verb, now=self.now)
            else:
                flow.decide(session, self.actors[role], call, verb, given=calling.WHY, now=self.now)

    @invariant()
    def the_history_explains_the_state_and_the_buttons_are_the_table(self) -> None:
        with self.database.reading() as session:
            call = session.get_one(Call, self.id)
            verbs = session.scalars(select(Event.verb).where(Event.subject == call.subject).order_by(Event.seq))
            assert [verb for verb in verbs if verb in TABLE] == self.log
            assert (call.state, call.announced_at is not None) == (self.state, "call.announce" in self.log)
            for role, actor in self.actors.items():
                shown = {move.verb for move, reasons in open_moves(flow.FLOW, session, actor, call, self.now)}
                assert shown == {verb for verb, (who, at, _) in TABLE.items() if who == role and self.state in at}


def test_any_life_of_a_call(database: Database) -> None:
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))


def test_a_worker_that_slept_opens_and_closes_in_one_look(database: Database) -> None:
    with database.unit() as session:
        call = calling.announced(session, make.officer(session))
    with database.unit() as session:
        flow.keep_time(session, now=LAST + SECOND)
    with database.reading() as session:
        assert session.get_one(Call, call.id).state == "closed"


def test_two_workers_open_a_call_once(database: Database) -> None:
    with database.unit() as session:
        call = calling.announced(session, make.officer(session))

    def look() -> None:
        with database.unit() as session:
            flow.keep_time(session, now=OPENING)

    at_once(database, look, look)
    with database.reading() as session:
        verbs = session.scalars(select(Event.verb).where(Event.subject == call.subject, Event.verb == "call.open"))
        assert verbs.all() == ["call.open"]


def test_a_move_needs_its_reason(database: Database) -> None:
    with database.unit() as session:
        officer = make.officer(session)
        call = calling.draft(session, officer)
    for given in ({}, {"reason": "  "}):
        with pytest.raises(Invalid) as refused, database.unit() as session:
            flow.decide(session, officer, session.get_one(Call, call.id), "call.cancel", given=given, now=make.NOW)
        assert set(refused.value.fields) == {"reason"}
