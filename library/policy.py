"""Who is acting, and how the chapters' tables of rules are asked. The tables lie in <chapter>/policy.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Forbidden, Text

MINISTRY = frozenset({"officer", "approver", "administrator"})


@dataclass(frozen=True)
class Actor:
    """A person acting for at most one organisation, or nobody (a visitor), or the system's timers."""

    id: str = "visitor"
    organisation: int | None = None
    roles: frozenset[str] = frozenset()

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


VISITOR = Actor()
SYSTEM = Actor("system", roles=frozenset({"system"}))

Rule = Callable[[Actor, Any], bool]
Rules = Mapping[str, Rule]


def anyone(actor: Actor, subject: Any) -> bool:
    return True


def can(rules: Rules, actor: Actor, name: str, subject: Any = None) -> bool:
    """Deny by default: a name without a rule is a no."""
    rule = rules.get(name)
    return rule is not None and rule(actor, subject)


def require(rules: Rules, actor: Actor, name: str, subject: Any = None) -> None:
    """Raise Forbidden unless the rule says yes."""
    if not can(rules, actor, name, subject):
        raise Forbidden(Text("You may not do this."))
