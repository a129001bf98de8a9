"""Experts for the entries of a call: plans and what becomes of them, by hand, reminded, killed half-way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import entering
import make
import pytest
from racing import at_once
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library.accounts.models import Membership, Organisation
from library.accounts.withheld_models import Withheld, WithheldFrom
from library.chain import check_chain
from library.db import Database
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Problem
from library.events import Event, detail
from library.policy import Actor
from library.selection import assign_flow, assignments, facts, flow, planning, scoring
from library.selection.entry_models import Entry
from library.selection.expert_models import Assignment, ExpertPast, Review
from library.selection.models import Call

NOW = entering.LATER
HOUR = dt.timedelta(hours=1)
ASK = {"reviewers": "2", "most_each": "8", "seed": "1"}
WHY = {"reason": "专业对口。"}


class Bench:
    """A call in scoring with entries of three applicants, and five experts."""

    def __init__(self, database: Database, entries: int = 3, experts: int = 5, state: str = "scoring") -> None:
        self.database = database
        with database.unit() as session:
            self.officer = make.officer(session)
            call = entering.call(session, self.officer, state)
            by = entering.recommender(session, call, places=200)[0]
            self.call = call.id
            passed = "in_review" if state == "scoring" else "check_passed"
            found = []
            for number in range(entries):
                owner = entering.applicant(session, name_zh=f"第{number}申报单位")[1]
                found.append(
                    entering.entry(session, call, passed, owner=owner, by=by, masked_at=NOW, masked_by="x")
                )
            self.entries = [entry.id for entry in found]
            self.applicants = [entry.applicant_id for entry in found]
            self.recommender = by.id
            self.experts = [entering.expert(session, sectors=("metering",)) for _ in range(experts)]

    def planned(self, **over: str) -> int:
        with self.database.unit() as session:
            call = session.get_one(Call, self.call)
            number = assignments.order(session, self.officer, call, given=ASK | over, now=NOW).id
        planning.plan(self.database, number=number, now=NOW)
        return number

    def accepted(self, number: int, actor: Actor | None = None) -> None:
        with self.database.unit() as session:
            row = session.get_one(Assignment, number)
            due = assign_flow.end_of_review(session, session.get_one(Call, self.call), NOW)
            assignments.apply(session, actor or self.officer, row, due=due, now=NOW)

    def applied(self, **over: str) -> int:
        number = self.planned(**over)
        self.accepted(number)
        planning.apply(self.database, number=number, now=NOW)
        return number

    def undone(self, number: int) -> None:
        with self.database.unit() as session:
            assignments.undo(session, self.officer, session.get_one(Assignment, number), now=NOW)
        planning.undo(self.database, number=number, now=NOW)

    def row(self, number: int) -> Assignment:
        with self.database.reading() as session:
            return session.get_one(Assignment, number)

    def reviews(self, *states: str) -> list[Review]:
        rows = select(Review).order_by(Review.id)
        with self.database.reading() as session:
            return list(session.scalars(rows.where(Review.state.in_(states)) if states else rows))

    def verbs(self, prefix: str) -> list[str]:
        with self.database.reading() as session:
            return list(
                session.scalars(select(Event.verb).where(Event.verb.startswith(prefix)).order_by(Event.seq))
            )

    def by_hand(self, entry: int, expert: Actor, actor: Actor | None = None) -> None:
        with self.database.unit() as session:
            given = {"person": str(expert.person), **WHY}
            row = session.get_one(Entry, entry)
            assign_flow.by_hand(session, actor or self.officer, row, given=given, now=NOW)


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_a_plan_fills_every_entry_and_is_one_line_of_the_audit(database: Database) -> None:
    bench = Bench(database, experts=4)
    number = bench.planned()
    row = bench.row(number)
    assert (row.stage, len(row.pairs), row.gaps) == ("planned", 6, [])
    assert (row.outcome["lacking"], len(row.outcome["groups"])) == (0, 1)
    loads = [given for _, _, given, _ in row.outcome["loads"]]
    assert (sum(loads), max(loads) - min(loads)) == (6, 1)
    assert bench.reviews() == []
    bench.accepted(number)
    planning.apply(bench.database, number=number, now=NOW)
    row, reviews = bench.row(number), bench.reviews()
    assert (row.stage, row.left_out) == ("applied", [])
    assert sorted([review.entry_id, review.person_id] for review in reviews) == sorted(row.pairs)
    assert {(review.state, review.assignment_id, review.assigned_by) for review in reviews} == {
        ("assigned", number, bench.officer.id)
    }
    assert len({review.due for review in reviews}) == 1
    assert bench.verbs("assignment.") == ["assignment.apply"]
    assert bench.verbs("review.") == ["review.assign"] * 6
    with bench.database.reading() as session:
        [event] = session.scalars(select(Event).where(Event.verb == "assignment.apply"))
        assert (event.actor, detail(session, event.seq)["manifest"]) == (
            bench.officer.id,
            assignments.fact(row).digest,
        )
        assert check_chain(session, facts.RECOMPUTE).sound


def test_undoing_takes_what_nobody_has_begun_and_the_pair_may_come_again(bench: Bench) -> None:
    number = bench.applied()
    [begun, *_] = bench.reviews()
    with bench.database.unit() as session:
        entering.put(session, session.get_one(Review, begun.id), "recused")
    bench.undone(number)
    row = bench.row(number)
    assert (row.stage, len(row.taken)) == ("undone", 5)
    assert [line[:2] for line in row.left_out] == [[begun.entry_id, begun.person_id]]
    assert [review.id for review in bench.reviews("recused")] == [begun.id]
    assert len(bench.reviews("removed")) == 5
    assert bench.verbs("assignment.") == ["assignment.apply", "assignment.undo"]
    with bench.database.reading() as session:
        assert check_chain(session, facts.RECOMPUTE).sound
    again = bench.applied()
    assert len(bench.row(again).pairs) == 6
    assert [begun.entry_id, begun.person_id] not in bench.row(again).pairs
    with pytest.raises(Conflict):
        bench.undone(number)


def test_a_second_plan_fills_gaps_only_and_counts_what_is_there(bench: Bench) -> None:
    with bench.database.unit() as session:
        entry = session.get_one(Entry, bench.entries[0])
        for expert, state in zip(bench.experts, ("final", "recused", "abstained"), strict=False):
            entering.review(session, entry, expert, state)
    row = bench.row(bench.applied())
    given = [person for number, person in row.pairs if number == entry.id]
    assert len(given) == 1
    assert given[0] not in [expert.person for expert in bench.experts[:3]]
    loads = {person: before for person, before, _, _ in row.outcome["loads"]}
    assert [loads[expert.person] for expert in bench.experts] == [1, 0, 1, 0, 0]
    assert bench.row(bench.planned()).pairs == []


def test_a_plan_says_what_it_could_not_fill_and_why(bench: Bench) -> None:
    with bench.database.unit() as session:
        for expert in bench.experts[:3]:
            session.add(
                Membership(person_id=expert.person, organisation_id=bench.applicants[0], role="editor", since=NOW)
            )
    row = bench.row(bench.planned(reviewers="3"))
    [gap] = row.gaps
    assert (gap["entry"], gap["lacks"], gap["experts"], gap["conflict"], gap["full"]) == (
        bench.entries[0],
        1,
        3,
        3,
        0,
    )
    row = bench.row(bench.planned(reviewers="3", most_each="1"))
    assert sum(gap["lacks"] for gap in row.gaps) == 9 - 5
    assert all(gap["conflict"] + gap["full"] == gap["experts"] for gap in row.gaps)


def test_outside_the_sector_only_where_it_must_and_never_when_the_officer_says_so(database: Database) -> None:
    bench = Bench(database, experts=1)
    with database.unit() as session:
        stranger = entering.expert(session, sectors=("manufacturing",))
    row = bench.row(bench.planned())
    assert (row.outcome["lacking"], row.outcome["outside"]) == (0, 3)
    assert {gap["outside"] for gap in row.gaps} == {1}
    strict = bench.row(bench.planned(known="true"))
    assert (strict.outcome["lacking"], strict.outcome["outside"]) == (3, 0)
    assert stranger.person not in [person for _, person in strict.pairs]


def test_what_no_longer_fits_is_left_out_with_its_sentence(bench: Bench) -> None:
    """Withdrawn, in conflict, full and had meanwhile: four reasons, and the rest is written."""
    number = bench.planned(reviewers="3")
    pairs = bench.row(number).pairs
    gone = bench.entries[0]
    insider = next(person for entry, person in pairs if entry == bench.entries[1])
    with bench.database.unit() as session:
        entering.put(session, session.get_one(Entry, gone), "withdrawn")
        session.add(Membership(person_id=insider, organisation_id=bench.applicants[1], role="editor", since=NOW))
    had = next(person for entry, person in pairs if entry == bench.entries[2])
    bench.by_hand(bench.entries[2], next(each for each in bench.experts if each.person == had))
    bench.accepted(number)
    planning.apply(bench.database, number=number, now=NOW)
    row = bench.row(number)
    said = {(entry, person): words for entry, person, words, _ in row.left_out}
    assert {words for (entry, _), words in said.items() if entry == gone} == {"The entry has left the review."}
    assert said[bench.entries[1], insider] == "The expert belongs to %(name)s, which applies."
    assert said[bench.entries[2], had] == "The expert has, or had, a review of this entry."
    assert len(said) == 5
    assert len(row.pairs) == 4


def test_a_plan_that_was_killed_half_way_goes_on_and_writes_nothing_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH", 2)
    number = bench.planned()
    bench.accepted(number)

    def killed(session: Session, number: int, done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    for stage in (planning.apply, planning.undo):
        with monkeypatch.context() as broken:
            broken.setattr(assignments, "progress", killed)
            with pytest.raises(KeyboardInterrupt):
                stage(bench.database, number=number, now=NOW)
        assert bench.row(number).stage in ("applying", "undoing")
        stage(bench.database, number=number, now=NOW + HOUR)
        stage(bench.database, number=number, now=NOW + HOUR)
        if stage is planning.apply:
            assert (len(bench.reviews("assigned")), len(bench.row(number).pairs)) == (6, 6)
            with bench.database.unit() as session:
                assignments.undo(session, bench.officer, session.get_one(Assignment, number), now=NOW)
    assert (len(bench.reviews("removed")), len(bench.row(number).taken)) == (6, 6)
    assert bench.verbs("assignment.") == ["assignment.apply", "assignment.undo"]
    assert sorted(bench.verbs("review.")) == ["review.assign"] * 6 + ["review.remove"] * 6


def test_two_officers_click_at_once_and_one_plan_is_applied_once(bench: Bench) -> None:
    number = bench.planned()

    def click() -> str:
        try:
            bench.accepted(number)
        except Problem as problem:
            return problem.slug
        return "ok"

    assert sorted(at_once(bench.database, click, click)) == ["conflict", "ok"]


def test_by_hand_and_by_two_plans_nobody_gets_more_than_the_limit(bench: Bench) -> None:
    """Two plans made of the same state, applied at once: the second leaves out what the first has filled."""
    one, other = bench.planned(), bench.planned(seed="2")
    for number in (one, other):
        bench.accepted(number)
    at_once(
        bench.database,
        lambda: planning.apply(bench.database, number=one, now=NOW),
        lambda: planning.apply(bench.database, number=other, now=NOW),
    )
    counts = [0] * 3
    for review in bench.reviews():
        counts[bench.entries.index(review.entry_id)] += 1
    assert counts == [2, 2, 2]
    assert len(bench.row(one).pairs) + len(bench.row(other).pairs) == 6


def test_by_hand_a_conflict_is_refused_with_its_sentence(bench: Bench) -> None:
    expert, entry = bench.experts[0], bench.entries[0]
    with bench.database.unit() as session:
        name = session.get_one(Organisation, bench.recommender).name_zh
        row = ExpertPast(expert_id=expert.person, name=name.replace("管", "　管"), since="2020")
        session.add(row)
    with pytest.raises(Conflict) as refused:
        bench.by_hand(entry, expert)
    assert [str(reason) for reason in refused.value.reasons] == [
        f"The expert belongs to {name}, which recommends the case."
    ]
    with bench.database.unit() as session:
        insider = make.officer(session)
        session.add(
            Membership(person_id=insider.person, organisation_id=bench.applicants[0], role="editor", since=NOW)
        )
    with pytest.raises(Forbidden):
        bench.by_hand(entry, bench.experts[1], insider)
    bench.by_hand(entry, bench.experts[1])
    with pytest.raises(Conflict):
        bench.by_hand(entry, bench.experts[1])
    assert len(bench.reviews()) == 1


def test_the_experts_of_a_blind_call_find_its_cases_nowhere_until_they_have_none(bench: Bench) -> None:
    expert = bench.experts[0]
    bench.by_hand(bench.entries[0], expert)

    def withheld() -> int:
        with bench.database.reading() as session:
            return session.scalar(select(func.count()).where(WithheldFrom.person_id == expert.person)) or 0

    assert withheld() == 1
    with bench.database.unit() as session:
        [review] = session.scalars(select(Review))
        assign_flow.take(session, bench.officer, review, given={"take_reason": "误派。"}, now=NOW)
    assert (withheld(), bench.reviews()[0].state, bench.reviews()[0].reason) == (0, "removed", "误派。")
    row = bench.row(bench.planned(reviewers="5"))
    assert [bench.entries[0], expert.person] not in row.pairs
    bench.by_hand(bench.entries[0], expert)
    assert (withheld(), bench.reviews()[0].state) == (1, "assigned")
    assert bench.verbs("review.") == ["review.assign", "review.remove", "review.assign"]


def test_a_call_goes_to_its_experts_a_hundred_entries_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(database, state="formal_check")
    monkeypatch.setattr(planning, "BATCH", 2)
    with database.unit() as session:
        call = session.get_one(Call, bench.call)
        flow.decide(session, bench.officer, call, "call.score", given={"reason": "审查完毕。"}, now=NOW)
        assert session.scalar(select(Delivery.kind).where(Delivery.kind == scoring.HAND)) == scoring.HAND
        with pytest.raises(Conflict, match="still being handed"):
            assignments.order(session, bench.officer, call, given=ASK, now=NOW)
    with database.unit() as session:
        entering.put(session, session.get_one(Entry, bench.entries[2]), "withdrawn")
    for _ in range(2):
        planning.hand_over(database, call=bench.call, now=NOW)
    with database.reading() as session:
        states = session.execute(select(Entry.state, Entry.was_public).order_by(Entry.id)).all()
        assert [tuple(each) for each in states] == [("in_review", True), ("in_review", True), ("withdrawn", False)]
        assert session.scalar(select(func.count()).select_from(Withheld)) == 2
        assert {each.why for each in session.scalars(select(Withheld))} == {f"call:{bench.call}"}
    assert bench.verbs("entry.review") == ["entry.review"] * 2
    with database.unit() as session:
        call = session.get_one(Call, bench.call)
        flow.decide(session, bench.officer, call, "call.cancel", given={"reason": "取消。"}, now=NOW)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Withheld)) == 0


def test_what_keeps_a_call_from_its_experts(database: Database) -> None:
    """Waiting entries are counted, masks are confirmed, somebody passed, the pool is large enough."""
    bench = Bench(database, entries=2, experts=1, state="formal_check")

    def reasons() -> list[str]:
        with database.reading() as session:
            return [str(reason) for reason in scoring.not_ready(session, session.get_one(Call, bench.call), NOW)]

    few = "The call asks for 5 experts a case; the pool has 1."
    assert reasons() == [few]
    with database.unit() as session:
        one, other = (session.get_one(Entry, number) for number in bench.entries)
        entering.put(session, one, "recommended")
        other.masked_at = other.masked_by = None
    assert reasons() == [
        "1 entries still wait for a recommendation, a check or a correction.",
        "The words to be masked are not confirmed for 1 entries; the call is blind.",
        few,
    ]
    with database.unit() as session:
        for number in bench.entries:
            entering.put(session, session.get_one(Entry, number), "withdrawn")
        for _ in range(4):
            entering.expert(session)
        entering.expert(session, demonstration=True)
    assert reasons() == ["No entry has passed the form check."]


def test_an_expert_is_reminded_once_before_and_once_after(bench: Bench) -> None:
    bench.applied()
    with bench.database.reading() as session:
        orders = list(session.scalars(select(Delivery).where(Delivery.kind == assign_flow.REMIND)))
        people = {review.person_id for review in bench.reviews()}
    assert len(orders) == 2 * len(people)
    [first, last] = sorted(
        (order for order in orders if order.payload["person"] == min(people)), key=lambda order: order.due_at
    )
    due = bench.reviews()[0].due
    assert due is not None
    assert first.due_at < due < last.due_at
    for order in (first, first, last, last):
        assign_flow.remind(bench.database, order.payload, now=order.due_at)
    assert bench.verbs("review.remind") == ["review.remind"] * 2
    for review in bench.reviews():
        if review.person_id == max(people):
            with bench.database.unit() as session:
                entering.put(session, session.get_one(Review, review.id), "recused")
    for order in orders:
        if order.payload["person"] == max(people):
            assign_flow.remind(bench.database, order.payload, now=order.due_at)
    assert bench.verbs("review.remind") == ["review.remind"] * 2


def test_only_officers_plan_and_only_while_the_call_is_judged(bench: Bench) -> None:
    for actor in (bench.experts[0], Actor()):
        with pytest.raises(Forbidden), bench.database.unit() as session:
            assignments.order(session, actor, session.get_one(Call, bench.call), given=ASK, now=NOW)
    number = bench.applied()
    with bench.database.unit() as session:
        call: Any = entering.put(session, session.get_one(Call, bench.call), "ranking")
        with pytest.raises(Conflict):
            assignments.order(session, bench.officer, call, given=ASK, now=NOW)
        with pytest.raises(Conflict):
            assignments.undo(session, bench.officer, session.get_one(Assignment, number), now=NOW)
