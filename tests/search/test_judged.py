"""The judged set: is it sound, and does search answer it as well as it did before?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import judged_library
import judging
import pytest
from judging import Answer, Asked

# Split → precision@10, recall and nDCG@10 that no change may fall below, over all queries.
FLOORS = {"tune": (0.97, 0.94, 0.94), "held": (0.91, 0.9, 0.88)}

# Class → the same three, over both splits.
CLASS_FLOORS = {
    "chinese": (0.98, 0.89, 0.9),
    "english": (0.94, 0.83, 0.84),
    "cross-language": (0.94, 0.88, 0.89),
    "mixed": (0.92, 0.9, 0.89),
    "pinyin": (0.97, 0.95, 0.95),
    "typos": (0.87, 0.87, 0.85),
    "negatives": (1.0, 1.0, 1.0),
    "traps": (0.92, 0.92, 0.9),
    "numbers": (0.96, 0.98, 0.97),
    "names": (0.98, 0.98, 0.97),
    "query-language": (0.98, 0.97, 0.97),
    "synonyms": (0.96, 0.98, 0.94),
}

# Split → queries that may find a case that must not come.
FORBIDDEN = {"tune": 0, "held": 2}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    """The index, and what is true of every case in it. Built once: it takes seconds."""
    return judged_library.build(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="session")
def facts(library: tuple[Any, dict[str, Any]]) -> dict[str, Any]:
    return library[1]


@pytest.fixture(scope="session")
def asked(facts: Mapping[str, Any]) -> list[Asked]:
    return judging.queries(facts)


@pytest.fixture(scope="session")
def answers(library: tuple[Any, dict[str, Any]], asked: list[Asked]) -> list[Answer]:
    index, facts = library
    return list(judging.answers(index, asked, of=len(facts)))


def test_every_case_is_in_the_index(library: tuple[Any, dict[str, Any]]) -> None:
    index, facts = library
    hits = index.search(judging.Query(per_page=2 * len(facts)))
    assert sorted(hit.key for hit in hits.items) == sorted(facts)


def test_the_set_is_large_and_a_third_is_held_back(asked: list[Asked]) -> None:
    assert len(asked) >= 120
    assert len({each.text for each in asked}) == len(asked)
    assert {each.split for each in asked} == {"tune", "held"}
    classes, held = Counter(each.kind for each in asked), Counter(e.kind for e in asked if e.split == "held")
    assert classes.keys() == CLASS_FLOORS.keys()
    assert min(classes.values()) >= 8
    assert all(abs(held[kind] - classes[kind] / 3) < 1 for kind in classes)


def test_both_languages_ask_and_are_asked(asked: list[Asked], facts: Mapping[str, Any]) -> None:
    han = [any("\u4e00" <= char <= "\u9fff" for char in each.text) for each in asked]
    assert min(sum(han), len(han) - sum(han)) > len(asked) / 4
    told = Counter(fact["speaks"] for fact in facts.values() if "speaks" in fact)
    assert min(told["zh"], told["en"], told["zh+en"]) >= 30


def test_every_class_but_the_negatives_has_something_to_find(asked: list[Asked]) -> None:
    assert all(bool(each.wanted) != (each.kind == "negatives") for each in asked if each.kind != "traps")
    assert any(each.wanted and each.never for each in asked if each.kind == "traps")


def test_a_case_is_never_both_wanted_and_forbidden(asked: list[Asked]) -> None:
    assert [each.text for each in asked if each.never.intersection(each.grades)] == []


@pytest.mark.parametrize("split", ["tune", "held"])
def test_answers_are_as_good_as_they_were(answers: list[Answer], split: str) -> None:
    some = [answer for answer in answers if answer.asked.split == split]
    of = judging.measured(some)
    told = "\n".join(judging.table(split, some))
    assert not below((of.precision, of.recall, of.ndcg), FLOORS[split]), told
    assert of.forbidden <= FORBIDDEN[split], told


@pytest.mark.parametrize("kind", CLASS_FLOORS)
def test_no_class_is_left_behind(answers: list[Answer], kind: str) -> None:
    some = [answer for answer in answers if answer.asked.kind == kind]
    of = judging.measured(some)
    told = "\n".join([*judging.table("both", some), *judging.failures(some)])
    assert not below((of.precision, of.recall, of.ndcg), CLASS_FLOORS[kind]), told


def below(rates: tuple[float, ...], floors: tuple[float, ...]) -> bool:
    return any(rate < floor for rate, floor in zip(rates, floors, strict=True))


def test_measures_of_a_known_answer() -> None:
    one = Asked("q", "traps", "tune", {"a": 3, "b": 2, "c": 1}, frozenset("z"))
    perfect = Answer(one, "abc")
    assert (perfect.precision, perfect.recall, perfect.ndcg, perfect.fails) == (1, 1, 1, False)
    poor = Answer(one, "xab")
    assert (poor.precision, poor.recall, poor.wrong, poor.fails) == (2 / 3, 1, ["x"], True)
    assert poor.ndcg == pytest.approx((7 / 1.585 + 3 / 2) / (7 + 3 / 1.585 + 1 / 2), abs=1e-3)
    late = Answer(one, [*"abccccccccccz"])
    assert (late.wrong, late.forbidden) == ([], ["z"])
    assert (Answer(one, "").precision, Answer(one, "").recall, Answer(one, "").ndcg) == (0, 0, 0)


def test_where_nothing_is_to_be_found_anything_found_is_wrong() -> None:
    nothing = Asked("q", "negatives", "held", {}, frozenset())
    right, wrong = Answer(nothing, ""), Answer(nothing, "x")
    assert (right.precision, right.recall, right.ndcg, right.forbidden) == (1, 1, 1, [])
    assert (wrong.precision, wrong.recall, wrong.ndcg, wrong.forbidden) == (0, 0, 0, ["x"])
    assert list(judging.failures([wrong])) == []  # what is held back is not told
