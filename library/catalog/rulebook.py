"""What officers set for the whole desk: formal rules, working days, limits. Each change is an event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from .. import events
from ..db import insert_unless_there
from ..errors import Conflict, Invalid, Missing, Text
from ..policy import Actor, require
from . import operations, queries
from .desk_schemas import DayForm
from .draft_models import CalendarDay, DeskSetting, FormalRule
from .policy import RULES
from .rules import RuleForm

Given = Mapping[str, Any]
SET = ("check", "field", "params", "level", "text", "active")
MOST_DAYS = 120


def rules(session: Session, actor: Actor) -> list[FormalRule]:
    """Every rule, in force or not, in their order."""
    require(RULES, actor, "rule.edit")
    return list(session.scalars(select(FormalRule).order_by(FormalRule.position, FormalRule.id)))


def rule(session: Session, actor: Actor, code: str) -> FormalRule:
    """One rule by its code. Raises Missing."""
    found = next((row for row in rules(session, actor) if row.code == code), None)
    if found is None:
        raise Missing(Text("There is no rule %(code)s.", {"code": code[:40]}))
    return found


def add(session: Session, actor: Actor, *, given: Given, now: dt.datetime) -> FormalRule:
    """A new rule, after all others."""
    require(RULES, actor, "rule.edit")
    said = operations.filled(RuleForm, given)
    last = session.scalar(select(func.max(FormalRule.position))) or 0
    made = insert_unless_there(session, FormalRule, **said, position=last + 1, version=1)
    if made is None:
        raise Invalid(
            Text("Something is missing or wrong in the form."),
            fields={"code": [Text("There is a rule of this name already.")]},
        )
    events.record(
        session, actor, "rule.add", made.subject, now=now, detail={"code": made.code, "after": _shown(made)}
    )
    return made


def edit(
    session: Session, actor: Actor, rule: FormalRule, *, given: Given, version: int, now: dt.datetime
) -> None:
    """Change a rule as it stood in `version`. Raises Conflict when somebody else was quicker."""
    require(RULES, actor, "rule.edit")
    said = operations.filled(RuleForm, {**given, "code": rule.code})
    before, values = _shown(rule), {name: said[name] for name in SET}
    if values == before:
        return
    written = update(FormalRule).where(FormalRule.id == rule.id, FormalRule.version == version)
    result = cast(CursorResult[Any], session.execute(written.values(**values, version=version + 1)))
    if result.rowcount == 0:
        raise Conflict(Text("Somebody else has changed this rule meanwhile; load it again and compare."))
    session.refresh(rule)
    after = {name: value for name, value in values.items() if value != before[name]}
    detail = {"code": rule.code, "before": {name: before[name] for name in after}, "after": after}
    events.record(session, actor, "rule.edit", rule.subject, now=now, detail=detail)


def calendar(session: Session) -> list[CalendarDay]:
    """The days that differ from the week, newest first."""
    return list(session.scalars(select(CalendarDay).order_by(CalendarDay.day.desc())))


def set_day(session: Session, actor: Actor, *, given: Given, now: dt.datetime) -> None:
    """Say of a day that people work, or do not, whatever day of the week it is."""
    require(RULES, actor, "calendar.edit")
    said = operations.filled(DayForm, given)
    day = said["day"].isoformat()
    row = session.get(CalendarDay, day)
    before = {"working": row.working, "title": row.title} if row else None
    row = row or CalendarDay(day=day)
    row.working, row.title = said["working"], said["title"]
    session.add(row)
    after = {"working": row.working, "title": row.title}
    detail = {"day": day, "before": before, "after": after}
    events.record(session, actor, "calendar.edit", f"day:{day}", now=now, detail=detail)


def remove_day(session: Session, actor: Actor, day: str, *, now: dt.datetime) -> None:
    """Leave a day to the week again. Raises Missing."""
    require(RULES, actor, "calendar.edit")
    row = session.get(CalendarDay, day[:10])
    if row is None:
        raise Missing(Text("This day is not in the calendar."))
    detail = {"day": row.day, "before": {"working": row.working, "title": row.title}, "after": None}
    session.delete(row)
    events.record(session, actor, "calendar.edit", f"day:{row.day}", now=now, detail=detail)


def set_days(session: Session, actor: Actor, *, given: Given, now: dt.datetime) -> None:
    """The limits of the desk in working days."""
    require(RULES, actor, "calendar.edit")
    before = queries.days(session)
    after: dict[str, int] = {}
    wrong = {}
    for name in before:
        said = str(given.get(name, ""))
        if said.isascii() and said.isdecimal() and 1 <= int(said[:6]) <= MOST_DAYS:
            after[name] = int(said)
        else:
            wrong[name] = [Text("A number from 1 to %(most)s.", {"most": MOST_DAYS})]
    if wrong:
        raise Invalid(Text("Something is missing or wrong in the form."), fields=wrong)
    for name, value in after.items():
        session.merge(DeskSetting(name=name, value=value))
    if after != before:
        detail = {"before": before, "after": after}
        events.record(session, actor, "calendar.edit", "desk:days", now=now, detail=detail)


def _shown(rule: FormalRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in SET}
