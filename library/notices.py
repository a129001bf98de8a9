"""Which event makes whom hear what: the table, and the follower that orders the letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from . import deliveries, events
from .catalog.models import Case, CaseReport
from .config import ROOT, Config
from .db import Database

FOLLOWER = "notify"
EVERYWHERE = "*"
LETTER = "letter"


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str


@dataclass(frozen=True)
class Notice:
    """`to` finds the addresses; `about` reads the present when the letter is written from mail/<verb>.txt."""

    to: Callable[[Config], list[str]]
    about: Callable[[Session, int], Mapping[str, Any]]


def _report(session: Session, number: int) -> Mapping[str, Any]:
    report = session.get_one(CaseReport, number)
    return {"report": report, "case": session.get_one(Case, report.case_id)}


NOTICES: Mapping[str, Notice] = {
    "case.report": Notice(lambda config: [config.operator_mail], _report),
}


def order(database: Database, config: Config, *, now: dt.datetime) -> int:
    """Order a letter for every new event that somebody hears of. One cursor for all machines."""
    with database.reading() as session:
        if events.head(session)[0] <= events.position(session, EVERYWHERE, FOLLOWER):
            return 0
    with database.unit() as session:
        start = events.position(session, EVERYWHERE, FOLLOWER)
        batch = events.since(session, start)
        for event in batch:
            for address in NOTICES[event.verb].to(config) if event.verb in NOTICES else ():
                payload = {"verb": event.verb, "subject": event.subject, "to": address}
                deliveries.deliver(session, LETTER, f"{event.seq}:{address}", payload, due=now)
        if batch:
            events.move_cursor(session, EVERYWHERE, FOLLOWER, batch[-1].seq, now=now)
    return len(batch)


def compose(session: Session, config: Config, payload: Mapping[str, Any]) -> Letter:
    """The letter for an order, from what the database says now. The first line of a template is the subject."""
    verb, number = payload["verb"], int(payload["subject"].partition(":")[2])
    words = TEMPLATES.get_template(f"{verb}.txt").render(config=config, **NOTICES[verb].about(session, number))
    subject, _, text = words.strip().partition("\n")
    return Letter(payload["to"], subject.strip(), text.strip() + "\n")


TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates/mail"), undefined=StrictUndefined, autoescape=False
)
