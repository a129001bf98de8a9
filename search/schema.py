"""A Document as Whoosh keeps it: its words, what completes them, its facts, what a hit shows.

All text goes into one field, a word counting more where it weighs more. That is BM25F in its simple form, and
a word costs one posting list instead of one per field and language; an occurrence says which text it is in.
"""

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from whoosh import fields, formats

from search.analysis import tokens
from search.documents import Document
from search.folding import HAN, fold
from search.postings import fits, occurrence, packed

FORM = 6
"""Raise it whenever analysis, weights or fields change: an index of another form is rebuilt, not read."""

WEIGHTS = {"title": 6, "sector": 4, "term": 3, "party": 3, "place": 2, "summary": 2, "body": 1}

LANGUAGES = ("zh", "en")

TEXTS = tuple((field, lang) for field in WEIGHTS for lang in LANGUAGES)
"""The texts of a document; an occurrence names one by its place here."""

COMPLETED = frozenset(WEIGHTS) - {"body", "term"}
"""Fields whose words are offered to complete or correct what is typed."""

WORD = "word"
"""The kind of a completion that is a single word; the others are those of Document.names."""

_LATIN_WORD = re.compile(r"[^\W\d_]{3,}")
_HAN_WORD = re.compile(rf"[{HAN}]{{2,}}")


class Terms(fields.FieldType):
    """A field whose terms are handed to it as Whoosh wants them: (term, frequency, weight, value)."""

    def __init__(self) -> None:
        super().__init__(format=formats.Existence(), analyzer=None, scorable=False)  # type: ignore[arg-type]

    def index(self, value: Any, **kwargs: Any) -> Iterator[tuple[bytes, int, float, bytes]]:  # type: ignore[override]
        return value


SCHEMA = fields.Schema(
    key=fields.ID(unique=True),
    words=Terms(),
    completions=Terms(),
    facts=fields.COLUMN(),
    shown=fields.COLUMN(),
    text=fields.COLUMN(),
)


def row(document: Document) -> dict[str, Any]:
    """The fields of a document as a writer takes them."""
    if unknown := document.text.keys() - WEIGHTS.keys():
        raise ValueError(f"{document.key}: no such text field: {', '.join(sorted(unknown))}")
    text = {name: {lang: t for lang, t in texts.items() if t} for name, texts in document.text.items()}
    places: dict[str, list[int]] = defaultdict(list)
    weights: dict[str, int] = defaultdict(int)
    completions = {f"{kind}\t{name}" for kind, names in document.names.items() for name in names}
    length = 0
    for number, (field, lang) in enumerate(TEXTS):
        content = text.get(field, {}).get(lang)
        if not content:
            continue
        weight = WEIGHTS[field]
        for term, position, start, end in tokens(content):
            if not fits(position, end):
                break
            places[term].append(occurrence(number, position, start, end))
            weights[term] += weight
            length += 1
            if field in COMPLETED and (word := _as_written(term, content[start:end])):
                completions.add(f"{WORD}\t{word}")
    facts = [
        document.key,
        document.rank_group,
        {name: list(codes) for name, codes in document.facets.items()},
        dict(document.numbers),
        text.get("title", {}),
        length,
        document.boost,
    ]
    return {
        "key": document.key,
        "words": [(term.encode(), 1, float(weights[term]), packed(found)) for term, found in places.items()],
        "completions": [(entry.encode(), 1, 1.0, b"") for entry in completions],
        "facts": json.dumps(facts).encode(),
        "shown": json.dumps(dict(document.stored)).encode(),
        "text": json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    }


@functools.lru_cache(maxsize=50_000)
def _as_written(term: str, written: str) -> str:
    """The word to offer for a term; "" when it is none. A Latin term is a stem, which nobody writes."""
    if _HAN_WORD.fullmatch(term):
        return term
    word = fold(written).text
    return word if _LATIN_WORD.fullmatch(word) else ""
