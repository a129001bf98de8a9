"""Any life of an entry up to the form check's end: moves by everybody at any time, held against a table."""

from __future__ import annotations

import random
from typing import Any

import calling
import entering
import hypothesis.strategies as st
import make
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update

from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import SYSTEM
from library.selection import entries, entry_flow
from library.selection.entry_models import Entry
from library.selection.models import Call, Quota
from library.workflow import open_moves, step

GIVEN: dict[str, dict[str, Any]] = {
    "entry.recommend": {"true": "yes", "attestation": "属实。", "signer": "李主任", "post": "处长"},
    "entry.decline": {"reason": "材料不全。"},
    "entry.pass": {},
    "entry.return": {"fields": ["title"], "reason": "标题太笼统。", "days": 3},
    "entry.fail": {"reason": "不符合条件。"},
    "entry.correct": {},
    "entry.withdraw": {},
}
WITHDRAWN_FROM = {"entered", "recommended", "check_passed", "needs_correction", "in_review", "shortlisted"}
# Who may, from where, where to.
TABLE: dict[str, tuple[set[str], set[str], str]] = {
    "entry.recommend": ({"ra"}, {"entered"}, "recommended"),
    "entry.decline": ({"ra"}, {"entered"}, "not_recommended"),
    "entry.pass": ({"officer"}, {"recommended"}, "check_passed"),
    "entry.return": ({"officer"}, {"recommended", "needs_correction"}, "needs_correction"),
    "entry.fail": ({"officer"}, {"recommended", "needs_correction"}, "check_failed"),
    "entry.correct": ({"an", "editor"}, {"needs_correction"}, "recommended"),
    "entry.withdraw": ({"an", "editor", "system"}, WITHDRAWN_FROM, "withdrawn"),
}
CALLS = ("open", "formal_check", "scoring", "cancelled")


class Life(RuleBasedStateMachine):
    """One entry in a call whose own state changes under it; one place of two is free at the beginning."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            call = calling.opened(session, make.officer(session))
            self.actors, body = entering.cast(session, call)
            case = entering.case(session, self.actors["an"])
            given = {"case": case.code, "recommender": body.key, "masks": ["示例"]}
            at = {"now": calling.OPENING, "rng": random.Random(5)}
            self.id = entries.enter(session, self.actors["an"], call, given=given, **at).id
            self.call, self.body = call.id, body.id
        self.state, self.calls, self.log, self.used, self.late = "entered", "open", list[str](), 0, False

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        who, sources, _ = TABLE[verb]
        if role not in who and not (role == "insider" and verb in ("entry.pass", "entry.return", "entry.fail")):
            return Forbidden
        if self.state not in sources:
            return Conflict
        checking = self.calls == "formal_check" and (self.state == "recommended" or self.late)
        ready = {
            **dict.fromkeys(("entry.recommend", "entry.decline"), self.calls in ("open", "formal_check")),
            **dict.fromkeys(("entry.pass", "entry.return", "entry.fail"), checking),
            "entry.correct": False,  # the library has no newer revision
            "entry.withdraw": self.calls != "cancelled",
        }
        if not ready[verb]:
            return Invalid
        return Forbidden if role == "insider" else None

    @rule(verb=st.sampled_from(sorted(TABLE)), role=st.sampled_from(entering.CAST))
    def move(self, verb: str, role: str) -> None:
        if problem := self.expected(role, verb):
            with pytest.raises(problem):
                self.step(role, verb)
            return
        self.step(role, verb)
        had_place = self.state not in ("entered", "not_recommended")
        self.state = TABLE[verb][2]
        self.log.append(verb)
        self.late = False
        if verb == "entry.recommend":
            self.used += 1
        if verb == "entry.withdraw" and had_place:
            self.used -= 1

    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        """One of the moves that are open, the end of it all less often."""
        ways = [
            (verb, role)
            for verb, (who, _, to) in TABLE.items()
            for role in sorted(who)
            if to in ("recommended", "needs_correction", "check_passed") and not self.expected(role, verb)
        ]
        if ways:
            self.move(*data.draw(st.sampled_from(ways)))

    @rule(state=st.sampled_from(CALLS))
    def the_call_moves(self, state: str) -> None:
        self.calls = state
        with self.database.unit() as session:
            farewell = "取消。" if state == "cancelled" else None
            moved = update(Call).where(Call.id == self.call).values(state=state, farewell=farewell)
            session.execute(moved)

    @rule()
    def the_deadline_passes(self) -> None:
        self.late = self.state == "needs_correction"

    def step(self, role: str, verb: str) -> None:
        at = entering.LATER.replace(year=2027) if self.late else entering.LATER
        with self.database.unit() as session:
            entry = session.get_one(Entry, self.id)
            if role == "system" and verb == "entry.withdraw":
                step(entry_flow.FLOW, session, SYSTEM, entry, verb, now=at, said={"reason": "单位已关闭。"})
            else:
                entry_flow.decide(session, self.actors[role], entry, verb, given=GIVEN[verb], now=at)

    @invariant()
    def history_places_and_buttons_are_as_the_table_says(self) -> None:
        with self.database.reading() as session:
            entry = session.get_one(Entry, self.id)
            verbs = session.scalars(select(Event.verb).where(Event.subject == entry.subject).order_by(Event.seq))
            assert [verb for verb in verbs if verb in TABLE] == self.log
            assert (entry.state, entry.due is not None) == (self.state, self.state == "needs_correction")
            assert session.get_one(Quota, (self.call, self.body)).used == self.used
            for role, actor in self.actors.items():
                shown = {
                    move.verb for move, _ in open_moves(entry_flow.FLOW, session, actor, entry, entering.LATER)
                }
                officer = (
                    role == "insider"
                )  # the page shows an insider none: own entries are refused by the effect
                may = {verb for verb, (who, at, _) in TABLE.items() if self.state in at and role in who}
                assert officer or shown & set(TABLE) == may, role


def test_any_life_of_an_entry(database: Database) -> None:
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=12, deadline=None))
