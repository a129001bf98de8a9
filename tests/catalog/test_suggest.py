"""Completions for programs and for the search box: what they say and where they lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import make
import pytest
from sites import Site

from library.catalog import queries
from library.catalog.flow import FLOW
from library.db import Database
from library.policy import SYSTEM
from library.workflow import step
from search.documents import Completion
from search.errors import IndexMissing
from search.vocabulary import Row, Vocabulary

ROWS: list[Row] = [
    ("sector", "水表", 3),
    ("word", "水务", 9),
    ("organisation", '深圳"水务"集团', 2),
    ("organisation", "Water & Works", 1),
]


class Standing:
    """An index of a few words, and of one title."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def suggest(self, typed: str, lang: str, limit: int, *, without: frozenset[str]) -> list[Completion]:
        assert without == frozenset(), "nothing is kept back from a visitor"
        self.asked.append((typed, lang, limit))
        title = Completion("Meters & more", "title", 1, "MIOT-P-0001")
        return [*Vocabulary(ROWS).complete(typed, limit), *([title] if typed == "meters" else [])]


@pytest.fixture
def index() -> Standing:
    return Standing()


@pytest.fixture
def site(sqlite: Database, tmp_path: Path, index: Standing) -> Site:
    site = Site(sqlite, tmp_path)
    site.app.extensions["index"] = index
    return site


def suggested(site: Site, query: str) -> list[dict[str, Any]]:
    response = site.client().get(f"/api/v1/suggest?{query}")
    assert response.status_code == 200
    return list(response.json["items"])


def test_a_suggestion_leads_to_a_search_for_it(site: Site) -> None:
    assert suggested(site, "q=shui") == [
        {"text": "水表", "kind": "sector", "url": "/search?q=" + quote("水表")},
        {"text": "水务", "kind": "word", "url": "/search?q=" + quote("水务")},
        {
            "text": '深圳"水务"集团',
            "kind": "organisation",
            "url": "/search?q=" + quote('"深圳 水务 集团"', safe="").replace("%20", "+"),
        },
    ]
    [works] = suggested(site, "q=works")
    assert works["url"] == "/search?q=%22Water+%26+Works%22"


def test_a_title_leads_to_its_case(site: Site) -> None:
    assert suggested(site, "q=meters") == [{"text": "Meters & more", "kind": "title", "url": "/cases/MIOT-P-0001"}]


def test_the_index_is_asked_in_the_readers_language(site: Site, index: Standing) -> None:
    suggested(site, "q=%20shui%00&limit=3")
    site.client("zh").get("/api/v1/suggest?q=shui")
    site.client().get("/api/v1/suggest?q=shui&lang=zh")
    assert index.asked == [("shui", "en", 3), ("shui", "zh", 8), ("shui", "zh", 8)]


def test_nothing_typed_nothing_asked(site: Site, index: Standing) -> None:
    for query in ("", "q=", "q=%20", "q=%00"):
        assert suggested(site, query) == []
    assert index.asked == []


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("q=" + "a" * 401, "q", "A search may have 400 characters at most."),
        ("q=a&limit=0", "limit", "Between 1 and 20 suggestions may be asked for."),
        ("q=a&limit=21", "limit", "Between 1 and 20 suggestions may be asked for."),
        ("q=a&limit=many", "limit", "Between 1 and 20 suggestions may be asked for."),
    ],
)
def test_what_is_refused(site: Site, index: Standing, query: str, field: str, said: str) -> None:
    refused = site.client().get(f"/api/v1/suggest?{query}")
    assert (refused.status_code, refused.json["errors"]) == (422, {field: [said]})
    assert index.asked == []


def test_while_the_index_is_being_built(site: Site, index: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: Any, **given: Any) -> list[Completion]:
        raise IndexMissing

    monkeypatch.setattr(index, "suggest", missing)
    assert site.client().get("/api/v1/suggest?q=shui").status_code == 503


def test_what_is_withdrawn_is_not_suggested(sqlite: Database, tmp_path: Path) -> None:
    site = Site(sqlite, tmp_path)
    site.add(title={"zh": "智能抄表", "en": "Zephyr metering"})
    gone = site.add(title={"zh": "斑马线", "en": "Zebra crossing"})
    site.work()
    assert {"zephyr", "zebra", "Zebra crossing"} <= {item["text"] for item in suggested(site, "q=ze&limit=20")}
    with sqlite.unit() as session:
        step(FLOW, session, SYSTEM, queries.case(session, SYSTEM, gone), "case.archive", now=make.NOW)
    site.work()
    found = suggested(site, "q=ze&limit=20")
    assert "zephyr" in {item["text"] for item in found}
    assert [item for item in found if "zebra" in item["text"].lower() or gone in item["url"]] == []
