"""The life of a review, one row a move: the expert answers, writes and submits; an officer opens it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..catalog.operations import filled
from ..errors import Text
from ..policy import Actor, require
from ..workflow import Move, step
from . import reviews
from .expert_models import OPEN_REVIEWS, Review
from .policy import RULES
from .review_policy import may_manage, may_write
from .review_schemas import WhyForm

OWN = (
    Move(
        "review.clear",
        frozenset({"assigned"}),
        "cleared",
        may_write,
        guard=reviews.not_released,
        effect=reviews.clear,
    ),
    Move(
        "review.recuse",
        frozenset(OPEN_REVIEWS),
        "recused",
        may_write,
        effect=reviews.close,
        note=Text("The officers are told; the case is closed to you from then on."),
    ),
    Move("review.write", frozenset({"cleared"}), "draft", may_write, guard=reviews.not_now, effect=reviews.begin),
    Move(
        "review.finish",
        frozenset({"draft"}),
        "final",
        may_write,
        guard=reviews.not_ready,
        effect=reviews.finish,
        note=Text("Nothing can be changed after that, unless an officer reopens the sheet."),
    ),
    Move(
        "review.abstain",
        frozenset({"cleared", "draft"}),
        "abstained",
        may_write,
        guard=reviews.not_now,
        effect=reviews.close,
        note=Text("Your review leaves every mean, as if the case had never been given to you."),
    ),
)

DESK = (
    Move("review.reopen", frozenset({"final"}), "draft", may_manage, guard=reviews.not_now, effect=reviews.reopen),
    Move("review.remove", frozenset({*OPEN_REVIEWS, "final"}), "removed", may_manage, effect=reviews.close),
)

FLOW = (*OWN, *DESK)
WITH_REASON = ("review.recuse", "review.abstain", "review.reopen", "review.remove")


def act(
    session: Session, actor: Actor, review: Review, verb: str, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """One move, with the reason where it needs one. Raises Forbidden, Conflict, Invalid."""
    said = filled(WhyForm, given) if verb in WITH_REASON else {}
    reviews.hold(session, review, change=verb == "review.write")
    step(FLOW, session, actor, review, verb, now=now, detail=said, **said)


def write(
    session: Session,
    actor: Actor,
    review: Review,
    *,
    typed: Mapping[str, str],
    version: int,
    now: dt.datetime,
) -> None:
    """Keep what was typed in a sheet; the first time it becomes a draft, and the rubric is frozen."""
    require(RULES, actor, "review.write", review)
    call = reviews.hold(session, review, change=review.state == "cleared")
    sheet = reviews.read(call, typed)
    if review.state == "cleared":
        step(FLOW, session, actor, review, "review.write", now=now)
    reviews.keep(session, actor, review, sheet=sheet, version=version, now=now)


def finish(
    session: Session,
    actor: Actor,
    review: Review,
    *,
    typed: Mapping[str, str],
    version: int,
    now: dt.datetime,
) -> None:
    """Keep what was typed, and make it final."""
    write(session, actor, review, typed=typed, version=version, now=now)
    session.flush()
    step(FLOW, session, actor, review, "review.finish", now=now)
