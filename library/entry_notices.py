"""Who hears what of entries: their applicant, their recommending body, their checker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .accounts.letters import Recipient
from .accounts.models import Person
from .config import Config
from .hearing import News, Notice, members, officers, people
from .labels import N_
from .selection import queries as calls
from .selection.entry_models import Entry


def _applicant(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Entry, news.number).applicant_id, "owner", "editor")


def _recommender(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Entry, news.number).recommender_id, "owner", "editor")


def _both(session: Session, config: Config, news: News) -> list[Recipient]:
    """Applicant and recommending body; who belongs to both hears once."""
    heard = [*_applicant(session, config, news), *_recommender(session, config, news)]
    return list({one.person: one for one in heard}.values())


def _checker(session: Session, config: Config, news: News) -> list[Recipient]:
    """The officer who checks it, and all of them when nobody does."""
    checker = session.get_one(Entry, news.number).checker_id
    found = people(session, Person.id == checker) if checker is not None else []
    return found or officers(session, config, news)


def _applicant_and_checker(session: Session, config: Config, news: News) -> list[Recipient]:
    heard = [*_applicant(session, config, news), *_checker(session, config, news)]
    return list({one.person: one for one in heard}.values())


def _given_to(session: Session, config: Config, news: News) -> list[Recipient]:
    """The officer to whom an entry was given; nobody who took it himself."""
    officer = news.detail.get("officer")
    if officer is None or f"person:{officer}" == news.actor:
        return []
    return people(session, Person.id == officer)


def _entry(session: Session, news: News) -> Mapping[str, Any]:
    entry = session.get_one(Entry, news.number)
    check = entry.checks[-1] if entry.checks else None
    due = check.due if check is not None else None
    return {"entry": entry, "call": entry.call, "check": check, "due": calls.local(due) if due else ""}


NOTICES: Mapping[str, Notice] = {
    "entry.enter": Notice(_both, _entry),
    "entry.recommend": Notice(_applicant, _entry),
    "entry.decline": Notice(_applicant, _entry),
    "entry.assign": Notice(_given_to, _entry, N_("An entry was given to me to check")),
    "entry.pass": Notice(_applicant, _entry),
    "entry.return": Notice(_applicant, _entry),
    "entry.correct": Notice(_checker, _entry, N_("An entry came back corrected")),
    "entry.overdue": Notice(_applicant_and_checker, _entry),
    "entry.fail": Notice(_both, _entry),
    "entry.withdraw": Notice(_both, _entry),
}
