"""The fields of the query language: what they are called, and what their values mean.

All names and values are looked up folded (`search.folding`): simplified characters, no capitals, narrow forms.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

TEXTS = ("title", "summary", "body", "party", "place", "term")
"""Fields in which words are looked for."""

FACETS = {
    "direction": "",
    "sector": "sector",
    "technology": "term",
    "network": "term",
    "country": "place",
    "province": "place",
    "scale": "",
    "status": "",
    "origin": "",
}
"""Fields with codes, and the text where the names of these codes stand, if any does."""

FIELDS = {
    **{name: name for name in (*TEXTS, *FACETS, "year", "connections", "date", "has")},
    **dict.fromkeys(("标题", "题目"), "title"),
    **dict.fromkeys(("摘要", "概要"), "summary"),
    **dict.fromkeys(("story", "正文"), "body"),
    **dict.fromkeys(("organisation", "organization", "org", "单位", "机构", "企业", "公司"), "party"),
    **dict.fromkeys(("location", "地点", "城市"), "place"),
    **dict.fromkeys(("code", "编号", "术语"), "term"),
    "方向": "direction",
    **dict.fromkeys(("行业", "领域"), "sector"),
    **dict.fromkeys(("tech", "技术"), "technology"),
    **dict.fromkeys(("网络", "制式"), "network"),
    "国家": "country",
    **dict.fromkeys(("省份", "省"), "province"),
    **dict.fromkeys(("规模", "量级"), "scale"),
    **dict.fromkeys(("年份", "年度"), "year"),
    "状态": "status",
    "来源": "origin",
    **dict.fromkeys(("连接数", "连接"), "connections"),
    **dict.fromkeys(("日期", "时间"), "date"),
    **dict.fromkeys(("有", "含"), "has"),
}
"""Every name of a field → the field."""

VALUES = {
    "direction": {
        **{"产业数字化": "industry", "治理智能化": "governance", "生活智慧化": "life"},
        **{"industrial digitalisation": "industry", "intelligent governance": "governance"},
        "intelligent life": "life",
    },
    "scale": {
        **{code: code for code in ("0", "10k", "100k", "1m", "10m", "100m", "planned", "total", "unknown")},
        **{"万级": "10k", "十万级": "100k", "百万级": "1m", "千万级": "10m", "亿级": "100m", "不足一万": "0"},
        **{"10 k": "10k", "100 k": "100k", "1 m": "1m", "10 m": "10m", "100 m": "100m", "below 10 k": "0"},
        **{"仅计划或签约": "planned", "运营商或城市总量": "total", "未披露": "unknown"},
        **{"planned or contracted only": "planned", "operator or city total": "total", "not reported": "unknown"},
    },
    "status": {
        **{code: code for code in ("pilot", "live", "ended", "unknown")},
        **{
            "试点": "pilot",
            "运行": "live",
            "运行中": "live",
            "结束": "ended",
            "已结束": "ended",
            "未说明": "unknown",
        },
        **{"in service": "live", "not stated": "unknown"},
    },
    "origin": {
        **{code: code for code in ("collected", "submitted", "demo")},
        **{"公开来源": "collected", "申报": "submitted", "单位申报": "submitted"},
        **{"示范": "demo", "演示": "demo", "示范数据": "demo"},
        **{"public sources": "collected", "demonstration": "demo"},
    },
    "has": {
        **{code: code for code in ("connections", "date", "place", "english")},
        **{code: code for code in ("attachments", "sources", "verified")},
        **{"连接数": "connections", "日期": "date", "地点": "place", "英文": "english"},
        **{"附件": "attachments", "来源": "sources", "核验": "verified"},
    },
}
"""Field → value as it may be written → code."""

CLOSED = frozenset(VALUES) - {"direction"}
"""Fields that have no other values than these; directions and sectors are data and may grow."""

MOST = 10**15
"""No count is larger; a larger number is asked for as this one."""

_UNITS = {
    **{"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9},
    **{"千": 3, "万": 4, "w": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8},
}
_NUMBER = re.compile(rf"([0-9][0-9,]*(?:\.[0-9]+)?)?({'|'.join(sorted(_UNITS, key=len, reverse=True))})?")
_DATE = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
_SIGNS = str.maketrans("年月", "--", "日")
_RANGE = re.compile(r"(.*?)(?:\.{2,}|~|至|到)(.*)")
_COMPARED = re.compile(r"(>=|=>|≥|<=|=<|≤|>|<|=|)\s*([^<>=≥≤]+)")

Span = tuple[int, int]
"""The first and the last number that a written value stands for: a year is all its days."""


def number(text: str) -> Span | None:
    """120万, 1.2m, 1,200,000: as a span of one."""
    found = _NUMBER.fullmatch("".join(text.split()))
    if not found:
        return None
    digits, unit = found.groups()
    if not digits and text.isascii():
        return None  # 百万 is a number, a bare "m" is not
    value = int(Decimal((digits or "1").replace(",", "")).scaleb(_UNITS[unit] if unit else 0))
    return (min(value, MOST),) * 2


def date(text: str) -> Span | None:
    """2024, 2024-03, 2024-03-15, 2024年3月15日: as YYYYMMDD.

    A record whose date is known to the month or the year has 00 for what is not known, so it lies in the span
    of its month or year and in that of no day.
    """
    found = _DATE.fullmatch(text.translate(_SIGNS).rstrip("-"))
    if not found:
        return None
    year, *rest = (int(part) for part in found.groups() if part)
    try:
        dt.date(year, *rest, *(1,) * (2 - len(rest)))
    except ValueError:
        return None
    first = year * 10_000 + sum(part * 100 ** (1 - place) for place, part in enumerate(rest))
    return first, first + (1231, 31, 0)[len(rest)]


def between(text: str, read: Callable[[str], Span | None]) -> tuple[int | None, int | None, bool] | None:
    """The bounds that a comparison, a range or a bare value sets, both included; and did the range run backwards?

    None where it makes no sense.
    """
    if ends := _RANGE.fullmatch(text):
        spans = [read(end) for end in ends.groups() if end]
        if not spans or None in spans:
            return None
        low, high = (read(end) for end in ends.groups())
        swapped = bool(low and high and low > high)
        if swapped:
            low, high = high, low
        return low[0] if low else None, high[1] if high else None, swapped
    compared = _COMPARED.fullmatch(text)
    span = read(compared[2]) if compared else None
    if not compared or not span:
        return None
    first, last = span
    match compared[1]:
        case ">":
            return last + 1, None, False
        case "<":
            return None, first - 1, False
        case ">=" | "=>" | "≥":
            return first, None, False
        case "<=" | "=<" | "≤":
            return None, last, False
        case _:
            return first, last, False


NUMBERS = {"connections": number, "date": date}
"""Fields of numbers, and how a value is read."""
