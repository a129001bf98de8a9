"""On which line of a JSON text a value stands, so that a mistake can be pointed at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, of every value of a valid JSON text, by its path of keys and positions."""
    return dict(_values(text))


def repeated(text: str) -> Path | None:
    """The first key that stands twice in its object: a reader of JSON takes the last and says nothing."""
    seen: set[Path] = set()
    for path, _ in _values(text):
        if path in seen:
            return path
        seen.add(path)
    return None


def _values(text: str) -> Iterator[tuple[Path, int]]:
    path: list[str | int] = []
    containers: list[str] = []
    expect_key, line, end = False, 1, 0
    for token in TOKEN.finditer(text):
        line += text.count("\n", end, token.start())
        end, word = token.start(), token.group()
        if word in "{[":
            yield tuple(path), line
            containers.append(word)
            path.append(0)
            expect_key = word == "{"
        elif word in "}]":
            containers.pop()
            path.pop()
            expect_key = False
        elif word == ",":
            expect_key = containers[-1] == "{"
            if not expect_key:
                path[-1] = int(path[-1]) + 1
        elif word == ":":
            expect_key = False
        elif expect_key:
            path[-1] = json.loads(word)  # "a" may be spelt "\u0061"
        else:
            yield tuple(path), line
