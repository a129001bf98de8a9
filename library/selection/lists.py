"""The list of the selected: begun from a run, changed with reasons, approved. decision_flow.py moves it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from .. import deliveries, events
from ..accounts.models import Membership
from ..errors import Conflict, Forbidden, Invalid, Text
from ..policy import Actor, require
from . import list_queries, operations, run_queries
from .decision_models import Approval, Choice, RankingRun, SelectionList
from .decision_policy import RULES
from .decision_schemas import MOST_REASON
from .entry_models import Entry
from .models import Call

RELEASE = "release"  # of a Delivery; its payload is {"list": id}
CHANGED = Text("Somebody else has changed this list meanwhile; load it again and compare.")


def begin(session: Session, actor: Actor, call: Call, run: RankingRun, *, now: dt.datetime) -> SelectionList:
    """The list as the order of a run makes it; a draft of another run is begun anew, its exceptions with it.

    Raises Conflict when the run is stale or ranks nothing, or the list is no draft any more.
    """
    require(RULES, actor, "list.keep", call)
    _may_keep(session, actor, call.id)
    operations.hold(session, call)
    if call.state not in ("ranking", "approval"):
        raise Conflict(Text("A list is made when the expert review has ended, until the public notice."))
    result, rows = run_queries.RESULTS.of(session, run)
    if not result["ranking"]["ranked"]:
        raise Conflict(Text("Groups of cases are not linked by any expert, so this run ranks nothing."))
    if run_queries.is_stale(session, run):
        raise Conflict(Text("Scores have changed since this run; compute a new one first."))
    found = list_queries.of_call(session, actor, call)
    if found is not None and found.state != "draft":
        raise Conflict(Text("The list is with its approvers; it can be begun anew when one asks for a change."))
    if found is None:
        found = SelectionList(call_id=call.id, run_id=run.id, places=run.parameters["places"], at=now, by=actor.id)
        session.add(found)
    else:
        found.run, found.places = run, run.parameters["places"]
        found.version += 1
        session.execute(delete(Choice).where(Choice.list_id == found.id))
        session.expire(found, ["choices"])
    session.flush()
    judged = session.execute(
        select(Entry.alias, Entry.id)
        .where(Entry.call_id == call.id, Entry.state == "in_review")
        .order_by(Entry.entered_at, Entry.id)
    )
    left: dict[str, int] = dict(iter(judged))
    order = [left.pop(row["case"]) for row in rows if row["case"] in left]
    # Without a final review there is no rank: such an entry stands behind all others.
    for place, entry in enumerate((*order, *left.values()), 1):
        chosen = place <= min(found.places, len(order))
        session.add(Choice(list_id=found.id, entry_id=entry, rank=place, selected=chosen))
    session.flush()
    session.expire(found, ["choices"])
    detail = {"call": call.code, "run": run.number, "version": found.version}
    events.record(
        session, actor, "list.begin", found.subject, now=now, detail=detail, facts=[list_fact(session, found)]
    )
    return found


def edit(
    session: Session,
    actor: Actor,
    row: SelectionList,
    *,
    wanted: Mapping[int, tuple[bool, str]],
    version: int,
    now: dt.datetime,
) -> None:
    """Entry -> selected or not, and why against the order. What follows the order needs no reason and keeps none.

    Raises Conflict when somebody was quicker or the list is no draft; Invalid for a reason that cannot be kept.
    """
    require(RULES, actor, "list.keep", row)
    _may_keep(session, actor, row.call_id)
    hold(session, row)
    if row.state != "draft":
        raise Conflict(Text("The list is with its approvers; it can be changed when one asks for it."))
    if row.version != version:
        raise Conflict(CHANGED)
    choices = list_queries.choices(session, row, wanted)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    errors: dict[str, list[Text]] = {}
    for choice in choices:
        selected, said = wanted[choice.entry_id]
        reason = said.strip().replace("\r\n", "\n") if selected != (choice.rank <= row.places) else ""
        if len(reason) > MOST_REASON or "\0" in reason:
            long = Text("A reason has at most %(limit)s characters.", {"limit": MOST_REASON})
            errors[f"reason-{choice.entry_id}"] = [long]
        if (choice.selected, choice.reason or "") != (selected, reason):
            name = f"entry:{choice.entry_id}"
            before[name], after[name] = [choice.selected, choice.reason], [selected, reason or None]
            choice.selected, choice.reason = selected, reason or None
    if errors:
        raise Invalid(Text("The list was not changed."), fields=errors)
    if not after:
        return
    row.version += 1
    session.flush()
    detail = {"before": before, "after": after, "version": row.version}
    events.record(
        session, actor, "list.edit", row.subject, now=now, detail=detail, facts=[list_fact(session, row)]
    )


def hold(session: Session, row: SelectionList) -> None:
    """Until the unit ends, nobody else changes this list."""
    session.flush()
    session.refresh(row, ["state", "version", "run_id", "places"], with_for_update=True)


def submit(session: Session, actor: Actor, row: SelectionList, *, version: int, now: dt.datetime) -> events.Facts:
    """Effect of list.submit: the version that is before the officer goes to the approvers."""
    _may_keep(session, actor, row.call_id)
    if row.version != version:
        raise Conflict(CHANGED)
    _still_right(session, row)
    return [list_fact(session, row)]


def approve(session: Session, actor: Actor, row: SelectionList, *, version: int, now: dt.datetime) -> events.Facts:
    """Effect of list.sign and list.approve: this person has read this version and agrees."""
    _may_speak(session, actor, row, version)
    if any(each.person_id == actor.person for each in list_queries.standing_approvals(session, row)):
        raise Conflict(Text("You have approved this list already; the next one must be somebody else."))
    _still_right(session, row)
    word = _word(session, actor, row, "approved", None, now)
    return [approval_fact(word), list_fact(session, row)]


def send_back(
    session: Session, actor: Actor, row: SelectionList, *, version: int, reason: str, now: dt.datetime
) -> events.Facts:
    """Effect of list.return: a change is needed, and nothing that was approved before counts any more."""
    _may_speak(session, actor, row, version)
    voided = list_queries.standing_approvals(session, row)
    for each in voided:
        each.voided_at = now
    session.flush()
    word = _word(session, actor, row, "returned", reason, now)
    word.voided_at = now
    row.version += 1
    session.flush()
    return [*map(approval_fact, (*voided, word)), list_fact(session, row)]


def release(session: Session, actor: Actor, row: SelectionList, *, now: dt.datetime) -> events.Facts:
    """Effect of list.release: the worker takes the decisions to their entries, and then all are told at once."""
    _may_keep(session, actor, row.call_id)
    _still_right(session, row)
    deliveries.deliver(session, RELEASE, str(row.id), {"list": row.id}, due=now)
    facts = [list_fact(session, row)]
    row.released_at = now  # the last: it is wrong until the state is what it says
    return facts


def _still_right(session: Session, row: SelectionList) -> None:
    """Whatever the guard remembers: every score is looked at before anybody puts a name to the list."""
    if run_queries.is_stale(session, session.get_one(RankingRun, row.run_id)):
        raise Conflict(list_queries.STALE)


def barred(session: Session, actor: Actor, row: SelectionList) -> list[Text]:
    """Why this person must not approve the list: who made it, or belongs to an organisation on it, does not."""
    if actor.person is None or actor.id in list_queries.makers(session, row):
        return [Text("You took part in making this list; others approve it.")]
    selected = (
        select(Entry.applicant_id)
        .join(Choice, Choice.entry_id == Entry.id)
        .where(Choice.list_id == row.id, Choice.selected)
    )
    if _belongs(session, actor, selected):
        return [Text("You belong to an organisation that is selected on this list; others approve it.")]
    return []


def kept_from(session: Session, actor: Actor, call: int) -> list[Text]:
    """Why this officer must not keep the list of a call: it decides about an organisation of the officer's own."""
    applicants = select(Entry.applicant_id).where(Entry.call_id == call, Entry.state.in_(run_queries.JUDGED))
    if _belongs(session, actor, applicants):
        return [Text("You belong to an organisation that applies in this call; another officer keeps its list.")]
    return []


def _belongs(session: Session, actor: Actor, organisations: Select[int]) -> bool:
    own = select(Membership.id).where(
        Membership.person_id == actor.person,
        Membership.ended_at.is_(None),
        Membership.organisation_id.in_(organisations),
    )
    return session.scalar(own.limit(1)) is not None


def _may_keep(session: Session, actor: Actor, call: int) -> None:
    if why := kept_from(session, actor, call):
        raise Forbidden(why[0])


def _may_speak(session: Session, actor: Actor, row: SelectionList, version: int) -> None:
    """Raise Forbidden for who is barred, Conflict for another version than was read."""
    if why := barred(session, actor, row):
        raise Forbidden(why[0])
    if row.version != version:
        raise Conflict(Text("The list has changed since you opened it; read it again before you decide."))


def _word(
    session: Session, actor: Actor, row: SelectionList, verdict: str, reason: str | None, now: dt.datetime
) -> Approval:
    assert actor.person is not None
    word = Approval(list_id=row.id, version=row.version, person_id=actor.person, verdict=verdict, at=now)
    word.reason = reason
    session.add(word)
    session.flush()
    return word


def list_fact(session: Session, row: SelectionList) -> events.Fact:
    """Of which run, in which version, and every choice with its reason."""
    rows = select(Choice.entry_id, Choice.rank, Choice.selected, Choice.reason)
    found = session.execute(rows.where(Choice.list_id == row.id).order_by(Choice.entry_id))
    content = {
        "call": row.call_id,
        "run": row.run_id,
        "version": row.version,
        "places": row.places,
        "choices": [list(each) for each in found],
    }
    return events.Fact(row.subject, content)


def approval_fact(row: Approval) -> events.Fact:
    """Whose word on which version, and whether it still counts."""
    times = {
        name: at and at.astimezone(dt.UTC).isoformat() for name, at in (("at", row.at), ("void", row.voided_at))
    }
    names = ("list_id", "version", "person_id", "verdict", "reason")
    return events.Fact(f"approval:{row.id}", {**{name: getattr(row, name) for name in names}, **times})
