"""What the search is asked when it is measured: forty queries of each kind, chosen by how often words occur."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from random import Random

from search import Document, Query
from search.analysis import tokens

EACH = 40
"""Queries of a kind."""
FREQUENT = 200
SAMPLE = 2_000
"""Documents that words for several-word queries are looked for in."""

FACETS = ("direction", "sector", "network", "country", "province", "scale", "year")
PER_PAGE = 20
# Share of the documents that a word of each kind stands in.
BANDS = {"common": (0.2, 0.7), "middling": (0.01, 0.1), "rare": (0.0, 0.001)}
KINDS = (
    *(f"terms, {name}" for name in BANDS),
    *("two terms, AND", "three terms, AND", "phrases", "filters", "everything", "prefix", "field and range"),
)
FILTERS: tuple[dict[str, list[str]], ...] = (
    {"network": ["nb-iot"]},
    {"direction": ["governance"], "year": ["2024", "2025"]},
    {"province": ["44"]},
    {"scale": ["1m", "10m"], "network": ["5g"]},
)


@dataclass(frozen=True)
class Asked:
    """One query: as a reader writes it, and as terms for engines that do not read it themselves."""

    text: str = ""
    terms: tuple[str, ...] = ()
    phrase: bool = False
    prefix: bool = False
    filters: dict[str, list[str]] = field(default_factory=dict)
    least: int | None = None
    """Connections, at least."""
    page: int = 1

    def query(self, facets: Sequence[str] = (), *, highlights: bool = False) -> Query:
        return Query(
            self.text,
            filters={name: tuple(codes) for name, codes in self.filters.items()},
            sort="relevance" if self.text else "newest",
            page=self.page,
            per_page=PER_PAGE,
            facets=tuple(facets),
            highlights=highlights,
        )


class Chooser:
    """Sees every document once, then chooses the queries."""

    def __init__(self) -> None:
        self.seen = 0
        self.frequency: Counter[str] = Counter()
        self.written: dict[str, str] = {}
        """Term → the way it was written where it came first."""
        self.together: list[list[str]] = []
        self.phrases: Counter[tuple[str, str]] = Counter()
        self.phrased: dict[tuple[str, str], str] = {}

    def see(self, document: Document) -> list[str]:
        """The terms of a document, text after text."""
        terms: list[str] = []
        for texts in document.text.values():
            for text in texts.values():
                found = list(tokens(text))
                for term, _, start, end in found:
                    terms.append(term)
                    self.written.setdefault(term, text[start:end])
                if self.seen < SAMPLE:
                    for (one, at, start, _), (two, then, _, end) in pairwise(found):
                        if then == at + 1:
                            self.phrases[one, two] += 1
                            self.phrased.setdefault((one, two), text[start:end])
        distinct = set(terms)
        self.frequency.update(distinct)
        self.seen += 1
        if self.seen <= SAMPLE:
            self.together.append(sorted(distinct))
        return terms

    def choose(self) -> dict[str, list[Asked]]:
        random = Random(1)
        bands = {name: self._band(random, *limits) for name, limits in BANDS.items()}
        usual = {asked.terms[0]: asked for name in ("common", "middling") for asked in bands[name]}
        starts = (asked for asked in (*bands["middling"], *bands["common"]) if len(asked.text) > 2)
        return {
            **{f"terms, {name}": list(islice(found, EACH)) for name, found in bands.items()},
            "two terms, AND": list(islice(self._several(random, usual, 2), EACH)),
            "three terms, AND": list(islice(self._several(random, usual, 3), EACH)),
            "phrases": list(islice(self._phrases(random), EACH)),
            "filters": [
                Asked(asked.text, asked.terms, filters=filters)
                for asked, filters in zip(usual.values(), FILTERS * (EACH // len(FILTERS)), strict=False)
            ],
            "everything": [Asked(page=number) for number in range(1, EACH + 1)],
            "prefix": list(islice(_distinct(_beginning(asked) for asked in starts), EACH)),
            "field and range": [
                Asked(f"{asked.text} connections:>={least}", asked.terms, least=least)
                for asked, least in zip(usual.values(), [10_000, 500_000] * (EACH // 2), strict=False)
            ],
        }

    def frequent(self) -> list[str]:
        """The most frequent terms, as they are written."""
        return [self.written[term] for term, _ in self.frequency.most_common(FREQUENT)]

    def _band(self, random: Random, low: float, high: float) -> list[Asked]:
        """Words that occur as often as that, of both languages, in no order."""
        limits = low * self.seen, max(high * self.seen, 3)
        fitting = sorted(term for term, count in self.frequency.items() if limits[0] < count <= limits[1])
        random.shuffle(fitting)
        return list(islice(self._plain(fitting), EACH * 3))

    def _plain(self, terms: Iterable[str]) -> Iterator[Asked]:
        """Those that are read as they are written: one term, neither a part of another nor with parts."""
        for term in terms:
            if _telling(term) and _terms(self.written[term]) == (term,):
                yield Asked(self.written[term], (term,))

    def _several(self, random: Random, usual: dict[str, Asked], count: int) -> Iterator[Asked]:
        """Words that stand together in some document."""
        for document in random.sample(self.together, len(self.together)):
            known = [term for term in document if term in usual]
            if len(known) >= count:
                chosen = random.sample(known, count)
                yield Asked(" ".join(usual[term].text for term in chosen), tuple(chosen))

    def _phrases(self, random: Random) -> Iterator[Asked]:
        """The most frequent ones and any others, by turns."""
        known = sorted(pair for pair in self.phrases if all(map(_telling, pair)))
        often = sorted(known, key=lambda pair: -self.phrases[pair])
        for terms in dict.fromkeys(chain.from_iterable(zip(often, random.sample(known, len(known)), strict=True))):
            text = self.phrased[terms]
            if _terms(text) == terms:
                yield Asked(f'"{text}"', terms, phrase=True)


def save(file: Path, kinds: dict[str, list[Asked]], frequent: list[str]) -> None:
    plain = {
        "kinds": {kind: [asdict(one) for one in found] for kind, found in kinds.items()},
        "frequent": frequent,
    }
    file.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")


def load(file: Path) -> tuple[dict[str, list[Asked]], list[str]]:
    plain = json.loads(file.read_text(encoding="utf-8"))
    kinds = {
        kind: [Asked(**{**one, "terms": tuple(one["terms"])}) for one in found]
        for kind, found in plain["kinds"].items()
    }
    return kinds, plain["frequent"]


def _terms(text: str) -> tuple[str, ...]:
    return tuple(term for term, *_ in tokens(text))


def _telling(term: str) -> bool:
    """Not one of the small words that engines may drop from a query."""
    return len(term) > (3 if term.isascii() else 1)


def _beginning(asked: Asked) -> Asked:
    start = asked.terms[0][:3]
    return Asked(f"{start}*", (start,), prefix=True)


def _distinct(every: Iterable[Asked]) -> Iterator[Asked]:
    seen: set[tuple[str, ...]] = set()
    for asked in every:
        if asked.terms not in seen:
            seen.add(asked.terms)
            yield asked
