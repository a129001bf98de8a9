"""What happened, readable: per case, per organisation, per person; and whether the chain of events is whole."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from . import chain, db, events, web
from .accounts.models import Organisation, Person
from .catalog import wording
from .catalog.models import Case
from .errors import Missing, Text
from .fields import typed_line
from .paging import asked, pages
from .policy import Actor, Rules
from .verbs import VERBS
from .web import door

bp = Blueprint("audit", __name__)

PER_PAGE = 50
ONLY_ONE = frozenset({"calendar", "desk", "rules", "statistics", "taxonomy"})  # subjects that need no number


class Page(Schema):
    """Which page of a list."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))


class Asked(Page):
    """`subject` and `actor` as events name them (`case:17`, `person:3`), or a case's number."""

    subject = typed_line(60)
    actor = typed_line(60)
    verb = fields.String(load_default="", validate=validate.OneOf(["", *VERBS]))


def may_read(actor: Actor, subject: object) -> bool:
    return actor.has("officer", "administrator", "system") and actor.scopes is None


RULES: Rules = {"audit.read": may_read}


@bp.get("/audit")
@door("audit.read")
def audit() -> str:
    session = web.session()
    args = asked(Asked(), request.args)
    rows = _wanted(session, args)
    total = session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
    shown = session.execute(rows.limit(PER_PAGE).offset(PER_PAGE * (args["page"] - 1)))
    lines = [_line(event, detail) for event, detail in shown]
    return web.render(
        "audit/index.html",
        args=args,
        lines=lines,
        names=_names(session, {name for line in lines for name in (line["actor"], line["subject"])}),
        total=total,
        verbs=VERBS,
        pages=pages(args["page"], total, PER_PAGE, lambda page: url_for("audit.audit", **{**args, "page": page})),
    )


@bp.get("/audit/chain")
@door("audit.read")
def whole() -> str:
    """What the newest check of every link, every fixed row and every anchor has found."""
    session = web.session()
    checks = {"found": chain.newest(session, done=True), "waiting": chain.newest(session, done=False)}
    return web.render("audit/chain.html", **checks)


@bp.post("/audit/chain")
@door("audit.read")
def check() -> Response:
    """Have everything looked at again."""
    session = web.session()
    with db.unit(session):
        chain.order(session, web.actor(), now=web.now())
    return redirect(url_for("audit.whole"), 303)


@bp.get("/account/history")
@door("account.own")
def own() -> str:
    """What one did oneself, and what others did to one's account."""
    session, actor = web.session(), web.actor()
    if actor.person is None or actor.scopes is not None:
        raise Missing(Text("There is no page at this address."))
    me = f"person:{actor.person}"
    page = asked(Page(), request.args)["page"]
    rows = _rows().where((events.Event.actor == me) | (events.Event.subject == me))
    total = session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
    shown = session.execute(rows.limit(PER_PAGE).offset(PER_PAGE * (page - 1)))
    lines = [{**_line(event, detail), "detail": None} for event, detail in shown]
    return web.render(
        "audit/own.html",
        lines=lines,
        names=_names(session, {line["subject"] for line in lines}),
        pages=pages(page, total, PER_PAGE, lambda page: url_for("audit.own", page=page)),
    )


def _rows() -> Select[events.Event, events.EventDetail]:
    return (
        select(events.Event, events.EventDetail)
        .outerjoin(events.EventDetail, events.EventDetail.seq == events.Event.seq)
        .order_by(events.Event.seq.desc())
    )


def _wanted(session: Session, args: dict[str, Any]) -> Select[events.Event, events.EventDetail]:
    rows = _rows()
    if args["subject"]:
        number = session.scalar(select(Case.id).where(Case.code == args["subject"].upper()))
        rows = rows.where(events.Event.subject == (f"case:{number}" if number else args["subject"]))
    if args["actor"]:
        number = session.scalar(select(Person.id).where(Person.email == args["actor"].lower()))
        rows = rows.where(events.Event.actor == (f"person:{number}" if number else args["actor"]))
    if args["verb"]:
        rows = rows.where(events.Event.verb == args["verb"])
    return rows


def _line(event: events.Event, detail: events.EventDetail | None) -> dict[str, Any]:
    told = json.loads(detail.detail) if detail else {}
    return {
        "seq": event.seq,
        "verb": event.verb,
        "actor": event.actor,
        "subject": event.subject,
        "at": event.at,
        "section": told.get("section", ""),
        "detail": _told(told) if detail else None,
    }


def _told(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """What changed, a pair a line; nested values as they are written in JSON."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))
        for name, value in detail.items()
        if value not in (None, "", [], {})
    ]


def _names(session: Session, subjects: set[str]) -> dict[str, dict[str, str | None]]:
    """What each is called, by what it is called with: `zh` and `en` an organisation; `name`, in whatever letters,
    a person; `code` a case; `words` whatever has no name. Each kind in one statement."""
    found: dict[str, dict[str, str | None]] = {each: {"words": _called(each)} for each in subjects}
    for kind, number, columns in (
        ("person", Person.id, {"name": Person.name}),
        ("organisation", Organisation.id, {"zh": Organisation.name_zh, "en": Organisation.name_en}),
        ("case", Case.id, {"code": func.coalesce(Case.code, Case.key)}),
    ):
        numbers = [int(each.partition(":")[2]) for each in subjects if each.startswith(f"{kind}:")]
        if numbers:
            named = [column.label(word) for word, column in columns.items()]
            for row in session.execute(select(number.label("number"), *named).where(number.in_(numbers))):
                found[f"{kind}:{row.number}"].update({word: getattr(row, word) for word in columns})
    return found


def _called(subject: str) -> str:
    kind, _, number = subject.partition(":")
    alone = kind in ONLY_ONE or number in ("", "0")
    return wording.label("subject", kind) if alone else f"{wording.label('subject', kind)} {number}"
