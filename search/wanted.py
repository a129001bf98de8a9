"""A reader's text → what must be found: words, each with one or more ways to satisfy it.

Later readings (synonyms, a query language, spelling) add ways and words; matching and highlighting stay.
"""

from collections.abc import Iterator, Sequence

from whoosh.query import And, Or, Phrase, Term
from whoosh.query import Query as WhooshQuery

from search import analysis
from search.analysis import words
from search.tree import Way, Word

MAX_TERMS = 64

MAX_SINGLES = 8

_STOP_EN = "a an and are as at by for from in is of on or the to with"
STOP = frozenset((*"的了和与及或在是等为之", *_STOP_EN.split()))
"""Nobody means these when they search; they are dropped unless there is nothing else."""


Clause = Word


def wanted(text: str) -> list[Word]:
    """All of them must be found. At most MAX_TERMS terms are looked for; what follows them is ignored."""
    found: dict[tuple[Way, ...], Word] = {}
    budget = MAX_TERMS
    for word in _asked(text):
        if word.ways in found:
            continue
        budget -= sum(len(way.terms) for way in word.ways)
        if budget < 0:
            break
        found[word.ways] = word
    telling = [word for ways, word in found.items() if not (len(ways) == 1 and STOP.issuperset(ways[0].terms))]
    return telling or list(found.values())


def phrase(text: str) -> Word | None:
    """The words of a text side by side and in its order, exactly these; nothing where it has none."""
    terms: list[str] = []
    for word in words(text):
        terms += [piece.term for piece in word.parts or (word.whole,)]
        if len(terms) >= MAX_TERMS:
            break
    if not terms:
        return None
    return Word((Way(tuple(terms[:MAX_TERMS]), adjacent=len(terms) > 1),), asked=text)


def as_query(wanted: Sequence[Word]) -> WhooshQuery:
    return And([Or([_as_query(way) for way in word.ways]) for word in wanted]).normalize()


def _as_query(way: Way) -> WhooshQuery:
    if way.adjacent:
        return Phrase("words", list(way.terms))
    return And([Term("words", term) for term in way.terms])


def _asked(text: str) -> Iterator[Word]:
    singles: list[analysis.Word] = []
    for word in words(text):
        single = word.han and len(word.whole.term) == 1 and word.whole.term not in STOP
        if singles and not (single and singles[-1].whole.end == word.whole.start and len(singles) < MAX_SINGLES):
            yield _name(text, singles)
            singles = []
        if single:
            singles.append(word)
        else:
            yield from _of_word(text, word)
    if singles:
        yield _name(text, singles)


def _name(text: str, singles: list[analysis.Word]) -> Word:
    """Characters that the dictionary could not join are a name (鹏讯): they must stand side by side."""
    way = Way(tuple(word.whole.term for word in singles), adjacent=len(singles) > 1)
    return Word((way,), text[singles[0].whole.start : singles[-1].whole.end])


def _of_word(text: str, word: analysis.Word) -> Iterator[Word]:
    if word.han:
        for piece in word.parts or (word.whole,):
            yield Word((Way((piece.term,)),), text[piece.start : piece.end])
    else:
        ways = [Way((word.whole.term,))]
        if word.parts and all(len(piece.term) > 1 for piece in word.parts):
            # gas-meter: written as one word elsewhere, or as two.
            ways.append(Way(tuple(piece.term for piece in word.parts)))
        yield Word(tuple(ways), text[word.whole.start : word.whole.end])
