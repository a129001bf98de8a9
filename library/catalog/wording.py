"""Codes of the catalogue as words, in the reader's language or in a given one."""

from __future__ import annotations

from .. import labels, web
from ..language import Voice, voice
from . import taxonomy


def tree() -> taxonomy.Taxonomy:
    """The taxonomies."""
    return web.recall("taxonomy", taxonomy.read)


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
    word = labels.LABELS.get(kind, {}).get(code)
    return said.gettext(word) if word else code
