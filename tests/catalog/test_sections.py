"""What of a typed section may be kept, how numbers are read, and what the schema then says."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import make
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import validate

from library import fields as field_rules
from library.catalog import mistakes, schemas, sections
from library.catalog.schemas import DRAFT_SECTIONS, CaseDocument
from library.errors import Invalid, Text
from library.language import voice

SEEDS = [path for path in sorted(Path("seed_cases").glob("*.json")) if '"parties": [' in path.read_text("utf-8")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def refused(section: str, content: Any) -> dict[str, list[str]]:
    """What refuse() says, by field; empty when it keeps the content."""
    try:
        sections.refuse(section, content)
    except Invalid as problem:
        return {path: [str(text) for text in texts] for path, texts in problem.fields.items()}
    return {}


def trouble(**raw: Any) -> dict[str, list[str]]:
    """What is wrong, without what is only missing."""
    found = sections.trouble(raw)
    return {path: [str(text) for text in texts] for path, texts in found.items() if texts != [mistakes.MISSING]}


def typeable() -> st.SearchStrategy[dict[str, Any]]:
    """A section's content as a person may have typed it: the right names and nesting, anything as values."""
    return st.fixed_dictionaries({}, optional={name: _values(sections.DOCUMENT[name]) for name in _TYPED})


_TYPED = [name for section, names in DRAFT_SECTIONS.items() if section != "files" for name in names]
PRINTED = st.characters(min_codepoint=32, exclude_categories=["C"])
LEAF = st.sampled_from(
    ["", " ", "12万", "1,200", "是", "no", "nb-iot", "2025-08", "x" * 200, "https://e.example/"]
)


def _values(field: Any) -> st.SearchStrategy[Any]:
    if isinstance(field, sections.fields.Nested):
        parts = {name: _values(inner) for name, inner in sections.part(field).items() if name != "verified"}
        return st.fixed_dictionaries({}, optional=parts)
    if isinstance(field, sections.fields.List):
        return st.lists(_values(field.inner), max_size=3)
    return LEAF | st.none() | st.booleans() | st.integers(-5, 10**13) | st.text(PRINTED, max_size=10)


def test_the_sections_hold_every_field_of_a_case_once() -> None:
    held = [name for names in DRAFT_SECTIONS.values() for name in names]
    assert sorted(held) == sorted(set(CaseDocument._declared_fields) - {"code", "origin"})
    assert all(sections.section_of(f"{name}.0.text") in DRAFT_SECTIONS for name in held)
    assert sections.section_of("code") is None


@pytest.mark.parametrize(
    ("section", "content", "paths"),
    [
        ("basics", {"owner_id": 7}, ["owner_id"]),
        ("basics", {"contact": {"name": "x"}}, ["contact"]),
        ("basics", {"title": "a text"}, ["title"]),
        ("basics", {"title": {"zh": {"zh": "x"}}}, ["title.zh"]),
        ("basics", {"title": {"fr": "x"}}, ["title.fr"]),
        ("basics", {"title": {"zh": "a\0b"}}, ["title.zh"]),
        ("basics", {"title": {"en": "bell\x07"}}, ["title.en"]),
        ("basics", {"title": {"zh": "\ud800"}}, ["title.zh"]),
        ("basics", {"title": {"zh": "x" * 1201}}, ["title.zh"]),
        ("basics", {"sectors": ["a"] * 201}, ["sectors"]),
        ("basics", {"sectors": "metering"}, ["sectors"]),
        ("basics", {"sectors": ["a", ["b"]]}, ["sectors.1"]),
        ("connections", {"connections": [{"value": float("nan")}]}, ["connections.0.value"]),
        ("connections", {"connections": [{"value": 10**400}]}, ["connections.0.value"]),
        ("connections", {"connections": [{}, {"verified": {"on": "2026"}}]}, ["connections.1.verified"]),
        ("story", {"sections": [{"text": {"zh": "x" * 190_000}}] * 6}, [""]),
        ("files", {"attachments": [{"upload": "k", "sha256": "a" * 64}]}, ["attachments.0.sha256"]),
        ("files", {"attachments": [{"upload": "k" * 201}]}, ["attachments.0.upload"]),
        ("basics", ["title"], [""]),
        ("basics", {"x" * 100: 1}, ["x" * 60]),
    ],
)
def test_what_is_not_kept_and_where(section: str, content: Any, paths: list[str]) -> None:
    assert list(refused(section, content)) == paths


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("basics", {"title": {"zh": "x" * 1200}, "sectors": ["no such sector", 7], "novelty": []}),
        ("connections", {"connections": [{"value": "约12万", "as_of": "last year", "source": -1}, None]}),
        ("declarations", {"right_to_publish": "perhaps", "contact": {"email": "not an address"}}),
        ("story", {"sections": [{"kind": "?", "text": {"zh": "第一行\r\n\t第二行"}}]}),
    ],
)
def test_wrong_values_are_kept(section: str, content: Any) -> None:
    assert refused(section, content) == {}


@given(st.sampled_from(sorted(DRAFT_SECTIONS)), JSON)
def test_whatever_comes_is_kept_or_refused_in_words(section: str, content: Any) -> None:
    if not refused(section, content):
        kept = sections.tidy(content)
        assert json.loads(json.dumps(kept).encode("utf-8")) == kept
        assert sections.tidy(kept) == kept
        assert refused(section, kept) == {}


def test_deep_nesting_is_refused_without_going_down_there() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert list(refused("basics", {"sectors": deep})) == ["sectors.0"]


@given(typeable())
def test_a_draft_composes_and_its_trouble_lies_in_its_sections(whole: dict[str, Any]) -> None:
    contents = {
        section: sections.tidy({name: whole[name] for name in names if name in whole})
        for section, names in DRAFT_SECTIONS.items()
    }
    assert [refused(section, content) for section, content in contents.items()] == [{}] * len(contents)
    before = copy.deepcopy(contents)
    raw = sections.compose(contents, {})
    assert contents == before
    assert sections.typed(raw) == raw
    for path, texts in sections.trouble(raw).items():
        assert sections.section_of(path) in DRAFT_SECTIONS
        assert texts


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_seed_case_survives_being_split(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    raw = sections.compose(sections.split(document, {}), {})
    kept = {name: value for name, value in document.items() if name not in ("code", "origin") and value != []}
    assert raw == sections.tidy(kept)
    assert sections.trouble(raw) == {}


def test_a_count_loses_its_verification_when_it_is_typed_again() -> None:
    verified = make.count(kind="online", verified={"on": "2026-01", "by": "verifier"})
    held = sections.split(make.document(connections=[verified]), {})["connections"]
    assert held == {"connections": [make.count(kind="online")]}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("120000", 120_000),
        ("1,200", 1200),
        ("1 200", 1200),
        ("1\N{NO-BREAK SPACE}200\N{NARROW NO-BREAK SPACE}000", 1_200_000),
        ("12万", 120_000),
        ("1.2 万", 12_000),
        ("1,200万", 12_000_000),
        ("3亿", 300_000_000),
        ("3億", 300_000_000),
        ("１２００", 1200),
        ("１，２００", 1200),
        ("120k", 120_000),
        ("1.5M", 1_500_000),
        (" 7 ", 7),
        # These may mean two things, or none.
        ("1.200", "1.200"),
        ("1,20", "1,20"),
        ("1.23456万", "1.23456万"),
        ("5m", "5m"),
        ("约12万", "约12万"),
        ("十二万", "十二万"),
        ("-5", "-5"),
        ("12 or 13", "12 or 13"),
        ("10²", "10²"),
        (120.5, 120.5),
        (True, True),
    ],
)
def test_numbers_are_read_as_people_write_them(said: Any, read: Any) -> None:
    raw = sections.typed({"connections": [{"value": said, "what": {"zh": said}}]})
    assert raw == {"connections": [{"value": read, "what": {"zh": said}}]}
    assert type(raw["connections"][0]["value"]) is type(read)


@given(st.integers(0, 10**12))
def test_a_number_is_read_in_every_spelling(number: int) -> None:
    wide = str(number).translate({ord(digit): ord(digit) - 48 + 0xFF10 for digit in "0123456789"})
    for spelling in (str(number), f"{number:,}", f"{number:,}".replace(",", " "), wide, f"{number}.0000万"):
        factor = 10_000 if spelling.endswith("万") else 1
        assert sections.typed({"connections": [{"value": spelling}]}) == {
            "connections": [{"value": number * factor}]
        }


@pytest.mark.parametrize(
    ("said", "read"),
    [("yes", True), ("YES", True), ("是", True), ("no", False), ("否", False), ("perhaps", "perhaps")],
)
def test_answers_are_read(said: str, read: Any) -> None:
    assert sections.typed({"right_to_publish": said}) == {"right_to_publish": read}


@pytest.mark.parametrize(("said", "read"), [("1,200.50", "1200.50"), ("３５", "35"), ("35", "35"), ("3万", "3万")])
def test_amounts_are_read(said: str, read: str) -> None:
    raw = sections.typed({"replicability": {"cost_per_connection": {"amount": said}}})
    assert raw == {"replicability": {"cost_per_connection": {"amount": read}}}


def test_blanks_go_and_places_in_a_list_stay() -> None:
    typed = {
        "title": {"zh": "水表", "en": "  "},
        "place": {"text": {"zh": ""}},
        "sectors": ["", "a", None],
        "connections": [{"value": 0}, {"what": {"zh": " "}}, {"source": False}, {}, None],
    }
    assert sections.tidy(typed) == {
        "title": {"zh": "水表"}, "sectors": ["a"], "connections": [{"value": 0}, {}, {"source": False}],
    }  # fmt: skip


def test_where_two_contents_differ() -> None:
    old = {"title": {"zh": "a"}, "connections": [{"value": 1}, {"value": 2}], "sectors": ["x"]}
    new = {"title": {"zh": "a", "en": "b"}, "connections": [{"value": 1}, {"value": "2"}, {"kind": "y"}]}
    assert sections.changes(old, new) == ["title.en", "connections.1.value", "connections.2.kind", "sectors.0"]
    assert sections.changes(new, copy.deepcopy(new)) == []
    assert sections.changes({"title": "text"}, {"title": {"zh": "text"}}) == ["title"]


@pytest.mark.parametrize(
    ("path", "named", "open_"),
    [("place.text.zh", ["place"], True), ("place", ["place.text"], False), ("placed", ["place"], False)],
)
def test_a_part_of_a_named_field_is_named(path: str, named: list[str], open_: bool) -> None:
    assert sections.covered(path, named) is open_


class TestTrouble:
    def test_an_empty_draft_lacks_what_the_schema_requires(self) -> None:
        lacking = {
            name: [mistakes.MISSING] for name in ("title", "summary", "sectors", "place", "parties", "sections")
        }
        assert sections.trouble({}) == lacking

    def test_a_whole_document_has_none(self) -> None:
        document = make.document()
        del document["code"], document["origin"]
        assert sections.trouble(document) == {}
        assert sections.trouble({**document, "origin": "demo"}) == {}

    def test_each_mistake_stands_at_its_field_in_our_words(self) -> None:
        count = {**make.count(), "value": "about 12", "due": "soon", "source": 4}
        assert trouble(
            title={"zh": "长" * 121},
            sectors=["a"] * 7,
            place={"country": "GB", "provinces": ["44"], "text": {"zh": "伦敦"}},
            connections=[count],
            migration={"from": ["5g"]},
            right_to_publish="perhaps",
            contact={"name": "王", "email": "wang"},
        ) == {
            "title.zh": ["At most 120 characters; these are 121."],
            "sectors": ["At most 6 entries; these are 7."],
            "place.provinces": ["Only places in China have provinces: choose China as the country."],
            "connections.0": ["There is no source 4; the case lists 0."],
            "connections.0.value": ["Write a whole number, such as 120000 or 12万."],
            "connections.0.due": ["Write a date as YYYY, YYYY-MM or YYYY-MM-DD, from 1800 to 2199."],
            "migration.from.0": ["Choose one of the values that are offered."],
            "right_to_publish": ["Answer yes or no."],
            "contact.email": ["Write an e-mail address, such as name@example.org."],
        }

    def test_nobody_verifies_his_own_count(self) -> None:
        verified = make.count(kind="online", verified={"on": "2026-01", "by": "verifier"})
        document = make.document(origin=None, code=None, connections=[verified])
        assert sections.trouble(document) == {
            "connections": [Text("A number becomes verified by a verification, not by its owner.")]
        }

    def test_limits_are_told_with_their_numbers(self) -> None:
        assert trouble(connections=[{**make.count(source=None), "value": 10**13}]) == {
            "connections.0.value": ["Write a number from 0 to 1,000,000,000,000."]
        }

    def test_the_table_knows_every_sentence_of_the_schema(self) -> None:
        """Of our own rules, and of the kinds of fields and limits that marshmallow brings."""
        ours = [sentence for module in (schemas, field_rules) for sentence in _raised(Path(str(module.__file__)))]
        assert len(ours) > 8
        brought = [
            message.format(min=1, max=2)
            for message in (validate.Length.message_all, validate.Length.message_max, validate.Length.message_min)
        ]
        for field in (*_fields(CaseDocument()), sections.fields.Field()):
            wanted = ("required", "null", "invalid", "special", "too_large")
            brought += [field.error_messages[kind] for kind in wanted if kind in field.error_messages]
        unknown = [said for said in ours + brought if mistakes.sentence(said) == mistakes.FORM]
        # Of collected cases; of nestings that refuse() lets nobody type.
        assert {said for said in unknown if "numbered" not in said} == {
            "A collected case names its source.",
            "A figure without a source is not shown: name the source.",
            "Not a valid string.",
            "Not a valid list.",
        }

    def test_the_words_take_what_they_are_given(self) -> None:
        for _, text in mistakes.WORDS:
            places = dict.fromkeys(("most", "count", "least", "cited", "known"), "7")
            assert "%(" not in voice("zh").say(Text(text.id, places))


def _raised(path: Path) -> list[str]:
    """The sentences that a module raises as errors of validation, with 1 in their places."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ValidationError":
            sentence = node.args[0]
            if isinstance(sentence, ast.Constant):
                found.append(str(sentence.value))
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values]
            if " " in "".join(parts):
                found.append("".join(parts))
    return [sentence for sentence in found if sentence.endswith(".")]


def _fields(schema: Any) -> list[Any]:
    found = []
    for field in schema.fields.values():
        found.append(field)
        inner = field.inner if isinstance(field, sections.fields.List) else field
        found += [inner, *(_fields(inner.schema) if isinstance(inner, sections.fields.Nested) else [])]
    return found
