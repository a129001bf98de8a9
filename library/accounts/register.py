"""The register of organisations as officers read it: lists, what looks alike, what happened, what is opened."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, and_, func, or_, select, true
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
HISTORY = 100


@dataclass(frozen=True)
class Names:
    """Of every organisation, by its number, what of its names and its code tells it from others."""

    chinese: Mapping[int, str]
    english: Mapping[int, str]
    bodies: Mapping[int, str | None]


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


def names(session: Session) -> Names:
    """What all organisations are called, to be compared; whoever asks may keep it until one of them changes."""
    rows = select(Organisation.id, Organisation.name_zh, Organisation.name_en, _body(Organisation.credit_code))
    chinese, english, bodies = {}, {}, {}
    for number, zh, en, body in session.execute(rows):
        chinese[number], english[number], bodies[number] = _core(zh), _core(en or ""), body
    return Names(chinese, english, bodies)


def alike(session: Session, actor: Actor, organisation: Organisation, *, among: Names) -> list[Organisation]:
    """Others with nearly the same name, or with the same body's code: one of them may be an imitation."""
    me, found = organisation.id, list[int]()
    if body := among.bodies.get(me):
        found += [number for number, its in among.bodies.items() if its == body]
    for cores in (among.chinese, among.english):
        if core := cores.get(me):
            close = process.extract(core, cores, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=MOST_ALIKE + 1)
            found += [number for _, _, number in close]
    others = [number for number in dict.fromkeys(found) if number != me]
    rows = select(Organisation).where(policy.visible(actor), Organisation.id.in_(others))
    return sorted(session.scalars(rows), key=lambda each: others.index(each.id)) if others else []


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


def _body(code: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """The nine signs of a code before the last name the body, whoever registered it and where."""
    return func.substr(code, 9, 9)
