"""What a reader typed → tokens → those that are grammatical, with notes on the rest.

Nothing that can be typed is an error: what makes no sense is left out, and a note says so.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from search.fields import FIELDS, NUMBERS
from search.folding import fold

MAX_DEPTH: Final = 8
MAX_NOTES: Final = 8
"""Whoever broke eight rules needs no ninth note."""

_NOTED: Final = 60

Note = tuple[str, str]
"""What is wrong, as a code, and the piece of text that it is about."""


class Notes(dict[Note, None]):
    """Each once, in the order of the text."""

    def say(self, code: str, text: str = "") -> None:
        if len(self) < MAX_NOTES:
            self[code, text[:_NOTED]] = None


class Token(NamedTuple):
    kind: str
    """( ) AND OR NOT field word phrase prefix"""
    text: str
    """In its narrow form; of a field, its name."""
    start: int
    end: int


_SIGNS = str.maketrans(
    {**dict.fromkeys("“”「」『』＂", '"'), **dict(zip("（）：｜－−＊＜＞＝", "():|--*<>=", strict=True))}
)
_FIELD = re.compile(r"([^\W\d_]+)(?::\s*|\s*(?=[<>=≥≤]))")
# A number may be grouped by spaces, and its scale stand behind one: >800 000, >1 million.
_COUNT = re.compile(
    r"""(?: [<>=≥≤]+ \s* )? [^\s()|"]+
        (?: (?<=\d) [ \u00a0\u2009\u202f] \d{3} (?!\d) )*
        (?: (?<=\d) \s+ (?: thousand | million | billion | [百千]? [万亿千] ) (?![^\W\d_]) )?""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ )
    | (?P<open> \( ) | (?P<close> \) ) | (?P<or> \|+ )
    | " (?P<phrase> [^"]* ) " | (?P<quote> " )
    | (?P<not> (?<![^\s(|:]) [-!] (?=[^\s)|!-]) )
    | (?P<prefix> [^\s()|"*]+ \* (?![^\s()|"]) )
    | (?P<word> [^\s()|"]+ )
    """,
    re.VERBOSE,
)
_VALUE = re.compile(r'[\w"]')
_OPERATORS = frozenset({"AND", "OR", "NOT"})


def tokens(text: str, notes: Notes) -> Iterator[Token]:
    signs = text.translate(_SIGNS)
    at = 0
    while at < len(text):
        if (field := _FIELD.match(signs, at)) and (name := _field(field, signs, notes)):
            yield Token("field", name, at, field.end())
            at = field.end()
            if name in NUMBERS and (count := _COUNT.match(signs, at)):
                yield Token("word", count[0], *count.span())
                at = count.end()
            continue
        found = _TOKEN.match(signs, at)
        assert found is not None
        assert found.lastgroup is not None
        at = found.end()
        kind, piece = found.lastgroup, found[found.lastgroup]
        match kind:
            case "blank":
                continue
            case "quote":
                notes.say("unbalanced_quote")
                continue
            case "open" | "close":
                kind = piece
            case "or" | "not":
                kind = kind.upper()
            case "word" if piece in _OPERATORS:
                kind = piece
            case "word" if "*" in piece:
                notes.say("star", piece)
        yield Token(kind, piece, *found.span(found.lastgroup))


def _field(found: re.Match[str], signs: str, notes: Notes) -> str:
    """The field that is named here; "" where there is none of this name."""
    written = found[1]
    name = FIELDS.get(fold(written).text, "")
    if not signs.startswith(":", found.end(1)):
        return name if name in NUMBERS else ""
    # http://, 18:30 and "Madrid: a city" look like no field.
    if not name and len(written) > 1 and signs[found.end() - 1] == ":" and _VALUE.match(signs, found.end()):
        notes.say("unknown_field", f"{written}:")
    return name


_WAITING = frozenset({"AND", "OR", "NOT", "field"})
"""Tokens that need something after them."""


def tidy(tokens: Iterable[Token], notes: Notes) -> list[Token]:
    """Without operators that join nothing and with every parenthesis closed, at most MAX_DEPTH deep."""
    kept: list[Token] = []
    depth = dropped = 0

    def drop(kinds: frozenset[str]) -> None:
        while kept and kept[-1].kind in kinds:
            token = kept.pop()
            notes.say("empty_field" if token.kind == "field" else "dangling", token.text)

    def close() -> None:
        drop(_WAITING)
        if kept[-1].kind == "(":
            kept.pop()
            drop(_WAITING - {"AND", "OR"})
        else:
            kept.append(Token(")", ")", 0, 0))

    for token in tokens:
        match token.kind:
            case "(" if depth == MAX_DEPTH:
                dropped += 1
                notes.say("too_deep", str(MAX_DEPTH))
            case "(":
                depth += 1
                kept.append(token)
            case ")" if dropped:
                dropped -= 1
            case ")" if not depth:
                notes.say("unbalanced_parenthesis")
            case ")":
                depth -= 1
                close()
            case "AND" | "OR":
                drop(_WAITING)
                if kept and kept[-1].kind != "(":
                    kept.append(token)
                else:
                    notes.say("dangling", token.text)
            case _:
                kept.append(token)
    if depth or dropped:
        notes.say("unbalanced_parenthesis")
    for _ in range(depth):
        close()
    drop(_WAITING)
    return kept
