"""Words that no expert of a blind call may read: found however they are spelt, and replaced by a mark. Pure.

A word is found in either case and width, in traditional and simplified characters, with spaces and signs inside it
or without; the longest words go first. As it is listed, or in one piece, it is hidden wherever it stands, also
inside another word. Spelt with other spaces and signs it is hidden where it begins and ends with words, so that
"IoT Co" takes nothing from "IoT, company".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, fields

from search.folding import fold

from ..catalog.schemas import CaseDocument, as_seen
from ..fields import Words

MARKS: Mapping[str, str] = {"zh": "〔…〕", "en": "[withheld]"}
LEAST = 2  # characters of a word: one alone would hide half of the text
READERS = frozenset({"public", "investor", "reviewer"})
# What leads to the public page, or names its place: an expert of a blind call gets none of it.
LEFT_OUT = ("code", "origin", "contact", "masks", "attachments")
PRODUCT = re.compile(r"\b[A-Z][A-Za-z]*[-–]?[A-Z0-9][A-Za-z0-9-]*\b", re.ASCII)
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|cn|net|org|gov|edu|io|example)(?:\.cn)?\b", re.IGNORECASE | re.ASCII)
QUOTED = re.compile("[“「『《]([^“”「」『』《》\\s]{2,20})[”」』》]")
SUFFIX = re.compile(r"(股份|集团)?(有限)?(责任)?公司$|,? *(Co\.?|Corp\.?|Ltd\.?|Inc\.?|Group|Company)\b.*$")

SIGNS = "-–—_·.,，。、/"

Span = tuple[int, int]


class Masks:
    """A list of words, ready to be looked for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._spelt: dict[str, set[str]] = {}
        for word in words:
            letters, starts, ends = _letters(word)
            if len(letters) >= LEAST:
                self._spelt.setdefault(letters, set()).add(fold(word[starts[0] : ends[-1]]).text)
        self._words = sorted(self._spelt, key=lambda each: (-len(each), each))

    def spans(self, text: str) -> list[Span]:
        """Where words of the list stand in a text; those that touch or overlap are one."""
        if not self._words or not text:
            return []
        letters, starts, ends = _letters(text)
        found: list[Span] = []
        for word in self._words:
            at = letters.find(word)
            while at >= 0:
                span = starts[at], ends[at + len(word) - 1]
                as_listed = fold(text[slice(*span)]).text in self._spelt[word]
                if as_listed or _in_one_piece(text, span) or _between_words(text, span):
                    found.append(span)
                at = letters.find(word, at + 1)
        return _merged(sorted(found))

    def hide(self, text: str, lang: str = "zh") -> str:
        """The text with a mark in place of every word of the list."""
        mark, last, parts = MARKS.get(lang, MARKS["zh"]), 0, list[str]()
        for start, end in self.spans(text):
            parts += [text[last:start], mark]
            last = end
        return "".join([*parts, text[last:]])

    def pieces(self, text: str) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is hidden: for whoever checks the list."""
        last, parts = 0, list[tuple[str, bool]]()
        for start, end in self.spans(text):
            parts += [(text[last:start], False), (text[start:end], True)]
            last = end
        return [part for part in (*parts, (text[last:], False)) if part[0]]

    def found_in(self, text: str) -> list[str]:
        """The words as they stand in a text, each once."""
        return list(dict.fromkeys(text[start:end] for start, end in self.spans(text)))


def _letters(text: str) -> tuple[str, list[int], list[int]]:
    """Letters and digits alone, folded; for each where it began and ended in the text."""
    folded = fold(text)
    kept = [place for place, char in enumerate(folded.text) if char.isalnum()]
    spans = [folded.span(place, place + 1) for place in kept]
    return "".join(folded.text[place] for place in kept), [a for a, _ in spans], [b for _, b in spans]


def _in_one_piece(text: str, span: Span) -> bool:
    return not any(char.isspace() or char in SIGNS for char in text[slice(*span)])


def _between_words(text: str, span: Span) -> bool:
    """Does no Latin word or number go on before or after it?"""
    start, end = span
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_joined(before, text[start]) or _joined(text[end - 1], after))


def _joined(one: str, other: str) -> bool:
    latin = [bool(char) and char.isalnum() and char < "\u2e80" for char in (one, other)]
    return all(latin)


def _merged(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


# Documents


def blind(document: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    """What an expert of a blind call reads of a case: every text masked, parties by their role alone, the place by
    its country, sources without their addresses, no number, no contact, no file."""
    seen = as_seen(document, READERS)
    shown = {name: value for name, value in seen.items() if name not in LEFT_OUT}
    found: dict[str, Any] = _hidden(CaseDocument(), shown, masks)
    place = found.get("place") or {}
    found["place"] = {"country": place.get("country"), "provinces": [], "text": dict(MARKS)}
    nobody = dict.fromkeys(MARKS, MARKS["zh"])
    found["parties"] = [{"role": party["role"], "name": nobody} for party in found.get("parties", ())]
    found["sources"] = [
        {name: value for name, value in source.items() if name != "url"} | {"link": False}
        for source in found.get("sources", ())
    ]
    return found


def readable(document: Mapping[str, Any]) -> dict[str, Any]:
    """What an expert of an open call reads."""
    return as_seen(document, READERS)


def _hidden(shape: Any, value: Any, masks: Masks, lang: str = "zh") -> Any:
    """Whatever people typed, masked; codes, dates and numbers as they are. By the schema, so that a new field of
    words is masked from its first day."""
    if isinstance(shape, Schema):
        if not isinstance(value, Mapping):
            return value
        known = {field.data_key or name: field for name, field in shape.fields.items()}
        return {
            name: _hidden(known[name], inner, masks, name if name in MARKS else lang)
            for name, inner in value.items()
            if name in known
        }
    if isinstance(shape, fields.Nested):
        return _hidden(shape.schema, value, masks, lang)
    if isinstance(shape, fields.List):
        return [_hidden(shape.inner, each, masks, lang) for each in value]
    if isinstance(shape, Words) and isinstance(value, str):
        return masks.hide(value, lang)
    return value


def texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text that people typed into a case and that an expert would read, with its language."""
    yield from _texts(CaseDocument(), {k: v for k, v in as_seen(document, READERS).items() if k not in LEFT_OUT})


def _texts(shape: Any, value: Any, lang: str = "zh") -> Iterator[tuple[str, str]]:
    if isinstance(shape, Schema) and isinstance(value, Mapping):
        for name, field in shape.fields.items():
            inner = value.get(field.data_key or name)
            if inner is not None:
                yield from _texts(field, inner, name if name in MARKS else lang)
    elif isinstance(shape, fields.Nested):
        yield from _texts(shape.schema, value, lang)
    elif isinstance(shape, fields.List):
        for each in value:
            yield from _texts(shape.inner, each, lang)
    elif isinstance(shape, Words) and isinstance(value, str):
        yield value, lang


# Proposals


def proposed(document: Mapping[str, Any], names: Iterable[str | None]) -> list[str]:
    """What an officer should think of besides the declared words: `names` of the organisation and of people,
    parties, the place, addresses of sources, what is quoted or written like a product. Each once."""
    found: list[str] = []
    for name in names:
        found += _with_short(name)
    for party in document.get("parties", ()):
        for name in party["name"].values():
            found += _with_short(name)
    place = document.get("place") or {}
    for lang, said in (place.get("text") or {}).items():
        found += re.split(r"[、，；;/]\s*" if lang == "zh" else r"\s*[,;/]\s*", said)
    contact = document.get("contact") or {}
    found += [contact[name] for name in ("name", "email", "phone") if contact.get(name)]
    for source in document.get("sources", ()):
        found += [source["publisher"]] if source.get("publisher") else []
        found += [urlsplit(source["url"]).hostname or ""] if source.get("url") else []
    for said, _ in texts(document):
        found += HOST.findall(said) + QUOTED.findall(said) + PRODUCT.findall(said)
    known = {_letters(word)[0] for word in COMMON}
    once: dict[str, str] = {}
    for word in (each.strip() for each in found):
        letters = _letters(word)[0]
        if len(letters) >= LEAST and letters not in known:
            once.setdefault(letters, word)
    return list(once.values())


# Written like products, and said by everybody.
COMMON = (
    *(
        "NB-IoT",
        "LTE",
        "LTE-M",
        "Cat1",
        "LTE-Cat1",
        "Cat.1",
        "RedCap",
        "5G",
        "4G",
        "3G",
        "2G",
        "IoT",
        "AIoT",
        "eMTC",
    ),
    *(
        "MQTT",
        "CoAP",
        "LoRa",
        "LoRaWAN",
        "GPS",
        "SIM",
        "eSIM",
        "PDF",
        "API",
        "APP",
        "AI",
        "CPU",
        "MCU",
        "IP68",
        "RFID",
    ),
    *("RSRP", "SINR", "TCP", "UDP", "HTTP", "HTTPS", "TLS", "SCADA", "PLC", "CNY", "RMB", "NPRACH", "PSM", "eDRX"),
)


def _with_short(name: str | None) -> list[str]:
    """A name, and what is left of it without its legal form."""
    short = SUFFIX.sub("", name or "").strip()
    return [each for each in (name, short) if each]
