"""The form check: what the rules say of an entry, and what an officer answers. entry_flow.py moves the states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import deliveries, events, workdays
from ..accounts import queries as accounts
from ..accounts.models import Person, PersonRole
from ..catalog import queries as catalog
from ..catalog import rules
from ..errors import Conflict, Forbidden, Invalid, Missing, Text
from ..policy import Actor, require
from . import eligibility, entries
from .entries import Said
from .entry_models import Entry, EntryCheck
from .entry_policy import RULES

OVERDUE = "correction"  # of a Delivery; its payload is {"check": id}


@dataclass(frozen=True)
class Judged:
    """What the rules of today say of a frozen entry: the call's own checks, and the library's rules."""

    checks: list[eligibility.Finding]
    rules: list[rules.Finding]

    @property
    def unmet(self) -> list[str]:
        codes = [(each.check, each.met) for each in self.checks] + [(each.code, each.met) for each in self.rules]
        return [code for code, met in codes if not met]

    def as_list(self) -> list[dict[str, Any]]:
        """As it is kept with the answer."""
        checks = [{"check": each.check, "met": each.met, "why": _kept(each.why)} for each in self.checks]
        return [*checks, *(each.as_dict() for each in self.rules)]


def judged(session: Session, entry: Entry, *, now: dt.datetime) -> Judged:
    """What the checker finds filled in."""
    document = entry.revision.document
    found = entries.judge(session, entry.call, entry.case, document, now=now, entry=entry)
    today = now.astimezone(workdays.ZONE).date()
    return Judged(found.findings, rules.evaluate(catalog.rules(session), document, today=today))


def not_in_check(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of every answer of a checker."""
    if ended := entries.in_a_running_call(session, entry, now):
        return ended
    if entry.call.state == "formal_check":
        return []
    before = entry.call.state in ("announced", "open", "closed")
    return [Text("The form check of this call has not begun.") if before else Text("The form check is over.")]


def not_in_check_or_awaited(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The same where a correction may still come: until its day nobody takes that from the applicant."""
    reasons = not_in_check(session, entry, now)
    if not reasons and entry.due is not None and now <= entry.due:
        return [Text("The applicant has until %(time)s for the correction.", {"time": _local(entry.due)})]
    return reasons


def check_pass(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> events.Facts:
    """Everything is in order."""
    return [check_fact(_answer(session, actor, entry, "passed", now=now))]


def send_back(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> events.Facts:
    """Named fields are to be corrected until the end of a working day."""
    due, named = workdays.add(now, said["days"], catalog.calendar(session)), list(dict.fromkeys(said["fields_"]))
    row = _answer(session, actor, entry, "returned", now=now, reason=said["reason"], fields=named, due=due)
    deliveries.deliver(session, OVERDUE, str(row.id), {"check": row.id}, due=due)
    session.flush()
    entry.fields, entry.due = named, due
    return [check_fact(row)]


def fail(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> events.Facts:
    """Out of the call, for a reason that the applicant reads."""
    row = _answer(session, actor, entry, "failed", now=now, reason=said["reason"])
    entry.reason, entry.due = said["reason"], None
    return [check_fact(row)]


def assign(session: Session, actor: Actor, entry: Entry, *, officer: int | None, now: dt.datetime) -> None:
    """Say which officer checks an entry; None: nobody in particular."""
    require(RULES, actor, "entry.check", entry)
    _foreign(session, actor, entry)
    if entry.state not in ("entered", "recommended", "needs_correction"):
        raise Conflict(Text("The form check of this entry is over."))
    if officer is not None:
        is_officer = select(PersonRole).where(PersonRole.person_id == officer, PersonRole.name == "officer")
        person = session.scalar(select(Person).where(Person.id == officer, Person.active, is_officer.exists()))
        if person is None:
            raise Missing(Text("There is no such officer."))
        if any(
            accounts.membership(session, officer, party) for party in (entry.applicant_id, entry.recommender_id)
        ):
            raise Invalid(Text("%(name)s belongs to a party of this entry.", {"name": person.name}))
    entry.checker_id = officer
    events.record(session, actor, "entry.assign", entry.subject, now=now, detail={"officer": officer})


def note_overdue(session: Session, actor: Actor, check: EntryCheck, *, now: dt.datetime) -> bool:
    """Record that a correction is late, unless it has come. The entry stays as it is until an officer decides."""
    entry = check.entry
    session.refresh(entry, with_for_update={"of": Entry})
    newest = select(EntryCheck.id).where(EntryCheck.entry_id == entry.id).order_by(EntryCheck.id.desc()).limit(1)
    if entry.state != "needs_correction" or check.due is None or session.scalar(newest) != check.id:
        return False
    if entries.in_a_running_call(session, entry, now):
        return False
    detail = {"check": check.id, "due": check.due.isoformat()}
    events.record(session, actor, "entry.overdue", entry.subject, now=now, detail=detail)
    return True


def check_fact(row: EntryCheck) -> events.Fact:
    """What was answered, of which revision, and what the rules said then."""
    names = ("entry_id", "revision_id", "outcome", "findings", "reason", "fields", "by")
    content: Mapping[str, Any] = {name: getattr(row, name) for name in names}
    times = {name: at and at.astimezone(dt.UTC).isoformat() for name, at in (("due", row.due), ("at", row.at))}
    return events.Fact(f"entry_check:{row.id}", {**content, **times})


def _answer(
    session: Session,
    actor: Actor,
    entry: Entry,
    outcome: str,
    *,
    now: dt.datetime,
    reason: str | None = None,
    fields: list[str] | None = None,
    due: dt.datetime | None = None,
) -> EntryCheck:
    _foreign(session, actor, entry)
    row = EntryCheck(
        entry_id=entry.id,
        revision_id=entry.revision_id,
        outcome=outcome,
        findings=judged(session, entry, now=now).as_list(),
        reason=reason,
        fields=fields or [],
        due=due,
        at=now,
        by=actor.id,
    )
    session.add(row)
    session.flush()
    return row


def _foreign(session: Session, actor: Actor, entry: Entry) -> None:
    """Nobody checks what an organisation entered or recommended to which the person belongs."""
    for party in (entry.applicant, entry.recommender):
        if actor.person is not None and accounts.membership(session, actor.person, party.id):
            named = {"name": party.name_zh}
            raise Forbidden(Text("You belong to %(name)s; another officer decides.", named))


def _kept(why: Text | None) -> list[Any] | None:
    return [why.id, dict(why.params)] if why is not None else None


def _local(at: dt.datetime) -> str:
    return f"{at.astimezone(workdays.ZONE):%Y-%m-%d %H:%M}"
