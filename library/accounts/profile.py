"""What a person is called, proves and is: name, language, password, second factor, roles."""

from __future__ import annotations

import datetime as dt
import secrets
import unicodedata

from marshmallow import ValidationError, validate
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import events
from ..db import insert_unless_there
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..fields import Words, one_script, plain
from ..labels import N_
from ..policy import Actor
from . import people
from .models import ROLES, Person, PersonRole, SignIn
from .schemas import Address

LONGEST = 100


class PersonName(Words):
    """A name on one line, of letters that are what they look like."""

    def __init__(self) -> None:
        super().__init__(LONGEST, required=True)
        length = validate.Length(1, LONGEST, error=N_("A name has 1 to 100 characters."))
        self.validators = [length, plain, one_script, one_line]


def one_line(text: str) -> None:
    if len(text.splitlines()) > 1 or "\t" in text:
        raise ValidationError(N_("Write it on one line."))


NAME = PersonName()


def add(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    password: str,
    lang: str = "zh",
    demonstration: bool = False,
    now: dt.datetime,
) -> Person:
    """Somebody whom the operator knows: the address counts as confirmed. `password` is a hash."""
    try:
        address, name = Address().deserialize(email), NAME.deserialize(name)
    except ValidationError as error:
        reasons = [Text(str(each)) for each in error.messages]
        raise Invalid(Text("The account was not made."), reasons=reasons) from error
    person = insert_unless_there(
        session,
        Person,
        email=address,
        name=name,
        password=password,
        lang=lang,
        demonstration=demonstration,
        fs_uniquifier=secrets.token_hex(16),
        create_datetime=now,
        confirmed_at=now,
    )
    if person is None:
        raise Conflict(Text("There is an account with the address %(address)s already.", {"address": address}))
    events.record(session, actor, "person.register", person.subject, now=now)
    return person


def describe(session: Session, actor: Actor, person: Person, *, name: str, lang: str, now: dt.datetime) -> None:
    """Name and language of letters. Raises Invalid with fields."""
    if actor.person != person.id:
        raise Forbidden(Text("You may not do this."))
    errors: dict[str, list[Text | str]] = {}
    try:
        name = NAME.deserialize(unicodedata.normalize("NFC", name))
    except ValidationError as error:
        errors["name"] = [str(message) for message in error.messages]
    if lang not in ("zh", "en"):
        errors["lang"] = [Text("Choose one of the two languages.")]
    if errors:
        raise Invalid(Text("Nothing was changed."), fields=errors)
    if (person.name, person.lang) != (name, lang):
        person.name, person.lang = name, lang
        events.record(session, actor, "person.name", person.subject, now=now)


def password_changed(session: Session, person: Person, *, keep: SignIn | None, now: dt.datetime) -> None:
    """A new password ends every sign-in, but the one in which it was chosen."""
    ended = people.end_sign_ins(session, people.himself(person), person, but=keep, now=now)
    events.record(
        session, people.himself(person), "person.password", person.subject, now=now, detail={"ended": ended}
    )


def factor_changed(
    session: Session, person: Person, *, what: str, shown_in: SignIn | None, now: dt.datetime
) -> None:
    """A second factor was set up (and so `shown_in` this browser), or removed: with the last one every sign-in
    falls back to one factor."""
    if shown_in:
        shown_in.second_factor = True
    if not has_factor(person):
        session.execute(update(SignIn).where(SignIn.person_id == person.id).values(second_factor=False))
        person.mf_recovery_codes = None
    events.record(session, people.himself(person), "person.factor", person.subject, now=now, detail={"what": what})


def has_factor(person: Person) -> bool:
    """Could the person show a second factor?"""
    return bool(person.tf_totp_secret or person.webauthn)


def give_role(
    session: Session, actor: Actor, person: Person, *, role: str, take: bool = False, now: dt.datetime
) -> None:
    """Make somebody an officer, an expert …, or no longer. It counts in sign-ins with a second factor only."""
    if not actor.has("administrator", "system"):
        raise Forbidden(Text("You may not do this."))
    if role not in ROLES:
        raise Invalid(
            Text("There is no role %(role)s; there are: %(roles)s.", {"role": role, "roles": ", ".join(ROLES)})
        )
    held = next((each for each in person.roles if each.name == role), None)
    if (held is None) == take:
        return
    if held:
        person.roles.remove(held)
    else:
        person.roles.append(PersonRole(name=role, given_at=now))
    events.record(session, actor, "person.role", person.subject, now=now, detail={"role": role, "given": not take})


def by_address(session: Session, address: str) -> Person:
    """Raises Missing."""
    found = session.scalar(select(Person).where(Person.email == address.strip().lower()))
    if found is None:
        raise Missing(Text("There is nobody with the address %(address)s.", {"address": address}))
    return found
