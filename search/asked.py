"""From what a reader typed to an answer: read it, look, and where nothing is found look a little wider."""

from __future__ import annotations

import dataclasses
import time

from search.documents import Completion, Hits, Query
from search.folding import fold
from search.language import MAX_LENGTH, read
from search.snapshot import Snapshot
from search.tree import All, Node
from search.wanted import wanted
from search.widening import widenings

FEW = 3
"""Where no more are found, another spelling that finds more is worth a line."""

FREQUENT = 200

TRIED = 3
"""Words that titles are looked up for."""

TITLES = 3
"""Titles among the suggestions at most."""


def answer(snapshot: Snapshot, query: Query) -> Hits:
    """The hits for what was typed; where no document at all has it, those for what may have been meant."""
    began = time.perf_counter()
    hits = _answer(snapshot, query)
    return dataclasses.replace(hits, took_ms=(time.perf_counter() - began) * 1000)


def _answer(snapshot: Snapshot, query: Query) -> Hits:
    reading = read(query.text)
    hits = dataclasses.replace(snapshot.search(query, reading.tree), notes=reading.notes)
    if query.exact or not query.text.strip() or hits.total > FEW:
        return hits
    having = snapshot.count(reading.tree)
    if having > FEW:
        return hits  # the filters leave little of it, not the words
    for wider in widenings(query.text[:MAX_LENGTH], snapshot.vocabulary, lambda word: _occurs(snapshot, word)):
        tree = read(wider.text).tree
        better = snapshot.count(tree) > having
        if better and having == 0 and wider.sure:
            found = snapshot.search(query, tree)
            if found.total:  # the filters may leave nothing of it
                return dataclasses.replace(found, notes=reading.notes, widened=wider)
        if better and wider.kind == "spelling":
            return dataclasses.replace(hits, suggestion=wider.text)
    return hits


def warm(snapshot: Snapshot) -> None:
    """Look everything up that is looked up most."""
    snapshot.vocabulary.correct("warmth")
    for word in snapshot.vocabulary.frequent(FREQUENT):
        snapshot.count(read(word).tree)


def completions(snapshot: Snapshot, typed: str, lang: str, limit: int) -> list[Completion]:
    """What may be meant by what has been typed so far, the titles last. The last word may be half a word."""
    found = snapshot.vocabulary.complete(typed, limit)
    head, _, last = typed.rstrip().rpartition(" ")
    if head and len(found) < limit and _occurs(snapshot, head):
        ends = snapshot.vocabulary.complete(last, limit - len(found), kinds=("word",))
        longer = [dataclasses.replace(end, text=f"{head} {end.text}") for end in ends]
        there = {fold(one.text).text for one in found}
        found += [one for one in longer if fold(one.text).text not in there]
    titles: dict[str, Completion] = {}
    likely = [typed, *(one.text for one in found if one.kind == "word")]
    for text in likely[:TRIED]:
        if tree := _in_titles(text):
            titles |= {title.key: title for title in snapshot.titles(tree, lang, TITLES)}
        if len(titles) >= TITLES:
            break
    few = list(titles.values())[: min(TITLES, max(limit - len(found), limit // 2))]
    return [*found[: limit - len(few)], *few]


def _occurs(snapshot: Snapshot, word: str) -> bool:
    return snapshot.count(All(tuple(wanted(word)))) > 0


def _in_titles(text: str) -> Node | None:
    words = wanted(text)
    return All(tuple(dataclasses.replace(word, field="title") for word in words)) if words else None
