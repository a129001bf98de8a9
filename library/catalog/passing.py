"""Many submissions answered at once: whose rules are all met is admitted; of the others it is said why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events, workdays, workflow
from ..db import unit
from ..errors import Missing, Problem, Text
from ..policy import Actor
from . import policy, queries, queue, rules
from .draft_models import Submission
from .flow import FLOW
from .numbers import random_key

MOST_IN_A_UNIT = 100


@dataclass
class Batch:
    """What became of a selection: numbers of cases, and for those not passed the sentences why."""

    key: str
    passed: list[str] = field(default_factory=list)
    refused: list[tuple[str, list[Text]]] = field(default_factory=list)


def admit(session: Session, actor: Actor, codes: Sequence[str], *, now: dt.datetime) -> Batch:
    """Admit those of these cases that wait and break no rule, at most a hundred in a unit of work."""
    batch, wanted = Batch(random_key()), list(dict.fromkeys(codes))
    for first in range(0, len(wanted), MOST_IN_A_UNIT):
        part = Batch(batch.key)
        with unit(session):
            _admit(session, actor, wanted[first : first + MOST_IN_A_UNIT], part, now)
        batch.passed += part.passed
        batch.refused += part.refused
    return batch


def _admit(session: Session, actor: Actor, codes: Sequence[str], batch: Batch, now: dt.datetime) -> None:
    in_force, today = queries.rules(session), now.astimezone(workdays.ZONE).date()
    waiting = {row.case.code: row for row in queue.waiting(session, actor, codes)}
    for code in codes:
        row = waiting.get(code)
        found = rules.evaluate(in_force, row.document, today=today) if row else []
        reasons = _unmet(found) if row else [Text("Nothing of this case waits for an answer.")]
        if row is not None and not reasons:
            reasons = _step(session, actor, row, batch.key, now)
        if reasons:
            batch.refused.append((code, reasons))
        else:
            batch.passed.append(code)
    refused = [[code, [[text.id, dict(text.params)] for text in reasons]] for code, reasons in batch.refused]
    detail = {"passed": batch.passed, "refused": refused}
    events.record(session, actor, "batch.admit", f"batch:{batch.key}", now=now, detail=detail)


def _step(session: Session, actor: Actor, row: Submission, key: str, now: dt.datetime) -> list[Text]:
    """Admit one. What it began is undone when it is refused; the others of the unit stand."""
    try:
        with session.begin_nested():
            given: dict[str, Any] = {"given": {}, "number": row.number}
            workflow.step(FLOW, session, actor, row.case, "case.admit", now=now, detail={"batch": key}, **given)
    except Problem as problem:
        return list(problem.reasons) or [problem.text]
    return []


def _unmet(found: Iterable[rules.Finding]) -> list[Text]:
    names = [finding.code for finding in found if not finding.met]
    return [Text("Rules that are not met: %(names)s.", {"names": ", ".join(names)})] if names else []


def batch(session: Session, actor: Actor, key: str) -> Batch:
    """What became of a selection, from the events of its units. Raises Missing."""
    rows = select(events.Event.seq).where(events.Event.subject == f"batch:{key}").order_by(events.Event.seq)
    found = [events.detail(session, seq) for seq in session.scalars(rows)] if policy.may_judge(actor, None) else []
    if not found:
        raise Missing(Text("There is no page at this address."))
    refused = [
        (code, [Text(sentence, params) for sentence, params in reasons])
        for detail in found
        for code, reasons in detail.get("refused", ())
    ]
    return Batch(key, [code for detail in found for code in detail.get("passed", ())], refused)
