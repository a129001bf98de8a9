"""Which count leads, which is the target, and what rung it reaches. Pure rules over ConnectionCount rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .models import ConnectionCount

RUNGS = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000, "10m": 10_000_000, "100m": 100_000_000}
PLANS = ("planned", "contracted")


def headline(counts: Iterable[ConnectionCount]) -> ConnectionCount | None:
    """The count shown for a case: verified before claimed, plans last, projects first, newest first."""

    def worth(count: ConnectionCount) -> tuple[bool, bool, bool, str, int]:
        return (
            count.verified_on is not None,
            count.kind not in PLANS,
            count.scope == "project",
            count.as_of or "",
            -count.position,
        )

    return max(counts, key=worth, default=None)


def target(counts: Iterable[ConnectionCount]) -> ConnectionCount | None:
    """The largest plan of the project itself."""
    plans = [count for count in counts if count.kind in PLANS and count.scope == "project"]
    return max(plans, key=lambda count: (count.value, -count.position), default=None)


def reported(counts: Iterable[ConnectionCount], lead: ConnectionCount | None) -> ConnectionCount | None:
    """The newest claim above a verified headline: the hatched part beside the solid one."""
    if lead is None or lead.verified_on is None:
        return None
    above = [
        count
        for count in counts
        if count.verified_on is None
        and count.kind not in PLANS
        and count.scope == "project"
        and count.value > lead.value
    ]
    return max(above, key=lambda count: (count.as_of or "", count.value), default=None)


def scale(lead: ConnectionCount | None) -> str:
    """The rung reached, or why there is none: `planned`, `total`, `unknown`."""
    if lead is None:
        return "unknown"
    if lead.scope != "project":
        return "total"
    if lead.kind in PLANS:
        return "planned"
    return next((rung for rung in reversed(RUNGS) if surely(lead) >= RUNGS[rung]), "0")


def surely(count: ConnectionCount) -> int:
    """What is reached beyond doubt: nearly 100 000 have not reached the rung of 100 000."""
    return max(0, count.value - 1) if count.bound == "upper" else count.value


def as_dict(count: ConnectionCount | None) -> dict[str, Any] | None:
    """The count as lists, pages and API show it."""
    if count is None:
        return None
    return {
        "value": count.value,
        "kind": count.kind,
        "as_of": count.as_of,
        "due": count.due,
        "scope": count.scope,
        "bound": count.bound,
        "what": count.what,
        "verified": {"on": count.verified_on, "by": count.verified_by} if count.verified_on else None,
        "source": count.source,
    }
