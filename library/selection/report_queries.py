"""How a call went, in numbers, from its tables alone. It gives away nobody who was not selected, and no expert.

A count of entries in a sector, a province or a rung is kept back where fewer than FEWEST of them were not
selected, and where it would follow from others; experts are listed, by pseudonym, where there are FEWEST of them.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import workdays
from ..accounts.models import Organisation
from ..catalog import counts, taxonomy
from ..catalog.models import Revision
from ..catalog.queries import calendar
from .decision_models import Choice, SelectionList
from .entry_models import PUBLIC, Entry, EntryCheck
from .expert_models import Review
from .models import Call, LatePermit, Quota, QuotaTransfer
from .notice_models import Notice, Objection

FEWEST = 5
KINDS = ("direction", "sector", "province", "scale")


def report(session: Session, call: Call) -> dict[str, Any]:
    """Counts, breakdowns, experts, durations, objections, exceptions, permits and places of a call, as JSON."""
    return {
        "stages": _stages(session, call),
        "states": _states(session, call),
        **_breakdowns(session, call),
        "experts": _experts(session, call),
        "blind": _blind(session, call),
        "durations": _durations(session, call),
        "objections": _objections(session, call),
        "exceptions": _exceptions(session, call),
        **_places(session, call),
    }


def _count(session: Session, *wanted: Any) -> int:
    return session.scalar(select(func.count()).select_from(Entry).where(*wanted)) or 0


def _stages(session: Session, call: Call) -> dict[str, int]:
    """How many entries came how far, whatever became of them afterwards."""
    own = Entry.call_id == call.id
    passed = select(EntryCheck.entry_id).where(EntryCheck.outcome == "passed")
    reviewed = select(Review.entry_id).where(Review.call_id == call.id, Review.state == "final")
    return {
        "entered": _count(session, own),
        "recommended": _count(session, own, Entry.signer.is_not(None)),
        "checked": _count(session, own, Entry.id.in_(passed)),
        "reviewed": _count(session, own, Entry.id.in_(reviewed)),
        "announced": _count(session, own, Entry.state.in_(PUBLIC)),
        "selected": _count(session, own, Entry.state == "selected"),
    }


def _states(session: Session, call: Call) -> dict[str, int]:
    rows = select(Entry.state, func.count()).where(Entry.call_id == call.id).group_by(Entry.state)
    return dict(sorted(iter(session.execute(rows))))


def _breakdowns(session: Session, call: Call) -> dict[str, Any]:
    """Entered and selected by what a case is and where it comes from; None for what is kept back."""
    trees = taxonomy.read(session)
    rows = (
        select(Entry.direction, Entry.state, Organisation.province, Revision.document)
        .join(Organisation, Organisation.id == Entry.applicant_id)
        .join(Revision, Revision.id == Entry.revision_id)
        .where(Entry.call_id == call.id)
        .execution_options(yield_per=200)
    )
    entered: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    selected: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for direction, state, province, document in session.execute(rows):
        sector = document["sectors"][0]
        codes = (direction, sector, province or "", counts.scale(counts.headline(_counts(document))))
        for kind, code in zip(KINDS, codes, strict=True):
            entered[kind][code] += 1
            selected[kind][code] += state == "selected"
    groups = {kind: dict.fromkeys(entered[kind], "") for kind in KINDS}
    groups["sector"] = {code: trees.direction(code) for code in entered["sector"] if code in trees.sectors}
    return {kind: broken_down(entered[kind], selected[kind], groups[kind]) for kind in KINDS}


def _counts(document: Mapping[str, Any]) -> Iterator[Any]:
    """The counts that a frozen document states."""
    for position, said in enumerate(document.get("connections") or ()):
        facts = {"scope": "project", "bound": "exact", "as_of": None, "verified_on": None, **said}
        yield SimpleNamespace(**{**facts, "position": position})


def broken_down(
    entered: Mapping[str, int], selected: Mapping[str, int], groups: Mapping[str, str]
) -> list[list[Any]]:
    """[code, entered or None, selected], by code. What is selected is public; the rest is not, where it is small.

    Within a group, whose total may be known, as many rows are kept back as leave open what each of them was.
    """
    rest = {code: entered[code] - selected.get(code, 0) for code in entered}
    hidden: set[str] = set()
    for group in sorted(set(groups.values()) | {""}):
        inside = sorted((each, code) for code, each in rest.items() if each and groups.get(code, "") == group)
        small = [code for each, code in inside if each < FEWEST]
        more = [code for each, code in inside if each >= FEWEST]
        while small and more and (len(small) < 2 or sum(rest[code] for code in small) < FEWEST):
            small.append(more.pop(0))
        hidden.update(small)
    return [[code, None if code in hidden else entered[code], selected.get(code, 0)] for code in sorted(entered)]


def _experts(session: Session, call: Call) -> dict[str, Any]:
    """How many there were, what became of their reviews, and how severe each was in the run that counted."""
    reviews = select(Review.state, func.count()).where(Review.call_id == call.id).group_by(Review.state)
    people = session.scalar(select(func.count(Review.person_id.distinct())).where(Review.call_id == call.id)) or 0
    rows: list[list[Any]] = []
    chosen = session.scalar(select(SelectionList).where(SelectionList.call_id == call.id))
    if chosen is not None:
        found = json.loads(chosen.run.result)
        rows = [
            [each["expert"], each["reviews"], round(each["severity"], 2)]
            for each in (found.get("ranking") or found).get("experts", ())
        ]
    listed = rows if len(rows) >= FEWEST else []
    spread = [row[2] for row in rows if row[2] is not None]
    return {
        "people": people,
        "reviews": dict(sorted(iter(session.execute(reviews)))),
        "severity": _quartiles(spread) if listed else None,
        "rows": sorted(listed, key=lambda row: (-row[2], row[0])),
    }


def _blind(session: Session, call: Call) -> dict[str, Any]:
    """How many cases were public before anybody reviewed them, and how often an expert knew whose case it was."""
    final = (Review.call_id == call.id, Review.state == "final")
    reviewed = select(Review.entry_id).where(*final)
    public = _count(session, Entry.call_id == call.id, Entry.was_public, Entry.id.in_(reviewed))
    answers = select(Review.recognised, func.count()).where(*final).group_by(Review.recognised)
    said = dict(iter(session.execute(answers)))
    return {
        "review": call.document.get("review"),
        "public_before": public,
        "recognised": said.get(True, 0),
        "not_recognised": said.get(False, 0),
    }


def _durations(session: Session, call: Call) -> dict[str, Any]:
    """[how many, first quartile, median, third quartile] in working days, of each stage."""
    days = calendar(session)
    entries, notices = Entry.call_id == call.id, Notice.call_id == call.id
    first = select(func.min(EntryCheck.at)).where(EntryCheck.entry_id == Entry.id).scalar_subquery()
    stages = {
        "recommendation": select(Entry.entered_at, Entry.attested_at).where(entries, Entry.signer.is_not(None)),
        "check": select(Entry.attested_at, first).where(entries, Entry.signer.is_not(None)),
        "review": select(Review.assigned_at, Review.final_at).where(
            Review.call_id == call.id, Review.state == "final"
        ),
        "notice": select(Notice.begins_at, Notice.ends_at).where(notices),
        "objection": select(Objection.filed_at, func.coalesce(Objection.ended_at, Objection.decided_at))
        .join(Notice, Notice.id == Objection.notice_id)
        .where(notices),
    }
    return {name: _quartiles(_spans(session, rows, days)) for name, rows in stages.items()}


def _spans(session: Session, rows: Any, days: workdays.Exceptions) -> list[int]:
    seen: dict[tuple[dt.date, dt.date], int] = {}

    def days_between(start: dt.datetime, end: dt.datetime) -> int:
        key = (start.astimezone(workdays.ZONE).date(), end.astimezone(workdays.ZONE).date())
        if key not in seen:
            seen[key] = workdays.between(start, end, days)
        return seen[key]

    return [days_between(start, end) for start, end in session.execute(rows) if start and end]


def _quartiles(values: Iterable[float]) -> list[float] | None:
    """How many, and the quartiles with both ends counted (method 7 of Hyndman & Fan 1996)."""
    found = sorted(values)
    if not found:
        return None
    cuts = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
    return [len(found), *(round(cut, 2) for cut in cuts)]


def _objections(session: Session, call: Call) -> list[list[Any]]:
    """[ground, outcome, code of the refusal, how many]."""
    named = (Objection.ground, Objection.state, Objection.refusal)
    rows = select(*named, func.count()).join(Notice, Notice.id == Objection.notice_id)
    rows = rows.where(Notice.call_id == call.id).group_by(*named)
    return [list(row) for row in sorted(session.execute(rows), key=lambda row: [str(each) for each in row])]


def _exceptions(session: Session, call: Call) -> list[dict[str, Any]]:
    """Who was selected, or left out, against the order of ranks, and why, in the words of the list.

    Whoever was not selected has no name, not even in the reason.
    """
    rows = (
        select(Choice, Entry)
        .join(Entry, Entry.id == Choice.entry_id)
        .join(SelectionList, SelectionList.id == Choice.list_id)
        .where(SelectionList.call_id == call.id, Choice.reason.is_not(None))
        .order_by(Choice.rank, Entry.code)
    )
    found = session.execute(rows).all()
    if not found:
        return []
    lost = _names_of_losers(session, call)
    return [
        {
            "entry": entry.code if entry.state == "selected" else None,
            "rank": choice.rank if entry.state == "selected" else None,
            "selected": choice.selected,
            "reason": without(str(choice.reason), lost),
        }
        for choice, entry in found
    ]


def _names_of_losers(session: Session, call: Call) -> list[str]:
    """What the entries that were not selected, their cases and applicants are called; the longest first."""
    names: dict[bool, set[str]] = defaultdict(set)
    rows = select(Entry).where(Entry.call_id == call.id).execution_options(yield_per=200)
    for entry in session.scalars(rows):
        own = (entry.applicant.name_zh, entry.applicant.name_en, entry.case.title_zh, entry.case.title_en)
        known = names[entry.state in PUBLIC]
        known.update(name for name in (*own, entry.code, entry.alias, entry.case.code) if name)
    return sorted(names[False] - names[True], key=lambda name: (-len(name), name))


def without(text: str, names: Iterable[str]) -> str:
    """The text with each of the names, longest first, taken out."""
    for name in names:
        text = text.replace(name, "[…]")
    return text


def _places(session: Session, call: Call) -> dict[str, Any]:
    """Late permits and late entries; each recommender's places and how many it used."""
    permits = session.scalar(select(func.count()).where(LatePermit.call_id == call.id)) or 0
    moved = session.scalar(select(func.sum(QuotaTransfer.places)).where(QuotaTransfer.call_id == call.id)) or 0
    rows = (
        select(Organisation.name_zh, Organisation.name_en, Quota.places, Quota.used)
        .join(Organisation, Organisation.id == Quota.organisation_id)
        .where(Quota.call_id == call.id)
        .order_by(Organisation.name_zh, Organisation.id)
    )
    late = _count(session, Entry.call_id == call.id, Entry.entered_at > call.last_moment)
    return {
        "permits": {"given": permits, "entered_late": late},
        "places": [list(row) for row in session.execute(rows)],
        "moved": int(moved),
    }
