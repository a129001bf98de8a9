"""Who may recommend how many, places that change hands, and who may come late. Each change is an event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..accounts import queries as accounts
from ..accounts.models import Organisation
from ..catalog.operations import filled
from ..errors import Conflict, Forbidden, Invalid, Text
from ..policy import Actor, require
from . import queries
from .models import Call, LatePermit, Quota, QuotaTransfer
from .operations import ENDED, hold
from .policy import RULES
from .schemas import PermitForm, QuotaForm, TransferForm, moment

Given = Mapping[str, Any]
FORM = Text("Something is missing or wrong in the form.")


def set_quota(session: Session, actor: Actor, call: Call, *, given: Given, now: dt.datetime) -> Quota:
    """How many a verified organisation may recommend; never fewer than it has recommended."""
    require(RULES, actor, "call.run", call)
    said = filled(QuotaForm, given)
    organisation = _named(session, actor, call, "recommender", said["recommender"])
    _running(session, call)
    row = _locked(session, call, organisation.id).get(organisation.id)
    before, places = row.places if row else None, said["places"]
    if row is None:
        row = Quota(call_id=call.id, organisation_id=organisation.id, places=0, used=0)
        session.add(row)
    if places < row.used:
        used = Text("%(used)s places are used already.", {"used": row.used})
        raise Invalid(FORM, fields={"places": [used]})
    row.places = places
    session.flush()
    if before != places:
        detail = {"organisation": organisation.id, "before": before, "after": places}
        events.record(session, actor, "quota.set", call.subject, now=now, detail=detail)
    return row


def transfer(session: Session, actor: Actor, call: Call, *, given: Given, now: dt.datetime) -> QuotaTransfer:
    """Give unused places of one recommender to another. Of two at once, the second sees what the first left."""
    require(RULES, actor, "call.run", call)
    said = filled(TransferForm, given)
    _running(session, call)
    giver, taker = (_recommender(session, actor, call, name, said[name]) for name in ("giver", "taker"))
    if giver == taker:
        raise Invalid(FORM, fields={"taker": [Text("Choose another recommender.")]})
    rows = _locked(session, call, giver, taker)
    moved, reason = said["moved"], said["transfer_reason"]
    if moved > rows[giver].free:
        free = Text("Only %(free)s places are unused.", {"free": rows[giver].free})
        raise Conflict(Text("There are not so many unused places."), fields={"moved": [free]})
    rows[giver].places -= moved
    rows[taker].places += moved
    row = QuotaTransfer(
        call_id=call.id, from_id=giver, to_id=taker, places=moved, reason=reason, at=now, by=actor.id
    )
    session.add(row)
    session.flush()
    detail = {"from": giver, "to": taker, "places": moved, "reason": reason}
    events.record(session, actor, "quota.transfer", call.subject, now=now, detail=detail)
    return row


def permit(session: Session, actor: Actor, call: Call, *, given: Given, now: dt.datetime) -> LatePermit:
    """Let an organisation enter after the end, until a time."""
    require(RULES, actor, "call.run", call)
    said = filled(PermitForm, given)
    organisation = _named(session, actor, call, "applicant", said["applicant"])
    hold(session, call)
    if call.state not in queries.STILL_TAKES:
        raise Conflict(Text("This call takes no entries."))
    until = moment(said["until"])
    if until <= max(now, call.last_moment):
        late = Text("A permit ends after the call does, and not in the past.")
        raise Invalid(FORM, fields={"until": [late]})
    row = LatePermit(call_id=call.id, organisation_id=organisation.id, until=until, at=now, by=actor.id)
    row.reason = said["permit_reason"]
    session.add(row)
    session.flush()
    detail = {"organisation": organisation.id, "permit": row.id, "until": until.isoformat(), "reason": row.reason}
    events.record(session, actor, "permit.give", call.subject, now=now, detail=detail)
    return row


def _running(session: Session, call: Call) -> None:
    """Places change hands until the call has ended."""
    hold(session, call)
    if call.state in ENDED:
        raise Conflict(Text("This call has ended."))


def _locked(session: Session, call: Call, *organisations: int) -> dict[int, Quota]:
    rows = select(Quota).where(Quota.call_id == call.id, Quota.organisation_id.in_(organisations))
    rows = rows.order_by(Quota.organisation_id).with_for_update().execution_options(populate_existing=True)
    return {row.organisation_id: row for row in session.scalars(rows)}


def _named(session: Session, actor: Actor, call: Call, field: str, said: str) -> Organisation:
    found = queries.registered(session, call, said)
    if found is None:
        nobody = Text(
            "No verified organisation has this name or code, or several have it; the code tells them apart."
        )
        raise Invalid(FORM, fields={field: [nobody]})
    _not_ones_own(session, actor, found)
    return found


def _recommender(session: Session, actor: Actor, call: Call, field: str, key: str) -> int:
    found = next((row.organisation for row in queries.quotas(session, call) if row.organisation.key == key), None)
    if found is None:
        raise Invalid(FORM, fields={field: [Text("This organisation has no places in this call.")]})
    _not_ones_own(session, actor, found)
    return found.id


def _not_ones_own(session: Session, actor: Actor, organisation: Organisation) -> None:
    """Who belongs to an organisation gives it nothing, whoever the person acts for at the moment."""
    if actor.person is not None and accounts.membership(session, actor.person, organisation.id):
        named = {"name": organisation.name_zh}
        raise Forbidden(Text("You belong to %(name)s; another officer decides.", named))
