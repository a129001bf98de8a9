"""Factories: things as the operations and the flow make them, with what a test cares about said by keyword."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from library.accounts.models import Membership, Organisation, Person, PersonRole
from library.catalog import operations
from library.catalog import taxonomy as taxonomies
from library.catalog.flow import FLOW
from library.catalog.models import Case, Term
from library.catalog.numbers import random_key
from library.policy import SYSTEM, Actor
from library.workflow import step

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
OFFICER = Actor("officer:1", roles=frozenset({"officer"}))

# Code, parent, Chinese, English: a small tree with a parent in the middle.
SECTORS = (
    ("industry", None, "产业数字化", "Industrial digitalisation"),
    ("manufacturing", "industry", "工业制造", "Industrial manufacturing"),
    ("governance", None, "治理智能化", "Intelligent governance"),
    ("metering", "governance", "能源表计", "Energy metering"),
    ("water-metering", "metering", "智能水表", "Water metering"),
    ("gas-metering", "metering", "智能燃气表", "Gas metering"),
    ("life", None, "生活智慧化", "Intelligent life"),
    ("smart-home", "life", "智能家居", "Smart home"),
)
TECHNOLOGIES = (
    ("network-slicing", None, "网络切片", "Network slicing"),
    ("edge-computing", None, "边缘计算", "Edge computing"),
)


def taxonomy_document() -> dict[str, Any]:
    """The small trees as `taxonomy.json` would say them."""
    return {
        key: [
            {"code": code, "parent": parent, "title": {"en": en, "zh": zh}, "named": True}
            for code, parent, zh, en in rows
        ]
        for key, rows in (("sectors", SECTORS), ("technologies", TECHNOLOGIES))
    }


def taxonomy(session: Session) -> taxonomies.Taxonomy:
    """The small trees, written once."""
    if session.scalar(select(Term.code).limit(1)) is None:
        taxonomies.write(session, taxonomies.TaxonomyShape().load(taxonomy_document()))
    return taxonomies.read(session)


def document(**over: Any) -> dict[str, Any]:
    """A valid case as its file says it. A key given as None is left out."""
    whole = {
        "code": "MIOT-P-0001",
        "origin": "collected",
        "title": {"en": "Smart water meters", "zh": "智能水表"},
        "summary": {"en": "Water meters read over NB-IoT.", "zh": "经NB-IoT抄读的水表。"},
        "sectors": ["water-metering"],
        "technologies": ["edge-computing"],
        "networks": ["nb-iot"],
        "place": {"country": "CN", "provinces": ["44"], "text": {"en": "Guangdong", "zh": "广东"}},
        "status": "live",
        "as_of": "2025-08",
        "parties": [{"name": {"en": "City Water", "zh": "城市水务"}, "role": "owner"}],
        "connections": [count()],
        "sections": [
            {"kind": "solution", "text": {"en": "Meters report daily.", "zh": "水表每日上报。"}, "sources": [1]}
        ],
        "sources": [
            {"title": "Meters in town", "publisher": "The Paper", "url": "https://example.org/1", "link": True}
        ],
        **over,
    }
    return {key: value for key, value in whole.items() if value is not None}


def count(value: int = 120_000, **over: Any) -> dict[str, Any]:
    """One connection count of a document. A key given as None is left out."""
    whole = {
        "value": value,
        "kind": "stated",
        "as_of": "2025-08",
        "what": {"en": "meters", "zh": "只水表"},
        "source": 1,
        **over,
    }
    return {key: value for key, value in whole.items() if value is not None}


def case(
    session: Session, *, actor: Actor = SYSTEM, now: dt.datetime = NOW, state: str = "admitted", **over: Any
) -> Case:
    """A case collected by the library, in `state` (draft, admitted or archived); `over` goes into its document."""
    taxonomy(session)
    origin = over.get("origin", "collected")
    prefix = "DEMO" if origin == "demo" else "MIOT-P"
    number = session.scalar(select(func.count()).select_from(Case)) or 0
    given = document(**{"code": f"{prefix}-{number + 1:04d}", **over})
    made = operations.create(session, actor, origin=origin, now=now)
    if state != "draft":
        loaded = operations.SCHEMA.load(given)
        step(FLOW, session, actor, made, "case.collect", now=now, document=loaded, detail={"code": given["code"]})
    if state == "archived":
        step(FLOW, session, actor, made, "case.archive", now=now)
    return made


def organisation(session: Session, **over: Any) -> Organisation:
    row = Organisation(
        **{"key": random_key(), "name_zh": "示例企业", "kind": "enterprise", "created_at": NOW, **over}
    )
    session.add(row)
    session.flush()
    return row


def person(session: Session, *, roles: tuple[str, ...] = (), **over: Any) -> Person:
    """Somebody with a confirmed address and no password; `roles` for the whole library."""
    key = random_key()
    values = {"email": f"{key}@people.example", "name": "王小明", "lang": "zh", "fs_uniquifier": key}
    row = Person(**{**values, "create_datetime": NOW, "confirmed_at": NOW, **over})
    row.roles = [PersonRole(name=role, given_at=NOW) for role in roles]
    session.add(row)
    session.flush()
    return row


def member(session: Session, organisation: Organisation, role: str = "editor", **over: Any) -> Actor:
    """A new person who belongs to `organisation` and acts for it."""
    row = person(session, **over)
    session.add(Membership(person_id=row.id, organisation_id=organisation.id, role=role, since=NOW))
    session.flush()
    return Actor(row.subject, organisation.id, person=row.id, membership=role)


def officer(session: Session, *roles: str, **over: Any) -> Actor:
    """A new person with roles for the whole library (default: an officer)."""
    row = person(session, roles=roles or ("officer",), **over)
    return Actor(row.subject, roles=frozenset(roles or ("officer",)), person=row.id)


def file(folder: Path, document: dict[str, Any], name: str | None = None) -> Path:
    """A seed file as the rules of writing want it: UTF-8, two spaces."""
    path = folder / (name or f"{document['code'].lower()}.json")
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
