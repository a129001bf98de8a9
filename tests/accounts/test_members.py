"""Who belongs to an organisation: roles, leaving, handing over; an organisation is never without an owner."""

from __future__ import annotations

import make
import pytest
from founded import membership, organisation, told
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import members, people, queries
from library.accounts.models import ApiToken, Membership, Organisation, Person
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.policy import VISITOR, Actor


def joined(session: Session, found: Organisation, role: str) -> tuple[Actor, Membership]:
    who = make.member(session, found, role)
    return who, membership(session, who, found)


def test_members_are_listed_owners_first_then_by_how_long(session: Session) -> None:
    found, owner = organisation(session)
    expected = [owner.person]
    people_by_role = {role: joined(session, found, role)[0].person for role in ("commenter", "editor", "owner")}
    expected += [people_by_role[role] for role in ("owner", "editor", "commenter")]
    listed = queries.members(session, owner, found)
    assert [each.person_id for each in listed] == expected
    assert queries.members(session, make.member(session, make.organisation(session), "owner"), found) == []


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_three_costs_what_a_list_of_one_does(
    session: Session, statements: list[str], count: int
) -> None:
    found, owner = organisation(session)
    for _ in range(count - 1):
        joined(session, found, "editor")
    session.expire_all()
    found = session.get_one(Organisation, found.id)
    statements.clear()
    names = [each.person.name for each in queries.members(session, owner, found)]
    assert (len(names), len(statements)) == (count, 1)


def test_an_owner_changes_a_role_and_it_is_told(database: Database) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        who, row = joined(session, found, "commenter")
        members.change(session, owner, found, member=row, role="editor", now=make.NOW)
        members.change(session, owner, found, member=row, role="editor", now=make.NOW)  # as it is: no event
    with database.reading() as session:
        happened = [(verb, detail) for verb, detail in told(session, found) if verb == "membership.change"]
        assert happened == [
            ("membership.change", {"person": who.person, "before": "commenter", "after": "editor"})
        ]


def test_there_are_three_roles(session: Session) -> None:
    found, owner = organisation(session)
    _, row = joined(session, found, "editor")
    with pytest.raises(Invalid):
        members.change(session, owner, found, member=row, role="administrator", now=make.NOW)
    assert row.role == "editor"


@pytest.mark.parametrize("role", ["editor", "commenter", "stranger", "visitor", "program"])
def test_nobody_but_an_owner_changes_members(session: Session, role: str) -> None:
    found, owner = organisation(session)
    _, row = joined(session, found, "editor")
    who = {
        "stranger": make.member(session, make.organisation(session), "owner"),
        "visitor": VISITOR,
        "program": Actor(owner.id, found.id, person=owner.person, membership="owner", scopes=frozenset()),
    }.get(role) or joined(session, found, role)[0]
    for attempt in (members.remove, members.transfer):
        with pytest.raises(Forbidden):
            attempt(session, who, found, member=row, now=make.NOW)
    with pytest.raises(Forbidden):
        members.change(session, who, found, member=row, role="owner", now=make.NOW)
    assert (row.role, row.ended_at) == ("editor", None)


def test_the_last_owner_neither_leaves_nor_steps_down(session: Session) -> None:
    found, owner = organisation(session)
    own = membership(session, owner, found)
    joined(session, found, "editor")
    with pytest.raises(Conflict):
        members.leave(session, owner, found, now=make.NOW)
    with pytest.raises(Conflict):
        members.change(session, owner, found, member=own, role="editor", now=make.NOW)
    with pytest.raises(Conflict):
        members.remove(session, owner, found, member=own, now=make.NOW)
    assert (own.role, own.ended_at) == ("owner", None)
    joined(session, found, "owner")
    members.leave(session, owner, found, now=make.NOW)
    assert own.ended_at == make.NOW


def test_handing_over_is_one_step(database: Database) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        who, row = joined(session, found, "commenter")
        own = membership(session, owner, found)
        with pytest.raises(Conflict):
            members.transfer(session, owner, found, member=own, now=make.NOW)
        members.transfer(session, owner, found, member=row, now=make.NOW)
        assert (row.role, own.role) == ("owner", "editor")
    with database.reading() as session:
        detail = {"person": who.person, "before": "commenter", "from": owner.person}
        assert told(session, found)[-1] == ("membership.transfer", detail)


def test_whoever_left_is_not_changed_again(session: Session) -> None:
    found, owner = organisation(session)
    who, row = joined(session, found, "editor")
    members.leave(session, who, found, now=make.NOW)
    for attempt in (members.remove, members.transfer):
        with pytest.raises(Conflict):
            attempt(session, owner, found, member=row, now=make.NOW)
    with pytest.raises(Missing):
        queries.member(session, owner, found, row.id)
    with pytest.raises(Forbidden):
        members.leave(session, who, found, now=make.NOW)


def test_a_removed_member_acts_for_it_nowhere(session: Session) -> None:
    found, owner = organisation(session)
    other = make.organisation(session)
    who, row = joined(session, found, "editor")
    person = session.get_one(Person, who.person)
    word = people.sign_in(session, person, browser="B", second_factor=False, organisation=found.id, now=make.NOW)
    for place in (found, other):
        token = ApiToken(digest=f"{place.id:064d}", hint="x", name="x", person_id=person.id)
        token.organisation_id, token.scopes = place.id, []
        token.made_at, token.expires_at = make.NOW, make.NOW.replace(year=2027)
        session.add(token)
    assert people.actor_of(session, word, now=make.NOW).membership == "editor"
    members.remove(session, owner, found, member=row, now=make.NOW)
    session.flush()
    session.expire_all()
    acting = people.actor_of(session, word, now=make.NOW)
    assert (acting.person, acting.organisation, acting.membership) == (person.id, None, "")
    ended = dict(session.execute(select(ApiToken.organisation_id, ApiToken.ended_at)).all())
    assert ended == {found.id: make.NOW, other.id: None}


def test_somebody_removed_comes_back_as_a_new_member(session: Session) -> None:
    found, owner = organisation(session)
    who, row = joined(session, found, "owner")
    members.remove(session, owner, found, member=row, now=make.NOW)
    person = session.get_one(Person, who.person)
    again = members.begin(session, owner, found, person=person, role="commenter", now=make.NOW)
    assert again.id != row.id
    assert queries.organisations_of(session, person.id) == [(found, "commenter")]
    with pytest.raises(Conflict):
        members.begin(session, owner, found, person=person, role="editor", now=make.NOW)


def test_demonstration_people_and_real_organisations_stay_apart(session: Session) -> None:
    found, owner = organisation(session)
    demo = make.person(session, demonstration=True)
    with pytest.raises(Forbidden):
        members.begin(session, owner, found, person=demo, role="editor", now=make.NOW)
    assert not queries.belongs(session, demo.id, found.id)
