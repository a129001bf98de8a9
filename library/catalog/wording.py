"""Codes of the catalogue as words, in the reader's language or in a given one; what was wrong with a search;
what is kept back from who asks."""

from __future__ import annotations

from collections.abc import Iterable

from flask import g

from search.grammar import Note

from .. import labels, web
from ..errors import Text
from ..labels import N_
from ..language import Voice, voice
from . import hints, queries, taxonomy

NOTES = {
    "too_long": N_("Only the first %(text)s characters were read."),
    "too_many": N_("Only the first %(text)s words and conditions were searched for."),
    "too_deep": N_("Parentheses may stand %(text)s deep; those further in were ignored."),
    "unbalanced_quote": N_("A quotation mark has no partner and was ignored."),
    "unbalanced_parenthesis": N_("A parenthesis has no partner and was closed or ignored."),
    "dangling": N_("“%(text)s” has nothing to join or to exclude here and was ignored."),
    "unknown_field": N_("There is no field “%(text)s”; what you wrote was searched for as words."),
    "empty_field": N_("“%(text)s” was ignored: nothing that can be searched for follows the field."),
    "unknown_value": N_("“%(text)s” was ignored: the field has no such value."),
    "unknown_has": N_(
        "“%(text)s” was ignored: has: is followed by connections, date, place, english, attachments, sources or"
        " verified."
    ),
    "bad_number": N_("“%(text)s” was ignored: numbers are written 1000000, 1.2m or 10k..1m."),
    "bad_date": N_("“%(text)s” was ignored: dates are written 2024, 2024-03, 2024-03-15 or 2023..2024."),
    "range_swapped": N_("“%(text)s” runs backwards and was turned round."),
    "star": N_(
        "In “%(text)s” the * was ignored: it stands at the end of a word, after two letters or one Chinese"
        " character at least."
    ),
}


def noted(notes: Iterable[Note]) -> list[Text]:
    """What could not be read of a search, as sentences."""
    return [Text(NOTES[code], {"text": text}) for code, text in notes]


def tree() -> taxonomy.Taxonomy:
    """The taxonomies."""
    return web.recall("taxonomy", taxonomy.read)


def kept_back() -> frozenset[str]:
    """The numbers of the cases that are kept back from who asks, looked up once a request."""
    if "kept_back" not in g:
        g.kept_back = queries.kept_back(web.session(), web.actor())
    found: frozenset[str] = g.kept_back
    return found


def label(kind: str, code: str) -> str:
    """The word for a code in the reader's language."""
    return label_in(voice(web.language()), kind, code)


def label_in(said: Voice, kind: str, code: str) -> str:
    """The word for a code; a code nobody knows stands for itself."""
    if kind in ("sector", "direction", "technology"):
        nodes = tree().technologies if kind == "technology" else tree().sectors
        return nodes[code].title[said.lang] if code in nodes else code
    if kind == "country":
        return labels.country(code, said.lang)
    if kind == "province":
        return labels.province(code, said.lang) if code in labels.PROVINCES else code
    word = labels.LABELS.get(kind, {}).get(code) or hints.LABELS.get(kind, {}).get(code)
    if kind == "hint" and not word:
        return ""
    return said.gettext(word) if word else code


def field_name(path: tuple[str, ...]) -> str:
    """A place in a document in words: its field, the number of the item, and what of it."""
    names = [step for step in path if not step.isdecimal() and step not in ("zh", "en")]
    whole = ".".join(names)
    last = whole if whole in labels.LABELS["part"] else names[-1]
    number = next((step for step in path if step.isdecimal()), "")
    words = [f"{label('part', names[0])} {number}".strip()]
    return " / ".join(words + ([label("part", last)] if len(names) > 1 else []))
