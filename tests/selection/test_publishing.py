"""Publishing the result of a call: who may when, what is fixed, what a worker makes of it, killed anywhere."""

from __future__ import annotations

import hashlib
import random

import entering
import make
import noticing
import pytest
from noticing import LAST, WHY
from published import AFTER, publish, published, ready
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.accounts.withheld_models import Withheld, WithheldFrom
from library.catalog.models import Case
from library.chain import check_chain
from library.db import Database, canonical
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid
from library.events import Event
from library.policy import SYSTEM
from library.selection import benchmark_queries, facts, flow, publication, publishing
from library.selection.benchmark_models import Benchmark, Certificate, Result
from library.selection.entry_models import Entry
from library.selection.models import Call
from library.workflow import step


def test_a_list_is_fixed_as_it_is_printed_and_says_nothing_of_scores(session: Session) -> None:
    scene = ready(session, chosen=2)
    result = publish(session, scene)
    assert scene.call.state == "published"
    assert result.sha256 == hashlib.sha256(canonical(result.items).encode()).hexdigest()
    assert {item["entry"] for item in result.items} == {entry.code for entry in scene.entries}
    for item in result.items:
        assert set(item) == {
            *("entry", "case", "title", "applicant", "recommender", "direction", "demonstration"),
            *("certificate", "from", "until"),
        }
        assert (item["from"], item["until"]) == ("2027-03-09", "2029-03-08")
        assert item["certificate"].startswith(f"{scene.call.code}-C-")


def test_nothing_is_published_too_early(session: Session) -> None:
    """To the last second of the notice; with an objection; with somebody on hold or not announced."""
    scene, notice = noticing.noticed(session, chosen=2)
    with pytest.raises(Invalid):
        publish(session, scene, LAST)
    objection = noticing.file(session, scene, notice)
    with pytest.raises(Invalid) as refused:
        publish(session, scene)
    assert [reason.params for reason in refused.value.reasons] == [{"count": 1}]
    noticing.move(session, scene.officer, objection, "objection.refuse")
    for state in ("shortlisted", "on_hold"):
        entering.put(session, scene.entry, state)
        with pytest.raises(Invalid):
            publish(session, scene)
    entering.put(session, scene.entry, "in_publicity")
    publish(session, scene)


def test_only_an_officer_publishes_and_once(session: Session) -> None:
    scene = ready(session)
    for actor in (scene.applicant, make.officer(session, "approver"), make.officer(session, "expert")):
        with pytest.raises(Forbidden):
            flow.decide(session, actor, scene.call, "call.publish", given=WHY, now=AFTER)
    publish(session, scene)
    with pytest.raises(Conflict):
        publish(session, scene)


@pytest.mark.parametrize("portion", [1, 2, 100])
def test_carried_out_each_entry_is_a_project_with_a_certificate(
    database: Database, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "PORTION", portion)
    call = published(database, chosen=3, left_out=1)
    with database.reading() as session:
        result = session.get_one(Result, call)
        assert result.done_at == AFTER
        projects = list(session.scalars(select(Benchmark).order_by(Benchmark.code)))
        assert [each.code for each in projects] == sorted(item["entry"] for item in result.items)
        by_entry = {item["entry"]: item for item in result.items}
        for each in projects:
            assert each.entry.state == "selected"
            assert (each.state, each.valid_from, each.valid_until) == ("active", "2027-03-09", "2029-03-08")
            assert each.certificate is not None
            assert each.certificate.number == by_entry[each.code]["certificate"]
            assert each.certificate.list_sha256 == result.sha256
        assert check_chain(session, facts.RECOMPUTE).sound
        progress = select(Delivery.progress).where(Delivery.kind == publishing.PUBLISH)
        assert session.scalars(progress).all() == [3]
        drawn = session.scalars(select(Delivery.key).where(Delivery.kind == publishing.DRAW)).all()
        assert sorted(drawn) == sorted(
            f"{each.certificate.number} 2029-03-08" for each in projects if each.certificate
        )
    publication.carry_out(database, call=call, now=AFTER)  # once more changes nothing
    with database.reading() as session:
        verbs = list(session.scalars(select(Event.verb).where(Event.verb == "entry.select")))
        assert len(verbs) == 3


class Killed(BaseException):
    """The machine went out."""


@pytest.mark.parametrize("step_number", range(1, 7))
def test_killed_at_any_step_it_goes_on_where_it_was(
    database: Database, step_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "PORTION", 1)
    with database.unit() as session:
        scene = ready(session, chosen=2)
        session.execute(update(Case).values(embargoed=True))
        session.add(Withheld(why=scene.call.subject, subject=scene.entry.case.subject))
        publish(session, scene)
    real, seen = database.unit, [0]

    def dying() -> object:
        seen[0] += 1
        if seen[0] == step_number:
            raise Killed
        return real()

    monkeypatch.setattr(database, "unit", dying)
    with pytest.raises(Killed):
        publication.carry_out(database, call=scene.call.id, now=AFTER)
    monkeypatch.setattr(database, "unit", real)
    with database.reading() as session:
        assert session.get_one(Result, scene.call.id).done_at is None
        assert session.get_one(Call, scene.call.id).state == "published"
        assert publishing.not_carried_out(session, session.get_one(Call, scene.call.id), AFTER)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    with database.reading() as session:
        assert len(session.scalars(select(Certificate)).all()) == 2
        assert not session.scalars(select(Withheld)).all()
        assert not session.scalars(select(Case).where(Case.embargoed)).all()
        verbs = list(session.scalars(select(Event.verb).order_by(Event.seq)))
        assert (verbs.count("entry.select"), verbs.count("certificate.issue"), verbs.count("case.release")) == (
            2,
            2,
            3,
        )
        assert check_chain(session, facts.RECOMPUTE).sound


def test_embargoes_end_but_not_of_what_runs_in_another_call(database: Database) -> None:
    with database.unit() as session:
        scene = ready(session, chosen=1, left_out=1)
        other = entering.call(session, scene.officer, "scoring")
        case = scene.left_out[0].case
        entering.entry(session, other, "in_review", case=case, owner=entering.applicant(session)[1])
        session.execute(update(Case).values(embargoed=True))
        expert = entering.expert(session)
        for call in (scene.call, other):
            session.add(Withheld(why=call.subject, subject=case.subject))
            session.add(WithheldFrom(why=call.subject, person_id=expert.person, at=AFTER))
        publish(session, scene)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    with database.reading() as session:
        still = session.scalars(select(Case.id).where(Case.embargoed)).all()
        assert still == [case.id]
        assert session.scalars(select(Withheld.why)).all() == [other.subject]
        assert session.scalars(select(WithheldFrom.why)).all() == [other.subject]


def test_a_call_is_archived_once_everything_is_there(database: Database) -> None:
    with database.unit() as session:
        scene = ready(session)
        publish(session, scene)
        with pytest.raises(Invalid):
            flow.decide(session, scene.officer, scene.call, "call.archive", given=WHY, now=AFTER)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    with database.unit() as session:
        call = session.get_one(Call, scene.call.id)
        flow.decide(session, scene.officer, call, "call.archive", given=WHY, now=AFTER)
        assert call.state == "archived"


def test_an_entry_is_selected_by_nobodys_hand(session: Session) -> None:
    from library.selection import entry_flow

    scene = ready(session)
    for actor, problem in ((scene.officer, Forbidden), (SYSTEM, Invalid)):
        with pytest.raises(problem):
            step(entry_flow.FLOW, session, actor, scene.entry, "entry.select", now=AFTER, said={})


def test_numbers_of_certificates_do_not_tell_how_many_there_are() -> None:
    call = Call(code="CALL-2026-0001")
    drawn = publishing._numbers(call, 600, random.Random(1))
    assert len(set(drawn)) == 600
    assert {len(number) for number in drawn} == {len("CALL-2026-0001-C-0000")}
    assert sorted(drawn) != drawn


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        ("2027-03-09", 24, "2029-03-08"),
        ("2027-01-01", 12, "2027-12-31"),
        ("2027-01-31", 1, "2027-02-27"),
        ("2028-02-29", 12, "2029-02-27"),
    ],
)
def test_a_term_ends_on_the_day_before_its_first_one_comes_again(first: str, months: int, last: str) -> None:
    assert benchmark_queries.last_day(first, months) == last


def test_an_edited_project_is_named_by_the_check_of_the_chain(database: Database) -> None:
    published(database)
    with database.unit() as session:
        row = session.scalars(select(Benchmark)).one()
        name = f"benchmark:{row.id}"
        session.execute(update(Benchmark).values(valid_until="2099-12-31"))
    with database.reading() as session:
        assert [each["subject"] for each in check_chain(session, facts.RECOMPUTE).rows_changed] == [name]


def test_what_was_released_of_entries_is_theirs(session: Session) -> None:
    """The code of a project is the number of its entry."""
    scene = ready(session)
    publish(session, scene)
    rows = select(Entry.code).where(Entry.state == "in_publicity")
    assert [item["entry"] for item in session.get_one(Result, scene.call.id).items] == session.scalars(rows).all()
