"""The lists of a call as tables for officers: columns and rows. Nobody who objected is in any of them."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from ..policy import Actor
from ..workdays import ZONE
from . import policy, run_queries
from .decision_models import RankingRun, SelectionList
from .entry_models import Entry
from .expert_models import Review
from .models import Call
from .notice_models import Notice, Objection

Columns = tuple[str, ...]
Rows = list[list[Any]]


def calls(session: Session, actor: Actor) -> tuple[Columns, Rows]:
    """Every call that the actor may see, the newest first."""
    columns = ("code", "state", "title_zh", "title_en", "opens_at", "closes_at", "announced_at", "demonstration")
    rows = select(Call).options(defer(Call.document)).where(policy.visible(actor)).order_by(Call.id.desc())
    return columns, [
        [
            *(row.code, row.state, row.title_zh, row.title_en),
            *map(_time, (row.opens_at, row.closes_at, row.announced_at)),
            "DEMONSTRATION 演示" if row.demonstration else "",
        ]
        for row in session.scalars(rows)
    ]


def entries(session: Session, call: Call) -> tuple[Columns, Rows]:
    columns = (
        *("entry", "state", "case", "title_zh", "title_en", "applicant", "recommender", "direction", "entered_at"),
        *("signer", "reason"),
    )
    rows = select(Entry).where(Entry.call_id == call.id).order_by(Entry.code)
    whole = (joinedload(Entry.case), joinedload(Entry.applicant), joinedload(Entry.recommender))
    return columns, [
        [
            *(row.code, row.state, row.case.code, row.case.title_zh, row.case.title_en),
            *(row.applicant.name_zh, row.recommender.name_zh, row.direction, _time(row.entered_at)),
            *(row.signer, row.reason),
        ]
        for row in session.scalars(rows.options(*whole))
    ]


def assignments(session: Session, call: Call) -> tuple[Columns, Rows]:
    """Who reviews what; of a score nothing."""
    columns = ("entry", "expert", "state", "assigned_at", "due", "answered_at", "final_at")
    rows = (
        select(Review)
        .where(Review.call_id == call.id)
        .options(joinedload(Review.entry), joinedload(Review.person))
    )
    return columns, [
        [
            row.entry.code,
            row.person.name,
            row.state,
            *map(_time, (row.assigned_at, row.due, row.answered_at, row.final_at)),
        ]
        for row in sorted(session.scalars(rows), key=lambda row: (row.entry.code, row.id))
    ]


def progress(session: Session, call: Call) -> tuple[Columns, Rows]:
    """How far each expert is."""
    states = ("assigned", "cleared", "draft", "final", "abstained", "recused", "removed")
    rows = select(Review).where(Review.call_id == call.id).options(joinedload(Review.person))
    found: dict[str, Counter[str]] = {}
    for row in session.scalars(rows):
        found.setdefault(row.person.name, Counter())[row.state] += 1
    return ("expert", *states), [[name, *(found[name][state] for state in states)] for name in sorted(found)]


def ranking(session: Session, call: Call) -> tuple[Columns, Rows]:
    """The newest run."""
    columns = ("case", "reviews", "raw", "raw_rank", "calibrated", "se", "rank", "rank_low", "rank_high")
    run = run_queries.newest(session, call)
    if run is None:
        return columns, []
    text = session.scalar(select(RankingRun.result).where(RankingRun.id == run.id)) or "{}"
    cases = json.loads(text).get("ranking", {}).get("cases", ())
    return columns, [
        [row.get(name) for name in columns]
        for row in sorted(cases, key=lambda row: (row["rank"] or 0, row["case"]))
    ]


def chosen(session: Session, call: Call) -> tuple[Columns, Rows]:
    columns = ("rank", "entry", "selected", "reason")
    found = session.scalar(select(SelectionList).where(SelectionList.call_id == call.id))
    choices = found.choices if found else ()
    return columns, [[row.rank, row.entry.code, "yes" if row.selected else "no", row.reason] for row in choices]


def notice(session: Session, call: Call) -> tuple[Columns, Rows]:
    columns = ("notice", "begins_at", "ends_at", "entry", "title_zh", "applicant_zh", "recommender_zh")
    rows = select(Notice).where(Notice.call_id == call.id).order_by(Notice.id)
    return columns, [
        [
            *(row.code, _time(row.begins_at), _time(row.ends_at), item["entry"]),
            *(item[name].get("zh") or item[name].get("en") for name in ("title", "applicant", "recommender")),
        ]
        for row in session.scalars(rows)
        for item in row.items
    ]


def objections(session: Session, call: Call) -> tuple[Columns, Rows]:
    """What was objected and what came of it; who and in which words is kept apart."""
    columns = ("objection", "entry", "ground", "state", "refusal", "filed_at", "decided_at", "ended_at", "outcome")
    rows = select(Objection).join(Objection.notice).where(Notice.call_id == call.id).order_by(Objection.code)
    return columns, [
        [
            *(row.code, row.entry.code, row.ground, row.state, row.refusal),
            *map(_time, (row.filed_at, row.decided_at, row.ended_at)),
            row.outcome,
        ]
        for row in session.scalars(rows.options(joinedload(Objection.entry)))
    ]


TABLES: Mapping[str, Callable[[Session, Call], tuple[Columns, Rows]]] = {
    "entries": entries,
    "assignments": assignments,
    "progress": progress,
    "ranking": ranking,
    "list": chosen,
    "notice": notice,
    "objections": objections,
}


def _time(at: dt.datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else ""
