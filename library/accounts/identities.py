"""Identities that somebody else vouches for: whose they are, linked and unlinked, and the people they make.

Issuer and subject say who it is. An e-mail address never does: it never leads to an account that is there already.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from marshmallow import ValidationError, fields
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import events
from ..db import alone, insert_unless_there
from ..errors import Conflict, Forbidden, Missing, Text
from ..policy import Actor
from . import people, profile
from .models import ExternalIdentity, Passkey, Person
from .schemas import Address

LONGEST = 255  # of a subject, as OpenID Connect has it
# How a provider says that a second factor was shown: methods (RFC 8176), or a class of the whole sign-in.
METHODS = frozenset({"mfa", "otp", "hwk"})
CLASSES = frozenset(
    {"https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)


@dataclass(frozen=True)
class Proof:
    """What the provider says of who signed in there, verified, and when."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    second_factor: bool
    at: int

    @classmethod
    def of(cls, claims: Mapping[str, Any], *, issuer: str, now: dt.datetime) -> Self:
        """Of claims whose signature, issuer, audience, nonce and time were checked; the rest may be anything.

        Raises ValueError when nobody is named by them.
        """
        subject, methods = claims.get("sub"), claims.get("amr")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST or not subject.isprintable():
            raise ValueError("not a subject")
        return cls(
            issuer=issuer,
            subject=subject,
            email=_read(Address(), claims.get("email")),
            email_verified=str(claims.get("email_verified", "")).lower() == "true",
            name=_read(profile.NAME, claims.get("name")),
            second_factor=not METHODS.isdisjoint(map(str, methods if isinstance(methods, list) else ()))
            or str(claims.get("acr", "")) in CLASSES,
            at=int(now.timestamp()),
        )

    @property
    def kept(self) -> dict[str, Any]:
        return asdict(self)


def person_of(session: Session, proof: Proof) -> Person | None:
    """Whose identity this is."""
    return session.scalar(
        select(Person)
        .join(ExternalIdentity, ExternalIdentity.person_id == Person.id)
        .where(ExternalIdentity.issuer == proof.issuer, ExternalIdentity.subject == proof.subject)
    )


def arrive(session: Session, proof: Proof, *, lang: str, now: dt.datetime) -> Person:
    """Whose identity this is, or a new person whose it is from now on. Raises Conflict, Forbidden."""
    alone(session, f"identity {proof.issuer} {proof.subject}")
    found = person_of(session, proof)
    if found is None:
        found = _make(session, proof, lang=lang, now=now)
    if not found.active:
        raise Forbidden(Text("This account is closed."))
    # Vouched for only later: the same address, of the same identity.
    if found.confirmed_at is None and proof.email_verified and found.email.lower() == proof.email:
        found.confirmed_at = now
    return found


def link(session: Session, actor: Actor, proof: Proof, *, now: dt.datetime) -> None:
    """From now on the actor may sign in with this identity. Raises Conflict when it is another person's."""
    person = session.get_one(Person, actor.person)
    alone(session, f"identity {proof.issuer} {proof.subject}")
    owner = person_of(session, proof)
    if owner is not None and owner.id != person.id:
        raise Conflict(
            Text("This identity belongs to another account. Sign in with it there and unlink it first.")
        )
    if owner is None:
        _link(session, actor, person, proof, now=now)


def unlink(session: Session, actor: Actor, *, issuer: str, subject: str, now: dt.datetime) -> None:
    """The actor may not sign in with this identity any more. Raises Conflict when nothing else would be left."""
    person = session.get_one(Person, actor.person, with_for_update=True)
    found = session.get(ExternalIdentity, (issuer, subject))
    if found is None or found.person_id != person.id:
        raise Missing(Text("This identity is not linked to your account."))
    others = len(of(session, actor)) > 1 or person.password is not None
    if not others and not session.scalar(select(func.count()).where(Passkey.user_id == person.id)):
        raise Conflict(Text("You could not sign in any more: set a password first."))
    session.delete(found)
    events.record(session, actor, "identity.unlink", person.subject, now=now, detail={"issuer": issuer})


def of(session: Session, actor: Actor) -> list[ExternalIdentity]:
    """The actor's own identities."""
    mine = select(ExternalIdentity).where(ExternalIdentity.person_id == actor.person)
    return list(session.scalars(mine.order_by(ExternalIdentity.linked_at, ExternalIdentity.subject)))


def _make(session: Session, proof: Proof, *, lang: str, now: dt.datetime) -> Person:
    if not proof.email:
        raise Conflict(Text("The provider names no e-mail address. Register with one, then link the identity."))
    taken = session.scalar(select(Person.id).where(func.lower(Person.email) == proof.email))
    person = None
    if taken is None:
        person = insert_unless_there(
            session,
            Person,
            email=proof.email,
            name=proof.name,
            lang=lang,
            fs_uniquifier=secrets.token_hex(32),
            create_datetime=now,
            confirmed_at=now if proof.email_verified else None,
        )
    if person is None:
        raise Conflict(
            Text(
                "There is an account with the address %(email)s already. If it is yours, sign in to it and link"
                " this identity on your account page.",
                {"email": proof.email},
            )
        )
    actor = people.himself(person)
    detail = {"issuer": proof.issuer, "confirmed": proof.email_verified}
    events.record(session, actor, "person.register", person.subject, now=now, detail=detail)
    _link(session, actor, person, proof, first=True, now=now)
    return person


def _link(
    session: Session, actor: Actor, person: Person, proof: Proof, *, first: bool = False, now: dt.datetime
) -> None:
    """`first`: the account began with it, so that its owner need not hear of it."""
    session.add(ExternalIdentity(issuer=proof.issuer, subject=proof.subject, person_id=person.id, linked_at=now))
    detail = {"issuer": proof.issuer, "first": first}
    events.record(session, actor, "identity.link", person.subject, now=now, detail=detail)


def _read(field: fields.String, words: Any) -> str:
    """What somebody else's machine says, as our own forms would take it; nothing when they would not."""
    try:
        return str(field.deserialize(words))
    except ValidationError:
        return ""
