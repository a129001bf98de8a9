"""Invitations: by letter, with a word that works once and for two weeks; limits; and what is told to whom."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from founded import GUEST, invite, membership, organisation, told
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import invitations, queries
from library.accounts.letter_models import Letter
from library.accounts.models import Invitation, Person
from library.config import Config
from library.db import Database
from library.deliveries import Delivery
from library.errors import Forbidden, Invalid, TooMany


def test_the_letter_is_private_and_the_word_is_kept_as_its_digest(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, word = invite(session, config, found, owner, email=" Guest@People.EXAMPLE ")
    letter = session.scalars(select(Letter)).one()
    assert (letter.private, letter.state, letter.address, letter.verb) == (
        True,
        "queued",
        GUEST,
        "invitation.send",
    )
    assert letter.person_id is None
    assert session.scalars(select(Delivery.payload)).all() == [{"letter": letter.id}]
    assert (row.digest, row.expires_at) == (queries.digest(word), make.NOW + dt.timedelta(days=14))
    stored = [str(getattr(row, column.key)) for column in Invitation.__table__.columns]
    assert not any(word in value for value in stored)
    assert queries.invitation_by_word(session, word)[:2] == (row, found)


def test_events_keep_neither_the_word_nor_the_address(database: Database, config: Config) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        row, _ = invite(session, config, found, owner)
    with database.reading() as session:
        assert told(session, found)[-1] == ("invitation.send", {"invitation": row.id, "role": "editor"})


@pytest.mark.parametrize(
    ("known", "inviter", "written"),
    [("en", "zh", "en"), ("zh", "en", "zh"), (None, "zh", "zh"), (None, "en", "en")],
)
def test_the_letter_is_in_the_language_of_its_reader_when_that_is_known(
    session: Session, config: Config, known: str | None, inviter: str, written: str
) -> None:
    found, owner = organisation(session, name_en="Qinghe Water")
    session.get_one(Person, owner.person).lang = inviter
    if known:
        make.person(session, email=GUEST, lang=known)
    invite(session, config, found, owner)
    letter = session.scalars(select(Letter)).one()
    assert letter.lang == written
    assert ("邀请您加入" in letter.title, "invites you" in letter.title) == (written == "zh", written == "en")
    assert "2026" in (letter.text or "")
    assert "王小明" in (letter.text or "")


def test_the_owner_is_told_the_same_whether_there_is_an_account_or_not(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    make.person(session, email="known@people.example")
    for email in ("known@people.example", "unknown@people.example"):
        invite(session, config, found, owner, email=email)
    seen = [
        {
            name: value
            for name, value in vars(row).items()
            if name not in ("_sa_instance_state", "id", "email", "digest")
        }
        for row in queries.pending(session, owner, found, now=make.NOW)
    ]
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@", "@b.example", "a b@c.example", "a@b.example\nBcc: x@y.example"]
)
def test_an_address_that_is_none(session: Session, config: Config, email: str) -> None:
    found, owner = organisation(session)
    with pytest.raises(Invalid) as caught:
        invite(session, config, found, owner, email=email)
    assert {name: [str(each) for each in said] for name, said in caught.value.fields.items()} == {
        "email": ["This is not an e-mail address."]
    }
    assert session.scalars(select(Letter)).all() == []


def test_one_open_invitation_an_address_and_none_for_a_member(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    other, stranger = organisation(session, credit_code=None)
    make.member(session, found, "editor", email="member@people.example")
    invite(session, config, found, owner)
    invite(session, config, other, stranger)  # another organisation may ask the same
    for email, sentence in (
        (GUEST.upper(), "This address was invited already; withdraw that invitation or send it again."),
        ("member@people.example", "The person with this address belongs to the organisation already."),
    ):
        with pytest.raises(Invalid) as caught:
            invite(session, config, found, owner, email=email)
        assert [str(each) for each in caught.value.fields["email"]] == [sentence]
    later = make.NOW + dt.timedelta(days=14)
    invite(session, config, found, owner, now=later)  # the first one has run out


@pytest.mark.parametrize("role", ["editor", "commenter"])
def test_only_owners_invite(session: Session, config: Config, role: str) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    who = make.member(session, found, role)
    stranger = make.member(session, make.organisation(session), "owner")
    for outsider in (who, stranger, make.officer(session)):
        with pytest.raises(Forbidden):
            invite(session, config, found, outsider, email="x@people.example")
        with pytest.raises(Forbidden):
            invitations.withdraw(session, outsider, found, invitation=row, now=make.NOW)
        with pytest.raises(Forbidden):
            invitations.again(session, outsider, found, invitation=row, config=config, now=make.NOW)
    assert (row.withdrawn_at, queries.pending(session, who, found, now=make.NOW)) == (None, [row])
    assert queries.pending(session, stranger, found, now=make.NOW) == []


def test_an_owner_who_was_demoted_meanwhile_invites_nobody(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    membership(session, owner, found).role = "editor"
    with pytest.raises(Forbidden):
        invite(session, config, found, owner)


# Limits


def test_twenty_wait_at_most(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    rows = [invite(session, config, found, owner, email=f"p{number}@people.example")[0] for number in range(20)]
    with pytest.raises(TooMany):
        invite(session, config, found, owner)
    invitations.withdraw(session, owner, found, invitation=rows[0], now=make.NOW)
    invite(session, config, found, owner)
    with pytest.raises(TooMany):
        invite(session, config, found, owner, email="one-more@people.example")
    invite(session, config, found, owner, email="one-more@people.example", now=make.NOW + dt.timedelta(days=14))


def test_fifty_a_day_at_most_sent_again_or_not(session: Session, config: Config) -> None:
    found, owner = organisation(session)
    row, _ = invite(session, config, found, owner)
    for _ in range(49):
        row = invitations.again(session, owner, found, invitation=row, config=config, now=make.NOW)
    session.flush()
    soon, tomorrow = make.NOW + dt.timedelta(hours=23), make.NOW + dt.timedelta(days=1)
    with pytest.raises(TooMany):
        invite(session, config, found, owner, email="other@people.example", now=soon)
    invite(session, config, found, owner, email="other@people.example", now=tomorrow)
    elsewhere, theirs = organisation(session, credit_code=None)
    invite(session, config, elsewhere, theirs, now=soon)
