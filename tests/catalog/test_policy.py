"""Who may see and do what. Each read rule stands twice, as predicate and as WHERE: they must always agree."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts.withheld_models import Withheld, WithheldFrom
from library.catalog import policy
from library.catalog.draft_models import Submission
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
GRANTS: tuple[dict[str, frozenset[str]], ...] = ({}, {"case:3": frozenset({"reviewer"}), "case:40": frozenset()})


def actors() -> list[Actor]:
    """Every role alone, none, and two together; for no organisation and for each; with and without grants."""
    together = [frozenset(), *(frozenset({role}) for role in ROLES), frozenset({"investor", "officer"})]
    return [
        Actor(
            "person:1", organisation, roles, person=1, membership="editor" if organisation else "", grants=grants
        )
        for organisation, roles, grants in product(OWNERS, together, GRANTS)
    ]


def cases() -> list[Case]:
    """Every origin, state and owner that the database lets pass, with and without embargo."""
    made: list[Case] = []
    for origin, state, owner, embargoed in product(ORIGINS, STATES, OWNERS, (False, True)):
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
                    embargoed=embargoed,
                    revision=1,
                    created_at=make.NOW,
                    admitted_at=make.NOW,
                )
            )
    return made


def reviewers() -> list[Actor]:
    """Person 2 is an expert from whom cases 1, 3 and 40 are kept back; whatever else the person is."""
    kept_back = frozenset({"case:1", "case:3", "case:40"})
    return [replace(actor, id="person:2", person=2, withheld=kept_back) for actor in actors()]


def public(case: Case) -> bool:
    return case.state == "admitted" and not case.embargoed


def test_the_predicate_and_the_where_agree_for_every_actor_and_every_case(session: Session) -> None:
    for key in (1, 2):
        assert make.organisation(session).id == key
    session.add_all(cases())
    session.flush()
    assert [make.person(session).id for _ in range(2)] == [1, 2]
    for number in (1, 3, 40):
        session.add(Withheld(why="call:1", subject=f"case:{number}"))
    session.add(Withheld(why="call:2", subject="case:7"))
    session.add(WithheldFrom(why="call:1", person_id=2, at=make.NOW))
    session.add(WithheldFrom(why="call:2", person_id=1, at=make.NOW))
    session.flush()
    everything = session.scalars(select(Case)).all()
    assert len(everything) == 2 * len(STATES) * (1 + 2 + 3)
    differ, seen_by = [], {}
    for actor in reviewers():
        listed = set(session.scalars(select(Case.id).where(policy.visible(actor))))
        allowed = {case.id for case in everything if can(policy.RULES, actor, "case.see", case)}
        differ += [(actor, listed ^ allowed)] if listed != allowed else []
        assert not listed & {1, 3, 40}
        open_to = set(session.scalars(select(Case.id).where(policy.not_withheld(actor))))
        assert open_to == {case.id for case in everything if not policy.is_withheld(actor, case)}
    assert differ == []
    for actor in actors():
        listed = set(session.scalars(select(Case.code).where(policy.visible(actor))))
        allowed = {case.code for case in everything if can(policy.RULES, actor, "case.see", case)}
        if listed != allowed:
            differ.append((actor, listed ^ allowed))
        seen_by[actor.organisation, actor.roles, bool(actor.grants)] = len(listed)
    assert differ == []
    # And the rule tells actors apart: who sees all, what is public, what is one's own besides, what is opened.
    openly, officer = sum(map(public, everything)), frozenset({"officer"})
    own = sum(public(case) or case.owner_id == 1 for case in everything)
    assert seen_by[None, officer, False] == len(everything) > own > openly == seen_by[None, frozenset(), False]
    assert seen_by[1, frozenset({"enterprise"}), False] == own
    assert not any(public(case) for case in everything if case.id in (3, 40))
    assert seen_by[None, frozenset(), True] == openly + 2


def test_the_predicate_and_the_where_agree_on_submissions(session: Session) -> None:
    for key in (1, 2):
        assert make.organisation(session).id == key
    session.add_all(cases())
    session.flush()
    for case in session.scalars(select(Case)).all():
        session.add(Submission(case_id=case.id, number=1, document={}, digest="", findings=[], at=make.NOW))
    session.flush()
    everything = session.scalars(select(Submission)).all()
    strangers = [Actor("person:9", organisation=1), Actor("person:9", 1, membership="commenter")]
    differ, seen_by = [], {}
    for actor in [*actors(), *strangers]:
        listed = set(session.scalars(select(Submission.id).where(policy.seen_submissions(actor))))
        allowed = {row.id for row in everything if can(policy.RULES, actor, "submission.see", row)}
        if listed != allowed:
            differ.append((actor, listed ^ allowed))
        seen_by[actor.organisation, actor.roles, actor.membership] = {
            row.case.owner_id for row in everything if row.id in listed
        }
    assert differ == []
    assert seen_by[None, frozenset({"officer"}), ""] == {None, 1, 2}
    assert seen_by[1, frozenset(), "editor"] == seen_by[1, frozenset(), "commenter"] == {1}
    assert seen_by[1, frozenset(), ""] == seen_by[None, frozenset({"expert"}), ""] == set()


Names = set[str]
READS = {"case.browse", "case.see", "submission.see"}
SETS = {"rule.edit", "calendar.edit"}
KEEPS = READS | SETS | {"case.curate", "case.archive", "case.restore", "searches.read", "report.answer"}
BY_ROLE: dict[str, Names] = {
    "officer": KEEPS | {"case.report", "case.read_draft", "link.decide", "link.end"},
    "system": KEEPS | {"case.report", "case.read_draft"},
    "administrator": READS | SETS | {"case.report", "case.read_draft", "searches.read"},
    "approver": READS | {"case.report", "searches.read"},
}
PUBLIC = {"case.browse", "case.see", "case.report"}
COLLECTED = Case(origin="collected", state="admitted", code="MIOT-P-0001")


def allowed(actor: Actor, case: Case | None) -> Names:
    """The rules that say yes. Those about another thing than a case are asked of none."""
    others = ("submission.see", "link.decide", "link.end", "report.answer", "searches.read")
    return {name for name in policy.RULES if can(policy.RULES, actor, name, None if name in others else case)}


@pytest.mark.parametrize("role", ROLES)
def test_permissions_on_a_public_collected_case(role: str) -> None:
    actor = Actor("person:1", roles=frozenset({role}))
    assert allowed(actor, COLLECTED) == BY_ROLE.get(role, PUBLIC) | {"submission.see"}


MEMBER = {"case.browse", "case.see", "case.read_draft", "case.comment", "submission.see"}
WRITES = MEMBER | {"case.draft", "link.end"}
JUDGES = KEEPS - {"case.curate"} | {"case.read_draft", "case.judge", "link.decide", "link.end"}


@pytest.mark.parametrize(
    ("actor", "names"),
    [
        (Actor("person:1", 1, membership="owner"), WRITES | {"case.archive"}),
        (Actor("person:1", 1, membership="editor"), WRITES),
        (Actor("person:1", 1, membership="editor", scopes=frozenset({"cases:write"})), WRITES - {"case.comment"}),
        (
            Actor("person:1", 1, membership="owner", scopes=frozenset({"read"})),
            MEMBER - {"case.comment"},
        ),
        (Actor("person:1", 1, membership="commenter"), MEMBER),
        (Actor("person:1", 2, membership="owner"), {"case.browse", "submission.see", "link.end"}),
        (Actor("person:1", 1, frozenset({"officer"})), JUDGES - {"case.judge", "case.archive", "case.restore"}),
        (Actor("person:1", 2, frozenset({"officer"})), JUDGES),
        (VISITOR, {"case.browse", "submission.see"}),
    ],
    ids=lambda value: "" if isinstance(value, set) else f"{value.membership or 'none'}-{value.organisation}",
)
def test_permissions_on_a_case_that_organisation_1_handed_in(actor: Actor, names: Names) -> None:
    case = Case(id=1, origin="submitted", state="submitted", owner_id=1, code="MIOT-2026-0001")
    assert allowed(actor, case) == names


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


def test_an_invented_case_that_somebody_owns_is_not_the_librarys() -> None:
    case = Case(origin="demo", state="admitted", owner_id=1)
    assert not can(policy.RULES, make.OFFICER, "case.curate", case)
    assert can(policy.RULES, make.OFFICER, "case.judge", case)


def test_nobody_judges_a_case_that_was_collected() -> None:
    assert not can(policy.RULES, make.OFFICER, "case.judge", COLLECTED)


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
    assert policy.audiences(actor, Case(id=1, origin="submitted", owner_id=1)) == audiences


def test_nobody_owns_a_collected_case_not_even_somebody_without_an_organisation() -> None:
    assert policy.audiences(VISITOR, Case(origin="collected", owner_id=None)) == {"public"}
    assert not policy.may_see(VISITOR, Case(origin="collected", owner_id=None, state="draft"))
