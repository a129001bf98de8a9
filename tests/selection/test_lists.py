"""The list of the selected: its exceptions, its chain of approvals, two at once, and what check-chain names."""

from __future__ import annotations

from collections.abc import Callable

import entering
import make
import pytest
import ranked
from racing import at_once
from ranked import NOW, Ranked
from sqlalchemy import select, update

from library import chain
from library.accounts.models import Membership
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.policy import Actor
from library.selection import decision_flow, decision_policy, facts, list_queries, lists
from library.selection.decision_models import Approval, Choice, RankingRun, SelectionList
from library.selection.entry_models import Entry
from library.selection.models import Call

REASON = "区域覆盖需要。"


@pytest.fixture
def call(database: Database) -> Ranked:
    """Five entries ranked A B D F C, two places."""
    with database.unit() as session:
        return ranked.call(session)


@pytest.fixture
def approvers(database: Database) -> list[Actor]:
    with database.unit() as session:
        return [make.officer(session, "approver") for _ in range(3)]


def edit(database: Database, call: Ranked, version: int = 0, **wanted: tuple[bool, str]) -> None:
    with database.unit() as session:
        row = call.list(session)
        choices = {call.entries[letter]: said for letter, said in wanted.items()}
        lists.edit(session, call.officer, row, wanted=choices, version=version or row.version, now=NOW)


def go(
    database: Database, call: Ranked, actor: Actor, how: Callable[..., None], version: int = 0, **given: str
) -> None:
    with database.unit() as session:
        row = call.list(session)
        said = {"version": version or row.version, **given}
        how(session, actor, row, given=said, now=NOW)


def seen(database: Database, call: Ranked) -> tuple[str, int, str]:
    """State, version and the letters of the selected."""
    letters = {number: letter for letter, number in call.entries.items()}
    with database.reading() as session:
        row = call.list(session)
        chosen = "".join(letters[each.entry_id] for each in list_queries.selected(session, row))
        return row.state, row.version, chosen


def test_a_list_begins_with_the_first_of_the_order(database: Database, call: Ranked) -> None:
    ranked.begun(database, call)
    assert call.order(database) == ranked.ORDER
    assert seen(database, call) == ("draft", 1, "AB")


def test_against_the_order_only_with_a_reason_for_who_is_taken_and_who_is_skipped(
    database: Database, call: Ranked
) -> None:
    """Scenario 22."""
    ranked.begun(database, call)
    edit(database, call, B=(False, ""), D=(True, REASON))
    with pytest.raises(Invalid) as refused:
        go(database, call, call.officer, decision_flow.submit)
    assert [str(each) for each in refused.value.reasons] == [
        "1 exceptions have no reason yet; write it beside each, or take the exception back."
    ]
    edit(database, call, B=(False, REASON))
    with database.reading() as session:
        found = [
            (each.rank, each.selected, each.reason)
            for each in list_queries.exceptions(session, call.list(session))
        ]
    assert found == [(2, False, REASON), (3, True, REASON)]
    go(database, call, call.officer, decision_flow.submit)
    assert seen(database, call) == ("approval", 3, "AD")
    with database.reading() as session:
        assert session.get_one(Call, call.call).state == "approval"


def test_what_follows_the_order_keeps_no_reason(database: Database, call: Ranked) -> None:
    ranked.begun(database, call)
    edit(database, call, B=(False, REASON))
    edit(database, call, B=(True, REASON))
    with database.reading() as session:
        assert session.scalars(select(Choice.reason).where(Choice.reason.is_not(None))).all() == []


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"D": (True, REASON)}, "3 are selected, but there are only 2 places."),
        ({"A": (False, REASON), "B": (False, REASON)}, "Nobody is selected."),
    ],
)
def test_too_many_or_nobody_cannot_go_to_approval(
    database: Database, call: Ranked, wanted: dict[str, tuple[bool, str]], sentence: str
) -> None:
    ranked.begun(database, call)
    edit(database, call, **wanted)
    with pytest.raises(Invalid) as refused:
        go(database, call, call.officer, decision_flow.submit)
    assert sentence in map(str, refused.value.reasons)


def test_a_reason_that_is_too_long_keeps_the_list_as_it_was(database: Database, call: Ranked) -> None:
    ranked.begun(database, call)
    with pytest.raises(Invalid) as refused:
        edit(database, call, B=(False, "长" * 2001))
    assert list(refused.value.fields) == [f"reason-{call.entries['B']}"]
    assert seen(database, call) == ("draft", 1, "AB")


def test_an_entry_without_a_final_review_stands_behind_all_others(database: Database, call: Ranked) -> None:
    with database.unit() as session:
        row = session.get_one(Call, call.call)
        extra = entering.entry(session, row, "in_review", by=entering.recommender(session, row)[0])
        call.entries["Z"] = extra.id
    ranked.begun(database, call)
    assert call.order(database) == ranked.ORDER + "Z"
    assert seen(database, call)[2] == "AB"


def test_a_stale_run_carries_no_list(database: Database, call: Ranked, approvers: list[Actor]) -> None:
    """Scenario 21, at each step: begin, submit, approve, release; a new run heals it."""
    ranked.begun(database, call)

    def change(score: int) -> None:
        with database.unit() as session:
            ranked.rescored(session, call, "E1", "A", score)
            ranked.told(session, call, "review.finish")

    def refused(actor: Actor, how: Callable[..., None]) -> None:
        with pytest.raises((Invalid, Conflict)) as told:
            go(database, call, actor, how)
        said = [str(told.value.text), *map(str, told.value.reasons)]
        assert any("have changed since the ranking run" in sentence for sentence in said)

    change(60)
    refused(call.officer, decision_flow.submit)
    with database.unit() as session:
        row = session.get_one(RankingRun, call.list(session).run_id)
        place = session.get_one(Call, call.call)
        with pytest.raises(Conflict):
            lists.begin(session, call.officer, place, row, now=NOW)
    change(88)
    go(database, call, call.officer, decision_flow.submit)
    change(60)
    refused(approvers[0], decision_flow.approve)
    change(88)
    for approver in approvers[:2]:
        go(database, call, approver, decision_flow.approve)
    change(60)
    refused(call.officer, decision_flow.release)
    go(database, call, approvers[2], decision_flow.send_back, reason="评分已变。")
    ranked.begun(database, call)
    go(database, call, call.officer, decision_flow.submit)
    assert seen(database, call)[0] == "approval"


def test_a_score_changed_behind_the_back_of_the_events_stops_a_submission_too(
    database: Database, call: Ranked
) -> None:
    """The page may remember that a run is fresh; the step looks at every score."""
    ranked.begun(database, call)
    with database.reading() as session:
        assert list_queries.not_submittable(session, call.list(session), NOW) == []
    with database.unit() as session:
        ranked.rescored(session, call, "E1", "A", 60)
    with pytest.raises(Conflict):
        go(database, call, call.officer, decision_flow.submit)


def test_a_chain_of_distinct_people_approves_the_version_that_was_read(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    """Scenario 23."""
    ranked.begun(database, call)
    go(database, call, call.officer, decision_flow.submit)
    one, two, three = approvers
    with pytest.raises(Conflict, match="read it again"):
        go(database, call, one, decision_flow.approve, version=7)
    go(database, call, one, decision_flow.approve)
    with pytest.raises(Conflict, match="somebody else"):
        go(database, call, one, decision_flow.approve)
    assert seen(database, call)[0] == "approval"
    go(database, call, two, decision_flow.send_back, reason="请说明B。")
    assert seen(database, call)[:2] == ("draft", 2)
    with database.reading() as session:
        words = [
            (each.person_id, each.verdict, each.version, each.voided_at is not None)
            for each in list_queries.words(session, call.list(session))
        ]
    assert words == [(one.person, "approved", 1, True), (two.person, "returned", 1, True)]
    go(database, call, call.officer, decision_flow.submit)
    for approver in (three, one):
        go(database, call, approver, decision_flow.approve)
    assert seen(database, call)[0] == "approved"
    with pytest.raises(Conflict):
        go(database, call, two, decision_flow.approve)
    with database.reading() as session:
        rows = select(Event.verb).where(Event.subject.startswith("list:")).order_by(Event.seq)
        assert session.scalars(rows).all() == [
            *("list.begin", "list.submit", "list.sign", "list.return", "list.submit", "list.sign", "list.approve")
        ]


def test_nobody_approves_a_list_that_he_made_or_that_selects_his_organisation(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    with database.unit() as session:
        both = make.officer(session, "officer", "approver")
        organisation = session.get_one(Entry, call.entries["A"]).applicant_id
        session.add(
            Membership(person_id=approvers[0].person, organisation_id=organisation, role="commenter", since=NOW)
        )
    ranked.begun(database, call)
    with database.unit() as session:
        choices = {call.entries["B"]: (False, REASON)}
        lists.edit(session, both, call.list(session), wanted=choices, version=1, now=NOW)
    go(database, call, call.officer, decision_flow.submit)
    for actor, words in ((both, "took part"), (approvers[0], "belong to an organisation")):
        for how, given in ((decision_flow.approve, {}), (decision_flow.send_back, {"reason": REASON})):
            with pytest.raises(Forbidden, match=words):
                go(database, call, actor, how, **given)
    with pytest.raises(Forbidden):
        go(database, call, call.officer, decision_flow.approve)
    assert seen(database, call)[0] == "approval"


def test_no_officer_keeps_a_list_that_decides_about_the_own_organisation(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    """Selected or not: here it stands last."""
    ranked.begun(database, call)
    with database.unit() as session:
        theirs = make.officer(session)
        organisation = session.get_one(Entry, call.entries["C"]).applicant_id
        stay = Membership(person_id=theirs.person, organisation_id=organisation, role="commenter", since=NOW)
        session.add(stay)
        session.flush()
        number = stay.id

    def begin() -> None:
        with database.unit() as session:
            row = call.list(session)
            lists.begin(session, theirs, session.get_one(Call, call.call), row.run, now=NOW)

    def change() -> None:
        with database.unit() as session:
            choices = {call.entries["B"]: (False, REASON)}
            lists.edit(session, theirs, call.list(session), wanted=choices, version=1, now=NOW)

    def submit() -> None:
        go(database, call, theirs, decision_flow.submit)

    def release() -> None:
        go(database, call, theirs, decision_flow.release)

    for act in (begin, change, submit):
        with pytest.raises(Forbidden, match="applies in this call"):
            act()
    assert seen(database, call) == ("draft", 1, "AB")
    go(database, call, call.officer, decision_flow.submit)
    for approver in approvers[:2]:
        go(database, call, approver, decision_flow.approve)
    with pytest.raises(Forbidden, match="applies in this call"):
        release()
    with database.unit() as session:
        session.get_one(Membership, number).ended_at = NOW
    release()
    assert seen(database, call)[0] == "released"


def tried(act: Callable[[], None]) -> Callable[[], str]:
    """What came of it."""

    def run() -> str:
        try:
            act()
        except Problem as problem:
            return type(problem).__name__
        return "done"

    return run


def test_two_officers_at_once_and_the_second_sees_it(database: Database, call: Ranked) -> None:
    ranked.begun(database, call)
    acts = [
        tried(lambda letter=letter: edit(database, call, version=1, **{letter: (False, REASON)}))
        for letter in "AB"
    ]
    assert sorted(at_once(database, *acts)) == ["Conflict", "done"]
    assert len(seen(database, call)[2]) == 1


def test_two_approvers_at_once_make_one_chain(database: Database, call: Ranked, approvers: list[Actor]) -> None:
    ranked.begun(database, call)
    go(database, call, call.officer, decision_flow.submit)
    acts = [
        tried(lambda actor=actor: go(database, call, actor, decision_flow.approve, version=1))
        for actor in approvers[:2]
    ]
    assert at_once(database, *acts) == ["done", "done"]
    assert seen(database, call)[0] == "approved"


def test_an_approval_and_a_return_at_once_leave_no_half_chain(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    ranked.begun(database, call)
    go(database, call, call.officer, decision_flow.submit)
    one, two = approvers[:2]
    results = at_once(
        database,
        tried(lambda: go(database, call, one, decision_flow.approve, version=1)),
        tried(lambda: go(database, call, two, decision_flow.send_back, version=1, reason=REASON)),
    )
    assert results[1] == "done"
    assert seen(database, call)[0] == "draft"
    with database.reading() as session:
        assert list_queries.standing_approvals(session, call.list(session)) == []


def test_one_person_twice_at_once_approves_once(database: Database, call: Ranked, approvers: list[Actor]) -> None:
    ranked.begun(database, call)
    go(database, call, call.officer, decision_flow.submit)
    act = tried(lambda: go(database, call, approvers[0], decision_flow.approve, version=1))
    assert sorted(at_once(database, act, act)) == ["Conflict", "done"]
    assert seen(database, call)[0] == "approval"


def test_check_chain_names_a_decision_that_was_edited(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    ranked.begun(database, call)
    edit(database, call, B=(False, REASON), D=(True, REASON))
    go(database, call, call.officer, decision_flow.submit)
    go(database, call, approvers[0], decision_flow.approve)
    go(database, call, approvers[1], decision_flow.send_back, reason=REASON)

    def changed() -> list[str]:
        with database.reading() as session:
            return [row["subject"] for row in chain.check_chain(session, facts.RECOMPUTE).rows_changed]

    def meddle(statement: object) -> None:
        with database.unit() as session:
            session.execute(statement)

    assert changed() == []
    with database.reading() as session:
        number, word = call.list(session).id, session.scalars(select(Approval.id).order_by(Approval.id)).first()
    entry = call.entries["C"]
    meddle(update(Choice).where(Choice.entry_id == entry).values(selected=True))
    assert changed() == [f"list:{number}"]
    meddle(update(Choice).where(Choice.entry_id == entry).values(selected=False))
    meddle(update(Approval).where(Approval.id == word).values(voided_at=None))
    assert changed() == [f"approval:{word}"]


def test_who_is_no_officer_keeps_no_list(database: Database, call: Ranked, approvers: list[Actor]) -> None:
    made = ranked.begun(database, call)
    with database.unit() as session:
        row = session.get_one(SelectionList, made.id)
        others = [*approvers[:1], make.officer(session, "administrator"), call.owners["A"], Actor()]
        for actor in others:
            with pytest.raises(Forbidden):
                lists.edit(session, actor, row, wanted={}, version=1, now=NOW)
            with pytest.raises(Forbidden):
                decision_flow.submit(session, actor, row, given={"version": 1}, now=NOW)
        program = Actor(call.officer.id, roles=frozenset({"officer"}), person=1, scopes=frozenset({"cases:write"}))
        with pytest.raises(Forbidden):
            lists.edit(session, program, row, wanted={}, version=1, now=NOW)


def test_reading_is_for_officers_and_approvers_as_predicate_and_as_where(
    database: Database, call: Ranked, approvers: list[Actor]
) -> None:
    made = ranked.begun(database, call)
    with database.unit() as session:
        row = session.get_one(SelectionList, made.id)
        run, place = session.get_one(RankingRun, row.run_id), session.get_one(Call, call.call)
        roles = ("officer", "approver", "administrator", "expert", "verifier")
        actors = [*(make.officer(session, role) for role in roles), call.owners["A"], Actor()]
        for actor in actors:
            reads = actor.has("officer", "approver")
            assert decision_policy.may_read(actor, row) == decision_policy.may_read(actor, run) == reads
            seen_runs = select(RankingRun.id).where(decision_policy.visible_runs(actor))
            assert list(session.scalars(seen_runs)) == ([run.id] if reads else [])
            assert (list_queries.of_call(session, actor, place) is not None) == reads
            assert [each.id for each, _, _ in list_queries.lists(session, actor)] == ([row.id] if reads else [])
