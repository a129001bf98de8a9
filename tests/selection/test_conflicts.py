"""Conflicts on record: a literal table of worlds and sentences, and the form for all pairs held against it."""

from __future__ import annotations

import datetime as dt
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from library.selection.conflicts import RULES, Party, Registry, Reviewer, Stay, barred, folded, found, last_day

TODAY = dt.date(2026, 12, 21)
NAMES = {
    1: ("青河水务有限公司", "Qinghe Water Co., Ltd."),
    2: ("青河集团有限公司", "Qinghe Group"),
    3: ("青河燃气有限公司",),
    4: ("白石通信股份有限公司",),
    5: ("示例省通信管理局",),
    6: ("南山大学", "Nanshan University"),
}
TIES = (("group", 1, 2), ("group", 2, 3), ("partner", 1, 4), ("partner", 2, 6))
REGISTRY = Registry(NAMES, TIES)
PARTY = Party(entry=1, applicant=1, recommender=5, named=("ＡＣＭＥ 模组（深圳）有限公司", "南山大學"))

# Where the expert is or was -> the rules that keep the expert away.
TABLE = [
    ([], []),
    ([Stay("青河水务有限公司", 1)], ["applicant"]),
    ([Stay("青河水务有限公司")], ["applicant"]),
    ([Stay("青河水務有限公司")], ["applicant"]),
    ([Stay("QINGHE　water co., ltd.")], ["applicant"]),
    ([Stay("青河水务")], []),
    ([Stay("青河水务股份有限公司")], []),
    ([Stay("青河水务有限公司", 1, "2026-12-21")], ["applicant"]),
    ([Stay("青河水务有限公司", 1, "2026-12-20")], ["former"]),
    ([Stay("青河水务有限公司", None, "2023")], ["former"]),
    ([Stay("青河水务有限公司", 1, "2023-12-21")], ["former"]),
    ([Stay("青河水务有限公司", 1, "2023-12-20")], []),
    ([Stay("青河水务有限公司", 1, "2023-11")], []),
    ([Stay("青河集团有限公司", 2)], ["group"]),
    ([Stay("青河燃气有限公司", 3)], ["group"]),
    ([Stay("青河燃气有限公司", 3, "2026-06")], []),
    ([Stay("白石通信股份有限公司", 4)], ["partner"]),
    ([Stay("acme模组(深圳)有限公司")], ["named"]),
    ([Stay("南山大学", 6)], ["named"]),
    ([Stay("Nanshan University")], []),
    ([Stay("示例省通信管理局", 5)], ["recommender"]),
    ([Stay("青河水务有限公司", 1, "2025"), Stay("白石通信股份有限公司"), Stay("无关单位")], ["former", "partner"]),
]


@pytest.mark.parametrize(("stays", "rules"), TABLE)
def test_the_table_of_conflicts(stays: list[Stay], rules: list[str]) -> None:
    expert = Reviewer(7, tuple(stays))
    assert [finding.rule for finding in found(expert, PARTY, REGISTRY, today=TODAY)] == rules
    assert barred([expert], [PARTY], REGISTRY, today=TODAY).tolist() == [[bool(rules)]]


def test_each_rule_stands_in_the_table_and_has_a_sentence_with_the_name() -> None:
    assert {rule for _, rules in TABLE for rule in rules} == set(RULES)
    said = found(Reviewer(7, (Stay("青河燃气有限公司"),)), PARTY, REGISTRY, today=TODAY)
    assert [str(finding.why) for finding in said] == [
        "The expert belongs to 青河燃气有限公司, which is in one group with the applicant."
    ]


def test_a_tie_counts_in_either_direction_and_groups_reach_on_but_partners_do_not() -> None:
    for ties in (TIES, tuple((kind, other, one) for kind, one, other in TIES)):
        registry = Registry(NAMES, ties)
        for stay, rule in ((Stay("", 3), ["group"]), (Stay("", 4), ["partner"]), (Stay("", 6), ["named"])):
            assert [each.rule for each in found(Reviewer(7, (stay,)), PARTY, registry, today=TODAY)] == rule
    elsewhere = Party(2, applicant=3, recommender=5)
    assert found(Reviewer(7, (Stay("", 4), Stay("", 6))), elsewhere, REGISTRY, today=TODAY) == []


def test_days_as_typed_and_names_as_compared() -> None:
    assert [last_day(said).isoformat() for said in ("2024", "2024-02", "2023-12", "2024-03-15")] == [
        *("2024-12-31", "2024-02-29", "2023-12-31", "2024-03-15")
    ]
    assert folded("ＡＢＣ 物聯網（北京）有限公司") == folded("abc物联网(北京)有限公司")
    assert folded("青河公司") != folded("青河有限公司")


WORDS = ("甲公司", "乙公司", "丙公司", "丁有限公司", "Ａ公司", "a公司", "戊")
numbers = st.integers(1, 6)
stays = st.builds(
    Stay,
    st.sampled_from(WORDS),
    st.none() | numbers,
    st.sampled_from([None, "2026-12-20", "2026-12-21", "2024", "2023-12-20", "2019"]),
)
worlds = st.tuples(
    st.lists(st.tuples(stays) | st.tuples(stays, stays) | st.just(()), min_size=1, max_size=5),
    st.lists(st.builds(Party, numbers, numbers, numbers, st.lists(st.sampled_from(WORDS), max_size=2).map(tuple))),
    st.dictionaries(numbers, st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple)),
    st.lists(st.tuples(st.sampled_from(["group", "partner"]), numbers, numbers), max_size=4).map(tuple),
)


@settings(max_examples=150)
@given(worlds)
def test_all_pairs_at_once_say_what_each_pair_says(world: tuple) -> None:  # type: ignore[type-arg]
    people, parties, names, ties = world
    experts = [Reviewer(place, tuple(each)) for place, each in enumerate(people)]
    registry = Registry(names, ties)
    one_by_one = [[bool(found(expert, party, registry, today=TODAY)) for expert in experts] for party in parties]
    assert barred(experts, parties, registry, today=TODAY).tolist() == one_by_one


def test_all_pairs_of_a_large_call_are_a_matter_of_a_second() -> None:
    """5 000 entries of 2 000 applicants, 300 experts with four stays each."""
    chance = np.random.default_rng(5)
    names = {number: (f"第{number}有限公司", f"Number {number} Ltd.") for number in range(2500)}
    ties = tuple(("group", int(a), int(b)) for a, b in chance.integers(0, 2500, (300, 2)))
    experts = [
        Reviewer(person, tuple(Stay(names[int(n)][0], int(n)) for n in chance.integers(0, 2500, 4)))
        for person in range(300)
    ]
    parties = [
        Party(entry, int(chance.integers(2000)), int(chance.integers(2400, 2500)), (f"第{entry % 999}有限公司",))
        for entry in range(5000)
    ]
    began = time.process_time()
    result = barred(experts, parties, Registry(names, ties), today=TODAY)
    assert time.process_time() - began < 3
    assert 0 < result.sum() < result.size / 10
