"""Which cases may enter a call: one pure function a named check. It says why not, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..catalog.counts import PLANS
from ..errors import Text

Document = Mapping[str, Any]
STANDING = ("pilot", "live", "ended")


@dataclass(frozen=True)
class Facts:
    """What the case's document does not say itself."""

    today: dt.date
    direction: str
    sectors: frozenset[str]
    """The case's own codes and all that include them, up to the direction."""
    benchmark_until: dt.date | None = None
    entered: Mapping[str, str] = field(default_factory=dict)
    """What the applicant has in this call already: direction -> number of the entry."""


@dataclass(frozen=True)
class Finding:
    """`why` says what stands in the way; None: the check is met."""

    check: str
    why: Text | None

    @property
    def met(self) -> bool:
        return self.why is None


def evaluate(call: Document, case: Document, facts: Facts) -> list[Finding]:
    """What each check that the call asks for says of a case. Both documents are as their schemas load them."""
    asked = {**call["eligibility"], "sectors": call["sectors"]}
    return [Finding(name, check(asked, case, facts)) for name, check in CHECKS.items() if asked.get(name)]


def _sectors(asked: Document, case: Document, facts: Facts) -> Text | None:
    return None if facts.sectors & set(asked["sectors"]) else Text("The call is for other sectors.")


def _statuses(asked: Document, case: Document, facts: Facts) -> Text | None:
    fits = case["status"] in asked["statuses"]
    return None if fits else Text("The call does not take deployments in this state.")


def _count_kinds(asked: Document, case: Document, facts: Facts) -> Text | None:
    if any(_counted(asked, case)):
        return None
    return Text("The case has no number of connections of the kinds that the call asks for.")


def _min_connections(asked: Document, case: Document, facts: Facts) -> Text | None:
    most = max((count["value"] for count in _counted(asked, case)), default=0)
    if most >= asked["min_connections"]:
        return None
    place = {"least": f"{asked['min_connections']:,}", "most": f"{most:,}"}
    return Text("The call asks for %(least)s connections; the case has %(most)s that count.", place)


def _counted(asked: Document, case: Document) -> Iterator[Document]:
    """The project's own counts, of the kinds that the call names or of any; plans are no connections."""
    kinds = asked.get("count_kinds")
    for count in case["connections"]:
        if count["scope"] == "project" and (count["kind"] in kinds if kinds else count["kind"] not in PLANS):
            yield count


def _not_planned(asked: Document, case: Document, facts: Facts) -> Text | None:
    stands = case["status"] in STANDING or any(count["kind"] not in PLANS for count in case["connections"])
    return None if stands else Text("The project is only planned.")


def _benchmark_term(asked: Document, case: Document, facts: Facts) -> Text | None:
    until = facts.benchmark_until
    if until is None or until < facts.today:
        return None
    return Text("The project is a benchmark until %(day)s; it may enter after that.", {"day": until.isoformat()})


def _one_per_direction(asked: Document, case: Document, facts: Facts) -> Text | None:
    entry = facts.entered.get(facts.direction)
    if entry is None:
        return None
    return Text("Your organisation has entered %(entry)s in this direction already.", {"entry": entry})


CHECKS: Mapping[str, Callable[[Document, Document, Facts], Text | None]] = {
    "sectors": _sectors,
    "statuses": _statuses,
    "count_kinds": _count_kinds,
    "min_connections": _min_connections,
    "not_planned": _not_planned,
    "benchmark_term": _benchmark_term,
    "one_per_direction": _one_per_direction,
}
