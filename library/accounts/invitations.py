"""Asking people by letter to join an organisation. The word in the letter is kept as its digest and works once."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from .. import events, figures
from ..config import Config
from ..errors import Conflict, Invalid, Text, TooMany
from ..policy import Actor, require
from . import letters, members, queries
from .account_letters import GOOD_FOR, SUFFIX, TEMPLATES
from .letters import Recipient
from .models import Invitation, Membership, Organisation, Person
from .policy import RULES
from .schemas import InvitationForm, loaded

MOST_OPEN = 20
MOST_A_DAY = 50
DAY = dt.timedelta(days=1)
NOT_SENT = Text("The invitation could not be sent.")


def send(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    given: Mapping[str, Any],
    config: Config,
    now: dt.datetime,
) -> Invitation:
    """Ask somebody to join; `given` is as typed. Nothing here tells whether the address has an account."""
    members.still_owner(session, actor, organisation)
    values = loaded(InvitationForm(), given, NOT_SENT)
    _none_yet(session, actor, organisation, values["email"], now)
    _not_too_many(session, actor, organisation, now)
    return _write(session, actor, organisation, values, config, now)


def again(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    invitation: Invitation,
    config: Config,
    now: dt.datetime,
) -> Invitation:
    """Ask once more, with a new word and a new term; the word of the former letter stops working."""
    members.still_owner(session, actor, organisation)
    _withdraw(session, actor, organisation, invitation, now)
    _not_too_many(session, actor, organisation, now)
    values = {"email": invitation.email, "role": invitation.role}
    return _write(session, actor, organisation, values, config, now)


def withdraw(
    session: Session, actor: Actor, organisation: Organisation, *, invitation: Invitation, now: dt.datetime
) -> None:
    """An owner takes an invitation back."""
    members.still_owner(session, actor, organisation)
    _withdraw(session, actor, organisation, invitation, now)


def accept(
    session: Session, actor: Actor, organisation: Organisation, *, invitation: Invitation, now: dt.datetime
) -> Membership:
    """Whoever holds the word joins; of two at once, one."""
    require(RULES, actor, "invitation.answer")
    members.lock(session, organisation)
    answerable(session, organisation, invitation, now)
    person = session.get_one(Person, actor.person)
    row = members.begin(session, actor, organisation, person=person, role=invitation.role, now=now)
    invitation.accepted_at, invitation.accepted_by = now, person.id
    detail = {"invitation": invitation.id, "person": person.id}
    events.record(session, actor, "invitation.accept", organisation.subject, now=now, detail=detail)
    return row


def decline(
    session: Session, actor: Actor, organisation: Organisation, *, invitation: Invitation, now: dt.datetime
) -> None:
    """Whoever holds the word does not want to join; no account is needed for a no."""
    members.lock(session, organisation)
    answerable(session, organisation, invitation, now)
    invitation.withdrawn_at = now
    detail = {"invitation": invitation.id}
    events.record(session, actor, "invitation.decline", organisation.subject, now=now, detail=detail)


def answerable(session: Session, organisation: Organisation, invitation: Invitation, now: dt.datetime) -> None:
    """Raises Conflict with the reason why an invitation cannot be answered any more."""
    session.refresh(invitation)
    if reason := why_not(organisation, invitation, now):
        raise Conflict(reason)


def why_not(organisation: Organisation, invitation: Invitation, now: dt.datetime) -> Text | None:
    """Why an invitation cannot be answered; None when it can."""
    if invitation.accepted_at is not None:
        return Text("This invitation was accepted before; it works once.")
    if invitation.withdrawn_at is not None:
        return Text("This invitation was withdrawn, declined or sent again; only the newest letter counts.")
    if invitation.expires_at <= now:
        return Text("This invitation ran out; ask an owner of the organisation to send it again.")
    if organisation.state == "closed":
        return Text("This organisation is closed; nobody can join it.")
    return None


def _none_yet(session: Session, actor: Actor, organisation: Organisation, email: str, now: dt.datetime) -> None:
    """One open invitation an address, and none for a member: both stand on the page that the owner sees."""
    open_ones = queries.open_invitations(organisation.id, now).where(Invitation.email == email)
    belongs = (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.organisation_id == organisation.id,
            Membership.ended_at.is_(None),
            Person.email == email,
        )
    )
    sentence = None
    if session.scalar(open_ones) is not None:
        sentence = Text("This address was invited already; withdraw that invitation or send it again.")
    elif session.scalar(belongs) is not None:
        sentence = Text("The person with this address belongs to the organisation already.")
    if sentence:
        raise Invalid(NOT_SENT, fields={"email": [sentence]})


def _not_too_many(session: Session, actor: Actor, organisation: Organisation, now: dt.datetime) -> None:
    waiting = queries.open_invitations(organisation.id, now).with_only_columns(func.count(Invitation.id))
    if (session.scalar(waiting) or 0) >= MOST_OPEN:
        limit = {"limit": MOST_OPEN}
        raise TooMany(
            Text("%(limit)s invitations wait for an answer; withdraw some, or wait until they run out.", limit)
        )
    # Of the person too: organisations can be founded and closed one after the other.
    by = or_(Invitation.organisation_id == organisation.id, Invitation.invited_by == actor.person)
    today = select(func.count()).where(by, Invitation.at > now - DAY)
    if (session.scalar(today) or 0) >= MOST_A_DAY:
        limit = {"limit": MOST_A_DAY}
        raise TooMany(Text("An organisation sends %(limit)s invitations a day at most; go on tomorrow.", limit))


def _write(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    values: Mapping[str, Any],
    config: Config,
    now: dt.datetime,
) -> Invitation:
    if organisation.state == "closed":
        raise Conflict(Text("This organisation is closed; nobody can join it."))
    word = secrets.token_urlsafe(32)
    row = Invitation(
        organisation_id=organisation.id,
        digest=queries.digest(word),
        invited_by=actor.person,
        at=now,
        expires_at=now + GOOD_FOR["invitation.send"],
        **values,
    )
    session.add(row)
    session.flush()
    _post(session, config, organisation, row, word, now)
    detail = {"invitation": row.id, "role": row.role}
    events.record(session, actor, "invitation.send", organisation.subject, now=now, detail=detail)
    return row


def _post(
    session: Session, config: Config, organisation: Organisation, row: Invitation, word: str, now: dt.datetime
) -> None:
    """The letter with the word, in the language of whoever has an account there, else of whoever invites."""
    inviter = session.get_one(Person, row.invited_by)
    known = session.scalar(select(Person).where(Person.email == row.email, Person.active))
    lang = (known or inviter).lang
    template = TEMPLATES.get_template("invitation.send" + SUFFIX[lang])
    words = template.render(
        config=config,
        organisation=organisation,
        inviter=inviter.name,
        invitation=row,
        link=f"{config.url}/invitations/{word}",
        until=figures.day(row.expires_at, lang, long=True),
    )
    title, _, text = words.strip().partition("\n")
    letters.write(
        session,
        key=row.subject,
        verb="invitation.send",
        about=row.subject,
        to=Recipient(row.email, lang, known.id if known else None),
        title=title.strip(),
        text=text.strip() + "\n",
        now=now,
        private=True,
    )


def _withdraw(
    session: Session, actor: Actor, organisation: Organisation, invitation: Invitation, now: dt.datetime
) -> None:
    session.refresh(invitation)
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise Conflict(Text("This invitation was answered or withdrawn meanwhile."))
    invitation.withdrawn_at = now
    detail = {"invitation": invitation.id}
    events.record(session, actor, "invitation.withdraw", organisation.subject, now=now, detail=detail)
