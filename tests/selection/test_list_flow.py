"""Any life of a list: everybody tries every step at any time, held against a literal table."""

from __future__ import annotations

import hypothesis.strategies as st
import make
import pytest
import ranked
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ranked import NOW
from sqlalchemy import select

from library import chain
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import VISITOR, Actor
from library.selection import decision_flow, facts, list_queries, lists, release
from library.selection.models import Call
from library.workflow import open_moves

SCORES = {"E1": {"A": 88, "B": 80, "C": 70}, "E2": {"A": 90, "B": 78, "C": 72}}
REASON = "兼顾区域。"
APPROVERS = ("one", "two", "three")
# Who may, from where; where to is said where it is done. `both` is an officer and an approver, who edits too.
TABLE = {
    "edit": ({"officer", "both"}, {"draft"}),
    "submit": ({"officer", "both"}, {"draft"}),
    "approve": ({*APPROVERS, "both"}, {"approval"}),
    "send_back": ({*APPROVERS, "both"}, {"approval", "approved"}),
    "release": ({"officer", "both"}, {"approved"}),
}
ROLES = ("officer", "both", *APPROVERS, "administrator", "expert", "owner", "visitor")


class Life(RuleBasedStateMachine):
    """One list of one place, two approvals needed; the model is state, version, who approved, who made it."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            officer = make.officer(session)
            self.call = ranked.call(session, SCORES, places=1, officer=officer, letters=False)
            self.actors: dict[str, Actor] = {
                **{name: make.officer(session, "approver") for name in APPROVERS},
                **{name: make.officer(session, name) for name in ("administrator", "expert")},
                **{"officer": officer, "both": make.officer(session, "officer", "approver")},
                **{"owner": self.call.owners["A"], "visitor": VISITOR},
            }
        ranked.begun(self.database, self.call)
        self.state, self.version, self.approved, self.makers = "draft", 1, list[str](), {"officer"}
        self.swapped, self.reasoned, self.log = False, True, ["list.begin"]

    def expected(self, act: str, role: str, read: int) -> type[Problem] | None:
        who, sources = TABLE[act]
        if role not in who:
            return Forbidden
        if self.state not in sources:
            return Conflict
        if act == "submit" and self.swapped and not self.reasoned:
            return Invalid
        if act in ("approve", "send_back") and role in self.makers:
            return Forbidden
        if act != "release" and read != self.version:
            return Conflict
        return Conflict if act == "approve" and role in self.approved else None

    @rule(
        act=st.sampled_from(sorted(TABLE)), role=st.sampled_from(ROLES), late=st.booleans(), reason=st.booleans()
    )
    def attempt(self, act: str, role: str, late: bool, reason: bool) -> None:
        read = self.version + 1 if late else self.version
        if problem := self.expected(act, role, read):
            with pytest.raises(problem):
                self.act(act, role, read, reason)
            return
        self.act(act, role, read, reason)
        self.happened(act, role, reason)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """One of the ways that are open: else a life would hardly get far."""
        ways = [
            (act, role)
            for act in ("submit", "approve", "release", "edit", "send_back")
            for role in ROLES
            if not self.expected(act, role, self.version)
        ]
        if ways:
            act, role = data.draw(st.sampled_from(ways))
            self.act(act, role, self.version, True)
            self.happened(act, role, True)

    def act(self, act: str, role: str, read: int, reason: bool) -> None:
        actor = self.actors[role]
        with self.database.unit() as session:
            row = self.call.list(session)
            if act == "edit":
                said = REASON if reason else ""
                first, second = (self.call.entries[letter] for letter in "AB")
                wanted = {first: (self.swapped, said), second: (not self.swapped, said)}
                lists.edit(session, actor, row, wanted=wanted, version=read, now=NOW)
            else:
                given = {"version": read, "reason": REASON}
                getattr(decision_flow, act)(session, actor, row, given=given, now=NOW)

    def happened(self, act: str, role: str, reason: bool) -> None:
        if act == "edit":
            self.swapped, self.reasoned = not self.swapped, reason
            self.version += 1
            self.makers.add(role)
            self.log.append("list.edit")
        elif act == "submit":
            self.state = "approval"
            self.makers.add(role)
            self.log.append("list.submit")
        elif act == "approve":
            self.approved.append(role)
            last = len(self.approved) == 2
            self.state = "approved" if last else "approval"
            self.log.append("list.approve" if last else "list.sign")
        elif act == "send_back":
            self.state, self.version, self.approved = "draft", self.version + 1, []
            self.log.append("list.return")
        else:
            self.state = "released"
            self.log.append("list.release")

    @invariant()
    def the_rows_and_the_history_say_the_same(self) -> None:
        with self.database.reading() as session:
            row = self.call.list(session)
            names = {actor.person: name for name, actor in self.actors.items()}
            standing = [names[each.person_id] for each in list_queries.standing_approvals(session, row)]
            assert (row.state, row.version, standing) == (self.state, self.version, self.approved)
            chosen = [choice.selected for choice in row.choices]
            assert chosen == ([False, True, False] if self.swapped else [True, False, False])
            rows = select(Event.verb).where(Event.subject == row.subject).order_by(Event.seq)
            assert session.scalars(rows).all() == self.log
            call = session.get_one(Call, self.call.call)
            assert call.state == ("approval" if "list.submit" in self.log else "ranking")
            for role, actor in self.actors.items():
                shown = {move.verb for move, _ in open_moves(decision_flow.FLOW, session, actor, row, NOW)}
                words = {"submit": {"list.submit"}, "send_back": {"list.return"}, "release": {"list.release"}}
                words["approve"] = {"list.sign", "list.approve"}
                may = [words[act] for act in words if role in TABLE[act][0] and self.state in TABLE[act][1]]
                assert shown == set().union(*may)

    def teardown(self) -> None:
        """However it ended, the chain explains every row; what was released reaches the entries."""
        if not hasattr(self, "state"):
            return
        with self.database.reading() as session:
            number = self.call.list(session).id
        release.go(self.database, number=number, now=NOW)
        with self.database.reading() as session:
            assert chain.check_chain(session, facts.RECOMPUTE).sound
            told = self.call.list(session).told_at is not None
        assert told == (self.state == "released")


def test_any_life_of_a_list(database: Database) -> None:
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=12, deadline=None))
