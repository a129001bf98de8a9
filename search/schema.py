"""A Document as Whoosh keeps it: one weighted field of words, one column of facts, one stored page.

All text goes into one field, a word counting more where it weighs more. That is BM25F in its simple form, and
a word costs one posting list instead of one per field and language.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from whoosh import fields, formats

from search.analysis import tokens
from search.documents import Document

FORM = 2
"""Raise it whenever analysis, weights or fields change: an index of another form is rebuilt, not read."""

WEIGHTS = {"title": 6.0, "sector": 4.0, "term": 3.0, "party": 3.0, "place": 2.0, "summary": 2.0, "body": 1.0}

_GAP = 100
"""Positions between two texts, so that no phrase reaches from one into the next."""


_POSITIONS = formats.Positions()


class Words(fields.FieldType):
    """The words of a whole document, weighted by where they stand."""

    def __init__(self) -> None:
        super().__init__(format=_POSITIONS, analyzer=None, scorable=True)  # type: ignore[arg-type]

    def index(self, value: Document, **kwargs: Any) -> Iterator[tuple[bytes, int, float, bytes]]:  # type: ignore[override]
        places: dict[str, list[int]] = defaultdict(list)
        weights: dict[str, float] = defaultdict(float)
        base = 0
        for name, weight in WEIGHTS.items():
            for text in value.text.get(name, {}).values():
                position = 0
                for term, position, _, _ in tokens(text):
                    places[term].append(base + position)
                    weights[term] += weight
                base += position + _GAP
        for term, positions in places.items():
            yield term.encode(), len(positions), weights[term], _POSITIONS.encode(positions)


SCHEMA = fields.Schema(
    key=fields.ID(unique=True),
    words=Words(),
    facts=fields.COLUMN(),
    page=fields.STORED(),
)


def row(document: Document) -> dict[str, Any]:
    """The fields of a document as a writer takes them."""
    if unknown := document.text.keys() - WEIGHTS.keys():
        raise ValueError(f"{document.key}: no such text field: {', '.join(sorted(unknown))}")
    text = {name: {lang: t for lang, t in texts.items() if t} for name, texts in document.text.items()}
    facts = [
        document.key,
        document.rank_group,
        {name: list(codes) for name, codes in document.facets.items()},
        dict(document.numbers),
        text.get("title", {}),
    ]
    return {
        "key": document.key,
        "words": document,
        "facts": json.dumps(facts).encode(),
        "page": json.dumps({"stored": dict(document.stored), "text": text}),
    }
