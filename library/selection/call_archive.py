"""A whole call as one file: entered, checked, scored, ranked, approved, announced, published. For officers.

A ZIP with a manifest that has the SHA-256 of every file and the head of the event chain. The same tables give the
same bytes. Experts stand in it by pseudonym, objectors not at all.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import String, cast, literal, or_, select, union_all, update
from sqlalchemy.orm import Session, joinedload

from .. import deliveries, events
from ..chain import EXPORTED
from ..config import Config
from ..db import Database, canonical
from ..errors import Conflict, Text
from ..files import Kept, Store
from ..language import Language
from ..policy import Actor, require
from . import call_documents, certificates, notice_queries, queries, run_queries
from .benchmark_models import Benchmark, Result
from .benchmark_policy import RULES
from .decision_models import RankingRun, SelectionList
from .entry_models import Entry, EntryCheck
from .expert_models import Review
from .models import Call
from .notice_models import Notice, Objection
from .operations import ENDED
from .scores import COLUMNS, WEIGHT

ARCHIVE = "call_archive"  # of a Delivery; its payload is {"call": id}
KIND: str = "archive"
LANG: Language = "zh"
SOME = 100
Progress = Callable[[int], None]
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can say
# What tells who is behind a pseudonym, or who objected, stays in the chain of the site.
UNTOLD = ("review.", "expert.", "assignment.", "objection.")
README = """{title} ({code})

manifest.json    SHA-256 and size of every file, and the head of the event chain when this was made
SHA256SUMS       the same for the command line:  sha256sum -c SHA256SUMS
call.json        what the call said, its dates, places, permits
entries/         each entry: the case as it was frozen, the form check, the recommendation
reviews.jsonl    every review; experts by pseudonym, entries by the name under which experts knew them
runs/            each ranking: the table of scores (caselib rank FILE.csv computes it again), settings, result
list.json        what was selected, exceptions with reasons, approvals
notices/         each public notice
objections.json  what was objected and what came of it, without who objected
result.json      the published list; certificates.json and certificates/ what was issued
report.json      how the call went, in numbers
events.jsonl     the links of the event chain about all this, without details; those that tell who reviewed or
                 objected stay in the chain of the site
"""


def order(session: Session, actor: Actor, call: Call, *, now: dt.datetime) -> None:
    """Have the archive made as things are now. Raises Conflict as long as the call runs."""
    require(RULES, actor, "call.export", call)
    if call.state not in ENDED or call.code is None:
        raise Conflict(Text("A call is put into an archive when it has ended."))
    seq = events.head_seq(session)
    deliveries.deliver(session, ARCHIVE, f"{call.code} {seq}", {"call": call.id}, due=now)


def waiting(session: Session, call: Call) -> deliveries.Delivery | None:
    """The newest order of an archive of this call."""
    rows = select(deliveries.Delivery).where(deliveries.Delivery.kind == ARCHIVE)
    rows = rows.where(deliveries.Delivery.key.startswith(f"{call.code} ", autoescape=True))
    return session.scalar(rows.order_by(deliveries.Delivery.id.desc()).limit(1))


def make(database: Database, store: Store, config: Config, *, order: Mapping[str, Any], now: dt.datetime) -> None:
    """Write the archive, telling how far it has come, and keep it in place of the last one."""
    number = order["call"]

    def tell(done: int) -> None:
        with database.unit() as session:
            call = session.get_one(Call, number)
            row = waiting(session, call)
            if row is not None:
                wanted = deliveries.Delivery.id == row.id
                session.execute(update(deliveries.Delivery).where(wanted).values(progress=done))

    with store.fresh() as path:
        with database.reading() as session:
            write(session, session.get_one(Call, number), store, path, progress=tell)
        kept: Kept = store.keep(path, "application/zip")
    with database.unit() as session:
        call_documents.keep(session, number, KIND, LANG, kept, now=now)


def write(
    session: Session, call: Call, store: Store, path: Path, *, progress: Progress = lambda done: None
) -> dict[str, Any]:
    """The archive at `path`; its manifest. Files are written as they are read: memory does not grow with them."""
    seq, head = events.head(session)
    manifest: dict[str, Any] = {"call": call.code, "chain": {"seq": seq, "hash": head}, "files": {}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=True) as archive:
        for done, (name, parts) in enumerate(_files(session, call, store), 1):
            manifest["files"][name] = _add(archive, name, parts)
            if done % SOME == 0:
                progress(done)
        sums = "".join(f"{file['sha256']}  {name}\n" for name, file in sorted(manifest["files"].items()))
        manifest["files"]["SHA256SUMS"] = _add(archive, "SHA256SUMS", [sums.encode()])
        _add(archive, "manifest.json", [_json(manifest)])
    return manifest


def _add(archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, FIRST_DAY)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    hashed, size = hashlib.sha256(), 0
    with archive.open(info, "w") as out:
        for part in parts:
            hashed.update(part)
            size += len(part)
            out.write(part)
    return {"sha256": hashed.hexdigest(), "size": size}


def _files(session: Session, call: Call, store: Store) -> Iterator[tuple[str, Iterable[bytes]]]:
    title = " / ".join(call.title.values())
    yield "README.txt", [README.format(title=title, code=call.code).encode()]
    yield "call.json", [_json(_call(session, call))]
    names = _pseudonyms(session, call)
    for number in session.scalars(select(Entry.id).where(Entry.call_id == call.id).order_by(Entry.code)).all():
        entry = session.get_one(Entry, number)
        yield f"entries/{entry.code}.json", [_json(_entry(session, entry))]
        session.expunge_all()  # memory stays flat
        call = session.get_one(Call, call.id)
    yield "reviews.jsonl", _lines(_reviews(session, call, names))
    for run in session.scalars(
        select(RankingRun).where(RankingRun.call_id == call.id).order_by(RankingRun.id)
    ).all():
        yield f"runs/{run.number}.csv", [_scores(run)]
        yield f"runs/{run.number}.json", [_json(_run(run))]
    chosen = session.scalar(select(SelectionList).where(SelectionList.call_id == call.id))
    if chosen is not None:
        yield "list.json", [_json(_list(chosen))]
    for notice in reversed(notice_queries.of_call(session, call)):
        yield f"notices/{notice.code}.json", [_json(_notice(notice))]
    yield "objections.json", [_json([_objection(row) for row in _objections(session, call)])]
    result = session.get(Result, call.id)
    if result is not None:
        yield "result.json", [_json(_picked(result, "items sha256 chain_seq chain_hash at"))]
        yield "report.json", [_json(result.report)]
        papers = certificates.of_call(session, call)
        yield "certificates.json", [_json([_certificate(paper) for paper in papers])]
        for paper in papers:
            if paper.pdf_sha256 is not None:
                yield f"certificates/{paper.number}.pdf", _blocks(store.path(paper.pdf_sha256))
    yield "events.jsonl", _lines(_events(session, call))


def _call(session: Session, call: Call) -> dict[str, Any]:
    places = [
        {**_picked(row, "places used"), "recommender": row.organisation.name}
        for row in queries.quotas(session, call)
    ]
    moved = reversed(queries.transfers(session, call))
    permits = sorted(queries.permits(session, call), key=lambda row: row.id)
    return {
        **_picked(call, "code state demonstration announced_at opens_at closes_at grace_minutes farewell"),
        "says": call.document,
        "places": places,
        "moved": [_picked(row, "from_id to_id places reason at") for row in moved],
        "permits": [{**_picked(row, "until reason at"), "organisation": row.organisation.name} for row in permits],
    }


def _entry(session: Session, entry: Entry) -> dict[str, Any]:
    checks = session.scalars(select(EntryCheck).where(EntryCheck.entry_id == entry.id).order_by(EntryCheck.id))
    said = "code alias state direction entered_at was_public signer attestation attested_at reason masks masked_at"
    return {
        **_picked(entry, said),
        "case": entry.case.code,
        "applicant": entry.applicant.name,
        "recommender": entry.recommender.name,
        "revision": _picked(entry.revision, "number digest document"),
        "checks": [_picked(row, "outcome findings reason fields due at") for row in checks],
    }


def _pseudonyms(session: Session, call: Call) -> Mapping[int, str]:
    newest = run_queries.newest(session, call)
    if newest is not None:
        return run_queries.pseudonyms(session, call, newest.salt)
    people = session.scalars(select(Review.person_id).where(Review.call_id == call.id).order_by(Review.key))
    return {person: f"E{number}" for number, person in enumerate(dict.fromkeys(people), 1)}


def _reviews(session: Session, call: Call, names: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    rows = select(Review, Entry.alias).join(Review.entry).where(Review.call_id == call.id)
    rows = rows.order_by(Entry.alias, Review.key).execution_options(yield_per=SOME)
    said = "state scores sides remarks confidence recognised reason assigned_at answered_at final_at"
    for row, alias in session.execute(rows):
        yield {"case": alias, "expert": names.get(row.person_id), **_picked(row, said)}


def _scores(run: RankingRun) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, WEIGHT])
    writer.writerows(json.loads(run.inputs)["scores"])
    return out.getvalue().encode()


def _run(run: RankingRun) -> dict[str, Any]:
    said = _picked(run, "number parameters inputs_sha256 result_sha256 version at")
    return {**said, "inputs": json.loads(run.inputs), "result": json.loads(run.result)}


def _list(row: SelectionList) -> dict[str, Any]:
    choices = [{"entry": each.entry.code, **_picked(each, "rank selected reason")} for each in row.choices]
    approvals = [
        {"name": each.person.name, **_picked(each, "version verdict reason at voided_at")}
        for each in row.approvals
    ]
    said = _picked(row, "state version places at released_at told_at")
    return {**said, "run": row.run.number, "choices": choices, "approvals": approvals}


def _notice(row: Notice) -> dict[str, Any]:
    return _picked(row, "code days begins_at ends_at items sha256 chain_seq chain_hash why")


def _objections(session: Session, call: Call) -> Iterable[Objection]:
    rows = select(Objection).join(Objection.notice).options(joinedload(Objection.entry))
    return session.scalars(rows.where(Notice.call_id == call.id).order_by(Objection.code))


def _objection(row: Objection) -> dict[str, Any]:
    """The text as the parties read it: the first one may tell who wrote it."""
    said = (
        "code state ground filed_at refusal decision decided_at forwarded asked reply replied_at outcome ended_at"
    )
    return {"entry": row.entry.code, **_picked(row, said)}


def _certificate(row: Any) -> dict[str, Any]:
    term = _picked(row.benchmark, "code state valid_from valid_until renewed_on revoked_on reason")
    return {**_picked(row, "number list_sha256 issued_at"), "benchmark": term}


def _events(session: Session, call: Call) -> Iterator[dict[str, Any]]:
    of_call = {
        "entry": select(Entry.id).where(Entry.call_id == call.id),
        "run": select(RankingRun.id).where(RankingRun.call_id == call.id),
        "list": select(SelectionList.id).where(SelectionList.call_id == call.id),
        "notice": select(Notice.id).where(Notice.call_id == call.id),
        "benchmark": select(Benchmark.id).where(Benchmark.call_id == call.id),
    }
    named = [
        select((literal(f"{kind}:") + cast(rows.subquery().c.id, String)).label("subject"))
        for kind, rows in of_call.items()
    ]
    subjects = union_all(*named).subquery()
    wanted = or_(events.Event.subject == call.subject, events.Event.subject.in_(select(subjects.c.subject)))
    rows = select(events.Event).where(wanted).order_by(events.Event.seq)
    for event in session.scalars(rows.execution_options(yield_per=SOME)):
        if not event.verb.startswith(UNTOLD):
            yield {name: getattr(event, name) for name in EXPORTED}


def _picked(row: Any, names: str) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names.split()}


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _lines(rows: Iterable[Any]) -> Iterator[bytes]:
    return ((canonical(row) + "\n").encode() for row in rows)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            yield block
