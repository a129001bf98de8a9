"""Public notices: what they list and until when, what may be checked, in portions, and who moves up."""

from __future__ import annotations

import datetime as dt
import hashlib

import entering
import make
import noticing
import pytest
from noticing import BEGIN, LAST, SECOND, WHY
from racing import at_once
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.catalog.draft_models import CalendarDay
from library.chain import check_chain
from library.db import Database, canonical
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid, Problem
from library.events import Event
from library.selection import announcing, facts, flow, notice_steps
from library.selection import notice_queries as queries
from library.selection.decision_models import SelectionList
from library.selection.entry_models import Entry
from library.selection.models import Call
from library.selection.notice_models import Notice, Objection


def test_a_notice_lists_what_the_public_may_know_and_no_more(session: Session) -> None:
    scene, notice = noticing.noticed(session, chosen=2)
    assert notice.code == f"{scene.call.code}-N1"
    assert (notice.begins_at, notice.ends_at, notice.days) == (BEGIN, LAST, 5)
    assert {item["entry"] for item in notice.items} == {entry.code for entry in scene.entries}
    for item in notice.items:
        assert set(item) == {"entry", "title", "applicant", "recommender", "direction", "demonstration"}
    first = next(item for item in notice.items if item["entry"] == scene.entry.code)
    assert first["applicant"] == {"zh": "青河水务集团有限公司", "en": "Qinghe Water"}
    assert first["title"]["zh"] == scene.entry.revision.document["title"]["zh"]
    assert notice.sha256 == hashlib.sha256(canonical(notice.items).encode()).hexdigest()


def test_the_holiday_calendar_counts(session: Session) -> None:
    """Two days off in the middle of the window end it two working days later."""
    scene = noticing.decided(session)
    for day in ("2027-03-03", "2027-03-04"):
        session.add(CalendarDay(day=day, working=False, title={"zh": "假日", "en": "Holiday"}))
    session.flush()
    flow.decide(session, scene.officer, scene.call, "call.notice", given=WHY, now=BEGIN)
    assert session.scalars(select(Notice.ends_at)).one() == LAST + dt.timedelta(days=2)


def test_the_guard_names_what_is_missing(session: Session) -> None:
    scene = noticing.decided(session)
    assert announcing.not_ready(session, scene.call, BEGIN) == []
    entering.put(session, scene.entry, "withdrawn")
    with pytest.raises(Invalid) as refused:
        flow.decide(session, scene.officer, scene.call, "call.notice", given=WHY, now=BEGIN)
    assert refused.value.reasons == (announcing.NOTHING,)
    entering.put(session, scene.entry, "in_review")
    assert len(announcing.not_ready(session, scene.call, BEGIN)) == 2
    entering.put(session, scene.entry, "shortlisted")
    chosen = session.scalars(select(SelectionList)).one()
    chosen.told_at = None
    session.flush()
    assert len(announcing.not_ready(session, scene.call, BEGIN)) == 1
    session.execute(update(SelectionList).values(state="approved", released_at=None))
    session.refresh(chosen)
    assert len(announcing.not_ready(session, scene.call, BEGIN)) == 1


def test_the_entries_follow_in_portions_that_may_be_killed_and_run_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_steps, "PORTION", 2)
    scene = noticing.decided(session, chosen=3, left_out=0)
    flow.decide(session, scene.officer, scene.call, "call.notice", given=WHY, now=BEGIN)
    notice = session.scalars(select(Notice)).one()
    assert session.scalars(select(Delivery.payload).where(Delivery.kind == announcing.ANNOUNCE)).all() == [
        {"notice": notice.id}
    ]
    entering.put(session, scene.entries[2], "withdrawn")  # taken back before its turn came
    assert [notice_steps.announce_some(session, notice.id, now=BEGIN) for _ in range(2)] == [2, 0]
    assert {entry.state for entry in scene.entries[:2]} == {"in_publicity"}
    assert scene.entries[2].state == "withdrawn"


def test_two_officers_put_up_one_notice(database: Database) -> None:
    with database.unit() as session:
        scene = noticing.decided(session)
        other = make.officer(session)

    def put_up(actor: object) -> str:
        try:
            with database.unit() as session:
                call = session.get_one(Call, scene.call.id)
                flow.decide(session, actor, call, "call.notice", given=WHY, now=BEGIN)  # type: ignore[arg-type]
        except Problem as problem:
            return type(problem).__name__
        return "up"

    assert sorted(at_once(database, lambda: put_up(scene.officer), lambda: put_up(other))) == ["Conflict", "up"]
    with database.reading() as session:
        assert len(session.scalars(select(Notice)).all()) == 1


def test_to_the_second_nothing_is_published_before_the_window_is_over(session: Session) -> None:
    scene = noticing.decided(session)
    assert announcing.not_yet_over(session, scene.call, LAST + SECOND)
    flow.decide(session, scene.officer, scene.call, "call.notice", given=WHY, now=BEGIN)
    assert announcing.not_yet_over(session, scene.call, LAST)
    assert announcing.not_yet_over(session, scene.call, LAST + SECOND) == []


def test_the_next_by_rank_is_offered_and_taken_only_by_hand(session: Session) -> None:
    scene, notice = noticing.noticed(session, chosen=1, left_out=2)
    next_one, last = scene.left_out
    assert queries.free_places(session, scene.call) == 0
    with pytest.raises(Invalid):
        notice_steps.move_up(session, scene.officer, next_one, given=WHY, now=BEGIN)
    row = noticing.file(session, scene, notice)
    noticing.move(session, scene.officer, row, "objection.admit")
    noticing.move(session, scene.applicant, row, "objection.reply")
    noticing.move(session, scene.officer, row, "objection.uphold")
    assert (scene.entry.state, scene.entry.reason) == ("removed", "经核实数据不实。")
    assert next_one.state == "not_selected"
    assert [(choice.rank, entry.id) for choice, entry in queries.next_by_rank(session, scene.call)] == [
        (2, next_one.id)
    ]
    with pytest.raises(Invalid, match="cannot be done"):
        notice_steps.move_up(session, scene.officer, last, given=WHY, now=BEGIN)
    with pytest.raises(Invalid) as refused:
        notice_steps.move_up(session, scene.officer, next_one, given={}, now=BEGIN)
    assert set(refused.value.fields) == {"reason"}
    with pytest.raises(Forbidden):
        notice_steps.move_up(session, scene.applicant, next_one, given=WHY, now=BEGIN)
    notice_steps.move_up(session, scene.officer, next_one, given=WHY, now=BEGIN)
    assert next_one.state == "shortlisted"
    with pytest.raises(Invalid):
        notice_steps.move_up(session, scene.officer, last, given=WHY, now=BEGIN)
    second = notice_steps.again(session, scene.officer, scene.call, given=WHY, now=LAST)
    assert (second.code, second.why) == (f"{scene.call.code}-N2", WHY["reason"])
    assert [item["entry"] for item in second.items] == [next_one.code]
    assert announcing.not_yet_over(session, scene.call, LAST + SECOND)
    with pytest.raises(Invalid):
        notice_steps.again(session, scene.officer, scene.call, given=WHY, now=LAST)


def test_another_notice_needs_the_publicity(session: Session) -> None:
    scene = noticing.decided(session)
    with pytest.raises(Conflict):
        notice_steps.again(session, scene.officer, scene.call, given=WHY, now=BEGIN)


def test_two_officers_fill_one_free_place_once(database: Database) -> None:
    with database.unit() as session:
        scene, notice = noticing.noticed(session, chosen=1, left_out=1)
        other = make.officer(session)
        row = noticing.file(session, scene, notice)
        noticing.move(session, scene.officer, row, "objection.admit")
        noticing.move(session, scene.applicant, row, "objection.reply")
        noticing.move(session, scene.officer, row, "objection.uphold")

    def up(actor: object) -> str:
        try:
            with database.unit() as session:
                entry = session.get_one(Entry, scene.left_out[0].id)
                notice_steps.move_up(session, actor, entry, given=WHY, now=BEGIN)  # type: ignore[arg-type]
        except Problem as problem:
            return type(problem).__name__
        return "up"

    assert sorted(at_once(database, lambda: up(scene.officer), lambda: up(other))) == ["Conflict", "up"]


def test_a_notice_and_an_outcome_changed_in_the_database_are_named(database: Database) -> None:
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
        row = noticing.file(session, scene, notice)
        noticing.move(session, scene.officer, row, "objection.refuse")
    with database.reading() as session:
        assert check_chain(session, facts.RECOMPUTE).rows_changed == []
    with database.unit() as session:
        session.get_one(Notice, notice.id).items = [{**notice.items[0], "applicant": {"zh": "另一家"}}]
        session.get_one(Objection, row.id).decision = "没有理由。"
    with database.reading() as session:
        report = check_chain(session, facts.RECOMPUTE)
        put_up = session.scalars(select(Event.seq).where(Event.verb == "notice.publish")).one()
        refused = session.scalars(select(Event.seq).where(Event.verb == "objection.refuse")).one()
    assert report.rows_changed == [
        {"subject": f"notice:{notice.id}", "event": put_up},
        {"subject": f"objection:{row.id}", "event": refused},
    ]


def test_the_head_of_the_chain_on_a_notice_is_the_one_before_it(database: Database) -> None:
    with database.unit() as session:
        scene = noticing.decided(session)
    with database.unit() as session:
        call = session.get_one(Call, scene.call.id)
        flow.decide(session, scene.officer, call, "call.notice", given=WHY, now=BEGIN)
    with database.reading() as session:
        notice = session.scalars(select(Notice)).one()
        put_up = session.scalars(select(Event).where(Event.verb == "notice.publish")).one()
        assert notice.chain_seq == put_up.seq - 1
        assert notice.chain_hash == put_up.prev
