"""Who hears what of lists of the selected and of their release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .accounts.letters import Recipient
from .accounts.models import Person, PersonRole
from .config import Config
from .hearing import News, Notice, members, officers, people
from .labels import N_
from .selection import feedback, list_queries
from .selection.decision_models import SelectionList
from .selection.entry_models import Entry
from .selection.models import Call


def _approvers(session: Session, config: Config, news: News) -> list[Recipient]:
    """Who may approve the list and has not: nobody who made it."""
    row = session.get_one(SelectionList, news.number)
    gone = {*list_queries.makers(session, row)}
    gone |= {f"person:{each.person_id}" for each in list_queries.standing_approvals(session, row)}
    heard = people(session, Person.roles.any(PersonRole.name == "approver"))
    return [each for each in heard if f"person:{each.person}" not in gone]


def _officers(session: Session, config: Config, news: News) -> list[Recipient]:
    """Every officer but who did it."""
    return [each for each in officers(session, config, news) if f"person:{each.person}" != news.actor]


def _applicant(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Entry, news.number).applicant_id, "owner", "editor")


def _list(session: Session, news: News) -> Mapping[str, Any]:
    row = session.get_one(SelectionList, news.number)
    reason = news.detail.get("reason", "")
    return {"list": row, "call": session.get_one(Call, row.call_id), "reason": reason}


def _entry(session: Session, news: News) -> Mapping[str, Any]:
    """As far as the call allows: the outcome, its reason, the remarks of experts without their names."""
    entry = session.get_one(Entry, news.number)
    return {"entry": entry, "call": entry.call, "told": feedback.outcome(session, entry)}


NOTICES: Mapping[str, Notice] = {
    "list.submit": Notice(_approvers, _list, N_("A list of the selected waits for my approval")),
    "list.approve": Notice(_officers, _list, N_("A list of the selected was approved")),
    "list.return": Notice(_officers, _list, N_("A change of a list of the selected was asked for")),
    "entry.shortlist": Notice(_applicant, _entry, held=True),
    "entry.leave_out": Notice(_applicant, _entry, held=True),
}
