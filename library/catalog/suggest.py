"""Completions of what a reader has begun to type, and where each leads: for programs and for the search box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from marshmallow import Schema, fields, validate

from search import Index
from search.documents import Completion
from search.errors import IndexBroken, IndexMissing

from ..errors import Text, Unavailable
from ..labels import N_
from .finding import MAX_QUERY

MAX_SUGGESTIONS = 20
LIMIT_RULE = N_("Between 1 and 20 suggestions may be asked for.")


class SuggestArgs(Schema):
    q = fields.String(
        load_default="",
        validate=validate.Length(max=MAX_QUERY, error=N_("A search may have 400 characters at most.")),
        metadata={
            "description": "The beginning of a word or name: Chinese, English, pinyin (shuibiao) or initials."
        },
    )
    limit = fields.Integer(
        load_default=8,
        validate=validate.Range(1, MAX_SUGGESTIONS, error=LIMIT_RULE),
        error_messages={"invalid": LIMIT_RULE},
    )
    lang = fields.String(metadata={"description": "zh or en: the language of the titles."})


class SuggestionShape(Schema):
    text = fields.String(required=True)
    kind = fields.String(
        required=True, metadata={"description": "title, sector, organisation, place, or word for any other."}
    )
    url = fields.String(
        required=True,
        metadata={"description": "An address of this site: of the case whose title it is, else of a search."},
    )


class SuggestedShape(Schema):
    items = fields.List(fields.Nested(SuggestionShape), required=True)


def completions(
    index: Index, args: dict[str, Any], lang: Literal["zh", "en"], *, without: frozenset[str]
) -> list[Completion]:
    """`without` what only those cases say. Raises Unavailable while the index is being built."""
    typed = args["q"].replace("\0", " ").strip()
    if not typed:
        return []
    try:
        return index.suggest(typed, lang, args["limit"], without=without)
    except (IndexMissing, IndexBroken) as error:
        raise Unavailable(
            Text("The search index is being built. The cases are safe; try again in a moment.")
        ) from error


def items(
    found: list[Completion], case: Callable[[str], str], search: Callable[[str], str]
) -> list[dict[str, str]]:
    """`case(code)` and `search(text)` give addresses."""
    return [
        {"text": one.text, "kind": one.kind, "url": case(one.key) if one.key else search(_asked(one))}
        for one in found
    ]


def _asked(one: Completion) -> str:
    """The search that finds it: an organisation by its name as it stands, not by the words of it."""
    return '"' + one.text.replace('"', " ") + '"' if one.kind == "organisation" else one.text
