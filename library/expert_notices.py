"""What experts hear: cases given and taken away, and what is due. One letter for a plan, not one for each case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .accounts.letters import Recipient
from .accounts.models import Person
from .config import Config
from .hearing import News, Notice, people
from .labels import N_
from .selection import queries as calls
from .selection.expert_models import Assignment, Review
from .selection.models import Call


def by_hand(detail: Mapping[str, Any]) -> bool:
    """Of what a plan writes or takes back its own event tells, once."""
    return detail.get("assignment") is None


def _expert(session: Session, config: Config, news: News) -> list[Recipient]:
    return people(session, Person.id == news.detail.get("person"))


def _taken_off(session: Session, config: Config, news: News) -> list[Recipient]:
    """The expert, unless it was somebody's own doing."""
    person = session.get_one(Review, news.number).person_id
    return people(session, Person.id == person) if news.actor != f"person:{person}" else []


def _planned(session: Session, config: Config, news: News) -> list[Recipient]:
    """Everybody to whom a plan gave something, or from whom undoing it took something."""
    row = session.get_one(Assignment, news.number)
    pairs = row.taken if news.verb == "assignment.undo" else row.pairs
    numbers = sorted({person for _, person in pairs})
    return [
        one
        for start in range(0, len(numbers), 500)
        for one in people(session, Person.id.in_(numbers[start : start + 500]))
    ]


def _review(session: Session, news: News) -> Mapping[str, Any]:
    row = session.get_one(Review, news.number)
    return _about(session.get_one(Call, row.call_id), row.due)


def _assignment(session: Session, news: News) -> Mapping[str, Any]:
    row = session.get_one(Assignment, news.number)
    due = row.parameters.get("due")
    return _about(session.get_one(Call, row.call_id), dt.datetime.fromisoformat(due) if due else None)


def _reminder(session: Session, news: News) -> Mapping[str, Any]:
    found = _about(session.get_one(Call, news.number), dt.datetime.fromisoformat(news.detail["due"]))
    return {**found, "late": news.detail["which"] == "after", "count": len(news.detail["reviews"])}


def _about(call: Call, due: dt.datetime | None) -> Mapping[str, Any]:
    return {"call": call, "due": calls.local(due) if due else ""}


NOTICES: Mapping[str, Notice] = {
    "review.assign": Notice(_expert, _review, when=by_hand),
    "review.remove": Notice(_taken_off, _review, when=by_hand),
    "assignment.apply": Notice(_planned, _assignment),
    "assignment.undo": Notice(_planned, _assignment),
    "review.remind": Notice(_expert, _reminder, N_("Reviews of mine are due")),
}
