"""Text → words. The same reading serves the index, the query and the highlights, so the three agree.

A run of Chinese is cut by dictionary, anything else at its spaces and signs. A written word may hold smaller
words (智能水表, gas-meter): the index takes the whole and its parts, the query the parts when they cover it.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import rjieba
from whoosh.lang.porter2 import stem

from search.folding import HAN, Folded, fold

DOMAIN_WORDS = (
    *("物联", "物联网", "车联网", "网联", "表计", "远传", "气表", "抄表", "漏损"),
    *("冷链", "门磁", "充电桩", "换电柜", "中车"),
)
"""Words of the field that the segmenter's dictionary lacks: without them 物联网 falls into 物 and 联网."""

NAMES = {
    "nbiot": (r"nb[-\s]?iot", ("nb", "iot")),
    "ltem": (r"lte[-\s]?m[12]?", ("lte",)),
    "redcap": (r"red[-\s]?cap", ()),
    "cv2x": (r"c-?v2x", ("v2x",)),
    "lorawan": (r"lora[-\s]?wan", ("lora",)),
    "esim": (r"e-?sim", ("sim",)),
}
"""One name, several spellings: its term, how it is written, what else it is to be found by."""

MAX_TERM = 64
MAX_PARTS = 4

_LETTER = rf"[^\W_{HAN}]"
# Cat1, Cat.1, Cat 1, LTE-Cat1: a category is one of LTE by definition, so cat1 stands for all.
_CATEGORY = r"(?:lte[-\s]?)?cat[-.\s]?(?:[0-9]{1,2}|m[12]|nb[12])"
_NAME = "|".join(f"(?P<{term}>{pattern})" for term, (pattern, _) in NAMES.items())
_ANY_NAME = "|".join([_CATEGORY, *(pattern for pattern, _ in NAMES.values())])
_RUN = re.compile(
    rf"""
    (?P<han>[{HAN}]+)
    | (?<!{_LETTER}) (?: (?P<category>{_CATEGORY}) | {_NAME} ) (?=bis|(?!{_LETTER}))
    | (?<![0-9.,]) (?P<number> [0-9]{{1,3}} (?:[,\u00a0\u2009\u202f][0-9]{{3}})+ ) (?![0-9])
    | (?P<decimal> [0-9]+ (?:\.[0-9]+)+ )
    | (?P<latin> {_LETTER}+ (?: [-._+&'] (?!(?:{_ANY_NAME})(?!{_LETTER})) {_LETTER}+ )* )
    """,
    re.VERBOSE,
)
_PART = re.compile(rf"{_LETTER}+")


class Piece(NamedTuple):
    """A term and where it stands."""

    term: str
    start: int
    end: int


class Word(NamedTuple):
    whole: Piece
    parts: tuple[Piece, ...] = ()
    """Smaller words that together cover the whole."""
    inside: tuple[Piece, ...] = ()
    """Further words to find it by, which do not cover it."""
    han: bool = False


def words(text: str) -> Iterator[Word]:
    """The words of a text in their order, with offsets into the text as given."""
    folded = fold(text)
    for run in _RUN.finditer(folded.text):
        yield from _words_of(folded, run)


class Token(NamedTuple):
    """A term of the index: where it comes in the order of words, and where it stands in the text as given."""

    term: str
    position: int
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Every term that the index holds for a text.

    A compound takes as many positions as it has parts, so that neighbours are neighbours however the whole
    was written; the names of one thing share a position.
    """
    position = 0
    for whole, parts, inside, _ in words(text):
        for piece in (whole, *inside):
            yield Token(piece.term, position, piece.start, piece.end)
        for step, piece in enumerate(parts):
            yield Token(piece.term, position + step, piece.start, piece.end)
        position += len(parts) or 1


def occurrences(text: str, terms: Set[str]) -> list[Piece]:
    """Where the terms stand in a text: the same ones that the index holds for it."""
    standing = _standing(text)
    return [piece for term in terms for piece in standing.get(term, ())]


@functools.lru_cache(maxsize=1024)
def _standing(text: str) -> Mapping[str, tuple[Piece, ...]]:
    """Every term of a text with its places. Remembered, because popular hits are shown again and again."""
    found: dict[str, list[Piece]] = {}
    for whole, parts, inside, _ in words(text):
        for piece in (whole, *parts, *inside):
            found.setdefault(piece.term, []).append(piece)
    return {term: tuple(pieces) for term, pieces in found.items()}


def _words_of(folded: Folded, run: re.Match[str]) -> Iterable[Word]:
    match run.lastgroup:
        case "han":
            return _chinese(folded, *run.span())
        case "latin":
            return _latin(folded, *run.span())
        case "number":
            return [Word(_piece(folded, re.sub(r"\D", "", run.group()), *run.span()))]
        case "decimal":
            return [Word(_piece(folded, run.group(), *run.span()))]
        case _:
            return [_named(folded, run)]


@functools.cache
def _segmenter() -> rjieba.Jieba:
    segmenter = rjieba.Jieba()
    for word in DOMAIN_WORDS:
        segmenter.add_word(word, None, None)
    return segmenter


def _chinese(folded: Folded, start: int, end: int) -> Iterator[Word]:
    # hmm=False: a guessed word depends on its neighbours, so a name would be cut differently in a text and in
    # a query. This way it falls into single characters in both, and the query wants these side by side.
    cut = _segmenter().tokenize(folded.text[start:end], "search", False)
    # In search mode the words inside a word come before it, so reading backwards meets the whole first.
    found: list[tuple[Piece, list[Piece]]] = []
    for term, first, last in reversed(cut):
        piece = _piece(folded, term, start + first, start + last)
        if found and piece.start >= found[-1][0].start:
            found[-1][1].append(piece)
        else:
            found.append((piece, []))
    for whole, inner in reversed(found):
        inner.reverse()
        parts = _tiling(inner, whole.start, whole.end) if len(inner) > 1 else ()
        yield Word(whole, parts, tuple(piece for piece in inner if piece not in parts), han=True)


def _tiling(pieces: list[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """Pieces that cover start–end without gap or overlap, long ones preferred; none when nothing does."""
    for piece in sorted((piece for piece in pieces if piece.start == start), key=lambda piece: -piece.end):
        if piece.end == end:
            return (piece,)
        if rest := _tiling(pieces, piece.end, end):
            return (piece, *rest)
    return ()


def _latin(folded: Folded, start: int, end: int) -> Iterator[Word]:
    text = folded.text
    spans = [part.span() for part in _PART.finditer(text, start, end)]
    if len(spans) > 1 and text[spans[-1][0] - 1 : end] == "'s":
        spans.pop()
        end = spans[-1][1]
    parts = tuple(_piece(folded, _stemmed(text[first:last]), first, last) for first, last in spans)
    if len(parts) == 1 or len(parts) > MAX_PARTS:
        yield from (Word(part) for part in parts)
    else:
        joined = _stemmed("".join(text[first:last] for first, last in spans))
        yield Word(_piece(folded, joined, start, end), parts)


def _named(folded: Folded, run: re.Match[str]) -> Word:
    start, end = run.span()
    if run.lastgroup == "category":
        written = re.sub(r"[^a-z0-9]", "", run.group())
        term = written.removeprefix("lte")
        others: tuple[str, ...] = ("lte",) if written != term else ()
    else:
        term = str(run.lastgroup)
        others = NAMES[term][1]
    whole = _piece(folded, term, start, end)
    return Word(whole, inside=tuple(whole._replace(term=other) for other in others))


@functools.lru_cache(maxsize=50_000)
def _stemmed(word: str) -> str:
    return stem(word) if len(word) > 2 and word.isascii() and word.isalpha() else word


def _piece(folded: Folded, term: str, start: int, end: int) -> Piece:
    return Piece(term[:MAX_TERM], *folded.span(start, end))
