"""The fields of every schema: text as people type it, dates of which a part is known, pairs in two languages."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

# Digits are 0 to 9 here: \d alone means those of every script, full-width ones too.
PARTIAL_DATE = re.compile(r"(1[89]|20|21)\d\d(-(0[1-9]|1[0-2])(-\d{2})?)?", re.ASCII)


def plain(text: str) -> None:
    """No control characters but line breaks and tabs; no halves of characters, which UTF-8 cannot spell."""
    if any(ord(char) < 32 and char not in "\n\t\r" for char in text):
        raise ValidationError("Contains a control character.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValidationError("Contains half a character.")


def partial_date(text: str) -> None:
    if not PARTIAL_DATE.fullmatch(text) or (len(text) == 10 and not _in_the_calendar(text)):
        raise ValidationError("Not a date from 1800 to 2199: write YYYY, YYYY-MM or YYYY-MM-DD.")


def _in_the_calendar(text: str) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


class Words(fields.String):
    """Text a person typed: stripped, of a stated length, without control characters."""

    def __init__(self, limit: int, **kwargs: Any) -> None:
        super().__init__(validate=[validate.Length(1, limit), plain], **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, *args, **kwargs).strip()


def date(**kwargs: Any) -> fields.String:
    return fields.String(validate=partial_date, **kwargs)


def choice(*choices: str, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), **kwargs)


@cache
def bilingual(limit: int, *, english: bool = False) -> type[Schema]:
    """Chinese is required at submission, English where `english`."""
    return Schema.from_dict(
        {"en": Words(limit, required=english), "zh": Words(limit, required=True)},
        name=f"{'Both' if english else ''}Text{limit}",
    )


def text(limit: int, **kwargs: Any) -> fields.Nested:
    return fields.Nested(bilingual(limit), **kwargs)
