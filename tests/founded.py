"""Organisations for the tests of this chapter, as people make them; and what their history says."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import make
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import invitations, operations
from library.accounts.flow import FLOW, decide
from library.accounts.letter_models import Letter
from library.accounts.models import Invitation, Membership, Organisation, Person
from library.config import Config
from library.events import Event, EventDetail
from library.files import Kept
from library.policy import Actor
from library.workflow import step

CODE = "91330106MA2CFH6U3L"
OTHER_CODE = "91110000600037341L"
WORD = re.compile(r"https://library\.example/invitations/(\S+)")
GUEST = "guest@people.example"
FORM = {"name_zh": "杭州清河水务有限公司", "kind": "enterprise", "province": "33", "credit_code": CODE}


def actor(person: Person, organisation: Organisation | None = None, membership: str = "") -> Actor:
    """Somebody at a browser, acting for an organisation or for nobody."""
    return Actor(
        person.subject, organisation.id if organisation else None, person=person.id, membership=membership
    )


def organisation(session: Session, **over: Any) -> tuple[Organisation, Actor]:
    """One with its founder, who acts for it. A field given as None is left out of the form."""
    founder = make.person(session)
    given = {name: value for name, value in {**FORM, **over}.items() if value is not None}
    made = operations.create(session, actor(founder), given=given, now=make.NOW)
    session.flush()
    return made, actor(founder, made, "owner")


def proven(session: Session, **over: Any) -> tuple[Organisation, Actor]:
    """One whose evidence lies in the store."""
    made, owner = organisation(session, **over)
    kept = Kept("a" * 64, 100, "application/pdf")
    operations.prove(session, owner, made, note="营业执照。", kept=kept, name="licence.pdf", now=make.NOW)
    return made, owner


def asked(session: Session, **over: Any) -> tuple[Organisation, Actor]:
    """One that has asked for its verification."""
    found, owner = proven(session, **over)
    step(FLOW, session, owner, found, "organisation.ask", now=make.NOW)
    return found, owner


def judge(session: Session, officer: Actor, found: Organisation, verb: str = "organisation.verify") -> None:
    """An officer decides about what he saw."""
    seen = found.asked_at.isoformat() if found.asked_at else ""
    decide(session, officer, found, verb, reason="Compared with the licence.", seen=seen, now=make.NOW)


def membership(session: Session, who: Actor, organisation: Organisation) -> Membership:
    """The row of a present member."""
    rows = select(Membership).where(
        Membership.person_id == who.person,
        Membership.organisation_id == organisation.id,
        Membership.ended_at.is_(None),
    )
    return session.scalars(rows).one()


def told(session: Session, organisation: Organisation) -> list[tuple[str, dict[str, Any]]]:
    """The events of an organisation with what they tell, oldest first; of a unit that has ended."""
    rows = (
        select(Event.verb, EventDetail.detail)
        .join(EventDetail, EventDetail.seq == Event.seq)
        .where(Event.subject == organisation.subject)
        .order_by(Event.seq)
    )
    return [(verb, json.loads(detail)) for verb, detail in session.execute(rows)]


def invite(
    session: Session,
    config: Config,
    found: Organisation,
    owner: Actor,
    *,
    email: str = GUEST,
    role: str = "editor",
    now: dt.datetime = make.NOW,
) -> tuple[Invitation, str]:
    """An invitation and the word in its letter."""
    given = {"email": email, "role": role}
    row = invitations.send(session, owner, found, given=given, config=config, now=now)
    return row, word_of(session, row)


def word_of(session: Session, row: Invitation) -> str:
    letter = session.scalars(select(Letter).where(Letter.about == row.subject)).one()
    found = WORD.search(letter.text or "")
    assert found
    return found[1]
