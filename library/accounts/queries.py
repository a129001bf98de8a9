"""Reads of accounts. Each that shows something takes the actor: what the actor may not know of is not there."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from ..errors import Forbidden, Missing, Text
from ..policy import Actor
from . import policy
from .models import MEMBERSHIPS, Invitation, Membership, Organisation, Person, PersonRole

# Invitations that ran out are shown for as long, so that they can be sent again.
LINGER = dt.timedelta(days=30)


class Elsewhere(Forbidden):
    """The actor belongs to this organisation, but acts for another or for nobody just now."""

    def __init__(self, organisation: Organisation) -> None:
        name = {"name": organisation.name_zh}
        super().__init__(
            Text("You belong to %(name)s, but you are not acting for it now; change that first.", name)
        )
        self.organisation = organisation


def organisation(session: Session, actor: Actor, key: str) -> Organisation:
    """The organisation of this key. Who belongs to it, but not here and now, is told so; others: Missing."""
    found = session.scalar(select(Organisation).where(Organisation.key == key, policy.visible(actor)))
    if found is not None:
        return found
    rows = (
        select(Membership)
        .join(Membership.organisation)
        .options(contains_eager(Membership.organisation))
        .where(Organisation.key == key, Membership.person_id == actor.person)
        .order_by(Membership.id.desc())
        .limit(1)
    )
    was = session.scalar(rows) if actor.person is not None else None
    if was is None:
        raise Missing(Text("There is no organisation at this address."))
    name = {"name": was.organisation.name_zh}
    if was.ended_at is not None:
        raise Forbidden(Text("You do not belong to %(name)s any more.", name))
    if was.organisation.state == "closed":
        raise Forbidden(Text("%(name)s is closed; nobody can act for it.", name))
    raise Elsewhere(was.organisation)


def look_elsewhere(session: Session, actor: Actor, organisation_id: int | None) -> None:
    """Before something is told not to be there: raises Elsewhere when it is, for another organisation of the
    actor's. A program acts for one for ever."""
    if organisation_id is None or actor.person is None or actor.scopes is not None:
        return
    found = membership(session, actor.person, organisation_id)
    if found is not None and actor.organisation != organisation_id:
        raise Elsewhere(found.organisation)


def organisations_of(session: Session, person_id: int) -> list[tuple[Organisation, str]]:
    """The organisations that a person may act for, each with what the person is there, by name."""
    rows = (
        select(Organisation, Membership.role)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.person_id == person_id, Membership.ended_at.is_(None), Organisation.state != "closed")
        .order_by(Organisation.name_zh, Organisation.id)
    )
    return [(found, role) for found, role in session.execute(rows)]


def membership(session: Session, person_id: int, organisation_id: int) -> Membership | None:
    """What a person is in an organisation now; None also when the organisation is closed."""
    return session.scalar(
        select(Membership)
        .join(Membership.organisation)
        .options(contains_eager(Membership.organisation))
        .where(
            Membership.person_id == person_id,
            Membership.organisation_id == organisation_id,
            Membership.ended_at.is_(None),
            Organisation.state != "closed",
        )
    )


def members(session: Session, actor: Actor, organisation: Organisation) -> list[Membership]:
    """Who belongs to an organisation: owners first, then by how long."""
    rank = case({role: place for place, role in enumerate(MEMBERSHIPS)}, value=Membership.role)
    rows = (
        select(Membership)
        .options(joinedload(Membership.person).lazyload(Person.roles))
        .where(
            Membership.organisation_id == organisation.id,
            Membership.ended_at.is_(None),
            policy.visible_members(actor),
        )
        .order_by(rank, Membership.since, Membership.id)
    )
    return list(session.scalars(rows).unique())


def member(session: Session, actor: Actor, organisation: Organisation, number: int) -> Membership:
    """One member by the number of the membership. Raises Missing, also when it has ended."""
    found = next((each for each in members(session, actor, organisation) if each.id == number), None)
    if found is None:
        raise Missing(Text("This person does not belong to the organisation any more."))
    return found


def owners(session: Session, organisation_id: int) -> int:
    """How many owners an organisation has."""
    rows = select(func.count()).where(
        Membership.organisation_id == organisation_id, Membership.role == "owner", Membership.ended_at.is_(None)
    )
    return session.scalar(rows) or 0


def belongs(session: Session, person_id: int | None, organisation_id: int) -> bool:
    """Is this person a member, whichever organisation he acts for just now?"""
    rows = select(Membership.id).where(
        Membership.person_id == person_id,
        Membership.organisation_id == organisation_id,
        Membership.ended_at.is_(None),
    )
    return person_id is not None and session.scalar(rows) is not None


def open_invitations(organisation_id: int, now: dt.datetime) -> Select[Invitation]:
    """Neither answered nor withdrawn, and still good."""
    return _unanswered(organisation_id).where(Invitation.expires_at > now)


def pending(session: Session, actor: Actor, organisation: Organisation, *, now: dt.datetime) -> list[Invitation]:
    """Invitations that wait for an answer, and those that ran out lately; newest first."""
    rows = _unanswered(organisation.id).where(
        policy.visible_invitations(actor), Invitation.expires_at > now - LINGER
    )
    return list(session.scalars(rows.order_by(Invitation.at.desc(), Invitation.id.desc())))


def invitation(session: Session, actor: Actor, organisation: Organisation, number: int) -> Invitation:
    """One unanswered invitation of an organisation. Raises Missing."""
    rows = _unanswered(organisation.id).where(Invitation.id == number, policy.visible_invitations(actor))
    found = session.scalar(rows)
    if found is None:
        raise Missing(Text("This invitation was answered or withdrawn meanwhile."))
    return found


def invitation_by_word(session: Session, word: str) -> tuple[Invitation, Organisation, Person]:
    """The invitation in whose letter this word stood, who invites, and by whose hand. Raises Missing."""
    rows = (
        select(Invitation, Organisation, Person)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .join(Person, Person.id == Invitation.invited_by)
        .where(Invitation.digest == digest(word))
    )
    found = session.execute(rows).unique().one_or_none()
    if found is None:
        raise Missing(Text("There is no invitation at this address; look whether the link was copied whole."))
    return found[0], found[1], found[2]


def invitations_to(session: Session, actor: Actor, *, now: dt.datetime) -> list[tuple[Invitation, Organisation]]:
    """Those that went to the actor's own address, which is confirmed, and can be answered; newest first."""
    belongs = select(Membership.organisation_id).where(
        Membership.person_id == actor.person, Membership.ended_at.is_(None)
    )
    rows = (
        select(Invitation, Organisation)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .join(Person, Person.email == Invitation.email)
        .where(
            Person.id == actor.person,
            Person.confirmed_at.is_not(None),
            Person.demonstration == Organisation.demonstration,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
            Organisation.state != "closed",
            Organisation.id.not_in(belongs),
        )
        .order_by(Invitation.at.desc(), Invitation.id.desc())
    )
    return [(row, found) for row, found in session.execute(rows)]


def invitation_to(
    session: Session, actor: Actor, number: int, *, now: dt.datetime
) -> tuple[Invitation, Organisation]:
    """One of them. Raises Missing."""
    found = next((pair for pair in invitations_to(session, actor, now=now) if pair[0].id == number), None)
    if found is None:
        raise Missing(Text("This invitation was answered or withdrawn meanwhile."))
    return found


def digest(word: str) -> str:
    """How the word of a letter is kept."""
    return hashlib.sha256(word.encode()).hexdigest()


def person(session: Session, number: int | None) -> Person | None:
    """Who asks; None for a visitor."""
    return session.get(Person, number) if number is not None else None


def officers(session: Session) -> list[Person]:
    """Who may be given something to check, by name."""
    rows = (
        select(Person)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.name == "officer", Person.active, Person.erased_at.is_(None))
        .order_by(Person.name, Person.id)
    )
    return list(session.scalars(rows))


def person_names(session: Session, ids: Iterable[int]) -> Mapping[int, str]:
    """Names of people; the name of an erased one is empty."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return dict(rows.all())


def _unanswered(organisation_id: int) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
    )
