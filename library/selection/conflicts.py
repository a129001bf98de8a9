"""Which expert may not judge which entry: pure rules over what is on record, each with its sentence.

A rule looks at where the expert is now (memberships, and organisations of the expert's own history without an
end), at what was left less than FORMER_YEARS ago, at the ties that officers noted, and at names. Names are
compared folded: width, traditional forms, case and spaces do not count; legal forms such as 有限公司 do.
`found` says it of one pair, in words; `barred` of all pairs at once, through an index of organisations and names.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search.folding import fold

from ..errors import Text
from ..language import N_

# A former employer counts for three years: the usual term of avoidance for reviewers of public tenders and funds.
FORMER_YEARS = 3


@dataclass(frozen=True)
class Stay:
    """A stay at an organisation: its number where it is registered, its name, and the last day (none: still)."""

    name: str
    organisation: int | None = None
    until: str | None = None

    def ended(self, today: dt.date) -> bool:
        return self.until is not None and last_day(self.until) < today

    def recent(self, today: dt.date) -> bool:
        return self.until is not None and last_day(self.until) >= years_before(today)


@dataclass(frozen=True)
class Reviewer:
    """What is on record of an expert: every membership and every line of the expert's own history."""

    person: int
    stays: tuple[Stay, ...] = ()


@dataclass(frozen=True)
class Party:
    """What is on record of an entry: who applies, who recommends, and whom the case names."""

    entry: int
    applicant: int
    recommender: int
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Why an expert may not judge an entry."""

    rule: str
    why: Text


@dataclass(frozen=True)
class Registry:
    """Names of the organisations concerned, and their ties: (kind, one, other)."""

    names: Mapping[int, tuple[str, ...]]
    ties: tuple[tuple[str, int, int], ...] = ()
    groups: Mapping[int, frozenset[int]] = field(init=False)
    partners: Mapping[int, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", _groups(self.ties))
        partners = defaultdict(set)
        for kind, one, other in self.ties:
            if kind == "partner":
                partners[one].add(other)
                partners[other].add(one)
        object.__setattr__(self, "partners", {number: frozenset(found) for number, found in partners.items()})

    def called(self, number: int) -> str:
        return next(iter(self.names.get(number, ())), "")

    def folded(self, number: int) -> frozenset[str]:
        return frozenset(map(folded, self.names.get(number, ())))


def folded(name: str) -> str:
    """A name as names are compared."""
    return _folded(name)


@lru_cache(maxsize=50_000)
def _folded(name: str) -> str:
    return "".join(fold(name).text.split())


def last_day(said: str) -> dt.date:
    """The last day of a year, a month or a day as typed: 2024, 2024-03, 2024-03-15."""
    year, *rest = map(int, said.split("-"))
    if len(rest) == 2:
        return dt.date(year, *rest)
    month = rest[0] if rest else 12
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)


def years_before(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - FORMER_YEARS)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - FORMER_YEARS, day=28)


@dataclass(frozen=True)
class _Known:
    """Where an expert is, and lately was, by number and by folded name."""

    now: frozenset[int]
    now_names: frozenset[str]
    lately: frozenset[int]
    lately_names: frozenset[str]


def _known(expert: Reviewer, registry: Registry, today: dt.date) -> _Known:
    now = [stay for stay in expert.stays if not stay.ended(today)]
    lately = [stay for stay in expert.stays if stay.ended(today) and stay.recent(today)]
    return _Known(*_both(now, registry), *_both(lately, registry))


def _both(stays: Iterable[Stay], registry: Registry) -> tuple[frozenset[int], frozenset[str]]:
    numbers = frozenset(stay.organisation for stay in stays if stay.organisation is not None)
    names = {folded(stay.name) for stay in stays if stay.name}
    return numbers, frozenset(names.union(*(registry.folded(number) for number in numbers)))


def found(expert: Reviewer, party: Party, registry: Registry, *, today: dt.date) -> list[Finding]:
    """Every rule that keeps this expert from this entry, in the order of RULES; none: no conflict is on record."""
    known = _known(expert, registry, today)
    findings = []
    for rule, (check, sentence) in RULES.items():
        name = check(known, party, registry)
        if name is not None:
            findings.append(Finding(rule, Text(sentence, {"name": name})))
    return findings


def _at(numbers: frozenset[int], names: frozenset[str], wanted: Iterable[int], registry: Registry) -> str | None:
    """The name of the first of the wanted organisations that is among these."""
    for number in sorted(wanted):
        if number in numbers or names & registry.folded(number):
            return registry.called(number)
    return None


def _applicant(known: _Known, party: Party, registry: Registry) -> str | None:
    return _at(known.now, known.now_names, {party.applicant}, registry)


def _former(known: _Known, party: Party, registry: Registry) -> str | None:
    return _at(known.lately, known.lately_names, {party.applicant}, registry)


def _group(known: _Known, party: Party, registry: Registry) -> str | None:
    others = registry.groups.get(party.applicant, frozenset()) - {party.applicant}
    return _at(known.now, known.now_names, others, registry)


def _partner(known: _Known, party: Party, registry: Registry) -> str | None:
    return _at(known.now, known.now_names, registry.partners.get(party.applicant, frozenset()), registry)


def _named(known: _Known, party: Party, registry: Registry) -> str | None:
    return next((name for name in party.named if folded(name) in known.now_names), None)


def _recommender(known: _Known, party: Party, registry: Registry) -> str | None:
    return _at(known.now, known.now_names, {party.recommender}, registry)


Check = Callable[[_Known, Party, Registry], str | None]
RULES: Mapping[str, tuple[Check, str]] = {
    "applicant": (_applicant, N_("The expert belongs to %(name)s, which applies.")),
    "former": (_former, N_("The expert worked at %(name)s, which applies, within the last three years.")),
    "group": (_group, N_("The expert belongs to %(name)s, which is in one group with the applicant.")),
    "partner": (_partner, N_("The expert belongs to %(name)s, a partner of the applicant.")),
    "named": (_named, N_("The expert belongs to %(name)s, which the case names as a partner.")),
    "recommender": (_recommender, N_("The expert belongs to %(name)s, which recommends the case.")),
}


def barred(
    experts: Sequence[Reviewer], parties: Sequence[Party], registry: Registry, *, today: dt.date
) -> NDArray[np.bool_]:
    """For each entry (row) and expert (column): is there a conflict on record? The same as `found`, at once."""
    now: dict[object, set[int]] = defaultdict(set)
    lately: dict[object, set[int]] = defaultdict(set)
    for place, expert in enumerate(experts):
        known = _known(expert, registry, today)
        for index, numbers, names in (
            (now, known.now, known.now_names),
            (lately, known.lately, known.lately_names),
        ):
            for key in (*numbers, *names):
                index[key].add(place)
    result = np.zeros((len(parties), len(experts)), dtype=np.bool_)
    kept: dict[tuple[int, bool], set[int]] = {}

    def those(number: int, former: bool = False) -> set[int]:
        if (number, former) not in kept:
            index = lately if former else now
            keys: list[object] = [number, *registry.folded(number)]
            kept[number, former] = set().union(*(index[key] for key in keys if key in index))
        return kept[number, former]

    for row, party in enumerate(parties):
        hit = those(party.applicant) | those(party.applicant, former=True) | those(party.recommender)
        group = registry.groups.get(party.applicant, frozenset())
        for number in group | registry.partners.get(party.applicant, frozenset()):
            hit |= those(number)
        for name in party.named:
            hit |= now.get(folded(name), set())
        if hit:
            result[row, list(hit)] = True
    return result


def _groups(ties: Iterable[tuple[str, int, int]]) -> dict[int, frozenset[int]]:
    """Who is in one group with whom: a group's group is the same group."""
    members: dict[int, set[int]] = {}
    for kind, one, other in ties:
        if kind == "group":
            whole = members.get(one, {one}) | members.get(other, {other})
            for number in whole:
                members[number] = whole
    return {number: frozenset(whole) for number, whole in members.items()}
