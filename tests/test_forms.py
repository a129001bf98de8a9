"""A schema as a form: its controls, and content from what was typed and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields
from werkzeug.datastructures import MultiDict

from library import forms
from library.catalog.schemas import CaseDocument
from library.catalog.sheets import CONTROLS
from library.fields import Words, choice, date, text


class Item(Schema):
    kind = choice("wheel", "bell", required=True)
    state = choice("new", "old", load_default="new")
    name = text(40)


class Bicycle(Schema):
    title = text(120, required=True)
    note = Words(2000)
    weight = fields.Integer(strict=True)
    built = date()
    sold = fields.Boolean(load_default=False)
    colours = fields.List(choice("red", "blue"))
    codes = fields.List(fields.String())
    marks = fields.List(Words(20))
    pages = fields.List(fields.Integer(strict=True))
    parts = fields.List(fields.Nested(Item))
    by_kind = fields.List(fields.Nested(Item))
    shop = fields.Nested(Item, metadata={"audience": "ministry"})


SHOWN = forms.controls(Bicycle().fields, by={"by_kind": "kind"})


def read(*typed: tuple[str, str]) -> dict[str, Any]:
    return forms.read(SHOWN, MultiDict(typed))


def test_each_field_has_its_kind_of_control() -> None:
    assert {each.name: each.kind for each in SHOWN} == {
        "title": "pair",
        "note": "text",
        "weight": "number",
        "built": "date",
        "sold": "tick",
        "colours": "choices",
        "codes": "codes",
        "marks": "lines",
        "pages": "numbers",
        "parts": "list",
        "by_kind": "list",
        "shop": "group",
    }


def test_a_control_knows_limit_choices_default_and_audience() -> None:
    found = {each.name: each for each in SHOWN}
    assert (found["title"].limit, found["title"].required) == (120, True)
    assert (found["note"].limit, found["note"].required) == (2000, False)
    assert found["colours"].choices == ("red", "blue")
    assert found["marks"].limit == 20
    assert found["shop"].audience == "ministry"
    assert [(each.path, each.default) for each in found["parts"].inner] == [
        ("parts.kind", ""),
        ("parts.state", "new"),
        ("parts.name", ""),
    ]


def test_the_name_in_the_data_counts_not_the_one_in_python() -> None:
    migration = next(each for each in CONTROLS["deployment"] if each.name == "migration")
    assert [each.name for each in migration.inner] == ["from", "count", "as_of"]


def test_what_no_form_asks_for_has_no_control() -> None:
    shown = forms.controls(Bicycle().fields, without=frozenset({"parts.state", "note"}))
    assert "note" not in [each.name for each in shown]
    parts = next(each for each in shown if each.name == "parts")
    assert [each.name for each in parts.inner] == ["kind", "name"]


def test_blank_is_left_out_and_wrong_stays_as_text() -> None:
    assert read(("title.zh", "  车  "), ("title.en", " "), ("weight", "heavy"), ("built", "soon")) == {
        "title": {"zh": "车"},
        "weight": "heavy",
        "built": "soon",
    }


@pytest.mark.parametrize("typed", ["1012345", "1 012 345", "1,012,345", "1\u202f012\u202f345", "1，012，345"])
def test_a_number_may_be_grouped(typed: str) -> None:
    assert read(("weight", typed)) == {"weight": 1_012_345}


@pytest.mark.parametrize("typed", ["1.5", "12万", "١٢", "9" * 19, "--1", "1e3"])
def test_what_is_no_plain_number_stays_text(typed: str) -> None:
    assert read(("weight", typed)) == {"weight": typed}


def test_line_breaks_are_those_of_the_library() -> None:
    assert read(("note", "a\r\nb\n")) == {"note": "a\nb"}


def test_several_values_keep_their_order_and_come_once() -> None:
    typed = [("codes.1", "b"), ("codes.0", "a"), ("codes", "c"), ("codes", "a"), ("pages", "2"), ("pages", "x")]
    assert read(*typed) == {"codes": ["a", "b", "c"], "pages": [2, "x"]}


def test_an_unticked_box_is_no_answer() -> None:
    assert read(("sold", "yes")) == {"sold": True}
    assert read(("sold", "")) == {}


def test_items_keep_their_places_and_the_last_blank_ones_go() -> None:
    typed = [("parts.0.kind", "bell"), ("parts.1.kind", ""), ("parts.2.name.zh", "轮"), ("parts.3.state", "new")]
    assert read(*typed) == {"parts": [{"kind": "bell"}, {}, {"name": {"zh": "轮"}}]}


def test_what_the_form_says_by_itself_makes_no_item() -> None:
    assert read(("parts.0.state", "new"), ("shop.state", "new")) == {}
    assert read(("parts.0.state", "old")) == {"parts": [{"state": "old"}]}


def test_a_list_with_one_item_a_kind_comes_in_the_order_of_kinds() -> None:
    typed = [("by_kind.bell.name.zh", "铃"), ("by_kind.wheel.name.zh", "轮"), ("by_kind.wheel-2.name.zh", "后轮")]
    assert read(*typed) == {
        "by_kind": [
            {"kind": "wheel", "name": {"zh": "轮"}},
            {"kind": "wheel", "name": {"zh": "后轮"}},
            {"kind": "bell", "name": {"zh": "铃"}},
        ]
    }
    assert read(("by_kind.bell.name.zh", ""), ("by_kind.horn.name.zh", "x")) == {}


@pytest.mark.parametrize(
    "name", ["title", "title.zh.deep", "parts.x.kind", "parts..kind", "parts.99999.kind", ".", "..", "nobody", "*"]
)
def test_a_name_that_no_control_has_is_passed_over(name: str) -> None:
    assert read((name, "x"), ("weight", "1")) == {"weight": 1}


def test_the_story_of_a_case_is_named_by_its_kinds() -> None:
    content = {"sections": [{"kind": "plans", "text": {"zh": "明年"}}, {"kind": "horn"}]}
    assert forms.name_of(CONTROLS["story"], content, "sections.0.text.zh") == "sections.plans.text.zh"
    assert forms.name_of(CONTROLS["story"], content, "sections") == "sections"
    assert forms.name_of(CONTROLS["story"], content, "sections.9.text") == "sections.9.text"
    assert forms.name_of(SHOWN, {}, "parts.0.kind") == "parts.0.kind"


def test_a_control_is_found_by_its_name() -> None:
    found = {
        name: forms.control_at(SHOWN, name) for name in ("parts.3.name.zh", "marks.1", "weight", "horn", "shop.x")
    }
    assert {name: each and each.path for name, each in found.items()} == {
        "parts.3.name.zh": "parts.name.zh",
        "marks.1": "marks",
        "weight": "weight",
        "horn": None,
        "shop.x": None,
    }


def test_an_item_is_taken_out() -> None:
    typed = MultiDict(
        [("parts.0.kind", "bell"), ("parts.1.kind", "wheel"), ("parts.10.kind", "bell"), ("weight", "1")]
    )
    left = forms.Values(forms.without_item(typed, "parts", 1))
    assert forms.read(SHOWN, left) == {"weight": 1, "parts": [{"kind": "bell"}, {"kind": "bell"}]}
    lines = MultiDict([("marks.0", "a"), ("marks.1", "b")])
    assert forms.read(SHOWN, forms.Values(forms.without_item(lines, "marks", 0))) == {"marks": ["b"]}


def test_two_items_change_places() -> None:
    typed = MultiDict(
        [("parts.0.kind", "bell"), ("parts.1.kind", "wheel"), ("parts.10.kind", "bell"), ("title.zh", "车")]
    )
    turned = forms.Values(forms.with_items_swapped(typed, "parts", 0, 1))
    assert forms.read(SHOWN, turned) == {
        "title": {"zh": "车"},
        "parts": [{"kind": "wheel"}, {"kind": "bell"}, {"kind": "bell"}],
    }


TEXTS = st.text("ab水 12.\n", min_size=1, max_size=8).map(str.strip).filter(bool)
PAIRS = st.dictionaries(st.sampled_from(["zh", "en"]), TEXTS, min_size=1)
ITEMS = st.fixed_dictionaries({"kind": st.sampled_from(["wheel", "bell"]), "name": PAIRS})
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "title": PAIRS,
        "note": TEXTS,
        "weight": st.integers(-(10**17), 10**17),
        "sold": st.just(True),
        "colours": st.lists(st.sampled_from(["red", "blue"]), min_size=1, unique=True),
        "marks": st.lists(TEXTS, min_size=1, unique=True),
        "pages": st.lists(st.integers(1, 99), min_size=1, unique=True),
        "parts": st.lists(ITEMS, min_size=1, max_size=12),
        "by_kind": st.lists(ITEMS, min_size=1, max_size=4).map(
            lambda items: sorted(items, key=lambda item: item["kind"], reverse=True)
        ),
        "shop": ITEMS,
    },
)


@given(CONTENTS)
def test_what_a_form_sends_is_what_it_was_drawn_from(content: dict[str, Any]) -> None:
    assert forms.read(SHOWN, forms.Values(forms.written(SHOWN, content))) == content


def test_every_field_of_a_case_has_a_control_but_number_and_origin() -> None:
    shown = {each.name for each in (control for sheet in CONTROLS.values() for control in sheet)}
    assert shown == {field.data_key or name for name, field in CaseDocument().fields.items()} - {"code", "origin"}
