"""Numbers, dates and bilingual text as a page writes them.

Pure functions. They know neither the web nor the database; the language is an argument, and so is `_`, the
plain gettext of the reader, where a word is needed. `ladder` and `charts` measure the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date
from markupsafe import Markup

from .workdays import ZONE

NARROW = "\N{NARROW NO-BREAK SPACE}"
TAGS = {"en": "en", "zh": "zh-CN"}
UNITS = {"en": ((10**9, "bn"), (10**6, "M"), (10**3, "k")), "zh": ((10**8, "亿"), (10**4, "万"))}
STOPS = {
    "en": {"list": ", ", "names": "; ", "clause": ", ", "part": "; ", "end": "."},
    "zh": {"list": "、", "names": "；", "clause": "，", "part": "；", "end": "。"},
}
DATES = {
    ("en", 3, False): "d MMM y", ("en", 2, False): "MMM y", ("en", 1, False): "y",
    ("en", 3, True): "d MMMM y", ("en", 2, True): "MMMM y", ("en", 1, True): "y",
    ("zh", 3, False): "y年M月d日", ("zh", 2, False): "y年M月", ("zh", 1, False): "y年",
    ("zh", 3, True): "y年M月d日", ("zh", 2, True): "y年M月", ("zh", 1, True): "y年",
}  # fmt: skip

Gettext = Callable[..., str]


# Text in two languages ------------------------------------------------------------------------------------


def pick(text: Mapping[str, str] | None, lang: str) -> str:
    """The text in the reader's language, or in the other one rather than nothing."""
    if not text:
        return ""
    return text.get(lang) or text.get(other(lang)) or ""


def fallen(text: Mapping[str, str] | None, lang: str) -> bool:
    """Does `pick` have to answer in the other language?"""
    return bool(text) and not text.get(lang) and bool(text.get(other(lang)))  # type: ignore[union-attr]


def tongue(text: Mapping[str, str] | None, lang: str) -> Markup:
    """The lang attribute that `pick`'s answer needs inside a page in `lang`; empty when it needs none."""
    return Markup(f' lang="{TAGS[other(lang)]}"') if fallen(text, lang) else Markup()


def other(lang: str) -> str:
    return "en" if lang == "zh" else "zh"


def stop(kind: str, lang: str) -> str:
    """The mark between two things: of a list, names that may hold commas, clauses, parts of a sentence."""
    return STOPS[lang][kind]


def joined(words: Iterable[str], lang: str, *, kind: str = "list") -> str:
    """The words in one line; empty ones are left out."""
    return stop(kind, lang).join(word for word in words if word)


def names(parties: Iterable[Mapping[str, Any]], lang: str) -> str:
    """The names of the parties of a case in one line."""
    return joined((pick(party["name"], lang) for party in parties), lang, kind="names")


def lang_key(field: str, lang: str) -> str:
    """The key of a field's highlight in the reader's language."""
    return f"{field}.{lang}"


@cache
def language(code: str, lang: str) -> str:
    """The name of a language ("Spanish", 西班牙语) or its code when nobody knows it."""
    return Locale.parse(lang).languages.get(code, code)


# Numbers --------------------------------------------------------------------------------------------------


def grouped(value: float) -> str:
    """800 000, grouped by narrow no-break spaces."""
    return f"{value:,}".replace(",", NARROW)


@lru_cache(maxsize=4096)
def compact(value: int, lang: str, *, digits: int = 3) -> str:
    """800 k, 2.88 bn, 80 万. Rounded down: it must not claim a rung that the count has not reached.

    Babel's own compact form rounds 999 950 up to 100 万, and writes 2.9B.
    """
    for unit, name in UNITS[lang]:
        if value >= unit:
            whole = len(str(value // unit))
            places = max(0, digits - whole)
            cut = value * 10**places // unit
            text = f"{cut / 10**places:,.{places}f}" if places else f"{cut:,}"
            if places:
                text = text.rstrip("0").rstrip(".")
            return text.replace(",", NARROW) + NARROW + name
    return grouped(value)


def size(count: int) -> str:
    """A file's size in bytes as people say it: 640 B, 12 kB, 3.4 MB."""
    for unit, name in ((10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f}".removesuffix(".0") + NARROW + name
    return f"{count}{NARROW}B"


def exact(value: int, lang: str) -> str:
    """The number in a sentence, without loss: 800 000; in Chinese 80 万 where that says the same."""
    if lang == "zh":
        for unit, _name in UNITS["zh"]:
            if value >= unit and value % (unit // 100) == 0:
                return compact(value, "zh", digits=len(str(value // unit)) + 2)
    return grouped(value)


def bounded(number: str, bound: str | None, _: Gettext) -> str:
    """The number with the sign for about or more than, as its source puts it."""
    if bound == "about":
        return _("≈ %(number)s", number=number)
    if bound == "lower":
        return _("over %(number)s", number=number)
    if bound == "upper":
        return _("nearly %(number)s", number=number)
    return number


# Dates ----------------------------------------------------------------------------------------------------


def day(when: str | date | None, lang: str, *, long: bool = False) -> str:
    """A date as exact as it is known: 2025-08 is Aug 2025, long August 2025, in Chinese 2025年8月."""
    if when is None:
        return ""
    if isinstance(when, datetime):
        when = (when.astimezone(ZONE) if when.tzinfo else when).date()
    return _written(when if isinstance(when, str) else when.isoformat(), lang, long)


@lru_cache(maxsize=4096)
def _written(when: str, lang: str, long: bool) -> str:
    parts = [int(part) for part in when.split("-")]
    first = date(*[*parts, 1, 1][:3])
    return format_date(first, DATES[lang, len(parts), long], locale=lang)


def moment(when: datetime, lang: str) -> str:
    """A point in time to the minute, Asia/Shanghai."""
    return f"{day(when, lang, long=True)} {when.astimezone(ZONE):%H:%M}"


def deadline(when: str | None, lang: str, _: Gettext) -> str:
    """By when something is planned: December means the end of that year."""
    if when and when[4:] in ("-12", "-12-31"):
        return _("end of %(year)s", year=when[:4])
    return day(when, lang, long=True)
