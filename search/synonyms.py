"""What else a thing is called: the names of synonyms.txt, in both languages, as ways to find it.

Applied to the query only: the index stays what the texts say, and a new line needs no new index.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import NamedTuple

from search.analysis import sequence
from search.folding import HAN
from search.tree import Way

Name = tuple[str, ...]
"""A name as its successive terms."""

_PROPER = re.compile(rf".*[{HAN}]|[A-Z]\S*( [A-Z]\S*)*$")


class Known(NamedTuple):
    own: Way
    """How to find what was written. China Mobile must stand together, a smoke detector may be a smoke and
    heat detector."""
    others: tuple[Way, ...]
    """How to find its other names: only ever as they are."""


def known(name: Name) -> Known | None:
    return _table().get(name)


@functools.cache
def longest() -> int:
    """The most terms that a name has."""
    return max(map(len, _table()))


@functools.cache
def _table() -> Mapping[Name, Known]:
    return read(files("search").joinpath("synonyms.txt").read_text(encoding="utf-8"))


def read(text: str) -> dict[Name, Known]:
    """Lines `a = b` and `a > b, c` → every name that stands left of a `>` or beside a `=`, with its others."""
    equal: dict[Name, list[Name]] = defaultdict(list)
    kinds: dict[Name, list[Name]] = defaultdict(list)
    proper: set[Name] = set()
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        same, _, below = line.partition(">")
        names = []
        for written in same.split("="):
            names.append(_name(written))
            if _PROPER.match(written.strip()):
                proper.add(names[-1])
        for name in names:
            equal[name] += names
        kinds[names[0]] += [_name(written) for written in below.split(",") if written.strip()]

    def others(name: Name, seen: set[Name]) -> Iterator[Name]:
        """The name and its equals, then the kinds of all these with their equals."""
        equals = [other for other in dict.fromkeys((name, *equal.get(name, ()))) if other not in seen]
        seen.update(equals)
        yield from equals
        for other in equals:
            for kind in kinds.get(other, ()):
                if kind not in seen:
                    yield from others(kind, seen)

    return {
        name: Known(
            Way(name, adjacent=name in proper and len(name) > 1),
            tuple(Way(other, adjacent=len(other) > 1) for other in others(name, set()) if other != name),
        )
        for name in list(equal)
    }


def _name(written: str) -> Name:
    if not (name := tuple(sequence(written))):
        raise ValueError(f"no name: {written!r}")
    return name
