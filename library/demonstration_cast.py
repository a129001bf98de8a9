"""Who and what the invented calls are told with: experts, approvers, recommenders, enterprises and their cases.

Nobody of them is real, and but for `demonstration.FIGURES` nobody signs in.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .accounts import profile, proofs
from .accounts.models import Organisation, Person
from .catalog import draft_files, drafts, sections, upload_checks, uploads
from .catalog.flow import FLOW as CASES
from .catalog.models import Case
from .config import Config
from .db import Database
from .demonstration import EVIDENCE, HOST, ORGANISATIONS, organise
from .files import Store
from .policy import SYSTEM, Actor
from .selection import pool
from .selection.expert_models import Expert
from .workflow import step

# Who else is invented: login -> name; those who sign in themselves stand in `demonstration.FIGURES`.
EXPERTS = {"expert-b": "柏言", "expert-c": "苗青", "expert-d": "康宁"}
APPROVER = {"approver-b": "路遥之"}
# Organisation -> its owner, and what it is.
OTHERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "north": (
        "岳北",
        {
            "name_zh": "北岭智造有限公司（虚构）",
            "name_en": "Northridge Works Ltd (invented)",
            "kind": "enterprise",
            "credit_code": "91000000MA00DEM044",
        },
    ),
    "south": (
        "田南",
        {
            "name_zh": "南圃农业科技有限公司（虚构）",
            "name_en": "Southfield Farming Ltd (invented)",
            "kind": "enterprise",
            "credit_code": "91000000MA00DEM057",
        },
    ),
    "east": (
        "江东",
        {
            "name_zh": "东渡循环物流有限公司（虚构）",
            "name_en": "Eastferry Crates Ltd (invented)",
            "kind": "enterprise",
            "credit_code": "91000000MA00DEM06A",
        },
    ),
    "west": (
        "石西",
        {
            "name_zh": "西溪健康设备有限公司（虚构）",
            "name_en": "Westbrook Devices Ltd (invented)",
            "kind": "enterprise",
            "credit_code": "91000000MA00DEM07D",
        },
    ),
    "city": (
        "苏城",
        {
            "name_zh": "示范市工业和信息化局（虚构）",
            "name_en": "Demonstration City Industry Bureau (invented)",
            "kind": "authority",
            "credit_code": "11000000MB00DEM08T",
        },
    ),
}


@dataclass
class Story:
    """Whom and what the calls are told with; actors and numbers only, which outlive a session."""

    database: Database
    now: dt.datetime
    officer: Actor
    approvers: Sequence[Actor]
    experts: Sequence[Actor]
    owners: Mapping[str, Actor]
    content: Mapping[str, Any]
    cases: dict[str, int] = field(default_factory=dict)

    def ago(self, days: float) -> dt.datetime:
        return self.now - dt.timedelta(days=days)


def gather(database: Database, config: Config, *, now: dt.datetime) -> Story:
    """Everybody and every case, in one unit; who is there already stays."""
    folder = config.seeds / "demo/calls"
    content = json.loads((folder / "call.json").read_text(encoding="utf-8"))
    with database.unit() as session:
        story = _cast(session, database, config, content, now)
        _cases(session, story, config, json.loads((folder / "cases.json").read_text(encoding="utf-8")))
    return story


def _cast(
    session: Session, database: Database, config: Config, content: Mapping[str, Any], now: dt.datetime
) -> Story:
    """Those who are there, and those who come for these calls."""
    past = now - dt.timedelta(days=200)
    nobody = proofs.hashed(secrets.token_urlsafe(24))  # they never sign in

    def person(who: str, name: str = "", role: str = "") -> Person:
        found = session.scalar(select(Person).where(Person.email == f"{who}@{HOST}"))
        if found is None:
            found = profile.add(
                session,
                SYSTEM,
                email=f"{who}@{HOST}",
                name=name,
                password=nobody,
                demonstration=True,
                now=past,
            )
            if role:
                profile.give_role(session, SYSTEM, found, role=role, now=past)
        return found

    def acting(found: Person, *roles: str) -> Actor:
        return Actor(found.subject, roles=frozenset(roles), person=found.id)

    officer = acting(person("officer"), "officer")
    approvers = [person("approver"), *(person(who, name, "approver") for who, name in APPROVER.items())]
    experts = [person("expert")]
    experts += [person(who, name) for who, name in EXPERTS.items()]
    for each in experts:
        if session.get(Expert, each.id) is None:
            asked = {"email": each.email, "sectors": list[str]()}
            invitation = pool.invite(session, officer, given=asked, config=config, now=past)
            pool.accept(session, acting(each), invitation, now=past)
    owners = {}
    for who, key in (("owner", "enterprise"), ("recommender", "authority")):
        owners[key] = _owner(session, person(who), ORGANISATIONS[key]["name_zh"])
    for key, (name, given) in OTHERS.items():
        founder = person(f"{key}-owner", name)
        if session.scalar(select(Organisation.id).where(Organisation.name_zh == given["name_zh"])) is None:
            organise(session, config, officer, given, [(founder, "owner")], past)
        owners[key] = _owner(session, founder, given["name_zh"])
    return Story(
        database,
        now,
        officer,
        [acting(each, "approver") for each in approvers],
        [acting(each, "expert") for each in experts],
        owners,
        content,
    )


def _owner(session: Session, person: Person, name: str) -> Actor:
    organisation = session.scalars(select(Organisation).where(Organisation.name_zh == name)).one()
    return Actor(person.subject, organisation.id, person=person.id, membership="owner")


def _cases(session: Session, story: Story, config: Config, given: Sequence[Mapping[str, Any]]) -> None:
    """What the invented enterprises own in the library: written, handed in and admitted as any other."""
    for each in given:
        owner, whole, at = story.owners[each["of"]], each["case"], story.ago(150)
        titled = select(Case.id).where(Case.title_zh == whole["title"]["zh"], Case.origin == "demo")
        number = session.scalar(titled)
        if number is None:
            case = drafts.start(session, owner, now=at)
            for section in dict.fromkeys(map(sections.section_of, whole)):
                assert section is not None
                content = {name: said for name, said in whole.items() if sections.section_of(name) == section}
                _write(session, owner, case, section, content, at)
            _permit(session, owner, case, config, at)
            step(CASES, session, owner, case, "case.submit", now=at)
            step(CASES, session, story.officer, case, "case.admit", now=story.ago(149), given={})
            number = case.id
        story.cases[each["name"]] = number


def _permit(session: Session, owner: Actor, case: Case, config: Config, at: dt.datetime) -> None:
    """The permission to publish that every case needs, as an uploaded file."""
    permit = EVIDENCE.encode()
    upload = uploads.begin(session, owner, case, name="permission.txt", size=len(permit), config=config, now=at)
    kept = Store(config.files).put(io.BytesIO(permit), "permission.txt")
    verdict = upload_checks.Verdict(kept=kept, public=kept)
    uploads.received(session, owner, case, upload, size=len(permit), verdict=verdict, now=at)
    named = {
        "upload": upload.key,
        "title": {"zh": "公开许可（虚构）"},
        "kind": "permission",
        "audience": "ministry",
    }
    _write(session, owner, case, draft_files.SECTION, {draft_files.FIELD: [named]}, at)


def _write(
    session: Session, owner: Actor, case: Case, section: str, content: Mapping[str, Any], at: dt.datetime
) -> None:
    version = drafts.rows(session, owner, case)[section].version
    drafts.save(session, owner, case, section, content=content, version=version, now=at)
