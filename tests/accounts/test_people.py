"""Who acts: what a recognised browser, a token or nobody may."""

from __future__ import annotations

import datetime as dt
from typing import Any

import make
import pytest
from make import NOW
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import people, profile
from library.accounts.models import ApiToken, Grant, Membership, Organisation, Person, SignIn
from library.db import unit
from library.errors import Conflict, Forbidden, Invalid
from library.events import Event
from library.policy import SYSTEM, VISITOR, Actor

HOUR = dt.timedelta(hours=1)


def member(session: Session, role: str = "editor", **over: Any) -> tuple[Person, Organisation]:
    found = make.organisation(session, **over)
    person = make.person(session)
    session.add(Membership(person_id=person.id, organisation_id=found.id, role=role, since=NOW))
    session.flush()
    return person, found


def enter(session: Session, person: Person, organisation: int | None = None, *, second_factor: bool = True) -> str:
    given = {"browser": "Firefox, Linux", "second_factor": second_factor, "organisation": organisation, "now": NOW}
    return people.sign_in(session, person, **given)


def test_nobody_knows_a_word_that_was_not_given(session: Session) -> None:
    person = make.person(session)
    word = enter(session, person)
    [row] = session.scalars(select(SignIn))
    for wrong in ("", "x", word[:-1], word.upper(), row.digest):
        assert people.actor_of(session, wrong, now=NOW) == VISITOR


def test_an_actor_is_the_person_with_its_membership(session: Session) -> None:
    person, found = member(session, "commenter")
    actor = people.actor_of(session, enter(session, person, found.id), now=NOW)
    assert actor == Actor(person.subject, found.id, person=person.id, membership="commenter")
    assert people.actor_of(session, enter(session, person), now=NOW) == Actor(person.subject, person=person.id)


def test_roles_need_a_second_factor(session: Session) -> None:
    person = make.person(session, roles=("officer", "approver"))
    assert people.actor_of(session, enter(session, person), now=NOW).roles == {"officer", "approver"}
    assert people.actor_of(session, enter(session, person, second_factor=False), now=NOW).roles == set()


@pytest.mark.parametrize(
    ("over", "roles"),
    [
        ({"kind": "investor", "state": "verified", "verified_at": NOW}, {"investor"}),
        ({"kind": "investor"}, set()),
        ({"kind": "enterprise", "state": "verified", "verified_at": NOW}, set()),
    ],
)
def test_an_investor_acts_for_a_verified_investor(session: Session, over: dict[str, Any], roles: set[str]) -> None:
    person, found = member(session, **over)
    assert people.actor_of(session, enter(session, person, found.id), now=NOW).roles == roles


def test_who_left_and_whose_organisation_closed_acts_for_nobody(session: Session) -> None:
    person, found = member(session)
    word = enter(session, person, found.id)
    membership = session.scalars(select(Membership)).one()
    membership.ended_at = NOW
    assert people.actor_of(session, word, now=NOW) == Actor(person.subject, person=person.id)
    other, closed = member(session, state="closed", closed_at=NOW)
    assert people.actor_of(session, enter(session, other, closed.id), now=NOW) == Actor(
        other.subject, person=other.id
    )


def test_grants_of_the_person_and_of_the_organisation_until_they_end(session: Session) -> None:
    person, found = member(session)
    given = {"why": "a review", "at": NOW - HOUR, "until": NOW + HOUR}
    session.add_all(
        [
            Grant(to="case:1", audience="reviewer", person_id=person.id, **given),
            Grant(to="case:1", audience="investor", organisation_id=found.id, **given),
            Grant(to="case:2", audience="reviewer", person_id=person.id, **given | {"until": NOW}),
            Grant(to="case:3", audience="reviewer", person_id=person.id, ended_at=NOW, **given),
            Grant(to="case:4", audience="reviewer", person_id=make.person(session).id, **given),
        ]
    )
    session.flush()
    actor = people.actor_of(session, enter(session, person, found.id), now=NOW)
    assert actor.grants == {"case:1": {"reviewer", "investor"}}
    alone = people.actor_of(session, enter(session, person), now=NOW)
    assert alone.grants == {"case:1": {"reviewer"}}


def test_an_ended_or_forgotten_sign_in_is_a_visitor(session: Session) -> None:
    person = make.person(session)
    word, other = enter(session, person), enter(session, person)
    actor = people.actor_of(session, word, now=NOW)
    first = session.scalars(select(SignIn).order_by(SignIn.id)).first()
    assert first is not None
    people.end_sign_in(session, actor, first.id, now=NOW)
    assert people.actor_of(session, word, now=NOW) == VISITOR
    assert people.actor_of(session, other, now=NOW) == actor
    assert people.actor_of(session, other, now=NOW + people.FORGOTTEN_AFTER) == VISITOR


def test_whoever_is_no_longer_active_is_a_visitor(session: Session) -> None:
    person = make.person(session)
    word = enter(session, person)
    person.active = False
    session.flush()
    assert people.actor_of(session, word, now=NOW) == VISITOR


def test_a_program_has_the_membership_and_its_scopes_but_no_role(session: Session) -> None:
    person, found = member(session, "owner")
    profile.give_role(session, SYSTEM, person, role="officer", now=NOW)
    token = ApiToken(person_id=person.id, organisation_id=found.id, scopes=["read"])
    actor = people.with_token(session, token, now=NOW)
    assert actor == Actor(
        person.subject, found.id, person=person.id, membership="owner", scopes=frozenset({"read"})
    )


def test_roles_are_given_and_taken_by_administrators_and_said_in_the_chain(session: Session) -> None:
    person, officer = make.person(session), make.officer(session)
    with pytest.raises(Forbidden):
        profile.give_role(session, officer, person, role="officer", now=NOW)
    with pytest.raises(Invalid):
        profile.give_role(session, SYSTEM, person, role="king", now=NOW)
    for take, held in ((False, ["expert"]), (False, ["expert"]), (True, []), (True, [])):
        profile.give_role(session, SYSTEM, person, role="expert", take=take, now=NOW)
        session.flush()
        assert [role.name for role in person.roles] == held

    with unit(session):
        pass
    assert session.scalars(select(Event.verb)).all() == ["person.role", "person.role"]


def test_an_address_is_one_account(session: Session) -> None:
    given = {"name": "Anna", "password": "hash", "now": NOW}
    profile.add(session, SYSTEM, email="Anna@People.example", **given)
    with pytest.raises(Conflict):
        profile.add(session, SYSTEM, email="anna@people.example", **given)
