"""What waits at the officers' desk: counted, searched and paged without reading a single document."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from markupsafe import Markup
from marshmallow import Schema, fields, validate
from sqlalchemy import false, select
from sqlalchemy.orm import Session, contains_eager

from .. import workdays
from ..errors import Missing, Text
from ..events import Event, EventDetail
from ..fields import choice, plain
from ..policy import Actor
from . import policy, queries
from . import queue_statements as statements
from .draft_models import Submission
from .models import Case
from .queue_statements import PER_PAGE, SORTS, VIEWS, Form
from .taxonomy import Taxonomy

DECIDED_DAYS = 30
BOXES, BOX, GAP, LATE = 15, 7, 6, 2  # of a drawn age
HISTORY = 200  # events of a case on its page; the audit has all of them


class AskedForm(Schema):
    """What an address or a form of the desk may say."""

    view = choice(*VIEWS)
    q = fields.String(validate=[validate.Length(max=100), plain])
    sector = fields.String(validate=[validate.Length(max=40), plain])
    sort = choice(*SORTS)
    page = fields.Integer(validate=validate.Range(1, 100_000))


@dataclass(frozen=True)
class Asked:
    """What somebody at the desk wants to see; `picked` are numbers of cases."""

    view: str = "waiting"
    q: str = ""
    sector: str = ""
    sort: str = "oldest"
    page: int = 1
    picked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """What holds at the desk now: calendar, limits, and which organisations the actor belongs to."""

    own: frozenset[int]
    calendar: workdays.Exceptions
    limit: int
    correction: int
    now: dt.datetime

    def age(self, since: dt.datetime) -> int:
        return workdays.between(since, self.now, self.calendar)

    @cached_property
    def overdue_before(self) -> dt.datetime:
        """What came in before this moment has waited for more than `limit` working days."""
        day, left = self.now.astimezone(workdays.ZONE).date(), self.limit
        while left or not workdays.is_workday(day, self.calendar):
            left -= workdays.is_workday(day, self.calendar)
            day -= dt.timedelta(1)
        return dt.datetime.combine(day, dt.time(), workdays.ZONE)


def desk(session: Session, actor: Actor, *, now: dt.datetime) -> Desk:
    """In three queries. Whoever belongs to an organisation judges nothing of it, acting for it or not."""
    days = queries.days(session)
    mine = frozenset(session.scalars(statements.OWN, {"me": actor.person}))
    return Desk(mine, queries.calendar(session), days["answer_days"], days["correction_days"], now)


def counts(session: Session, actor: Actor, desk: Desk) -> dict[str, int]:
    """How many there are in each view, in one query."""
    if not policy.may_judge(actor, None):
        return dict.fromkeys(statements.COUNTED, 0)
    row = session.execute(statements.counting(), _given(actor, desk, Asked())).one()
    return dict(zip(statements.COUNTED, row, strict=True))


def page(
    session: Session, actor: Actor, desk: Desk, asked: Asked, trees: Taxonomy, *, counted: Mapping[str, int]
) -> tuple[int, list[Any]]:
    """How many fit, and the rows of one page. `counted` is what `counts` gave. Raises Missing past the end."""
    if not policy.may_judge(actor, None):
        return 0, []
    form = _form(session, asked)
    found = list(session.execute(statements.numbers(form), _given(actor, desk, asked, trees)))
    if not found and asked.page > 1:
        raise Missing(Text("The list has no page %(page)s.", {"page": asked.page}))
    total = found[0][1] if found and form.narrowed else counted.get(asked.view, 0)
    rows = session.execute(statements.rows(asked.sort), {"ids": [number for number, _ in found]})
    return total if found else 0, list(rows)


def next_one(session: Session, actor: Actor, desk: Desk) -> Any | None:
    """The next thing to do: the oldest that is the actor's own or nobody's."""
    if not policy.may_judge(actor, None):
        return None
    return session.execute(statements.first(), _given(actor, desk, Asked())).one_or_none()


def matching(
    session: Session, actor: Actor, desk: Desk, asked: Asked, trees: Taxonomy, *, limit: int
) -> list[str]:
    """The numbers of the cases that fit and wait, on whatever page, of those that the actor may judge."""
    if not policy.may_judge(actor, None):
        return []
    found = session.scalars(statements.codes(_form(session, asked), limit), _given(actor, desk, asked, trees))
    return [str(code) for code in found]


def officers(session: Session) -> dict[int, str]:
    """Who may be given something to look at, by name."""
    return dict(iter(session.execute(statements.OFFICERS)))


def waiting(session: Session, actor: Actor, codes: Sequence[str]) -> list[Submission]:
    """The submissions of these cases that wait for an answer, in the order of their numbers."""
    if not policy.may_judge(actor, None):
        return []
    rows = (
        select(Submission)
        .join(Submission.case)
        .options(contains_eager(Submission.case))
        .where(Submission.outcome.is_(None), Case.code.in_(codes))
        .order_by(Case.code)
    )
    return list(session.scalars(rows))


def pages_waiting(session: Session, actor: Actor) -> dict[str, int]:
    """How much waits on each of the desk's other pages, in one query."""
    if not policy.may_judge(actor, None):
        return {}
    return dict(session.execute(statements.ELSEWHERE).one()._mapping)


def documents(session: Session, actor: Actor) -> Iterator[tuple[str, dict[str, Any]]]:
    """Number and document of everything that waits, one after the other."""
    rows = select(Case.code, Submission.document).join(Submission.case).where(Submission.outcome.is_(None))
    if not policy.may_set_rules(actor, None):
        rows = rows.where(false())
    for code, document in session.execute(rows.order_by(Case.code).execution_options(yield_per=200)):
        yield str(code), document


def history(session: Session, actor: Actor, case: Case) -> list[tuple[Event, str]]:
    """What happened last to a case, newest first, each with the section where it happened; for those who judge."""
    if not policy.may_judge(actor, None):
        return []
    rows = select(Event, EventDetail.detail).outerjoin(EventDetail, EventDetail.seq == Event.seq)
    newest = rows.where(Event.subject == case.subject).order_by(Event.seq.desc()).limit(HISTORY)
    found = session.execute(newest)
    return [(event, json.loads(detail or "{}").get("section", "")) for event, detail in found]


def _form(session: Session, asked: Asked) -> Form:
    folds = session.get_bind().dialect.name == "sqlite"
    return Form(asked.view, asked.sort, len(asked.q.split()), bool(asked.sector), folds)


def _given(actor: Actor, desk: Desk, asked: Asked, trees: Taxonomy | None = None) -> dict[str, Any]:
    """What goes into the places of the statements."""
    within = asked.sector and trees is not None
    return {
        "me": actor.person,
        "own": list(desk.own),
        "overdue": desk.overdue_before,
        "recent": desk.now - dt.timedelta(DECIDED_DAYS),
        "picked": list(asked.picked),
        "codes": [code for code in trees.sectors if asked.sector in trees.path(code)] if trees and within else [],
        "first": (asked.page - 1) * PER_PAGE,
        **{f"word{place}": statements.like(word) for place, word in enumerate(asked.q.split())},
    }


@lru_cache(maxsize=1000)
def age_bar(age: int, limit: int) -> Markup:
    """An age as boxes: one a working day up to the limit (fewer where that is far), and two beyond it."""
    boxes = min(limit, BOXES)
    past, late = min(boxes, -(-age * boxes // limit)), min(LATE, max(0, age - limit))
    places = [(place * BOX, "past" if place < past else "") for place in range(boxes)]
    places += [((boxes + place) * BOX + GAP, "late" if place < late else "") for place in range(LATE)]
    drawn = "".join(f'<rect class="{kind}" x="{x}.5" y="1.5" width="5" height="9"/>' for x, kind in places)
    width = places[-1][0] + BOX
    return Markup(
        f'<svg class="days" width="{width}" height="12" aria-hidden="true" focusable="false">{drawn}</svg>'
    )
