"""Reads of the pool: experts with their load, invitations, ties. Each takes the actor."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased, joinedload, lazyload, load_only, selectinload

from ..accounts.models import Organisation, Person
from ..catalog.taxonomy import Taxonomy
from ..errors import Missing, Text
from ..policy import Actor
from . import expert_policy
from .expert_models import OPEN_REVIEWS, Expert, ExpertInvitation, Review, Tie
from .models import Call

PER_PAGE = 50


def digest(word: str) -> str:
    """How the word of a letter is kept."""
    return hashlib.sha256(word.encode()).hexdigest()


def of_the_pool(call: Call) -> ColumnElement[bool]:
    """Experts who may be given entries of a call: invented ones those of an invented call."""
    return and_(
        Expert.ended_at.is_(None),
        Person.active,
        Person.erased_at.is_(None),
        Person.demonstration == call.demonstration,
    )


def experts(
    session: Session, actor: Actor, trees: Taxonomy, *, page: int | None = 1, **asked: str
) -> list[Row[Any]]:
    """A page of (Expert, Person, open reviews, reviews given), by name; the whole list when `page` is None."""
    of = Review.person_id == Expert.person_id
    waits = select(func.count()).where(of, Review.state.in_(OPEN_REVIEWS)).scalar_subquery()
    given = select(func.count()).where(of, Review.state == "final").scalar_subquery()
    rows = _pool(select(Expert, Person, waits.label("waits"), given.label("given")), actor, trees, **asked)
    seen = (Person.id, Person.name, Person.email, Person.demonstration)
    rows = rows.order_by(Person.name, Person.id).options(load_only(*seen), lazyload(Person.roles))
    if page is not None:
        rows = rows.limit(PER_PAGE).offset(PER_PAGE * (page - 1))
    return list(session.execute(rows))


def total(session: Session, actor: Actor, trees: Taxonomy, **asked: str) -> int:
    return session.scalar(_pool(select(func.count()).select_from(Expert), actor, trees, **asked)) or 0


def _pool(
    rows: Select[Any], actor: Actor, trees: Taxonomy, *, q: str = "", sector: str = "", state: str = "present"
) -> Select[Any]:
    belongs = Expert.ended_at.is_(None) if state == "present" else Expert.ended_at.is_not(None)
    rows = rows.join(Person, Person.id == Expert.person_id).where(expert_policy.visible(actor), belongs)
    if q:
        rows = rows.where(
            or_(Person.name.icontains(q, autoescape=True), Person.email.icontains(q, autoescape=True))
        )
    return rows.where(_knows(trees, sector)) if sector else rows


def _knows(trees: Taxonomy, sector: str) -> ColumnElement[bool]:
    """Experts who name a sector or what includes it, or nothing at all. Codes need no escape."""
    if sector not in trees.sectors:
        return false()
    spelt = cast(Expert.sectors, String)
    return or_(spelt == "[]", *(spelt.like(f'%"{code}"%') for code in trees.path(sector)))


def knows(trees: Taxonomy, sectors: list[str], leading: str) -> bool:
    """The same of one expert in memory."""
    return not sectors or (leading in trees.sectors and not set(sectors).isdisjoint(trees.path(leading)))


def expert(session: Session, actor: Actor, number: int | None) -> Expert:
    """One expert with person and history. Raises Missing."""
    loaded = (joinedload(Expert.person), selectinload(Expert.past))
    rows = select(Expert).options(*loaded).where(Expert.person_id == number, expert_policy.visible(actor))
    found = session.scalars(rows).unique().one_or_none()
    if found is None:
        raise Missing(Text("There is no such expert."))
    return found


def in_pool(session: Session, person: int | None) -> bool:
    """Does somebody belong to the pool now?"""
    rows = select(Expert.person_id).where(Expert.person_id == person, Expert.ended_at.is_(None))
    return session.scalar(rows) is not None


def open_reviews(session: Session, person: int) -> int:
    rows = select(func.count()).where(Review.person_id == person, Review.state.in_(OPEN_REVIEWS))
    return session.scalar(rows) or 0


def unanswered(now: dt.datetime) -> ColumnElement[bool]:
    return and_(
        ExpertInvitation.accepted_at.is_(None),
        ExpertInvitation.withdrawn_at.is_(None),
        ExpertInvitation.expires_at > now,
    )


def invitations(session: Session, actor: Actor, *, now: dt.datetime) -> list[ExpertInvitation]:
    """Those that wait for an answer, the newest first; for those who keep the pool."""
    allowed = true() if expert_policy.may_keep(actor) else false()
    rows = select(ExpertInvitation).where(unanswered(now), allowed).order_by(ExpertInvitation.id.desc())
    return list(session.scalars(rows.limit(PER_PAGE)))


def invitation(session: Session, actor: Actor, number: int) -> ExpertInvitation:
    """One of them, answered or not. Raises Missing."""
    found = session.get(ExpertInvitation, number) if expert_policy.may_keep(actor) else None
    if found is None:
        raise Missing(Text("There is no such invitation."))
    return found


def invitation_by_word(session: Session, word: str) -> ExpertInvitation:
    """Of whoever holds the word. Raises Missing."""
    found = session.scalar(select(ExpertInvitation).where(ExpertInvitation.digest == digest(word)))
    if found is None:
        raise Missing(Text("This link is not valid, or was used before."))
    return found


def ties(session: Session, actor: Actor, *, page: int = 1) -> list[Tie]:
    """A page of the ties in force, by the names of the organisations; for those who keep them."""
    one, other = aliased(Organisation), aliased(Organisation)
    rows = (
        select(Tie)
        .join(one, one.id == Tie.one_id)
        .join(other, other.id == Tie.other_id)
        .options(joinedload(Tie.one), joinedload(Tie.other))
        .where(Tie.ended_at.is_(None), true() if expert_policy.may_keep(actor) else false())
        .order_by(one.name_zh, other.name_zh, Tie.id)
        .limit(PER_PAGE)
        .offset(PER_PAGE * (page - 1))
    )
    return list(session.scalars(rows))


def ties_total(session: Session, actor: Actor) -> int:
    allowed = true() if expert_policy.may_keep(actor) else false()
    return session.scalar(select(func.count()).select_from(Tie).where(Tie.ended_at.is_(None), allowed)) or 0


def tie(session: Session, actor: Actor, number: int) -> Tie:
    """Raises Missing."""
    found = session.get(Tie, number) if expert_policy.may_keep(actor) else None
    if found is None:
        raise Missing(Text("There is no such tie."))
    return found


def registered(session: Session, said: str) -> Organisation | None:
    """The one organisation registered under this name or credit code; None where there is none or several."""
    named = or_(Organisation.name_zh == said, Organisation.name_en == said, Organisation.credit_code == said)
    found = session.scalars(select(Organisation).where(named).limit(2)).all()
    return found[0] if len(found) == 1 else None


def called(session: Session, numbers: set[int]) -> Mapping[int, tuple[str, ...]]:
    """The names of organisations, Chinese first."""
    columns = (Organisation.id, Organisation.name_zh, Organisation.name_en)
    rows = session.execute(select(*columns).where(Organisation.id.in_(numbers)))
    return {number: tuple(name for name in (zh, en) if name) for number, zh, en in rows}
