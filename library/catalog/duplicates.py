"""Cases that say nearly the same as another one: their marks in a table, and the search by them.

Marks lead to candidates; what is told comes from comparing the texts themselves, as far as the reader may see
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, column, delete, func, insert, select, values
from sqlalchemy.orm import Session

from ..policy import Actor
from . import likeness, policy
from .draft_models import Submission
from .likeness import Alike
from .models import Case, CaseMark, Revision
from .schemas import as_seen

CANDIDATES, MOST = 20, 10
COMMON = 500  # what stands in so many cases is a phrase, not a copy
BATCH = 100


@dataclass(frozen=True)
class Likeness:
    """Another case and the passages that are nearly the same, the longest first."""

    case: Case
    passages: tuple[Alike, ...]

    @property
    def length(self) -> float:
        """How much text is the same, in characters."""
        return sum(len(pair.mine.text) * pair.share for pair in self.passages)


def remember(session: Session, case: Case, document: Mapping[str, Any]) -> None:
    """Let others be compared with this document of a case, and with its current revision, from now on."""
    said = likeness.marks(likeness.passages(document))
    current = _current(session, case)
    if current is not None and current != document:
        said |= likeness.marks(likeness.passages(current))
    session.execute(delete(CaseMark).where(CaseMark.case_id == case.id))
    if said:
        session.execute(insert(CaseMark), [{"mark": mark, "case_id": case.id} for mark in sorted(said)])


def catch_up(session: Session, *, after: int = 0) -> int | None:
    """Remember the next BATCH of cases that were admitted before there were marks: the last id, or None."""
    marked = select(CaseMark.mark).where(CaseMark.case_id == Case.id).exists()
    wanted = select(Case).where(Case.id > after, Case.revision > 0, ~marked).order_by(Case.id).limit(BATCH)
    last = None
    for case in session.scalars(wanted).all():
        remember(session, case, _current(session, case) or {})
        last = case.id
    return last


def find(session: Session, actor: Actor, case: Case, document: Mapping[str, Any]) -> list[Likeness]:
    """Which other cases say nearly the same as `document` of `case`, and where, as far as the actor may see.

    Real cases are compared with real ones, demonstrations with demonstrations.
    """
    marked = [(passage, likeness.marks([passage])) for passage in likeness.passages(document)]
    rare = _rare(session, {mark for _, marks in marked for mark in marks})
    mine = [passage for passage, marks in marked if marks & rare]
    found = []
    for other in _candidates(session, actor, case, rare):
        theirs = [passage for said in _readable(session, actor, other) for passage in likeness.passages(said)]
        if same := likeness.alike(mine, theirs):
            ordered = sorted(same, key=lambda pair: -len(pair.mine.text) * pair.share)
            found.append(Likeness(other, tuple(ordered)))
    return sorted(found, key=lambda each: -each.length)[:MOST]


def _rare(session: Session, marks: set[int]) -> set[int]:
    """Those of the marks that at most COMMON cases have. Nobody counts the others to their end."""
    if not marks:
        return set()
    asked = values(column("mark", Integer), name="asked").data([(mark,) for mark in sorted(marks)]).cte("asked")
    one_more = select(CaseMark.case_id).where(CaseMark.mark == asked.c.mark).limit(1).offset(COMMON)
    return set(session.scalars(select(asked.c.mark).where(one_more.scalar_subquery().is_(None))))


def _candidates(session: Session, actor: Actor, case: Case, marks: set[int]) -> list[Case]:
    """The cases that share most of the marks."""
    shared = (
        select(CaseMark.case_id, func.count().label("marks"))
        .where(CaseMark.mark.in_(marks), CaseMark.case_id != case.id)
        .group_by(CaseMark.case_id)
        .subquery()
    )
    demonstration = Case.origin == "demo" if case.demonstration else Case.origin != "demo"
    rows = (
        select(Case)
        .join(shared, shared.c.case_id == Case.id)
        .where(policy.visible(actor), demonstration)
        .order_by(shared.c.marks.desc(), Case.id)
        .limit(CANDIDATES)
    )
    return list(session.scalars(rows))


def _readable(session: Session, actor: Actor, case: Case) -> list[Mapping[str, Any]]:
    """What the actor may read of a case: what is public, and what was handed in last."""
    current = _current(session, case)
    said: list[Mapping[str, Any]] = []
    if current is not None:
        said.append(as_seen(current, policy.audiences(actor, case)))
    if policy.may_read_draft(actor, case):
        newest = select(Submission.document).where(Submission.case_id == case.id)
        handed_in = session.scalar(newest.order_by(Submission.number.desc()).limit(1))
        said += [handed_in] if handed_in is not None and handed_in != current else []
    return said


def _current(session: Session, case: Case) -> dict[str, Any] | None:
    this = Revision.case_id == case.id, Revision.number == case.revision
    return session.scalar(select(Revision.document).where(*this))
