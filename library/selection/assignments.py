"""Plans of who judges what: ordered by an officer, computed by the worker, looked at, then applied or left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..accounts.models import Person
from ..catalog.operations import filled
from ..deliveries import deliver
from ..errors import Conflict, Text
from ..language import N_
from ..policy import Actor, require
from . import assign_links, assigning
from .assign_queries import HAS, World, world
from .entry_models import Entry
from .expert_models import Assignment
from .expert_policy import RULES
from .expert_schemas import PlanForm
from .models import Call

PLAN, APPLY, UNDO = "plan", "assign", "unassign"  # kinds of Deliveries
SHOWN = 500  # entries that a preview names with their reasons; the rest are counted
NO_REVIEW = Text("The expert review of this call is not under way.")


def order(session: Session, actor: Actor, call: Call, *, given: Mapping[str, Any], now: dt.datetime) -> Assignment:
    """Have a plan computed: it fills what is lacking and keeps every review that there is."""
    require(RULES, actor, "assignment.keep")
    said = filled(PlanForm, given)
    if reason := not_now(session, call):
        raise Conflict(reason)
    row = Assignment(call_id=call.id, parameters=said, at=now, by=actor.id)
    session.add(row)
    session.flush()
    deliver(session, PLAN, str(row.id), {"assignment": row.id}, due=now)
    return row


def not_now(session: Session, call: Call) -> Text | None:
    """Why no experts are assigned in a call now; None: they may be."""
    if call.state != "scoring":
        return NO_REVIEW
    waits = select(Entry.id).where(Entry.call_id == call.id, Entry.state == "check_passed").limit(1)
    if session.scalar(waits) is not None:
        return Text("The entries are still being handed to the expert review; try again in a minute.")
    return None


def computed(session: Session, row: Assignment, *, now: dt.datetime) -> dict[str, Any]:
    """What the plan says: pairs, gaps and what the preview shows. Reads only; takes seconds for a large call."""
    call, said = session.get_one(Call, row.call_id), row.parameters
    found = world(session, call, now=now)
    known, conflicts, had = found.knows(), found.conflicts(), found.had()
    has, loads = found.counted()
    barred = conflicts | had | ~known if said["known"] else conflicts | had
    problem = assigning.Problem(
        need=np.maximum(said["reviewers"] - has, 0),
        has=has,
        free=np.maximum(np.minimum(found.most, said["most_each"]) - loads, 0),
        load=loads,
        barred=barred,
        knows=known,
        linked=_linked(found),
    )
    seed = said["seed"]
    pairs = assign_links.mixed(problem, assigning.best(problem, seed=seed), seed=seed)
    dearest = 0 if said["known"] else 2
    before = assign_links.groups(problem, pairs)
    pairs = assign_links.joined(problem, pairs, dearest=dearest)
    after = assign_links.groups(problem, pairs)
    lines = assign_links.reasons(problem, pairs, known=known, conflicts=conflicts, before=had)
    for line in lines:
        line["entry"] = found.lines[line.pop("row")].entry
    given = np.bincount([column for _, column in pairs], minlength=len(found.people))
    figures = assigning.figures(problem, pairs)
    outcome = {
        "entries": len(found.lines),
        "pairs": len(pairs),
        "wanted": int(problem.need.sum()),
        "has": int(has.sum()),
        "lacking": figures.lacking,
        "outside": figures.outside,
        "short": sum(line["lacks"] > 0 for line in lines),
        "aside": sum(not line["lacks"] for line in lines),
        "linked": len(before.found) - len(after.found),
        "groups": [[len(entries), len(people)] for entries, people in after.found],
        "conflicts": int(conflicts.sum()),
        "loads": [
            [each.person, int(loads[place]), int(given[place]), int(loads[place] + problem.free[place])]
            for place, each in enumerate(found.people)
        ],
    }
    lines.sort(key=lambda line: (-line["lacks"], line["entry"]))
    return {
        "pairs": [[found.lines[entry].entry, found.people[expert].person] for entry, expert in pairs],
        "gaps": lines[:SHOWN],
        "outcome": outcome,
    }


def _linked(found: World) -> tuple[assigning.Pair, ...]:
    """The reviews that there are, as places."""
    row, column = found.rows, found.columns
    away: dict[int, int] = {}
    pairs = []
    for entry, person, state in found.reviews:
        if state in HAS and entry in row:
            # An expert who has left the pool links entries all the same.
            if person not in column:
                away.setdefault(person, len(column) + len(away))
            pairs.append((row[entry], column[person] if person in column else away[person]))
    return tuple(pairs)


def apply(session: Session, actor: Actor, row: Assignment, *, due: dt.datetime, now: dt.datetime) -> None:
    """Have a plan written. Each pair is looked at once more then: what no longer fits is left out, with why.
    All its reviews are due at one time."""
    require(RULES, actor, "assignment.keep", row)
    session.refresh(row, with_for_update=True)
    if row.stage != "planned":
        raise Conflict(Text("This plan is not waiting to be applied; look at it again."))
    if reason := not_now(session, session.get_one(Call, row.call_id)):
        raise Conflict(reason)
    row.applied_by, row.done = actor.id, 0
    row.parameters = {**row.parameters, "due": due.astimezone(dt.UTC).isoformat()}
    deliver(session, APPLY, str(row.id), {"assignment": row.id}, due=now)


def undo(session: Session, actor: Actor, row: Assignment, *, now: dt.datetime) -> None:
    """Have the reviews of a plan taken back that nobody has begun."""
    require(RULES, actor, "assignment.keep", row)
    session.refresh(row, with_for_update=True)
    if row.stage != "applied":
        raise Conflict(Text("This plan is not in force; look at it again."))
    if session.get_one(Call, row.call_id).state != "scoring":
        raise Conflict(NO_REVIEW)
    row.undone_by, row.done = actor.id, 0
    deliver(session, UNDO, str(row.id), {"assignment": row.id}, due=now)


def fact(row: Assignment) -> events.Fact:
    """What an applied or undone plan wrote: its manifest."""
    content = {"call": row.call_id, "parameters": row.parameters, "pairs": row.pairs, "taken": row.taken}
    return events.Fact(row.subject, content)


def acting(session: Session, said: str) -> Actor:
    """Who clicked, as what the person is now. Raises Conflict when that is no officer any more."""
    person = session.get(Person, int(said.partition(":")[2])) if said.startswith("person:") else None
    if person is None or not person.active or not any(role.name == "officer" for role in person.roles):
        raise Conflict(Text("Whoever ordered this is no longer an officer."))
    return Actor(said, roles=frozenset({"officer"}), person=person.id)


def progress(session: Session, number: int, done: int) -> None:
    """How many pairs the worker has looked at."""
    session.get_one(Assignment, number).done = done


def give_up(session: Session, number: int) -> None:
    """The worker could not compute a plan, however often it tried."""
    row = session.get_one(Assignment, number)
    if row.stage == "planning":
        row.why = N_("The plan could not be computed; the operator finds the reason in the log.")
