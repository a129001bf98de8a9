"""The query language: what a reader typed → a tree of what is to be found, and notes on what could not be read.

water meter             both words               "water meter"   side by side, in this order
smok*                   words that begin so      a OR b, a | b   either; binds weaker than AND and a blank
-parking, NOT parking   without                  (a OR b) c      groups
sector:fire             a field                  connections:>=1m, date:2023..2024, has:place
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from search import fields
from search.analysis import words
from search.folding import HAN, fold
from search.grammar import Note, Notes, Token, tidy, tokens
from search.tree import EVERYTHING, NOTHING, All, Any, Node, Not, Pick, Prefix, Range
from search.wanted import MAX_TERMS, phrase, wanted

MAX_LENGTH: Final = 1000
MAX_LEAVES: Final = 64

_WORDS = frozenset(("", *fields.TEXTS))
"""Fields in which words are looked for, and none."""

_STARTS = re.compile(rf"..|[{HAN}]")
"""What a prefix needs at least."""


@dataclass(frozen=True, slots=True)
class Reading:
    tree: Node
    notes: tuple[Note, ...] = ()


def read(text: str) -> Reading:
    notes = Notes()
    if len(text) > MAX_LENGTH:
        notes.say("too_long", str(MAX_LENGTH))
        text = text[:MAX_LENGTH]
    tree = _Reader(text, tidy(tokens(text, notes), notes), notes).read()
    if tree is None:
        # Signs alone are a search for something that no text holds; a blank and a * are one for everything.
        tree = NOTHING if text.replace("*", "").strip() else EVERYTHING
    return Reading(tree, tuple(notes))


class _Reader:
    """Reads one token after the other, with the field that applies; None where nothing is to be found."""

    def __init__(self, text: str, tokens: list[Token], notes: Notes) -> None:
        self.text, self.tokens, self.notes = text, tokens, notes
        self.at = 0
        self.leaves = 0

    def read(self) -> Node | None:
        return self._either("")

    @property
    def _kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _either(self, field: str) -> Node | None:
        nodes = [self._together(field)]
        while self._kind == "OR":
            self._next()
            nodes.append(self._together(field))
        return _joined(Any, nodes)

    def _together(self, field: str) -> Node | None:
        nodes = []
        while self._kind not in ("", "OR", ")"):
            if self._kind == "AND":
                self._next()
            nodes.append(self._one(field))
        return _joined(All, nodes)

    def _one(self, field: str) -> Node | None:
        negated = alone = False
        while self._kind in ("NOT", "field"):
            alone = True
            token = self._next()
            if token.kind == "field":
                field = token.text
            else:
                negated = not negated
        token = self._next()
        if token.kind == "(":
            node = self._either(field)
            self._next()
        elif self.leaves == MAX_LEAVES:
            self.notes.say("too_many", str(MAX_LEAVES))
            node = None
        elif token.kind == "prefix":
            node = self._prefix(token, field)
        elif token.kind == "phrase":
            node = self._value(field, self._written(token), quoted=True)
        else:
            last = token
            # Words in a row stay together: 窄带 物联网 has a meaning that its words have not.
            while not alone and field in _WORDS and self._kind == "word":
                last = self._next()
            node = self._value(field, self._written(token, last))
        return _negated(node) if negated and node else node

    def _written(self, first: Token, last: Token | None = None) -> str:
        return self.text[first.start : (last or first).end]

    def _value(self, field: str, written: str, quoted: bool = False) -> Node | None:
        if field in _WORDS:
            node = self._words(field, written, quoted)
            if field and not node:
                self.notes.say("empty_field", f"{field}:{written}")
            return node
        value = fold(written).text.strip()
        if field in fields.NUMBERS:
            return self._range(field, field, value)
        if field == "year":
            value = value.removesuffix("年")
            if not re.fullmatch("[0-9]{4}|unknown", value):
                return self._range("year", "date", value)
        code = fields.VALUES.get(field, {}).get(value)
        if code is None and field in fields.CLOSED:
            self.notes.say("unknown_has" if field == "has" else "unknown_value", f"{field}:{written}")
            return None
        code = code or "-".join(value.split())
        pick = Pick(field, (code.upper() if field == "country" else code,))
        nodes = self._counted([pick])
        if named := fields.FACETS.get(field):
            nodes.append(self._words(named, written, quoted))
        return _joined(Any, nodes)

    def _words(self, field: str, written: str, quoted: bool) -> Node | None:
        if quoted:
            found = [word] if (word := phrase(written)) else []
        else:
            found = wanted(written)
            if len(written) > MAX_TERMS and len({word.whole.term for word in words(written)}) > MAX_TERMS:
                self.notes.say("too_many", str(MAX_TERMS))
        return _joined(All, self._counted([replace(word, field=field) for word in found]))

    def _prefix(self, token: Token, field: str) -> Node | None:
        """The last word is open at its end; those before it (智能 in 智能水*) are words like any."""
        written = self._written(token)
        pieces = [piece for word in words(written) for piece in word.parts or (word.whole,)]
        last = pieces[-1] if pieces else None
        start = fold(written[last.start : last.end]).text if last else ""
        if not (field in _WORDS or fields.FACETS.get(field)) or not _STARTS.match(start):
            self.notes.say("star", written)
            return self._value(field, written.rstrip("*＊"))
        field = fields.FACETS.get(field, field)
        before = self._words(field, written[: last.start], quoted=False) if last else None
        return _joined(All, [before, *self._counted([Prefix(start, written, field)])])

    def _range(self, name: str, number: str, value: str) -> Node | None:
        found = fields.between(value, fields.NUMBERS[number])
        if not found:
            self.notes.say(f"bad_{'number' if number == 'connections' else 'date'}", f"{name}:{value}")
            return None
        low, high, swapped = found
        if swapped:
            self.notes.say("range_swapped", f"{name}:{value}")
        return _joined(All, self._counted([Range(number, low, high)]))

    def _counted(self, nodes: Iterable[Node]) -> list[Node | None]:
        """As many of them as may still be asked for."""
        found: list[Node | None] = [*nodes]
        left = MAX_LEAVES - self.leaves
        if len(found) > left:
            self.notes.say("too_many", str(MAX_LEAVES))
        self.leaves += min(left, len(found))
        return found[:left]


def _joined(kind: type[All] | type[Any], nodes: Iterable[Node | None]) -> Node | None:
    """Each node once; one alone needs no joining, and what is joined alike is one list."""
    found: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, kind):
            found |= dict.fromkeys(node.nodes)
        elif node:
            found[node] = None
    return kind(tuple(found)) if len(found) > 1 else next(iter(found), None)


def _negated(node: Node) -> Node:
    return node.node if isinstance(node, Not) else Not(node)
