"""Who may see and do what. Each read rule stands twice, as predicate and as WHERE: they must always agree."""

from __future__ import annotations

from itertools import product

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import policy
from library.catalog.models import ORIGINS, STATES, Case
from library.errors import Forbidden
from library.policy import SYSTEM, VISITOR, Actor, can, require

ROLES = (
    "officer",
    "approver",
    "administrator",
    "system",
    "expert",
    "verifier",
    "investor",
    "recommender",
    "enterprise",
)
OWNERS = (None, 1, 2)


def actors() -> list[Actor]:
    """Every role alone, none, and two together; for no organisation and for each."""
    together = [frozenset(), *(frozenset({role}) for role in ROLES), frozenset({"investor", "officer"})]
    return [Actor("person:1", organisation, roles) for organisation, roles in product(OWNERS, together)]


def cases() -> list[Case]:
    """Every origin, state and owner that the database lets pass."""
    made: list[Case] = []
    for origin, state, owner in product(ORIGINS, STATES, OWNERS):
        if (origin == "collected") == (owner is None) or origin == "demo":
            number = len(made) + 1
            code = f"DEMO-{number:04d}" if origin == "demo" else f"MIOT-X-{number:04d}"
            made.append(
                Case(
                    key=f"key-{number}",
                    code=code,
                    origin=origin,
                    state=state,
                    owner_id=owner,
                    revision=1,
                    created_at=make.NOW,
                    admitted_at=make.NOW,
                )
            )
    return made


def test_the_predicate_and_the_where_agree_for_every_actor_and_every_case(session: Session) -> None:
    for key in (1, 2):
        assert make.organisation(session).id == key
    session.add_all(cases())
    session.flush()
    everything = session.scalars(select(Case)).all()
    assert len(everything) == len(STATES) * (1 + 2 + 3)
    differ, seen_by = [], {}
    for actor in actors():
        listed = set(session.scalars(select(Case.code).where(policy.visible(actor))))
        allowed = {case.code for case in everything if can(policy.RULES, actor, "case.see", case)}
        if listed != allowed:
            differ.append((actor, listed ^ allowed))
        seen_by[actor.organisation, actor.roles] = len(listed)
    assert differ == []
    # And the rule tells actors apart: who sees all, what is public, and what is one's own besides.
    public = sum(case.state == "admitted" for case in everything)
    own = sum(case.state == "admitted" or case.owner_id == 1 for case in everything)
    assert seen_by[None, frozenset({"officer"})] == len(everything) > own > public == seen_by[None, frozenset()]
    assert seen_by[1, frozenset({"enterprise"})] == own


Rules = dict[str, bool]
OPEN = {
    **{"case.browse": True, "case.see": True, "case.curate": False, "case.report": True},
    **{"report.answer": False, "searches.read": False},
}
MINISTRY = {**OPEN, "searches.read": True}
KEEPER = {**MINISTRY, "case.curate": True, "report.answer": True}
COLLECTED = Case(origin="collected", state="admitted")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (role, KEEPER if role in ("officer", "system") else MINISTRY if role in policy.MINISTRY else OPEN)
        for role in ROLES
    ],
)
def test_permissions_on_a_public_collected_case(role: str, may: Rules) -> None:
    actor = Actor("person:1", roles=frozenset({role}))
    assert {name: can(policy.RULES, actor, name, COLLECTED) for name in policy.RULES} == may


@pytest.mark.parametrize(
    ("origin", "state", "see", "curate", "report"),
    [
        # For a visitor, an officer, and about reports; one row each that differs from the table above.
        ("collected", "draft", False, True, False),
        ("collected", "archived", False, True, False),
        ("demo", "admitted", True, True, False),
        ("submitted", "admitted", True, False, False),
        ("submitted", "submitted", False, False, False),
    ],
)
def test_permissions_by_origin_and_state(origin: str, state: str, see: bool, curate: bool, report: bool) -> None:
    case = Case(origin=origin, state=state, owner_id=1 if origin == "submitted" else None)
    assert can(policy.RULES, VISITOR, "case.see", case) is see
    assert can(policy.RULES, make.OFFICER, "case.see", case) is True
    assert can(policy.RULES, make.OFFICER, "case.curate", case) is curate
    assert can(policy.RULES, SYSTEM, "case.curate", case) is curate
    assert can(policy.RULES, VISITOR, "case.report", case) is report


def test_a_rule_nobody_wrote_is_a_no() -> None:
    assert can(policy.RULES, SYSTEM, "case.delete", COLLECTED) is False
    with pytest.raises(Forbidden):
        require(policy.RULES, SYSTEM, "case.delete", COLLECTED)
    require(policy.RULES, SYSTEM, "case.curate", COLLECTED)


INVESTOR = {"public", "investor"}
MINISTRY = {"public", "investor", "reviewer", "ministry"}


@pytest.mark.parametrize(
    ("organisation", "role", "audiences"),
    [
        (None, None, {"public"}),
        (2, "enterprise", {"public"}),
        (1, "enterprise", {*MINISTRY, "owner"}),
        (None, "expert", {"public"}),
        (None, "verifier", {"public"}),
        (None, "recommender", {"public"}),
        (2, "investor", INVESTOR),
        (1, "investor", {*MINISTRY, "owner"}),
        (None, "officer", MINISTRY),
        (None, "approver", MINISTRY),
        (None, "administrator", MINISTRY),
        (None, "system", MINISTRY),
    ],
)
def test_audiences_on_a_case_of_organisation_1(
    organisation: int | None, role: str | None, audiences: set[str]
) -> None:
    actor = Actor("person:1", organisation, frozenset({role} if role else ()))
    assert policy.audiences(actor, Case(origin="submitted", owner_id=1)) == audiences


def test_nobody_owns_a_collected_case_not_even_somebody_without_an_organisation() -> None:
    assert policy.audiences(VISITOR, Case(origin="collected", owner_id=None)) == {"public"}
    assert not policy.may_see(VISITOR, Case(origin="collected", owner_id=None, state="draft"))
