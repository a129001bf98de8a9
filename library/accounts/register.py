"""The register of organisations as officers read it: lists, what looks alike, what happened, what is opened."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from .. import events
from ..errors import Missing, Text
from ..events import Event, EventDetail
from ..policy import Actor
from . import policy
from .models import Grant, Organisation

# What names of companies have in common and what therefore tells nothing.
FORMS = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团|公司"
    r"|\b(company|co|corporation|corp|group|holdings?|incorporated|inc|limited|ltd)\b\.?",
    re.IGNORECASE,
)
ALIKE = 80  # of 100: one sign in five may differ
MOST_ALIKE = 5
MOST_PAIRS = 12
HISTORY = 100


@dataclass(frozen=True)
class Happening:
    """An event of an organisation with what it tells; `detail` is empty once it was erased."""

    verb: str
    at: dt.datetime
    actor: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> int | None:
        """The person who did it; None when it was not one."""
        return int(self.actor.partition(":")[2]) if self.actor.startswith("person:") else None

    @property
    def people(self) -> set[int]:
        """Who did it, and to whom."""
        return {number for number in (self.by, self.detail.get("person")) if number is not None}


def by_state(session: Session, actor: Actor, *, q: str = "") -> dict[str, int]:
    """How many organisations are in each state, of all or of those that are searched for."""
    rows = (
        select(Organisation.state, func.count())
        .where(policy.visible(actor), _found(session, q))
        .group_by(Organisation.state)
    )
    return dict(session.execute(rows).all())


def organisations(
    session: Session, actor: Actor, *, state: str, q: str = "", page: int = 1, per_page: int
) -> list[Organisation]:
    """A page of those in a state: the ones that wait by how long, the others by name."""
    order = Organisation.asked_at if state == "asked" else Organisation.name_zh
    rows = (
        select(Organisation)
        .where(policy.visible(actor), Organisation.state == state, _found(session, q))
        .order_by(order, Organisation.id)
        .limit(per_page)
        .offset(per_page * (page - 1))
    )
    return list(session.scalars(rows))


def alike(session: Session, actor: Actor, organisation: Organisation) -> list[Organisation]:
    """Others with nearly the same name, or with the same body's code: one of them may be an imitation."""
    columns = (Organisation.id, Organisation.name_zh, Organisation.name_en, Organisation.credit_code)
    # The nine signs of a code before the last name the body, whoever registered it and where.
    body = (organisation.credit_code or "")[8:17]
    near = [func.substr(Organisation.credit_code, 9, 9) == body] if body else []
    near += [_shares(session, Organisation.name_zh, organisation.name_zh)]
    near += [_shares(session, Organisation.name_en, organisation.name_en)] if organisation.name_en else []
    rows = session.execute(
        select(*columns).where(policy.visible(actor), Organisation.id != organisation.id, or_(*near))
    ).all()
    found = {row.id: None for row in rows if body and (row.credit_code or "")[8:17] == body}
    for mine, names in (
        (organisation.name_zh, {row.id: _core(row.name_zh) for row in rows}),
        (organisation.name_en or "", {row.id: _core(row.name_en or "") for row in rows}),
    ):
        if core := _core(mine):
            close = process.extract(core, names, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=MOST_ALIKE)
            found |= {number: None for _, _, number in close}
    close_ones = session.scalars(select(Organisation).where(Organisation.id.in_(found))) if found else ()
    return sorted(close_ones, key=lambda each: list(found).index(each.id))


def history(session: Session, actor: Actor, organisation: Organisation) -> list[Happening]:
    """What happened to an organisation, newest first; for those who oversee them."""
    if not policy.may_oversee(actor):
        return []
    rows = (
        select(Event, EventDetail.detail)
        .outerjoin(EventDetail, EventDetail.seq == Event.seq)
        .where(Event.subject == organisation.subject)
        .order_by(Event.seq.desc())
        .limit(HISTORY)
    )
    return [
        Happening(event.verb, dt.datetime.fromisoformat(event.at), event.actor, json.loads(detail or "{}"))
        for event, detail in session.execute(rows)
    ]


def last_word(session: Session, actor: Actor, organisation: Organisation) -> str:
    """Why the verification was refused, when that is the last thing that was decided; for those who may ask."""
    if not policy.may_read_evidence(actor, organisation):
        return ""
    decided = ("organisation.verify", "organisation.refuse", "organisation.close", "organisation.reopen")
    rows = (
        select(Event.seq, Event.verb)
        .where(Event.subject == organisation.subject, Event.verb.in_(decided))
        .order_by(Event.seq.desc())
        .limit(1)
    )
    last = session.execute(rows).first()
    if last is None or last.verb != "organisation.refuse":
        return ""
    return str(events.detail(session, last.seq).get("reason", ""))


def open_grants(
    session: Session,
    actor: Actor,
    *,
    now: dt.datetime,
    to: str | None = None,
    organisation: Organisation | None = None,
) -> list[Grant]:
    """Grants that are open now and that the actor may know of; of one subject, or to one organisation."""
    live = and_(Grant.ended_at.is_(None), Grant.until > now)
    rows = select(Grant).where(policy.visible_grants(actor), live).order_by(Grant.until, Grant.id)
    if to is not None:
        rows = rows.where(Grant.to == to)
    if organisation is not None:
        rows = rows.where(Grant.organisation_id == organisation.id)
    return list(session.scalars(rows))


def grant(session: Session, actor: Actor, number: int, *, now: dt.datetime) -> Grant:
    """A grant that is open now. Raises Missing."""
    live = and_(Grant.ended_at.is_(None), Grant.until > now)
    found = session.scalar(select(Grant).where(Grant.id == number, policy.visible_grants(actor), live))
    if found is None:
        raise Missing(Text("This was ended before."))
    return found


def _found(session: Session, q: str) -> ColumnElement[bool]:
    """Those whose names contain what is searched for, or whose code begins with it."""
    if not (words := q.strip()):
        return true()
    return or_(
        _contains(session, Organisation.name_zh, words),
        _contains(session, Organisation.name_en, words),
        Organisation.credit_code.startswith(words.upper(), autoescape=True),
    )


def _contains(session: Session, column: InstrumentedAttribute[Any], words: str) -> ColumnElement[bool]:
    """In capitals or not. SQLite's LIKE knows none, and its lower() would spell every name anew."""
    pattern = "%" + re.sub("[%_/]", lambda sign: f"/{sign[0]}", words) + "%"
    like = column.like if session.get_bind().dialect.name == "sqlite" else column.ilike
    return like(pattern, escape="/")


def _core(name: str) -> str:
    """A name without its legal form, spaces and signs."""
    return re.sub(r"[\W_]+", "", FORMS.sub(" ", name)).lower()


def _shares(session: Session, column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Names that have half of the pairs of letters of this one, as every name does that is ALIKE: the database
    finds a few among many before any are compared."""
    words = re.findall(r"[^\W_]+", FORMS.sub(" ", name).lower())
    pairs = sorted({word[at : at + 2] for word in words for at in range(len(word) - 1)})[:MOST_PAIRS]
    has = [case((_contains(session, column, pair), 1), else_=0) for pair in pairs]
    return sum(has[1:], start=has[0]) >= max(1, len(has) // 2) if has else false()
