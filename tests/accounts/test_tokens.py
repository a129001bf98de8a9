"""Tokens: made, shown once, ended, and what a program that shows one may, asked anew each time."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import tokens
from library.accounts.models import ApiToken, Membership, Organisation, Person
from library.catalog import policy
from library.db import unit
from library.errors import Forbidden, Invalid, Missing, Unauthenticated
from library.events import Event
from library.policy import VISITOR, Actor

NOW = make.NOW
DAY = dt.timedelta(days=1)
EVERYTHING = ("read", "cases:write")


@pytest.fixture
def organisation(session: Session) -> Organisation:
    return make.organisation(session)


@pytest.fixture
def editor(session: Session, organisation: Organisation) -> Actor:
    return make.member(session, organisation)


def made(session: Session, actor: Actor, **over: object) -> tuple[ApiToken, str]:
    given = {"name": "nightly export", "scopes": EVERYTHING, "organisation": actor.organisation, "days": 90}
    return tokens.make(session, actor, **{**given, **over}, now=NOW)


def asked(session: Session, word: str, now: dt.datetime = NOW) -> Actor:
    return tokens.actor_of(session, tokens.find(session, f"Bearer {word}", now=now), now=now)


def test_a_program_acts_as_its_person_within_the_scopes(session: Session, editor: Actor) -> None:
    token, word = made(session, editor)
    assert asked(session, word) == Actor(
        editor.id, editor.organisation, person=editor.person, membership="editor", scopes=frozenset(EVERYTHING)
    )
    assert (token.hint, word.startswith(token.hint), len(word)) == (word[:12], True, 51)
    assert word not in str([vars(row) for row in session.scalars(select(ApiToken))])


def test_every_token_reads_and_only_what_was_asked_for_comes_with_it(session: Session, editor: Actor) -> None:
    token, word = made(session, editor, scopes=())
    assert token.scopes == ["read"]
    assert not policy.may_draft(asked(session, word), None)
    _, word = made(session, editor, scopes=("cases:write",))
    assert policy.may_draft(asked(session, word), None)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("Bearer ", "There is no such token."),
        ("Bearer caselib_wrong", "There is no such token."),
        ("bearer caselib_密码", "There is no such token."),
        ("Basic dXNlcjpwYXNz", "Programs show a token: Authorization: Bearer …"),
        ("caselib_without_its_kind", "Programs show a token: Authorization: Bearer …"),
    ],
)
def test_a_wrong_word_is_nobody(session: Session, editor: Actor, header: str, sentence: str) -> None:
    made(session, editor)
    with pytest.raises(Unauthenticated, match=sentence):
        tokens.find(session, header, now=NOW)


def test_a_token_ends_by_its_day_or_by_its_owner(session: Session, editor: Actor) -> None:
    _, word = made(session, editor, days=30)
    assert asked(session, word, NOW + 30 * DAY - dt.timedelta(seconds=1)).person == editor.person
    with pytest.raises(Unauthenticated, match="has expired"):
        asked(session, word, NOW + 30 * DAY)
    token, word = made(session, editor)
    tokens.end(session, editor, token.id, now=NOW + DAY)
    tokens.end(session, editor, token.id, now=NOW + 2 * DAY)
    assert token.ended_at == NOW + DAY
    with pytest.raises(Unauthenticated, match="was ended"):
        asked(session, word)


def test_whoever_left_acts_for_nobody_and_whoever_changed_may_what_he_may_now(
    session: Session, editor: Actor, organisation: Organisation
) -> None:
    _, word = made(session, editor)
    membership = session.scalars(select(Membership)).one()
    membership.role = "commenter"
    assert asked(session, word).membership == "commenter"
    membership.ended_at = NOW
    session.flush()
    assert (asked(session, word).organisation, asked(session, word).membership) == (None, "")


@pytest.mark.parametrize("secret", ["kept", None])
def test_roles_come_with_a_second_factor_only(session: Session, secret: str | None) -> None:
    officer = make.officer(session, "officer", "expert", tf_totp_secret=secret)
    _, word = made(session, officer)
    assert asked(session, word).roles == (frozenset({"officer", "expert"}) if secret else frozenset())


def test_a_closed_account_has_no_tokens_left(session: Session, editor: Actor) -> None:
    _, word = made(session, editor)
    session.get_one(Person, editor.person).active = False
    session.flush()
    with pytest.raises(Unauthenticated, match="The account of this token is closed"):
        asked(session, word)


def test_a_token_is_for_an_organisation_of_ones_own(session: Session, editor: Actor) -> None:
    other = make.organisation(session)
    left = make.organisation(session)
    session.add(
        Membership(person_id=editor.person, organisation_id=left.id, role="owner", since=NOW, ended_at=NOW)
    )
    session.flush()
    for organisation in (other.id, left.id, 0):
        with pytest.raises(Invalid) as problem:
            made(session, editor, organisation=organisation)
        assert list(problem.value.fields) == ["organisation"]
    assert made(session, editor, organisation=None)[0].organisation_id is None


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"scopes": ("read", "cases:admit")}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"days": -30}, "days"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    session: Session, editor: Actor, over: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as problem:
        made(session, editor, **over)
    assert list(problem.value.fields) == [field]


def test_a_token_makes_and_ends_no_token(session: Session, editor: Actor) -> None:
    token, word = made(session, editor)
    program = asked(session, word)
    with pytest.raises(Forbidden):
        made(session, program)
    with pytest.raises(Forbidden):
        tokens.end(session, program, token.id, now=NOW)
    with pytest.raises(Forbidden):
        made(session, VISITOR)


def test_nobody_ends_or_lists_anothers_token(session: Session, editor: Actor, organisation: Organisation) -> None:
    token, _ = made(session, editor)
    colleague = make.member(session, organisation, "owner")
    with pytest.raises(Missing):
        tokens.end(session, colleague, token.id, now=NOW)
    with pytest.raises(Missing):
        tokens.end(session, editor, token.id + 1, now=NOW)
    assert (tokens.kept(session, colleague), tokens.kept(session, editor)) == ([], [token])
    assert token.ended_at is None


def test_a_person_has_at_most_twenty_that_live(session: Session, editor: Actor) -> None:
    first, _ = made(session, editor, days=30)
    for _ in range(tokens.MOST - 1):
        made(session, editor)
    with pytest.raises(Invalid, match="You have 20 tokens; end one first"):
        made(session, editor)
    tokens.end(session, editor, first.id, now=NOW)
    made(session, editor)


def test_its_last_use_is_noted_at_most_once_in_five_minutes(session: Session, editor: Actor) -> None:
    token, _ = made(session, editor)
    noted = []
    for minute in (0, 1, 5, 9, 10, 30):
        at = NOW + dt.timedelta(minutes=minute)
        if tokens.is_due(token, now=at):
            tokens.note_use(session, token.id, now=at)
            session.refresh(token)
            noted.append(minute)
    assert noted == [0, 5, 10, 30]
    tokens.note_use(session, token.id, now=NOW)  # one that comes late takes nothing back
    session.refresh(token)
    assert token.used_at == NOW + dt.timedelta(minutes=30)


def test_making_and_ending_are_events(session: Session, editor: Actor) -> None:
    with unit(session):
        token, _ = made(session, editor)
        tokens.end(session, editor, token.id, now=NOW)
    rows = session.scalars(select(Event).order_by(Event.seq)).all()
    assert [(row.verb, row.actor, row.subject) for row in rows] == [
        ("token.make", editor.id, editor.id),
        ("token.end", editor.id, editor.id),
    ]
