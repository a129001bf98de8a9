"""Who is acting, and how the chapters' tables of rules are asked. The tables lie in <chapter>/policy.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Forbidden, Text

MINISTRY = frozenset({"officer", "approver", "administrator"})


@dataclass(frozen=True)
class Actor:
    """A person acting for at most one organisation, or nobody (a visitor), or the system's timers.

    `membership` is what the person is in that organisation: owner, editor, commenter or nothing.
    `grants` maps a subject such as `case:17` to the audiences that were opened to this actor.
    `scopes` is None for a person at a browser; a program has only what its token names.
    `withheld` are the subjects that are kept back from an expert while calls are in review.
    """

    id: str = "visitor"
    organisation: int | None = None
    roles: frozenset[str] = frozenset()
    person: int | None = None
    membership: str = ""
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    scopes: frozenset[str] | None = None
    withheld: frozenset[str] = field(default=frozenset(), hash=False)

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    def is_member(self, organisation: int | None, *memberships: str) -> bool:
        """Does the actor act for this organisation, as one of `memberships` (default: as any)?"""
        return (
            organisation is not None
            and organisation == self.organisation
            and bool(self.membership)
            and (not memberships or self.membership in memberships)
        )

    def within(self, scope: str) -> bool:
        """A person at a browser is within every scope."""
        return self.scopes is None or scope in self.scopes


VISITOR = Actor()
SYSTEM = Actor("system", roles=frozenset({"system"}))

Rule = Callable[[Actor, Any], bool]
Rules = Mapping[str, Rule]


def anyone(actor: Actor, subject: Any) -> bool:
    return True


def signed_in(actor: Actor, subject: Any) -> bool:
    return actor.person is not None


def can(rules: Rules, actor: Actor, name: str, subject: Any = None) -> bool:
    """Deny by default: a name without a rule is a no."""
    rule = rules.get(name)
    return rule is not None and rule(actor, subject)


def require(rules: Rules, actor: Actor, name: str, subject: Any = None) -> None:
    """Raise Forbidden unless the rule says yes."""
    if not can(rules, actor, name, subject):
        raise Forbidden(Text("You may not do this."))
