"""Words that no expert may read: found in every spelling, hidden in every text that people type."""

from __future__ import annotations

import copy
import json
from typing import Any

import make
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.catalog.operations import counted
from library.catalog.schemas import CaseDocument
from library.selection.masking import MARKS, Masks, blind, proposed

MARK = MARKS["zh"]


@pytest.mark.parametrize(
    ("word", "text", "hidden"),
    [
        ("清河水务", "由清河水务建设", f"由{MARK}建设"),
        ("清河水务", "由清河 水务、淸河水務建设", f"由{MARK}、淸河水務建设"),
        ("清河水务", "清河水務集團", f"{MARK}集團"),
        ("清河水务", "“清·河-水务”", f"“{MARK}”"),
        ("ＱｉｎｇＨｅ", "qinghe QINGHE QingHe", f"{MARK} {MARK} {MARK}"),
        ("Qinghe", "myqinghedevice", f"my{MARK}device"),
        ("Qing He Water", "qinghe-water / QING  HE WATER", f"{MARK} / {MARK}"),
        ("IoT Co", "IoT, company", "IoT, company"),
        ("Müller", "MULLER GmbH", f"{MARK} GmbH"),
        ("青河", "青河青河", MARK),
        ("水", "水表", "水表"),
        ("www.qinghe.example", "见 www.qinghe.example/a", f"见 {MARK}/a"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(word: str, text: str, hidden: str) -> None:
    assert Masks([word]).hide(text) == hidden


def test_the_longest_word_goes_first_and_the_mark_is_in_the_language_of_the_text() -> None:
    masks = Masks(["青河", "青河水务", "Qinghe"])
    assert masks.hide("青河水务与青河") == f"{MARK}与{MARK}"
    assert masks.hide("by Qinghe", "en") == "by [withheld]"
    assert masks.pieces("由青河水务建设") == [("由", False), ("青河水务", True), ("建设", False)]
    assert masks.found_in("由QINGHE与青河") == ["QINGHE", "青河"]


@given(st.text(max_size=40), st.text(min_size=2, max_size=8), st.text(max_size=40))
@settings(max_examples=60)
def test_no_masked_word_is_left_whatever_stands_around_it(before: str, word: str, after: str) -> None:
    masks = Masks([word])
    hidden = masks.hide(before + word + after, "zh")
    if masks.spans(word):
        assert word not in hidden


def planted() -> tuple[dict[str, Any], list[str]]:
    """A case with a word of its own in every text that its schema has."""
    source = {"title": "题", "publisher": "社", "url": "https://zqsrc.example/1", "link": True, "note": both("注")}
    whole = make.document(
        benefits=both("益"),
        security=both("安"),
        network_text=both("网"),
        standards=["标准"],
        replicability={
            "preconditions": both("先"),
            "pitfalls": both("坑"),
            "cost_per_connection": {"amount": "1.00", "currency": "CNY", "text": both("价")},
        },
        outcomes=[{"text": both("果"), "sources": []}],
        timeline=[{"when": "2025", "text": both("时"), "planned": False, "sources": []}],
        sources=[source],
        contact={"name": "联系人", "email": "zq@zqmail.example", "phone": "010"},
        masks=["词"],
    )
    words: list[str] = []

    def plant(value: Any) -> Any:
        if isinstance(value, dict):
            said = {"zh", "en", "title", "publisher", "name"}
            return {key: word(each) if key in said and isinstance(each, str) else plant(each)
                    for key, each in value.items()}  # fmt: skip
        if isinstance(value, list):
            return [plant(each) for each in value]
        return value

    def word(said: str) -> str:
        words.append(f"Zq{len(words):03d}绝密")
        return f"{said}{words[-1]}。"

    found = plant(whole)
    found["standards"] = [word("标准")]
    return found, words


def both(said: str) -> dict[str, str]:
    return {"zh": said, "en": said}


def test_every_text_of_a_case_is_masked_in_both_languages() -> None:
    document, words = planted()
    document = CaseDocument().load(document)
    before = copy.deepcopy(document)
    spoken = json.dumps(blind(document, Masks(words)), ensure_ascii=False, default=str)
    assert len(words) > 30
    assert [word for word in words if word in spoken] == []
    assert "zqsrc" not in spoken
    assert "zqmail" not in spoken
    assert "Guangdong" not in spoken
    assert '"44"' not in spoken
    assert document == before
    # So that the test could fail: without a list what is read has them, but for what is left out at all.
    open_words = json.dumps(blind(document, Masks([])), ensure_ascii=False, default=str)
    left_out = ("parties", "place", "contact")
    told = json.dumps({k: v for k, v in document.items() if k not in left_out}, ensure_ascii=False, default=str)
    assert {word for word in words if word in open_words} == {word for word in words if word in told}


def test_the_counts_of_a_masked_document_still_lead() -> None:
    document = CaseDocument().load(make.document())
    found = counted(blind(document, Masks(["Meters in town"])))
    assert [(each.value, each.source) for each in found] == [(120_000, "The Paper")]


def test_what_is_proposed_comes_from_the_case() -> None:
    document = make.document(
        contact={"name": "张三丰", "email": "z@qinghe.example"},
        sections=[
            {"kind": "solution", "text": {"zh": "采用“清流云”平台与QH-200终端，经NB-IoT上报，见qinghe.com。"}}
        ],
    )
    document = CaseDocument().load(document)
    found = proposed(document, ["青河水务集团有限公司", "Qinghe Water Co., Ltd.", None])
    expected = {
        "青河水务集团有限公司",
        "青河水务",
        "Qinghe Water",
        "张三丰",
        "清流云",
        "QH-200",
        "qinghe.com",
        "广东",
        "Guangdong",
    }
    assert expected <= set(found)
    assert not {"NB-IoT", "IoT"} & set(found)
