"""Cases on their way into the library: drafts that lack nothing, and what was made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import make
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import seeding
from library.accounts.models import Organisation
from library.catalog import drafts, importer, operations
from library.catalog.desk_schemas import CalendarShape
from library.catalog.draft_models import FormalRule
from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.catalog.numbers import random_key
from library.catalog.rules import RulesShape
from library.catalog.upload_models import Upload
from library.config import ROOT
from library.policy import SYSTEM, Actor
from library.workflow import step

SEEDS = ROOT / "seed_cases"
RETURN = {"fields": ["title"], "reason": "标题太笼统。", "days": 5}
GOODBYE = {"farewell": "项目已结束。"}
SENTENCE = "水表每天上报一次读数，值班员在平台上看到漏水的位置。"
CONTENTS: Mapping[str, dict[str, Any]] = {
    "basics": {
        "title": {"zh": "城南老城区智能水表改造", "en": "Smart water meters in the old town"},
        "summary": {"zh": SENTENCE * 2, "en": "Meters report once a day."},
        "sectors": ["water-metering"],
    },
    "deployment": {
        "status": "live",
        "place": {"country": "CN", "provinces": ["44"], "text": {"zh": "广东", "en": "Guangdong"}},
        "parties": [{"name": {"zh": "示例企业", "en": "Example"}, "role": "owner"}],
        "networks": ["nb-iot"],
    },
    "connections": {
        "connections": [{"value": 120_000, "kind": "online", "as_of": "2026-08", "what": {"zh": "只水表"}}]
    },
    "story": {
        "sections": [
            {"kind": kind, "text": {"zh": SENTENCE * 3, "en": "Meters report."}}
            for kind in ("solution", "results")
        ]
    },
    "results": {"outcomes": [{"text": {"zh": "漏损减少一成。"}}]},
    "declarations": {
        "data_level": "general",
        "security": {"zh": "数据加密传输，平台分级授权，日志留存半年备查。"},
        "right_to_publish": True,
        "masks": ["示例企业"],
        "contact": {"name": "王小明", "email": "wang@people.example"},
    },
}


def rules(session: Session) -> None:
    """The packaged rules and calendar, once."""
    make.taxonomy(session)
    if session.scalar(select(FormalRule.id).limit(1)) is None:
        given = importer.read(SEEDS / seeding.RULES, RulesShape())
        operations.load_rules(session, SYSTEM, given, now=make.NOW)
        days = importer.read(SEEDS / seeding.CALENDAR, CalendarShape())
        operations.load_calendar(session, SYSTEM, days, now=make.NOW)


def organisation(session: Session, **over: Any) -> Organisation:
    """A verified one."""
    return make.organisation(session, **{"state": "verified", "verified_at": make.NOW, **over})


def upload(session: Session, case: Case, person: int | None, *, ready: bool = True) -> Upload:
    """A file that says nothing: what counts here is that it is there."""
    facts = {"media_type": "application/pdf", "sha256": "a" * 64, "public_sha256": "b" * 64, "public_size": 9}
    row = Upload(key=random_key(), case_id=case.id, person_id=person, name="permission.pdf", original="许可.pdf")
    row.size = row.received = 10
    row.at = row.last_at = make.NOW
    for name, value in facts.items() if ready else ():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return row


def draft(
    session: Session, actor: Actor, *, now: dt.datetime = make.NOW, without: tuple[str, ...] = (), **over: Any
) -> Case:
    """A draft that lacks nothing but the sections `without`; `over` replaces fields (None: left out)."""
    rules(session)
    case = drafts.start(session, actor, now=now)
    file = upload(session, case, actor.person)
    attached = [{"upload": file.key, "title": {"zh": "公开许可"}, "kind": "permission", "audience": "ministry"}]
    for section, content in {**CONTENTS, "files": {"attachments": attached}}.items():
        if section not in without:
            write(
                session, actor, case, section, {**content, **{k: v for k, v in over.items() if k in content}}, now
            )
    return case


def write(
    session: Session,
    actor: Actor,
    case: Case,
    section: str,
    content: Mapping[str, Any],
    now: dt.datetime = make.NOW,
) -> None:
    """Save a section over what stands there."""
    kept = {name: value for name, value in content.items() if value is not None}
    version = drafts.rows(session, actor, case)[section].version
    drafts.save(session, actor, case, section, content=kept, version=version, now=now)


def move(
    session: Session, actor: Actor, case: Case, verb: str, *, now: dt.datetime = make.NOW, **given: Any
) -> None:
    step(FLOW, session, actor, case, verb, now=now, **given)
