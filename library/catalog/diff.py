"""What changed between two revisions, field by field and word by word, in Chinese and in English."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# A Chinese character is a word of its own here; Latin words and numbers stay whole; the rest goes one by one.
WORD = re.compile(r"[㐀-鿿豈-﫿]|[^\W㐀-鿿豈-﫿]+|\s+|.", re.DOTALL)

# Pairs of equal words beyond which passages are shown whole: repetitive ones would take half a minute to compare.
MOST_PAIRS = 2_000_000

CITATIONS = ("source", "sources")  # numbers into the list of sources, which is compared itself

Op = Literal["same", "added", "removed"]


@dataclass(frozen=True)
class Change:
    """One field that differs: its path of keys, and the words in reading order."""

    path: tuple[str, ...]
    parts: tuple[tuple[Op, str], ...]


def words(before: str, after: str) -> tuple[tuple[Op, str], ...]:
    """The words of both texts, each once, as same, removed or added."""
    old, new = WORD.findall(before), WORD.findall(after)
    parts: list[tuple[Op, str]] = []
    for tag, a, b, c, d in _opcodes(old, new):
        if tag == "equal":
            parts.append(("same", "".join(old[a:b])))
            continue
        if a < b:
            parts.append(("removed", "".join(old[a:b])))
        if c < d:
            parts.append(("added", "".join(new[c:d])))
    return tuple(parts)


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As difflib gives them, but what begins and ends alike is not looked into, and too much alike not at all."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    left, right = old[head:old_end], new[head:new_end]
    if head:
        yield "equal", 0, head, 0, head
    counted = Counter(right)
    if sum(counted[word] for word in left) > MOST_PAIRS:
        yield "replace", head, old_end, head, new_end
    else:
        for tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            yield tag, head + a, head + b, head + c, head + d
    if tail:
        yield "equal", old_end, len(old), new_end, len(new)


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words from the start are the same."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))


def documents(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every field that differs, in the order of the newer document; fields that are gone come last."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*new, *(path for path in old if path not in new)]
    return [
        Change(path, words(old.get(path, ""), new.get(path, "")))
        for path in paths
        if old.get(path, "") != new.get(path, "")
    ]


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not (path and key in CITATIONS):
                yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value, 1):
            yield from _leaves(item, (*path, str(number)))
    elif isinstance(value, list):
        if value:
            yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, str(value)
