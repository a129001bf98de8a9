"""Many entries passed at once: whose rules are all met; of the others it is said why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from .. import events
from ..catalog.numbers import random_key
from ..catalog.passing import MOST_IN_A_UNIT, Batch
from ..db import unit
from ..errors import Problem, Text
from ..policy import Actor
from . import checks, entry_flow, entry_queue
from .entry_models import Entry


def pass_all(session: Session, actor: Actor, codes: Sequence[str], *, now: dt.datetime) -> Batch:
    """Pass those of these entries that wait and break no rule, at most a hundred in a unit of work."""
    batch, wanted = Batch(random_key()), list(dict.fromkeys(codes))
    for first in range(0, len(wanted), MOST_IN_A_UNIT):
        part = Batch(batch.key)
        with unit(session):
            _pass(session, actor, wanted[first : first + MOST_IN_A_UNIT], part, now)
        batch.passed += part.passed
        batch.refused += part.refused
    return batch


def _pass(session: Session, actor: Actor, codes: Sequence[str], batch: Batch, now: dt.datetime) -> None:
    there = {row.code: row for row in entry_queue.picked(session, actor, list(codes))}
    for code in codes:
        row = there.get(code)
        reasons = _step(session, actor, row, now) if row else [Text("There is no entry %(name)s.", {"name": code})]
        if reasons:
            batch.refused.append((code, reasons))
        else:
            batch.passed.append(code)
    refused = [[code, [[text.id, dict(text.params)] for text in reasons]] for code, reasons in batch.refused]
    detail = {"passed": batch.passed, "refused": refused}
    events.record(session, actor, "batch.pass", f"batch:{batch.key}", now=now, detail=detail)


def _step(session: Session, actor: Actor, row: Entry, now: dt.datetime) -> list[Text]:
    """Pass one. What it began is undone when it is refused; the others of the unit stand."""
    unmet = checks.judged(session, row, now=now).unmet
    if unmet:
        return [Text("Rules that are not met: %(names)s.", {"names": ", ".join(unmet)})]
    try:
        with session.begin_nested():
            entry_flow.decide(session, actor, row, "entry.pass", given={}, now=now)
    except Problem as problem:
        return list(problem.reasons) or [problem.text]
    return []
