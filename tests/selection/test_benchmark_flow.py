"""Any life of a benchmark project: moves by everybody at any time, held against a table; and its clock."""

from __future__ import annotations

import datetime as dt

import hypothesis.strategies as st
import make
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from published import AFTER, published
from sqlalchemy import select

from library.chain import check_chain
from library.db import Database
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor
from library.selection import benchmark_flow as flow
from library.selection import facts, publishing
from library.selection.benchmark_models import STANDING, Benchmark, Certificate
from library.workflow import open_moves, step

# Who may, from where, where to.
TABLE = {
    "benchmark.due": ("system", {"active", "renewed"}, "due_for_review"),
    "benchmark.expire": ("system", {"active", "renewed", "due_for_review"}, "expired"),
    "benchmark.renew": ("officer", {"due_for_review"}, "renewed"),
    "benchmark.revoke": ("approver", {"active", "renewed", "due_for_review"}, "revoked"),
}
ROLES = ("officer", "approver", "administrator", "expert", "system", "owner", "visitor")
GIVEN = {"benchmark.renew": {"months": "12", "reason": "运行良好。"}, "benchmark.revoke": {"reason": "数据不实。"}}
UNTIL = "2029-03-08"
QUARTER, YEAR = dt.timedelta(days=100), dt.timedelta(days=366)


class Life(RuleBasedStateMachine):
    """One project; time only goes on."""

    database: Database

    @initialize()
    def begin(self) -> None:
        published(self.database)
        with self.database.unit() as session:
            row = session.scalars(select(Benchmark).order_by(Benchmark.id.desc()).limit(1)).one()
            self.id, owner = row.id, make.member(session, row.organisation, "owner")
            self.actors: dict[str, Actor] = {
                **{role: make.officer(session, role) for role in ROLES[:4]},
                **{"system": SYSTEM, "visitor": VISITOR, "owner": owner},
            }
        self.state, self.until, self.now, self.log = "active", UNTIL, AFTER, list[str]()

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        who, sources, _ = TABLE[verb]
        if role != who:
            return Forbidden
        if self.state not in sources:
            return Conflict
        day = self.now.date().isoformat()
        near = dt.date.fromisoformat(self.until) - dt.timedelta(days=89) <= self.now.date()
        ready = {
            "benchmark.due": near,
            "benchmark.expire": day > self.until,
            "benchmark.renew": day <= self.until,
        }
        return None if ready.get(verb, True) else Invalid

    @rule(verb=st.sampled_from(sorted(TABLE)), role=st.sampled_from(ROLES))
    def move(self, verb: str, role: str) -> None:
        if problem := self.expected(role, verb):
            with pytest.raises(problem):
                self.step(role, verb)
            return
        self.step(role, verb)
        self.noted(verb)

    def noted(self, verb: str) -> None:
        self.state = TABLE[verb][2]
        self.log.append(verb)
        if verb == "benchmark.renew":
            self.until = f"{int(self.until[:4]) + 1}{self.until[4:]}"

    def step(self, role: str, verb: str) -> None:
        with self.database.unit() as session:
            row = session.get_one(Benchmark, self.id)
            if verb in GIVEN:
                flow.decide(session, self.actors[role], row, verb, given=GIVEN[verb], now=self.now)
            else:
                step(flow.FLOW, session, self.actors[role], row, verb, now=self.now)

    @rule(by=st.sampled_from([QUARTER, YEAR]))
    def time_goes_on(self, by: dt.timedelta) -> None:
        self.now += by

    @rule()
    def the_worker_looks(self) -> None:
        with self.database.unit() as session:
            flow.keep_time(session, now=self.now)
        for verb in ("benchmark.expire", "benchmark.due"):
            if self.expected("system", verb) is None:
                self.noted(verb)

    @invariant()
    def the_history_explains_the_state_and_the_buttons_are_the_table(self) -> None:
        with self.database.reading() as session:
            row = session.get_one(Benchmark, self.id)
            verbs = session.scalars(select(Event.verb).where(Event.subject == row.subject).order_by(Event.seq))
            assert [verb for verb in verbs if verb in TABLE] == self.log
            assert (row.state, row.valid_until) == (self.state, self.until)
            for role, actor in self.actors.items():
                shown = {move.verb for move, _ in open_moves(flow.FLOW, session, actor, row, self.now)}
                assert shown == {verb for verb, (who, at, _) in TABLE.items() if who == role and self.state in at}


def test_any_life_of_a_benchmark_project(database: Database) -> None:
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=12, deadline=None))
    with database.reading() as session:
        assert check_chain(session, facts.RECOMPUTE).sound


def test_a_project_is_due_three_months_before_its_end_to_the_day(database: Database) -> None:
    published(database)
    for day, state in (("2028-12-08", "active"), ("2028-12-09", "due_for_review"), ("2029-03-09", "expired")):
        now = dt.datetime.fromisoformat(f"{day}T12:00:00+08:00")
        with database.unit() as session:
            flow.keep_time(session, now=now)
        with database.reading() as session:
            assert session.scalars(select(Benchmark.state)).one() == state


def test_a_renewed_project_gets_its_certificate_drawn_again(database: Database) -> None:
    published(database)
    with database.unit() as session:
        officer = make.officer(session)
        row = session.scalars(select(Benchmark)).one()
        session.scalars(select(Certificate)).one().pdf_sha256 = "a" * 64
        step(flow.FLOW, session, SYSTEM, row, "benchmark.due", now=dt.datetime(2029, 1, 1, tzinfo=dt.UTC))
        now = dt.datetime(2029, 1, 2, tzinfo=dt.UTC)
        flow.decide(session, officer, row, "benchmark.renew", given=GIVEN["benchmark.renew"], now=now)
        assert (row.valid_until, row.renewed_on) == ("2030-03-08", "2029-01-02")
        assert session.scalars(select(Certificate.pdf_sha256)).one() is None
        drawn = session.scalars(select(Delivery).where(Delivery.kind == publishing.DRAW)).all()
        assert len(drawn) == 2


@pytest.mark.parametrize(
    "given", [{}, {"reason": " "}, {"reason": "好", "months": "0"}, {"reason": "好", "months": "x"}]
)
def test_a_renewal_needs_a_reason_and_a_term(database: Database, given: dict[str, str]) -> None:
    published(database)
    with database.writing() as session:
        row, officer = session.scalars(select(Benchmark)).one(), make.officer(session)
        with pytest.raises(Invalid):
            flow.decide(session, officer, row, "benchmark.renew", given=given, now=AFTER)


def test_nobody_decides_about_the_own_organisation(database: Database) -> None:
    published(database)
    with database.unit() as session:
        row = session.scalars(select(Benchmark)).one()
        member = make.member(session, row.organisation, "commenter")
        insider = Actor(member.id, roles=frozenset({"approver"}), person=member.person)
        with pytest.raises(Forbidden):
            flow.decide(session, insider, row, "benchmark.revoke", given={"reason": "不实"}, now=AFTER)
        assert row.state in STANDING
