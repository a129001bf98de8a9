"""What applicants and recommenders may know of a decision: nothing before all may, then what the call allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ..policy import Actor
from . import run_queries
from .decision_models import Choice, SelectionList
from .entry_models import Entry
from .expert_models import Review
from .models import Call

# What a decision makes of an entry. While the worker takes a release to its entries some have it and some do not.
DECIDED = ("shortlisted", "not_selected")
MINISTRY = ("officer", "approver", "system")


def untold(session: Session, calls: Iterable[int]) -> set[int]:
    """Of these calls, those whose decisions are on their way to the entries and not told to anybody yet."""
    wanted = set(calls)
    if not wanted:
        return set()
    rows = select(SelectionList.call_id).where(SelectionList.call_id.in_(wanted), SelectionList.told_at.is_(None))
    return set(session.scalars(rows))


def as_told(session: Session, actor: Actor, entries: Sequence[Entry]) -> list[Entry]:
    """The entries as this actor may know them: what is decided reads as under review until all may know.

    The objects are given other words and nothing is written: a step reads them anew before it is made.
    """
    decided = {entry.call_id for entry in entries if entry.state in DECIDED}
    hidden = untold(session, decided) if decided and not actor.has(*MINISTRY) else set()
    for entry in entries:
        if entry.state in DECIDED and entry.call_id in hidden:
            set_committed_value(entry, "state", "in_review")
            set_committed_value(entry, "reason", None)
    return list(entries)


def is_hidden() -> ColumnElement[bool]:
    """An entry whose decision nobody may know yet, as a WHERE."""
    told = select(SelectionList.id).where(
        SelectionList.call_id == Entry.call_id, SelectionList.told_at.is_not(None)
    )
    return and_(Entry.state.in_(DECIDED), ~told.exists())


def feedback(session: Session, actor: Actor, entry: Entry) -> dict[str, Any] | None:
    """What this actor may read of a decision, see `outcome`; None before all may know, or when it is not theirs.

    A recommender reads the outcome and its reason; the remarks of experts are for the applicant.
    """
    own = actor.is_member(entry.applicant_id) or actor.has(*MINISTRY)
    if not own and not actor.is_member(entry.recommender_id):
        return None
    if entry.state == "withdrawn" or untold(session, [entry.call_id]):
        return None
    found = outcome(session, entry)
    return found and {**found, "remarks": found["remarks"] if own else []}


def outcome(session: Session, entry: Entry) -> dict[str, Any] | None:
    """{outcome, reason, places, remarks}, as far as the call lets its applicant read them; None: not released.

    Remarks are without names and in an order that follows from their words alone: neither who wrote first nor a
    pseudonym shows in it.
    """
    row = session.scalar(select(SelectionList).where(SelectionList.call_id == entry.call_id))
    choice = session.get(Choice, (row.id, entry.id)) if row is not None and row.state == "released" else None
    if row is None or choice is None:
        return None
    allowed = session.get_one(Call, entry.call_id).document.get("feedback", "outcome")
    return {
        "outcome": "shortlisted" if choice.selected else "not_selected",
        "reason": choice.reason if allowed != "none" and not choice.selected else None,
        "places": row.places if allowed != "none" else None,
        "remarks": _remarks(session, entry) if allowed == "remarks" else [],
    }


def _remarks(session: Session, entry: Entry) -> list[str]:
    rows = select(Review.remarks).where(Review.entry_id == entry.id, Review.state == "final", Review.remarks != "")
    return sorted(session.scalars(rows), key=run_queries.text_digest)
