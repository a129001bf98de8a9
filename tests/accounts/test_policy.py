"""Who may see and do what with an organisation. Each read rule stands twice: predicate and WHERE must agree."""

from __future__ import annotations

from itertools import product
from typing import Any

import make
import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from library.accounts import policy
from library.accounts.models import MEMBERSHIPS, ORGANISATION_STATES, Grant, Invitation, Membership, Organisation
from library.policy import SYSTEM, VISITOR, Actor, can

LATER = make.NOW.replace(year=2027)
ROLES = ("officer", "approver", "administrator", "system", "expert", "verifier", "investor", "recommender")


def actors(people: list[int]) -> list[Actor]:
    """Every role alone, none, and two together; acting for nobody and for each of two, in each membership; and
    somebody whose membership ended while the organisation still stands in the actor."""
    together = [frozenset[str](), *(frozenset({role}) for role in ROLES), frozenset({"investor", "officer"})]
    acting = [(None, ""), (1, ""), *product((1, 2), MEMBERSHIPS)]
    made = [
        Actor(f"person:{person}", organisation, roles, person, membership)
        for person, roles, (organisation, membership) in product(people, together, acting)
    ]
    return [VISITOR, SYSTEM, *made]


def everything(session: Session) -> list[int]:
    """Two organisations of each state, with members, past ones, invitations and grants to and of each."""
    people = [make.person(session).id for _ in range(2)]
    opened = {"to": "case:1", "audience": "reviewer", "why": "A test.", "at": make.NOW, "until": LATER}
    for number, state in enumerate(ORGANISATION_STATES * 2):
        times = {"verified_at": make.NOW} if state == "verified" else {}
        times |= {"closed_at": make.NOW} if state == "closed" else {}
        organisation = make.organisation(session, state=state, **times)
        for person, role, ended in ((people[0], "owner", None), (people[1], "commenter", make.NOW)):
            row = Membership(person_id=person, organisation_id=organisation.id, role=role, since=make.NOW)
            row.ended_at = ended
            session.add(row)
        asked = Invitation(organisation_id=organisation.id, email="a@b.example", role="editor", at=make.NOW)
        asked.digest, asked.invited_by, asked.expires_at = f"{number:064d}", people[0], LATER
        session.add_all([asked, Grant(organisation_id=organisation.id, **opened)])
    session.add_all(Grant(person_id=person, **opened) for person in people)
    session.flush()
    return people


@pytest.mark.parametrize(
    ("entity", "may", "visible"),
    [
        (Organisation, policy.may_see, policy.visible),
        (Membership, policy.may_see_member, policy.visible_members),
        (Invitation, policy.may_see_invitation, policy.visible_invitations),
        (Grant, policy.may_see_grant, policy.visible_grants),
    ],
)
def test_the_predicate_and_the_where_agree_for_every_actor_and_every_row(
    session: Session, entity: Any, may: Any, visible: Any
) -> None:
    people = everything(session)
    rows = session.scalars(select(entity)).all()
    assert len(rows) >= 8
    differ, seen = [], set[int]()
    for actor in actors(people):
        where: ColumnElement[bool] = visible(actor)
        listed = set(session.scalars(select(entity.id).where(where)))
        allowed = {row.id for row in rows if may(actor, row)}
        seen.add(len(listed))
        if listed != allowed:
            differ.append((actor, listed ^ allowed))
    assert differ == []
    # And the rule tells actors apart: all, some, none.
    assert {0, len(rows)} < seen


# Who may do what with organisation 1, which is not verified. Everything else is a no.
OWN = {"organisation.see", "organisation.leave", "member.see", "invitation.see", "grant.see"}
PERSON = {"organisation.create", "invitation.read", "invitation.answer"}
OWNER = {"organisation.keep", "organisation.evidence", "organisation.close"}
KEEPER = {"organisation.see", "organisation.evidence", "member.see", "grant.see"}
OFFICER = {*KEEPER, "organisation.judge", "organisation.oversee", "grant.open"}
MINE = {"organisation.see", "member.see", "invitation.see", "grant.see", "invitation.read"}


def person(*roles: str, organisation: int | None = None, membership: str = "") -> Actor:
    return Actor("person:9", organisation, frozenset(roles), 9, membership)


MAY: dict[str, tuple[Actor, set[str]]] = {
    "visitor": (VISITOR, {"invitation.read"}),
    "stranger": (person(organisation=2, membership="owner"), PERSON),
    "owner": (person(organisation=1, membership="owner"), PERSON | OWN | OWNER),
    "editor": (person(organisation=1, membership="editor"), PERSON | OWN),
    "commenter": (person(organisation=1, membership="commenter"), PERSON | OWN),
    "former member": (person(organisation=1), PERSON),
    "officer": (person("officer"), PERSON | OFFICER),
    "officer of it": (
        person("officer", organisation=1, membership="editor"),
        PERSON | OWN | OFFICER - {"organisation.judge"},
    ),
    "administrator": (person("administrator"), PERSON | KEEPER | {"organisation.oversee", "organisation.close"}),
    "approver": (person("approver"), PERSON),
    "expert": (person("expert"), PERSON),
    "investor": (person("investor", organisation=2, membership="owner"), PERSON),
    "owner's program": (Actor("person:9", 1, person=9, membership="owner", scopes=frozenset({"read"})), MINE),
    "system": (SYSTEM, KEEPER | {"invitation.read", "invitation.see", "grant.open"}),
}
SUBJECTS: dict[str, Any] = {
    "organisation": Organisation(id=1, state="unverified"),
    "member": Membership(id=1, organisation_id=1),
    "invitation": Invitation(id=1, organisation_id=1),
    "grant": Grant(id=1, organisation_id=1),
}


@pytest.mark.parametrize("who", MAY)
def test_permissions_on_an_organisation(who: str) -> None:
    actor, expected = MAY[who]
    nouns = {rule: rule.partition(".")[0] for rule in policy.RULES}
    about = {rule: SUBJECTS[noun] for rule, noun in nouns.items() if noun in SUBJECTS}
    assert {rule for rule, subject in about.items() if can(policy.RULES, actor, rule, subject)} == expected


@pytest.mark.parametrize(
    ("rule", "doors"),
    [
        # The doors ask without a subject: whoever could have one may knock, and nobody else.
        ("organisation.see", {"stranger", "owner", "officer", "administrator", "approver", "owner's program"}),
        ("organisation.keep", {"stranger", "owner"}),
        ("organisation.leave", {"stranger", "owner"}),
        ("organisation.evidence", {"stranger", "owner", "officer", "administrator"}),
        ("organisation.close", {"stranger", "owner", "administrator"}),
        ("organisation.judge", {"officer"}),
    ],
)
def test_who_may_knock(rule: str, doors: set[str]) -> None:
    asked = ("visitor", "stranger", "owner", "officer", "administrator", "approver", "owner's program")
    assert {who for who in asked if can(policy.RULES, MAY[who][0], rule)} == doors
