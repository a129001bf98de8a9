"""Writes of reviews. Nothing here moves a state; review_flow.py does.

The order of locks is call, then review: whoever moves a call on finds no sheet half-way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..catalog import mistakes
from ..errors import Conflict, Invalid, Text
from ..events import Fact, Facts
from ..policy import Actor, require
from . import review_queries as queries
from .expert_models import Review
from .models import Call
from .policy import RULES
from .review_schemas import Sheet, as_sheet, is_blind, shape

WRITTEN = ("cleared", "draft")
ELSEWHERE = Text("This sheet was changed in another window meanwhile; both are shown.")


class Elsewhere(Conflict):
    """Another window was quicker; the page shows both."""


def read(call: Call, typed: Mapping[str, str]) -> Sheet:
    """What was typed, as a review keeps it. Raises Invalid for what cannot be kept, by the name of the control."""
    if wrong := shape(call.document).validate(dict(typed)):
        said = {
            name: [mistakes.sentence(each, typed.get(name)) for each in sentences]
            for name, sentences in wrong.items()
        }
        raise Invalid(Text("Something in the sheet cannot be kept."), fields=said)
    return as_sheet(call.document, typed)


def hold(session: Session, review: Review, *, change: bool = False) -> Call:
    """Until the unit ends nobody moves the call of this review on; with `change` nobody else writes it either."""
    rows = select(Call).where(Call.id == review.call_id).with_for_update(read=not change)
    return session.scalars(rows, execution_options={"populate_existing": True}).one()


def keep(session: Session, actor: Actor, review: Review, *, sheet: Sheet, version: int, now: dt.datetime) -> None:
    """Keep a sheet that is being written on top of `version`. Raises Conflict; Elsewhere for an old version."""
    require(RULES, actor, "review.write", review)
    session.flush()
    session.refresh(review, with_for_update={"of": Review})
    if review.state not in WRITTEN:
        raise Conflict(Text("This sheet is closed; nothing more can be written."))
    if queries.sheet(review) == sheet:
        return
    if review.version != version:
        raise Elsewhere(ELSEWHERE)
    for name, said in sheet.items():
        setattr(review, name, said)
    review.version += 1
    review.saved_at = now


# Guards


def not_now(session: Session, review: Review, now: dt.datetime) -> list[Text]:
    """Reviews are written while the call is judged and the entry is in it."""
    if review.entry.call.state not in queries.JUDGED:
        return [Text("The expert review of this call is not under way.")]
    if review.entry.state != "in_review":
        return [Text("This entry is not in review any more.")]
    return []


def not_released(session: Session, review: Review, now: dt.datetime) -> list[Text]:
    """Of a blind call nothing is shown before an officer has said what is masked."""
    found = not_now(session, review, now)
    if not found and is_blind(review.entry.call) and review.entry.masked_at is None:
        found.append(Text("An officer has not yet confirmed what is masked in this case; it opens after that."))
    return found


def not_ready(session: Session, review: Review, now: dt.datetime) -> list[Text]:
    left = list(queries.left(review).values())
    return not_now(session, review, now) or [each for place, each in enumerate(left) if each not in left[:place]]


# Effects


def clear(session: Session, actor: Actor, review: Review, *, now: dt.datetime) -> None:
    review.answered_at = now


def begin(session: Session, actor: Actor, review: Review, *, now: dt.datetime) -> None:
    """The first sheet of a call freezes its rubric: from then on everybody is judged by the same."""
    call = review.entry.call
    if call.rubric_frozen_at is None:
        call.rubric_frozen_at = now


def finish(session: Session, actor: Actor, review: Review, *, now: dt.datetime) -> Facts:
    review.final_at = now
    return [sheet_fact(review, final=True)]


def close(session: Session, actor: Actor, review: Review, *, now: dt.datetime, reason: str) -> Facts:
    """It ends without a final sheet, or no longer has one; the reason stays with it."""
    review.reason, review.answered_at = reason, review.answered_at or now
    return _unsealed(review)


def reopen(session: Session, actor: Actor, review: Review, *, now: dt.datetime, reason: str) -> Facts:
    review.reason = reason
    review.version += 1  # what another window still shows was written before
    return _unsealed(review)


def _unsealed(review: Review) -> Facts:
    if review.final_at is None:
        return []
    review.final_at = None
    return [sheet_fact(review, final=False)]


def sheet_fact(review: Review, *, final: bool) -> Fact:
    """What a final sheet fixes; of one that is open, that it is."""
    if not final:
        return Fact(review.subject, {"final": False})
    said: dict[str, Any] = queries.sheet(review)
    whose = {"entry": review.entry_id, "person": review.person_id}
    at = review.final_at.astimezone(dt.UTC).isoformat(timespec="microseconds") if review.final_at else None
    return Fact(review.subject, {"final": True, **whose, **said, "at": at})
