"""Writes of the catalogue. Nothing here moves a state; flow.py does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import events
from ..db import insert_unless_there
from ..errors import Conflict, Forbidden, Invalid, Text, TooMany
from ..policy import Actor
from . import duplicates, mistakes
from .draft_models import CalendarDay, FormalRule
from .models import Attachment, Case, CaseReport, CaseTerm, ConnectionCount, Revision, Term
from .numbers import random_key
from .policy import may_answer, may_curate, may_report
from .schemas import CaseDocument, ReportForm

SCHEMA = CaseDocument()
TREES = {"sector": "sectors", "technology": "technologies"}
# Who verified a count, where an invented document says so. Any other comes from a verification, and stays.
DOCUMENT_VERIFIERS = ("verifier",)
MOST_OPEN_REPORTS = 20  # of errors in one case; a removal may always be asked for


def create(session: Session, actor: Actor, *, origin: str, now: dt.datetime, owner: int | None = None) -> Case:
    """A new draft. Its key is random; the number comes with submission or admission."""
    if origin != "submitted" and owner is None and not may_curate(actor, None):
        raise Forbidden(Text("Only the library itself collects cases."))
    if origin == "submitted" and owner is None:
        raise Invalid(
            Text("A submitted case has an owner."),
            fields={"origin": ["Only an organisation submits a case."]},
        )
    case = Case(key=random_key(), origin=origin, owner_id=owner, created_at=now, state="draft")
    session.add(case)
    session.flush()
    return case


def revise(
    session: Session,
    actor: Actor,
    case: Case,
    *,
    now: dt.datetime,
    document: Mapping[str, Any],
    note: str | None = None,
) -> events.Facts:
    """Write `document`, as the schema loaded it, as the next revision and fill the typed columns from it."""
    if case.code is not None and case.code != document["code"]:
        raise Conflict(Text("A case keeps its number."))
    if errors := term_errors(session, document):
        raise Invalid(Text("The case names a code that the taxonomy does not have."), fields=errors)
    kept = SCHEMA.dump(document)
    case.revision += 1
    case.code, case.revised_at = document["code"], now
    case.admitted_at = case.admitted_at or now
    describe(case, document)
    stated = counted(document)
    verified = [count for count in case.counts if count.verified_by not in (None, *DOCUMENT_VERIFIERS)]
    for place, count in enumerate(verified, len(stated)):
        count.position = place
    case.counts = [*stated, *verified]
    _attach(session, case, document["attachments"], now)
    revision = Revision(
        case=case,
        number=case.revision,
        document=kept,
        digest=events.Fact("", kept).digest,
        at=now,
        actor=actor.id,
        note=note,
    )
    session.add(revision)
    session.flush()
    duplicates.remember(session, case, kept)
    return [revision_fact(revision)]


def counted(document: Mapping[str, Any]) -> list[ConnectionCount]:
    """The counts of a document as rows."""
    return [_count(document, item, place) for place, item in enumerate(document["connections"])]


def describe(case: Case, document: Mapping[str, Any]) -> None:
    """Fill the columns by which lists find and name the case."""
    case.title_zh, case.title_en = document["title"]["zh"], document["title"].get("en")
    case.country, case.deployment = document["place"].get("country"), document["status"]
    case.terms = [
        CaseTerm(taxonomy=taxonomy, code=code, position=place)
        for taxonomy, key in TREES.items()
        for place, code in enumerate(document[key])
    ]


def filled(form: type[Schema], given: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody filled in, as the form reads it. Raises Invalid with a sentence for each field."""
    try:
        return dict(form(unknown=EXCLUDE).load(given))
    except ValidationError as error:
        fields: dict[str, list[Text]] = {}
        for path, said in mistakes.flat(error.normalized_messages()):
            fields.setdefault(path, []).append(mistakes.sentence(said, given.get(path)))
        raise Invalid(Text("Something is missing or wrong in the form."), fields=fields) from error


def load_rules(session: Session, actor: Actor, given: Mapping[str, Any], *, now: dt.datetime) -> None:
    """Write the packaged formal rules. One that was edited here is kept as it is."""
    known = {rule.code: rule for rule in session.scalars(select(FormalRule))}
    changed = []
    for position, said in enumerate(given["rules"]):
        rule = known.get(said["code"])
        if rule is None:
            rule = FormalRule(version=1)
            session.add(rule)
        elif rule.version > 1:
            continue
        values = {**said, "position": position}
        if any(getattr(rule, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(rule, name, value)
            changed.append(rule.code)
    if changed:
        events.record(session, actor, "rule.load", "rules:1", now=now, detail={"changed": changed})


def load_calendar(session: Session, actor: Actor, given: Mapping[str, Any], *, now: dt.datetime) -> None:
    """Write the days of the packaged calendar that are not there yet."""
    added = []
    for said in given["days"]:
        day = said["day"].isoformat()
        if insert_unless_there(session, CalendarDay, day=day, working=said["working"], title=said["title"]):
            added.append(day)
    if added:
        events.record(session, actor, "calendar.load", "calendar:1", now=now, detail={"added": added})


def report(
    session: Session, actor: Actor, case: Case, *, given: Mapping[str, Any], now: dt.datetime
) -> CaseReport:
    """A reader reports an error in a collected case or asks for its removal. `given` is as typed."""
    if not may_report(actor, case):
        raise Forbidden(Text("Errors are reported on cases collected from public sources."))
    if errors := ReportForm().validate(given):
        raise Invalid(Text("The report could not be sent."), fields=errors)
    waiting = select(func.count()).where(
        CaseReport.case_id == case.id, CaseReport.answered_at.is_(None), CaseReport.ground == given["ground"]
    )
    if given["ground"] == "error" and (session.scalar(waiting) or 0) >= MOST_OPEN_REPORTS:
        raise TooMany(
            Text(
                "This case has %(count)s reports that wait for an answer; try again later.",
                {"count": MOST_OPEN_REPORTS},
            )
        )
    row = CaseReport(case_id=case.id, at=now, **ReportForm().load(given))
    session.add(row)
    session.flush()
    events.record(session, actor, "case.report", row.subject, now=now, detail={"case": case.code})
    return row


def answer_report(session: Session, actor: Actor, row: CaseReport, *, answer: str, now: dt.datetime) -> None:
    """Say what was done about a report. Raises Conflict when it was answered before."""
    if not may_answer(actor, None):
        raise Forbidden(Text("You may not do this."))
    if row.answered_at is not None:
        raise Conflict(Text("This report was answered before."))
    row.answered_at, row.answer = now, answer
    events.record(session, actor, "report.answer", row.subject, now=now, detail={"answer": answer})


def revision_fact(revision: Revision) -> events.Fact:
    return events.Fact(
        f"revision:{revision.id}",
        {"case": revision.case_id, "number": revision.number, "document": revision.document},
    )


def term_errors(session: Session, document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which codes of a document, checked or as typed, the taxonomies do not have."""
    errors = {}
    known = set(map(tuple, session.execute(select(Term.taxonomy, Term.code))))
    for taxonomy, key in TREES.items():
        said = document.get(key)
        codes = [str(code) for code in said] if isinstance(said, list) else []
        if unknown := [code for code in codes if (taxonomy, code) not in known]:
            errors[key] = [f"Unknown code: {', '.join(unknown)}."]
        elif len(set(codes)) < len(codes):
            errors[key] = ["The same code stands here twice."]
    return errors


def _attach(session: Session, case: Case, files: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """Give the case the files that its document names; what is no longer named keeps its row, as removed."""
    known = {
        row.sha256: row
        for row in session.scalars(
            select(Attachment).where(Attachment.case_id == case.id, Attachment.removed_at.is_(None))
        )
    }
    for position, file in enumerate(files):
        row = known.pop(file["sha256"], None)
        if row is None:
            row = Attachment(case_id=case.id, key=random_key(), sha256=file["sha256"], added_at=now)
            session.add(row)
        row.position, row.name, row.title = position, file["name"], file["title"]
        row.audience, row.size, row.media_type = file["audience"], file["size"], file["media_type"]
        row.public_sha256, row.public_size = file.get("public_sha256"), file.get("public_size")
    for row in known.values():
        row.removed_at = now


def _count(document: Mapping[str, Any], item: Mapping[str, Any], place: int) -> ConnectionCount:
    verified = item.get("verified") or {}
    return ConnectionCount(
        position=place,
        value=item["value"],
        kind=item["kind"],
        scope=item["scope"],
        bound=item["bound"],
        as_of=item.get("as_of"),
        due=item.get("due"),
        what=item["what"],
        source=_source_name(document, item.get("source")),
        verified_on=verified.get("on"),
        verified_by=verified.get("by"),
    )


def _source_name(document: Mapping[str, Any], number: int | None) -> str:
    """Who says so: the publisher of the cited source, or the case's own first party."""
    if number is None:
        return str(document["parties"][0]["name"]["zh"])
    source = document["sources"][number - 1]
    return str(source.get("publisher") or source["title"])
