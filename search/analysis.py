"""Text → words. The same reading serves the index, the query and the highlights, so the three agree.

A run of Chinese is cut by dictionary, anything else at its spaces and signs. A written word may hold smaller
words (智能水表, gas-meter): the index takes the whole and its parts, the query the parts when they cover it.
How a word is read depends on nothing but the word, so every word is read once and remembered.
"""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

import rjieba
from whoosh.lang.porter2 import stem

from search.folding import HAN, Folded, fold
from search.numerals import GROUPED, NUMERAL, QUANTITY, numeral, quantity

DOMAIN_WORDS = (
    *("物联", "物联网", "车联网", "网联", "表计", "远传", "气表", "抄表", "漏损"),
    *("冷链", "门磁", "充电桩", "换电柜", "中车", "烟感", "感烟", "可穿戴", "智能网联", "集抄", "天车", "网约车"),
    *("物联卡", "咪表", "云喇叭", "闵行"),
    *("耳标", "血氧", "窃电", "覆冰", "渣土车", "机械臂", "地锁", "道闸"),
    *("闸机", "管廊", "危化品", "固废", "危废", "厨余", "工单", "充电宝"),
    *("重卡", "矿卡", "岸桥", "集卡", "胎压", "酒驾", "对讲", "违停"),
    *("算力", "碳中和", "双碳", "大模型", "调压箱", "页岩气", "盾构机", "扫码"),
)
"""Words of the field that the segmenter's dictionary lacks: without them 物联网 falls into 物 and 联网."""

NAMES = {
    "nbiot": (r"nb[-\s]?[il]ot", ("nb", "iot")),
    "ltem": (r"lte[-\s]?m[12]?", ("lte",)),
    "redcap": (r"red[-\s]?cap", ()),
    "cv2x": (r"c-?v2x", ("v2x",)),
    "lorawan": (r"lora[-\s]?wan", ("lora",)),
    "esim": (r"e-?sim", ("sim",)),
}
"""One name, several spellings: its term, how it is written, what else it is to be found by."""

_KEPT = (
    "building customs generator government lighting operator parking refrigerator training universal university"
)
KEPT = {form: word for word in _KEPT.split() for form in (word, f"{word}s")} | {"universities": "university"}
"""Words whose stem is that of another: build, customer, generation, governance, light, operation, park, train …"""

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
    | (?=[0-9]) (?:
        (?P<quantity> {QUANTITY} )
        | (?<![0-9.,]) (?P<grouped> {GROUPED} (?:\.[0-9]+)? )
        | (?P<decimal> [0-9]+ (?:\.[0-9]+)+ )
    )
    | (?P<latin> {_LETTER}+ (?: [-._+&'] (?!(?:{_ANY_NAME})(?!{_LETTER})|{QUANTITY}) {_LETTER}+ )* )
    """,
    re.VERBOSE,
)
_PART = re.compile(rf"{_LETTER}+")
_NUMERAL = re.compile(f"({NUMERAL})")


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
    exact: bool = False
    """Its parts are not meant when it is asked for: 50 km is not any 50 and any km."""


Token = tuple[str, int, int, int]
"""A term of the index, where it comes in the order of words, where it starts and ends in the text as given."""


def words(text: str) -> Iterator[Word]:
    """The words of a text in their order, with offsets into the text as given."""
    folded = fold(text)
    for kind, written, start in _written(folded.text):
        for word in _read(kind, written).words:
            whole, parts, inside = word[:3]
            yield Word(
                _moved(whole, start, folded),
                tuple(_moved(piece, start, folded) for piece in parts),
                tuple(_moved(piece, start, folded) for piece in inside),
                *word[3:],
            )


def tokens(text: str) -> Iterator[Token]:
    """Every term that the index holds for a text.

    A compound takes as many positions as it has parts, so that neighbours are neighbours however the whole
    was written; the names of one thing share a position.
    """
    folded = fold(text)
    position = 0
    for kind, written, at in _written(folded.text):
        _, terms, steps = _read(kind, written)
        for term, step, start, end in terms:
            if folded.starts is None:
                yield term, position + step, at + start, at + end
            else:
                yield term, position + step, *folded.span(at + start, at + end)
        position += steps


def sequence(text: str) -> Iterator[str]:
    """The terms that stand in a row where the text does: of a compound its parts."""
    for word in words(text):
        for piece in word.parts or (word.whole,):
            yield piece.term


def _written(text: str) -> Iterator[tuple[str, str, int]]:
    """A folded text cut into what can be read alone: of which kind it is, how it is written, where it starts."""
    for run in _RUN.finditer(text):
        kind, written, start = str(run.lastgroup), run.group(), run.start()
        if kind != "han":
            yield kind, written, start
            continue
        # A number is cut out first: the dictionary would tear 三千万户 at will.
        for odd, stretch in enumerate(
            _NUMERAL.split(written) if "万" in written or "亿" in written else (written,)
        ):
            if odd % 2 and numeral(stretch):
                yield "numeral", stretch, start
                start += len(stretch)
            elif stretch:
                for word in cut(stretch):
                    yield "han", word, start
                    start += len(word)


def cut(han: str) -> list[str]:
    """A run of Chinese as words of the dictionary, one after the other."""
    # hmm=False: a guessed word depends on its neighbours, so a name would be cut differently in a text and in a
    # query. This way it falls into single characters in both, and the query wants these side by side.
    return _segmenter().cut(han, False)


@functools.cache
def _segmenter() -> rjieba.Jieba:
    segmenter = rjieba.Jieba()
    for word in DOMAIN_WORDS:
        segmenter.add_word(word, None, None)
    return segmenter


class _Reading(NamedTuple):
    """What a word is made of, with offsets from its own beginning."""

    words: tuple[Word, ...]
    terms: tuple[Token, ...]
    steps: int
    """How many positions it takes."""


def _read(kind: str, written: str) -> _Reading:
    # A wall of letters comes once and would only fill the memory.
    return _remembered(kind, written) if len(written) <= MAX_TERM else _remembered.__wrapped__(kind, written)


@functools.lru_cache(maxsize=20_000)
def _remembered(kind: str, written: str) -> _Reading:
    found = _words_of(kind, written)
    terms: list[Token] = []
    steps = 0
    for word in found:
        terms += [(term, steps, start, end) for term, start, end in (word.whole, *word.inside)]
        terms += [(term, steps + step, start, end) for step, (term, start, end) in enumerate(word.parts)]
        steps += len(word.parts) or 1
    return _Reading(found, tuple(terms), steps)


def _words_of(kind: str, written: str) -> tuple[Word, ...]:
    match kind:
        case "han":
            return (_chinese(written),)
        case "latin":
            return _latin(written)
        case "quantity":
            return (_quantity(written),)
        case "numeral":
            return (Word(_whole(numeral(written), written), inside=(_whole(written, written),), exact=True),)
        case "grouped":
            return (Word(_whole(re.sub(r"[^0-9.]", "", written), written)),)
        case "decimal":
            return (Word(_whole(written, written)),)
        case _:
            return (_named(kind, written),)


def _chinese(written: str) -> Word:
    # In search mode the words inside a word come before it.
    *inner, whole = (_piece(*cut) for cut in _segmenter().tokenize(written, "search", False))
    parts = _tiling(inner, 0, whole.end) if len(inner) > 1 else ()
    return Word(whole, parts, tuple(piece for piece in inner if piece not in parts), han=True)


def _tiling(pieces: list[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """Pieces that cover start–end without gap or overlap, long ones preferred; none when nothing does."""
    for piece in sorted((piece for piece in pieces if piece.start == start), key=lambda piece: -piece.end):
        if piece.end == end:
            return (piece,)
        if rest := _tiling(pieces, piece.end, end):
            return (piece, *rest)
    return ()


def _latin(written: str) -> tuple[Word, ...]:
    spans = [part.span() for part in _PART.finditer(written)]
    if len(spans) > 1 and written.endswith("'s"):
        spans.pop()
    parts = tuple(_piece(_stemmed(written[start:end]), start, end) for start, end in spans)
    if len(parts) == 1 or len(parts) > MAX_PARTS:
        return tuple(Word(part) for part in parts)
    joined = _stemmed("".join(written[start:end] for start, end in spans))
    return (Word(_piece(joined, 0, spans[-1][1]), parts),)


def _named(kind: str, written: str) -> Word:
    if kind == "category":
        letters = re.sub(r"[^a-z0-9]", "", written)
        term = letters.removeprefix("lte")
        others: tuple[str, ...] = ("lte",) if letters != term else ()
    else:
        term, others = kind, NAMES[kind][1]
    return Word(_whole(term, written), inside=tuple(_whole(other, written) for other in others))


def _quantity(written: str) -> Word:
    value, said, unit, end = quantity(written)
    inside = [_piece(_stemmed(other), 0, end) for other in said if other != value]
    number = _piece(value, 0, end)
    if not unit:
        return Word(number, inside=tuple(inside), exact=True)
    parts = [number]
    for word in words(written[end:]):
        parts += [_piece(term, end + first, end + last) for term, first, last in word.parts or (word.whole,)]
    if len(parts) == 1:  # the unit is a sign: %
        inside, parts = [number, *inside], []
    return Word(_whole(value + unit, written), tuple(parts), tuple(inside), exact=True)


def _stemmed(word: str) -> str:
    if word in KEPT:
        return KEPT[word]
    return stem(word) if 2 < len(word) <= MAX_TERM and word.isascii() and word.isalpha() else word


def _whole(term: str, written: str) -> Piece:
    return _piece(term, 0, len(written))


def _piece(term: str, start: int, end: int) -> Piece:
    return Piece(term[:MAX_TERM], start, end)


def _moved(piece: Piece, by: int, folded: Folded) -> Piece:
    return Piece(piece.term, *folded.span(by + piece.start, by + piece.end))
