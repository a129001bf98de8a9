"""Ranking runs: what goes in, what comes out again, who stands behind a pseudonym, and when a run is stale."""

from __future__ import annotations

import json
from pathlib import Path

import entering
import make
import pytest
import ranked
from click.testing import CliRunner
from ranked import CALIBRATED, ORDER
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from library import chain, cli, jobs, tables
from library.config import Config
from library.db import Database, canonical
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.events import Event
from library.policy import Actor
from library.selection import facts, flow, run_queries, runs, standing
from library.selection.decision_models import RankingRun
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call
from library.tables import BYTE_ORDER_MARK

WHY = {"reason": "专家评审已完成。"}


def test_the_known_answer_from_the_database(database: Database) -> None:
    """Issue 5: qualities, severities, and the order, from sheets with two criteria."""
    with database.unit() as session:
        call = ranked.call(session)
    run = ranked.run(database, call)
    with database.reading() as session:
        row = session.get_one(RankingRun, run.id)
        result, rows = run_queries.RESULTS.of(session, row)
        names = run_queries.pseudonyms(session, session.get_one(Call, call.call), row.salt)
    assert call.order(database, row) == ORDER
    assert sorted(round(each["calibrated"], 2) for each in rows) == sorted(CALIBRATED.values())
    severity = {row["expert"]: round(row["severity"], 2) for row in result["ranking"]["experts"]}
    assert {name: severity[names[actor.person]] for name, actor in call.experts.items()} == {
        "E1": -2.57,
        "E2": -3.71,
        "E3": -1.71,
        "E4": 8.0,
    }
    assert result["ranking"]["inputs_sha256"] == row.inputs_sha256
    assert [each["zone"] for each in rows][:1] == ["above"]


def test_computed_again_it_gives_the_same_bytes(database: Database, tmp_path: Path) -> None:
    """From its own inputs, from the database in another run, and from the exported table by the command."""
    with database.unit() as session:
        call = ranked.call(session)
    one, other = ranked.run(database, call), ranked.run(database, call)
    with database.reading() as session:
        rows = [session.get_one(RankingRun, each.id) for each in (one, other)]
        assert [row.number for row in rows] == [1, 2]
        assert rows[0].inputs == rows[1].inputs
        assert rows[0].result == rows[1].result
        assert canonical(standing.computed(json.loads(rows[0].inputs), rows[0].parameters)) == rows[0].result
        table = tables.as_csv(("case", "expert", "score", "weight"), run_queries.score_table(session, rows[0]))
    assert table.startswith(BYTE_ORDER_MARK)
    file = tmp_path / "scores.csv"
    file.write_text(table, encoding="utf-8")
    said = CliRunner().invoke(cli.main, ["rank", str(file), "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout) == json.loads(rows[0].result)["ranking"]


def test_a_pseudonym_stays_when_others_come_and_differs_between_calls(session: Session) -> None:
    call = ranked.call(session)
    row = session.get_one(Call, call.call)
    before = run_queries.pseudonyms(session, row, "salt")
    entry = session.get_one(Entry, call.entries["A"])
    entering.review(session, entry, entering.expert(session), "assigned")
    after = run_queries.pseudonyms(session, row, "salt")
    assert before == {person: after[person] for person in before}
    assert len(set(after.values())) == len(after) == 5
    assert run_queries.pseudonyms(session, row, "other") != after
    # The order of accounts is not that of pseudonyms for every salt.
    orders = {tuple(sorted(before, key=run_queries.pseudonyms(session, row, str(n)).get)) for n in range(20)}
    assert len(orders) > 5


def test_the_weight_is_the_confidence_and_only_final_sheets_of_entries_in_review_count(session: Session) -> None:
    call = ranked.call(session)
    row = session.get_one(Call, call.call)
    whole = run_queries.inputs(session, row, "salt")
    assert len(whole["scores"]) == 15
    session.get_one(Review, call.reviews["E1", "A"]).confidence = "high"
    session.get_one(Review, call.reviews["E1", "B"]).confidence = "low"
    entering.put(session, session.get_one(Entry, call.entries["D"]), "withdrawn")
    session.execute(
        update(Review).where(Review.id == call.reviews["E4", "C"]).values(state="abstained", final_at=None)
    )
    found = run_queries.inputs(session, row, "salt")
    aliases = {letter: session.get_one(Entry, number).alias for letter, number in call.entries.items()}
    assert len(found["scores"]) == 15 - 3 - 1
    assert aliases["D"] not in {case for case, *_ in found["scores"]} | set(found["entered"])
    names = run_queries.pseudonyms(session, row, "salt")
    weights = {(case, expert): weight for case, expert, _, weight in found["scores"]}
    person = call.experts["E1"].person
    assert weights[aliases["A"], names[person]] == 1.5
    assert weights[aliases["B"], names[person]] == 0.5


def test_a_changed_score_marks_a_run_stale_and_its_return_ends_that(database: Database) -> None:
    with database.unit() as session:
        call = ranked.call(session)
    run = ranked.run(database, call)

    def stale() -> tuple[bool, bool]:
        with database.reading() as session:
            row = session.get_one(RankingRun, run.id)
            return run_queries.is_stale(session, row), run_queries.FRESHNESS.stale(session, row)

    assert stale() == (False, False)
    with database.unit() as session:
        ranked.rescored(session, call, "E1", "A", 87)
        ranked.told(session, call, "review.finish")
    assert stale() == (True, True)
    with database.unit() as session:
        ranked.rescored(session, call, "E1", "A", 88)
        ranked.told(session, call, "review.finish")
    assert stale() == (False, False)


def test_a_run_is_made_once_however_often_it_is_ordered_or_started(database: Database) -> None:
    with database.unit() as session:
        call = ranked.call(session)
    with database.unit() as session:
        row = session.get_one(Call, call.call)
        numbers = {runs.order(session, call.officer, row, now=ranked.NOW) for _ in range(2)}
    assert numbers == {1}
    with database.reading() as session:
        work = session.scalars(select(Delivery).where(Delivery.kind == run_queries.RANK)).one()
    config = Config.read({"CASELIB_ENV": "test", "CASELIB_DATA": "/nowhere"})
    for _ in range(2):
        jobs.JOBS[work.kind](config, database, work.payload, ranked.NOW)
    with database.reading() as session:
        assert session.scalars(select(RankingRun.number)).all() == [1]
        events = select(Event.actor).where(Event.verb == "run.make")
        assert session.scalars(events).all() == [call.officer.id]


def test_a_worker_that_dies_before_its_commit_leaves_no_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.unit() as session:
        call = ranked.call(session)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("library.events.record", die)
        with pytest.raises(KeyboardInterrupt):
            ranked.run(database, call)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RankingRun)) == 0
        waiting = run_queries.being_made(session, session.get_one(Call, call.call))
        assert waiting is not None
    runs.make(database, waiting.payload, now=ranked.NOW)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RankingRun)) == 1


@pytest.mark.parametrize("column", ["inputs", "result", "salt"])
def test_check_chain_names_a_run_that_was_edited(database: Database, column: str) -> None:
    with database.unit() as session:
        call = ranked.call(session)
    run = ranked.run(database, call)
    with database.unit() as session:
        report = chain.check_chain(session, facts.RECOMPUTE)
        assert (report.sound, report.rows_checked > 0) == (True, True)
        changed = func.replace(getattr(RankingRun, column), "8", "7")
        session.execute(update(RankingRun).where(RankingRun.id == run.id).values({column: changed}))
    with database.reading() as session:
        changed_rows = chain.check_chain(session, facts.RECOMPUTE).rows_changed
    assert [row["subject"] for row in changed_rows] == [f"run:{run.id}"]


def test_groups_that_no_expert_links_are_named_and_not_ranked(database: Database) -> None:
    apart = {"E1": {"A": 80, "B": 70}, "E2": {"A": 82, "B": 75}, "E3": {"C": 90, "D": 60}}
    with database.unit() as session:
        call = ranked.call(session, apart)
    run = ranked.run(database, call)
    with database.unit() as session:
        row = session.get_one(RankingRun, run.id)
        result, rows = run_queries.RESULTS.of(session, row)
        groups = [(len(group["cases"]), len(group["experts"])) for group in result["ranking"]["components"]]
        assert (result["ranking"]["ranked"], rows, sorted(groups)) == (False, [], [(2, 1), (2, 2)])
    with pytest.raises(Conflict, match="not linked"):
        ranked.begun(database, call)


def test_the_order_of_ties_is_settled_without_chance() -> None:
    rows = [
        {"case": "a", "rank": 1, "raw": 80.0, "rank_high": 3},
        {"case": "b", "rank": 1, "raw": 81.0, "rank_high": 3},
        {"case": "c", "rank": 1, "raw": 80.0, "rank_high": 2},
        {"case": "d", "rank": 1, "raw": 80.0, "rank_high": 3},
    ]
    assert standing.order(rows, ["d", "c", "b", "a"]) == ["b", "c", "d", "a"]


def test_who_shares_the_rank_at_the_cut_is_in_the_band() -> None:
    cases = [
        {"case": name, "rank": rank, "raw_rank": rank, "raw": 80.0, "rank_low": rank, "rank_high": rank}
        for name, rank in (("a", 1), ("b", 2), ("c", 2), ("d", 4))
    ]
    result = {"ranking": {"cases": cases}, "order": ["a", "b", "c", "d"]}
    assert [row["zone"] for row in standing.standing(result, 2)] == ["above", "band", "band", "below"]
    assert [row["zone"] for row in standing.standing(result, 3)] == ["above", "above", "above", "below"]
    wide = [{**row, "rank_high": 3} if row["case"] == "b" else row for row in cases]
    result = {"ranking": {"cases": wide}, "order": ["a", "b", "c", "d"]}
    assert [row["zone"] for row in standing.standing(result, 2)] == ["above", "band", "band", "below"]


def test_the_review_ends_when_nothing_is_open(database: Database) -> None:
    with database.unit() as session:
        call = ranked.call(session, state="scoring")
        late = entering.review(
            session, session.get_one(Entry, call.entries["F"]), entering.expert(session), "cleared"
        )
        alias = session.get_one(Entry, call.entries["F"]).alias
    with pytest.raises(Invalid) as refused, database.unit() as session:
        flow.decide(
            session, call.officer, session.get_one(Call, call.call), "call.rank", given=WHY, now=ranked.NOW
        )
    assert [str(reason) for reason in refused.value.reasons] == [
        f"1 reviews are still open ({alias}): wait for them, or take the experts off."
    ]
    with database.unit() as session:
        entering.put(session, session.get_one(Review, late.id), "recused")
        row = session.get_one(Call, call.call)
        few = run_queries.few_reviews(session, row)
        flow.decide(session, call.officer, row, "call.rank", given=WHY, now=ranked.NOW)
        assert row.state == "ranking"
    assert few == []


def test_entries_with_fewer_reviews_than_asked_are_named(session: Session) -> None:
    call = ranked.call(session, reviewers=4)
    found = run_queries.few_reviews(session, session.get_one(Call, call.call))
    assert len(found) == 5
    assert {number for _, number in found} == {3}


def test_only_officers_order_and_only_ministry_people_read(database: Database) -> None:
    with database.unit() as session:
        call = ranked.call(session)
        row = session.get_one(Call, call.call)
        strangers: list[Actor] = [
            *(make.officer(session, role) for role in ("approver", "administrator", "expert")),
            *(call.owners["A"], Actor()),
        ]
        for actor in strangers:
            with pytest.raises(Forbidden):
                runs.order(session, actor, row, now=ranked.NOW)
    run = ranked.run(database, call)
    with database.reading() as session:
        row = session.get_one(Call, call.call)
        for actor in strangers:
            if actor.has("approver"):
                assert run_queries.run(session, actor, row, run.number).id == run.id
                with pytest.raises(Missing):
                    run_queries.who_is_who(session, actor, run)
            else:
                with pytest.raises(Missing):
                    run_queries.run(session, actor, row, run.number)
        known = run_queries.who_is_who(session, call.officer, run)
        assert len(known) == 4


def test_no_run_before_the_review_has_ended(database: Database) -> None:
    with database.unit() as session:
        call = ranked.call(session, state="scoring")
    with pytest.raises(Conflict):
        ranked.run(database, call)
