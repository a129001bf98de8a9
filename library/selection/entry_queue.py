"""What waits at the form check of a call: counted, searched and paged without reading a single document.

The statements are made once, with places for what differs from request to request, as those of the queue of
submissions are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from marshmallow import Schema, fields, validate
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
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from ..accounts.models import Organisation
from ..catalog.models import Case
from ..catalog.queue import Desk
from ..catalog.queue_statements import like
from ..errors import Missing, Text
from ..fields import choice, plain
from ..policy import Actor
from . import entry_policy as policy
from .entry_models import Entry, EntryCheck
from .models import Call, Quota

PER_PAGE = 20
Recommender = aliased(Organisation)
COLUMNS: tuple[Any, ...] = (
    *(Entry.id, Entry.code, Entry.state, Entry.checker_id, Entry.attested_at, Entry.entered_at, Entry.due),
    *(Entry.applicant_id, Entry.recommender_id, Case.title_zh, Case.title_en, Organisation.name_zh),
    *(Organisation.name_en, Recommender.name_zh.label("by_zh"), Recommender.name_en.label("by_en")),
    exists().where(EntryCheck.entry_id == Entry.id).label("back"),
)
SINCE = func.coalesce(Entry.attested_at, Entry.entered_at)
SORTS: Mapping[str, tuple[Any, ...]] = {
    "oldest": (SINCE, Entry.id),
    "number": (Entry.code,),
    "organisation": (Organisation.name_zh, Entry.code),
    "title": (Case.title_zh, Entry.code),
}
WAITS = Entry.state == "recommended"
VIEWS: Mapping[str, ColumnElement[bool]] = {
    "waiting": WAITS,
    "back": and_(WAITS, exists().where(EntryCheck.entry_id == Entry.id)),
    "mine": and_(WAITS, Entry.checker_id == bindparam("me")),
    "unassigned": and_(WAITS, Entry.checker_id.is_(None)),
    "overdue": and_(WAITS, bindparam("overdue") > SINCE),
    "returned": Entry.state == "needs_correction",
    "late": and_(Entry.state == "needs_correction", Entry.due < bindparam("now")),
    "passed": Entry.state.not_in(
        ("entered", "recommended", "not_recommended", "needs_correction", "check_failed", "withdrawn")
    ),
    "failed": Entry.state == "check_failed",
    "entered": Entry.state == "entered",
    "gone": Entry.state.in_(("not_recommended", "withdrawn")),
}
SELECTED = "selected"


class AskedForm(Schema):
    """What an address or a form of the desk may say. `by` is the key of a recommender."""

    view = choice(*VIEWS, SELECTED)
    q = fields.String(validate=[validate.Length(max=100), plain])
    by = fields.String(validate=[validate.Length(max=20), plain])
    sort = choice(*SORTS)
    page = fields.Integer(validate=validate.Range(1, 100_000))


@dataclass(frozen=True)
class Asked:
    """What somebody at the desk wants to see; `picked` are numbers of entries."""

    view: str = "waiting"
    q: str = ""
    by: str = ""
    sort: str = "oldest"
    page: int = 1
    picked: tuple[str, ...] = ()


def counts(session: Session, actor: Actor, call: Call, desk: Desk) -> dict[str, int]:
    """How many there are in each view, in one query."""
    if not policy.may_check(actor, None):
        return dict.fromkeys(VIEWS, 0)
    row = session.execute(_counting(), _given(actor, call, desk, Asked())).one()
    return dict(zip(VIEWS, row, strict=True))


def page(
    session: Session, actor: Actor, call: Call, desk: Desk, asked: Asked, *, counted: Mapping[str, int]
) -> tuple[int, list[Any]]:
    """How many fit, and the rows of one page. `counted` is what `counts` gave. Raises Missing past the end."""
    if not policy.may_check(actor, None):
        return 0, []
    statement = _numbers(asked.view, asked.sort, len(asked.q.split()), bool(asked.by), _folds(session))
    found = list(session.execute(statement, _given(actor, call, desk, asked)))
    if not found and asked.page > 1:
        raise Missing(Text("The list has no page %(page)s.", {"page": asked.page}))
    rows = session.execute(_rows(asked.sort), {"ids": [number for number, _ in found]})
    narrowed = found and found[0][1] is not None
    return (found[0][1] if narrowed else counted.get(asked.view, 0)) if found else 0, list(rows)


def next_one(session: Session, actor: Actor, call: Call, desk: Desk) -> Any | None:
    """The next thing to do: the oldest that is the actor's own or nobody's."""
    if not policy.may_check(actor, None):
        return None
    return session.execute(_first(), _given(actor, call, desk, Asked())).one_or_none()


def bodies(session: Session, call: Call) -> list[Any]:
    """Key and names of those who may recommend in a call, by name."""
    columns = (Organisation.key, Organisation.name_zh, Organisation.name_en)
    rows = select(*columns).join(Quota, Quota.organisation_id == Organisation.id).where(Quota.call_id == call.id)
    return list(session.execute(rows.order_by(Organisation.name_zh, Organisation.id)))


def matching(session: Session, actor: Actor, call: Call, desk: Desk, asked: Asked, *, limit: int) -> list[str]:
    """The numbers of what fits and waits, on whatever page, of what the actor may check."""
    if not policy.may_check(actor, None):
        return []
    statement = _codes(asked.view, asked.sort, len(asked.q.split()), bool(asked.by), _folds(session), limit)
    return [str(code) for code in session.scalars(statement, _given(actor, call, desk, asked))]


def picked(session: Session, actor: Actor, codes: tuple[str, ...] | list[str]) -> list[Entry]:
    """These entries with what a check needs, by number; for those who check."""
    if not policy.may_check(actor, None):
        return []
    rows = select(Entry).where(Entry.code.in_(codes)).order_by(Entry.code)
    shown = (Entry.call, Entry.case, Entry.revision, Entry.applicant, Entry.recommender)
    return list(session.scalars(rows.options(*(joinedload(each) for each in shown))))


@lru_cache
def _counting() -> Select[Any]:
    columns: list[Any] = [func.count(case((wanted, 1))) for wanted in VIEWS.values()]
    return select(*columns).where(_of_call())


@lru_cache(maxsize=300)
def _numbers(view: str, sort: str, words: int, by: bool, folds: bool) -> Select[Any]:
    """The entries of one page; beside each, where nobody has counted yet, how many fit."""
    narrowed = words > 0 or by or view == SELECTED
    columns: list[Any] = [Entry.id, func.count().over() if narrowed else null()]
    found = _joined(select(*columns), words > 0 or sort in ("organisation", "title"))
    found = found.where(*_conditions(view, words, by, folds)).order_by(*SORTS[sort])
    return found.offset(bindparam("first", type_=Integer)).limit(PER_PAGE)


@lru_cache
def _rows(sort: str) -> Select[Any]:
    found = _joined(select(*COLUMNS), True).join(Recommender, Recommender.id == Entry.recommender_id)
    return found.where(Entry.id.in_(bindparam("ids", expanding=True))).order_by(*SORTS[sort])


@lru_cache(maxsize=300)
def _codes(view: str, sort: str, words: int, by: bool, folds: bool, limit: int) -> Select[Any]:
    found = _joined(select(Entry.code), True).where(*_conditions(view, words, by, folds), WAITS, _foreign())
    return found.order_by(*SORTS[sort]).limit(limit)


@lru_cache
def _first() -> Select[Any]:
    ours = or_(Entry.checker_id == bindparam("me"), Entry.checker_id.is_(None))
    number = select(Entry.id).where(_of_call(), WAITS, ours, _foreign()).order_by(*SORTS["oldest"]).limit(1)
    found = _joined(select(*COLUMNS), True).join(Recommender, Recommender.id == Entry.recommender_id)
    return found.where(Entry.id == number.correlate(None).scalar_subquery())


def _joined(found: Select[Any], wide: bool) -> Select[Any]:
    """Thousands are joined with what they need only."""
    found = found.select_from(Entry)
    if not wide:
        return found
    return found.join(Case, Case.id == Entry.case_id).join(Organisation, Organisation.id == Entry.applicant_id)


def _of_call() -> ColumnElement[bool]:
    return Entry.call_id == bindparam("call")


def _foreign() -> ColumnElement[bool]:
    """Not what the actor's own organisations entered or recommended."""
    own: Any = bindparam("own", expanding=True)
    return and_(Entry.applicant_id.not_in(own), Entry.recommender_id.not_in(own))


def _conditions(view: str, words: int, by: bool, folds: bool) -> list[ColumnElement[bool]]:
    wanted = [_of_call()]
    if view == SELECTED:
        wanted.append(Entry.code.in_(bindparam("picked", expanding=True)))
    else:
        wanted.append(VIEWS[view])
    if by:
        key = select(Organisation.id).where(Organisation.key == bindparam("by")).scalar_subquery()
        wanted.append(Entry.recommender_id == key.correlate(None))
    return wanted + [_says(bindparam(f"word{place}", type_=String), folds) for place in range(words)]


def _says(word: Any, folds: bool) -> ColumnElement[bool]:
    """The number, a title or a name of the applicant has this word."""

    def has(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        return column.like(word, escape="/") if folds else column.ilike(word, escape="/")

    columns = (Entry.code, Case.title_zh, Case.title_en, Organisation.name_zh, Organisation.name_en)
    return or_(*(has(column) for column in columns))


def _folds(session: Session) -> bool:
    """Does the database's LIKE take large and small letters for the same? SQLite's does."""
    return session.get_bind().dialect.name == "sqlite"


def _given(actor: Actor, call: Call, desk: Desk, asked: Asked) -> dict[str, Any]:
    return {
        "call": call.id,
        "me": actor.person,
        "own": list(desk.own),
        "overdue": desk.overdue_before,
        "now": desk.now,
        "picked": list(asked.picked),
        "by": asked.by,
        "first": (asked.page - 1) * PER_PAGE,
        **{f"word{place}": like(word) for place, word in enumerate(asked.q.split())},
    }
