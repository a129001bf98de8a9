"""Who may put up notices, handle objections, answer them, and who may learn an objector's name."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true

from ..policy import Actor, Rules, anyone
from .entry_models import Entry
from .models import Call
from .notice_models import Objection

# What the parties may know of: an officer has admitted it.
ADMITTED = ("admitted", "replied", "upheld", "dismissed")
WRITERS = ("owner", "editor")
DESK = ("officer", "approver")


def may_announce(actor: Actor, call: Call | None) -> bool:
    """Officers put up notices, at a browser."""
    return actor.has("officer") and actor.scopes is None


def may_be_told(actor: Actor, entry: Entry | None) -> bool:
    """The library tells the public of an entry that a notice lists, nobody's hand."""
    return actor.has("system")


def may_read(actor: Actor, objection: Objection | None) -> bool:
    """The desk's two roles, at a browser, never for their own organisation. The name is a matter of its own."""
    return actor.has(*DESK) and actor.scopes is None and (objection is None or not _concerned(actor, objection))


def may_handle(actor: Actor, objection: Objection | None) -> bool:
    """An officer, under the same conditions."""
    return actor.has("officer") and may_read(actor, objection)


def may_unmask(actor: Actor, objection: Objection | None) -> bool:
    """Who objects: for the same two roles, after that was noted."""
    return may_read(actor, objection)


def at_desk(actor: Actor) -> ColumnElement[bool]:
    """`may_read` as a WHERE over objections joined with their entries."""
    if not may_read(actor, None):
        return false()
    if actor.organisation is None:
        return true()
    return and_(Entry.applicant_id != actor.organisation, Entry.recommender_id != actor.organisation)


def may_know(actor: Actor, objection: Objection) -> bool:
    """The applicant, once it is admitted; the recommender too where it is the one who is asked."""
    if not actor.membership or actor.organisation is None or objection.state not in ADMITTED:
        return False
    entry = objection.entry
    asked = objection.asked == "recommender" and entry.recommender_id == actor.organisation
    return asked or entry.applicant_id == actor.organisation


def known(actor: Actor) -> ColumnElement[bool]:
    """`may_know` as a WHERE over objections joined with their entries."""
    if not actor.membership or actor.organisation is None:
        return false()
    asked = and_(Objection.asked == "recommender", Entry.recommender_id == actor.organisation)
    return and_(Objection.state.in_(ADMITTED), or_(asked, Entry.applicant_id == actor.organisation))


def may_reply(actor: Actor, objection: Objection | None) -> bool:
    """Owners and editors of the organisation that is asked, at a browser."""
    if actor.scopes is not None or actor.membership not in WRITERS:
        return False
    return objection is None or asked_of(objection) == actor.organisation


def asked_of(objection: Objection) -> int | None:
    """The organisation that is to answer; None as long as the objection is not admitted."""
    entry = objection.entry
    return {"applicant": entry.applicant_id, "recommender": entry.recommender_id}.get(objection.asked or "")


def _concerned(actor: Actor, objection: Objection) -> bool:
    entry = objection.entry
    return actor.organisation is not None and actor.organisation in (entry.applicant_id, entry.recommender_id)


RULES: Rules = {
    "notice.see": anyone,
    "notice.publish": may_announce,
    "objection.file": anyone,
    "objection.track": anyone,
    "objection.read": may_read,
    "objection.handle": may_handle,
    "objection.unmask": may_unmask,
    "objection.know": lambda actor, row: bool(actor.membership) if row is None else may_know(actor, row),
    "objection.reply": may_reply,
}
