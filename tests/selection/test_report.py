"""The fair-process report: equal to counts taken another way, and nobody is given away."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import entering
import hypothesis.strategies as st
import noticing
from hypothesis import given, settings
from published import AFTER, publish, ready
from sqlalchemy import select

from library import db
from library.db import Database
from library.selection import publication, report_queries
from library.selection.benchmark_models import Result
from library.selection.decision_models import Choice
from library.selection.entry_models import Entry, EntryCheck
from library.selection.expert_models import Review
from library.selection.models import Call
from library.selection.report_queries import FEWEST

DAY = dt.timedelta(days=1)
COUNTS = st.dictionaries(
    st.sampled_from("abcdefg"), st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=7
)


def test_the_report_equals_counts_over_the_tables(database: Database) -> None:
    with database.unit() as session:
        scene = ready(session, chosen=2, left_out=2)
        scene.left_out[0].was_public = True
        experts = [entering.expert(session) for _ in range(3)]
        for number, entry in enumerate([*scene.entries, scene.left_out[0]]):
            for place, expert in enumerate(experts):
                entering.review(
                    session, entry, expert, recognised=place == number, final_at=entering.LATER + 7 * DAY
                )
        entering.review(session, scene.left_out[1], experts[0], "recused", reason="任职单位")
        for entry in scene.entries:
            at = {"at": entering.LATER, "by": "officer:1", "revision_id": entry.revision_id}
            session.add(EntryCheck(entry_id=entry.id, outcome="passed", **at))
        choice = session.scalars(select(Choice).where(Choice.entry_id == scene.left_out[0].id)).one()
        choice.reason = f"{scene.left_out[0].applicant.name_zh}的{scene.left_out[0].code}材料不足。"
        objection = noticing.file(session, scene, noticing_of(scene))
        noticing.move(session, scene.officer, objection, "objection.refuse")
        publish(session, scene)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    with database.reading() as session:
        found = session.get_one(Result, scene.call.id).report
        assert found is not None
        entries, reviews = session.scalars(select(Entry)).all(), session.scalars(select(Review)).all()
        final = [row for row in reviews if row.state == "final"]
        assert found["states"] == dict(Counter(row.state for row in entries))
        assert found["stages"] == {
            "entered": len(entries),
            "recommended": sum(row.signer is not None for row in entries),
            "checked": 2,
            "reviewed": len({row.entry_id for row in final}),
            "announced": 2,
            "selected": 2,
        }
        assert found["experts"]["people"] == 3
        assert found["experts"]["reviews"] == {"final": 9, "recused": 1}
        assert found["experts"]["rows"] == []  # fewer than FEWEST of them
        assert found["blind"]["public_before"] == 1
        assert (found["blind"]["recognised"], found["blind"]["not_recognised"]) == (3, 6)
        assert found["durations"]["review"][:1] == [9]
        assert found["durations"]["review"][2] == 5  # a week
        assert found["objections"] == [["false_material", "not_admitted", "own_score", 1]]
        assert found["direction"] == [["governance", None, 2]]
        [exception] = found["exceptions"]
        assert exception == {"entry": None, "rank": None, "selected": False, "reason": "[…]的[…]材料不足。"}
        text = db.canonical(found)
        for lost in scene.left_out:
            assert lost.code not in text
        assert report_queries.report(session, session.get_one(Call, scene.call.id)) == found


def noticing_of(scene: noticing.Scene) -> noticing.Notice:
    from sqlalchemy.orm import object_session

    session = object_session(scene.call)
    assert session is not None
    return session.scalars(select(noticing.Notice)).one()


@given(COUNTS)
@settings(max_examples=60)
def test_what_is_kept_back_cannot_be_worked_out(counts: dict[str, tuple[int, int]]) -> None:
    """Whoever knows the totals, and that every hidden row has a loser at least, cannot tell a single small one."""
    entered = {code: selected + lost for code, (selected, lost) in counts.items()}
    selected = {code: each for code, (each, _) in counts.items()}
    rows = report_queries.broken_down(entered, selected, dict.fromkeys(entered, ""))
    assert [row[0] for row in rows] == sorted(entered)
    hidden = [code for code, number, _ in rows if number is None]
    for code, number, chosen in rows:
        assert chosen == selected[code]
        lost = counts[code][1]
        assert number is None or (number == entered[code] and (lost == 0 or lost >= FEWEST))
    losers = [code for code in counts if counts[code][1]]
    if hidden and set(hidden) != set(losers):
        assert len(hidden) > 1
        assert sum(counts[code][1] for code in hidden) >= FEWEST
