"""Lists: what is asked for, and where a page of one stands among its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from .errors import Invalid, Missing, Text


def pages(page: int, total: int, per_page: int, address: Callable[[int], str]) -> dict[str, Any]:
    """Where a page stands among its neighbours, as the pager draws it. Raises Missing past the end."""
    last = max(1, -(-total // per_page))
    if page > last:
        place = {"page": page, "last": last}
        raise Missing(Text("There is no page %(page)s; the last one is %(last)s.", place))
    return {
        "page": page,
        "pages": last,
        "prev": address(page - 1) if page > 1 else None,
        "next": address(page + 1) if page < last else None,
    }


def number(said: str | int) -> int:
    """The number of a row as somebody says it; 0, which no row has, when it can be none."""
    said = str(said)
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


def asked(schema: Schema, given: Mapping[str, str]) -> dict[str, Any]:
    """The words of an address or a filter as the schema reads them; blanks count for nothing. Raises Invalid."""
    said = {name: value.strip() for name, value in given.items() if value.strip()}
    try:
        return dict(schema.load(said))
    except ValidationError as error:
        raise Invalid(Text("This page could not be shown."), fields=error.normalized_messages()) from error
