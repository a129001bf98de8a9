"""Collected cases and the organisations that say that they are in them: asked for, accepted or refused, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from .. import events
from ..accounts.models import Membership, Organisation
from ..db import insert_unless_there
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..policy import Actor, require
from . import operations
from .desk_schemas import LinkForm, ReasonForm
from .draft_models import CaseLink
from .models import Case
from .policy import RULES, may_decide_link

Given = Mapping[str, Any]
PER_PAGE = 20
AT_DESK: Mapping[str, ColumnElement[bool]] = {
    "waiting": CaseLink.linked.is_(None),
    "linked": CaseLink.linked.is_(True),
}


def refusals(session: Session, actor: Actor, case: Case) -> list[Text]:
    """Why the actor's organisation cannot ask to be linked with this case; nothing: it can."""
    organisation = session.get_one(Organisation, actor.organisation)
    reasons = []
    if not organisation.verified:
        reasons.append(Text("Only a verified organisation can be linked with a case."))
    if organisation.demonstration != case.demonstration:
        reasons.append(Text("A demonstration organisation is linked with demonstration cases, and no other is."))
    if (link := standing(session, actor, case)) is not None:
        linked = Text("Your organisation is linked with this case.")
        reasons.append(
            linked if link.linked else Text("Your organisation has asked; an officer has not decided yet.")
        )
    return reasons


def standing(session: Session, actor: Actor, case: Case) -> CaseLink | None:
    """The link of the actor's organisation with a case, asked for or accepted."""
    rows = select(CaseLink).where(CaseLink.case_id == case.id, CaseLink.organisation_id == actor.organisation)
    return session.scalar(rows.where(CaseLink.linked.is_not(False)))


def ask(session: Session, actor: Actor, case: Case, *, given: Given, now: dt.datetime) -> CaseLink:
    """The actor's organisation says that it is a party of this collected case, and why."""
    require(RULES, actor, "link.ask", case)
    said = operations.filled(LinkForm, given)
    if reasons := refusals(session, actor, case):
        raise Invalid(Text("This link cannot be asked for."), reasons=reasons)
    values = {"case_id": case.id, "organisation_id": actor.organisation, "person_id": actor.person}
    link = insert_unless_there(session, CaseLink, **values, text=said["text"], at=now)
    if link is None:
        raise Conflict(Text("Your organisation has asked; an officer has not decided yet."))
    events.record(session, actor, "link.ask", link.subject, now=now, detail={"case": case.code})
    return link


def accept(session: Session, actor: Actor, link: CaseLink, *, now: dt.datetime) -> None:
    """An officer has looked at it: the case's page names the organisation from now on."""
    _decide(session, actor, link, True, now=now, reason=None)
    events.record(session, actor, "link.accept", link.subject, now=now, detail={"case": link.case.code})


def refuse(session: Session, actor: Actor, link: CaseLink, *, given: Given, now: dt.datetime) -> None:
    """An officer does not see it; the organisation reads why, and may ask again with better reasons."""
    _decide(session, actor, link, False, now=now, reason=operations.filled(ReasonForm, given)["reason"])
    events.record(session, actor, "link.refuse", link.subject, now=now, detail={"case": link.case.code})


def end(session: Session, actor: Actor, link: CaseLink, *, now: dt.datetime) -> None:
    """The organisation, or an officer, takes an accepted link back, or a request that waits."""
    require(RULES, actor, "link.end", link)
    _lock(session, link)
    if link.linked is False:
        raise Conflict(Text("This link has ended before."))
    link.linked, link.decided_at, link.decided_by = False, now, actor.id
    events.record(session, actor, "link.end", link.subject, now=now, detail={"case": link.case.code})


def at_desk(session: Session, actor: Actor, *, state: str = "waiting", page: int = 1) -> list[CaseLink]:
    """A page of what officers have to decide, oldest first, or of what stands, newest first."""
    if not may_decide_link(actor, None):
        return []
    order = (CaseLink.at, CaseLink.id) if state == "waiting" else (CaseLink.decided_at.desc(), CaseLink.id.desc())
    # Their numbers first: sorting whole rows with their cases costs twice as much.
    wanted = select(CaseLink.id).where(AT_DESK[state]).order_by(*order)
    numbers = session.scalars(wanted.limit(PER_PAGE).offset(PER_PAGE * (page - 1))).all()
    rows = select(CaseLink).where(CaseLink.id.in_(numbers)).order_by(*order)
    return list(session.scalars(rows.options(joinedload(CaseLink.case), joinedload(CaseLink.organisation))))


def counted(session: Session, actor: Actor) -> dict[str, int]:
    """How many links wait and how many stand, for officers."""
    if not may_decide_link(actor, None):
        return dict.fromkeys(AT_DESK, 0)
    counts = [func.count().filter(where) for where in AT_DESK.values()]
    return dict(zip(AT_DESK, session.execute(select(*counts).select_from(CaseLink)).one(), strict=True))


def of_organisation(session: Session, actor: Actor) -> list[CaseLink]:
    """What the actor's organisation has asked for, newest first, with every outcome."""
    if actor.organisation is None or not actor.membership:
        return []
    rows = select(CaseLink).where(CaseLink.organisation_id == actor.organisation)
    return list(session.scalars(rows.options(joinedload(CaseLink.case)).order_by(CaseLink.id.desc())))


def link(session: Session, actor: Actor, number: int) -> CaseLink:
    """One link, for its organisation and for officers. Raises Missing."""
    found = session.get(CaseLink, number)
    mine = found is not None and actor.is_member(found.organisation_id)
    if found is None or not (mine or may_decide_link(actor, None)):
        raise Missing(Text("There is no such request."))
    return found


def _decide(
    session: Session, actor: Actor, link: CaseLink, linked: bool, *, now: dt.datetime, reason: str | None
) -> None:
    require(RULES, actor, "link.decide", link)
    belongs = select(Membership.id).where(
        Membership.person_id == actor.person,
        Membership.organisation_id == link.organisation_id,
        Membership.ended_at.is_(None),
    )
    if session.scalar(belongs.limit(1)) is not None:
        raise Forbidden(Text("You belong to the organisation that asks; another officer decides."))
    _lock(session, link)
    if link.linked is not None:
        raise Conflict(Text("This request was decided before."))
    link.linked, link.decided_at, link.decided_by, link.reason = linked, now, actor.id, reason


def _lock(session: Session, link: CaseLink) -> None:
    """Of two at once, the second sees what the first did."""
    session.flush()
    session.refresh(link, with_for_update=True)
