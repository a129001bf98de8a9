"""Objections: filed by whoever gives a name, kept apart from it; what officers and parties do is the flow's.

Who objects is told to nobody on the way: an objection is filed by a visitor, also when somebody with an account
does so; its number is drawn; its files lose their names.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import events
from ..accounts import queries as accounts
from ..catalog.numbers import random_key
from ..catalog.operations import filled
from ..config import Config
from ..db import alone
from ..errors import Forbidden, Gone, Invalid, Missing, Text, TooMany
from ..files import Kept
from ..policy import VISITOR, Actor, require
from . import notice_queries as queries
from .entry_models import Entry
from .models import Call
from .notice_models import Evidence, Notice, Objection, Objector
from .notice_policy import RULES
from .notice_schemas import ObjectionForm
from .objection_letters import receipt
from .queries import local

MOST_FILES = 5
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NOT_FILED = Text("The objection was not filed.")
ANNOUNCED = ("shortlisted", "in_publicity", "on_hold")


@dataclass(frozen=True)
class Limits:
    """How many objections are taken: of one contact in a day, of one notice in an hour."""

    a_day: int
    an_hour: int

    @classmethod
    def of(cls, config: Config) -> Limits:
        return cls(config.objections_a_day, config.objections_an_hour)


def closed(notice: Notice, now: dt.datetime) -> Text | None:
    """Why nobody can object any more; None: one can."""
    if notice.call.state != "publicity":
        return Text("The call is not on public notice any more; nobody can object.")
    if queries.is_past(notice.ends_at, now):
        ended = {"time": local(notice.ends_at)}
        return Text(
            "The notice ended at %(time)s (Asia/Shanghai); an objection that comes later is not admitted.", ended
        )
    return None


def checked(
    session: Session, actor: Actor, notice: Notice, *, given: Mapping[str, Any], files: int, now: dt.datetime
) -> dict[str, Any]:
    """What was filled in, before any file is kept. Raises Invalid with the rule that it breaks."""
    require(RULES, actor, "objection.file", notice)
    if why := closed(notice, now):
        raise Invalid(NOT_FILED, reasons=[why])
    wrong: dict[str, list[Text]] = {}
    said: dict[str, Any] = {}
    try:
        said = filled(ObjectionForm, given)
    except Invalid as problem:
        wrong = {name: list(words) for name, words in problem.fields.items()}  # type: ignore[arg-type]
    if not files:
        wrong["evidence"] = [Text("Attach at least one file: an objection without evidence is not admitted.")]
    elif files > MOST_FILES:
        wrong["evidence"] = [Text("Attach %(most)s files at most.", {"most": MOST_FILES})]
    code = str(given.get("entry") or "").strip()
    if code and "entry" not in wrong and not _announced(session, notice, code):
        wrong["entry"] = [
            Text("Choose an entry that this notice announces; one about anything else is not admitted.")
        ]
    if wrong:
        raise Invalid(NOT_FILED, fields=wrong)
    return said


def file(
    session: Session,
    actor: Actor,
    notice: Notice,
    *,
    given: Mapping[str, Any],
    evidence: Sequence[tuple[Kept, str]],
    lang: str,
    config: Config,
    now: dt.datetime,
) -> tuple[Objection, str]:
    """A new objection, and the secret word with which its author reads on. `evidence`: what lies in quarantine,
    each with its ending. Raises Invalid; TooMany beyond the limits."""
    said = checked(session, actor, notice, given=given, files=len(evidence), now=now)
    alone(session, f"objections {notice.id}")  # two at once are counted one after the other
    _not_too_many(session, notice, said["contact"], Limits.of(config), now)
    entry = _announced(session, notice, said["entry"])
    assert entry is not None
    word = secrets.token_urlsafe(24)
    row = Objection(key=random_key(), code=f"{notice.code}-{random_key(8)}", notice_id=notice.id, filed_at=now)
    row.entry_id, row.ground, row.text = entry.id, said["ground"], said["text"]
    row.lang, row.word = lang, queries.digest(word)
    row.objector = Objector(name=said["name"], contact=said["contact"])
    for number, (kept, ending) in enumerate(evidence, 1):
        name = f"{row.code}-{number}.{ending}"
        row.evidence.append(Evidence(name=name, media_type=kept.media_type, size=kept.size, sha256=kept.sha256))
    session.add(row)
    session.flush()
    receipt(session, row, notice, entry, word=word, config=config, now=now)
    detail = {"objection": row.code, "notice": notice.code, "entry": entry.code, "ground": row.ground}
    facts = [fact(row, "filed")]
    events.record(session, VISITOR, "objection.file", row.subject, now=now, detail=detail, facts=facts)
    return row, word


def _announced(session: Session, notice: Notice, code: str) -> Entry | None:
    entry = queries.entry_on(session, notice, code)
    return entry if entry is not None and entry.state in ANNOUNCED else None


def _not_too_many(session: Session, notice: Notice, contact: str, limits: Limits, now: dt.datetime) -> None:
    rows = select(func.count(Objection.id)).join(Objector)
    of_contact = rows.where(Objector.contact == contact, Objection.filed_at > now - DAY)
    if (session.scalar(of_contact) or 0) >= limits.a_day:
        most = {"most": limits.a_day}
        raise TooMany(Text("From one contact %(most)s objections a day are taken; try again tomorrow.", most))
    of_notice = select(func.count()).where(Objection.notice_id == notice.id, Objection.filed_at > now - HOUR)
    if (session.scalar(of_notice) or 0) >= limits.an_hour:
        raise TooMany(Text("Very many objections come in just now; try again in an hour. Nothing was kept."))


def fact(row: Objection, state: str) -> events.Fact:
    """What each step fixes: what was decided and why. What is erased with the name is no part of it."""
    times = [each and each.astimezone(dt.UTC).isoformat() for each in (row.filed_at, row.decided_at, row.ended_at)]
    said = [row.refusal, row.decision, row.forwarded, row.asked, row.reply, row.outcome]
    who = [row.decided_by, row.replied_by, row.ended_by]
    return events.Fact(
        f"objection:{row.id}", [row.code, row.notice_id, row.entry_id, row.ground, state, times, said, who]
    )


# Who objects, and what they brought -----------------------------------------------------------------------


def unmask(session: Session, actor: Actor, objection: Objection, *, now: dt.datetime) -> None:
    """Note that somebody is about to read the name. Only when this is committed `identity` may be asked."""
    require(RULES, actor, "objection.unmask", objection)
    not_ones_own(session, actor, objection.entry)
    events.record(
        session, actor, "objection.unmask", objection.subject, now=now, detail={"objection": objection.code}
    )


def identity(session: Session, actor: Actor, objection: Objection) -> Objector:
    """Name and contact. Raises Gone once they were erased."""
    require(RULES, actor, "objection.unmask", objection)
    found = session.get(Objector, objection.id)
    if found is None:
        raise Gone(Text("Name and contact were erased 12 months after the call; the outcome stays."))
    return found


def open_file(session: Session, actor: Actor, objection: Objection, *, number: int, now: dt.datetime) -> Evidence:
    """Note that an officer takes a file out of quarantine; the bytes are handed out once this is committed."""
    require(RULES, actor, "objection.handle", objection)
    not_ones_own(session, actor, objection.entry)
    found = session.get(Evidence, number, with_for_update=True)
    if found is None or found.objection_id != objection.id:
        raise Missing(Text("This objection has no such file."))
    if found.opened_at is None:
        found.opened_at, found.opened_by = now, actor.id
    detail = {"objection": objection.code, "file": found.name, "sha256": found.sha256}
    events.record(session, actor, "objection.open", objection.subject, now=now, detail=detail)
    return found


def not_ones_own(session: Session, actor: Actor, entry: Entry) -> None:
    """Who belongs to a party decides nothing, whoever the person acts for at the moment."""
    for organisation in (entry.applicant, entry.recommender):
        if actor.person is not None and accounts.belongs(session, actor.person, organisation.id):
            named = {"name": organisation.name_zh}
            raise Forbidden(Text("You belong to %(name)s; another officer decides.", named))


def remove(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, reason: str) -> None:
    """Effect of entry.remove: what its applicant reads."""
    entry.reason = reason


# Guards that other flows read -----------------------------------------------------------------------------


def open_for(session: Session, call: Call) -> list[Text]:
    """Part of the guard of publishing: objections that nobody has answered."""
    count = queries.open_ones(session, call)
    return [Text("%(count)s objections are open; decide them first.", {"count": count})] if count else []


def not_held(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.hold."""
    admitted = queries.against(session, entry, "admitted", "replied")
    return [] if admitted else [Text("No objection against this entry is admitted.")]


def still_held(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.resume."""
    admitted = queries.against(session, entry, "admitted", "replied")
    return [Text("Another objection against this entry is admitted.")] if admitted else []


def not_upheld(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.remove."""
    return (
        [] if queries.against(session, entry, "upheld") else [Text("No objection against this entry is upheld.")]
    )
