"""The statements of the officers' queue. Each is made once, with places for what differs from request to request:
to make them costs more than to run them. None of them opens a document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ..accounts.models import Membership, Organisation, Person, PersonRole
from .draft_models import CaseLink, Submission
from .models import Case, CaseReport, CaseTerm

PER_PAGE = 20
COLUMNS: tuple[Any, ...] = (
    Submission.id,
    Submission.number,
    Submission.at,
    Submission.rules,
    Submission.unmet,
    Submission.officer_id,
    Submission.outcome,
    Submission.decided_at,
    Submission.due,
    Case.id.label("case_id"),
    Case.code,
    Case.origin,
    Case.owner_id,
    Case.title_zh,
    Case.title_en,
    Organisation.name_zh,
    Organisation.name_en,
    Organisation.province,
)
SORTS: dict[str, tuple[Any, ...]] = {
    "oldest": (Submission.at, Submission.id),
    "rules": (Submission.unmet, Submission.at, Submission.id),
    "organisation": (Organisation.name_zh, Submission.at, Submission.id),
    "title": (Case.title_zh, Submission.at, Submission.id),
}


def _last_returned() -> ColumnElement[bool]:
    """A case that was returned twice waits for its applicant once."""
    later = aliased(Submission)
    last = select(func.max(later.number)).where(later.case_id == Submission.case_id).scalar_subquery()
    waits = select(Case.id).where(Case.state == "returned")
    return and_(Submission.outcome == "returned", Submission.number == last, Submission.case_id.in_(waits))


WAITS = Submission.outcome.is_(None)
OWN = select(Membership.organisation_id).where(
    Membership.person_id == bindparam("me"), Membership.ended_at.is_(None)
)
OFFICERS = (
    select(Person.id, Person.name)
    .join(PersonRole, PersonRole.person_id == Person.id)
    .where(PersonRole.name == "officer", Person.active, Person.erased_at.is_(None))
    .order_by(Person.name, Person.id)
)
# What waits on each page of the desk.
ELSEWHERE: Select[Any] = select(
    *(
        select(func.count()).where(waits).scalar_subquery().label(name)
        for name, waits in {
            "queue": WAITS,
            "links": CaseLink.linked.is_(None),
            "reports": CaseReport.answered_at.is_(None),
            "organisations": Organisation.state == "asked",
        }.items()
    )
)
# Not what the actor's own organisations wrote.
FOREIGN = or_(Case.owner_id.is_(None), Case.owner_id.not_in(bindparam("own", expanding=True)))
# What a view shows of all that waits.
NARROWER: dict[str, ColumnElement[bool]] = {
    "back": Submission.number > 1,
    "mine": Submission.officer_id == bindparam("me"),
    "unassigned": Submission.officer_id.is_(None),
    "overdue": Submission.at < bindparam("overdue"),
}
OTHERS: dict[str, ColumnElement[bool]] = {
    "returned": _last_returned(),
    "decided": Submission.decided_at >= bindparam("recent"),
}
COUNTED = ("waiting", *NARROWER, *OTHERS)
VIEWS = (*COUNTED, "selected")


@dataclass(frozen=True)
class Form:
    """What of a request shapes its statements."""

    view: str
    sort: str = "oldest"
    words: int = 0
    sector: bool = False
    folds: bool = False
    """Does the database's LIKE take large and small letters for the same? SQLite's does."""

    @property
    def narrowed(self) -> bool:
        """Is it less than a view as it is counted beside the list?"""
        return self.words > 0 or self.sector or self.view not in COUNTED


@lru_cache
def counting() -> Select[Any]:
    """How many there are in each view, in the order of COUNTED."""
    waiting = [func.count(), *(func.count(case((NARROWER[name], 1))) for name in NARROWER)]
    others = [select(func.count()).where(OTHERS[name]).scalar_subquery() for name in OTHERS]
    columns: list[Any] = [*waiting, *others]
    return select(*columns).where(WAITS)


@lru_cache(maxsize=300)
def numbers(form: Form) -> Select[Any]:
    """The submissions of one page; beside each, where nobody has counted yet, how many fit."""
    columns: list[Any] = [Submission.id, func.count().over() if form.narrowed else null()]
    found = select(*columns)
    # Thousands are joined with what they need only.
    if form.words or form.sort in ("title", "organisation"):
        found = found.join(Submission.case)
    if form.sort == "organisation":
        found = found.outerjoin(Organisation, Organisation.id == Case.owner_id)
    found = found.where(*_conditions(form)).order_by(*SORTS[form.sort])
    return found.offset(bindparam("first", type_=Integer)).limit(PER_PAGE)


@lru_cache
def rows(sort: str) -> Select[Any]:
    """These submissions, with what a row of the list shows."""
    found = _named(select(*COLUMNS).select_from(Submission))
    return found.where(Submission.id.in_(bindparam("ids", expanding=True))).order_by(*SORTS[sort])


@lru_cache(maxsize=300)
def codes(form: Form, limit: int) -> Select[Any]:
    """The numbers of the cases that fit and wait, of those that the actor may judge."""
    found = _named(select(Case.code).select_from(Submission)).where(*_conditions(form), WAITS, FOREIGN)
    return found.order_by(*SORTS[form.sort]).limit(limit)


@lru_cache
def first() -> Select[Any]:
    """The oldest that waits and is the actor's own or nobody's."""
    ours = or_(Submission.officer_id == bindparam("me"), Submission.officer_id.is_(None))
    found = _named(select(*COLUMNS).select_from(Submission)).where(WAITS, ours, FOREIGN)
    return found.order_by(*SORTS["oldest"]).limit(1)


def like(word: str) -> str:
    """What a word goes into its place as; its % and _ mean themselves."""
    return "%" + word.replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"


def _named(found: Select[Any]) -> Select[Any]:
    """With the case and its organisation."""
    return found.join(Submission.case).outerjoin(Organisation, Organisation.id == Case.owner_id)


def _conditions(form: Form) -> list[ColumnElement[bool]]:
    wanted = [_of(form.view)]
    for place in range(form.words):
        wanted.append(_says(bindparam(f"word{place}", type_=String), form.folds))
    if form.sector:
        bears = CaseTerm.code.in_(bindparam("codes", expanding=True))
        wanted.append(Submission.case_id.in_(select(CaseTerm.case_id).where(CaseTerm.taxonomy == "sector", bears)))
    return wanted


def _says(word: Any, folds: bool) -> ColumnElement[bool]:
    """The number, a title or a name of the organisation has this word."""

    def has(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        return column.like(word, escape="/") if folds else column.ilike(word, escape="/")

    # Of the owner alone: a list of all organisations of this name would be made from every one there is.
    named = exists().where(
        Organisation.id == Case.owner_id, or_(has(Organisation.name_zh), has(Organisation.name_en))
    )
    return or_(has(Case.code), has(Case.title_zh), has(Case.title_en), named.correlate_except(Organisation))


def _of(view: str) -> ColumnElement[bool]:
    """Which submissions stand in a view."""
    if view == "selected":
        picked = select(Case.id).where(Case.code.in_(bindparam("picked", expanding=True)))
        return and_(WAITS, Submission.case_id.in_(picked))
    if view in NARROWER:
        return and_(WAITS, NARROWER[view])
    return OTHERS.get(view, WAITS)
