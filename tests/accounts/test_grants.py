"""Grants: opened to one, until a time, for a reason; read by whoever is acting; listed for officers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import make
import pytest
from founded import actor, organisation
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import operations, people, register
from library.accounts.models import Grant, Person
from library.catalog import policy
from library.catalog.models import Case
from library.db import Database
from library.errors import Conflict, Invalid, Missing
from library.events import Event
from library.policy import SYSTEM, Actor

UNTIL = make.NOW + dt.timedelta(days=10)  # a browser stays signed in for two weeks
CASE = Case(id=17, origin="submitted", state="submitted", owner_id=99)


def opened(session: Session, **over: Any) -> Grant:
    given = {"to": "case:17", "audience": "reviewer", "until": UNTIL, "why": "Assigned.", "now": make.NOW}
    return operations.grant(session, make.OFFICER, **{**given, **over})


def acting(session: Session, person: Person, organisation: int | None, *, now: dt.datetime) -> Actor:
    """The actor in a browser that was signed in when the tests begin."""
    word = people.sign_in(
        session, person, browser="B", second_factor=False, organisation=organisation, now=make.NOW
    )
    return people.actor_of(session, word, now=now)


def test_what_is_opened_is_seen_until_it_ends_and_by_nobody_else(session: Session) -> None:
    found, owner = organisation(session)
    founder, colleague, stranger = (
        session.get_one(Person, owner.person),
        make.person(session),
        make.person(session),
    )
    opened(session, organisation=found.id)
    opened(session, person=colleague.id, audience="investor")

    def seen(person: Person, place: int | None, now: dt.datetime = make.NOW) -> set[str] | None:
        who = acting(session, person, place, now=now)
        return set(policy.audiences(who, CASE)) if policy.may_see(who, CASE) else None

    assert seen(founder, found.id) == {"public", "reviewer"}
    assert seen(founder, None) is None  # opened to the organisation, not to the person
    assert seen(colleague, None) == {"public", "investor"}
    assert seen(stranger, None) is None
    assert seen(founder, found.id, UNTIL - dt.timedelta(seconds=1)) == {"public", "reviewer"}
    assert (seen(founder, found.id, UNTIL), seen(colleague, None, UNTIL)) == (None, None)


def test_ending_one_takes_effect_at_once(session: Session) -> None:
    person = make.person(session)
    grant = opened(session, person=person.id)
    assert acting(session, person, None, now=make.NOW).grants == {"case:17": frozenset({"reviewer"})}
    operations.end_grant(session, make.OFFICER, grant, why="Recused.", now=make.NOW)
    assert acting(session, person, None, now=make.NOW).grants == {}
    with pytest.raises(Conflict):
        operations.end_grant(session, make.OFFICER, grant, why="Recused.", now=make.NOW)


def test_each_is_an_event_with_its_reason(database: Database) -> None:
    with database.unit() as session:
        person = make.person(session)
        grant = opened(session, person=person.id)
        operations.end_grant(session, make.OFFICER, grant, why="Recused.", now=make.NOW)
    with database.reading() as session:
        rows = session.execute(
            select(Event.verb, Event.actor).where(Event.subject == grant.subject).order_by(Event.seq)
        )
        assert [tuple(row) for row in rows] == [("grant.open", "officer:1"), ("grant.end", "officer:1")]


def test_it_ends_after_it_begins_and_for_a_reason(session: Session) -> None:
    person = make.person(session)
    with pytest.raises(Invalid) as caught:
        opened(session, person=person.id, until=make.NOW)
    assert list(caught.value.fields) == ["until"]
    with pytest.raises(Invalid):
        operations.end_grant(session, make.OFFICER, opened(session, person=person.id), why=" ", now=make.NOW)


def test_officers_read_the_open_ones_others_their_own(session: Session) -> None:
    found, owner = organisation(session)
    person = make.person(session)
    to_it, to_her = opened(session, organisation=found.id), opened(session, person=person.id, to="case:18")
    over = opened(session, person=person.id)
    operations.end_grant(session, SYSTEM, over, why="Over.", now=make.NOW)
    officer = make.officer(session)

    def listed(who: Actor, **asked: Any) -> list[int]:
        return [each.id for each in register.open_grants(session, who, now=make.NOW, **asked)]

    assert listed(officer) == [to_it.id, to_her.id]
    assert (listed(officer, to="case:18"), listed(officer, organisation=found)) == ([to_her.id], [to_it.id])
    assert (listed(owner), listed(actor(person)), listed(actor(make.person(session)))) == (
        [to_it.id],
        [to_her.id],
        [],
    )
    assert register.open_grants(session, officer, now=UNTIL) == []
    assert register.grant(session, officer, to_it.id, now=make.NOW) is to_it
    for who, number in ((officer, over.id), (actor(person), to_it.id)):
        with pytest.raises(Missing):
            register.grant(session, who, number, now=make.NOW)
