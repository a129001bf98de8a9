"""Folding: the spellings of one character become one, and every offset still points into the original.

Width and compatibility forms (NFKC), traditional → simplified, case, accents on Latin letters. All of it
character by character, because a mark in a highlight must find its way back to the text that the reader sees.
"""

import functools
import unicodedata
from dataclasses import dataclass
from itertools import chain

from opencc import OpenCC

HAN = "々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, for use inside a regular expression's brackets."""

_KEPT = {
    # A full-width comma ends a clause; folded to "," it would group digits (2020，300 is not 2 020 300).
    "，": "，",
    # Spaces that group digits must stay told apart from the spaces between words.
    "\u00a0": "\u00a0",
    "\u2009": "\u2009",
    "\u202f": "\u202f",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2212": "-",
    "\u2019": "'",
}


@functools.cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def _fold_character(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if unicodedata.category(char) == "Cf" or "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f":
        return ""  # invisible, or an accent that stands alone
    folded = unicodedata.normalize("NFKC", char)
    if folded >= "\u3400":
        folded = _simplifier().convert(folded)
    folded = folded.casefold()
    plain = unicodedata.normalize("NFD", folded)
    if len(plain) > 1 and plain[0].isascii():
        folded = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return folded


class _Folds(dict[int, str]):
    """A table for str.translate that fills itself and remembers which characters change their length."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _fold_character(char)
        if len(folded) != 1:
            self.uneven.add(char)
        self[code] = folded
        return folded


_folds = _Folds()


@dataclass(frozen=True, slots=True)
class Folded:
    text: str
    starts: tuple[int, ...] | None
    """Where each folded character stood, and the length of the original; None when nothing moved."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text from which folded[start:end] came."""
        if self.starts is None:
            return start, end
        return self.starts[start], max(self.starts[end], self.starts[end - 1] + 1)


def fold(text: str) -> Folded:
    folded = text.translate(_folds)
    if _folds.uneven.isdisjoint(text):
        return Folded(folded, None)
    starts = chain.from_iterable([index] * len(_folds[ord(char)]) for index, char in enumerate(text))
    return Folded(folded, (*starts, len(text)))
