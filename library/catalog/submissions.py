"""Handing a case in: what stands in its way, and what happens when nothing does. Decisions lie in admission.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import deliveries, events
from ..accounts.models import Organisation
from ..db import insert_unless_there
from ..errors import Conflict, Text
from ..policy import Actor, require
from ..workdays import ZONE
from . import draft_past, drafts, duplicates, mistakes, operations, queries, rules, sections
from .draft_models import DraftSection, Submission
from .models import Case
from .numbers import next_number
from .policy import RULES
from .upload_models import Upload

RECEIPT = "receipt"  # of a Delivery; its payload is {"submission": id}


@dataclass(frozen=True)
class Readiness:
    """What a draft says, and what stands between it and its submission."""

    rows: Mapping[str, DraftSection]
    document: Mapping[str, Any]
    findings: list[rules.Finding]
    """Of every rule, met or not."""
    trouble: Mapping[str, list[Text]]
    """What the schema finds, by field; without what a rule says already."""
    unconfirmed: list[str]
    reasons: list[Text]

    @property
    def blocking(self) -> list[rules.Finding]:
        return [finding for finding in self.findings if finding.blocks]

    @property
    def warnings(self) -> list[rules.Finding]:
        return [finding for finding in self.findings if not finding.met and not finding.blocks]

    @property
    def count(self) -> int:
        """How many things must be mended."""
        return len(self.blocking) + len(self.trouble) + len(self.unconfirmed) + len(self.reasons)

    @property
    def ready(self) -> bool:
        return self.count == 0

    def said(self) -> list[Text]:
        """The same as sentences for those who do not see the form."""
        listed = (
            (Text("Rules that are not met: %(names)s."), [finding.code for finding in self.blocking]),
            (Text("Fields that hold mistakes: %(names)s."), self.trouble),
            (Text("Copied fields that nobody has confirmed: %(names)s."), self.unconfirmed),
        )
        return self.reasons + [Text(text.id, {"names": ", ".join(names)}) for text, names in listed if names]


def readiness(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> Readiness:
    """What the draft of this case still lacks."""
    require(RULES, actor, "case.read_draft", case)
    return _readiness(session, case, now)


def judged(session: Session, submission: Submission, *, now: dt.datetime) -> list[rules.Finding]:
    """What the rules of today say of a document that was handed in."""
    return rules.evaluate(queries.rules(session), submission.document, today=now.astimezone(ZONE).date())


def _readiness(session: Session, case: Case, now: dt.datetime) -> Readiness:
    rows = drafts.all_rows(session, case)
    contents = {name: row.content for name, row in rows.items()}
    raw = {**sections.compose(contents, drafts.files(session, case)), "origin": case.origin}
    findings = rules.evaluate(queries.rules(session), raw, today=now.astimezone(ZONE).date())
    trouble = sections.trouble(raw)
    for path, said in operations.term_errors(session, raw).items():
        trouble.setdefault(path, []).extend(map(mistakes.sentence, said))
    told = [finding.field for finding in findings if finding.blocks]
    untold = {
        path: said
        for path, said in trouble.items()
        if said != [mistakes.MISSING] or not any(sections.covered(field, [path]) for field in told)
    }
    unconfirmed = [field for row in rows.values() for field in row.unconfirmed]
    reasons = [*_owner(session, case), *_files(session, case, contents), *_change(session, case, raw, trouble)]
    return Readiness(rows, raw, findings, untold, unconfirmed, reasons)


def _owner(session: Session, case: Case) -> list[Text]:
    verified = case.owner_id is not None and session.get_one(Organisation, case.owner_id).verified
    return [] if verified else [Text("The organisation is not verified yet: it may write, but not hand in.")]


def _files(session: Session, case: Case, contents: Mapping[str, Mapping[str, Any]]) -> list[Text]:
    """Files that the draft names and that are not ready."""
    entries = contents["files"].get("attachments") or []
    named = [str(entry.get("upload")) for entry in entries if isinstance(entry, Mapping)]  # typed by anybody
    if not named:
        return []
    rows = select(Upload).where(Upload.case_id == case.id, Upload.key.in_(named), Upload.sha256.is_(None))
    refused = Text("%(name)s was refused: take it out or bring another.")
    coming = Text("%(name)s is still being checked.")
    return [
        Text((refused if upload.state == "refused" else coming).id, {"name": upload.original})
        for upload in session.scalars(rows.order_by(Upload.id))
    ]


def _change(session: Session, case: Case, raw: Mapping[str, Any], trouble: Mapping[str, Any]) -> list[Text]:
    """Of a case that came back or is in the library: does a change wait, and does this one change anything?"""
    if case.state not in ("returned", "admitted"):
        return []
    if waiting(session, case):
        return [Text("A change of this case was handed in and waits for an answer.")]
    if trouble:
        return []
    document, back = _frozen(case, raw, str(case.code)), sent_back(session, case)
    if back is not None and document == back.document:
        return [Text("Nothing differs from what was returned: correct what was asked for first.")]
    if case.state == "admitted" and document == queries.revision(session, Actor(), case).document:
        return [Text("Nothing differs from what the library has.")]
    return []


def waiting(session: Session, case: Case) -> Submission | None:
    """What was handed in and has no answer yet."""
    return session.scalar(select(Submission).where(Submission.case_id == case.id, Submission.outcome.is_(None)))


def sent_back(session: Session, case: Case) -> Submission | None:
    """What was returned for correction, a change of an admitted case too, and is not handed in again yet."""
    if case.state not in ("returned", "admitted"):
        return None
    rows = select(Submission).where(Submission.case_id == case.id).order_by(Submission.number.desc()).limit(1)
    newest = session.scalar(rows)
    return newest if newest is not None and newest.outcome == "returned" else None


def not_ready(session: Session, case: Case, now: dt.datetime) -> list[Text]:
    """The guard of handing in."""
    return _readiness(session, case, now).said()


def submit(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> events.Facts:
    """Freeze the draft as a submission with a number, and order its receipt."""
    ready = _readiness(session, case, now)
    case.code = case.code or _number(session, case, now)
    newest = session.scalar(select(func.max(Submission.number)).where(Submission.case_id == case.id)) or 0
    document = _frozen(case, ready.document, case.code)
    row = insert_unless_there(
        session,
        Submission,
        case_id=case.id,
        number=newest + 1,
        document=document,
        digest=events.Fact("", document).digest,
        findings=[finding.as_dict() for finding in ready.findings],
        person_id=actor.person,
        at=now,
        fields=[],
    )
    if row is None:
        raise Conflict(Text("This case was handed in a moment ago; its receipt is here."))
    if not case.revision:
        operations.describe(case, operations.SCHEMA.load(document))
    duplicates.remember(session, case, document)
    draft_past.end_edits(session, case, "submit", now=now)
    deliveries.deliver(session, RECEIPT, str(row.id), {"submission": row.id}, due=now)
    return [submission_fact(row)]


def withdraw(session: Session, actor: Actor, case: Case, *, now: dt.datetime) -> events.Facts:
    """The organisation takes back what waits for an answer."""
    row = waiting(session, case)
    if row is None:
        return []
    row.outcome, row.decided_at, row.decided_by = "withdrawn", now, actor.id
    session.flush()
    return [decision_fact(row)]


def nothing_waits(session: Session, case: Case, now: dt.datetime) -> list[Text]:
    """The guard of every answer to a change of an admitted case."""
    return [] if waiting(session, case) else [Text("No change of this case waits for an answer.")]


def submission_fact(row: Submission) -> events.Fact:
    """What was handed in."""
    content = {"case": row.case_id, "number": row.number, "document": row.document, "by": row.person_id}
    return events.Fact(f"submission:{row.id}", content)


def decision_fact(row: Submission) -> events.Fact:
    """What was answered."""
    content = {
        "outcome": row.outcome,
        "reason": row.reason,
        "fields": row.fields,
        "due": row.due and row.due.astimezone(dt.UTC).isoformat(),
        "at": row.decided_at and row.decided_at.astimezone(dt.UTC).isoformat(),
        "by": row.decided_by,
    }
    return events.Fact(f"decision:{row.id}", content)


def _frozen(case: Case, raw: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The document with number and origin, as it is kept."""
    loaded = operations.SCHEMA.load({**raw, "code": code, "origin": case.origin})
    return dict(operations.SCHEMA.dump(loaded))


def _number(session: Session, case: Case, now: dt.datetime) -> str:
    """The next free number of the year; numbers of packaged demonstration cases are left out."""
    series = "DEMO" if case.demonstration else f"MIOT-{now.astimezone(ZONE).year}"
    code = next_number(session, series)
    while session.scalar(select(Case.id).where(Case.code == code)) is not None:
        code = next_number(session, series)
    return code
