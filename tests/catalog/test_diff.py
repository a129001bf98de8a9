"""What changed between two revisions, word by word."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.catalog.diff import MOST_PAIRS, Change, documents, words


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("", "", ()),
        ("same", "same", (("same", "same"),)),
        ("", "new", (("added", "new"),)),
        ("old", "", (("removed", "old"),)),
        (
            "120 meters in Wuhan.",
            "250 meters in Wuhan.",
            (("removed", "120"), ("added", "250"), ("same", " meters in Wuhan.")),
        ),
        (
            "水表每日上报。",
            "水表每小时上报。",
            (("same", "水表每"), ("removed", "日"), ("added", "小时"), ("same", "上报。")),
        ),
        ("NB-IoT水表", "NB-IoT电表", (("same", "NB-IoT"), ("removed", "水"), ("added", "电"), ("same", "表"))),
        ("one\n\ntwo", "one\ntwo", (("same", "one"), ("removed", "\n\n"), ("added", "\n"), ("same", "two"))),
    ],
)
def test_words(before: str, after: str, parts: tuple[tuple[str, str], ...]) -> None:
    assert words(before, after) == parts


@given(st.text("水表 ab,\n-", max_size=40), st.text("水表 ab,\n-", max_size=40))
def test_both_texts_can_be_read_out_of_the_parts(before: str, after: str) -> None:
    parts = words(before, after)
    assert "".join(text for op, text in parts if op != "added") == before
    assert "".join(text for op, text in parts if op != "removed") == after
    assert all(text for _, text in parts)
    assert all(one != "same" or other != "same" for (one, _), (other, _) in pairwise(parts))


def test_long_texts_do_not_take_long() -> None:
    """20 000 characters are allowed; a page must not think about them for half a minute."""
    repetitive = "每日上报水表" * 3_333
    chosen = random.Random(1)
    long = "".join(chr(0x4E00 + chosen.randrange(500)) for _ in range(20_000))
    began = time.process_time()
    assert [op for op, _ in words(repetitive, repetitive[2:] + "x")] == ["removed", "added"]
    assert words(long, long[:9_000] + "改" + long[9_000:])[1] == ("added", "改")
    assert time.process_time() - began < 3
    assert MOST_PAIRS < (20_000 / 6) ** 2 * 6


def test_fields_that_differ_in_the_order_of_the_newer_document() -> None:
    before = {"title": {"zh": "旧"}, "networks": ["nb-iot"], "as_of": "2024", "gone": "yes", "same": 1}
    after = {"same": 1, "as_of": None, "networks": ["nb-iot", "5g"], "title": {"zh": "新", "en": "New"}}
    assert documents(before, after) == [
        Change(("networks",), (("same", "nb-iot"), ("added", ", 5g"))),
        Change(("title", "zh"), (("removed", "旧"), ("added", "新"))),
        Change(("title", "en"), (("added", "New"),)),
        Change(("as_of",), (("removed", "2024"),)),
        Change(("gone",), (("removed", "yes"),)),
    ]


def test_items_of_a_list_are_numbered_from_one() -> None:
    before = {"sections": [{"kind": "solution", "text": {"zh": "一"}}]}
    after = {"sections": [{"kind": "solution", "text": {"zh": "一"}}, {"kind": "plans", "text": {"zh": "二"}}]}
    assert [(change.path, change.parts) for change in documents(before, after)] == [
        (("sections", "2", "kind"), (("added", "plans"),)),
        (("sections", "2", "text", "zh"), (("added", "二"),)),
    ]


def test_nothing_differs() -> None:
    whole = {"title": {"zh": "题"}, "sources": [{"title": "A", "link": True}], "networks": []}
    assert documents(whole, whole) == []
