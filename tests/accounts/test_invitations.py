"""Invitations: by letter, with a word that works once and for two weeks; limits; and what is told to whom."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import hypothesis.strategies as st
import make
import pytest
from founded import actor, membership, organisation, told
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from library.accounts import flow, invitations, members, queries
from library.accounts.letter_models import Letter
from library.accounts.models import Invitation, Membership, Organisation, Person
from library.config import Config
from library.db import Database
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid, Missing, Problem, TooMany
from library.policy import Actor

WORD = re.compile(r"https://library\.example/invitations/(\S+)")
GUEST = "guest@people.example"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.read(
        {"CASELIB_ENV": "test", "CASELIB_URL": "https://library.example", "CASELIB_DATA": str(tmp_path)}
    )


def invite(
    session: Session,
    config: Config,
    found: Organisation,
    owner: Actor,
    *,
    email: str = GUEST,
    role: str = "editor",
    now: dt.datetime = make.NOW,
) -> tuple[Invitation, str]:
    """An invitation and the word in its letter."""
    given = {"email": email, "role": role}
    row = invitations.send(session, owner, found, given=given, config=config, now=now)
    return row, word_of(session, row)


def word_of(session: Session, row: Invitation) -> str:
    letter = session.scalars(select(Letter).where(Letter.about == row.subject)).one()
    found = WORD.search(letter.text or "")
    assert found
    return found[1]


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


# Answers


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


# Two at once


@pytest.mark.parametrize("same_person", [True, False])
def test_of_two_who_accept_at_once_one_joins(database: Database, config: Config, same_person: bool) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        _, word = invite(session, config, found, owner)
        people = [make.person(session) for _ in range(2)]
    start = Barrier(2)

    def accept(person: Person) -> str:
        start.wait()
        try:
            with database.unit() as session:
                row, here, _ = queries.invitation_by_word(session, word)
                invitations.accept(session, actor(person), here, invitation=row, now=make.NOW)
        except Conflict as problem:
            return str(problem)
        return "joined"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(accept, [people[0], people[0 if same_person else 1]]))
    assert outcomes == ["This invitation was accepted before; it works once.", "joined"]
    with database.reading() as session:
        rows = session.scalars(select(Membership.person_id).where(Membership.role == "editor")).all()
        assert len(rows) == 1


def test_an_invitation_withdrawn_while_it_is_accepted_has_one_end(database: Database, config: Config) -> None:
    with database.unit() as session:
        found, owner = organisation(session)
        row, _ = invite(session, config, found, owner)
        guest = make.person(session)
    start = Barrier(2)

    def act(what: str) -> bool:
        start.wait()
        doer = owner if what == "withdraw" else actor(guest)
        try:
            with database.unit() as session:
                here, this = session.get_one(Organisation, found.id), session.get_one(Invitation, row.id)
                getattr(invitations, what)(session, doer, here, invitation=this, now=make.NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(act, ("withdraw", "accept"))) == [False, True]
    with database.reading() as session:
        row = session.get_one(Invitation, row.id)
        assert (row.accepted_at is None) != (row.withdrawn_at is None)
        assert queries.belongs(session, guest.id, found.id) is (row.accepted_at is not None)


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


# Any order of steps


class Life(RuleBasedStateMachine):
    """One organisation that asks three addresses, three people with the words of the letters, and the clock."""

    database: Database
    config: Config
    found: Organisation
    owner: Actor

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            self.found, self.owner = organisation(session, credit_code=None)
            self.guests = [make.person(session) for _ in range(3)]
        self.now = make.NOW
        self.joined: set[int] = set()
        # Number of the invitation -> address, end, and what became of it ("" while it can be answered).
        self.asked: dict[int, tuple[str, dt.datetime, str]] = {}

    def attempt(self, what: str, doer: Actor, number: int | None = None, **given: Any) -> Invitation | None:
        """What came of it; None when it was refused."""
        try:
            with self.database.unit() as session:
                here = session.get_one(Organisation, self.found.id)
                if number is not None:
                    given["invitation"] = session.get_one(Invitation, number)
                made = getattr(invitations, what)(session, doer, here, now=self.now, **given)
                return made if isinstance(made, Invitation) else Invitation()
        except Problem:
            return None

    def answerable(self, number: int) -> bool:
        _, end, fate = self.asked[number]
        return not fate and end > self.now

    def end(self, number: int, fate: str) -> None:
        self.asked[number] = (*self.asked[number][:2], fate)

    def note(self, row: Invitation, email: str) -> None:
        self.asked[row.id] = (email, self.now + dt.timedelta(days=14), "")

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        self.now += dt.timedelta(days=days)

    @rule(place=st.integers(0, 2))
    def send(self, place: int) -> None:
        email = f"guest-{place}@people.example"
        open_ones = [number for number in self.asked if self.asked[number][0] == email and self.answerable(number)]
        row = self.attempt("send", self.owner, given={"email": email, "role": "editor"}, config=self.config)
        assert (row is None) is bool(open_ones)
        if row is not None:
            self.note(row, email)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), what=st.sampled_from(["accept", "decline", "withdraw", "again"]), who=st.integers(0, 2))
    def end_one(self, data: st.DataObject, what: str, who: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.asked)))
        guest = self.guests[who]
        if what == "accept":
            expected = self.answerable(number) and guest.id not in self.joined
        elif what == "decline":
            expected = self.answerable(number)
        else:
            expected = not self.asked[number][2]  # one that ran out may be withdrawn or sent again
        doer = actor(guest) if what in ("accept", "decline") else self.owner
        more = {"config": self.config} if what == "again" else {}
        row = self.attempt(what, doer, number, **more)
        assert (row is not None) is expected
        if row is None:
            return
        self.end(number, "accepted" if what == "accept" else "withdrawn")
        if what == "accept":
            self.joined.add(guest.id)
        if what == "again":
            self.note(row, self.asked[number][0])

    @invariant()
    def the_table_is_right(self) -> None:
        with self.database.reading() as session:
            rows = session.scalars(select(Invitation).order_by(Invitation.id)).all()
            fates = {
                row.id: "accepted" if row.accepted_at else "withdrawn" if row.withdrawn_at else "" for row in rows
            }
            assert fates == {number: fate for number, (_, _, fate) in self.asked.items()}
            members = {each.person_id for each in queries.members(session, self.owner, self.found)}
            assert members == {self.owner.person, *self.joined}
            assert len(session.scalars(select(Letter.id)).all()) == len(rows)


def test_any_order_of_steps_ends_an_invitation_once(database: Database, config: Config) -> None:
    def machine() -> Life:
        with database.unit() as session:
            for entity in (Letter, Delivery, Invitation):
                session.execute(delete(entity))
        return type("Machine", (Life,), {"database": database, "config": config})()

    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=25, deadline=None))
