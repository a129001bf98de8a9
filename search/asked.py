"""From what a reader typed to an answer."""

from __future__ import annotations

from search.documents import Hits, Query
from search.snapshot import Snapshot
from search.tree import NOTHING, All
from search.wanted import wanted


def answer(snapshot: Snapshot, query: Query) -> Hits:
    words = wanted(query.text)
    # Signs alone are a search for something that no text holds, not for everything.
    tree = NOTHING if query.text.strip() and not words else All(tuple(words))
    return snapshot.search(query, tree)
