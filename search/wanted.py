"""A reader's text → what must be found: clauses, each with one or more ways to satisfy it.

Later readings (synonyms, a query language, spelling) add ways and clauses; matching and highlighting stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from whoosh.query import And, Or, Phrase, Term
from whoosh.query import Query as WhooshQuery

from search.analysis import Word, words

MAX_TERMS = 64

MAX_SINGLES = 8

_STOP_EN = "a an and are as at by for from in is of on or the to with"
STOP = frozenset((*"的了和与及或在是等为之", *_STOP_EN.split()))
"""Nobody means these when they search; they are dropped unless there is nothing else."""


@dataclass(frozen=True, slots=True)
class Way:
    terms: tuple[str, ...]
    adjacent: bool = False
    """Side by side and in this order, not merely all of them."""


Clause = tuple[Way, ...]
"""Ways, any of which will do."""


def wanted(text: str) -> list[Clause]:
    """All clauses must be met. At most MAX_TERMS terms are looked for; what follows them is ignored."""
    clauses: dict[Clause, None] = {}
    budget = MAX_TERMS
    for clause in _clauses(text):
        if clause in clauses:
            continue
        budget -= sum(len(way.terms) for way in clause)
        if budget < 0:
            break
        clauses[clause] = None
    telling = [clause for clause in clauses if not (len(clause) == 1 and STOP.issuperset(clause[0].terms))]
    return telling or list(clauses)


def as_query(clauses: list[Clause]) -> WhooshQuery:
    return And([Or([_as_query(way) for way in clause]) for clause in clauses]).normalize()


def _as_query(way: Way) -> WhooshQuery:
    if way.adjacent:
        return Phrase("words", list(way.terms))
    return And([Term("words", term) for term in way.terms])


def _clauses(text: str) -> Iterator[Clause]:
    singles: list[Word] = []
    for word in words(text):
        single = word.han and len(word.whole.term) == 1 and word.whole.term not in STOP
        if singles and not (single and singles[-1].whole.end == word.whole.start and len(singles) < MAX_SINGLES):
            yield _name(singles)
            singles = []
        if single:
            singles.append(word)
        else:
            yield from _of_word(word)
    if singles:
        yield _name(singles)


def _name(singles: list[Word]) -> Clause:
    """Characters that the dictionary could not join are a name (鹏讯): they must stand side by side."""
    return (Way(tuple(word.whole.term for word in singles), adjacent=len(singles) > 1),)


def _of_word(word: Word) -> Iterator[Clause]:
    if word.han:
        for piece in word.parts or (word.whole,):
            yield (Way((piece.term,)),)
    elif word.parts and all(len(piece.term) > 1 for piece in word.parts):
        # gas-meter: written as one word elsewhere, or as two.
        yield Way((word.whole.term,)), Way(tuple(piece.term for piece in word.parts))
    else:
        yield (Way((word.whole.term,)),)
