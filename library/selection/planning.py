"""What the worker does with plans: computes, writes and undoes them; and hands the entries of a call over.

A hundred rows in one unit. It may be killed anywhere: what was written is found, and nothing is written twice.
Everything that gives reviews in one call waits for its turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from .. import events
from ..db import Database
from ..errors import Conflict, Problem, Text
from ..policy import SYSTEM, Actor
from ..workflow import step
from . import assign_flow, assignments, conflicts, entry_flow, review_flow, scoring
from .assign_queries import UNDONE, world
from .entry_models import Entry
from .expert_models import Assignment
from .models import Call

BATCH = 100
GONE = Text("The entry has left the review.")
AWAY = Text("The expert has left the pool.")
ENOUGH = Text("The entry has its experts already.")
FULL = Text("The expert is at the limit of cases.")
HAD = Text("The expert has, or had, a review of this entry.")
BEGUN = Text("The review was begun, or has ended.")
Pairs = Sequence[tuple[int, int]]


def plan(database: Database, *, number: int, now: dt.datetime) -> None:
    """Compute what an officer asked for. A second time it finds it done."""
    with database.reading() as session:
        row = session.get_one(Assignment, number)
        if row.stage != "planning":
            return
        found = assignments.computed(session, row, now=now)
    with database.unit() as session:
        row = session.get_one(Assignment, number, with_for_update=True)
        if row.stage == "planning":
            for name, value in found.items():
                setattr(row, name, value)
            row.planned_at = now


def apply(database: Database, *, number: int, now: dt.datetime) -> None:
    """Write a plan; at its end one event fixes what was written."""
    with database.reading() as session:
        row = session.get_one(Assignment, number)
        pairs, call_id = [(entry, person) for entry, person in row.pairs], row.call_id
        if row.stage != "applying":
            return
    left: list[list[Any]] = []
    for done, some in _portions(pairs):
        with database.unit() as session:
            left += _write(session, session.get_one(Assignment, number), some, now=now)
            assignments.progress(session, number, done)
    with database.unit() as session:
        row = session.get_one(Assignment, number, with_for_update=True)
        if row.stage == "applying":
            gone = {(entry, person) for entry, person, *_ in left}
            row.pairs, row.left_out = [list(pair) for pair in pairs if pair not in gone], left
            row.applied_at = now
            detail: dict[str, Any] = {
                "call": call_id,
                "written": len(row.pairs),
                "left_out": len(left),
                **row.parameters,
            }
            detail["manifest"] = assignments.fact(row).digest
            actor = Actor(str(row.applied_by))
            facts = [assignments.fact(row)]
            events.record(session, actor, "assignment.apply", row.subject, now=now, detail=detail, facts=facts)


def undo(database: Database, *, number: int, now: dt.datetime) -> None:
    """Take back what nobody has begun; at the end one event fixes what was taken."""
    with database.reading() as session:
        row = session.get_one(Assignment, number)
        pairs, call_id = [(entry, person) for entry, person in row.pairs], row.call_id
        if row.stage != "undoing":
            return
    left: list[list[Any]] = []
    for done, some in _portions(pairs):
        with database.unit() as session:
            left += _take_back(session, session.get_one(Assignment, number), some, now=now)
            assignments.progress(session, number, done)
    with database.unit() as session:
        row = session.get_one(Assignment, number, with_for_update=True)
        if row.stage == "undoing":
            kept = {(entry, person) for entry, person, *_ in left}
            row.taken, row.left_out = [list(pair) for pair in pairs if pair not in kept], left
            row.undone_at = now
            detail = {
                "call": call_id,
                "taken": len(row.taken),
                "kept": len(left),
                "manifest": assignments.fact(row).digest,
            }
            actor = Actor(str(row.undone_by))
            facts = [assignments.fact(row)]
            events.record(session, actor, "assignment.undo", row.subject, now=now, detail=detail, facts=facts)


def _write(session: Session, row: Assignment, some: Pairs, *, now: dt.datetime) -> list[list[Any]]:
    """Give these pairs, each looked at once more. Returns those that do not fit any more, with the sentence."""
    call = session.get_one(Call, row.call_id)
    assign_flow.one_at_a_time(session, call)
    entries, people = {entry for entry, _ in some}, {person for _, person in some}
    locked = select(Entry).where(Entry.id.in_(entries)).order_by(Entry.id).with_for_update(of=Entry)
    session.scalars(locked.execution_options(populate_existing=True)).all()
    try:
        actor = assignments.acting(session, str(row.applied_by))
        if reason := assignments.not_now(session, call):
            raise Conflict(reason)
    except Problem as problem:
        said = [problem.text.id, dict(problem.text.params)]
        return [[entry, person, *said] for entry, person in some if not _has(session, row, entry, person)]
    found = world(session, call, now=now, entries=entries, people=people)
    rows, columns, barred, had = found.rows, found.columns, found.conflicts(), found.had()
    has, loads = found.counted()
    most = row.parameters["most_each"]
    due, left = dt.datetime.fromisoformat(row.parameters["due"]), list[list[Any]]()
    for entry, person in some:
        if _has(session, row, entry, person):
            continue
        line, column = rows.get(entry), columns.get(person)
        why = None
        if line is None or column is None:
            why = GONE if line is None else AWAY
        elif had[line, column]:
            why = HAD
        elif barred[line, column]:
            party, expert = found.lines[line].party, found.people[column]
            why = conflicts.found(expert, party, found.registry, today=found.today)[0].why
        elif has[line] >= row.parameters["reviewers"]:
            why = ENOUGH
        elif loads[column] >= min(most, int(found.most[column])):
            why = FULL
        if why is not None or line is None or column is None:
            sentence = why or GONE
            left.append([entry, person, sentence.id, dict(sentence.params)])
            continue
        expert, entry_line = found.people[column], found.lines[line]
        assign_flow.give(
            session, actor, call, found, entry_line, expert, assignment=row.id, due=due, now=now, detail={}
        )
        has[line] += 1
        loads[column] += 1
    return left


def _take_back(session: Session, row: Assignment, some: Pairs, *, now: dt.datetime) -> list[list[Any]]:
    """Take these pairs away unless somebody has begun. Returns those that stay, with the sentence."""
    call = session.get_one(Call, row.call_id)
    assign_flow.one_at_a_time(session, call)
    left = []
    for entry, person in some:
        review = assign_flow.review_of(session, entry, person)
        if review is not None and review.state == "removed" and review.reason == UNDONE:
            continue  # done before
        if review is None or review.assignment_id != row.id or review.state != "assigned":
            left.append([entry, person, BEGUN.id, {}])
            continue
        try:
            actor = assignments.acting(session, str(row.undone_by))
            detail = {"assignment": row.id}
            step(review_flow.FLOW, session, actor, review, "review.remove", now=now, detail=detail, reason=UNDONE)
        except Problem as problem:
            left.append([entry, person, problem.text.id, dict(problem.text.params)])
            continue
        scoring.lift_from(session, call, person)
    return left


def hand_over(database: Database, *, call: int, now: dt.datetime) -> None:
    """The entries of a call that passed the check go to the experts; one that left meanwhile stays away."""
    last = 0
    while True:
        rows = select(Entry.id).where(Entry.call_id == call, Entry.state == "check_passed", Entry.id > last)
        with database.reading() as session:
            numbers = list(session.scalars(rows.order_by(Entry.id).limit(BATCH)))
        if not numbers:
            return
        with database.unit() as session:
            loaded = select(Entry).where(Entry.id.in_(numbers)).order_by(Entry.id)
            for entry in session.scalars(loaded.options(joinedload(Entry.case), joinedload(Entry.call))).all():
                try:
                    step(entry_flow.FLOW, session, SYSTEM, entry, "entry.review", now=now)
                except Conflict:
                    continue  # withdrawn a moment ago
        last = numbers[-1]


def _has(session: Session, row: Assignment, entry: int, person: int) -> bool:
    """Was this pair written by this plan before?"""
    found = assign_flow.review_of(session, entry, person)
    return found is not None and found.assignment_id == row.id


def _portions(pairs: Pairs) -> Iterator[tuple[int, Pairs]]:
    """How many are done after it, and at most a hundred pairs."""
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        yield start + len(some), some
