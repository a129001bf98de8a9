"""Reads of lists of the selected. Each takes the actor; before release a list is for officers and approvers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, load_only

from ..accounts.models import Organisation
from ..catalog.models import Case
from ..errors import Missing, Text
from ..events import Event
from ..policy import Actor
from . import decision_policy as policy
from . import run_queries
from .decision_models import Approval, Choice, RankingRun, SelectionList
from .entry_models import Entry
from .models import Call

STALE = Text("Scores or entries have changed since the ranking run; the list needs a new run.")
MADE_BY = ("list.begin", "list.edit", "list.submit")


def of_call(session: Session, actor: Actor, call: Call) -> SelectionList | None:
    """The list of a call, if it was begun and the actor may read it."""
    rows = select(SelectionList).where(SelectionList.call_id == call.id, policy.visible_lists(actor))
    return session.scalar(rows.options(joinedload(SelectionList.run)))


def one_of_call(session: Session, actor: Actor, call: Call) -> SelectionList:
    """The list of a call. Raises Missing."""
    found = of_call(session, actor, call)
    if found is None:
        raise Missing(Text("This call has no list of the selected yet."))
    return found


def lists(session: Session, actor: Actor) -> list[tuple[SelectionList, Call, int]]:
    """Every list with its call and how many have approved it; those in approval first, then the newest."""
    given = select(func.count()).where(
        Approval.list_id == SelectionList.id, Approval.verdict == "approved", Approval.voided_at.is_(None)
    )
    rows = select(SelectionList, Call, given.correlate(SelectionList).scalar_subquery())
    rows = rows.join(Call, Call.id == SelectionList.call_id).where(policy.visible_lists(actor))
    order = (SelectionList.state != "approval", SelectionList.id.desc())
    return [(row, call, count) for row, call, count in session.execute(rows.order_by(*order).limit(100))]


def choices(session: Session, row: SelectionList, entries: Collection[int]) -> list[Choice]:
    """The choices of these entries, in the order of the list."""
    rows = select(Choice).where(Choice.list_id == row.id, Choice.entry_id.in_(entries))
    return list(session.scalars(rows.order_by(Choice.rank)))


def page(session: Session, row: SelectionList, *, first: int, count: int) -> list[Choice]:
    """Some of the list with the titles of the cases, from a place on."""
    wanted = Choice.rank.between(first, first + count - 1)
    return list(session.scalars(_lines(row, wanted)))


def exceptions(session: Session, row: SelectionList) -> list[Choice]:
    """Who is selected from behind the cut, and who is passed over before it, in the order of the list."""
    return list(session.scalars(_lines(row, is_exception(row))))


def exceptional(session: Session, row: SelectionList) -> dict[int, bool]:
    """Entry -> is it selected, of the exceptions alone."""
    rows = select(Choice.entry_id, Choice.selected).where(Choice.list_id == row.id, is_exception(row))
    return dict(iter(session.execute(rows)))


def selected(session: Session, row: SelectionList) -> list[Any]:
    """Who is selected, in the order of the list: plain columns, for the sheet shows hundreds at once."""
    columns = (Choice.entry_id, Choice.rank, Entry.alias, Entry.code, Case.title_zh, Case.title_en)
    rows = select(*columns, Organisation.name_zh, Organisation.name_en)
    rows = rows.join(Entry, Entry.id == Choice.entry_id).join(Case, Case.id == Entry.case_id)
    rows = rows.join(Organisation, Organisation.id == Entry.applicant_id)
    rows = rows.where(Choice.list_id == row.id, Choice.selected).order_by(Choice.rank)
    return list(session.execute(rows))


def whole(session: Session, row: SelectionList) -> list[Choice]:
    """Everybody on the list, in its order."""
    return list(session.scalars(_lines(row, Choice.rank > 0)))


def _lines(row: SelectionList, wanted: ColumnElement[bool]) -> Any:
    title = joinedload(Choice.entry).load_only(Entry.alias, Entry.code, Entry.case_id, Entry.applicant_id)
    rows = select(Choice).where(Choice.list_id == row.id, wanted).order_by(Choice.rank)
    return rows.options(
        title.joinedload(Entry.case).options(load_only(Case.title_zh, Case.title_en, Case.code)),
        title.joinedload(Entry.applicant),
    )


def is_exception(row: SelectionList) -> ColumnElement[bool]:
    """Against the order: the first places are selected and the others not, unless somebody says why."""
    before = Choice.rank <= row.places
    return Choice.selected != before


def counts(session: Session, row: SelectionList) -> dict[str, int]:
    """How many entries, selected ones, exceptions, and exceptions without a reason the list has."""
    against = is_exception(row)
    found = session.execute(
        select(
            func.count(),
            func.count().filter(Choice.selected),
            func.count().filter(against),
            func.count().filter(against, Choice.reason.is_(None)),
        ).where(Choice.list_id == row.id)
    ).one()
    return dict(zip(("all", "selected", "exceptions", "unreasoned"), found, strict=True))


def not_submittable(
    session: Session, row: SelectionList, now: dt.datetime, *, counted: dict[str, int] | None = None
) -> list[Text]:
    """The guard of the way to approval; `counted` where a page has asked for `counts` already."""
    found, counted = [], counted or counts(session, row)
    if counted["unreasoned"]:
        found.append(
            Text(
                "%(num)s exceptions have no reason yet; write it beside each, or take the exception back.",
                {"num": counted["unreasoned"]},
            )
        )
    if counted["selected"] > row.places:
        many = {"num": counted["selected"], "places": row.places}
        found.append(Text("%(num)s are selected, but there are only %(places)s places.", many))
    if not counted["selected"]:
        found.append(Text("Nobody is selected."))
    return found + stale(session, row, now)


def stale(session: Session, row: SelectionList, now: dt.datetime) -> list[Text]:
    """The guard of every step of a list: its run still says what the scores say, and its call goes on."""
    if session.get_one(Call, row.call_id).state not in ("ranking", "approval"):
        return [Text("The call has moved on; its list cannot be changed any more.")]
    if run_queries.FRESHNESS.stale(session, session.get_one(RankingRun, row.run_id)):
        return [STALE]
    return []


def not_in_approval(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of the call's step to approval, which is made along with the list's."""
    rows = select(SelectionList.id).where(SelectionList.call_id == call.id, SelectionList.state != "draft")
    if session.scalar(rows.limit(1)) is None:
        return [Text("Give a list of the selected to approval; the call goes on by that.")]
    return []


def needed(session: Session, row: SelectionList) -> int:
    """How many people must approve."""
    count: int = session.get_one(Call, row.call_id).document["approvals"]
    return count


def standing_approvals(session: Session, row: SelectionList) -> list[Approval]:
    """The approvals that count, in the order in which they were given."""
    rows = select(Approval).where(
        Approval.list_id == row.id, Approval.verdict == "approved", Approval.voided_at.is_(None)
    )
    return list(session.scalars(rows.order_by(Approval.id)))


def not_last(session: Session, row: SelectionList, now: dt.datetime) -> list[Text]:
    """The guard of an approval after which others are needed."""
    left = needed(session, row) - len(standing_approvals(session, row))
    return stale(session, row, now) if left > 1 else [Text("This is the last approval that is needed.")]


def not_first(session: Session, row: SelectionList, now: dt.datetime) -> list[Text]:
    """The guard of the approval that completes the chain."""
    left = needed(session, row) - len(standing_approvals(session, row))
    return stale(session, row, now) if left <= 1 else [Text("Others have to approve first.")]


def next_word(session: Session, row: SelectionList) -> str:
    """What the next approval is: one of several, or the one that completes the chain."""
    left = needed(session, row) - len(standing_approvals(session, row))
    return "list.sign" if left > 1 else "list.approve"


def words(session: Session, row: SelectionList) -> list[Approval]:
    """Everything that was said of the list, also what counts no more, in its order."""
    rows = select(Approval).options(joinedload(Approval.person)).where(Approval.list_id == row.id)
    return list(session.scalars(rows.order_by(Approval.id)))


def makers(session: Session, row: SelectionList) -> set[str]:
    """Who had a hand in the list, as events name them."""
    rows = select(Event.actor).where(Event.subject == row.subject, Event.verb.in_(MADE_BY)).distinct()
    return {row.by, *session.scalars(rows)}
