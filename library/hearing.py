"""Who hears of an event and what a letter about it reads: the parts of which the tables of notices are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .accounts.letters import Recipient
from .accounts.models import Membership, Person, PersonRole
from .config import Config


@dataclass(frozen=True)
class News:
    """An event as a letter about it reads it; `detail` is empty once it was erased."""

    seq: int
    verb: str
    subject: str
    actor: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.subject.partition(":")[2])


To = Callable[[Session, Config, News], list[Recipient]]
About = Callable[[Session, News], Mapping[str, Any]]


@dataclass(frozen=True)
class Notice:
    """`to` finds who hears of it; `about` reads the present when the letter is written from mail/<verb>.txt.

    `title` names the kind of letter where people choose; None: nobody may do without it.
    `held`: such letters always wait for an officer, who reads them and sends them. `when` says by the detail of an
    event whether anybody may hear of it at all: of what happens thousandfold one letter may be enough.
    """

    to: To
    about: About
    title: str | None = None
    held: bool = False
    when: Callable[[Mapping[str, Any]], bool] | None = None


def people(session: Session, *wanted: Any) -> list[Recipient]:
    rows = select(Person).where(Person.active, Person.erased_at.is_(None), *wanted).order_by(Person.id)
    return [Recipient(person.email, person.lang, person.id) for person in session.scalars(rows).unique()]


def members(session: Session, organisation: int | None, *roles: str) -> list[Recipient]:
    belongs = Membership.person_id == Person.id
    open_ones = select(Membership.id).where(
        belongs,
        Membership.organisation_id == organisation,
        Membership.ended_at.is_(None),
        Membership.role.in_(roles),
    )
    return people(session, open_ones.exists())


def officers(session: Session, config: Config, news: News) -> list[Recipient]:
    return people(session, Person.roles.any(PersonRole.name == "officer"))


def name_of(session: Session, news: News) -> str:
    """Who did it, by name; the library itself has none."""
    kind, _, number = news.actor.partition(":")
    person = session.get(Person, int(number)) if kind == "person" else None
    return person.name if person else ""


def nothing(session: Session, news: News) -> Mapping[str, Any]:
    return {}
