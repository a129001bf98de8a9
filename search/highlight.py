"""What a hit shows: the searched words marked in its own text. All is escaped, only <mark> is added.

Where a word stands is read from the postings by which it was found, so mark and match cannot disagree.
"""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from search import tree
from search.analysis import cut
from search.documents import Because
from search.folding import HAN, fold
from search.postings import LENGTH_BITS, POSITION_SHIFT, START_BITS, TEXT_SHIFT
from search.schema import TEXTS, WEIGHTS
from search.segment import Segment

SNIPPET = 160
WHOLE = frozenset({"title"})
"""Fields that are shown from beginning to end."""

BEGUN = 40
"""Terms of a prefix that are marked at most."""

_RUN = re.compile(rf"[{HAN}]+|(?P<latin>(?:[^\W{HAN}]|[-._+&'])+)")
_REACH = 40
_REACH_HAN = 12
_ALIKE = 3
_FIELDS = tuple(WEIGHTS)

Span = tuple[int, int]


class Place(NamedTuple):
    """One occurrence, taken apart."""

    text: int
    position: int
    start: int
    end: int


class Marked(NamedTuple):
    highlights: dict[str, str]
    """`field.language` → HTML."""
    matched: tuple[str, ...]
    """Names of the fields that hold a searched word, the weightiest first."""
    because: tuple[Because, ...]


UNMARKED = Marked({}, (), ())


class Marker:
    """Marks what satisfies the words of a query in the documents of one segment."""

    def __init__(
        self, segment: Segment, asked: Sequence[tree.Word | tree.Prefix], docnums: Iterable[int], lang: str
    ) -> None:
        """`docnums`: the documents that will be marked; `lang`: the reader's language."""
        self._lang = lang
        self._segment, self._asked, self._docnums = segment, asked, sorted(docnums)
        self._standing = functools.cache(self._look_up)
        self._begun = functools.cache(self._look_up_beginning)

    def mark(self, docnum: int, text: Mapping[str, Mapping[str, str]]) -> Marked:
        spans: dict[int, list[Span]] = defaultdict(list)
        because = []
        for word in self._asked:
            places = list(self._places(word, docnum))
            for place in places:
                spans[place.text].append((place.start, place.end))
            reasons = [_reason(word.asked, place, text) for place in places]
            if reasons:
                because.append(min(reasons, key=self._telling))
        highlights = {}
        for number in sorted(spans):
            field, lang = TEXTS[number]
            content, marks = text[field][lang], _merged(spans[number])
            whole = field in WHOLE or len(content) <= SNIPPET
            start, end = (0, len(content)) if whole else _window(content, marks)
            highlights[f"{field}.{lang}"] = _html(content, marks, start, end)
        matched = dict.fromkeys(TEXTS[number][0] for number in sorted(spans))
        return Marked(highlights, tuple(matched), tuple(because))

    def _telling(self, reason: Because) -> tuple[bool, bool, int]:
        """What stands in the reader's language explains best, then what looks like the word asked for."""
        return reason.lang != self._lang, not reason.alike, _FIELDS.index(reason.field)

    def _places(self, word: tree.Word | tree.Prefix, docnum: int) -> Iterator[Place]:
        """Where a document has the word, in each of its ways."""
        if isinstance(word, tree.Prefix):
            for standing in self._begun(word.start):
                yield from _in_field(standing.get(docnum, []), word.field)
            return
        for way in word.ways:
            places = [_in_field(self._standing(term).get(docnum, []), word.field) for term in way.terms]
            if all(places):
                yield from _in_a_row(places) if way.adjacent else itertools.chain.from_iterable(places)

    def _look_up(self, term: str) -> Mapping[int, list[int]]:
        """The occurrences of a term in those of the documents that have it."""
        postings = self._segment.postings(term)
        return postings.within(self._docnums) if postings else {}

    def _look_up_beginning(self, start: str) -> list[Mapping[int, list[int]]]:
        return [postings.within(self._docnums) for postings in self._segment.beginning(start, BEGUN)]


def _reason(asked: str, place: Place, text: Mapping[str, Mapping[str, str]]) -> Because:
    field, lang = TEXTS[place.text]
    found = text[field][lang][place.start : place.end]
    return Because(asked, found, field, lang, _alike(asked, found))


@functools.lru_cache(maxsize=4096)
def _alike(asked: str, found: str) -> bool:
    asked, found = fold(asked).text, fold(found).text
    return found in asked or asked in found or asked[:_ALIKE] == found[:_ALIKE]


def _in_field(occurrences: list[int], field: str) -> list[Place]:
    places = [_place(number) for number in occurrences]
    return [place for place in places if not field or TEXTS[place.text][0] == field]


def _place(occurrence: int) -> Place:
    start = (occurrence >> LENGTH_BITS) & ((1 << START_BITS) - 1)
    length = occurrence & ((1 << LENGTH_BITS) - 1)
    position = (occurrence >> POSITION_SHIFT) & ((1 << (TEXT_SHIFT - POSITION_SHIFT)) - 1)
    return Place(occurrence >> TEXT_SHIFT, position, start, start + length)


def _in_a_row(terms: list[list[Place]]) -> Iterator[Place]:
    """Stretches in which the terms stand side by side, each as one place."""
    at = [{(place.text, place.position): place for place in places} for places in terms]
    for first in terms[0]:
        run = [places.get((first.text, first.position + step)) for step, places in enumerate(at)]
        if last := all(run) and run[-1]:
            yield first._replace(end=last.end)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _window(content: str, spans: list[Span]) -> Span:
    """At most SNIPPET characters, ellipses included, around the densest marks; cut between words."""
    room = SNIPPET - 2
    lead = room // 4

    def shown(first: Span) -> int:
        return sum(end - start for start, end in spans if first[0] <= start and end <= first[0] + room - lead)

    best = max(spans, key=shown)
    start = max(0, min(best[0] - lead, len(content) - room))
    if start:
        start = min(_inside(content, start)[1], best[0])
    end = start + room
    if end < len(content):
        cut = _inside(content, end)[0]
        end = cut if cut > best[0] else end
    return _without_scraps(content, spans, start, min(end, len(content)))


def _without_scraps(content: str, spans: list[Span], start: int, end: int) -> Span:
    """A window without what it holds of passages in which nothing is marked; a passage ends at a newline."""
    inside = [span for span in spans if start <= span[0] and span[1] <= end]
    if inside:
        start = max(start, content.rfind("\n", start, inside[0][0]) + 1)
        edge = content.find("\n", inside[-1][1], end)
        end = edge if edge >= 0 else end
    return start, end


def _inside(content: str, at: int) -> Span:
    """The word that a cut at `at` would go through, or (at, at)."""
    for run in _RUN.finditer(content, max(0, at - _REACH), at + _REACH):
        if run.start() >= at:
            break
        if run.end() > at and run["latin"]:
            return run.span()
        if run.end() > at:
            first = max(run.start(), at - _REACH_HAN)
            for length in map(len, cut(content[first : min(run.end(), at + _REACH_HAN)])):
                if first < at < first + length:
                    return first, first + length
                first += length
    return at, at


def _html(content: str, spans: list[Span], start: int, end: int) -> str:
    parts = ["…"] if start > 0 else []
    at = start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first < last:
            parts += (
                escape(content[at:first]),
                "<mark>",
                escape(content[first:last]),
                "</mark>",
            )
            at = last
    parts.append(escape(content[at:end]))
    if end < len(content):
        parts.append("…")
    return "".join(parts)
