"""Writes about organisations and grants. Nothing here moves a state; flow.py does. Members: members.py."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from .. import events
from ..db import alone
from ..errors import Conflict, Forbidden, Invalid, Text, TooMany
from ..files import Kept
from ..policy import Actor, require
from . import queries
from .models import ApiToken, Grant, Invitation, Membership, Organisation, Person, SignIn
from .policy import RULES
from .schemas import EvidenceForm, OrganisationForm, ReasonForm, loaded

# What is verified: with another of these it is another organisation.
IDENTITY = ("name_zh", "name_en", "kind", "credit_code", "province")
MOST_UNVERIFIED = 5  # organisations of one founder that nobody has verified yet
EVIDENCE = (".pdf", ".png", ".jpg", ".jpeg")
EVIDENCE_BYTES = 10 << 20
NOT_SAVED = Text("The organisation could not be saved.")
NOT_YET = Text("This cannot be done yet.")


def create(session: Session, actor: Actor, *, given: Mapping[str, Any], now: dt.datetime) -> Organisation:
    """A new organisation, not verified, whose owner is the actor. `given` is as typed."""
    require(RULES, actor, "organisation.create")
    values = _checked(session, given)
    founder = session.get_one(Person, actor.person)
    mine = queries.organisations_of(session, founder.id)
    if sum(role == "owner" and found.state == "unverified" for found, role in mine) >= MOST_UNVERIFIED:
        limit = {"limit": MOST_UNVERIFIED}
        raise TooMany(
            Text("%(limit)s organisations of yours are not verified; ask for their verification first.", limit)
        )
    key = secrets.token_hex(8)  # tells nothing about how many others there are
    row = Organisation(key=key, created_at=now, demonstration=founder.demonstration, **values)
    session.add(row)
    session.flush()
    session.add(Membership(person_id=founder.id, organisation_id=row.id, role="owner", since=now))
    events.record(session, actor, "organisation.create", row.subject, now=now, detail={"after": values})
    begun = {"person": founder.id, "role": "owner"}
    events.record(session, actor, "membership.begin", row.subject, now=now, detail=begun)
    return row


def changes(organisation: Organisation, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `given`, as typed, would change: field -> before and after. Raises Invalid."""
    values = _loaded(given)
    return {
        name: {"before": getattr(organisation, name), "after": values[name]}
        for name in IDENTITY
        if getattr(organisation, name) != values[name]
    }


def edit(
    session: Session, actor: Actor, organisation: Organisation, *, given: Mapping[str, Any], **_: Any
) -> None:
    """Effect of organisation.edit: another identity, which nobody has verified."""
    for name, value in _checked(session, given, organisation).items():
        setattr(organisation, name, value)
    organisation.asked_at = organisation.verified_at = organisation.verified_by = None


def prove(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    note: str,
    kept: Kept | None,
    name: str | None,
    now: dt.datetime,
) -> None:
    """Say, and show with a file, who the organisation is. Without a file the one given before stays."""
    require(RULES, actor, "organisation.keep", organisation)
    said = loaded(EvidenceForm(), {"note": note}, NOT_YET)
    if organisation.state != "unverified":
        raise Conflict(Text("The evidence cannot be changed while it is being looked at, nor afterwards."))
    organisation.evidence = said["note"]
    if kept is not None:
        organisation.evidence_name, organisation.evidence_sha256 = name, kept.sha256
        organisation.evidence_type = kept.media_type
    detail = {"note": organisation.evidence, "file": organisation.evidence_sha256}
    events.record(session, actor, "organisation.prove", organisation.subject, now=now, detail=detail)


def missing(session: Session, organisation: Organisation, now: dt.datetime) -> list[Text]:
    """Guard of organisation.ask: what an officer needs before he can look."""
    wanted = {
        "credit_code": Text("The Unified Social Credit Code is missing."),
        "evidence_sha256": Text("The file that shows who you are is missing."),
        "evidence": Text("The note on what the file shows is missing."),
    }
    return [sentence for name, sentence in wanted.items() if not getattr(organisation, name)]


def ask(session: Session, actor: Actor, organisation: Organisation, *, now: dt.datetime, **_: Any) -> None:
    """Effect of organisation.ask."""
    organisation.asked_at = now


def verify(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    now: dt.datetime,
    reason: str,
    seen: str,
    **_: Any,
) -> None:
    """Effect of organisation.verify."""
    _look(session, actor, organisation, reason, seen)
    organisation.verified_at, organisation.verified_by = now, actor.id


def refuse(
    session: Session, actor: Actor, organisation: Organisation, *, reason: str, seen: str, **_: Any
) -> None:
    """Effect of organisation.refuse; the reason stands in the event and in the letter to the owners."""
    _look(session, actor, organisation, reason, seen)


def close(
    session: Session, actor: Actor, organisation: Organisation, *, now: dt.datetime, reason: str, **_: Any
) -> None:
    """Effect of organisation.close: nobody acts for it any more. Its code is free for whom it belongs to."""
    _reasoned(reason)
    _stop_acting(
        session, SignIn.organisation_id == organisation.id, ApiToken.organisation_id == organisation.id, now
    )
    unanswered = queries.open_invitations(organisation.id, now).with_only_columns(Invitation.id)
    session.execute(update(Invitation).where(Invitation.id.in_(unanswered)).values(withdrawn_at=now))
    to_it = (Grant.organisation_id == organisation.id, Grant.ended_at.is_(None))
    session.execute(update(Grant).where(*to_it).values(ended_at=now))
    organisation.credit_code, organisation.closed_at = None, now


def reopen(session: Session, actor: Actor, organisation: Organisation, *, reason: str, **_: Any) -> None:
    """Effect of organisation.reopen: its members act for it again; who it is must be shown anew."""
    _reasoned(reason)
    organisation.closed_at = None


def stop_acting(session: Session, person: int, organisation: int, *, now: dt.datetime) -> None:
    """Nobody's browser or program goes on acting for an organisation that he has left."""
    _stop_acting(
        session,
        (SignIn.person_id == person) & (SignIn.organisation_id == organisation),
        (ApiToken.person_id == person) & (ApiToken.organisation_id == organisation),
        now,
    )


def grant(
    session: Session,
    actor: Actor,
    *,
    to: str,
    audience: str,
    person: int | None = None,
    organisation: int | None = None,
    until: dt.datetime,
    why: str,
    now: dt.datetime,
) -> Grant:
    """Open a subject to a person or an organisation. Whoever calls has asked the rule of his own move."""
    if until <= now:
        raise Invalid(Text("This would end before it begins."), fields={"until": [Text("Choose a later time.")]})
    row = Grant(
        to=to, audience=audience, person_id=person, organisation_id=organisation, why=why, at=now, until=until
    )
    session.add(row)
    session.flush()
    detail = {
        "to": to,
        "audience": audience,
        "person": person,
        "organisation": organisation,
        "until": until.astimezone(dt.UTC).isoformat(),
        "why": why,
    }
    events.record(session, actor, "grant.open", row.subject, now=now, detail=detail)
    return row


def end_grant(session: Session, actor: Actor, grant: Grant, *, why: str, now: dt.datetime) -> None:
    """Close before its time what a grant opened. Whoever calls has asked the rule of his own move."""
    loaded(ReasonForm(), {"reason": why}, Text("Write a reason, in 1000 characters at most."))
    session.refresh(grant, with_for_update=True)
    if grant.ended_at is not None:
        raise Conflict(Text("This was ended before."))
    grant.ended_at = now
    events.record(session, actor, "grant.end", grant.subject, now=now, detail={"to": grant.to, "why": why})


def _loaded(given: Mapping[str, Any]) -> dict[str, Any]:
    return loaded(OrganisationForm(), given, NOT_SAVED)


def _checked(session: Session, given: Mapping[str, Any], own: Organisation | None = None) -> dict[str, Any]:
    """The values of a form, when its code is nobody else's."""
    values = _loaded(given)
    if values["credit_code"] is not None:
        alone(session, "credit codes")  # of two who register the same one at once, the second is told
        taken = select(Organisation.id).where(Organisation.credit_code == values["credit_code"])
        if own is not None:
            taken = taken.where(Organisation.id != own.id)
        if session.scalar(taken) is not None:
            sentence = Text(
                "An organisation with this code is here already: ask its owner for an invitation,"
                " or tell the library if it is not yours to share."
            )
            raise Invalid(NOT_SAVED, fields={"credit_code": [sentence]})
    return values


def _look(session: Session, actor: Actor, organisation: Organisation, reason: str, seen: str) -> None:
    """An officer decides with a reason, not about his own, and about what lay before him."""
    _reasoned(reason)
    if queries.belongs(session, actor.person, organisation.id):
        raise Forbidden(Text("You belong to this organisation; another officer decides."))
    if organisation.asked_at is None or seen != organisation.asked_at.isoformat():
        raise Conflict(Text("The organisation has sent something else meanwhile; look at it first."))


def _reasoned(reason: str) -> None:
    loaded(ReasonForm(), {"reason": reason}, NOT_YET)


def _stop_acting(
    session: Session, browsers: ColumnElement[bool], programs: ColumnElement[bool], now: dt.datetime
) -> None:
    session.execute(update(SignIn).where(browsers).values(organisation_id=None))
    session.execute(update(ApiToken).where(programs, ApiToken.ended_at.is_(None)).values(ended_at=now))
