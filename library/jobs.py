"""Work that was ordered in a transaction and is done by a worker: what each kind of Delivery means."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from . import chain, events, mail, notices
from .accounts import account_letters, letter_flow, letters
from .accounts.letter_models import Letter
from .catalog import admission, bulk, bulk_flow, grids, receipts, submissions, upload_checks
from .catalog.draft_models import BulkImport, Submission
from .config import Config
from .db import Database
from .errors import Problem, Text
from .files import Store
from .policy import SYSTEM
from .scanning import scanner
from .selection import (
    announcing,
    assign_flow,
    assignments,
    call_archive,
    call_documents,
    certificates,
    checks,
    facts,
    lists,
    notice_steps,
    planning,
    publication,
    publishing,
    release,
    run_queries,
    runs,
    scoring,
)
from .selection.entry_models import EntryCheck
from .workflow import step

Payload = Mapping[str, Any]


def _tell(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    notices.tell(database, config, seq=payload["seq"], now=at)


def _post(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    """Send a letter that still waits; one that was held or thrown away meanwhile is left alone."""
    with database.reading() as session:
        letter = session.get(Letter, payload["letter"])
    if letter is None or letter.state != "queued":
        return
    why = "its person was erased" if letter.text is None else account_letters.why_dead(letter, at)
    if why:
        with database.unit() as session:
            row = session.get_one(Letter, letter.id)
            step(letter_flow.FLOW, session, SYSTEM, row, "letter.fail", now=at, error=why)
        return
    mail.send(config, letter, now=at)
    with database.unit() as session:
        row = session.get_one(Letter, letter.id, with_for_update=True)
        if row.state == "queued":
            step(letter_flow.FLOW, session, SYSTEM, row, "letter.send", now=at)


def _overdue(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    with database.unit() as session:
        admission.note_overdue(session, SYSTEM, session.get_one(Submission, payload["submission"]), now=at)


def _late_correction(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    with database.unit() as session:
        checks.note_overdue(session, SYSTEM, session.get_one(EntryCheck, payload["check"]), now=at)


def _check_import(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    """Read and check a table of cases; how far it has come stands in its row."""
    given: dict[str, Any]
    with database.reading() as session:
        row = session.get_one(BulkImport, payload["import"])
        if row.state != "waiting":
            return
        try:
            rows = grids.read(Store(config.files).path(row.sha256), row.name.rpartition(".")[2].lower())
            _progress(database, row.id, 0, of=len(rows))
            result = bulk.check(session, row.organisation_id, rows, lambda done: _progress(database, row.id, done))
            move, given = "import.check", {"rows": len(rows), "result": result}
        except Problem as problem:
            move, given = "import.refuse", {"why": problem.text}
    with database.unit() as session:
        step(bulk_flow.FLOW, session, SYSTEM, session.get_one(BulkImport, row.id), move, now=at, **given)


def _write_import(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    """Write a checked table: in one unit, or a hundred rows at a time. Started again it adds nothing twice."""
    with database.reading() as session:
        row = session.get_one(BulkImport, payload["import"])
    if row.state != "accepted":
        return
    rows = grids.read(Store(config.files).path(row.sha256), row.name.rpartition(".")[2].lower())
    rows = bulk.right(rows, row.result)
    with database.reading() as session:
        differing = bulk.differing(session, row.organisation_id, rows)
    total = Counter(unchanged=len(rows) - len(differing))
    given: dict[str, Any]
    try:
        for some in [differing] if row.whole else bulk.portions(differing):
            with database.unit() as session:
                actor = bulk.acting(session, row)
                total.update(bulk.write(session, actor, session.get_one(BulkImport, row.id), some, now=at))
            _progress(database, row.id, total.total())
        move, given = "import.done", {"result": dict(total)}
    except Problem as problem:
        move, given = "import.refuse", {"why": problem.text}
    with database.unit() as session:
        step(bulk_flow.FLOW, session, SYSTEM, session.get_one(BulkImport, row.id), move, now=at, **given)


def _progress(database: Database, number: int, done: int, *, of: int | None = None) -> None:
    with database.unit() as session:
        row = session.get_one(BulkImport, number)
        row.done, row.rows = done, row.rows if of is None else of


def _check_upload(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    store = Store(config.files, max_bytes=config.max_file)
    upload_checks.check(database, store, scanner(config.clamav), upload=payload["upload"])


def _receipt(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    receipts.make(database, Store(config.files), config, submission=payload["submission"], now=at)


def _announce(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    """The entries that a notice lists, a hundred at a time. Started again it goes on where it was."""
    announced = notice_steps.PORTION
    while announced == notice_steps.PORTION:
        with database.unit() as session:
            announced = notice_steps.announce_some(session, payload["notice"], now=at)


def _rank(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    runs.make(database, payload, now=at)


def _release(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    release.go(database, number=payload["list"], now=at)


def _publish(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    publication.carry_out(database, call=payload["call"], now=at)


def _certificate(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    certificates.make(database, Store(config.files), config, certificate=payload["certificate"], now=at)


def _call_documents(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    call_documents.make(database, Store(config.files), config, call=payload["call"], now=at)


def _call_archive(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    call_archive.make(database, Store(config.files), config, order=payload, now=at)


def _hand_over(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    planning.hand_over(database, call=payload["call"], now=at)


def _plan(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    planning.plan(database, number=payload["assignment"], now=at)


def _apply_plan(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    planning.apply(database, number=payload["assignment"], now=at)


def _undo_plan(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    planning.undo(database, number=payload["assignment"], now=at)


def _remind(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    assign_flow.remind(database, payload, now=at)


def _check_chain(config: Config, database: Database, payload: Payload, at: dt.datetime) -> None:
    """Everything is read without keeping anybody from writing."""
    with database.reading() as session:
        known = {anchor.seq: anchor.hash for anchor in events.anchors(session)}
        report = chain.check_chain(session, facts.RECOMPUTE, known)
    with database.unit() as session:
        chain.keep(session, payload["check"], report, now=at)


JOBS: Mapping[str, Callable[[Config, Database, Payload, dt.datetime], None]] = {
    notices.TELL: _tell,
    letters.POST: _post,
    chain.CHECK: _check_chain,
    bulk.CHECK: _check_import,
    bulk.WRITE: _write_import,
    admission.OVERDUE: _overdue,
    checks.OVERDUE: _late_correction,
    submissions.RECEIPT: _receipt,
    upload_checks.CHECK: _check_upload,
    publishing.PUBLISH: _publish,
    publishing.DRAW: _certificate,
    publication.DOCUMENTS: _call_documents,
    call_archive.ARCHIVE: _call_archive,
    run_queries.RANK: _rank,
    lists.RELEASE: _release,
    announcing.ANNOUNCE: _announce,
    scoring.HAND: _hand_over,
    assignments.PLAN: _plan,
    assignments.APPLY: _apply_plan,
    assignments.UNDO: _undo_plan,
    assign_flow.REMIND: _remind,
}

# Tried until it is done: a font that draws the receipt may come at any time.
UNTIRING = frozenset(
    {
        chain.CHECK,
        submissions.RECEIPT,
        publishing.PUBLISH,
        publishing.DRAW,
        publication.DOCUMENTS,
        scoring.HAND,
        assignments.APPLY,
        assignments.UNDO,
    }
)


def give_up(session: Session, kind: str, payload: Payload, *, error: str, now: dt.datetime) -> None:
    """Work that failed too often: what waits for it is told."""
    if kind == upload_checks.CHECK:
        upload_checks.give_up(session, upload=payload["upload"])
    if kind == assignments.PLAN:
        assignments.give_up(session, payload["assignment"])
    if kind in (bulk.CHECK, bulk.WRITE):
        row = session.get_one(BulkImport, payload["import"])
        why = Text("The table could not be read to its end; save it again and bring it once more.")
        if row.state in ("waiting", "accepted"):
            step(bulk_flow.FLOW, session, SYSTEM, row, "import.refuse", now=now, why=why)
    if kind == letters.POST:
        letter = session.get(Letter, payload["letter"])
        if letter is not None and letter.state == "queued":
            step(letter_flow.FLOW, session, SYSTEM, letter, "letter.fail", now=now, error=error)
