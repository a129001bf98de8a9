"""Who belongs to an organisation, as what, and until when. Every change is made under the organisation's lock."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update
from sqlalchemy.orm import Session

from .. import events
from ..errors import Conflict, Forbidden, Invalid, Text
from ..policy import Actor, require
from . import operations, queries
from .models import MEMBERSHIPS, Invitation, Membership, Organisation, Person
from .policy import RULES

LAST_OWNER = Text("This is the last owner; make somebody else an owner first.")


def begin(
    session: Session, actor: Actor, organisation: Organisation, *, person: Person, role: str, now: dt.datetime
) -> Membership:
    """A person joins. Raises Conflict when he belongs already. Whoever calls holds the organisation's lock."""
    if organisation.state == "closed":
        raise Conflict(Text("This organisation is closed; nobody can join it."))
    if person.demonstration != organisation.demonstration:
        raise Forbidden(Text("Demonstration accounts and real organisations stay apart."))
    if queries.belongs(session, person.id, organisation.id):
        raise Conflict(Text("You belong to this organisation already."))
    row = Membership(person_id=person.id, organisation_id=organisation.id, role=role, since=now)
    session.add(row)
    session.flush()
    detail = {"person": person.id, "role": role}
    events.record(session, actor, "membership.begin", organisation.subject, now=now, detail=detail)
    return row


def change(
    session: Session, actor: Actor, organisation: Organisation, *, member: Membership, role: str, now: dt.datetime
) -> None:
    """Another role for a member."""
    _as_owner(session, actor, organisation, member)
    if role not in MEMBERSHIPS:
        raise Invalid(Text("There is no such role."), fields={"role": [Text("Choose one of the roles.")]})
    before = member.role
    if role == before:
        return
    if before == "owner":
        _keep_an_owner(session, organisation)
        _withdraw_what_he_sent(session, organisation, member, now)
    member.role = role
    detail = {"person": member.person_id, "before": before, "after": role}
    events.record(session, actor, "membership.change", organisation.subject, now=now, detail=detail)


def transfer(
    session: Session, actor: Actor, organisation: Organisation, *, member: Membership, now: dt.datetime
) -> None:
    """An owner hands over to another member and stays as an editor."""
    own = _as_owner(session, actor, organisation, member)
    if member.id == own.id:
        raise Conflict(Text("You are the owner already."))
    before, own.role, member.role = member.role, "editor", "owner"
    detail = {"person": member.person_id, "before": before, "from": own.person_id}
    events.record(session, actor, "membership.transfer", organisation.subject, now=now, detail=detail)


def remove(
    session: Session, actor: Actor, organisation: Organisation, *, member: Membership, now: dt.datetime
) -> None:
    """An owner ends somebody's membership."""
    _as_owner(session, actor, organisation, member)
    _end(session, actor, organisation, member, now)


def leave(session: Session, actor: Actor, organisation: Organisation, *, now: dt.datetime) -> None:
    """Somebody ends his own membership."""
    require(RULES, actor, "organisation.leave", organisation)
    lock(session, organisation)
    _end(session, actor, organisation, _own(session, actor, organisation), now)


def end(
    session: Session, actor: Actor, organisation: Organisation, *, member: Membership, now: dt.datetime
) -> None:
    """A membership ends. Whoever calls holds the organisation's lock and has asked whether an owner is left."""
    member.ended_at = now
    _withdraw_what_he_sent(session, organisation, member, now)
    operations.stop_acting(session, member.person_id, organisation.id, now=now)
    detail = {"person": member.person_id, "role": member.role}
    events.record(session, actor, "membership.end", organisation.subject, now=now, detail=detail)


def lock(session: Session, organisation: Organisation) -> None:
    """Of two who change the members of an organisation at once, the second sees what the first did."""
    session.flush()
    session.refresh(organisation, with_for_update=True)


def still_owner(session: Session, actor: Actor, organisation: Organisation) -> Membership:
    """The actor's own membership, asked again under the lock. Raises Forbidden when it is no owner's now."""
    require(RULES, actor, "organisation.keep", organisation)
    lock(session, organisation)
    own = _own(session, actor, organisation)
    if own.role != "owner":
        raise Forbidden(Text("You are not an owner of this organisation any more."))
    return own


def _as_owner(session: Session, actor: Actor, organisation: Organisation, member: Membership) -> Membership:
    own = still_owner(session, actor, organisation)
    session.refresh(member)
    if member.ended_at is not None:
        raise Conflict(Text("This person does not belong to the organisation any more."))
    return own


def _own(session: Session, actor: Actor, organisation: Organisation) -> Membership:
    own = queries.membership(session, actor.person or 0, organisation.id)
    if own is None:
        raise Forbidden(Text("You do not belong to %(name)s any more.", {"name": organisation.name_zh}))
    session.refresh(own)
    return own


def _end(session: Session, actor: Actor, organisation: Organisation, member: Membership, now: dt.datetime) -> None:
    if member.role == "owner":
        _keep_an_owner(session, organisation)
    end(session, actor, organisation, member=member, now=now)


def _withdraw_what_he_sent(
    session: Session, organisation: Organisation, member: Membership, now: dt.datetime
) -> None:
    """Nobody comes back by an invitation of his own."""
    sent = update(Invitation).where(
        Invitation.organisation_id == organisation.id,
        Invitation.invited_by == member.person_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
    )
    session.execute(sent.values(withdrawn_at=now))


def _keep_an_owner(session: Session, organisation: Organisation) -> None:
    if queries.owners(session, organisation.id) < 2:
        raise Conflict(LAST_OWNER)
