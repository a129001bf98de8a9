"""Who may see and do what with an organisation, its members, invitations and grants.

Each read rule stands twice: as a predicate and as a WHERE.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from ..policy import Actor, Rules, anyone, signed_in
from .models import Grant, Invitation, Membership, Organisation

# Who reads every organisation. Approvers decide about lists, not about who takes part.
KEEPERS = ("officer", "administrator", "system")


def may_create(actor: Actor, subject: object = None) -> bool:
    """Any person at a browser; a program founds nothing."""
    return signed_in(actor, subject) and actor.scopes is None


def may_see(actor: Actor, organisation: Organisation | None) -> bool:
    """An organisation's page is its members' who act for it, and the ministry's; with None: are there any?"""
    if organisation is None:
        return signed_in(actor, None) or actor.has(*KEEPERS)
    return actor.has(*KEEPERS) or actor.is_member(organisation.id)


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    return true() if actor.has(*KEEPERS) else _own(actor, Organisation.id)


def may_see_member(actor: Actor, membership: Membership) -> bool:
    """Members know each other, past ones too; officers must know whom they verify."""
    return actor.has(*KEEPERS) or actor.is_member(membership.organisation_id)


def visible_members(actor: Actor) -> ColumnElement[bool]:
    """`may_see_member` as a WHERE."""
    return true() if actor.has(*KEEPERS) else _own(actor, Membership.organisation_id)


def may_see_invitation(actor: Actor, invitation: Invitation) -> bool:
    """Every member sees who is asked to join; nobody else reads the addresses."""
    return actor.has("system") or actor.is_member(invitation.organisation_id)


def visible_invitations(actor: Actor) -> ColumnElement[bool]:
    """`may_see_invitation` as a WHERE."""
    return true() if actor.has("system") else _own(actor, Invitation.organisation_id)


def may_see_grant(actor: Actor, grant: Grant) -> bool:
    """Whom it opens something to, and the ministry."""
    if actor.has(*KEEPERS):
        return True
    mine = grant.person_id is not None and grant.person_id == actor.person
    return mine or actor.is_member(grant.organisation_id)


def visible_grants(actor: Actor) -> ColumnElement[bool]:
    """`may_see_grant` as a WHERE."""
    if actor.has(*KEEPERS):
        return true()
    mine = Grant.person_id == actor.person if actor.person is not None else false()
    return or_(mine, _own(actor, Grant.organisation_id))


def may_keep(actor: Actor, organisation: Organisation | None) -> bool:
    """Owners speak for their organisation: they edit it, ask for its verification, choose its members."""
    if actor.scopes is not None:
        return False
    if organisation is None:
        return actor.membership == "owner"
    return actor.is_member(organisation.id, "owner")


def may_read_evidence(actor: Actor, organisation: Organisation | None) -> bool:
    """Licences and letters of authority are for the owners and for those who verify."""
    return may_keep(actor, organisation) or actor.has(*KEEPERS)


def may_verify(actor: Actor, organisation: Organisation | None) -> bool:
    """An officer, and never for the organisation that he acts for; operations.verify asks for all of his."""
    return actor.has("officer") and (organisation is None or not actor.is_member(organisation.id))


def may_oversee(actor: Actor, subject: object = None) -> bool:
    """The register of all organisations lies on the desks of officers and administrators."""
    return actor.has("officer", "administrator") and actor.scopes is None


def may_close(actor: Actor, organisation: Organisation | None) -> bool:
    return may_keep(actor, organisation) or actor.has("administrator")


def may_reopen(actor: Actor, organisation: Organisation | None) -> bool:
    return actor.has("administrator")


def may_leave(actor: Actor, organisation: Organisation | None) -> bool:
    """Every member, for himself."""
    if actor.scopes is not None:
        return False
    return bool(actor.membership) if organisation is None else actor.is_member(organisation.id)


def may_answer_invitation(actor: Actor, subject: object = None) -> bool:
    """Whoever holds the word of the letter and is signed in."""
    return may_create(actor)


def may_grant(actor: Actor, subject: object = None) -> bool:
    """Officers by hand; a later chapter grants by the rule of its own move."""
    return actor.has("officer", "system")


def may_keep_tokens(actor: Actor, subject: object = None) -> bool:
    """One's own, at a browser: a leaked word must not give birth to others."""
    return signed_in(actor, subject) and actor.scopes is None


def _own(actor: Actor, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Rows of the organisation that the actor acts for as a member."""
    return column == actor.organisation if actor.organisation is not None and actor.membership else false()


RULES: Rules = {
    "account.enter": anyone,
    "account.own": signed_in,
    "organisation.create": may_create,
    "organisation.see": may_see,
    "organisation.keep": may_keep,
    "organisation.evidence": may_read_evidence,
    "organisation.judge": may_verify,
    "organisation.oversee": may_oversee,
    "organisation.close": may_close,
    "organisation.leave": may_leave,
    "member.see": lambda actor, member: may_see_member(actor, member) if member else signed_in(actor, None),
    "invitation.see": lambda actor, it: may_see_invitation(actor, it) if it else signed_in(actor, None),
    "invitation.read": anyone,
    "invitation.answer": may_answer_invitation,
    "grant.see": lambda actor, grant: may_see_grant(actor, grant) if grant else signed_in(actor, None),
    "grant.open": may_grant,
    "token.keep": may_keep_tokens,
    "identity.prove": anyone,
    "identity.link": may_keep_tokens,
}
