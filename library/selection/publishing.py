"""The result of a call: what is published, by which numbers, and what each selected entry becomes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from .. import deliveries, events
from ..errors import Text
from ..policy import Actor
from . import announcing, benchmark_queries, notice_queries
from .benchmark_models import Benchmark, Certificate, Result
from .benchmarks import benchmark_fact
from .entry_models import Entry
from .models import Call

PUBLISH = "publish"  # of a Delivery; its payload is {"call": id}
DRAW = "certificate"  # of a Delivery; its payload is {"certificate": id}
SYSTEM_RANDOM = random.SystemRandom()
WIDTHS = (3, 4, 5, 6)


def not_ready(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of publishing: nobody can object any more, every objection is answered, nobody is left behind."""
    reasons = announcing.not_yet_over(session, call, now)
    if waiting := notice_queries.open_ones(session, call):
        reasons.append(Text("Objections that are not answered: %(count)s.", {"count": waiting}))
    left = {
        "shortlisted": Text("Some entries are shortlisted and were not announced; put up another notice."),
        "on_hold": Text("Some entries are on hold; decide on the objections to them."),
    }
    reasons += [said for state, said in left.items() if notice_queries.in_state(session, call, state)]
    return reasons


def publish(
    session: Session,
    actor: Actor,
    call: Call,
    *,
    now: dt.datetime,
    reason: str,
    rng: random.Random = SYSTEM_RANDOM,
) -> events.Facts:
    """The list is fixed, with the numbers of its certificates; a worker makes of each entry what it says."""
    whole = (joinedload(Entry.applicant), joinedload(Entry.recommender), joinedload(Entry.revision))
    rows = select(Entry).options(*whole, joinedload(Entry.case)).where(Entry.call_id == call.id)
    rows = rows.where(Entry.state == "in_publicity").order_by(Entry.direction, Entry.code)
    first = benchmark_queries.today(now)
    term = {"from": first, "until": benchmark_queries.last_day(first, call.document.get("term_months", 24))}
    found = list(session.scalars(rows))
    numbers = _numbers(call, len(found), rng)
    items = [item(call, entry, number, term) for entry, number in zip(found, numbers, strict=True)]
    seq, head = events.head(session)
    row = Result(call_id=call.id, items=items, sha256=events.Fact("", items).digest, at=now, by=actor.id)
    row.chain_seq, row.chain_hash = seq, head
    session.add(row)
    session.flush()
    deliveries.deliver(session, PUBLISH, str(call.code), {"call": call.id}, due=now)
    return [result_fact(row)]


def item(call: Call, entry: Entry, number: str, term: Mapping[str, str]) -> dict[str, Any]:
    """What is published of a selected entry: what its notice said, and what it becomes."""
    named = announcing.item(call, entry)
    return {**named, "case": entry.case.code, "certificate": number, **term}


def published(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of selecting an entry: its call's result is out."""
    return [] if entry.call.state == "published" else [Text("The result of the call is not published yet.")]


def select_entry(
    session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Mapping[str, Any]
) -> None:
    """The entry becomes a benchmark project with a certificate, as the published list says (`said`: its item)."""
    result = session.get_one(Result, entry.call_id)
    row = Benchmark(
        code=entry.code,
        entry_id=entry.id,
        call_id=entry.call_id,
        case_id=entry.case_id,
        organisation_id=entry.applicant_id,
        demonstration=entry.call.demonstration,
        valid_from=said["from"],
        valid_until=said["until"],
        at=now,
    )
    session.add(row)
    session.flush()
    paper = Certificate(number=said["certificate"], benchmark_id=row.id, list_sha256=result.sha256, issued_at=now)
    session.add(paper)
    session.flush()
    detail = {"entry": entry.code, "until": row.valid_until}
    fact = benchmark_fact(row, "active")
    events.record(session, actor, "benchmark.begin", row.subject, now=now, detail=detail, facts=[fact])
    detail = {"certificate": paper.number, "list": paper.list_sha256}
    events.record(
        session, actor, "certificate.issue", row.subject, now=now, detail=detail, facts=[certificate_fact(paper)]
    )
    order_drawing(session, paper, row, now=now)


def order_drawing(session: Session, paper: Certificate, row: Benchmark, *, now: dt.datetime) -> None:
    """Have the certificate drawn, once for each term."""
    deliveries.deliver(session, DRAW, f"{paper.number} {row.valid_until}", {"certificate": paper.id}, due=now)


def not_carried_out(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of archiving a call."""
    done = session.scalar(select(Result.done_at).where(Result.call_id == call.id))
    return [] if done else [Text("The result is still being carried out; wait until every certificate is there.")]


def left_to_do(session: Session, call: int) -> int:
    """How many entries still wait to become what the published list says."""
    rows = select(func.count()).where(Entry.call_id == call, Entry.state == "in_publicity")
    return session.scalar(rows) or 0


def result_fact(row: Result) -> events.Fact:
    """What was published, when, on which head of the chain."""
    at = row.at.astimezone(dt.UTC).isoformat()
    return events.Fact(f"result:{row.call_id}", [row.items, row.sha256, row.chain_seq, row.chain_hash, at, row.by])


def certificate_fact(row: Certificate) -> events.Fact:
    at = row.issued_at.astimezone(dt.UTC).isoformat()
    return events.Fact(f"certificate:{row.id}", [row.number, row.benchmark_id, row.list_sha256, at])


def _numbers(call: Call, count: int, rng: random.Random) -> list[str]:
    """Numbers drawn from a space at least twice as large, so that they tell nobody how many there are."""
    width = next(width for width in WIDTHS if 2 * count < 10**width)
    drawn = rng.sample(range(1, 10**width), count)
    return [f"{call.code}-C-{number:0{width}d}" for number in drawn]
