"""Formal rules: what each check says of what was typed, and what an officer may write as a rule."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any

import handed_in
import hypothesis.strategies as st
import make
import pytest
from hypothesis import given
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import operations, queries, rules
from library.catalog.draft_models import CHECKS, FormalRule
from library.catalog.rules import RuleForm, RulesShape, evaluate
from library.config import ROOT
from library.db import unit
from library.events import since
from library.policy import SYSTEM

TODAY = dt.date(2026, 11, 22)
PACKAGED = json.loads((ROOT / "seed_cases/rules.json").read_text(encoding="utf-8"))
TEXT = {"zh": "规则。", "en": "A rule."}


def rule(check: str, field: str, level: str = "block", **params: Any) -> Any:
    said = {"code": "a-rule", "check": check, "field": field, "params": params, "level": level, "text": TEXT}
    return SimpleNamespace(**RuleForm().load(said))


def finding(check: str, field: str, document: dict[str, Any], **params: Any) -> rules.Finding:
    [found] = evaluate([rule(check, field, **params)], document, today=TODAY)
    return found


def met(check: str, field: str, document: dict[str, Any], **params: Any) -> bool:
    return finding(check, field, document, **params).met


def counts(*items: dict[str, Any]) -> dict[str, Any]:
    return {"connections": list(items)}


@pytest.mark.parametrize(
    ("document", "there"),
    [
        ({"title": {"zh": "水表"}}, True),
        ({"title": {"zh": "  \n"}}, False),
        ({"title": {"en": "Meters"}}, False),
        ({"title": "水表"}, False),
        ({}, False),
    ],
)
def test_present(document: dict[str, Any], there: bool) -> None:
    assert met("present", "title.zh", document) is there


def test_no_is_an_answer_and_so_is_nought() -> None:
    assert met("present", "right_to_publish", {"right_to_publish": False})
    assert met("present", "connections.*.value", counts({"value": 0}))


@pytest.mark.parametrize(
    ("field", "text", "length"),
    [
        ("title.zh", "智能 水表\n改造", 6),  # blanks do not count
        ("title.zh", "NB-IoT水表", 8),
        ("title.en", "Smart water  meters", 3),
        ("title.en", "", 0),
    ],
)
def test_chinese_is_measured_in_characters_and_english_in_words(field: str, text: str, length: int) -> None:
    document = {"title": {field[-2:]: text}}
    assert met("max_length", field, document, at_most=max(length, 1))
    assert not met("min_length", field, document, at_least=length + 1)
    if length:
        assert met("min_length", field, document, at_least=length)
        assert length == 1 or not met("max_length", field, document, at_most=length - 1)


def test_the_finding_names_the_first_place_that_breaks_the_rule() -> None:
    document = {"sections": [{"text": {"zh": "长" * 50}}, {"text": {"zh": "短"}}, {"text": {}}]}
    found = finding("min_length", "sections.*.text.zh", document, at_least=50)
    assert (found.met, found.field, found.section, found.text) == (False, "sections.1.text.zh", "story", TEXT)
    document["sections"] = document["sections"][:1]
    found = finding("min_length", "sections.*.text.zh", document, at_least=50)
    assert (found.met, found.field, found.section) == (True, "sections", "story")


def test_items_are_counted_all_or_those_that_say_something() -> None:
    document = {"sections": [{"kind": "solution"}, {"kind": "results"}, {"kind": "results"}, "nonsense"]}
    assert met("min_items", "sections", document, at_least=4)
    assert not met("min_items", "sections", document, at_least=5)
    results = {"field": "kind", "among": ["results"]}
    assert met("min_items", "sections", document, at_least=2, of=results)
    assert not met("min_items", "sections", document, at_least=3, of=results)
    assert not met("min_items", "sections", {}, at_least=1)


@pytest.mark.parametrize(
    ("as_of", "young"),
    [
        ("2024-11-22", True),
        ("2024-11-21", False),
        ("2024-11", True),  # a month counts as its last day
        ("2024-10", False),
        ("2024", True),
        ("2023", False),
        ("2026-11-22", True),
        ("2026-11-23", False),  # a day to come
        ("2026-11", True),
        ("2026", True),
        ("2027", False),
        ("2024-02-30", False),
        ("last year", False),
        (2025, False),
        (None, True),  # that something must be said is another rule
    ],
)
def test_dates_grow_old(as_of: Any, young: bool) -> None:
    document = counts({"as_of": as_of} if as_of is not None else {})
    assert met("max_age_months", "connections.*.as_of", document, months=24) is young


def test_a_month_before_the_last_day_of_a_longer_month() -> None:
    [found] = evaluate(
        [rule("max_age_months", "as_of", months=1)], {"as_of": "2026-02-28"}, today=dt.date(2026, 3, 31)
    )
    assert found.met


@pytest.mark.parametrize(
    ("values", "total", "adds"),
    [
        ([60, 40], 100, True),
        ([60, 41], 100, False),
        ([60, "40"], 100, False),
        ([60, None], 60, False),
        ([], 1, True),
    ],
)
def test_numbers_add_to_a_number(values: list[Any], total: int, adds: bool) -> None:
    document = counts(*({"value": value} for value in values))
    assert met("sum_equals", "connections", document, of="value", total=total) is adds


def test_numbers_add_to_another_field() -> None:
    document: dict[str, Any] = {**counts({"value": 700}, {"value": 300}), "migration": {"count": 1000}}
    assert met("sum_equals", "connections", document, of="value", total_of="migration.count")
    document["migration"]["count"] = 999
    assert not met("sum_equals", "connections", document, of="value", total_of="migration.count")
    del document["migration"]
    assert not met("sum_equals", "connections", document, of="value", total_of="migration.count")


def test_a_file_of_the_kind_is_wanted() -> None:
    photo, permission = {"kind": "photo"}, {"kind": "permission"}
    assert not met("file_kind", "attachments", {"attachments": [photo]}, kinds=["permission"])
    assert met("file_kind", "attachments", {"attachments": [photo, permission]}, kinds=["permission"])
    wanted = {"kinds": ["permission", "photo"], "at_least": 2}
    assert met("file_kind", "attachments", {"attachments": [photo, permission]}, **wanted)
    assert not met("file_kind", "attachments", {"attachments": [photo, "x"]}, **wanted)


def test_one_of_says_nothing_of_what_is_missing_and_equals_does() -> None:
    for document, one_of, equals in (
        ({"data_level": "general"}, True, True),
        ({"data_level": "core"}, False, False),
        ({"data_level": ["general"]}, False, False),
        ({}, True, False),
    ):
        assert met("one_of", "data_level", document, choices=["general"]) is one_of
        assert met("equals", "data_level", document, value="general") is equals


def test_one_is_not_yes() -> None:
    assert met("equals", "right_to_publish", {"right_to_publish": True}, value=True)
    assert not met("equals", "right_to_publish", {"right_to_publish": 1}, value=True)
    assert not met("equals", "right_to_publish", {"right_to_publish": "yes"}, value=True)


def test_where_looks_at_what_stands_beside() -> None:
    stated = {"field": "kind", "among": ["stated"]}
    document = counts({"kind": "online"}, {"kind": "stated", "source": 1}, {"kind": "stated"})
    found = finding("present", "connections.*.source", document, where=stated)
    assert (found.met, found.field) == (False, "connections.2.source")
    assert met("present", "connections.*.source", counts({"kind": "online"}), where=stated)
    migrated = {"field": "from", "among": ["2g", "3g"]}
    assert met("present", "migration.count", {}, where=migrated)
    assert not met("present", "migration.count", {"migration": {"from": ["2g"]}}, where=migrated)


# The packaged rules


def packaged() -> list[Any]:
    return [SimpleNamespace(**said) for said in RulesShape().load(PACKAGED)["rules"]]


def unmet(document: dict[str, Any]) -> dict[str, str]:
    return {found.code: found.level for found in evaluate(packaged(), document, today=TODAY) if not found.met}


def test_a_whole_case_meets_all_packaged_rules_and_an_empty_one_hardly_any() -> None:
    whole = {name: value for content in handed_in.CONTENTS.values() for name, value in content.items()}
    whole["attachments"] = [{"kind": "permission"}]
    assert unmet(whole) == {}
    blocking = [code for code, level in unmet({}).items() if level == "block"]
    assert (len(packaged()), len(blocking)) == (28, 14)


@pytest.mark.parametrize(
    ("over", "broken"),
    [
        ({"data_level": "core"}, {"data-level-core": "block", "data-level-important": "warn"}),
        ({"data_level": "important"}, {"data-level-important": "warn"}),
        ({"right_to_publish": False}, {"right-to-publish": "block"}),
        ({"attachments": []}, {"permission-attached": "block"}),
        ({"masks": []}, {"masks-listed": "warn"}),
        ({"title": {"zh": "城南老城区智能水表改造"}}, {"title-english": "warn"}),
        ({"connections": []}, {"connections-given": "warn"}),
        ({"connections": [{"value": 1, "kind": "online", "as_of": "2024-10"}]}, {"connections-recent": "block"}),
        ({"connections": [{"value": 1, "kind": "planned", "as_of": "2024-10"}]}, {}),
        ({"connections": [{"value": 1, "kind": "stated", "as_of": "2026"}]}, {"connections-sourced": "block"}),
        ({"connections": [{"value": 1, "kind": "online"}]}, {"connections-dated": "block"}),
        ({"migration": {"from": ["2g"]}}, {"migration-counted": "warn"}),
    ],
)
def test_what_breaks_a_packaged_rule(over: dict[str, Any], broken: dict[str, str]) -> None:
    whole = {name: value for content in handed_in.CONTENTS.values() for name, value in content.items()}
    assert unmet({**whole, "attachments": [{"kind": "permission"}], **over}) == broken


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["zh", "en", "text", "kind", "as_of", "value", "from"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
FIELDS = sorted({said["field"].split(".")[0] for said in PACKAGED["rules"]})


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK))
def test_no_rule_fails_whatever_was_typed(document: dict[str, Any]) -> None:
    extra = rule("sum_equals", "connections", of="value", total=100)
    assert len(evaluate([*packaged(), extra], document, today=TODAY)) == 29


# What an officer may write


def test_every_check_of_the_database_is_there_and_no_other() -> None:
    assert tuple(rules.CHECK) == CHECKS


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"check": "eval"}, "check"),
        ({"level": "advise"}, "level"),
        ({"field": "titel.zh"}, "field"),
        ({"field": "title.fr"}, "field"),
        ({"field": "title.*"}, "field"),
        ({"field": "__class__"}, "field"),
        ({"text": {"zh": "规则。"}}, "text"),
        ({"params": {"at_least": "many"}}, "params"),
        ({"params": {}}, "params"),
        ({"params": {"at_least": 1, "code": "import os"}}, "params"),
        ({"params": {"at_least": 1, "where": {"field": "kind"}}}, "params"),
        ({"check": "sum_equals", "field": "connections", "params": {"total": 1, "total_of": "as_of"}}, "params"),
        ({"check": "sum_equals", "field": "connections", "params": {"total_of": "nowhere"}}, "params"),
        ({"check": "equals", "field": "status", "params": {"value": ["live"]}}, "params"),
        ({"check": "file_kind", "field": "attachments", "params": {"kinds": ["virus"]}}, "params"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(over: dict[str, Any], field: str) -> None:
    good = {"code": "a-rule", "check": "min_length", "field": "title.zh", "params": {"at_least": 1}}
    good |= {"level": "block", "text": TEXT}
    assert RuleForm().validate(good) == {}
    assert list(RuleForm().validate({**good, **over})) == [field]


def test_loading_twice_changes_nothing_and_what_was_edited_here_is_kept(session: Session) -> None:
    with unit(session):
        handed_in.rules(session)
    edited = session.scalars(select(FormalRule).where(FormalRule.code == "masks-listed")).one()
    with unit(session):
        edited.version, edited.level = 2, "block"
    again = RulesShape().load(PACKAGED)
    again["rules"][0]["level"] = "warn"
    with unit(session):
        operations.load_rules(session, SYSTEM, again, now=make.NOW)
    with unit(session):
        operations.load_rules(session, SYSTEM, again, now=make.NOW)
    found = {row.code: (row.level, row.version) for row in queries.rules(session)}
    assert (len(found), found["masks-listed"], found["title-chinese"]) == (28, ("block", 2), ("warn", 1))
    verbs = [event.verb for event in since(session, 0)]
    assert verbs == ["rule.load", "calendar.load", "rule.load"]
