"""The life of a benchmark project, one row a move: its dates, an officer who renews, an approver who revokes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from ..catalog.operations import filled
from ..errors import Forbidden, Text
from ..fields import Words
from ..policy import SYSTEM, Actor
from ..workflow import Move, step
from . import benchmark_queries as queries
from . import benchmarks, publishing
from .benchmark_models import STANDING, Benchmark
from .benchmark_policy import may_carry_out, may_renew, may_revoke

PORTION = 100


class RenewForm(Schema):
    """For how many months more, and why."""

    months = fields.Integer(required=True, validate=validate.Range(1, 120))
    reason = Words(2000, required=True)


class RevokeForm(Schema):
    """Why a project is no benchmark any more."""

    reason = Words(2000, required=True)


FORMS = {"benchmark.renew": RenewForm, "benchmark.revoke": RevokeForm}

CLOCK = (
    Move(
        "benchmark.due",
        frozenset({"active", "renewed"}),
        "due_for_review",
        may_carry_out,
        guard=benchmarks.not_due,
        effect=benchmarks.fall_due,
    ),
    Move(
        "benchmark.expire",
        frozenset(STANDING),
        "expired",
        may_carry_out,
        guard=benchmarks.not_over,
        effect=benchmarks.expire,
    ),
)

DESK = (
    Move(
        "benchmark.renew",
        frozenset({"due_for_review"}),
        "renewed",
        may_renew,
        guard=benchmarks.over,
        effect=benchmarks.renew,
        note=Text("The reason and the new term are public at once."),
    ),
    Move(
        "benchmark.revoke",
        frozenset(STANDING),
        "revoked",
        may_revoke,
        effect=benchmarks.revoke,
        note=Text("This cannot be undone. The reason is public at once, also where the certificate is checked."),
    ),
)

FLOW = (*CLOCK, *DESK)


def decide(
    session: Session, actor: Actor, row: Benchmark, verb: str, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """A move that a person makes, with what was filled in, which everybody reads."""
    if not any(move.verb == verb and move.who(actor, row) for move in DESK):
        raise Forbidden(Text("You may not do this."))
    said = filled(FORMS[verb], given)
    step(FLOW, session, actor, row, verb, now=now, detail=said, said=said)
    if verb == "benchmark.renew" and row.certificate is not None:
        publishing.order_drawing(session, row.certificate, row, now=now)


def keep_time(session: Session, *, now: dt.datetime) -> int:
    """Do what dates bring, for at most a hundred projects; how many moves that were."""
    day = queries.today(now)
    # Months have different lengths: what may be due is looked at, and the guard says whether it is.
    soon = queries.months_after(day, queries.DUE_MONTHS + 1)
    due = and_(Benchmark.state.in_(("active", "renewed")), Benchmark.valid_until < soon)
    ended = and_(Benchmark.state.in_(STANDING), Benchmark.valid_until < day)
    rows = select(Benchmark).where(or_(due, ended)).order_by(Benchmark.valid_until, Benchmark.id).limit(PORTION)
    done = 0
    for row in session.scalars(rows.with_for_update(skip_locked=True, of=Benchmark)).all():
        for move in reversed(CLOCK):  # what a sleeping worker missed ends without a look
            if row.state in move.source and not move.guard(session, row, now):
                step(FLOW, session, SYSTEM, row, move.verb, now=now)
                done += 1
    return done
