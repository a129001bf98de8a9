"""An organisation that is closed, and opened again: what ends with it and what comes back."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from founded import actor, asked, judge, organisation, proven
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import invitations, members, operations, people
from library.accounts.flow import decide
from library.accounts.models import ApiToken, Grant, Invitation, Person, SignIn
from library.errors import Conflict, Problem
from library.policy import SYSTEM

LATER = make.NOW + dt.timedelta(days=30)


def test_closing_ends_what_was_done_and_opened_in_its_name(session: Session) -> None:
    found, owner = proven(session)
    other = make.organisation(session)
    person = session.get_one(Person, owner.person)
    words = [
        people.sign_in(session, person, browser="B", second_factor=False, organisation=to, now=make.NOW)
        for to in (found.id, other.id)
    ]
    for to in (found.id, other.id):
        token = ApiToken(digest=f"{to:064d}", hint="x", name="x", person_id=person.id, organisation_id=to)
        token.scopes, token.made_at, token.expires_at = [], make.NOW, LATER
        session.add(token)
        opened = {"to": "case:1", "audience": "reviewer", "why": "A test.", "until": LATER, "now": make.NOW}
        operations.grant(session, SYSTEM, organisation=to, **opened)
        asked = Invitation(organisation_id=to, email="a@b.example", role="editor", at=make.NOW, expires_at=LATER)
        asked.digest, asked.invited_by = f"{to:064d}", person.id
        session.add(asked)
    session.flush()
    decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    session.flush()
    session.expire_all()
    ended = {
        entity.__name__: dict(session.execute(select(entity.organisation_id, column)).all())
        for entity, column in (
            (ApiToken, ApiToken.ended_at),
            (Grant, Grant.ended_at),
            (Invitation, Invitation.withdrawn_at),
        )
    }
    one = {found.id: make.NOW, other.id: None}
    assert ended == {"ApiToken": one, "Grant": one, "Invitation": one}
    assert sorted(session.scalars(select(SignIn.organisation_id)), key=str) == [other.id, None]
    assert people.actor_of(session, words[0], now=make.NOW).organisation is None
    assert (found.credit_code, found.closed_at) == (None, make.NOW)


def test_members_come_back_with_a_reopened_one_which_is_not_verified(session: Session) -> None:
    found, owner = asked(session)
    judge(session, make.officer(session), found)
    decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    decide(
        session, make.officer(session, "administrator"), found, "organisation.reopen", reason="No.", now=make.NOW
    )
    session.flush()
    assert (found.state, found.closed_at, found.credit_code) == ("unverified", None, None)
    word = people.sign_in(
        session,
        session.get_one(Person, owner.person),
        browser="B",
        second_factor=False,
        organisation=found.id,
        now=make.NOW,
    )
    assert people.actor_of(session, word, now=make.NOW).is_member(found.id, "owner")


def test_nobody_joins_a_closed_one(session: Session) -> None:
    found, owner = organisation(session)
    decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    stranger = make.person(session)
    with pytest.raises(Conflict):
        members.begin(session, actor(stranger), found, person=stranger, role="editor", now=make.NOW)
    with pytest.raises(Problem):
        invitations.withdraw(session, owner, found, invitation=Invitation(id=1), now=make.NOW)
