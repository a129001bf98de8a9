"""The fields of every schema: text as people type it, dates of which a part is known, pairs in two languages."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from .labels import N_

# Digits are 0 to 9 here: \d alone means those of every script, full-width ones too.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# What `sections.refuse` lets through, said in JSON Schema: a draft keeps wrong values, but not everything.
NO_CONTROL_CHARACTERS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
HALF = re.compile("[\ud800-\udfff]")
PARTIAL_DATE = re.compile(r"(1[89]|20|21)\d\d(-(0[1-9]|1[0-2])(-\d{2})?)?", re.ASCII)

# Scripts that are written in one word with each other and with Latin.
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
UNSEEN = frozenset({"Cf", "Zl", "Zp"})  # marks of direction, zero-width joiners, line separators


def plain(text: str) -> None:
    """No control characters but line breaks and tabs; no halves of characters, which UTF-8 cannot spell."""
    if CONTROL.search(text):
        raise ValidationError("Contains a control character.")
    if HALF.search(text):
        raise ValidationError("Contains half a character.")


def typed_line(most: int, **kwargs: Any) -> fields.String:
    """What is asked for in a line of a form; blank when nothing is."""
    return fields.String(load_default="", validate=[validate.Length(max=most), plain], **kwargs)


def one_script(text: str) -> None:
    """No letters of two scripts in one word, where one is taken for another's (Latin a, Cyrillic а), and none
    that cannot be seen. Chinese, Japanese and Korean are written together with Latin: 5G智慧工厂, 阿里巴巴A2."""
    for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text)):
        scripts = {_script(char) for char in word} - {"COMMON"}
        others = scripts - EAST_ASIAN
        if len(others) > 1 or (others - {"LATIN"} and scripts & EAST_ASIAN):
            raise ValidationError(N_("Mixes letters of different scripts in one word."))
    if any(unicodedata.category(char) in UNSEEN for char in text):
        raise ValidationError(N_("Contains a character that cannot be seen."))


def _script(char: str) -> str:
    """The script of a letter, by its name: LATIN SMALL LETTER A, CJK UNIFIED IDEOGRAPH-4E00."""
    return "COMMON" if unicodedata.category(char) == "Lm" else unicodedata.name(char, "UNKNOWN").split()[0]


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
        told = {"pattern": NO_CONTROL_CHARACTERS, **kwargs.pop("metadata", {})}
        super().__init__(validate=[validate.Length(1, limit), plain], metadata=told, **kwargs)

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
