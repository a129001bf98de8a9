"""Writes of benchmark projects: renewed, revoked. Nothing here moves a state; benchmark_flow.py does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .. import events
from ..accounts import queries as accounts
from ..errors import Forbidden, Text
from ..policy import Actor
from . import benchmark_queries as queries
from .benchmark_models import Benchmark

Said = Mapping[str, Any]


def not_due(session: Session, benchmark: Benchmark, now: dt.datetime) -> list[Text]:
    """The guard of the look at a project before its term ends."""
    if queries.is_due(benchmark, now):
        return []
    return [Text("It is looked at %(count)s months before its term ends.", {"count": queries.DUE_MONTHS})]


def not_over(session: Session, benchmark: Benchmark, now: dt.datetime) -> list[Text]:
    """The guard of expiring."""
    return [] if queries.is_over(benchmark, now) else [Text("Its term has not ended.")]


def over(session: Session, benchmark: Benchmark, now: dt.datetime) -> list[Text]:
    """The guard of renewing: what has ended cannot go on; the case may enter another call."""
    return (
        [Text("Its term has ended; the case may enter another call.")] if queries.is_over(benchmark, now) else []
    )


def fall_due(session: Session, actor: Actor, benchmark: Benchmark, *, now: dt.datetime) -> events.Facts:
    return [benchmark_fact(benchmark, "due_for_review")]


def expire(session: Session, actor: Actor, benchmark: Benchmark, *, now: dt.datetime) -> events.Facts:
    return [benchmark_fact(benchmark, "expired")]


def renew(session: Session, actor: Actor, benchmark: Benchmark, *, now: dt.datetime, said: Said) -> events.Facts:
    """A further term from the end of the present one on, for a reason that everybody reads."""
    _not_ones_own(session, actor, benchmark)
    benchmark.valid_until = queries.months_after(benchmark.valid_until, said["months"])
    benchmark.renewed_on, benchmark.reason = queries.today(now), said["reason"]
    if benchmark.certificate is not None:
        benchmark.certificate.pdf_sha256 = None
    return [benchmark_fact(benchmark, "renewed")]


def revoke(session: Session, actor: Actor, benchmark: Benchmark, *, now: dt.datetime, said: Said) -> events.Facts:
    """No benchmark any more, for a reason that everybody reads."""
    _not_ones_own(session, actor, benchmark)
    benchmark.revoked_on, benchmark.reason = queries.today(now), said["reason"]
    return [benchmark_fact(benchmark, "revoked")]


def benchmark_fact(row: Benchmark, state: str) -> events.Fact:
    """Whose project it is, until when, and where it stands."""
    names = ("code", "entry_id", "call_id", "case_id", "organisation_id", "valid_from", "valid_until")
    said = ("renewed_on", "revoked_on", "reason")
    content = {name: getattr(row, name) for name in (*names, *said)}
    return events.Fact(f"benchmark:{row.id}", {**content, "state": state})


def _not_ones_own(session: Session, actor: Actor, benchmark: Benchmark) -> None:
    if actor.person is not None and accounts.membership(session, actor.person, benchmark.organisation_id):
        named = {"name": benchmark.organisation.name_zh}
        raise Forbidden(Text("You belong to %(name)s; somebody else decides.", named))
