"""Numbers as people write them → one term: 120万, 1.2 million, 1.2M and 1,200,000 are all 1200000.

With a unit they make one term more (2.4 GHz and 2.4吉赫 are 2.4ghz), so that 50 km is not any 50 beside any
km. All of it reads folded text.
"""

import re
from typing import NamedTuple

from search.folding import HAN

_LETTER = rf"[^\W_{HAN}]"

_ZEROS = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "bn": 9, "billion": 9, "trillion": 12}
_ZEROS_ZH = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}

_UNITS = {
    "%": ("percent", "per cent", "pct"),
    "hz": ("赫兹",),
    "khz": ("千赫兹", "千赫"),
    "mhz": ("兆赫兹", "兆赫"),
    "ghz": ("吉赫兹", "吉赫"),
    "kbps": ("kbit/s", "kb/s"),
    "mbps": ("mbit/s", "mb/s"),
    "gbps": ("gbit/s", "gb/s"),
    "kb": (),
    "mb": (),
    "gb": (),
    "tb": (),
    "ms": ("毫秒", "milliseconds", "millisecond"),
    "sec": ("秒钟", "seconds", "second"),
    "min": ("分钟", "minutes", "minute"),
    "h": ("小时", "hours", "hour"),
    "months": ("个月", "month"),
    "mm": ("毫米",),
    "cm": ("厘米",),
    "km": ("公里", "千米", "kilometres", "kilometre", "kilometers", "kilometer"),
    "m2": ("平方米", "square metres", "square meters"),
    "km2": ("平方公里", "平方千米", "square kilometres", "square kilometers"),
    "m3": ("立方米", "cubic metres", "cubic meters"),
    "kg": ("公斤", "千克", "kilograms", "kilogram"),
    "w": (),
    "kw": ("千瓦", "kilowatts"),
    "mw": ("兆瓦", "megawatts"),
    "gw": ("吉瓦", "gigawatts"),
    "kwh": ("千瓦时", "kilowatt-hours"),
    "mwh": ("兆瓦时", "megawatt-hours"),
    "v": (),
    "mah": ("毫安时",),
    "db": ("分贝",),
    "dbm": (),
    "°c": ("摄氏度",),
}
"""A unit's term and its other spellings. Without g (5G is a network) and m (1.2m is 1.2 million)."""

_UNIT_OF = {spelling: unit for unit, others in _UNITS.items() for spelling in (unit, *others)}

GROUPED = r"(?:[0-9]{1,3}(?:[,\u00a0\u2009\u202f][0-9]{3})+|[1-9][0-9]{0,2}(?:[ ][0-9]{3})*[ ]000)(?![0-9])"
"""1,200,000. Plain spaces divide two numbers as often as they group one, so they count before 000 only."""

# Figures longer than this count nothing: they are read as any other word.
_FIGURES = rf"(?:{GROUPED}|[0-9]{{1,15}})(?:\.[0-9]{{1,15}})?(?![0-9]|[.,][0-9])"
_SCALE = rf"""
    [-\s]?(?:thousand|million|billion|trillion)s?(?!{_LETTER})
    | \s?(?:mn|bn|m|(?<=[0-9]{{2}})k)(?![/&]|{_LETTER})
    | \s?[余多]?(?:[十百千]?万亿?|[十百千]?亿)[余多]?
"""
_UNIT = "|".join(
    re.escape(spelling) + (rf"(?!{_LETTER})" if re.search("[a-z0-9]$", spelling) else "")
    for spelling in sorted(_UNIT_OF, key=len, reverse=True)
)

QUANTITY = rf"""
    (?<!{_LETTER})(?<![0-9][.,]){_FIGURES} (?: (?:{_SCALE})(?:[-\s]?(?:{_UNIT}))? | [-\s]?(?:{_UNIT}) )
"""
"""A number with a scale, a unit or both, for a verbose expression. Digits alone are read with the other words."""

NUMERAL = r"[一二两三四五六七八九十百千][零〇一二两三四五六七八九十百千]{0,7}(?:万亿|[万亿])|[万亿]亿?(?=级)"
"""A number in characters, 三千万, or an order of magnitude, 万级. Small ones are words: 一, 十分."""

_QUANTITY = re.compile(rf"(?P<figures>{_FIGURES}) (?P<scale>{_SCALE})? [-\s]? (?P<unit>{_UNIT})?", re.VERBOSE)


class Quantity(NamedTuple):
    value: str
    """In digits: 1200000."""
    said: tuple[str, ...]
    """As it was written, to be found by as well: 1.2, million."""
    unit: str
    end: int
    """Where the number ends and its unit begins."""


def quantity(written: str) -> Quantity:
    """What QUANTITY has found."""
    found = _QUANTITY.fullmatch(written)
    assert found  # made of the same pieces
    figures = re.sub(r"[^0-9.]", "", found["figures"])
    scale = (found["scale"] or "").strip(" -余多").removesuffix("s")
    zeros = _ZEROS.get(scale) or sum(_ZEROS_ZH[char] for char in scale)
    said = (figures, scale) if scale.isascii() and len(scale) > 2 else (figures,)
    unit = _UNIT_OF.get(found["unit"] or "", "")
    return Quantity(_shifted(figures, zeros), said, unit, found.end("scale" if scale else "figures"))


def _shifted(figures: str, zeros: int) -> str:
    whole, _, fraction = figures.partition(".")
    digits = whole + fraction[:zeros].ljust(zeros, "0")
    rest = fraction[zeros:].rstrip("0")
    return (digits.lstrip("0") or "0") + (f".{rest}" if rest else "")


def numeral(written: str) -> str:
    """The digits of what NUMERAL has found; none when it is no number (百千万, 一二万)."""
    small = written.rstrip("万亿")
    zeros = sum(_ZEROS_ZH[char] for char in written[len(small) :])
    total, digit, last = 0, 0, 10_000
    for char in small:
        worth = 10 ** _ZEROS_ZH.get(char, 0)
        if worth >= last or (worth == 1 and digit):
            return ""
        if worth == 1:
            digit = _DIGITS[char]
        else:
            total, digit, last = total + (digit or 1) * worth, 0, worth
    return str(total + digit if small else 1) + "0" * zeros
