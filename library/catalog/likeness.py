"""Which passages of two documents are nearly the same, and by how much.

A passage is taken as the set of its shingles, the runs of so many characters or words; how much of one set lies
in another is its containment (A. Z. Broder, "On the resemblance and containment of documents", 1997). A document
is remembered by few of them, its marks: the least hash of every window (S. Schleimer, D. S. Wilkerson, A. Aiken,
"Winnowing: local algorithms for document fingerprinting", 2003), so that two texts that have a run of
SHINGLE + WINDOW - 1 characters or words in common have a mark in common, wherever it stands.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

SHINGLE = {"zh": 8, "en": 5}  # characters, words
WINDOW = 50
SHORT = 16  # passages of fewer shingles are compared with their like only: a title with a title
ENOUGH, NEARLY_ALL = 0.5, 0.8  # of the shorter passage; of one that is short
# Only what everybody may read once it is public: a mark must not tell of anything else.
FIELDS = ("title", "summary", "sections", "outcomes", "benefits", "replicability")
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Passage:
    """A paragraph of a document: the path of its field, its language, its text."""

    field: str
    lang: str
    text: str

    @cached_property
    def shingles(self) -> frozenset[str]:
        return frozenset(shingles(self.text, self.lang))

    @property
    def kind(self) -> str:
        """The field without its numbers: what short passages are compared by."""
        return self.field.partition(".")[0]


@dataclass(frozen=True)
class Alike:
    """A passage here and one there, and how much of the shorter stands in the other, from 0 to 1."""

    mine: Passage
    theirs: Passage
    share: float


def passages(document: Mapping[str, Any]) -> list[Passage]:
    """Every paragraph of the fields that are compared."""
    return [passage for name in FIELDS for passage in _within(document.get(name), name)]


def shingles(text: str, lang: str) -> list[str]:
    """Runs of letters and digits: characters in Chinese, words in English; nothing from what is too short."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    size = SHINGLE[lang]
    if lang == "zh":
        letters = "".join(WORD.findall(folded))
        return [letters[place : place + size] for place in range(len(letters) - size + 1)]
    words = WORD.findall(folded)
    return [" ".join(words[place : place + size]) for place in range(len(words) - size + 1)]


def marks(said: Sequence[Passage]) -> set[int]:
    """What a document is remembered by."""
    found: set[int] = set()
    for passage in said:
        hashes = [zlib.crc32(shingle.encode()) for shingle in shingles(passage.text, passage.lang)]
        if hashes:
            row = np.array(hashes, dtype=np.int64) - 2**31  # as databases keep four bytes
            windows = np.lib.stride_tricks.sliding_window_view(row, min(WINDOW, len(row)))
            found.update(np.unique(windows.min(axis=1)).tolist())
    return found


def alike(mine: Sequence[Passage], theirs: Sequence[Passage]) -> list[Alike]:
    """For each passage of `mine` the one of `theirs` that is most like it, where that is enough."""
    best = (max(_pairs(passage, theirs), key=lambda pair: pair.share, default=None) for passage in mine)
    return [pair for pair in best if pair is not None]


def _pairs(mine: Passage, theirs: Sequence[Passage]) -> Iterator[Alike]:
    for other in theirs:
        shorter = min(len(mine.shingles), len(other.shingles))
        if not shorter or mine.lang != other.lang or (shorter < SHORT and mine.kind != other.kind):
            continue
        share = len(mine.shingles & other.shingles) / shorter
        if share >= (NEARLY_ALL if shorter < SHORT else ENOUGH):
            yield Alike(mine, other, share)


def _within(value: Any, path: str) -> Iterator[Passage]:
    if isinstance(value, list):
        for place, entry in enumerate(value):
            yield from _within(entry, f"{path}.{place}")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name in SHINGLE and isinstance(inner, str):
                yield from (Passage(f"{path}.{name}", name, text) for text in inner.splitlines() if text.strip())
            else:
                yield from _within(inner, f"{path}.{name}")
