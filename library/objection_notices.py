"""Who hears what of public notices and objections. Nobody but the objector is told who objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import hearing
from .accounts.letters import Recipient
from .accounts.queries import belongs
from .config import Config
from .hearing import News, members
from .selection.entry_models import Entry
from .selection.models import Call
from .selection.notice_models import Notice, NoticeEntry, Objection
from .selection.notice_policy import WRITERS, asked_of
from .selection.objection_letters import recipient
from .selection.queries import local


def _listed(session: Session, config: Config, news: News) -> list[Recipient]:
    """Owners and editors of the applicants and recommending bodies on the list, each once."""
    rows = select(Entry.applicant_id, Entry.recommender_id).join(NoticeEntry, NoticeEntry.entry_id == Entry.id)
    pairs = session.execute(rows.where(NoticeEntry.notice_id == news.number))
    return _each({number for pair in pairs for number in pair}, session)


def _objector(session: Session, config: Config, news: News) -> list[Recipient]:
    found = recipient(session.get_one(Objection, news.number))
    return [found] if found else []


def _admitted(session: Session, config: Config, news: News) -> list[Recipient]:
    """Who objects, the applicant, and who is asked."""
    row = session.get_one(Objection, news.number)
    parties = {row.entry.applicant_id, asked_of(row) or row.entry.applicant_id}
    return [*_objector(session, config, news), *_each(parties, session)]


def _both_sides(session: Session, config: Config, news: News) -> list[Recipient]:
    entry = session.get_one(Objection, news.number).entry
    parties = {entry.applicant_id, entry.recommender_id}
    return [*_objector(session, config, news), *_each(parties, session)]


def _officers(session: Session, config: Config, news: News) -> list[Recipient]:
    """Those who may decide: nobody of the organisations that it concerns."""
    entry = session.get_one(Objection, news.number).entry
    parties = (entry.applicant_id, entry.recommender_id)
    found = hearing.officers(session, config, news)
    return [one for one in found if not any(belongs(session, one.person, party) for party in parties)]


def _each(organisations: set[int], session: Session) -> list[Recipient]:
    heard = {one.person: one for number in sorted(organisations) for one in members(session, number, *WRITERS)}
    return list(heard.values())


def _notice(session: Session, news: News) -> Mapping[str, Any]:
    notice = session.get_one(Notice, news.number)
    return {"notice": notice, "call": session.get_one(Call, notice.call_id), "until": local(notice.ends_at)}


def _objection(session: Session, news: News) -> Mapping[str, Any]:
    row = session.get_one(Objection, news.number)
    item = next((each for each in row.notice.items if each["entry"] == row.entry.code), None)
    return {
        "objection": row,
        "notice": row.notice,
        "entry": row.entry,
        "item": item,
        "due": local(row.due) if row.due else "",
    }


NOTICES: Mapping[str, hearing.Notice] = {
    "notice.publish": hearing.Notice(_listed, _notice),
    "objection.file": hearing.Notice(_officers, _objection),
    "objection.admit": hearing.Notice(_admitted, _objection),
    "objection.refuse": hearing.Notice(_objector, _objection),
    "objection.reply": hearing.Notice(_officers, _objection),
    "objection.uphold": hearing.Notice(_both_sides, _objection),
    "objection.dismiss": hearing.Notice(_both_sides, _objection),
}
