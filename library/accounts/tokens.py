"""Tokens: words with which programs act for a person, within scopes, until a day. Only their digests are kept.

A token gives nothing of its own: at each use it is asked what its person may now, and of that only what the
token's scopes name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from .. import events
from ..errors import Forbidden, Invalid, Missing, Text, Unauthenticated
from ..policy import Actor
from . import people, profile, queries
from .models import ApiToken, Person

# What a token may be for. Every token reads; the words stand in labels.
READ = "read"
SCOPES = (READ, "cases:write", "entries:write")
PREFIX = "caselib_"  # by which programs that look for leaked secrets know ours
HINT = len(PREFIX) + 4
DAYS = (30, 90, 365)
MOST = 20
NAME = 100
SHOW_ONE = Text("Programs show a token: Authorization: Bearer …")
NOTED_EVERY = dt.timedelta(minutes=5)


def make(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scopes: Sequence[str],
    organisation: int | None,
    days: int,
    now: dt.datetime,
) -> tuple[ApiToken, str]:
    """A new token of the actor's own, and its word, which nobody can read again. Raises Invalid with fields."""
    person = _person(actor)
    wrong: dict[str, list[Text]] = {}
    if not 0 < len(name) <= NAME or any(ord(char) < 32 for char in name):
        wrong["name"] = [Text("Give it a name of at most %(limit)s characters, on one line.", {"limit": NAME})]
    if not set(scopes) <= set(SCOPES):
        wrong["scopes"] = [Text("There is no such scope.")]
    if days not in DAYS:
        wrong["days"] = [Text("Choose one of the periods.")]
    if organisation is not None and queries.membership(session, person, organisation) is None:
        wrong["organisation"] = [Text("You do not belong to this organisation.")]
    if wrong:
        raise Invalid(Text("The token was not made."), fields=wrong)
    session.get(Person, person, with_for_update=True)  # of two at once, the second counts the first
    live = select(func.count()).where(ApiToken.person_id == person, _lives(now))
    if (session.scalar(live) or 0) >= MOST:
        raise Invalid(Text("You have %(most)s tokens; end one first.", {"most": MOST}))
    word = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        digest=_digest(word),
        hint=word[:HINT],
        name=name,
        person_id=person,
        organisation_id=organisation,
        scopes=[scope for scope in SCOPES if scope == READ or scope in scopes],
        made_at=now,
        expires_at=now + dt.timedelta(days=days),
    )
    session.add(token)
    session.flush()
    detail = {"name": name, "scopes": token.scopes, "organisation": organisation, "until": str(token.expires_at)}
    events.record(session, actor, "token.make", f"person:{person}", now=now, detail={"token": token.id, **detail})
    return token, word


def end(session: Session, actor: Actor, token_id: int, *, now: dt.datetime) -> None:
    """End a token of the actor's own; one that has ended stays as it is."""
    person = _person(actor)
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is None or token.person_id != person:
        raise Missing(Text("You have no such token."))
    if token.ended_at is None:
        token.ended_at = now
        events.record(session, actor, "token.end", f"person:{person}", now=now, detail={"token": token.id})


def end_all(session: Session, person: Person, *, now: dt.datetime) -> None:
    """Whoever knew the old password may have made them."""
    rows = select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.ended_at.is_(None))
    for token in session.scalars(rows):
        token.ended_at = now
        doer = Actor(person.subject, person=person.id)
        events.record(session, doer, "token.end", person.subject, now=now, detail={"token": token.id})


def kept(session: Session, actor: Actor) -> list[ApiToken]:
    """The actor's tokens, newest first, those that have ended too."""
    mine = select(ApiToken).where(ApiToken.person_id == actor.person)
    newest = mine.options(joinedload(ApiToken.organisation)).order_by(ApiToken.id.desc()).limit(5 * MOST)
    return list(session.scalars(newest))


def find(session: Session, header: str, *, now: dt.datetime) -> ApiToken:
    """The token in an Authorization header. Raises Unauthenticated, which says why to whoever has the word."""
    kind, _, word = header.partition(" ")
    if kind.lower() != "bearer":
        raise Unauthenticated(SHOW_ONE)
    token = session.scalar(select(ApiToken).where(ApiToken.digest == _digest(word.strip())))
    if token is None:
        raise Unauthenticated(Text("There is no such token."))
    if token.ended_at is not None:
        raise Unauthenticated(Text("This token was ended. Make a new one on the account page."))
    if token.expires_at <= now:
        raise Unauthenticated(Text("This token has expired. Make a new one on the account page."))
    return token


def actor_of(session: Session, token: ApiToken, *, now: dt.datetime) -> Actor:
    """Who asks with a token: its person, as the person is now, within its scopes. Raises Unauthenticated."""
    actor = people.with_token(session, token, now=now)
    if actor.person is None:
        raise Unauthenticated(Text("The account of this token is closed."))
    person = session.get_one(Person, actor.person)
    actor = replace(actor, withheld=people.withheld(session, person))
    if person.roles and profile.has_factor(person):
        return replace(actor, roles=actor.roles | {role.name for role in person.roles})
    return actor


def is_due(token: ApiToken, *, now: dt.datetime) -> bool:
    """Is its use to be noted again?"""
    return token.used_at is None or token.used_at <= now - NOTED_EVERY


def note_use(session: Session, token_id: int, *, now: dt.datetime) -> None:
    """Note when the token was last used."""
    earlier = or_(ApiToken.used_at.is_(None), ApiToken.used_at < now)
    session.execute(update(ApiToken).where(ApiToken.id == token_id, earlier).values(used_at=now))


def _person(actor: Actor) -> int:
    """Whose tokens these are. A program makes and ends none: a leaked word must not give birth to others."""
    if actor.person is None or actor.scopes is not None:
        raise Forbidden(Text("You may not do this."))
    return actor.person


def _lives(now: dt.datetime) -> ColumnElement[bool]:
    return and_(ApiToken.ended_at.is_(None), ApiToken.expires_at > now)


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
