"""Two at the same moment who change who belongs to an organisation: one is first, and the other sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import make
import pytest
from founded import CODE, FORM, actor, invite, organisation
from racing import at_once
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import erasure, invitations, members, operations, queries
from library.accounts.models import Invitation, Membership, Organisation, Person
from library.config import Config
from library.db import Database
from library.errors import Problem
from library.policy import Actor


def two_owners(database: Database) -> tuple[Organisation, Actor, Actor]:
    with database.unit() as session:
        found, first = organisation(session)
        return found, first, make.member(session, found, "owner")


def outcomes(database: Database, *acts: Callable[[Session], object]) -> list[str]:
    """What each act, in a unit of its own, was refused with; "" where it was done."""

    def attempt(act: Callable[[Session], object]) -> str:
        try:
            with database.unit() as session:
                act(session)
        except Problem as problem:
            return str(problem)
        return ""

    return sorted(at_once(database, *(partial(attempt, act) for act in acts)))


def leave(session: Session, who: Actor, found: Organisation) -> None:
    members.leave(session, who, session.get_one(Organisation, found.id), now=make.NOW)


def erase(session: Session, who: Actor, found: Organisation) -> None:
    erasure.erase(session, who, session.get_one(Person, who.person), now=make.NOW)


def demote_the_other(session: Session, who: Actor, found: Organisation) -> None:
    here = session.get_one(Organisation, found.id)
    owners = [each for each in queries.members(session, who, here) if each.role == "owner"]
    [row] = [each for each in owners if each.person_id != who.person]
    members.change(session, who, here, member=row, role="editor", now=make.NOW)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (leave, leave, {"This is the last owner; make somebody else an owner first."}),
        (demote_the_other, demote_the_other, {"You are not an owner of this organisation any more."}),
        (
            erase,
            leave,
            {
                "This is the last owner; make somebody else an owner first.",
                "杭州清河水务有限公司 would be without an owner. Make another member owner first.",
            },
        ),
        (erase, erase, {"杭州清河水务有限公司 would be without an owner. Make another member owner first."}),
    ],
    ids=["leave", "demote", "erase and leave", "erase"],
)
def test_of_the_last_two_owners_one_stays(
    database: Database,
    first: Callable[[Session, Actor, Organisation], None],
    second: Callable[[Session, Actor, Organisation], None],
    refused: set[str],
) -> None:
    found, one, other = two_owners(database)
    with database.unit() as session:
        make.member(session, session.get_one(Organisation, found.id), "commenter")
    done, said = outcomes(
        database, lambda session: first(session, one, found), lambda session: second(session, other, found)
    )
    assert (done, said in refused) == ("", True), said
    with database.reading() as session:
        assert queries.owners(session, found.id) == 1


@pytest.mark.parametrize("same_person", [True, False])
def test_of_two_who_accept_at_once_one_joins(database: Database, config: Config, same_person: bool) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        _, word = invite(session, config, found, owner)
        guests = [make.person(session) for _ in range(2)]

    def accept(guest: Person, session: Session) -> None:
        row, here, _ = queries.invitation_by_word(session, word)
        invitations.accept(session, actor(guest), here, invitation=row, now=make.NOW)

    acts = [partial(accept, guest) for guest in (guests[0], guests[0 if same_person else 1])]
    assert outcomes(database, *acts) == ["", "This invitation was accepted before; it works once."]
    with database.reading() as session:
        assert len(session.scalars(select(Membership.id).where(Membership.role == "editor")).all()) == 1


def test_an_invitation_withdrawn_while_it_is_accepted_has_one_end(database: Database, config: Config) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        row, _ = invite(session, config, found, owner)
        guest = make.person(session)

    def answer(what: str, doer: Actor, session: Session) -> None:
        here, this = session.get_one(Organisation, found.id), session.get_one(Invitation, row.id)
        getattr(invitations, what)(session, doer, here, invitation=this, now=make.NOW)

    done, said = outcomes(database, partial(answer, "withdraw", owner), partial(answer, "accept", actor(guest)))
    assert (done, bool(said)) == ("", True)
    with database.reading() as session:
        row = session.get_one(Invitation, row.id)
        assert (row.accepted_at is None) != (row.withdrawn_at is None)
        assert queries.belongs(session, guest.id, found.id) is (row.accepted_at is not None)


def test_an_erased_owner_takes_his_invitations_along(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    erase(session, owner, found)
    session.refresh(row)
    assert (row.withdrawn_at, membership_ended(session, owner)) == (make.NOW, True)


def membership_ended(session: Session, who: Actor) -> bool:
    return session.scalar(select(Membership.ended_at).where(Membership.person_id == who.person)) == make.NOW


def test_of_two_who_take_a_code_at_once_one_is_told(database: Database) -> None:
    with database.unit() as session:
        founders = [actor(make.person(session)) for _ in range(2)]

    def enter(founder: Actor, session: Session) -> None:
        operations.create(session, founder, given=FORM, now=make.NOW)

    done, said = outcomes(database, *(partial(enter, founder) for founder in founders))
    assert (done, bool(said)) == ("", True)
    with database.reading() as session:
        assert session.scalars(select(Organisation.credit_code)).all() == [CODE]
