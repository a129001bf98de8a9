"""Who may see and do what with a case. Each read rule stands twice: as a predicate and as a WHERE."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_

from ..policy import MINISTRY, Actor, Rules, anyone
from .models import Case, CaseReport

WRITERS = ("owner", "editor")


def is_public(case: Case) -> bool:
    """Admitted, and not under embargo."""
    return case.state == "admitted" and not case.embargoed


def public() -> ColumnElement[bool]:
    """`is_public` as a WHERE."""
    return and_(Case.state == "admitted", Case.embargoed.is_(False))


def may_see(actor: Actor, case: Case) -> bool:
    """Public cases are everybody's; the others belong to their owner, the ministry and the system, and to whom
    a grant opens them."""
    return (
        is_public(case)
        or _owns(actor, case)
        or actor.has("system", "officer", "administrator")
        or case.subject in actor.grants
    )


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    if actor.has("system", "officer", "administrator"):
        return Case.id.is_not(None)
    owns = Case.owner_id == actor.organisation if actor.organisation is not None else false()
    opened = [int(name[5:]) for name in actor.grants if name.startswith("case:")]
    return or_(public(), owns, Case.id.in_(opened) if opened else false())


def audiences(actor: Actor, case: Case) -> frozenset[str]:
    """The audiences of whose fields the actor is one."""
    seen = {"public"} | actor.grants.get(case.subject, frozenset())
    if _owns(actor, case):
        seen |= {"investor", "reviewer", "ministry", "owner"}
    if actor.has(*MINISTRY, "system"):
        seen |= {"investor", "reviewer", "ministry"}
    if actor.has("investor"):
        seen.add("investor")
    return frozenset(seen)


def may_draft(actor: Actor, case: Case | None) -> bool:
    """Owners and editors of an organisation write its cases; with None: may the actor begin one?"""
    return (
        actor.organisation is not None
        and actor.membership in WRITERS
        and actor.within("cases:write")
        and (case is None or _owns(actor, case))
    )


def may_read_draft(actor: Actor, case: Case | None) -> bool:
    """Every member reads what the organisation writes; so does the ministry once it was handed in."""
    if case is None:
        return bool(actor.membership) or actor.has("officer", "administrator", "system")
    handed_in = case.code is not None and actor.has("officer", "administrator", "system")
    return (_owns(actor, case) and bool(actor.membership)) or handed_in


def may_comment(actor: Actor, case: Case | None) -> bool:
    """Every member of the organisation, commenters too."""
    return bool(actor.membership) and actor.scopes is None and (case is None or _owns(actor, case))


def may_judge(actor: Actor, case: Case | None) -> bool:
    """Officers look at what was handed in, but never at what their own organisation wrote."""
    return actor.has("officer") and (case is None or not _owns(actor, case))


def may_curate(actor: Actor, case: Case | None) -> bool:
    """Collected and demonstration cases are kept by the library itself."""
    return actor.has("system", "officer") and (case is None or case.origin in ("collected", "demo"))


def may_report(actor: Actor, case: Case | None) -> bool:
    return case is None or (case.origin == "collected" and is_public(case))


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
    "case.draft": may_draft,
    "case.read_draft": may_read_draft,
    "case.comment": may_comment,
    "case.judge": may_judge,
    "case.report": may_report,
    "report.answer": may_answer,
    "searches.read": may_read_searches,
}
