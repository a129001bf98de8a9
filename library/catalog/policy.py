"""Who may see and do what with a case. Each read rule stands twice: as a predicate and as a WHERE."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_

from ..policy import MINISTRY, Actor, Rules, anyone
from .models import Case, CaseReport

PUBLIC = "admitted"


def may_see(actor: Actor, case: Case) -> bool:
    """Admitted cases are everybody's; the others belong to their owner, the ministry and the system."""
    return case.state == PUBLIC or _owns(actor, case) or actor.has("system", "officer", "administrator")


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    if actor.has("system", "officer", "administrator"):
        return Case.id.is_not(None)
    owns = Case.owner_id == actor.organisation if actor.organisation is not None else false()
    return or_(Case.state == PUBLIC, owns)


def audiences(actor: Actor, case: Case) -> frozenset[str]:
    """The audiences of whose fields the actor is one."""
    seen = {"public"}
    if _owns(actor, case):
        seen |= {"investor", "reviewer", "ministry", "owner"}
    if actor.has(*MINISTRY, "system"):
        seen |= {"investor", "reviewer", "ministry"}
    if actor.has("investor"):
        seen.add("investor")
    return frozenset(seen)


def may_curate(actor: Actor, case: Case | None) -> bool:
    """Collected and demonstration cases are kept by the library itself."""
    return actor.has("system", "officer") and (case is None or case.origin in ("collected", "demo"))


def may_report(actor: Actor, case: Case | None) -> bool:
    return case is None or (case.origin == "collected" and case.state == PUBLIC)


def may_answer(actor: Actor, report: CaseReport | None) -> bool:
    return actor.has("system", "officer")


def may_read_searches(actor: Actor, subject: None) -> bool:
    return actor.has(*MINISTRY, "system")


def _owns(actor: Actor, case: Case) -> bool:
    return case.owner_id is not None and case.owner_id == actor.organisation


RULES: Rules = {
    "case.browse": anyone,
    "case.see": lambda actor, case: case is None or may_see(actor, case),
    "case.curate": may_curate,
    "case.report": may_report,
    "report.answer": may_answer,
    "searches.read": may_read_searches,
}
