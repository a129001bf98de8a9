"""Demonstration accounts: invented people, one a role, with passwords of this installation's own; and a call.

The passwords lie beside the database, for whoever can read that anyway. Production refuses to start with them.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from .accounts import flow, members, operations, people, profile, proofs
from .accounts.models import Organisation, Person
from .config import Config
from .db import Database
from .errors import Problem, Text
from .files import Store
from .policy import SYSTEM, Actor
from .selection import flow as calls
from .selection import operations as calling
from .selection import places
from .selection.models import Call
from .workdays import ZONE
from .workflow import step

HOST = "demonstration.example"


class Figure(NamedTuple):
    """Somebody invented: an organisation's member, or with a role for the whole library."""

    who: str
    name: str
    said: str
    organisation: str = ""
    role: str = ""


FIGURES = (
    Figure("owner", "陈静", "owner of an enterprise", "enterprise", "owner"),
    Figure("editor", "赵磊", "editor of the same enterprise", "enterprise", "editor"),
    Figure("commenter", "孙悦", "commenter of the same enterprise", "enterprise", "commenter"),
    Figure("newcomer", "周婷", "owner of an enterprise that is not verified", "newcomer", "owner"),
    Figure("investor", "吴昊", "owner of an investor", "investor", "owner"),
    Figure("recommender", "何平", "owner of a recommending body", "authority", "owner"),
    Figure("officer", "郑岚", "officer", role="officer"),
    Figure("approver", "冯毅", "approver", role="approver"),
    Figure("administrator", "褚宁", "administrator", role="administrator"),
    Figure("expert", "卫敏", "expert", role="expert"),
    Figure("verifier", "蒋涛", "verifier", role="verifier"),
)
# Codes of a region that there is not, with the right last character.
ORGANISATIONS = {
    "enterprise": {
        "name_zh": "示范物联科技有限公司（虚构）",
        "name_en": "Demonstration IoT Ltd (invented)",
        "kind": "enterprise",
        "credit_code": "91000000MA00DEM01T",
    },
    "newcomer": {
        "name_zh": "示范表计有限公司（虚构）",
        "name_en": "Demonstration Meters Ltd (invented)",
        "kind": "enterprise",
    },
    "investor": {
        "name_zh": "示范创业投资有限公司（虚构）",
        "name_en": "Demonstration Ventures Ltd (invented)",
        "kind": "investor",
        "credit_code": "91000000MA00DEM02X",
    },
    "authority": {
        "name_zh": "示范省通信管理局（虚构）",
        "name_en": "Demonstration Communications Administration (invented)",
        "kind": "authority",
        "credit_code": "11000000MB00DEM03B",
    },
}
EVIDENCE = "虚构单位，仅供示范。 An invented organisation, for demonstration only."


def kept_in(config: Config) -> Path:
    return config.data / "demo-sign-ins.json"


def refuse(database: Database, config: Config) -> None:
    """Raises Problem when production is to start with somebody invented."""
    if config.production and inspect(database.engine).has_table(Person.__tablename__):
        with database.reading() as session:
            there = _are_there(session)
        if there:
            raise Problem(Text("This database holds demonstration accounts; production does not start with them."))


def make(database: Database, config: Config, *, now: dt.datetime) -> bool:
    """The accounts, unless they are there. False when they are."""
    with database.reading() as session:
        if _are_there(session):
            return False
    with database.unit() as session:
        passwords = {figure.who: secrets.token_urlsafe(12) for figure in FIGURES}
        _keep(config, passwords)
        persons = {figure.who: _person(session, config, figure, passwords[figure.who], now) for figure in FIGURES}
        officer = Actor(persons["officer"].subject, roles=frozenset({"officer"}), person=persons["officer"].id)
        for key in ORGANISATIONS:
            found = [(persons[figure.who], figure.role) for figure in FIGURES if figure.organisation == key]
            organise(session, config, officer, ORGANISATIONS[key], found, now)
        _call(session, config, officer, now)
    return True


def told(config: Config) -> Iterator[str]:
    """How to sign in, a line a role."""
    path = kept_in(config)
    if not path.exists():
        return
    passwords = json.loads(path.read_text(encoding="utf-8"))
    yield "\nDemonstration sign-ins of this installation, at /account/sign-in:"
    for figure in FIGURES:
        yield f"  {address(figure):40} {passwords[figure.who]:18} {figure.said}"
    yield f"The last five need a code as well: .venv/bin/caselib user code officer@{HOST}\n"


def address(figure: Figure) -> str:
    return f"{figure.who}@{HOST}"


def _are_there(session: Session) -> bool:
    invented = select(Person.id).where(Person.demonstration, Person.erased_at.is_(None))
    return session.scalar(invented.limit(1)) is not None


def _keep(config: Config, passwords: dict[str, str]) -> None:
    """Written before anything is committed: there is no account without its password."""
    config.data.mkdir(parents=True, exist_ok=True)
    fresh = kept_in(config).with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(passwords, file, indent=2)
    fresh.replace(kept_in(config))


def _person(session: Session, config: Config, figure: Figure, password: str, now: dt.datetime) -> Person:
    person = profile.add(
        session,
        SYSTEM,
        email=address(figure),
        name=figure.name,
        password=proofs.hashed(password),
        demonstration=True,
        now=now,
    )
    if not figure.organisation:
        profile.give_role(session, SYSTEM, person, role=figure.role, now=now)
        person.tf_primary_method = "authenticator"
        person.tf_totp_secret = proofs.codes(config).generate_totp_secret()
    return person


def organise(
    session: Session,
    config: Config,
    officer: Actor,
    given: Mapping[str, str],
    found: list[tuple[Person, str]],
    now: dt.datetime,
) -> None:
    """Founded, joined and, where it has a code, verified, each by those who may."""
    [founder] = [person for person, role in found if role == "owner"]
    row = operations.create(session, people.himself(founder), given=given, now=now)
    owner = Actor(founder.subject, row.id, person=founder.id, membership="owner")
    for person, role in found:
        if person is not founder:
            members.begin(session, owner, row, person=person, role=role, now=now)
    if row.credit_code:
        kept = Store(config.files).put(io.BytesIO(EVIDENCE.encode()), "evidence.txt")
        operations.prove(session, owner, row, note=EVIDENCE, kept=kept, name="evidence.txt", now=now)
        step(flow.FLOW, session, owner, row, "organisation.ask", now=now)
        _verify(session, officer, row, now)


def _call(session: Session, config: Config, officer: Actor, now: dt.datetime) -> None:
    """An invented call that is open for a month."""
    content = json.loads((config.seeds / "demo/calls/call.json").read_text(encoding="utf-8"))
    window = (now - dt.timedelta(days=1), now + dt.timedelta(days=30))
    call = write_call(session, officer, content, window, now)
    given = {"recommender": ORGANISATIONS["authority"]["credit_code"], "places": 5}
    places.set_quota(session, officer, call, given=given, now=now)


def write_call(
    session: Session,
    officer: Actor,
    content: Mapping[str, Any],
    window: tuple[dt.datetime, dt.datetime],
    now: dt.datetime,
) -> Call:
    """An invented call with this window, announced."""
    times = (f"{each.astimezone(ZONE):%Y-%m-%d %H:%M}" for each in window)
    whole = {**content, **dict(zip(("opens_at", "closes_at"), times, strict=True))}
    call = calling.create(session, officer, demonstration=True, now=now)
    calling.save(session, officer, call, content=whole, version=call.version, now=now)
    calls.decide(session, officer, call, "call.announce", given={"reason": EVIDENCE}, now=now)
    return call


def _verify(session: Session, officer: Actor, row: Organisation, now: dt.datetime) -> None:
    seen = row.asked_at.isoformat() if row.asked_at else ""
    flow.decide(session, officer, row, "organisation.verify", reason=EVIDENCE, seen=seen, now=now)
