"""Who may read of an expert, and which experts a call may be given to at all."""

from __future__ import annotations

import entering
import make
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.policy import SYSTEM, VISITOR, Actor, can
from library.selection import expert_policy, expert_queries
from library.selection.assign_queries import world
from library.selection.expert_models import Expert


def test_an_expert_is_read_by_himself_and_officers_in_both_forms(session: Session) -> None:
    experts = [entering.expert(session) for _ in range(2)]
    roles = ("officer", "approver", "administrator", "verifier", "expert")
    actors = [VISITOR, SYSTEM, *experts, *(make.officer(session, role) for role in roles)]
    actors += [make.member(session, make.organisation(session), "owner")]
    rows = list(session.scalars(select(Expert)))
    seen = {}
    for actor in actors:
        visible = set(session.scalars(select(Expert.person_id).where(expert_policy.visible(actor))))
        allowed = {row.person_id for row in rows if can(expert_policy.RULES, actor, "expert.see", row)}
        assert visible == allowed
        seen[actor.id] = len(visible)
    assert [seen[actor.id] for actor in (VISITOR, SYSTEM, *experts)] == [0, 2, 1, 1]
    assert [seen[actor.id] for actor in actors[4:]] == [2, 0, 0, 0, 0, 0]


def test_programs_keep_no_pool(session: Session) -> None:
    officer = make.officer(session)
    program = Actor(officer.id, roles=officer.roles, person=officer.person, scopes=frozenset({"read"}))
    for rule in ("expert.keep", "tie.keep", "assignment.keep"):
        assert (can(expert_policy.RULES, officer, rule), can(expert_policy.RULES, program, rule)) == (True, False)


def test_an_invented_expert_judges_invented_entries_and_nobody_who_left_judges_any(session: Session) -> None:
    officer = make.officer(session)
    real, invented, left = (entering.expert(session, demonstration=flag) for flag in (False, True, False))
    session.get_one(Expert, left.person).ended_at = make.NOW
    for demonstration, expert in ((False, real), (True, invented)):
        call = entering.call(session, officer, "scoring", demonstration=demonstration)
        assert [each.person for each in world(session, call, now=entering.LATER).people] == [expert.person]


def test_who_knows_a_sector(session: Session) -> None:
    """By its own code, by one that includes it, or by knowing any; the list and the plan say the same."""
    trees, officer = make.taxonomy(session), make.officer(session)
    known = {(): True, ("metering",): True, ("water-metering",): True, ("gas-metering",): False, ("life",): False}
    people = {entering.expert(session, sectors=sectors).person: fits for sectors, fits in known.items()}
    found = expert_queries.experts(session, officer, trees, page=None, sector="water-metering")
    assert {row[0].person_id for row in found} == {person for person, fits in people.items() if fits}
    for sectors, fits in known.items():
        assert expert_queries.knows(trees, list(sectors), "water-metering") is fits
    assert expert_queries.experts(session, officer, trees, page=None, sector="no-such") == []
