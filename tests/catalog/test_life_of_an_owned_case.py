"""The life of a case that an organisation owns: any order of moves by everybody, held against a table."""

from __future__ import annotations

from typing import Any

import handed_in
import hypothesis.strategies as st
import make
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from library.accounts.models import Membership
from library.catalog import drafts, facts, policy, queries
from library.catalog.draft_models import Submission
from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.chain import check_chain
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor
from library.workflow import open_moves

WRITERS, DESK = {"owner", "editor"}, {"officer"}
# Who may, from where, where to. None: that the library has the case does not change, a change of it is answered.
TABLE: dict[str, tuple[set[str], dict[str, str]]] = {
    "case.submit": (WRITERS, {"draft": "submitted", "returned": "submitted", "admitted": "admitted"}),
    "case.withdraw": (
        WRITERS,
        {"draft": "withdrawn", "submitted": "withdrawn", "returned": "withdrawn", "admitted": "admitted"},
    ),
    "case.admit": (DESK, {"submitted": "admitted", "admitted": "admitted"}),
    "case.return": (DESK, {"submitted": "returned", "admitted": "admitted"}),
    "case.decline": (DESK, {"submitted": "declined", "admitted": "admitted"}),
    "case.release": (DESK, {"admitted": "admitted"}),
    "case.archive": (DESK | {"owner"}, {"admitted": "archived"}),
    "case.restore": (DESK, {"archived": "admitted"}),
}
OUTCOMES = {"admit": "admitted", "return": "returned", "decline": "declined", "withdraw": "withdrawn"}
ANSWERS = ("case.withdraw", "case.admit", "case.return", "case.decline")
GIVEN: dict[str, dict[str, Any]] = {
    "case.admit": {"given": {}},
    "case.return": {"given": handed_in.RETURN},
    "case.decline": {"given": {"reason": "不属于移动物联网。"}},
    "case.archive": {"given": handed_in.GOODBYE},
}
# `insider`: an officer who belongs to the organisation and acts for nobody at the moment.
INSIDERS_REFUSED = ("case.admit", "case.return", "case.decline", "case.release", "case.restore")
ROLES = ("owner", "editor", "commenter", "stranger", "officer", "insider", "administrator", "expert", "visitor")
TITLES = ("城南老城区智能水表改造", "城北新区智能燃气表改造", "港口集装箱联网追踪")


class OwnedLife(RuleBasedStateMachine):
    """One case, moved about; and what should have become of it."""

    database: Database

    @initialize(demonstration=st.booleans())
    def begin(self, demonstration: bool) -> None:
        with self.database.unit() as session:
            ours = handed_in.organisation(session, demonstration=demonstration)
            officer = make.officer(session)
            insider = make.officer(session)
            session.add(
                Membership(person_id=insider.person, organisation_id=ours.id, role="editor", since=make.NOW)
            )
            self.actors: dict[str, Actor] = {
                **{role: make.member(session, ours, role) for role in ("owner", "editor", "commenter")},
                "stranger": make.member(session, handed_in.organisation(session), "owner"),
                "officer": officer,
                "insider": insider,
                "administrator": make.officer(session, "administrator"),
                "expert": make.officer(session, "expert"),
                "visitor": VISITOR,
            }
            self.id = handed_in.draft(session, self.actors["editor"]).id
        self.state, self.embargoed, self.outcomes = "draft", False, list[str | None]()
        self.titles: list[str] = []
        self.title = self.handed = handed_in.CONTENTS["basics"]["title"]["zh"]
        self.log: list[str] = []

    @property
    def waits(self) -> bool:
        return bool(self.outcomes) and self.outcomes[-1] is None

    @property
    def unchanged(self) -> bool:
        """Does the draft say what the library has, or what came back?"""
        came_back = bool(self.outcomes) and self.outcomes[-1] == "returned"
        return (self.state == "admitted" and self.title == self.titles[-1]) or (
            came_back and self.title == self.handed
        )

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        """What refuses this move, in the order of the questions: who, from where, why not yet, whose."""
        who, ways = TABLE[verb]
        acts = role in who or (role == "insider" and "officer" in who)
        if not acts:
            return Forbidden
        if self.state not in ways:
            return Conflict
        if self.state == "admitted" and verb in ANSWERS and not self.waits:
            return Invalid
        if verb == "case.release" and not self.embargoed:
            return Invalid
        if verb == "case.submit" and (self.waits or self.unchanged):
            return Invalid
        return Forbidden if role == "insider" and verb in INSIDERS_REFUSED else None

    @rule(verb=st.sampled_from(sorted(TABLE)), role=st.sampled_from(ROLES), embargo=st.booleans())
    def try_to_move(self, verb: str, role: str, embargo: bool) -> None:
        self.move(verb, role, embargo)

    @rule(data=st.data(), embargo=st.booleans())
    def move_on(self, data: st.DataObject, embargo: bool) -> None:
        """One of the moves that are open, dead ends less often; else a life would hardly ever get far."""
        if self.state in ("admitted", "returned") and not self.waits and self.unchanged:
            said = {self.title, self.handed, *self.titles[-1:]}
            self.write(next(title for title in TITLES if title not in said), "owner")
        ways = [(verb, role) for verb in TABLE for role in ("owner", "officer") if not self.expected(role, verb)]
        if data.draw(st.booleans()):
            ways = [way for way in ways if way[0] not in ("case.withdraw", "case.decline", "case.archive")] or ways
        if ways:
            self.move(*data.draw(st.sampled_from(ways)), embargo)

    def move(self, verb: str, role: str, embargo: bool) -> None:
        given = dict(GIVEN.get(verb, {}))
        if verb == "case.admit" and embargo:
            given = {"given": {"embargo": True, "reason": "申报单位要求暂缓公开。"}}
        if problem := self.expected(role, verb):
            with pytest.raises(problem):
                self.step(role, verb, given)
            return
        self.step(role, verb, given)
        self.log.append(verb)
        first = not self.titles
        if verb == "case.submit":
            self.outcomes.append(None)
            self.handed = self.title
        elif self.waits and verb in (*ANSWERS, "case.archive"):
            self.outcomes[-1] = OUTCOMES.get(verb.partition(".")[2], "withdrawn")
        if verb == "case.admit":
            self.titles.append(self.handed)
            self.embargoed = embargo if first else self.embargoed
        self.embargoed = self.embargoed and verb != "case.release"
        self.state = TABLE[verb][1][self.state]

    @rule(
        title=st.sampled_from(TITLES),
        role=st.sampled_from(["owner", "editor", "commenter", "stranger", "officer"]),
    )
    def write(self, title: str, role: str) -> None:
        basics = handed_in.CONTENTS["basics"]
        content = {**basics, "title": {**basics["title"], "zh": title}}
        problem: type[Problem] | None = None
        if role not in WRITERS:
            problem = Forbidden
        elif self.state not in ("draft", "returned", "admitted") or self.waits:
            problem = Conflict
        with self.database.unit() as session:
            case = session.get_one(Case, self.id)
            version = drafts.rows(session, self.actors["owner"], case)["basics"].version
        given = {"content": content, "version": version, "now": make.NOW}
        if problem is None:
            with self.database.unit() as session:
                drafts.save(session, self.actors[role], session.get_one(Case, self.id), "basics", **given)
            self.title = title
        else:
            with pytest.raises(problem), self.database.unit() as session:
                drafts.save(session, self.actors[role], session.get_one(Case, self.id), "basics", **given)

    def step(self, role: str, verb: str, given: dict[str, Any]) -> None:
        with self.database.unit() as session:
            handed_in.move(session, self.actors[role], session.get_one(Case, self.id), verb, **given)

    @invariant()
    def the_case_is_what_its_moves_made_it(self) -> None:
        with self.database.reading() as session:
            case = session.get_one(Case, self.id)
            assert (case.state, case.embargoed, case.revision) == (self.state, self.embargoed, len(self.titles))
            assert [row.document["title"]["zh"] for row in case.revisions] == self.titles
            rows = session.scalars(
                select(Submission).where(Submission.case_id == self.id).order_by(Submission.number)
            )
            assert [(row.number, row.outcome) for row in rows] == list(enumerate(self.outcomes, 1))
            assert (case.code is None) == (not self.outcomes)
            log = session.scalars(select(Event.verb).where(Event.subject == case.subject).order_by(Event.seq))
            assert [verb for verb in log if verb in TABLE] == self.log

    @invariant()
    def strangers_know_of_it_while_it_is_public_and_of_its_end_when_it_was(self) -> None:
        public = self.state == "admitted" and not self.embargoed
        with self.database.reading() as session:
            case = session.get_one(Case, self.id)
            for role in ("visitor", "stranger", "expert"):
                actor = self.actors[role]
                assert policy.may_see(actor, case) == public
                assert [found.id for found, _ in queries.current(session, actor)] == [self.id] * public
                assert queries.submissions(session, actor, case) == []
            gone = self.state == "archived" and not self.embargoed
            assert (queries.tombstone(session, VISITOR, str(case.code)) is not None) == gone

    @invariant()
    def the_buttons_are_the_moves_that_the_table_allows(self) -> None:
        with self.database.reading() as session:
            case = session.get_one(Case, self.id)
            for role in ("owner", "commenter", "officer", "administrator"):
                moves = open_moves(FLOW, session, self.actors[role], case, make.NOW)
                shown = {verb for verb, (who, ways) in TABLE.items() if role in who and self.state in ways}
                assert {move.verb for move, _ in moves} == shown
                ready = {move.verb for move, reasons in moves if not reasons}
                assert ready == {verb for verb in shown if self.expected(role, verb) is None}

    def teardown(self) -> None:
        with self.database.reading() as session:
            assert check_chain(session, facts.RECOMPUTE).sound
        with self.database.unit() as session:  # the next life is alone in its library
            case = session.get(Case, self.id)
            if case is not None and case.state == "admitted":
                handed_in.move(session, self.actors["officer"], case, "case.archive", given=handed_in.GOODBYE)


def test_any_life_of_an_owned_case(database: Database) -> None:
    with database.unit() as session:
        handed_in.rules(session)
    machine = type("OwnedLifeHere", (OwnedLife,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=20, deadline=None))


def test_the_system_moves_nothing_that_an_organisation_owns(database: Database) -> None:
    with database.unit() as session:
        case = handed_in.draft(session, make.member(session, handed_in.organisation(session)))
        for verb in TABLE:
            # An embargo is lifted by the system when its call is published, and by nobody's hand before.
            with pytest.raises(Conflict if verb == "case.release" else Forbidden):
                handed_in.move(session, SYSTEM, case, verb)
