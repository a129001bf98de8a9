"""The answer to an invitation: once, in time, by whoever holds the word or has the address."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from founded import GUEST, actor, invite, membership, organisation, told, word_of
from sqlalchemy.orm import Session

from library.accounts import flow, invitations, members, queries
from library.accounts.models import Invitation, Organisation
from library.config import Config
from library.db import Database
from library.errors import Conflict, Forbidden, Missing, Problem
from library.policy import Actor


def test_accepting_makes_a_member_once(database: Database, config: Config) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        row, word = invite(session, config, found, owner, role="commenter")
        guest, second = make.person(session), make.person(session)
    with database.unit() as session:
        row, found, _ = queries.invitation_by_word(session, word)
        invitations.accept(session, actor(guest), found, invitation=row, now=make.NOW)
        assert (row.accepted_at, row.accepted_by) == (make.NOW, guest.id)
        assert membership(session, actor(guest), found).role == "commenter"
        with pytest.raises(Conflict) as caught:
            invitations.accept(session, actor(second), found, invitation=row, now=make.NOW)
        assert str(caught.value) == "This invitation was accepted before; it works once."
    with database.reading() as session:
        assert told(session, found)[-2:] == [
            ("membership.begin", {"person": guest.id, "role": "commenter"}),
            ("invitation.accept", {"invitation": row.id, "person": guest.id}),
        ]
        assert not queries.belongs(session, second.id, found.id)


def ended(session: Session, config: Config, how: str) -> tuple[Organisation, Invitation, dt.datetime]:
    """An invitation that came to an end in this way, and when it is answered."""
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    now = make.NOW
    if how == "withdrawn":
        invitations.withdraw(session, owner, found, invitation=row, now=now)
    elif how == "declined":
        invitations.decline(session, Actor(), found, invitation=row, now=now)
    elif how == "sent again":
        invitations.again(session, owner, found, invitation=row, config=config, now=now)
    elif how == "closed":
        flow.decide(session, owner, found, "organisation.close", reason="Merged.", now=now)
    elif how == "ran out":
        now += dt.timedelta(days=14)
    session.flush()
    return found, row, now


NEWEST = "This invitation was withdrawn, declined or sent again; only the newest letter counts."


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("withdrawn", NEWEST),
        ("declined", NEWEST),
        ("sent again", NEWEST),
        ("closed", NEWEST),  # closing withdraws what was open
        ("ran out", "This invitation ran out; ask an owner of the organisation to send it again."),
    ],
)
def test_an_ended_invitation_says_why(session: Session, config: Config, how: str, sentence: str) -> None:
    found, row, now = ended(session, config, how)
    person = make.person(session)
    for answer in (invitations.accept, invitations.decline):
        with pytest.raises(Conflict) as caught:
            answer(session, actor(person), found, invitation=row, now=now)
        assert str(caught.value) == sentence
    assert not queries.belongs(session, person.id, found.id)


def test_one_second_before_its_end_it_is_good(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    person, now = make.person(session), row.expires_at - dt.timedelta(seconds=1)
    invitations.accept(session, actor(person), found, invitation=row, now=now)
    assert queries.belongs(session, person.id, found.id)


def test_sent_again_the_new_word_works_and_the_old_one_does_not(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    old, first = invite(session, config, found, owner, role="commenter")
    later = make.NOW + dt.timedelta(days=20)
    new = invitations.again(session, owner, found, invitation=old, config=config, now=later)
    second = word_of(session, new)
    assert first != second
    assert (new.email, new.role, new.expires_at) == (GUEST, "commenter", later + dt.timedelta(days=14))
    assert queries.pending(session, owner, found, now=later) == [new]
    person = make.person(session)
    row, _, _ = queries.invitation_by_word(session, second)
    invitations.accept(session, actor(person), found, invitation=row, now=later)


@pytest.mark.parametrize("word", ["", "x", "a" * 43, "%00", "' OR 1=1 --"])
def test_a_word_that_nobody_was_sent(session: Session, config: Config, word: str) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    for guess in (word, row.digest):
        with pytest.raises(Missing):
            queries.invitation_by_word(session, guess)


def test_an_invitation_is_pending_until_a_month_after_it_ran_out(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    last = row.expires_at + dt.timedelta(days=30)
    for now, listed in ((make.NOW, [row]), (last - dt.timedelta(seconds=1), [row]), (last, [])):
        assert queries.pending(session, owner, found, now=now) == listed
    invitations.withdraw(session, owner, found, invitation=row, now=make.NOW)
    with pytest.raises(Missing):
        queries.invitation(session, owner, found, row.id)
    with pytest.raises(Conflict):
        invitations.withdraw(session, owner, found, invitation=row, now=make.NOW)


def test_a_member_is_no_member_twice(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    with pytest.raises(Conflict) as caught:
        invitations.accept(session, owner, found, invitation=row, now=make.NOW)
    assert str(caught.value) == "You belong to this organisation already."
    assert row.accepted_at is None


@pytest.mark.parametrize("who", [Actor(), Actor("person:1", person=1, scopes=frozenset({"cases:write"}))])
def test_neither_a_visitor_nor_a_program_joins(session: Session, config: Config, who: Actor) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    with pytest.raises(Forbidden):
        invitations.accept(session, who, found, invitation=row, now=make.NOW)


def test_a_removed_owner_cannot_send_what_was_being_written(database: Database, config: Config) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        second = make.member(session, found, "owner")
    with database.unit() as session:
        here = session.get_one(Organisation, found.id)
        members.remove(session, second, here, member=membership(session, owner, here), now=make.NOW)
    with database.writing() as session, pytest.raises(Problem) as caught:
        invite(session, config, session.get_one(Organisation, found.id), owner)
    assert str(caught.value) == f"You do not belong to {found.name_zh} any more."
