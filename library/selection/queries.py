"""Reads of calls. Each takes the actor: what the actor may not know of is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from ..accounts.models import Organisation
from ..errors import Missing, Text
from ..events import Event
from ..policy import Actor
from ..workdays import ZONE
from . import policy
from .models import Call, LatePermit, Quota, QuotaTransfer
from .schemas import CallDocument

SCHEMA = CallDocument()
PER_PAGE = 20
HISTORY = 100
# Somebody may come late as long as no case is looked at by experts.
STILL_TAKES = ("open", "closed", "formal_check")


def calls(session: Session, actor: Actor, *, page: int = 1, per_page: int = PER_PAGE) -> list[Call]:
    """A page of what the actor may see, without documents: real ones first, then drafts, then the newest."""
    rows = (
        select(Call)
        .options(defer(Call.document))
        .where(policy.visible(actor))
        .order_by(Call.demonstration, Call.opens_at.is_not(None), Call.opens_at.desc(), Call.id.desc())
        .limit(per_page)
        .offset(per_page * (page - 1))
    )
    return list(session.scalars(rows))


def total(session: Session, actor: Actor) -> int:
    return session.scalar(select(func.count()).select_from(Call).where(policy.visible(actor))) or 0


def call(session: Session, actor: Actor, code: str) -> Call:
    """A call by its number. Raises Missing."""
    return _one(session, actor, Call.code == code, code)


def call_by_key(session: Session, actor: Actor, key: str) -> Call:
    """A call by its key, which a draft has too. Raises Missing."""
    return _one(session, actor, Call.key == key, key)


def _one(session: Session, actor: Actor, wanted: ColumnElement[bool], name: str) -> Call:
    found = session.scalar(select(Call).where(wanted, policy.visible(actor)))
    if found is None:
        raise Missing(Text("There is no call %(name)s.", {"name": name[:40]}))
    return found


def latest(session: Session, actor: Actor) -> Call | None:
    """The real call that was announced last: a new one may start from it."""
    rows = select(Call).where(policy.visible(actor), Call.announced_at.is_not(None), ~Call.demonstration)
    return session.scalar(rows.order_by(Call.announced_at.desc(), Call.id.desc()).limit(1))


def document(call: Call) -> dict[str, Any]:
    """What an announced call says, with what was left open filled in."""
    found: dict[str, Any] = SCHEMA.load(call.document)
    return found


def quotas(session: Session, call: Call) -> list[Quota]:
    """Who may recommend in a call, by name."""
    rows = select(Quota).join(Quota.organisation).options(joinedload(Quota.organisation))
    return list(
        session.scalars(rows.where(Quota.call_id == call.id).order_by(Organisation.name_zh, Organisation.id))
    )


def quota(session: Session, call: Call, organisation: int | None) -> Quota | None:
    return session.get(Quota, (call.id, organisation)) if organisation is not None else None


def transfers(session: Session, call: Call) -> list[QuotaTransfer]:
    rows = select(QuotaTransfer).where(QuotaTransfer.call_id == call.id)
    return list(session.scalars(rows.order_by(QuotaTransfer.id.desc())))


def permits(session: Session, call: Call, organisation: int | None = None) -> list[LatePermit]:
    """Who may come late, the last to run out first; of one organisation where it is named."""
    rows = select(LatePermit).options(joinedload(LatePermit.organisation)).where(LatePermit.call_id == call.id)
    if organisation is not None:
        rows = rows.where(LatePermit.organisation_id == organisation)
    return list(session.scalars(rows.order_by(LatePermit.until.desc(), LatePermit.id.desc())))


def closed_to(session: Session, call: Call, organisation: int, *, now: dt.datetime) -> Text | None:
    """Why an organisation cannot enter the call now; None: it can. A late permit counts beyond the last moment."""
    if call.state not in ("announced", *STILL_TAKES) or call.opens_at is None:
        return Text("This call takes no entries.")
    if now < call.opens_at:
        return Text("The call opens at %(time)s.", {"time": local(call.opens_at)})
    if now <= call.last_moment or any(permit.until >= now for permit in permits(session, call, organisation)):
        return None
    return Text("The call closed at %(time)s.", {"time": local(call.last_moment)})


def local(at: dt.datetime) -> str:
    """A time as calls say it, Asia/Shanghai."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


def registered(session: Session, call: Call, said: str) -> Organisation | None:
    """The one verified organisation of this name or credit code; an invented call has to do with invented ones."""
    named = or_(Organisation.name_zh == said, Organisation.name_en == said, Organisation.credit_code == said)
    rows = select(Organisation).where(
        named, Organisation.state == "verified", Organisation.demonstration == call.demonstration
    )
    found = session.scalars(rows.limit(2)).all()
    return found[0] if len(found) == 1 else None


def history(session: Session, call: Call) -> list[Event]:
    """What happened to a call, newest first."""
    rows = select(Event).where(Event.subject == call.subject).order_by(Event.seq.desc())
    return list(session.scalars(rows.limit(HISTORY)))


def names(session: Session, numbers: set[int]) -> Mapping[int, Organisation]:
    rows = select(Organisation).where(Organisation.id.in_(numbers))
    return {row.id: row for row in session.scalars(rows)}
