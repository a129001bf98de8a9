"""Calls in each state, as the operations and the flow make them."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import make
from sqlalchemy.orm import Session

from library.policy import SYSTEM, Actor
from library.selection import flow, operations
from library.selection.models import Call
from library.workdays import ZONE
from library.workflow import step

WHY = {"reason": "按计划进行。"}
OPENS, CLOSES = "2026-12-01 09:00", "2026-12-18 17:00"
OPENING = dt.datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)
CLOSING = dt.datetime(2026, 12, 18, 17, 0, tzinfo=ZONE)
GRACE = dt.timedelta(minutes=10)
SECOND = dt.timedelta(seconds=1)


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def criterion(code: str, weight: int, **over: Any) -> dict[str, Any]:
    anchors = [{"score": 0, "text": both("没有", "None")}, {"score": 100, "text": both("很好", "Very good")}]
    named = {"novelty": "新颖"}.get(code, code)  # a page in Chinese keeps the other words of the tests
    return {
        **{"code": code, "weight": weight, "lowest": 0, "highest": 100, "anchors": anchors},
        **{"reason_low": 20, "reason_high": 95, "title": both(f"指标{named}", f"Criterion {code}"), **over},
    }


def document(**over: Any) -> dict[str, Any]:
    """A call that lacks nothing, as its form sends it. A key given as None is left out."""
    whole = {
        "title": both("2026年案例征集", "Call for cases 2026"),
        "text": both("征集优秀案例。", "We look for good cases."),
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "grace_minutes": 10,
        "sectors": ["metering", "smart-home"],
        "eligibility": {"statuses": ["live"], "min_connections": 10_000, "not_planned": True},
        "places": 10,
        "rubric": [criterion("effect", 60), criterion("novelty", 40)],
        "sides": [{"code": "risk", "title": both("有何风险？", "What are the risks?")}],
        "correction_days": 5,
        "reviewers": 5,
        "most_each": 8,
        "review_days": 10,
        "review": "blind",
        "severity": "penalty",
        "penalty": 1,
        "selected": 100,
        "approvals": 2,
        "notice_days": 5,
        "feedback": "outcome",
        "term_months": 24,
        "certificate": {"title": both("证书", "Certificate")},
        **over,
    }
    return {name: value for name, value in copy.deepcopy(whole).items() if value is not None}


def draft(session: Session, officer: Actor, *, demonstration: bool = False, **over: Any) -> Call:
    make.taxonomy(session)
    call = operations.create(session, officer, demonstration=demonstration, now=make.NOW)
    operations.save(session, officer, call, content=document(**over), version=1, now=make.NOW)
    return call


def announced(session: Session, officer: Actor, **over: Any) -> Call:
    call = draft(session, officer, **over)
    flow.decide(session, officer, call, "call.announce", given=WHY, now=make.NOW)
    return call


def opened(session: Session, officer: Actor, **over: Any) -> Call:
    call = announced(session, officer, **over)
    step(flow.FLOW, session, SYSTEM, call, "call.open", now=OPENING)
    return call


def closed(session: Session, officer: Actor, **over: Any) -> Call:
    call = opened(session, officer, **over)
    step(flow.FLOW, session, SYSTEM, call, "call.close", now=CLOSING + GRACE + SECOND)
    return call
