"""Who may see a review and read its sheet: predicate and WHERE agree for everybody; and who counts in a mean."""

from __future__ import annotations

import dataclasses
from itertools import product
from typing import Any

import entering
import make
import pytest
from entering import LATER
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from library.policy import VISITOR, Actor, can
from library.selection import ranking, review_policy, rubrics
from library.selection.expert_models import REVIEW_STATES, Review
from library.selection.models import STATES, Call
from library.selection.policy import RULES
from library.selection.scores import Score

ROLES = ("officer", "approver", "administrator", "expert", "system", "verifier", "investor")


def test_the_predicates_and_the_wheres_agree(session: Session) -> None:
    officer = make.officer(session)
    call = entering.call(session, officer, "scoring")
    owner = entering.applicant(session)[1]
    experts = [entering.expert(session) for _ in range(2)]
    rows = []
    for state in REVIEW_STATES:
        by = entering.recommender(session, call)[0]
        entry = entering.entry(session, call, "in_review", owner=owner, case=entering.case(session, owner), by=by)
        rows += [entering.review(session, entry, expert, state, reason="因为。") for expert in experts]
    actors = [VISITOR, *experts, owner]
    together = (*((role,) for role in ROLES), ("expert", "officer"))
    for roles, organisation in product(together, (None, owner.organisation)):
        person = experts[0].person if "expert" in roles else 900
        actors.append(Actor(f"person:{person}", organisation, frozenset(roles), person=person))
    actors.append(dataclasses.replace(experts[0], scopes=frozenset({"read"})))
    seen: dict[str, set[int]] = {}
    for state in STATES[1:]:
        why = "因为。" if state == "cancelled" else None
        session.execute(update(Call).where(Call.id == call.id).values(state=state, farewell=why))
        session.expire_all()
        for actor in actors:
            for name, where in (("see", review_policy.visible(actor)), ("read", review_policy.readable(actor))):
                listed = set(session.scalars(select(Review.id).where(where)))
                allowed = {row.id for row in rows if can(RULES, actor, f"review.{name}", row)}
                assert listed == allowed, (state, name, actor)
                if name == "read" and actor.roles == frozenset({"officer"}) and actor.organisation is None:
                    seen[state] = listed
                if name == "read" and actor.has("administrator"):
                    assert not listed
                if name == "read" and actor == experts[1]:
                    assert listed == {row.id for row in rows if row.person_id == actor.person} - {
                        row.id for row in rows if row.state in ("recused", "removed")
                    }
    assert seen["scoring"] == set()
    assert seen["ranking"] == {row.id for row in rows}


def scores(session: Session, call: Call) -> list[Score]:
    """The final sheets of a call, as a ranking reads them."""
    rows = select(Review).where(Review.call_id == call.id, Review.state == "final")
    found = []
    for row in session.scalars(rows):
        total = rubrics.total(call.document["rubric"], row.scores)
        assert total is not None
        found.append(
            Score(row.entry.alias, str(row.person_id), total, rubrics.WEIGHTS[row.confidence or "medium"])
        )
    return found


@pytest.mark.parametrize("state", ["abstained", "recused", "removed", "assigned", "draft"])
def test_who_gives_no_final_sheet_is_in_no_mean_as_if_never_assigned(session: Session, state: str) -> None:
    officer = make.officer(session)
    call = entering.call(session, officer, "scoring")
    owner = entering.applicant(session)[1]
    by = entering.recommender(session, call)[0]
    entries = [
        entering.entry(session, call, "in_review", owner=owner, case=entering.case(session, owner), by=by)
        for _ in range(2)
    ]
    experts = [entering.expert(session) for _ in range(3)]

    def sheet(effect: int) -> dict[str, Any]:
        return {"effect": {"score": effect, "reason": ""}, "novelty": {"score": effect, "reason": ""}}

    for entry, first in zip(entries, (80, 60), strict=True):
        for number, expert in enumerate(experts[:2]):
            over = {"confidence": ("low", "high")[number], "scores": sheet(first + 10 * number)}
            entering.review(session, entry, expert, **over)
    before = ranking.Table(scores(session, call))
    for entry in entries:
        entering.review(session, entry, experts[2], state, scores=sheet(1), reason="因为。", answered_at=LATER)
    after = ranking.Table(scores(session, call))
    assert after.raw.tolist() == before.raw.tolist()
    assert sorted(after.raw.tolist()) == pytest.approx([(60 * 0.5 + 70 * 1.5) / 2, (80 * 0.5 + 90 * 1.5) / 2])
    assert after.fit(1).quality.tolist() == before.fit(1).quality.tolist()
    assert after.experts == before.experts
