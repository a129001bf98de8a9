"""What a hit shows: the searched words marked in its own text. All is escaped, only <mark> is added."""

from collections.abc import Iterable, Mapping
from html import escape

from search.analysis import occurrences, words
from search.schema import WEIGHTS
from search.wanted import Clause

SNIPPET = 160
WHOLE = frozenset({"title"})
"""Fields that are shown from beginning to end."""

_BREAKS = frozenset(" \t\r\n，。；：、！？（）“”")
_REACH = 400

Span = tuple[int, int]


class Marker:
    """Marks what satisfies the clauses in the texts of one page of hits."""

    def __init__(self, clauses: list[Clause]) -> None:
        ways = [way for clause in clauses for way in clause]
        self._alone = {term for way in ways if not way.adjacent for term in way.terms}
        self._names = [way.terms for way in ways if way.adjacent]
        self._terms = self._alone.union(*self._names)

    def mark(self, text: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], tuple[str, ...]]:
        """HTML by `field.language`, and the names of the fields that hold a searched word."""
        highlights: dict[str, str] = {}
        matched: dict[str, None] = {}
        if not self._terms:
            return highlights, ()
        for field in WEIGHTS:
            for lang, content in text.get(field, {}).items():
                if spans := self._spans(content):
                    whole = field in WHOLE or len(content) <= SNIPPET
                    start, end = (0, len(content)) if whole else _window(content, spans)
                    highlights[f"{field}.{lang}"] = _html(content, spans, start, end)
                    matched[field] = None
        return highlights, tuple(matched)

    def _spans(self, content: str) -> list[Span]:
        found = occurrences(content, self._terms)
        spans = [(piece.start, piece.end) for piece in found if piece.term in self._alone]
        if self._names:
            at = {piece.start: piece for piece in found if len(piece.term) == 1}
            for name in self._names:
                for first in at:
                    run = [at.get(first + step) for step in range(len(name))]
                    if all(piece and piece.term == term for piece, term in zip(run, name, strict=True)):
                        spans.append((first, first + len(name)))
        return _merged(spans)


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
    start = end = at
    while start > 0 and content[start - 1] not in _BREAKS and at - start < _REACH:
        start -= 1
    while end < len(content) and content[end] not in _BREAKS and end - at < _REACH:
        end += 1
    for word in words(content[start:end]):
        first, last = start + word.whole.start, start + word.whole.end
        if first < at < last:
            return first, last
    return at, at


def _html(content: str, spans: list[Span], start: int, end: int) -> str:
    html = ["…"] if start > 0 else []
    at = start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first < last:
            html += escape(content[at:first]), "<mark>", escape(content[first:last]), "</mark>"
            at = last
    html.append(escape(content[at:end]))
    if end < len(content):
        html.append("…")
    return "".join(html)
