"""The end of an account: everything personal goes, the row and the chain of events stay."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from .. import events
from ..deliveries import Delivery
from ..errors import Conflict, Forbidden, Text
from ..policy import Actor
from . import members, people
from .letter_models import Letter, Silenced
from .letters import POST
from .models import ApiToken, ExternalIdentity, Invitation, Membership, Organisation, Person, SignIn

NOWHERE = "erased.invalid"


def erase(session: Session, actor: Actor, person: Person, *, now: dt.datetime) -> None:
    """By one's own wish or by an administrator. What the person did stays, without saying who that was."""
    if actor.person != person.id and not actor.has("administrator", "system"):
        raise Forbidden(Text("You may not do this."))
    _lock_organisations(session, person)
    session.refresh(person, ["erased_at"], with_for_update=True)
    if person.erased_at is not None:
        raise Conflict(Text("This account was erased before."))
    if left_alone := _without_owner(session, person):
        raise Conflict(
            Text("%(name)s would be without an owner. Make another member owner first.", {"name": left_alone})
        )
    people.end_sign_ins(session, actor, person, now=now)
    _leave_everywhere(session, actor, person, now)
    session.execute(update(SignIn).where(SignIn.person_id == person.id).values(browser=""))
    tokens = update(ApiToken).where(ApiToken.person_id == person.id)
    session.execute(tokens.where(ApiToken.ended_at.is_(None)).values(ended_at=now))
    session.execute(tokens.values(name="", hint=""))
    session.execute(delete(ExternalIdentity).where(ExternalIdentity.person_id == person.id))
    session.execute(delete(Silenced).where(Silenced.person_id == person.id))
    old = person.email
    nobody = f"{secrets.token_hex(12)}@{NOWHERE}"
    session.execute(update(Invitation).where(Invitation.email == person.email).values(email=nobody))
    his = or_(Letter.person_id == person.id, func.lower(Letter.address) == old)
    letters = [f"letter:{number}" for number in session.scalars(select(Letter.id).where(his))]
    session.execute(update(Letter).where(his).values(address=nobody, title="", text=None, last_error=None))
    refusals = update(Delivery).where(Delivery.kind == POST, Delivery.last_error.icontains(old, autoescape=True))
    session.execute(refusals.values(last_error=None))  # a mail server names the address that it did not take
    person.email, person.name, person.password = nobody, "", None
    person.tf_primary_method = person.tf_totp_secret = person.mf_recovery_codes = None
    person.fs_webauthn_user_handle, person.fs_uniquifier = None, secrets.token_hex(16)
    person.webauthn, person.roles = [], []
    person.active, person.erased_at = False, now
    about = select(events.Event.seq).where(events.Event.subject.in_([person.subject, *letters]))
    session.execute(delete(events.EventDetail).where(events.EventDetail.seq.in_(about)))
    events.record(session, actor, "person.erase", person.subject, now=now)


def _lock_organisations(session: Session, person: Person) -> None:
    """Everywhere in the same order: whoever else changes the members of one comes before or after."""
    his = select(Organisation).join(Membership).where(Membership.person_id == person.id)
    for organisation in session.scalars(his.distinct().order_by(Organisation.id)).all():
        members.lock(session, organisation)


def _leave_everywhere(session: Session, actor: Actor, person: Person, now: dt.datetime) -> None:
    mine = (
        select(Membership, Organisation)
        .join(Membership.organisation)
        .where(Membership.person_id == person.id, Membership.ended_at.is_(None))
        .order_by(Organisation.id)
    )
    for member, organisation in session.execute(mine).all():
        members.end(session, actor, organisation, member=member, now=now)


def _without_owner(session: Session, person: Person) -> str | None:
    """An organisation of several members whose only owner this is."""
    live = Membership.ended_at.is_(None)
    owned = select(Membership.organisation_id).where(
        Membership.person_id == person.id, Membership.role == "owner", live
    )
    others = select(Membership.organisation_id).where(live, Membership.person_id != person.id)
    owners = others.where(Membership.role == "owner")
    alone = select(Organisation.name_zh).where(
        Organisation.closed_at.is_(None),
        Organisation.id.in_(owned),
        Organisation.id.in_(others),
        Organisation.id.not_in(owners),
    )
    return session.scalar(alone.order_by(Organisation.id).limit(1))
