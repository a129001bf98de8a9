"""Reads of notices, which everybody may see, and of objections, each as its reader may see it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload

from ..accounts.models import Membership
from ..errors import Missing, Text
from ..policy import Actor
from . import notice_policy as policy
from .decision_models import Choice, SelectionList
from .entry_models import Entry
from .models import Call
from .notice_models import OPEN_OBJECTIONS, Notice, NoticeEntry, Objection

PER_PAGE = 20
# An entry has one of the places that the list gives.
LIVE = ("shortlisted", "in_publicity", "on_hold", "selected")


def is_past(last: dt.datetime, now: dt.datetime) -> bool:
    """The second that is named as the last still counts as a whole."""
    return now.replace(microsecond=0) > last


def notices(session: Session, *, page: int = 1, per_page: int = PER_PAGE) -> list[Notice]:
    """A page of all notices without what they list: real ones first, the last to end first."""
    rows = select(Notice).join(Notice.call).options(contains_eager(Notice.call).defer(Call.document))
    order = (Call.demonstration, Notice.ends_at.desc(), Notice.id.desc())
    rows = rows.options(defer(Notice.items)).order_by(*order)
    return list(session.scalars(rows.limit(per_page).offset(per_page * (page - 1))))


def total(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Notice)) or 0


def notice(session: Session, code: str) -> Notice:
    """A notice by its number. Raises Missing."""
    found = session.scalar(select(Notice).options(joinedload(Notice.call)).where(Notice.code == code))
    if found is None:
        raise Missing(Text("There is no notice %(name)s.", {"name": code[:40]}))
    return found


def of_call(session: Session, call: Call) -> list[Notice]:
    """The notices of one call, the newest first."""
    return list(session.scalars(select(Notice).where(Notice.call_id == call.id).order_by(Notice.id.desc())))


def states(session: Session, notice: Notice) -> Mapping[str, str]:
    """Where each entry of a notice stands now, by its number."""
    rows = select(Entry.code, Entry.state).join(NoticeEntry, NoticeEntry.entry_id == Entry.id)
    return dict(iter(session.execute(rows.where(NoticeEntry.notice_id == notice.id))))


def entry_on(session: Session, notice: Notice, code: str) -> Entry | None:
    """The entry of this number, if this notice announces it."""
    rows = select(Entry).join(NoticeEntry, NoticeEntry.entry_id == Entry.id)
    return session.scalar(rows.where(NoticeEntry.notice_id == notice.id, Entry.code == code))


def digest(word: str) -> str:
    """How the secret word of an objector is kept."""
    return hashlib.sha256(word.encode()).hexdigest()


def by_word(session: Session, word: str) -> Objection:
    """The objection whose receipt has this secret word. Raises Missing."""
    rows = select(Objection).options(joinedload(Objection.notice), joinedload(Objection.entry))
    found = session.scalar(rows.where(Objection.word == digest(word)))
    if found is None:
        raise Missing(Text("There is no objection with this secret word; copy it whole from the receipt."))
    return found


def _at_desk(actor: Actor) -> Select[Objection]:
    """What this officer or approver may look at: never what concerns an organisation of the person's."""
    own = select(Membership.organisation_id).where(
        Membership.person_id == actor.person, Membership.ended_at.is_(None)
    )
    rows = select(Objection).join(Objection.entry).where(policy.at_desk(actor))
    return rows.where(Entry.applicant_id.not_in(own), Entry.recommender_id.not_in(own))


def at_desk(session: Session, actor: Actor, *, states: Sequence[str], page: int = 1) -> list[Objection]:
    """A page of the objections in these states, those that wait longest first."""
    rows = _at_desk(actor).where(Objection.state.in_(states)).order_by(Objection.filed_at, Objection.id)
    numbers = session.scalars(
        rows.with_only_columns(Objection.id).limit(PER_PAGE).offset(PER_PAGE * (page - 1))
    ).all()
    found = select(Objection).where(Objection.id.in_(numbers)).order_by(Objection.filed_at, Objection.id)
    unread = [defer(getattr(Objection, name)) for name in ("text", "forwarded", "reply", "decision", "outcome")]
    whole = joinedload(Objection.entry).options(joinedload(Entry.applicant))
    return list(session.scalars(found.options(*unread, whole)))


def counted(session: Session, actor: Actor) -> dict[str, int]:
    """How many objections are in each state, of those that the actor may look at."""
    rows = _at_desk(actor).with_only_columns(Objection.state, func.count()).group_by(Objection.state)
    return dict(iter(session.execute(rows)))


def objection(session: Session, actor: Actor, key: str) -> Objection:
    """One objection for the desk. Raises Missing."""
    return _one(session, _at_desk(actor), key)


def asked_of(session: Session, actor: Actor) -> list[Objection]:
    """The admitted objections that the actor's organisation may know of, the newest first."""
    rows = select(Objection).join(Objection.entry).where(policy.known(actor))
    rows = rows.options(contains_eager(Objection.entry)).order_by(Objection.decided_at.desc(), Objection.id.desc())
    return list(session.scalars(rows.limit(100)))


def admitted(session: Session, actor: Actor, key: str) -> Objection:
    """One of them. Raises Missing."""
    return _one(session, select(Objection).join(Objection.entry).where(policy.known(actor)), key)


def _one(session: Session, rows: Select[Objection], key: str) -> Objection:
    wanted = rows.where(Objection.key == key).options(
        contains_eager(Objection.entry), joinedload(Objection.notice)
    )
    found = session.scalar(wanted)
    if found is None:
        raise Missing(Text("There is no such objection."))
    return found


def against(session: Session, entry: Entry, *states: str) -> int:
    """How many objections in these states there are against an entry."""
    rows = select(func.count()).where(Objection.entry_id == entry.id, Objection.state.in_(states))
    return session.scalar(rows) or 0


def open_ones(session: Session, call: Call) -> int:
    """How many objections of a call are not answered."""
    rows = select(func.count(Objection.id)).join(Notice)
    return session.scalar(rows.where(Notice.call_id == call.id, Objection.state.in_(OPEN_OBJECTIONS))) or 0


def in_state(session: Session, call: Call, *states: str) -> int:
    rows = select(func.count()).where(Entry.call_id == call.id, Entry.state.in_(states))
    return session.scalar(rows) or 0


def state_counts(session: Session, call: Call) -> dict[str, int]:
    """How many entries of a call are in each state."""
    rows = select(Entry.state, func.count()).where(Entry.call_id == call.id).group_by(Entry.state)
    return dict(iter(session.execute(rows)))


def _unannounced(call: Call) -> Select[Entry]:
    known = select(NoticeEntry.entry_id).join(Notice).where(Notice.call_id == call.id)
    return select(Entry).where(Entry.call_id == call.id, Entry.state == "shortlisted", Entry.id.not_in(known))


def unannounced(session: Session, call: Call) -> list[Entry]:
    """Who is shortlisted and on no notice yet, with what a notice says of them; by direction and number, which
    tells nothing of ranks."""
    whole = (joinedload(Entry.applicant), joinedload(Entry.recommender), joinedload(Entry.revision))
    return list(session.scalars(_unannounced(call).options(*whole).order_by(Entry.direction, Entry.code)))


def entry_by_key(session: Session, call: Call, key: str) -> Entry:
    """An entry of a call, for the desk. Raises Missing."""
    found = session.scalar(select(Entry).where(Entry.call_id == call.id, Entry.key == key))
    if found is None:
        raise Missing(Text("There is no such entry."))
    return found


def decisions(session: Session, call: Call) -> SelectionList | None:
    return session.scalar(select(SelectionList).where(SelectionList.call_id == call.id))


def free_places(session: Session, call: Call) -> int:
    """How many of the places that the released list gave are empty now."""
    given = select(func.count()).select_from(Choice).join(SelectionList, SelectionList.id == Choice.list_id)
    wanted = and_(SelectionList.call_id == call.id, Choice.selected)
    return (session.scalar(given.where(wanted)) or 0) - in_state(session, call, *LIVE)


def next_by_rank(session: Session, call: Call) -> list[tuple[Choice, Entry]]:
    """Who is next on the released list: the best rank among those not selected; several where they share it."""
    rows = (
        select(Choice, Entry)
        .join(Entry, Entry.id == Choice.entry_id)
        .join(SelectionList, SelectionList.id == Choice.list_id)
        .where(SelectionList.call_id == call.id, SelectionList.state == "released", Entry.state == "not_selected")
    )
    best = session.scalar(rows.with_only_columns(func.min(Choice.rank)))
    if best is None:
        return []
    return [
        (choice, entry) for choice, entry in session.execute(rows.where(Choice.rank == best).order_by(Entry.id))
    ]


def in_publicity(session: Session) -> list[Call]:
    """The calls whose lists are on public notice, or approved and about to be, for the desk."""
    rows = select(Call).options(defer(Call.document)).where(Call.state.in_(("approval", "publicity")))
    return list(session.scalars(rows.order_by(Call.demonstration, Call.id)))


def real(session: Session, *, limit: int) -> list[Notice]:
    """The newest notices of real calls, as the feed tells them."""
    rows = select(Notice).join(Notice.call).where(~Call.demonstration)
    rows = rows.options(contains_eager(Notice.call), defer(Notice.items)).order_by(Notice.id.desc())
    return list(session.scalars(rows.limit(limit)))


def running(session: Session) -> list[dict[str, Any]]:
    """What the front page needs of the newest notices; which of them are over, the clock says."""
    rows = select(Notice).join(Notice.call).options(contains_eager(Notice.call))
    rows = rows.where(or_(Call.state == "publicity", Call.state == "published"))
    return [
        {
            "code": row.code,
            "title": row.call.title,
            "entries": len(row.items),
            "ends_at": row.ends_at,
            "demonstration": row.call.demonstration,
        }
        for row in session.scalars(rows.order_by(Call.demonstration, Notice.ends_at.desc()).limit(20))
    ]
