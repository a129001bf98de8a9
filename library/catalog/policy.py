"""Who may see and do what with a case. Each read rule stands twice: as a predicate and as a WHERE."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, and_, cast, false, literal, or_, select, true

from ..accounts.withheld_models import Withheld, WithheldFrom
from ..policy import MINISTRY, Actor, Rules, anyone
from .draft_models import CaseLink, Submission
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
    a grant opens them. What is kept back from an expert is kept back, public or not, whatever else the expert is.
    """
    return not is_withheld(actor, case) and (
        is_public(case)
        or _owns(actor, case)
        or actor.has("system", "officer", "administrator")
        or case.subject in actor.grants
    )


def is_withheld(actor: Actor, case: Case) -> bool:
    """Is the case in a call that the actor reviews?"""
    return case.subject in actor.withheld


def not_withheld(actor: Actor) -> ColumnElement[bool]:
    """Not `is_withheld`, as a WHERE. By the table and not by the list, which may have thousands."""
    if not actor.withheld:
        return true()
    kept_back = (
        select(Withheld.subject)
        .join(WithheldFrom, WithheldFrom.why == Withheld.why)
        .where(WithheldFrom.person_id == actor.person)
    )
    return (literal("case:") + cast(Case.id, String)).not_in(kept_back)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    if actor.has("system", "officer", "administrator"):
        return and_(Case.id.is_not(None), not_withheld(actor))
    owns = Case.owner_id == actor.organisation if actor.organisation is not None else false()
    opened = [int(name[5:]) for name in actor.grants if name.startswith("case:")]
    return and_(or_(public(), owns, Case.id.in_(opened) if opened else false()), not_withheld(actor))


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


def gets_original(actor: Actor, case: Case) -> bool:
    """Owner and ministry get an attached file as it came, everybody else a copy without metadata."""
    return "ministry" in audiences(actor, case)


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
    ministry = actor.has("officer", "administrator", "system") and not is_withheld(actor, case)
    handed_in = case.code is not None and ministry
    return (_owns(actor, case) and bool(actor.membership)) or handed_in


def may_comment(actor: Actor, case: Case | None) -> bool:
    """Every member of the organisation, commenters too."""
    return bool(actor.membership) and actor.scopes is None and (case is None or _owns(actor, case))


def may_judge(actor: Actor, case: Case | None) -> bool:
    """Officers look at what an organisation handed in, but never their own."""
    return actor.has("officer") and (case is None or (case.owner_id is not None and not _owns(actor, case)))


def may_release(actor: Actor, case: Case | None) -> bool:
    """Whoever judges a case ends its embargo; so does the library, when the call it waits for is published."""
    return may_judge(actor, case) or (actor.has("system") and (case is None or case.owner_id is not None))


def may_curate(actor: Actor, case: Case | None) -> bool:
    """Cases that nobody owns, collected or invented, are kept by the library itself."""
    mine = case is None or (case.origin in ("collected", "demo") and case.owner_id is None)
    return actor.has("system", "officer") and mine


def may_archive(actor: Actor, case: Case | None) -> bool:
    """The owners of an organisation take its own case back; an officer any other."""
    own = may_draft(actor, case) and actor.membership == "owner"
    return own or may_curate(actor, case) or may_judge(actor, case)


def may_restore(actor: Actor, case: Case | None) -> bool:
    return may_curate(actor, case) or may_judge(actor, case)


def may_see_submission(actor: Actor, submission: Submission) -> bool:
    """Members of the organisation that handed it in, and the ministry; never another organisation."""
    return actor.has("system", "officer", "administrator") or actor.is_member(submission.case.owner_id)


def seen_submissions(actor: Actor) -> ColumnElement[bool]:
    """`may_see_submission` as a WHERE."""
    if actor.has("system", "officer", "administrator"):
        return true()
    if actor.organisation is None or not actor.membership:
        return false()
    return Submission.case_id.in_(select(Case.id).where(Case.owner_id == actor.organisation))


def may_ask_link(actor: Actor, case: Case | None) -> bool:
    """Owners and editors say that their organisation is a party of a case that the library collected."""
    return may_draft(actor, None) and (case is None or (case.owner_id is None and is_public(case)))


def may_decide_link(actor: Actor, link: CaseLink | None) -> bool:
    """An officer, but not for the organisation that the officer acts for."""
    return actor.has("officer") and (link is None or link.organisation_id != actor.organisation)


def may_end_link(actor: Actor, link: CaseLink | None) -> bool:
    """The organisation itself, or an officer."""
    mine = link is None or link.organisation_id == actor.organisation
    return (may_draft(actor, None) and mine) or actor.has("officer")


def may_set_rules(actor: Actor, subject: object) -> bool:
    """Formal rules and the calendar of working days."""
    return actor.has("system", "officer", "administrator")


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
    "case.archive": may_archive,
    "case.restore": may_restore,
    "case.report": may_report,
    "submission.see": lambda actor, row: row is None or may_see_submission(actor, row),
    "link.ask": may_ask_link,
    "link.decide": may_decide_link,
    "link.end": may_end_link,
    "rule.edit": may_set_rules,
    "calendar.edit": may_set_rules,
    "report.answer": may_answer,
    "searches.read": may_read_searches,
}
