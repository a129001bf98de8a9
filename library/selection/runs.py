"""Ranking runs: ordered at the desk, computed by a worker, written once and never changed."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from sqlalchemy.orm import Session

from .. import deliveries, events
from ..db import Database, canonical
from ..errors import Conflict, Text
from ..policy import Actor, require
from . import operations, run_queries, standing
from .agreement import SEED
from .decision_models import RankingRun
from .decision_policy import RULES
from .models import Call
from .run_queries import RANK, text_digest

RANKED_IN = ("ranking", "approval")


def order(session: Session, actor: Actor, call: Call, *, now: dt.datetime) -> int:
    """Have the next run computed; its number. Ordered twice it is computed once.

    Raises Conflict outside ranking and approval.
    """
    require(RULES, actor, "run.make", call)
    operations.hold(session, call)
    if call.state not in RANKED_IN:
        raise Conflict(Text("A ranking is computed when the expert review has ended, until the public notice."))
    waits = run_queries.being_made(session, call)
    if waits is not None and waits.given_up_at is not None:
        waits.given_up_at, waits.attempts, waits.due_at = None, 0, now
        waits.last_error = None
    before = run_queries.newest(session, call)
    number = before.number + 1 if before else 1
    payload = {"call": call.id, "number": number, "by": actor.id}
    deliveries.deliver(session, RANK, f"{call.id}:{number}", payload, due=now)
    return number


def make(
    database: Database,
    payload: Mapping[str, Any],
    *,
    now: dt.datetime,
    draw: Callable[[], str] = lambda: secrets.token_hex(32),
) -> None:
    """Compute an ordered run and write it whole, in one unit. Started again it finds it there."""
    with database.reading() as session:
        call = session.get_one(Call, payload["call"])
        before = run_queries.newest(session, call)
        if before is not None and before.number >= payload["number"]:
            return
        salt = before.salt if before else draw()
        inputs = run_queries.inputs(session, call, salt)
        parameters = settings(call)
    if not inputs["scores"]:
        raise Conflict(Text("No review is final yet, so there is nothing to rank."))
    result = canonical(standing.computed(inputs, parameters))
    with database.unit() as session:
        call = session.get_one(Call, payload["call"])
        operations.hold(session, call)
        newest = run_queries.newest(session, call)
        if newest is not None and newest.number >= payload["number"]:
            return
        write(session, Actor(payload["by"]), call, inputs, result, parameters=parameters, salt=salt, now=now)


def settings(call: Call) -> dict[str, Any]:
    """What a run is computed with, as the call says it."""
    said = call.document
    return {
        "severity": said.get("severity", "penalty"),
        "penalty": said.get("penalty", 1),
        "places": said.get("selected", 100),
        "ties": list(standing.TIES),
        "model": standing.MODEL,
        "seed": SEED,
    }


def write(
    session: Session,
    actor: Actor,
    call: Call,
    inputs: Mapping[str, Any],
    result: str,
    *,
    parameters: dict[str, Any],
    salt: str,
    now: dt.datetime,
) -> RankingRun:
    """The row of a run, and its event with what it fixes."""
    before = run_queries.newest(session, call)
    row = RankingRun(
        call_id=call.id,
        number=before.number + 1 if before else 1,
        parameters=parameters,
        salt=salt,
        inputs=canonical(inputs),
        inputs_sha256=run_queries.inputs_digest(inputs),
        result=result,
        result_sha256=text_digest(result),
        version=f"{version('caselib')}, model {standing.MODEL}",
        at=now,
        by=actor.id,
    )
    session.add(row)
    session.flush()
    detail = {"call": call.code, "number": row.number, "inputs_sha256": row.inputs_sha256}
    events.record(session, actor, "run.make", row.subject, now=now, detail=detail, facts=[run_fact(row)])
    return row


def run_fact(row: RankingRun) -> events.Fact:
    """All that a run was computed from and answered; the salt too, or pseudonyms could be exchanged."""
    content = {
        "call": row.call_id,
        "number": row.number,
        "parameters": row.parameters,
        "salt": row.salt,
        "inputs": text_digest(row.inputs),
        "inputs_sha256": row.inputs_sha256,
        "result": text_digest(row.result),
        "version": row.version,
    }
    return events.Fact(row.subject, content)
