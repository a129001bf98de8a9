"""A case as a search document, and the follower that keeps this machine's index up with the events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from search import Document, Index
from search.errors import IndexBroken, IndexMissing

from . import events, labels
from .catalog import queries, taxonomy
from .catalog.models import Case, Revision
from .db import Database
from .policy import VISITOR

FOLLOWER = "index"
LANGUAGES = ("zh", "en")
STOP = {"zh": "。", "en": "."}
BETWEEN = {"zh": "；", "en": "; "}
ENDS = tuple("。！？；：….!?;:")


def document(case: Case, revision: Revision, tree: taxonomy.Taxonomy) -> Document:
    """What everybody may know of a case, and nothing else: the index holds public text only."""
    seen = queries.document(VISITOR, case, revision)
    row = queries.row(case, seen, tree)
    lead = row["connections"]
    ranked = lead["value"] if row["scale"] not in ("planned", "total", "unknown") else None
    sectors = tree.with_ancestors(seen["sectors"])
    names = [row["organisation"]] if row["organisation"] else []
    names += [party["name"] for party in seen["parties"] if party["name"] not in names]
    return Document(
        key=str(case.code),
        text={
            "title": seen["title"],
            "summary": seen["summary"],
            "body": {lang: _body(seen, lang) for lang in LANGUAGES},
            "party": {lang: _join(_said(name, lang) for name in names) for lang in LANGUAGES},
            "sector": {lang: _join(_names(tree, sectors, lang)) for lang in LANGUAGES},
            "place": {lang: _place(seen["place"], lang) for lang in LANGUAGES},
            "term": {lang: _terms(seen, tree, lang) for lang in LANGUAGES},
        },
        facets={
            "direction": (row["direction"],),
            "sector": tuple(sectors),
            "technology": tuple(seen["technologies"]),
            "network": tuple(seen["networks"]),
            "country": (row["place"]["country"],) if row["place"]["country"] else (),
            "province": tuple(seen["place"]["provinces"]),
            "scale": (row["scale"],),
            "status": (seen["status"],),
            "year": (row["as_of"][:4] if row["as_of"] else "unknown",),
            "origin": (case.origin,),
            "has": tuple(_has(seen, row)),
        },
        numbers={"connections": ranked, "date": _date_number(row["as_of"])},
        rank_group=1 if case.demonstration else 0,
        boost=_boost(ranked, bool(lead["verified"]) if lead else False, row["as_of"]),
        names={
            "sector": tuple(_both(tree.sectors[code].title for code in sectors)),
            "organisation": tuple(_both(names)),
            "place": tuple(_places(seen["place"])),
            "word": tuple(dict.fromkeys(name for lang in LANGUAGES for name in _technical(seen, tree, lang))),
        },
        stored=row,
    )


def documents(session: Session, *, ids: list[int] | None = None) -> Iterator[Document]:
    """The documents of all public cases, or of those among `ids`."""
    tree = taxonomy.read(session)
    for case, revision in queries.current(session, VISITOR, ids=ids):
        yield document(case, revision, tree)


def rebuild(
    database: Database, index: Index, replica: str, *, now: dt.datetime, progress: Callable[[int], None]
) -> None:
    """Build the index anew beside the one being read, then switch."""
    with database.reading() as session:
        seq, mark = events.head(session)
        index.rebuild(documents(session), seq, mark, progress)
    with database.unit() as session:
        events.move_cursor(session, replica, FOLLOWER, seq, now=now)


def follow(database: Database, index: Index, replica: str, *, now: dt.datetime) -> int:
    """Bring the index up to the newest event; builds it when it is missing or broken. Returns events handled."""
    try:
        index.check()
    except (IndexMissing, IndexBroken):
        rebuild(database, index, replica, now=now, progress=lambda done: None)
        return 0
    with database.reading() as session:
        top, _ = events.head(session)
        position, mark = index.followed
        # The cursor lies in the database, beside the chain that it counts: it needs no mark.
        start = min(events.position(session, replica, FOLLOWER), position)
        batch = events.since(session, start) if start < top else []
        named = [event.subject.partition(":") for event in batch]
        ids = {int(number) for kind, _, number in named if kind == "case"}
        ids |= set(queries.owned(session, {int(number) for kind, _, number in named if kind == "organisation"}))
        # The taxonomy is in every document.
        anew = _strange(session, position, mark) or any(event.subject.startswith("taxonomy:") for event in batch)
        changes = [] if anew else _changes(session, sorted(ids))
    if anew:
        rebuild(database, index, replica, now=now, progress=lambda done: None)
        return 0
    if batch:
        last = batch[-1]
        index.apply(changes, last.seq, last.hash)  # also without changes: the index notes how far it has come
        with database.unit() as session:
            events.move_cursor(session, replica, FOLLOWER, last.seq, now=now)
    return len(batch)


def _strange(session: Session, position: int, mark: str) -> bool:
    """Has the index followed another chain? A restored backup may by now have come to the same number again."""
    known = session.scalar(select(events.Event.hash).where(events.Event.seq == position))
    return (known or events.START) != mark


def _changes(session: Session, ids: list[int]) -> list[tuple[str, Document | None]]:
    if not ids:
        return []
    found = {one.key: one for one in documents(session, ids=ids)}
    return [(code, found.get(code)) for code in queries.codes(session, ids)]


def _has(seen: dict[str, Any], row: dict[str, Any]) -> Iterator[str]:
    """What can be asked for by `has:`."""
    lead = row["connections"]
    holds = {
        "connections": lead,
        "date": row["as_of"],
        "place": any(seen["place"]["text"].values()) or seen["place"]["provinces"],
        "english": seen["title"].get("en"),
        "attachments": seen["attachments"],
        "sources": seen["sources"],
        "verified": lead and lead["verified"],
    }
    return (code for code, there in holds.items() if there)


def _boost(connections: int | None, verified: bool, as_of: str | None) -> float:
    """Between 1 and 1.33: what is large, checked and recent comes before its like, and before nothing else.

    A tenfold of connections counts 1 %, 2 % when verified; a year 1 %, from 2015 on.
    """
    scale = min(len(str(connections)) - 1, 9) * (0.02 if verified else 0.01) if connections else 0.0
    recent = min(max(int(as_of[:4]) - 2015, 0), 15) * 0.01 if as_of else 0.0
    return 1 + scale + recent


def _both(texts: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The names in each language, none twice."""
    return iter(dict.fromkeys(name for text in texts for name in text.values() if name))


def _places(place: dict[str, Any]) -> Iterator[str]:
    for lang in LANGUAGES:
        yield from (labels.province(code, lang) for code in place["provinces"])
        if place.get("country"):
            yield labels.country(place["country"], lang)


def _names(tree: taxonomy.Taxonomy, sectors: list[str], lang: str) -> Iterator[str]:
    """What people call these sectors: the title and the other names of each."""
    for code in sectors:
        yield tree.sectors[code].title[lang]
        yield from tree.sectors[code].synonyms.get(lang, ())


def _said(text: dict[str, str], lang: str) -> str:
    return text.get(lang) or text.get("zh" if lang == "en" else "en", "")


def _join(parts: Any) -> str:
    return " · ".join(part for part in parts if part)


def _body(seen: dict[str, Any], lang: str) -> str:
    """The story; a language that a passage lacks contributes nothing rather than the other one twice.

    A hit shows a piece of it in one line, so every passage ends with a sign that sets it off from the next.
    """
    parts = [section["text"] for section in seen["sections"]]
    parts += [item["text"] for name in ("outcomes", "timeline") for item in seen[name]]
    passages = [part[lang] for part in parts if part.get(lang)]
    passages.append(BETWEEN[lang].join(seen["standards"]))
    return "\n".join(_ended(passage, lang) for passage in passages if passage)


def _ended(passage: str, lang: str) -> str:
    return passage if passage.endswith(ENDS) else passage + STOP[lang]


def _place(place: dict[str, Any], lang: str) -> str:
    names = [_said(place["text"], lang)]
    names += [labels.province(code, lang) for code in place["provinces"]]
    if place.get("country"):
        names.append(labels.country(place["country"], lang))
    return _join(names)


def _terms(seen: dict[str, Any], tree: taxonomy.Taxonomy, lang: str) -> str:
    names = [seen["code"], *_technical(seen, tree, lang)]
    if text := seen.get("network_text"):
        names.append(_said(text, lang))
    return _join(names)


def _technical(seen: dict[str, Any], tree: taxonomy.Taxonomy, lang: str) -> list[str]:
    """The names of networks and key technologies."""
    names = [labels.NETWORKS[code] for code in seen["networks"]]
    return names + [tree.technologies[code].title[lang] for code in seen["technologies"]]


def _date_number(as_of: str | None) -> int | None:
    return int(as_of.replace("-", "").ljust(8, "0")) if as_of else None
