"""The judged queries: what their askers want, what they get, and the measures of the difference.

Shared by tests/search/test_judged.py and bench/judged.py; the data and the method lie in tests/search/judged/.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2
from pathlib import Path
from statistics import mean
from typing import Any

from search import Index, Query

DATA = Path(__file__).parent / "search" / "judged" / "queries.json"
PAGE = 10
WANTED = 2
"""From this grade on a case is one that must be found; grade 1 may come and need not."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One query: its class, its split, the grade of every case worth finding, the cases that must not come."""

    text: str
    kind: str
    split: str
    grades: Mapping[str, int]
    never: frozenset[str]

    @cached_property
    def wanted(self) -> frozenset[str]:
        return frozenset(key for key, grade in self.grades.items() if grade >= WANTED)


@dataclass(frozen=True)
class Answer:
    """What a query found, all of it and in order, measured against its judgements."""

    asked: Asked
    found: Sequence[str]

    @property
    def precision(self) -> float:
        """Of the first ten, or of all when fewer were found: the share that somebody who asks this can use."""
        page = self.found[:PAGE]
        if not page:
            return float(not self.asked.wanted)
        return mean(key in self.asked.grades for key in page)

    @property
    def recall(self) -> float:
        """Of what must be found: the share that was, on whatever page."""
        if not self.asked.wanted:
            return float(not self.wrong)
        return len(self.asked.wanted.intersection(self.found)) / len(self.asked.wanted)

    @property
    def ndcg(self) -> float:
        """How near the first ten are to the best order there is: 1 is that order."""
        grades = self.asked.grades
        if not grades:
            return float(not self.found)
        return _gain([grades.get(key, 0) for key in self.found]) / _gain(sorted(grades.values(), reverse=True))

    @property
    def missing(self) -> list[str]:
        return sorted(self.asked.wanted.difference(self.found))

    @property
    def wrong(self) -> list[str]:
        """Cases on the first page that are of no use."""
        return [key for key in self.found[:PAGE] if key not in self.asked.grades]

    @property
    def forbidden(self) -> list[str]:
        """Cases that must not come and did, on whatever page; any case, when there is nothing to be found."""
        return [key for key in self.found if key in self.asked.never or not self.asked.grades]

    @property
    def fails(self) -> bool:
        return bool(self.missing or self.wrong or self.forbidden)


@dataclass(frozen=True)
class Measured:
    """The means of some answers."""

    queries: int
    precision: float
    recall: float
    ndcg: float
    failing: int
    forbidden: int
    """Queries that found a case that must not come."""


def queries(facts: Mapping[str, Facts]) -> list[Asked]:
    """All queries, their judgements spelt out to the keys of cases.

    Raises KeyError where a judgement names a case that is not there, or facts that are true of none.
    """
    asked = []
    for given in json.loads(DATA.read_text(encoding="utf-8")):
        grades: dict[str, int] = {}
        for grade in (1, 2, 3, 0):  # the higher one counts; 0 takes out what a fact has let in
            grades.update(dict.fromkeys(_keys(given.get("grades", {}).get(str(grade), ()), facts), grade))
        graded = {key: grade for key, grade in grades.items() if grade}
        never = frozenset(_keys(given.get("never", ()), facts))
        asked.append(Asked(given["q"], given["class"], given["split"], graded, never))
    return asked


def answers(index: Index, asked: Iterable[Asked], *, of: int) -> Iterator[Answer]:
    """Ask every query of an index that holds `of` cases."""
    for each in asked:
        yield Answer(each, [hit.key for hit in index.search(Query(each.text, per_page=of)).items])


def measured(answers: Sequence[Answer]) -> Measured:
    return Measured(
        len(answers),
        mean(answer.precision for answer in answers),
        mean(answer.recall for answer in answers),
        mean(answer.ndcg for answer in answers),
        sum(answer.fails for answer in answers),
        sum(bool(answer.forbidden) for answer in answers),
    )


def by_class(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """The answers by class, in the order of the file; "all" comes last."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.asked.kind, []).append(answer)
    return {**found, "all": list(answers)}


def table(title: str, answers: Sequence[Answer]) -> Iterator[str]:
    """The measures, a line per class."""
    yield f"{title:16}{'queries':>8}{'P@10':>8}{'recall':>8}{'nDCG@10':>9}{'failing':>9}{'forbidden':>11}"
    for kind, group in by_class(answers).items():
        of = measured(group)
        rates = f"{of.precision:8.3f}{of.recall:8.3f}{of.ndcg:9.3f}"
        yield f"{kind:16}{of.queries:8}{rates}{of.failing:9}{of.forbidden:11}"


def failures(answers: Iterable[Answer]) -> Iterator[str]:
    """Every failing query of the split that one may look at while tuning, with what was wrong."""
    for answer in answers:
        if answer.fails and answer.asked.split == "tune":
            lists = (("missing", answer.missing), ("wrong", answer.wrong), ("forbidden", answer.forbidden))
            told = "; ".join(f"{name} {_short(keys)}" for name, keys in lists if keys)
            yield f"{answer.asked.kind}: {answer.asked.text}: {told}"


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:PAGE]))


def _short(keys: Sequence[str], most: int = 6) -> str:
    rest = f" and {len(keys) - most} more" if len(keys) > most else ""
    return " ".join(keys[:most]) + rest


def _keys(items: Iterable[Any], facts: Mapping[str, Facts]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping):
            found = [key for key, true in facts.items() if _meets(true, item)]
        else:
            found = [key for key in (f"MIOT-P-{item:04}",) if key in facts]
        if not found:
            raise KeyError(f"no case is {item}")
        yield from found


def _meets(true: Facts, wanted: Mapping[str, Any]) -> bool:
    """A list asks for any of its values, {"from": …, "to": …} for what lies between, both included."""
    return all(_is(true.get(name), value) for name, value in wanted.items())


def _is(fact: Any, value: Any) -> bool:
    if isinstance(value, Mapping):
        return fact is not None and _between(fact, value.get("from"), value.get("to"))
    values = value if isinstance(value, list) else [value]
    return any(each in values for each in fact) if isinstance(fact, list) else fact in values


def _between(fact: Any, low: Any, high: Any) -> bool:
    """Dates are texts: one that is known to the day lies in its month and its year."""
    top = fact[: len(high)] if isinstance(fact, str) and high else fact
    return (low is None or fact >= low) and (high is None or top <= high)
