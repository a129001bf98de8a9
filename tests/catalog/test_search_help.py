"""The page on how to search keeps its word, and every mistake in a search has its sentence."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sites import Site

from library import labels
from library.catalog import wording
from library.db import Database
from library.language import voice
from search.fields import VALUES
from search.language import read
from search.tree import Pick

EXAMPLE = re.compile(r'<a href="(/search\?q=[^"]+)"><code>([^<]+)</code>')
WRONG = (
    *("w " * 600, " ".join(f"w{n}" for n in range(80)), "(" * 9 + "w" + ")" * 9, 'w "w', "(w", "w OR", "foo:bar"),
    *("title:", "status:x", "has:x", "connections:x", "date:x", "connections:2..1", "w*"),
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_example_finds_some_cases_and_leaves_some(sqlite: Database, tmp_path: Path, lang: str) -> None:
    site = Site(sqlite, tmp_path)
    site.seed()
    client = site.client(lang)
    everything = client.get("/api/v1/cases").json["total"]
    examples = EXAMPLE.findall(client.get("/search/help").get_data(as_text=True))
    wrong = {}
    for address, shown in examples:
        query = urlsplit(html.unescape(address)).query
        assert parse_qs(query)["q"] == [html.unescape(shown)]
        answer = client.get(f"/api/v1/cases?{query}").json
        if not 0 < answer["total"] < everything or answer["widened"] or read(html.unescape(shown)).notes:
            wrong[shown] = answer["total"]
    assert wrong == {}
    assert len(examples) > 12


def test_every_mistake_has_a_sentence_and_every_sentence_a_mistake() -> None:
    notes = [note for text in WRONG for note in read(text).notes]
    assert {code for code, _ in notes} == wording.NOTES.keys()
    sentences = [voice("en").say(text) for text in wording.noted(notes)]
    assert all(about in sentence for (_, about), sentence in zip(notes, sentences, strict=True))


def test_what_a_case_may_have_is_named_wherever_has_is_explained(sqlite: Database, tmp_path: Path) -> None:
    page = Site(sqlite, tmp_path).client().get("/search/help").get_data(as_text=True)
    codes = set(VALUES["has"].values())
    for text in (page, wording.NOTES["unknown_has"]):
        assert {code for code in codes if not re.search(rf"\b{code}\b", text)} == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("field", ["scale", "status", "origin"])
def test_a_code_may_be_asked_for_by_its_label(field: str, lang: str) -> None:
    said = {code: voice(lang).say(word) for code, word in labels.LABELS[field].items()}
    assert {code: read(f'{field}:"{word}"').tree for code, word in said.items()} == {
        code: Pick(field, (code,)) for code in said
    }
