"""Writes of calls. Nothing here moves a state; flow.py does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..catalog import mistakes, operations, sections
from ..catalog.numbers import next_number, random_key
from ..db import canonical
from ..errors import Conflict, Invalid, Text
from ..fields import plain
from ..policy import Actor, require
from ..workdays import ZONE
from . import scoring
from .models import Call, Quota
from .policy import RULES
from .queries import SCHEMA
from .schemas import moment

MOST_CHARACTERS = 200_000  # of a whole document
WINDOW = ("opens_at", "closes_at")
# What those who entered relied on stays as it was.
ENTERED_UNDER = (*WINDOW, "grace_minutes", "sectors", "eligibility")
RUBRIC = ("rubric", "sides")
FROZEN = (*RUBRIC, "severity", "penalty")
ENDED = ("published", "archived", "cancelled")
Content = Mapping[str, Any]

# What the guard of the announcement says of what is missing or wrong; several fields may share a sentence.
WANTED: Mapping[str, Text] = {
    **dict.fromkeys(("title", "text"), Text("The title or the text is missing or wrong.")),
    **dict.fromkeys((*WINDOW, "grace_minutes"), Text("The window is missing or wrong.")),
    **dict.fromkeys(RUBRIC, Text("The rubric is missing or wrong; its weights must add to 100.")),
    "notice_days": Text("The length of the public notice is missing or wrong."),
    "approvals": Text("The length of the approval chain is missing or wrong."),
}
OTHERWISE = Text("Something else in the form is missing or wrong.")


def create(
    session: Session,
    actor: Actor,
    *,
    now: dt.datetime,
    demonstration: bool = False,
    copied: Call | None = None,
) -> Call:
    """A new draft: empty, or with what another call says but its window, and with its recommenders' places."""
    require(RULES, actor, "call.run")
    call = Call(key=random_key(), created_at=now, demonstration=demonstration, state="draft", document={})
    session.add(call)
    session.flush()
    if copied is not None:
        call.demonstration = copied.demonstration
        _write(call, {name: value for name, value in copied.document.items() if name not in WINDOW})
        for row in session.scalars(select(Quota).where(Quota.call_id == copied.id)):
            session.add(Quota(call_id=call.id, organisation_id=row.organisation_id, places=row.places))
    source = {"copied": copied.subject} if copied else {}
    events.record(session, actor, "call.begin", call.subject, now=now, detail={"key": call.key, **source})
    return call


def save(session: Session, actor: Actor, call: Call, *, content: Content, version: int, now: dt.datetime) -> None:
    """Keep `content` on top of `version`. A draft keeps what was typed; what was announced stays right.

    Raises Conflict when somebody else was quicker, or a field is locked; Invalid with what is wrong.
    """
    require(RULES, actor, "call.run", call)
    _refuse(content)
    hold(session, call)
    typed, before = sections.tidy(content), call.document
    changed = [name for name in (*before, *(set(typed) - set(before))) if before.get(name) != typed.get(name)]
    if not changed:
        return
    if call.version != version:
        raise Conflict(Text("Somebody else has changed this call meanwhile; load it again and compare."))
    closed = locked(call)
    if wrong := [name for name in changed if name in closed]:
        raise Conflict(Text("This cannot be changed any more."), fields={name: [closed[name]] for name in wrong})
    if call.announced_at is not None:
        _right(session, call, typed, now)
    _write(call, typed)
    call.version += 1
    sides = {"before": before, "after": typed}
    detail = {side: {name: said.get(name) for name in changed} for side, said in sides.items()}
    events.record(session, actor, "call.edit", call.subject, now=now, detail=detail)


def locked(call: Call) -> dict[str, Text]:
    """Which fields may not be changed any more, and why."""
    if call.state in ENDED:
        return dict.fromkeys(SCHEMA.fields, Text("This call has ended."))
    found: dict[str, Text] = {}
    if call.state == "open":
        found["opens_at"] = Text("The call is open already.")
    elif call.state not in ("draft", "announced"):
        found |= dict.fromkeys(ENTERED_UNDER, Text("The window has ended; who entered did so under this."))
    if call.rubric_frozen_at is not None:
        found |= dict.fromkeys(FROZEN, Text("The rubric is frozen since the first review began."))
    return found


def trouble(session: Session, content: Content) -> dict[str, list[Text]]:
    """What stands in the way of announcing this, by the path of the field."""
    found: dict[str, list[Text]] = {}
    said = [*mistakes.flat(SCHEMA.validate(content)), *mistakes.flat(operations.term_errors(session, content))]
    for path, words in said:
        sentence = mistakes.sentence(words, sections.at(content, path))
        if sentence not in found.setdefault(path, []):
            found[path].append(sentence)
    return found


def not_ready(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of the announcement."""
    names = [path.partition(".")[0] for path in trouble(session, call.document)]
    found = list(dict.fromkeys(names))
    sentences = [WANTED.get(name, OTHERWISE) for name in SCHEMA.fields if name in found]
    if not {*WINDOW, "grace_minutes"} & set(found) and _last_moment(call.document) <= now:
        sentences.append(Text("The window has ended already; set a later one."))
    return [each for place, each in enumerate(sentences) if each not in sentences[:place]]


def announce(session: Session, actor: Actor, call: Call, *, now: dt.datetime, reason: str) -> None:
    """Its number, and the columns by which lists find it."""
    series = f"{'DEMO-' if call.demonstration else ''}CALL-{now.astimezone(ZONE).year}"
    call.code, call.announced_at = next_number(session, series), now
    _write(call, call.document)


def cancel(session: Session, actor: Actor, call: Call, *, now: dt.datetime, reason: str) -> None:
    scoring.lift(session, call)
    call.farewell = reason


def noted(session: Session, actor: Actor, call: Call, *, now: dt.datetime, reason: str) -> None:
    """A move that changes nothing but the state; its reason is in the event."""


def not_yet_open(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of the opening."""
    return [] if call.opens_at and now >= call.opens_at else [Text("The window has not begun.")]


def not_yet_over(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of the closing."""
    return [] if now > call.last_moment else [Text("The window has not ended.")]


def hold(session: Session, call: Call) -> None:
    """Until the unit ends, nobody else changes this call."""
    session.flush()
    session.refresh(call, with_for_update=True)


def _write(call: Call, content: Content) -> None:
    """The document; and the columns, of the window only once it must be right."""
    call.document = dict(content)
    call.title_zh, call.title_en = (_short(sections.at(content, f"title.{lang}")) for lang in ("zh", "en"))
    if call.announced_at is not None:
        call.opens_at, call.closes_at = (moment(content[name]) for name in WINDOW)
        call.grace_minutes = content.get("grace_minutes", 0)


def _short(said: Any) -> str | None:
    return said[:200] if isinstance(said, str) and said else None


def _last_moment(content: Content) -> dt.datetime:
    return moment(content["closes_at"]) + dt.timedelta(minutes=content.get("grace_minutes", 0))


def _right(session: Session, call: Call, content: Content, now: dt.datetime) -> None:
    """Raise Invalid unless an announced call may say this."""
    wrong = trouble(session, content)
    if not wrong and call.state in ("announced", "open") and _last_moment(content) <= now:
        wrong["closes_at"] = [Text("The window would have ended already.")]
    if wrong:
        raise Invalid(Text("Something is missing or wrong in the form."), fields=wrong)


def _refuse(content: Content) -> None:
    """Raise Invalid when it cannot be kept at all."""
    if len(canonical(content)) > MOST_CHARACTERS:
        raise Invalid(Text("A call holds at most %(most)s characters.", {"most": f"{MOST_CHARACTERS:,}"}))
    try:
        for said in _texts(content):
            plain(said)
    except ValidationError as error:
        raise Invalid(mistakes.sentence(str(error.messages[0]))) from error


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
