"""Any life of a review: moves by everybody in any state, held against a table; and two at the same moment."""

from __future__ import annotations

from typing import Any

import calling
import entering
import hypothesis.strategies as st
import make
import pytest
from entering import LATER
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from racing import at_once
from reviewed import FULL, WHY
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.chain import check_chain
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Missing, Problem
from library.events import Event
from library.policy import VISITOR, Actor
from library.selection import facts, operations, review_flow, review_queries, reviews
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call
from library.workflow import open_moves

# Who may, from where, where to.
TABLE = {
    "review.clear": ("expert", {"assigned"}, "cleared"),
    "review.recuse": ("expert", {"assigned", "cleared", "draft"}, "recused"),
    "review.write": ("expert", {"cleared"}, "draft"),
    "review.finish": ("expert", {"draft"}, "final"),
    "review.abstain": ("expert", {"cleared", "draft"}, "abstained"),
    "review.reopen": ("officer", {"final"}, "draft"),
    "review.remove": ("officer", {"assigned", "cleared", "draft", "final"}, "removed"),
}
ROLES = ("expert", "other", "officer", "theirs", "approver", "administrator", "owner", "visitor")
ANYTIME = ("review.recuse", "review.remove")


def stage(session: Session, state: str = "assigned", **over: Any) -> tuple[Review, dict[str, Actor]]:
    """A review in a call that is being scored, and everybody around it."""
    officer = make.officer(session)
    call = entering.call(session, officer, "scoring", **over)
    enterprise, owner = entering.applicant(session)
    masked = {"masked_at": LATER, "masked_by": officer.id, "masks": ["示例企业"]}
    entry = entering.entry(session, call, "in_review", owner=owner, **masked)
    expert = entering.expert(session)
    found = entering.review(session, entry, expert, state)
    return found, {
        **{"expert": expert, "other": entering.expert(session), "officer": officer, "owner": owner},
        **{role: make.officer(session, role) for role in ("approver", "administrator")},
        "theirs": Actor("person:900", enterprise.id, frozenset({"officer"}), person=900, membership="owner"),
        "visitor": VISITOR,
    }


class Life(RuleBasedStateMachine):
    """One review; the call may leave the expert review at any time, and the entry may be taken back."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            found, self.actors = stage(session)
            self.id, self.call, self.entry = found.id, found.call_id, found.entry_id
        self.state, self.judged, self.full, self.log = "assigned", True, False, list[str]()

    def expected(self, role: str, verb: str) -> type[Problem] | None:
        who, sources, _ = TABLE[verb]
        if role != who:
            return Forbidden
        if self.state not in sources:
            return Conflict
        if verb not in ANYTIME and not self.judged:
            return Invalid
        return Invalid if verb == "review.finish" and not self.full else None

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
        """One of the moves that are open, ends of it all less often."""
        ends = ("review.recuse", "review.remove", "review.abstain")
        ways = [verb for verb in TABLE if verb not in ends and not self.expected(TABLE[verb][0], verb)]
        if ways:
            verb = data.draw(st.sampled_from(ways))
            self.move(verb, TABLE[verb][0])

    @rule(full=st.booleans())
    def the_expert_types(self, full: bool) -> None:
        if self.state not in ("cleared", "draft") or (self.state == "cleared" and not self.judged):
            return
        with self.database.unit() as session:
            review = session.get_one(Review, self.id)
            typed = FULL if full else {**FULL, "score.effect": ""}
            version = review.version
            review_flow.write(session, self.actors["expert"], review, typed=typed, version=version, now=LATER)
        self.log += ["review.write"] if self.state == "cleared" else []
        self.state, self.full = "draft", full

    @rule(what=st.sampled_from(("ranking", "approval", "withdrawn", "scoring")))
    def the_call_goes_on(self, what: str) -> None:
        with self.database.unit() as session:
            call, entry = (
                what if what != "withdrawn" else "scoring",
                "withdrawn" if what == "withdrawn" else "in_review",
            )
            session.execute(update(Call).where(Call.id == self.call).values(state=call))
            session.execute(update(Entry).where(Entry.id == self.entry).values(state=entry))
        self.judged = what in ("scoring", "ranking")

    def step(self, role: str, verb: str) -> None:
        with self.database.unit() as session:
            review = session.get_one(Review, self.id)
            review_flow.act(session, self.actors[role], review, verb, given=WHY, now=LATER)

    @invariant()
    def the_history_explains_the_state_and_the_buttons_are_the_table(self) -> None:
        with self.database.reading() as session:
            review = session.get_one(Review, self.id)
            verbs = session.scalars(select(Event.verb).where(Event.subject == review.subject).order_by(Event.seq))
            assert list(verbs) == self.log
            assert (review.state, review.final_at is not None) == (self.state, self.state == "final")
            frozen = session.get_one(Call, self.call).rubric_frozen_at is not None
            assert frozen == ("review.write" in self.log)
            for role, actor in self.actors.items():
                shown = {each.verb for each, _ in open_moves(review_flow.FLOW, session, actor, review, LATER)}
                assert shown == {verb for verb, (who, at, _) in TABLE.items() if who == role and self.state in at}
                if self.state in ("recused", "removed") or role != "expert":
                    with pytest.raises((Forbidden, Missing)):
                        review_queries.own(session, actor, review.key)
            assert check_chain(session, facts.RECOMPUTE).sound


def test_any_life_of_a_review(database: Database) -> None:
    machine = type("LifeHere", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))


def test_no_case_of_a_blind_call_is_opened_before_its_masks_are_confirmed(session: Session) -> None:
    review, actors = stage(session)
    review.entry.masked_at = review.entry.masked_by = None
    with pytest.raises(Invalid) as refused:
        review_flow.act(session, actors["expert"], review, "review.clear", given={}, now=LATER)
    assert "masked" in str(refused.value.reasons[0])
    review, actors = stage(session, review="open")
    review.entry.masked_at = review.entry.masked_by = None
    review_flow.act(session, actors["expert"], review, "review.clear", given={}, now=LATER)
    assert review.state == "cleared"


@pytest.mark.parametrize("verb", sorted(review_flow.WITH_REASON))
def test_every_end_and_every_reopening_says_why(session: Session, verb: str) -> None:
    who, sources, _ = TABLE[verb]
    review, actors = stage(session, min(sources))
    with pytest.raises(Invalid) as refused:
        review_flow.act(session, actors[who], review, verb, given={"reason": " "}, now=LATER)
    assert set(refused.value.fields) == {"reason"}


def test_the_first_sheet_freezes_the_rubric(database: Database) -> None:
    with database.unit() as session:
        review, actors = stage(session, "cleared")
        review_flow.write(session, actors["expert"], review, typed={}, version=1, now=LATER)
    with database.writing() as session:
        call = session.get_one(Call, review.call_id)
        content = {**call.document, "rubric": [calling.criterion(code, 50) for code in ("effect", "novelty")]}
        with pytest.raises(Conflict) as refused:
            operations.save(session, actors["officer"], call, content=content, version=call.version, now=LATER)
    assert set(refused.value.fields) == {"rubric"}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"remarks": "a\0b"}, "remarks"),
        ({"remarks": "长" * 8001}, "remarks"),
        ({"score.effect": "9" * 41}, "score.effect"),
        ({"reason.novelty": "x" * 2001}, "reason.novelty"),
        ({"confidence": "quite"}, "confidence"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(
    session: Session, typed: dict[str, str], field: str
) -> None:
    review, actors = stage(session, "draft")
    with pytest.raises(Invalid) as refused:
        review_flow.write(session, actors["expert"], review, typed=typed, version=1, now=LATER)
    assert set(refused.value.fields) == {field}


def test_wrong_scores_are_kept_as_typed_and_never_final(session: Session) -> None:
    review, actors = stage(session, "draft")
    typed = {**FULL, "score.effect": "101", "score.novelty": "many"}
    with pytest.raises(Invalid) as refused:
        review_flow.finish(session, actors["expert"], review, typed=typed, version=1, now=LATER)
    assert [str(reason) for reason in refused.value.reasons] == ["Write a whole number from 0 to 100."]
    assert {code: each["score"] for code, each in review.scores.items()} == {"effect": 101, "novelty": "many"}


def test_an_edited_score_is_named(database: Database) -> None:
    with database.unit() as session:
        review, actors = stage(session, "draft")
        review_flow.finish(session, actors["expert"], review, typed=FULL, version=1, now=LATER)
    with database.reading() as session:
        assert check_chain(session, facts.RECOMPUTE).sound
    with database.unit() as session:
        better = {**review.scores, "effect": {"score": 99, "reason": ""}}
        session.execute(update(Review).where(Review.id == review.id).values(scores=better))
    with database.reading() as session:
        changed = check_chain(session, facts.RECOMPUTE).rows_changed
        assert [each["subject"] for each in changed] == [f"review:{review.id}"]


def attempt(database: Database, review: int, actor: Actor, verb: str) -> str:
    try:
        with database.unit() as session:
            found = session.get_one(Review, review)
            if verb == "review.finish":
                review_flow.finish(session, actor, found, typed=FULL, version=found.version, now=LATER)
            else:
                review_flow.act(session, actor, found, verb, given=WHY, now=LATER)
    except Conflict:
        return "conflict"
    return verb


@pytest.mark.parametrize(("role", "verb"), [("officer", "review.remove"), ("expert", "review.recuse")])
def test_who_submits_while_the_review_is_taken_away_has_one_clean_outcome(
    database: Database, role: str, verb: str
) -> None:
    with database.unit() as session:
        review, actors = stage(session, "draft")
        review.scores, review.confidence = {}, None
    came_of_it = at_once(
        database,
        lambda: attempt(database, review.id, actors["expert"], "review.finish"),
        lambda: attempt(database, review.id, actors[role], verb),
    )
    with database.reading() as session:
        found = session.get_one(Review, review.id)
        verbs = list(session.scalars(select(Event.verb).where(Event.subject == found.subject).order_by(Event.seq)))
        # An officer may take an expert off after the sheet is final; nobody recuses from what is final.
        assert (found.state, verbs, came_of_it.count("conflict")) in [
            ("final", ["review.finish"], 1),
            (TABLE[verb][2], [verb], 1),
            *([("removed", ["review.finish", "review.remove"], 0)] if verb == "review.remove" else []),
        ]
        assert (found.final_at is not None) == (found.state == "final")
        assert check_chain(session, facts.RECOMPUTE).sound


def test_of_two_windows_the_second_is_told(database: Database) -> None:
    with database.unit() as session:
        review, actors = stage(session, "draft")

    def save(remarks: str) -> str:
        try:
            with database.unit() as session:
                found = session.get_one(Review, review.id)
                typed = {**FULL, "remarks": remarks}
                review_flow.write(session, actors["expert"], found, typed=typed, version=1, now=LATER)
        except reviews.Elsewhere:
            return "elsewhere"
        return remarks

    first, second = sorted(at_once(database, lambda: save("一"), lambda: save("二")))
    assert (first, second) in [("elsewhere", "一"), ("elsewhere", "二")]
    with database.reading() as session:
        assert session.get_one(Review, review.id).remarks == second
