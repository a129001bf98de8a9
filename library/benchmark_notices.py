"""Who hears what of selected entries and benchmark projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import figures
from .accounts.letters import Recipient
from .config import Config
from .hearing import News, Notice, members
from .selection.benchmark_models import Benchmark, Result
from .selection.entry_models import Entry


def _applicant(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Entry, news.number).applicant_id, "owner", "editor")


def _owners(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Benchmark, news.number).organisation_id, "owner", "editor")


def _entry(session: Session, news: News) -> Mapping[str, Any]:
    return _said(session.scalars(select(Benchmark).where(Benchmark.entry_id == news.number)).one(), session)


def _benchmark(session: Session, news: News) -> Mapping[str, Any]:
    return _said(session.get_one(Benchmark, news.number), session)


def _said(row: Benchmark, session: Session) -> Mapping[str, Any]:
    items = session.get_one(Result, row.call_id).items
    days = {name: getattr(row, name) for name in ("valid_from", "valid_until", "renewed_on", "revoked_on")}
    return {
        "benchmark": row,
        "call": row.call,
        "number": row.certificate.number if row.certificate else "",
        "title": next(each["title"] for each in items if each["entry"] == row.code),
        "days": {
            lang: {name: figures.day(day, lang, long=True) for name, day in days.items() if day}
            for lang in ("zh", "en")
        },
    }


NOTICES: Mapping[str, Notice] = {
    "entry.select": Notice(_applicant, _entry),
    "benchmark.due": Notice(_owners, _benchmark),
    "benchmark.renew": Notice(_owners, _benchmark),
    "benchmark.expire": Notice(_owners, _benchmark),
    "benchmark.revoke": Notice(_owners, _benchmark),
}
