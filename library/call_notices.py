"""Who hears what of calls, places and permits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .accounts.letters import Recipient
from .config import Config
from .hearing import News, Notice, members
from .selection import queries as calls
from .selection.models import Call, LatePermit


def _parties(session: Session, config: Config, news: News) -> list[Recipient]:
    """Owners and editors of those whom it concerns in a call that was announced: all who may recommend in it, or
    the organisations that the event names."""
    call = session.get_one(Call, news.number)
    if call.announced_at is None:
        return []
    named = _named(news)
    if news.verb.startswith("call."):
        named = [row.organisation_id for row in calls.quotas(session, call)]
    heard = {one.person: one for number in named for one in members(session, number, "owner", "editor")}
    return list(heard.values())


def _named(news: News) -> list[int]:
    return [news.detail[name] for name in ("organisation", "from", "to") if name in news.detail]


def _call(session: Session, news: News) -> Mapping[str, Any]:
    call = session.get_one(Call, news.number)
    permit = session.get(LatePermit, news.detail.get("permit", 0))
    return {
        "call": call,
        "opens": calls.local(call.opens_at) if call.opens_at else "",
        "closes": calls.local(call.closes_at) if call.closes_at else "",
        "quotas": [row for row in calls.quotas(session, call) if row.organisation_id in _named(news)],
        "permit": permit,
        "until": calls.local(permit.until) if permit else "",
    }


NOTICES: Mapping[str, Notice] = {
    "call.announce": Notice(_parties, _call),
    "call.cancel": Notice(_parties, _call),
    "quota.set": Notice(_parties, _call),
    "quota.transfer": Notice(_parties, _call),
    "permit.give": Notice(_parties, _call),
}
