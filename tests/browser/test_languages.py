"""Both languages are complete, each text in a foreign one says so, and switching keeps where the reader is.

Which Latin words a Chinese page may hold is read from what was written for Chinese readers: the Chinese values of
the data, the Chinese sentences of the catalogue, and names that are the same in every language. An English word
that nobody wrote for a Chinese page is found, whether or not it went through gettext.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import live
import pytest
import scene
from babel.messages.pofile import read_po
from playwright.sync_api import Page as Tab

from library.labels import NETWORKS

pytestmark = pytest.mark.browser

HAN = re.compile(r"[\u3400-\u9fff]+")
LATIN = re.compile(r"[A-Za-zÀ-ÿ][0-9A-Za-zÀ-ÿ'’&.:/-]*(?: [A-Za-zÀ-ÿ][0-9A-Za-zÀ-ÿ'’&.:/-]*)*")
# Addresses, names of files and numbers of records are no words, nor is a placeholder of gettext.
CODES = re.compile(
    r"https?://\S+|\S+@[\w.-]+|[\w-]+\.(?:csv|txt|json|xml|pdf)|(?:MIOT-P|MIOT-\d+|DEMO)-\d+(?:-R\d+)?|(?:DEMO-)?CALL-\d+-\d+(?:-\w+)*|\bR-[0-9A-Z]{4}\b|%\(\w+\)s|#\w+"
)
NAMES = {"publisher", "standards"}  # keys of the data that have one wording for all languages
# Said with letters on every page or in the chapters about formats.
FORMATS = {"Asia/Shanghai", "UTC", "CSV", "JSON", "JSON Feed", "Atom", "OpenAPI"}
FORMATS |= {"CNY", "USD", "EUR", "Chromium", "English"}
# What an English page may say in Chinese: names, the other choice of language, a number as it may be typed.
SAME = re.compile("|".join((*scene.NAMES, "^中文$", "12万")))

# What a page says in its own language: the words on it, in its head, and those that only a voice speaks.
# Letters bear both languages; what stands in <code> belongs to programs. A title cannot say in which language its
# subject is called; the heading can.
OWN_WORDS = """() => {
    const title = document.title.replace(document.querySelector("h1").innerText, "");
    const others = "code, .code, kbd, pre, section:has(> .body > pre)";
    document.querySelectorAll(others).forEach(letter => letter.remove());
    const own = document.documentElement.lang;
    const spoken = ["aria-label", "title", "alt", "placeholder", "data-done"].flatMap(name =>
        [...document.querySelectorAll(`body [${name}]`)]
            .filter(one => one.closest("[lang]").lang === own)
            .map(one => one.getAttribute(name)));
    const described = document.querySelector("meta[name=description]").content;
    const named = [...document.querySelectorAll("svg title")].map(one => one.textContent);
    document.querySelectorAll("details").forEach(closed => closed.open = true);
    document.querySelectorAll(`body [lang]:not([lang=${own}])`).forEach(one => one.replaceChildren("\\n"));
    return [title, described, ...named, ...spoken, ...document.body.innerText.split("\\n")];
}"""


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Missing data for required field.", "Missing data for required field."),
        ("蜂窝M2M水表，NB-IoT，见 http://localhost:1/cases/MIOT-P-0034", ""),
        ("未披露 not reported", "not reported"),
    ],
)
def test_english_words_are_told_from_names(line: str, left: str) -> None:
    assert english(line) == left


def test_switching_keeps_page_and_filters_and_is_remembered(reader: live.Reader) -> None:
    tab = reader("en")
    tab.goto("/search?q=meters&network=nb-iot&direction=governance&sort=title")
    codes = case_links(tab)
    assert len(codes) > 2
    tab.click("text=中文")
    assert tab.get_attribute("html", "lang") == "zh-CN"
    asked = "q=meters&network=nb-iot&direction=governance&sort=title&lang=zh"
    assert tab.url.partition("?")[2] == asked
    assert tab.input_value("#q") == "meters"
    assert tab.inner_text(".chip >> nth=0").startswith("治理智能化")
    assert tab.inner_text(".chip >> nth=1").startswith("NB-IoT")
    assert sorted(case_links(tab)) == sorted(codes)
    tab.goto("/statistics")
    assert tab.get_attribute("html", "lang") == "zh-CN"
    tab.click("text=English")
    tab.goto("/statistics")
    assert tab.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize(("lang", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_the_browser_decides_until_the_reader_does(reader: live.Reader, lang: str, tag: str) -> None:
    tab = reader(lang)
    tab.goto("/about")
    assert tab.get_attribute("html", "lang") == tag


def foreign(tab: Tab, lang: str) -> list[str]:
    """What a page says in the other language without saying so. Takes the page apart: nothing can be asked of it
    afterwards."""
    left = english if lang == "zh" else chinese
    return [f"{words!r} in {line.strip()!r}" for line in tab.evaluate(OWN_WORDS) if (words := left(line))]


def english(words: str) -> str:
    """What is left of a line when everything is taken out that a Chinese page may say with Latin letters."""
    rest = allowed().sub(" ", CODES.sub(" ", words))
    return " ".join(run for run in LATIN.findall(rest) if len(run) > 1)


def chinese(words: str) -> str:
    return " ".join(HAN.findall(SAME.sub("", words)))


def case_links(tab: Tab) -> list[str]:
    return [str(link.get_attribute("href")) for link in tab.query_selector_all(".row h3 a")]


@cache
def allowed() -> re.Pattern[str]:
    phrases = FORMATS | set(NETWORKS.values()) | set(latin_of_catalogue()) | set(latin_of_data())
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z])")


def latin_of_catalogue() -> Iterator[str]:
    """From Chinese sentences only: one without any Chinese is untranslated until it proves to be a name."""
    file = live.ROOT / "library" / "translations" / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as lines:
        for message in read_po(lines, locale="zh_Hans_CN"):
            texts = (message.string,) if isinstance(message.string, str) else message.string or ()
            yield from (run for text in texts if HAN.search(text) for run in latin(text))


def latin_of_data() -> Iterator[str]:
    for file in live.ROOT.glob("seed_cases/**/*.json"):
        # An invented publisher has no name of its own that could excuse English.
        names = NAMES - {"publisher"} if file.parent.name == "demo" else NAMES
        yield from latin_of(json.loads(file.read_text(encoding="utf-8")), names)


def latin_of(value: Any, names: set[str], key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from latin_of(inner, names, name)
    elif isinstance(value, list):
        for inner in value:
            yield from latin_of(inner, names, key)
    elif isinstance(value, str) and key in names:
        yield value
    elif isinstance(value, str) and key == "zh":
        yield from latin(value)


def latin(text: str) -> list[str]:
    return LATIN.findall(CODES.sub(" ", text))
