"""The search page says what the engine tells beside the hits: words tried, words left out, reasons of a row."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sites import Site

from library.catalog.views import telling
from library.db import Database
from search.documents import Because, Explanation, Hits, Query, Share, Widened

TAG = re.compile(r"<[^>]+>")


class Told:
    """An index whose answers come with what a test wants to be told; the hits are those of the real one."""

    def __init__(self, index: Any) -> None:
        self.index = index
        self.hits: dict[str, Any] = {}
        self.hit: dict[str, Any] = {}

    def search(self, query: Query) -> Hits:
        found: Hits = self.index.search(query)
        return replace(found, items=[replace(hit, **self.hit) for hit in found.items], **self.hits)


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    """An installation with one case."""
    site = Site(sqlite, tmp_path)
    site.add()
    site.work()
    return site


@pytest.fixture
def told(site: Site) -> Told:
    told = Told(site.app.extensions["index"])
    site.app.extensions["index"] = told
    return told


def page(site: Site, address: str = "/search?q=water", lang: str = "en") -> str:
    answer = site.client(lang).get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def words(html: str) -> str:
    """What a reader reads."""
    return " ".join(unescape(TAG.sub("", html)).split())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("spelling", "Nothing was found for “water”; these are results for “<水表>”."),
        ("pinyin", "Nothing was found for “water”; read as pinyin: <水表>."),
        ("bigrams", "Nothing was found for “water”; these cases have parts of the name."),
    ],
)
def test_a_widened_search_says_so_and_can_be_taken_back(site: Site, told: Told, kind: Any, sentence: str) -> None:
    told.hits = {"widened": Widened(kind, "<水表>")}
    html = page(site, "/search?q=water&network=nb-iot")
    assert sentence + " Search only for “water”" in words(html)
    assert 'href="/search?q=water&amp;network=nb-iot&amp;exact=1"' in html
    assert ('<span lang="zh-CN">&lt;水表&gt;</span>' in html) is (kind == "pinyin")


@pytest.mark.parametrize(
    ("q", "read"), [("smrt", "these are results for “smart”"), ("shuibiao", "read as pinyin: 水表")]
)
def test_what_the_engine_tries_reaches_the_page(site: Site, q: str, read: str) -> None:
    assert f"Nothing was found for “{q}”; {read}. Search only for “{q}”" in words(page(site, f"/search?q={q}"))
    assert "No case has" in words(page(site, f"/search?q={q}&exact=1"))


def test_another_spelling_is_offered_as_a_link(site: Site, told: Told) -> None:
    told.hits = {"suggestion": "smart & meter"}
    html = page(site, "/search?q=water&network=nb-iot")
    assert "Did you mean “smart & meter”?" in words(html)
    assert '<a href="/search?q=smart+%26+meter&amp;network=nb-iot">smart &amp; meter</a>' in html


def test_what_was_left_out_is_said_beside_the_way_to_help(site: Site, told: Told) -> None:
    told.hits = {"notes": (("unknown_field", "<colour>:"), ("unbalanced_quote", ""))}
    html = page(site)
    line = re.search(r'<p class="heard meta">.*?</p>', html, re.DOTALL)
    assert line
    assert "<colour>:" in words(line[0])
    assert words(line[0]).endswith("How to search")
    assert site.client().get(re.findall('href="([^"]+)"', line[0])[0]).status_code == 200


def test_a_plain_answer_needs_no_sentence(site: Site) -> None:
    html = page(site)
    for part in ('class="heard', "Matched:", "<table"):
        assert part not in html
    assert "Matches title" in words(html)


def test_a_row_says_what_stands_for_the_words_asked_for(site: Site, told: Told) -> None:
    told.hit = {
        "because": (
            Because("烟感", "smoke detector", "title", "en", alike=False),
            Because("meters", "Meter", "title", "en", alike=True),
            Because("水表", "<表计>", "summary", "zh", alike=False),
            Because("水务", "水务", "body", "zh", alike=True),
        )
    }
    why = "Matched: “smoke detector” (for 烟感) in title; “<表计>” (for 水表) in summary; "
    why += "“水务” in the Chinese text."
    assert why in words(page(site))


@pytest.mark.parametrize(("lang", "alike", "told"), [("en", True, 0), ("zh", True, 1), ("en", False, 1)])
def test_only_what_the_marks_do_not_show_is_explained(lang: str, alike: bool, told: int) -> None:
    assert len(telling([Because("water", "water", "title", lang, alike)], "en")) == told


def test_the_score_is_explained_on_request(site: Site, told: Told) -> None:
    shares = (Share("water", 12, 3.0), Share("<b>", 1, 1.0))
    told.hit = {
        "because": (Because("water", "water", "title", "en", alike=True),),
        "explanation": Explanation(5.0, 1.25, shares),
    }
    table = re.search(r"<details class=\"score\">.*?</details>", page(site), re.DOTALL)
    assert table
    rows = [words(row) for row in re.findall(r"<tr>.*?</tr>", table[0].replace("</t", " </t"))]
    assert rows == [
        "Word Where Cases with it Weight Share of the score",
        "water Title 12 3.00 75 %",
        "<b> 1 1.00 25 %",
    ]
    assert "Score 5.00" in words(table[0])
    assert "multiply their sum by 1.25" in words(table[0])
