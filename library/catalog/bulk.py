"""Many cases at once: a table is kept, read and checked first, and written when its owner says so.

The same key of the owner's is the same case: a second import changes what differs and adds nothing twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .. import events
from ..accounts.models import Membership, Organisation
from ..db import canonical
from ..deliveries import deliver
from ..errors import Conflict, Invalid, Missing, Text
from ..files import Kept
from ..policy import Actor, require
from . import drafts, mistakes, sections
from .draft_models import BulkImport, DraftSection
from .grids import KEY, Row
from .models import Case, Term
from .numbers import random_key
from .operations import TREES
from .policy import RULES
from .schemas import DRAFT_SECTIONS

CHECK, WRITE = "check-import", "write-import"  # kinds of Delivery
UNIT = 100  # cases in one unit of work when each row stands for itself
PORTION = 500  # keys in one statement
MOST_CHANGED = 250  # cases in one unit, by which nobody else's save waits for long
TOLD = 1000  # errors that are kept; the others are counted
CHANGEABLE = frozenset({"draft", "returned", "admitted"})  # states of a case that may be written into
Tell = Callable[[int], None]
Sections = Mapping[str, dict[str, Any]]


def begin(session: Session, actor: Actor, *, name: str, kept: Kept, whole: bool, now: dt.datetime) -> BulkImport:
    """A table that was brought; a worker reads and checks it."""
    require(RULES, actor, "case.draft", None)
    row = BulkImport(
        key=random_key(),
        organisation_id=actor.organisation,
        person_id=actor.person,
        name=name,
        sha256=kept.sha256,
        whole=whole,
        result={},
        at=now,
    )
    session.add(row)
    session.flush()
    deliver(session, CHECK, str(row.id), {"import": row.id}, due=now)
    events.record(session, actor, "import.begin", row.subject, now=now, detail={"name": name})
    return row


def found(session: Session, actor: Actor, key: str) -> BulkImport:
    """A table of the actor's organisation. Raises Missing."""
    row = session.scalar(
        select(BulkImport).where(BulkImport.key == key, BulkImport.organisation_id == actor.organisation)
    )
    if row is None or not actor.membership:
        raise Missing(Text("There is no such table."))
    return row


def recent(session: Session, actor: Actor, *, limit: int = 20) -> list[BulkImport]:
    """The tables that the actor's organisation brought, newest first."""
    rows = select(BulkImport).where(BulkImport.organisation_id == actor.organisation)
    return list(session.scalars(rows.order_by(BulkImport.id.desc()).limit(limit)))


def check(session: Session, owner: int, rows: Sequence[Row], tell: Tell) -> dict[str, Any]:
    """What writing these rows would do, and what is wrong with them, by row and column. Writes nothing."""
    known = _known(session, owner)
    terms = _terms(session)
    differ = {row.number for row in differing(session, owner, [row for row in rows if row.key in known])}
    tally = {"added": 0, "changed": 0, "unchanged": 0, "wrong": 0}
    errors: list[dict[str, Any]] = []
    wrong_rows: list[int] = []
    seen: dict[str, int] = {}
    for done, row in enumerate(rows):
        wrong = [*_complaints(row, seen, terms)]
        if row.key in known and known[row.key] not in CHANGEABLE:
            wrong.append((KEY, Text("This case waits for an answer or is closed; it cannot be changed now.")))
        seen.setdefault(row.key, row.number)
        wrong_rows += [row.number] if wrong else []
        there = "changed" if row.number in differ else "unchanged" if row.key in known else "added"
        tally["wrong" if wrong else there] += 1
        errors += [{"row": row.number, "column": column, **_kept(text)} for column, text in wrong]
        if done % 200 == 0:
            tell(done)
    return {**tally, "errors": errors[:TOLD], "errors_total": len(errors), "wrong_rows": wrong_rows}


def differing(session: Session, owner: int, rows: Sequence[Row]) -> list[Row]:
    """Those of these rows that add a case or change one: looked for before the unit, which on SQLite locks all."""
    found = []
    for some in portions(rows, PORTION):
        there = _cases(session, owner, some)
        texts = _contents(session, there.values())
        for row in some:
            case = there.get(row.key)
            if case is None or any(_changes(texts[case.id], _split(row))):
                found.append(row)
    return found


def write(
    session: Session, actor: Actor, row: BulkImport, rows: Sequence[Row], *, now: dt.datetime
) -> dict[str, int]:
    """Write rows that are right, in the caller's unit, and record them as one event with their digest."""
    require(RULES, actor, "case.draft", None)
    owner = session.get_one(Organisation, row.organisation_id)
    there: dict[str | None, Case] = {}
    for some in portions(rows, PORTION):
        there |= _cases(session, owner.id, some)
    fresh = [each for each in rows if each.key not in there]
    _add(session, actor, owner, fresh, now=now)
    tally = {"added": len(fresh), "changed": 0, "unchanged": 0}
    for each in rows:
        if each.key in there:
            changed = _change(session, actor, there[each.key], each, now=now)
            tally["changed" if changed else "unchanged"] += 1
    manifest = canonical([[each.key, each.document] for each in rows])
    detail = {**tally, "table": row.name, "manifest": hashlib.sha256(manifest.encode()).hexdigest()}
    events.record(session, actor, "import.write", row.subject, now=now, detail=detail)
    return tally


def right(rows: Sequence[Row], result: Mapping[str, Any]) -> list[Row]:
    """The rows of which the check found nothing wrong."""
    wrong = set(result["wrong_rows"])
    return [row for row in rows if row.number not in wrong]


def portions(rows: Sequence[Row], most: int = UNIT) -> Iterator[Sequence[Row]]:
    """Rows that stand for themselves, so many as go into one unit of work."""
    return (rows[at : at + most] for at in range(0, len(rows), most))


def acting(session: Session, row: BulkImport) -> Actor:
    """Who brought the table, as what he is in his organisation now. Raises Conflict when he has left it or it was
    closed."""
    belongs = select(Membership.role).where(
        Membership.person_id == row.person_id,
        Membership.organisation_id == row.organisation_id,
        Membership.ended_at.is_(None),
        Organisation.closed_at.is_(None),
    )
    role = session.scalar(belongs.join(Organisation, Organisation.id == Membership.organisation_id))
    if role is None:
        raise Conflict(Text("Whoever brought this table is no longer a member, or the organisation was closed."))
    return Actor(f"person:{row.person_id}", row.organisation_id, person=row.person_id, membership=role)


def may_begin(session: Session, row: BulkImport, now: dt.datetime) -> list[Text]:
    """Guard of import.accept: what is in the way of writing a checked table."""
    if row.whole and row.result.get("wrong"):
        return [Text("All rows or none was chosen, and some are wrong: correct them and bring the table again.")]
    if row.result.get("wrong") == row.rows:
        return [Text("No row is right.")]
    if row.whole and row.result.get("changed", 0) > MOST_CHANGED:
        return [Text("More than %(most)s cases would change: bring it again row by row.", {"most": MOST_CHANGED})]
    if not row.result.get("added") and not row.result.get("changed"):
        return [Text("Nothing differs: every row that is right is here already, as it stands in the table.")]
    return []


def order(session: Session, actor: Actor, row: BulkImport, *, now: dt.datetime, **_: Any) -> None:
    """Effect of import.accept: a worker writes the table."""
    row.done = 0
    deliver(session, WRITE, str(row.id), {"import": row.id, "actor": actor.id}, due=now)


def checked(
    session: Session, actor: Actor, row: BulkImport, *, rows: int, result: Mapping[str, Any], **_: Any
) -> None:
    """Effect of import.check."""
    row.rows, row.done, row.result = rows, rows, dict(result)


def refused(session: Session, actor: Actor, row: BulkImport, *, now: dt.datetime, why: Text, **_: Any) -> None:
    """Effect of import.refuse: it is no table of cases."""
    row.ended_at, row.result = now, _kept(why)


def written(
    session: Session, actor: Actor, row: BulkImport, *, now: dt.datetime, result: Mapping[str, Any], **_: Any
) -> None:
    """Effect of import.done."""
    row.ended_at, row.done, row.result = now, row.rows, {**row.result, **result}


def _known(session: Session, owner: int) -> dict[str, str]:
    """State of every case that the owner's keys name."""
    rows = select(Case.external_key, Case.state).where(Case.owner_id == owner, Case.external_key.is_not(None))
    return {str(key): state for key, state in session.execute(rows)}


def _cases(session: Session, owner: int, rows: Sequence[Row]) -> dict[str | None, Case]:
    """The cases that these rows name."""
    named = select(Case).where(Case.owner_id == owner, Case.external_key.in_([row.key for row in rows]))
    return {case.external_key: case for case in session.scalars(named)}


def _contents(session: Session, cases: Collection[Case]) -> dict[int, dict[str, dict[str, Any]]]:
    """What these drafts hold, by case and section; where nobody has typed since, what the library shows."""
    found: dict[int, dict[str, dict[str, Any]]] = {case.id: {} for case in cases}
    kept = select(DraftSection.case_id, DraftSection.name, DraftSection.content)
    for case, section, content in session.execute(kept.where(DraftSection.case_id.in_(found))):
        found[case][section] = content
    return found | {case.id: drafts.contents(session, case) for case in cases if case.revision}


def _changes(before: Sections, given: Sections) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sections that a row changes, as they are then; what it has no column for stays as it is."""
    for section, content in given.items():
        was = before.get(section, {})
        after = {**was, **content}
        if sections.changes(was, after):
            yield section, after


def _terms(session: Session) -> dict[str, frozenset[str]]:
    """The codes that the taxonomies have, by the field that uses them."""
    rows = list(session.execute(select(Term.taxonomy, Term.code)))
    return {field: frozenset(code for kind, code in rows if kind == taxonomy) for taxonomy, field in TREES.items()}


def _complaints(
    row: Row, seen: Mapping[str, int], terms: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, Text]]:
    yield from row.wrong.items()
    if not row.key or len(row.key) > 100:
        yield KEY, Text("Every row needs a key of your own, of at most 100 characters.")
    elif row.key in seen:
        yield KEY, Text("Row %(row)s has the same key.", {"row": seen[row.key]})
    if not (row.document.get("title") or {}).get("zh") and "title.zh" not in row.wrong:
        yield row.column("title.zh"), Text("A case needs a Chinese title.")
    try:
        for section, content in _split(row).items():
            sections.refuse(section, content)
    except Invalid as problem:
        yield from ((row.column(path), Text(str(said[0]))) for path, said in problem.fields.items())
        return
    for path, said in sections.trouble(sections.typed(row.document)).items():
        yield from ((row.column(path), text) for text in said if text.id != mistakes.MISSING.id)
    for field, known in terms.items():
        for code in row.document.get(field) or ():
            if code not in known:
                yield row.column(field), Text("There is no code %(code)s.", {"code": str(code)[:40]})


def _split(row: Row) -> dict[str, dict[str, Any]]:
    """The row's document by sections, those alone that it says something in."""
    found = {
        section: sections.tidy({name: row.document[name] for name in names if name in row.document})
        for section, names in DRAFT_SECTIONS.items()
    }
    return {section: content for section, content in found.items() if content}


def _add(session: Session, actor: Actor, owner: Organisation, rows: Sequence[Row], *, now: dt.datetime) -> None:
    """New drafts, in two statements: nobody else writes meanwhile, so it must be quick."""
    if not rows:
        return
    origin = "demo" if owner.demonstration else "submitted"
    shared = {"origin": origin, "owner_id": owner.id, "created_at": now, "state": "draft"}
    cases = [{"key": random_key(), "external_key": row.key, **shared} for row in rows]
    made = session.execute(insert(Case).returning(Case.id, Case.external_key), cases)
    numbers = {key: number for number, key in made}
    by = {"version": 1, "unconfirmed": [], "person_id": actor.person, "at": now}
    texts = [
        {"case_id": numbers[row.key], "name": section, "content": content, **by}
        for row in rows
        for section, content in _split(row).items()
    ]
    session.execute(insert(DraftSection), texts)


def _change(session: Session, actor: Actor, case: Case, row: Row, *, now: dt.datetime) -> bool:
    """Save what differs, unless somebody was quicker."""
    there = drafts.rows(session, actor, case)
    changes = list(_changes({name: each.content for name, each in there.items()}, _split(row)))
    for section, after in changes:
        drafts.save(session, actor, case, section, content=after, version=there[section].version, now=now)
    return bool(changes)


def _kept(text: Text) -> dict[str, Any]:
    """A sentence as it is kept, to become words at the glass."""
    return {"id": text.id, "params": dict(text.params)}
