"""Any life of an objection: moves by everybody, held against a table; and who may know of it, rule and WHERE."""

from __future__ import annotations

import hypothesis.strategies as st
import make
import noticing
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from noticing import ANSWERED_BY, BEGIN, SECOND
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import VISITOR, Actor
from library.selection import notice_policy, objections
from library.selection.entry_models import Entry
from library.selection.notice_models import OBJECTION_STATES, Objection
from library.selection.objection_flow import FLOW
from library.workflow import open_moves

WEIGHED = {"admitted", "replied"}
# Who may, from where, where to, and where the entry is then.
TABLE = {
    "objection.admit": ("officer", {"filed"}, "admitted", "on_hold"),
    "objection.refuse": ("officer", {"filed"}, "not_admitted", None),
    "objection.reply": ("asked", {"admitted"}, "replied", None),
    "objection.uphold": ("officer", WEIGHED, "upheld", "removed"),
    "objection.dismiss": ("officer", WEIGHED, "dismissed", "in_publicity"),
}
ROLES = (
    "officer",
    "own",
    "approver",
    "administrator",
    "expert",
    "applicant",
    "commenter",
    "recommender",
    "visitor",
)
OFFICES = ("officer", "approver", "administrator", "expert", "verifier", "system")


class Life(RuleBasedStateMachine):
    """One objection; time only goes on."""

    database: Database

    @initialize(asked=st.sampled_from(("applicant", "recommender")))
    def begin(self, asked: str) -> None:
        with self.database.unit() as session:
            scene, notice = noticing.noticed(session, left_out=0)
            applies = noticing.organisation(session, scene.applicant)
            self.actors: dict[str, Actor] = {
                **{role: make.officer(session, role) for role in ("approver", "administrator", "expert")},
                **{"officer": scene.officer, "visitor": VISITOR, "recommender": scene.recommender},
                "applicant": scene.applicant,
                "commenter": make.member(session, applies, "commenter"),
            }
            own = self.actors["applicant"]
            self.actors["own"] = Actor(
                own.id, own.organisation, frozenset({"officer"}), own.person, membership="commenter"
            )
            self.id, self.entry = noticing.file(session, scene, notice).id, scene.entry.id
        self.asked, self.state, self.now, self.log = asked, "filed", BEGIN, list[str]()
        self.at = "in_publicity"

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        who, sources, _, _ = TABLE[verb]
        if who == "asked":
            # Before it is admitted nobody is asked, and whoever replies may not.
            who = self.asked if self.state not in ("filed", "not_admitted") else ""
        if role != who:
            return Forbidden
        if self.state not in sources:
            return Conflict
        late = self.now > ANSWERED_BY
        if verb == "objection.reply":
            return Invalid if late else None
        return Invalid if self.state == "admitted" and not late else None

    @rule(verb=st.sampled_from(sorted(TABLE)), role=st.sampled_from(ROLES))
    def move(self, verb: str, role: str) -> None:
        if problem := self.expected(role, verb):
            with pytest.raises(problem):
                self.step(role, verb)
            return
        self.step(role, verb)
        _, _, self.state, at = TABLE[verb]
        self.at = at or self.at
        self.log.append(verb)

    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        """One of the moves that are open; else a life would hardly get far."""
        ways = [
            (verb, role)
            for verb in TABLE
            for role in ("officer", self.asked)
            if verb != "objection.refuse" and self.expected(role, verb) is None
        ]
        if ways:
            self.move(*data.draw(st.sampled_from(ways)))

    @rule()
    def time_goes_on(self) -> None:
        self.now = ANSWERED_BY if self.now == BEGIN else ANSWERED_BY + SECOND

    def step(self, role: str, verb: str) -> None:
        with self.database.unit() as session:
            row = session.get_one(Objection, self.id)
            if verb == "objection.admit":  # the time to answer is the same whenever it is admitted
                noticing.move(session, self.actors[role], row, verb, now=BEGIN, asked=self.asked)
            else:
                noticing.move(session, self.actors[role], row, verb, now=self.now)

    @invariant()
    def the_history_explains_the_state_and_the_buttons_are_the_table(self) -> None:
        with self.database.reading() as session:
            row = session.get_one(Objection, self.id)
            verbs = session.scalars(select(Event.verb).where(Event.subject == row.subject).order_by(Event.seq))
            assert [verb for verb in verbs if verb in TABLE] == self.log
            assert (row.state, session.get_one(Entry, self.entry).state) == (self.state, self.at)
            for role, actor in self.actors.items():
                shown = {move.verb: reasons for move, reasons in open_moves(FLOW, session, actor, row, self.now)}
                expected = {verb: self.expected(role, verb) for verb in TABLE}
                open_ones = {verb for verb, why in expected.items() if why in (None, Invalid)}
                assert set(shown) == open_ones
                assert {verb for verb, reasons in shown.items() if not reasons} == {
                    verb for verb in open_ones if expected[verb] is None
                }
            blocked = bool(objections.open_for(session, row.notice.call))
            assert blocked == (self.state in ("filed", "admitted", "replied"))


def test_a_life_follows_its_table(database: Database) -> None:
    class Lived(Life):
        pass

    Lived.database = database
    run_state_machine_as_test(Lived, settings=settings(max_examples=12, stateful_step_count=10, deadline=None))


@pytest.fixture
def rows(session: Session) -> tuple[list[Objection], list[int]]:
    """One in each state, of two applicants and with either party asked; and the organisations in play."""
    scene, notice = noticing.noticed(session, chosen=2, left_out=0)
    ways = {
        "filed": (),
        "not_admitted": ("objection.refuse",),
        "admitted": ("objection.admit",),
        "replied": ("objection.admit", "objection.reply"),
        "dismissed": ("objection.admit", "objection.reply", "objection.dismiss"),
        "upheld": ("objection.admit", "objection.reply", "objection.uphold"),
    }
    assert set(ways) == set(OBJECTION_STATES)
    found = []
    for entry in scene.entries:
        for state, verbs in ways.items():
            asked = "recommender" if entry is scene.entry else "applicant"
            row = noticing.file(session, scene, notice, entry=entry, contact=f"{state}@example.org")
            for verb in verbs:
                of = entry.recommender_id if asked == "recommender" else entry.applicant_id
                party = Actor("person:0", of, membership="owner")
                actor = party if verb == "objection.reply" else scene.officer
                over = {"asked": asked} if verb == "objection.admit" else {}
                noticing.move(session, actor, row, verb, **over)
            found.append(row)
    parties = [*{number for entry in scene.entries for number in (entry.applicant_id, entry.recommender_id)}]
    return found, parties


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_read_rule_is_the_same_as_a_where(
    session: Session, rows: tuple[list[Objection], list[int]], data: st.DataObject
) -> None:
    found, parties = rows
    actor = Actor(
        "person:9",
        data.draw(st.sampled_from([None, 999_999, *parties])),
        data.draw(st.sampled_from([frozenset(), *(frozenset({role}) for role in OFFICES)])),
        person=None,
        membership=data.draw(st.sampled_from(["", "commenter", "editor", "owner"])),
        scopes=data.draw(st.sampled_from([None, frozenset()])),
    )
    for can, where in (
        (notice_policy.may_read, notice_policy.at_desk),
        (notice_policy.may_know, notice_policy.known),
    ):
        seen = set(session.scalars(select(Objection.id).join(Objection.entry).where(where(actor))))
        assert {row.id for row in found if can(actor, row)} == seen
