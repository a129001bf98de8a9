"""Organisations for the tests of this chapter, as people make them; and what their history says."""

from __future__ import annotations

import json
from typing import Any

import make
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import operations
from library.accounts.models import Membership, Organisation, Person
from library.events import Event, EventDetail
from library.files import Kept
from library.policy import Actor

CODE = "91330106MA2CFH6U3L"
OTHER_CODE = "91110000600037341L"
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
