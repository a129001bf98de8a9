"""Where in a JSON text a value stands: the way the file is laid out must not matter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.catalog.json_lines import Path, lines_of, repeated


def test_a_file_as_we_write_it() -> None:
    text = """{
  "code": "X",
  "title": {
    "en": "{a, [b]: \\"c\\"}",
    "zh": "水"
  },
  "counts": [
    1,
    {"value": 2,
     "what": null}
  ],
  "empty": [],
  "none": {}
}"""
    assert lines_of(text) == {
        (): 1,
        ("code",): 2,
        ("title",): 3,
        ("title", "en"): 4,
        ("title", "zh"): 5,
        ("counts",): 7,
        ("counts", 0): 8,
        ("counts", 1): 9,
        ("counts", 1, "value"): 9,
        ("counts", 1, "what"): 10,
        ("empty",): 12,
        ("none",): 13,
    }


@pytest.mark.parametrize(("text", "lines"), [("1", {(): 1}), ("\n\n true", {(): 3}), ("[]", {(): 1})])
def test_small_texts(text: str, lines: dict[Path, int]) -> None:
    assert lines_of(text) == lines


def paths(value: Any, path: Path = ()) -> set[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths(item, (*path, key)) for key, item in inner))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}', None),
        ('{"a": 1, "b": 2, "a": 1}', ("a",)),
        ('{"a": {"x": 1}, "a": {"x": 1}}', ("a",)),
        ('{"c": [{"a": 3}, {"a": 4, "\\u0061": 5}]}', ("c", 1, "a")),
        ('{"a": [], "a": {}}', ("a",)),
    ],
)
def test_a_key_that_stands_twice(text: str, path: Path | None) -> None:
    assert repeated(text) == path


KEYS = st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 1, 4]))
def test_every_value_of_any_text_has_its_line(value: Any, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    lines = lines_of(text)
    assert repeated(text) is None
    assert lines.keys() == paths(value)
    if indent is None:
        assert set(lines.values()) == {1}
    else:  # each value begins a line of its own, in the order of the text
        assert list(lines.values()) == sorted(set(lines.values()))
