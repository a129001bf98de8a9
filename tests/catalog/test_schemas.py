"""The shape of a case: each rule broken once, with the sentence a person reads; and who is shown what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
from marshmallow import ValidationError

from library import labels
from library.catalog.schemas import AUDIENCES, COUNTRIES, CaseDocument, ReportForm, as_seen
from library.config import ROOT
from library.seeding import NOT_CASES

SCHEMA = CaseDocument()
Change = Callable[[dict[str, Any]], Any]
REQUIRED = ["Missing data for required field."]


def messages(given: Any) -> Any:
    with pytest.raises(ValidationError) as refused:
        SCHEMA.load(given)
    return refused.value.messages


def length(limit: int) -> list[str]:
    return [f"Length must be between 1 and {limit}."]


def one_of(*choices: str) -> list[str]:
    return [f"Must be one of: {', '.join(choices)}."]


def put(value: Any, *path: str | int) -> Change:
    """A change that sets what stands at `path`."""

    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]

    return change


def at(message: Any, *path: str | int) -> Any:
    """`message` where the schema puts it."""
    for key in reversed(path):
        message = {key: message}
    return message


WRONG_DATE = ["Not a date from 1800 to 2199: write YYYY, YYYY-MM or YYYY-MM-DD."]
OUTCOME = {"text": {"zh": "一半"}, "sources": [1]}
MOMENT = {"when": "2025", "text": {"zh": "开始"}}

REFUSED: list[tuple[Change, Any]] = [
    # What a case must say
    *(
        (drop(name), at(REQUIRED, name))
        for name in ("code", "origin", "title", "summary", "sectors", "place", "parties", "sections")
    ),
    (drop("title", "zh"), at(REQUIRED, "title", "zh")),
    (drop("summary", "zh"), at(REQUIRED, "summary", "zh")),
    (drop("place", "text"), at(REQUIRED, "place", "text")),
    (drop("parties", 0, "name"), at(REQUIRED, "parties", 0, "name")),
    (drop("parties", 0, "role"), at(REQUIRED, "parties", 0, "role")),
    (drop("sections", 0, "kind"), at(REQUIRED, "sections", 0, "kind")),
    (drop("sections", 0, "text"), at(REQUIRED, "sections", 0, "text")),
    (drop("connections", 0, "value"), at(REQUIRED, "connections", 0, "value")),
    (drop("connections", 0, "kind"), at(REQUIRED, "connections", 0, "kind")),
    (drop("connections", 0, "what"), at(REQUIRED, "connections", 0, "what")),
    (drop("sources", 0, "title"), at(REQUIRED, "sources", 0, "title")),
    (put({"text": {"zh": "无时"}}, "timeline"), at(["Not a valid list."], "timeline")),
    (put([{"text": {"zh": "无时"}}], "timeline"), at(REQUIRED, "timeline", 0, "when")),
    (put({"count": 3}, "migration"), at(REQUIRED, "migration", "from")),
    (put({"email": "a@example.org"}, "contact"), at(REQUIRED, "contact", "name")),
    (put({"name": "王"}, "contact"), at(REQUIRED, "contact", "email")),
    # Nothing that nobody reads
    (put("x", "colour"), at(["Unknown field."], "colour")),
    (put("x", "title", "fr"), at(["Unknown field."], "title", "fr")),
    (put("x", "connections", 0, "unit"), at(["Unknown field."], "connections", 0, "unit")),
    # How long
    (put("水" * 121, "title", "zh"), at(length(120), "title", "zh")),
    (put("x" * 121, "title", "en"), at(length(120), "title", "en")),
    (put("水" * 401, "summary", "zh"), at(length(400), "summary", "zh")),
    (put("  ", "title", "zh"), at(length(120), "title", "zh")),
    (put("", "title", "en"), at(length(120), "title", "en")),
    (put([], "sectors"), at(length(6), "sectors")),
    (put(["a"] * 7, "sectors"), at(length(6), "sectors")),
    (put([], "parties"), at(length(20), "parties")),
    (put([], "sections"), at(length(20), "sections")),
    (put("x" * 20_001, "sections", 0, "text", "zh"), at(length(20_000), "sections", 0, "text", "zh")),
    (put(["x" * 121], "standards"), at(length(120), "standards", 0)),
    (put([], "migration"), at(["Invalid input type."], "migration", "_schema")),
    (put({"from": []}, "migration"), at(["Shorter than minimum length 1."], "migration", "from")),
    (put("x" * 401, "sources", 0, "title"), at(length(400), "sources", 0, "title")),
    (
        put("https://e.org/" + "x" * 1000, "sources", 0, "url"),
        at(["Longer than maximum length 1000."], "sources", 0, "url"),
    ),
    # Which words
    (put("seed", "origin"), at(one_of("submitted", "collected", "demo"), "origin")),
    (put("planned", "status"), at(one_of("pilot", "live", "ended", "unknown"), "status")),
    (
        put(["6g"], "networks"),
        at(one_of("nb-iot", "lte-m", "lte-cat1", "4g", "5g", "redcap", "3g", "2g", "other"), "networks", 0),
    ),
    (put(["price"], "novelty"), at(one_of("product", "form", "model"), "novelty", 0)),
    (
        put("buyer", "parties", 0, "role"),
        at(
            one_of(
                "owner",
                "operator",
                "resale",
                "chip",
                "module",
                "terminal",
                "platform",
                "integrator",
                "user",
                "other",
            ),
            "parties",
            0,
            "role",
        ),
    ),
    (put("ESP", "parties", 0, "lang"), at(["String does not match expected pattern."], "parties", 0, "lang")),
    (
        put("intro", "sections", 0, "kind"),
        at(one_of("background", "solution", "results", "plans"), "sections", 0, "kind"),
    ),
    (
        put("sold", "connections", 0, "kind"),
        at(one_of("planned", "contracted", "installed", "online", "stated"), "connections", 0, "kind"),
    ),
    (
        put("province", "connections", 0, "scope"),
        at(one_of("project", "operator", "city"), "connections", 0, "scope"),
    ),
    (
        put("more", "connections", 0, "bound"),
        at(one_of("exact", "about", "lower", "upper"), "connections", 0, "bound"),
    ),
    (put("4g", "migration"), at(["Invalid input type."], "migration", "_schema")),
    (put({"from": ["4g"]}, "migration"), at(one_of("2g", "3g"), "migration", "from", 0)),
    (put("cheap", "unit_cost_band"), at(one_of("<20", "20-50", "50-100", ">100"), "unit_cost_band")),
    (put("secret", "data_level"), at(one_of("general", "important", "core"), "data_level")),
    (put("nobody", "contact"), at(["Invalid input type."], "contact", "_schema")),
    (put({"name": "王", "email": "x"}, "contact"), at(["Not a valid email address."], "contact", "email")),
    (put("ftp://example.org/", "sources", 0, "url"), at(["Not a valid URL."], "sources", 0, "url")),
    (put("javascript:alert(1)", "sources", 0, "url"), at(["Not a valid URL."], "sources", 0, "url")),
    (put("Spanish", "sources", 0, "lang"), at(["String does not match expected pattern."], "sources", 0, "lang")),
    # Which characters
    (put("a\0b", "title", "zh"), at(["Contains a control character."], "title", "zh")),
    (
        put("a\x1bb", "sections", 0, "text", "en"),
        at(["Contains a control character."], "sections", 0, "text", "en"),
    ),
    (put("a\ud800b", "title", "zh"), at(["Contains half a character."], "title", "zh")),
    # Which numbers
    (put("120000", "connections", 0, "value"), at(["Not a valid integer."], "connections", 0, "value")),
    (put(1.5, "connections", 0, "value"), at(["Not a valid integer."], "connections", 0, "value")),
    (put(True, "connections", 0, "value"), at(["Not a valid integer."], "connections", 0, "value")),
    (
        put(-1, "connections", 0, "value"),
        at([f"Must be greater than or equal to 0 and less than or equal to {10**12}."], "connections", 0, "value"),
    ),
    (
        put(10**12 + 1, "connections", 0, "value"),
        at([f"Must be greater than or equal to 0 and less than or equal to {10**12}."], "connections", 0, "value"),
    ),
    (put(0, "connections", 0, "source"), at(["Must be greater than or equal to 1."], "connections", 0, "source")),
    # Which dates
    *(
        (put(wrong, "as_of"), at(WRONG_DATE, "as_of"))
        for wrong in (
            "25",
            "2025-13",
            "2025-00",
            "2025-8",
            "2025-08-32",
            "2025-02-30",
            "２０２５",
            "2025-08-01T00:00",
            "2025/08",
            "2025\n",
        )
    ),
    (put("soon", "connections", 0, "as_of"), at(WRONG_DATE, "connections", 0, "as_of")),
    (put([{**MOMENT, "when": "soon"}], "timeline"), at(WRONG_DATE, "timeline", 0, "when")),
    # What goes together
    (
        put("2026", "connections", 0, "due"),
        at(["Only a planned or contracted count has a due date."], "connections", 0, "due"),
    ),
    (
        put({"on": "2026", "by": "verifier"}, "connections", 0, "verified"),
        at(["Only an online count can be verified."], "connections", 0, "verified"),
    ),
    (
        put([make.count(kind="online", verified={"on": "2026", "by": "verifier"})], "connections"),
        at(["A verified count comes from a verification, not from a document."], "connections"),
    ),
    (
        put({"country": "ES", "provinces": ["44"], "text": {"zh": "马德里"}}, "place"),
        at(["Province codes are for China only."], "place", "provinces"),
    ),
    (
        put({"provinces": ["44"], "text": {"zh": "广东"}}, "place"),
        at(["Province codes are for China only."], "place", "provinces"),
    ),
    (put("MIOT-2026-0001", "code"), at(["A collected case is numbered MIOT-P-NNNN."], "code")),
    (put("MIOT-P-00012", "code"), at(["A collected case is numbered MIOT-P-NNNN."], "code")),
    (put("demo", "origin"), at(["A demonstration case, and no other, is numbered DEMO-NNNN."], "code")),
    (
        lambda document: document.update(code="DEMO-0001", origin="submitted"),
        at(["A submitted case is numbered MIOT-YYYY-NNNN."], "code"),
    ),
    (put("submitted", "origin"), at(["A submitted case is numbered MIOT-YYYY-NNNN."], "code")),
    (put("MIOT-P-００１２", "code"), at(["A collected case is numbered MIOT-P-NNNN."], "code")),
    (
        drop("connections", 0, "source"),
        at(["A figure without a source is not shown: name the source."], "connections"),
    ),
    # Which sources
    (put([2], "sections", 0, "sources"), at(["There is no source 2; the case lists 1."], "sections", 0)),
    (put(7, "connections", 0, "source"), at(["There is no source 7; the case lists 1."], "connections", 0)),
    (
        put([OUTCOME, {**OUTCOME, "sources": [1, 3]}], "outcomes"),
        at(["There is no source 3; the case lists 1."], "outcomes", 1),
    ),
    (
        put([{**MOMENT, "sources": [4]}], "timeline"),
        at(["There is no source 4; the case lists 1."], "timeline", 0),
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_a_broken_rule_is_refused_in_its_place_with_its_sentence(change: Change, message: Any) -> None:
    document = make.document()
    change(document)
    assert messages(document) == message


def test_a_collected_case_without_sources_is_refused() -> None:
    document = make.document(sources=[], connections=[], sections=[{"kind": "plans", "text": {"zh": "计划"}}])
    assert messages(document) == {"sources": ["A collected case names its source."]}


@pytest.mark.parametrize("given", [None, [], "text", 1])
def test_what_is_no_object_is_refused(given: Any) -> None:
    assert messages(given) == {"_schema": ["Invalid input type."]}


def test_every_mistake_is_named_at_once() -> None:
    document = make.document(title={"en": "No Chinese"}, status="gone")
    put([9], "sections", 0, "sources")(document)
    assert messages(document) == {
        "title": {"zh": REQUIRED},
        "status": one_of("pilot", "live", "ended", "unknown"),
        "sections": {0: ["There is no source 9; the case lists 1."]},
    }


def test_the_least_a_case_can_say() -> None:
    least = make.document(
        **dict.fromkeys(["technologies", "networks", "status", "as_of", "connections"]),
        title={"zh": "智能水表"},
        summary={"zh": "水表"},
        place={"text": {"zh": "某地"}},
    )
    loaded = SCHEMA.load(least)
    empty = ("technologies", "novelty", "networks", "connections", "outcomes", "standards", "timeline")
    assert {name: loaded[name] for name in empty} == {name: [] for name in empty}
    assert (loaded["status"], loaded["place"]) == ("unknown", {"text": {"zh": "某地"}, "provinces": []})


def test_a_country_is_one_and_the_provinces_of_china_are_none() -> None:
    assert {"AT", "CN", "ES", "SG", "US"} <= COUNTRIES
    assert {"TW", "HK", "MO"} & COUNTRIES == set()
    assert {"71", "81", "82"} <= labels.PROVINCES.keys()
    names = {labels.country(code, "zh") for code in COUNTRIES} | {labels.country(code, "en") for code in COUNTRIES}
    assert (len(COUNTRIES), len(names & COUNTRIES)) == (246, 0)  # of ISO 3166-1's 249, each with a name in words
    assert [name for name in names if re.search("Pseudo|Union|Unknown|zone|Nations|Outlying O", name)] == []


def test_text_is_stripped_and_keeps_its_lines() -> None:
    document = make.document(title={"zh": "  水表\t"})
    put("一\n\n- 二\r\n", "sections", 0, "text", "zh")(document)
    loaded = SCHEMA.load(document)
    assert loaded["title"] == {"zh": "水表"}
    assert loaded["sections"][0]["text"]["zh"] == "一\n\n- 二"


def test_a_demonstration_case_may_show_a_verified_count_without_a_source() -> None:
    count = make.count(kind="online", source=None, verified={"on": "2026-09-30", "by": "verifier"})
    loaded = SCHEMA.load(make.document(code="DEMO-0001", origin="demo", connections=[count]))
    assert loaded["connections"][0]["verified"] == {"on": "2026-09-30", "by": "verifier"}


FILES = sorted((ROOT / "seed_cases").glob("*.json")) + sorted((ROOT / "seed_cases/demo").glob("*.json"))
CASES = [path for path in FILES if path.name not in NOT_CASES]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_kept_of_a_seed_file_says_what_the_file_says(path: Path) -> None:
    """And loads again to the same: a document that leaves the library can come back."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    kept = SCHEMA.dump(SCHEMA.load(raw))
    assert SCHEMA.dump(SCHEMA.load(kept)) == kept
    assert raw.items() <= _without_defaults(kept, raw).items()


def _without_defaults(kept: Any, raw: Any) -> Any:
    """`kept` as far as `raw` goes: the schema adds empty lists and defaults, nothing else."""
    if isinstance(kept, dict) and isinstance(raw, dict):
        return {key: _without_defaults(kept[key], raw[key]) for key in kept if key in raw}
    if isinstance(kept, list) and isinstance(raw, list):
        return [_without_defaults(*pair) for pair in zip(kept, raw, strict=True)]
    return kept


# Who is shown what

PRIVATE = {
    "unit_cost_band": ("20-50", {"reviewer"}),
    "security": ({"en": "Keys in a chip", "zh": "密钥存于芯片"}, {"reviewer"}),
    "data_level": ("important", {"ministry"}),
    "masks": (["城市水务"], {"ministry"}),
    "right_to_publish": (True, {"ministry"}),
    "contact": ({"name": "王小明", "email": "wang@example.org"}, {"ministry"}),
}


@pytest.fixture
def whole() -> dict[str, Any]:
    """A document with something to hide in every place that can hide something."""
    copy = {"title": "A copy", "url": "https://copies.example/1", "link": False}
    given = make.document(**{name: value for name, (value, _) in PRIVATE.items()})
    given["sources"].append(copy)
    return dict(SCHEMA.dump(SCHEMA.load(given)))


def test_every_field_with_an_audience_is_in_the_table() -> None:
    audience = {name: field.metadata.get("audience", "public") for name, field in SCHEMA.fields.items()}
    assert set(audience.values()) <= set(AUDIENCES)
    assert {name: {of} for name, of in audience.items() if of != "public"} == {
        name: of for name, (_, of) in PRIVATE.items()
    }


@pytest.mark.parametrize("audience", AUDIENCES)
def test_each_audience_sees_its_own_fields_only(whole: dict[str, Any], audience: str) -> None:
    assert PRIVATE.keys() <= whole.keys()
    seen = as_seen(whole, frozenset({"public", audience}))
    hidden = {name for name, (_, of) in PRIVATE.items() if audience not in of}
    assert seen.keys() == whole.keys() - hidden
    assert {name: seen[name] for name in seen if name != "sources"} == {
        name: whole[name] for name in seen if name != "sources"
    }


def test_the_address_of_a_copy_is_for_the_ministry_only(whole: dict[str, Any]) -> None:
    linked, copy = whole["sources"]
    assert copy["url"] == "https://copies.example/1"
    assert as_seen(whole, frozenset({"public"}))["sources"] == [linked, {"title": "A copy", "link": False}]
    assert as_seen(whole, frozenset({"public", "ministry"}))["sources"] == [linked, copy]
    assert "url" in whole["sources"][1]  # the document itself stays as it was


# Reports of errors


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, {"ground": REQUIRED, "text": REQUIRED}),
        ({"ground": "praise", "text": "x"}, {"ground": one_of("error", "removal")}),
        ({"ground": "error", "text": "   "}, {"text": length(2000)}),
        ({"ground": "error", "text": "x" * 2001}, {"text": length(2000)}),
        ({"ground": "error", "text": "x", "contact": "x" * 201}, {"contact": length(200)}),
        ({"ground": "error", "text": "a\0"}, {"text": ["Contains a control character."]}),
        ({"ground": "error", "text": "x", "case_id": 3}, {"case_id": ["Unknown field."]}),
    ],
)
def test_a_report_with_a_mistake_is_refused(given: dict[str, Any], message: dict[str, Any]) -> None:
    assert ReportForm().validate(given) == message
