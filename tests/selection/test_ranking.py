"""The additive model: known answers, dense least squares, a textbook form, and its properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from library import cli
from library.errors import Invalid
from library.selection.ranking import Table, ranking, ranks
from library.selection.scores import Score, read

KNOWN = {"A": "88/90/86/-", "B": "85/87/-/70", "C": "80/-/79/66", "D": "-/84/83/69", "F": "82/83/81/-"}


def known() -> list[Score]:
    return [
        Score(case, f"E{number}", float(score))
        for case, line in KNOWN.items()
        for number, score in enumerate(line.split("/"), 1)
        if score != "-"
    ]


def values(found: dict[str, Any], rows: str, name: str) -> dict[str, Any]:
    return {row[rows.removesuffix("s")]: row[name] for row in found[rows]}


@pytest.mark.parametrize(
    ("penalty", "quality"),
    [
        (1, {"A": 85.33, "B": 81.24, "D": 79.52, "F": 79.33, "C": 76.24}),
        (0, {"A": 84.33, "B": 81.48, "D": 79.85, "F": 78.33, "C": 76.67}),
    ],
)
def test_the_known_answer(penalty: float, quality: dict[str, float]) -> None:
    found = ranking(known(), penalty=penalty)
    assert list(quality) == [row["case"] for row in found["cases"]]
    assert values(found, "cases", "calibrated") == pytest.approx(quality, abs=0.005)
    if penalty:
        severity = {"E1": -2.57, "E2": -3.71, "E3": -1.71, "E4": 8.00}
        assert values(found, "experts", "severity") == pytest.approx(severity, abs=0.005)
    assert values(found, "cases", "raw_rank") == {"A": 1, "B": 3, "C": 5, "D": 4, "F": 2}
    low_high = {row["case"]: (row["rank_low"], row["rank_high"]) for row in found["cases"]}
    assert low_high == {"A": (1, 1), "B": (2, 3), "C": (5, 5), "D": (3, 4), "F": (2, 4)}


def test_where_everybody_scores_everything_severity_is_the_distance_from_the_mean() -> None:
    """Closed form of the balanced design: n/(n + penalty) times the distance of an expert's mean."""
    table = {("A", "E1"): 90.0, ("A", "E2"): 80.0, ("B", "E1"): 70.0, ("B", "E2"): 66.0, ("C", "E1"): 77.0}
    table[("C", "E2")] = 75.0
    rows = [Score(*pair, score) for pair, score in table.items()]
    for penalty in (0.0, 1.0, 2.5):
        found = ranking(rows, penalty=penalty)
        far = (79 - 73.666666666) / 2 * 3 / (3 + penalty)
        assert values(found, "experts", "severity") == pytest.approx({"E1": -far, "E2": far}, abs=1e-5)
        assert values(found, "cases", "calibrated") == values(found, "cases", "raw") == {"A": 85, "B": 68, "C": 76}


def tables(least: int = 1) -> st.SearchStrategy[list[Score]]:
    pairs = st.tuples(st.sampled_from("ABCDEF"), st.sampled_from("UVWXYZ"))
    said = st.tuples(st.integers(0, 100), st.sampled_from([0.5, 1.0, 2.0]))
    drawn = st.dictionaries(pairs, said, min_size=least, max_size=30)
    return drawn.map(lambda found: [Score(*pair, float(score), weight) for pair, (score, weight) in found.items()])


def dense(rows: list[Score], penalty: float) -> tuple[Any, Any]:
    """The same by one least-squares fit of all unknowns, the penalty as further rows (an independent way)."""
    table = Table(rows)
    design = np.zeros((len(rows), len(table.cases) + len(table.experts)))
    for number, row in enumerate(rows):
        design[number, table.cases.index(row.case)] = 1
        design[number, len(table.cases) + table.experts.index(row.expert)] = -1
    root = np.sqrt([row.weight for row in rows])
    ridge = np.sqrt(penalty) * np.eye(design.shape[1])[len(table.cases) :]
    left = np.vstack((design * root[:, None], ridge))
    right = np.concatenate((root * [row.score for row in rows], np.zeros(len(table.experts))))
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    return found[: len(table.cases)], found[len(table.cases) :]


@given(tables(), st.sampled_from([0.1, 1.0, 7.0]))
def test_it_is_what_dense_least_squares_finds(rows: list[Score], penalty: float) -> None:
    fit, (quality, severity) = Table(rows).fit(penalty), dense(rows, penalty)
    assert fit.quality == pytest.approx(quality, abs=1e-6)
    assert fit.severity == pytest.approx(severity, abs=1e-6)


@given(tables())
def test_without_a_penalty_the_scores_are_met_as_well_as_dense_least_squares_meets_them(rows: list[Score]) -> None:
    """Only differences within a group of linked cases are determined then."""
    table = Table(rows)
    fit, (quality, severity) = table.fit(0), dense(rows, 0)
    for row in rows:
        case, expert = table.cases.index(row.case), table.experts.index(row.expert)
        assert fit.quality[case] - fit.severity[expert] == pytest.approx(
            quality[case] - severity[expert], abs=1e-6
        )
    for _, experts in table.groups:
        assert sum(fit.severity[table.experts.index(name)] for name in experts) == pytest.approx(0, abs=1e-6)


@settings(max_examples=40)
@given(tables(), st.sampled_from([0.0, 1.0]))
def test_leaving_an_expert_out_is_ranking_without_the_scores(rows: list[Score], penalty: float) -> None:
    table = Table(rows)
    for name, quality in zip(table.experts, table.without_each(penalty), strict=True):
        rest = [row for row in rows if row.expert != name]
        alone = Table(rest) if rest else None
        wanted = dict(zip(alone.cases, alone.fit(penalty).quality, strict=True)) if alone else {}
        found = {case: value for case, value in zip(table.cases, quality, strict=True) if not np.isnan(value)}
        assert found == pytest.approx(wanted, abs=1e-6)


@settings(max_examples=40)
@given(tables(), st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rows_nor_a_shift_of_all_scores_matters(rows: list[Score], chance: Any) -> None:
    mixed = chance.sample(rows, len(rows))
    assert ranking(mixed) == ranking(rows)
    higher = [Score(row.case, row.expert, row.score + 10, row.weight) for row in rows]
    assert ranking(higher)["cases"] == [
        {**row, "raw": pytest.approx(row["raw"] + 10), "calibrated": pytest.approx(row["calibrated"] + 10)}
        | ({"se": pytest.approx(row["se"], abs=1e-5)} if row["se"] is not None else {})
        for row in ranking(rows)["cases"]
    ]


def test_a_penalty_beyond_measure_leaves_the_raw_means() -> None:
    found = ranking(known(), penalty=1e9)
    assert values(found, "cases", "calibrated") == pytest.approx(values(found, "cases", "raw"), abs=1e-6)


def test_cases_that_no_expert_links_are_not_ranked_and_named() -> None:
    rows = [*known(), Score("G", "E8", 99), Score("H", "E8", 98)]
    found = ranking(rows)
    assert (found["ranked"], found["components"]) == (
        False,
        [
            {"cases": ["A", "B", "C", "D", "F"], "experts": ["E1", "E2", "E3", "E4"]},
            {"cases": ["G", "H"], "experts": ["E8"]},
        ],
    )
    assert {(row["rank"], row["raw_rank"], row["rank_low"], row["rank_high"]) for row in found["cases"]} == {
        (None, None, None, None)
    }
    assert values(found, "cases", "calibrated")["A"] == pytest.approx(85.333333)


def test_equal_values_share_the_better_place() -> None:
    given = np.array([80.0, 90.0, 80.0000004, np.nan, 70.0])
    assert ranks(given).tolist() == [2, 1, 2, 0, 4]


def restricted_deviance(rows: list[Score], penalty: float) -> float:
    """-2 log restricted likelihood of the mixed model, by its textbook form with the whole covariance matrix."""
    table = Table(rows)
    fixed = np.array([[row.case == case for case in table.cases] for row in rows], dtype=float)
    random = np.array([[row.expert == expert for expert in table.experts] for row in rows], dtype=float)
    score, weight = (np.array([getattr(row, name) for row in rows]) for name in ("score", "weight"))
    cover = np.diag(1 / weight) + random @ random.T / penalty
    inverse = np.linalg.inv(cover)
    middle = fixed.T @ inverse @ fixed
    project = inverse - inverse @ fixed @ np.linalg.inv(middle) @ fixed.T @ inverse
    freedom = len(rows) - len(table.cases)
    rest = score @ project @ score
    return float(np.linalg.slogdet(cover)[1] + np.linalg.slogdet(middle)[1] + freedom * np.log(rest))


def test_reml_finds_the_least_of_the_textbook_form() -> None:
    chance = np.random.default_rng(7)
    severity = chance.normal(0, 4, 12)
    rows = [
        Score(f"c{case}", f"e{expert:02}", 70 + case % 9 - severity[expert] + chance.normal(0, 2), 1 + case % 2)
        for case in range(40)
        for expert in chance.choice(12, 4, replace=False)
    ]
    found = Table(rows).reml()
    assert 0.1 < found < 1, "residual 4 over severity 16, about"
    best = restricted_deviance(rows, found)
    assert all(best <= restricted_deviance(rows, found * factor) for factor in (0.5, 0.98, 1.02, 2))
    assert ranking(rows, penalty=None)["penalty"] == pytest.approx(found, abs=1e-6)


def test_the_errors_say_how_far_the_values_are_from_the_truth() -> None:
    """Over many draws the distance from the truth, in standard errors, has a variance of about one."""
    chance = np.random.default_rng(3)
    far = []
    for _ in range(60):
        severity = chance.normal(0, 4, 8)
        severity -= severity.mean()
        rows = [
            Score(f"{case:02}", f"{expert}", 70 + case - severity[expert] + chance.normal(0, 4))
            for case in range(12)
            for expert in chance.choice(8, 4, replace=False)
        ]
        fit = Table(rows).fit(1.0)
        assert fit.quality_error is not None
        far += list((fit.quality - 70 - np.arange(12)) / fit.quality_error)
    assert 0.8 < np.std(far) < 1.2


# The table and the command


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty."),
        ("case,expert,score\n\n", "The file has no scores."),
        (
            "case,expert\nA,B\n",
            "The first line must name the columns case, expert, score and, if you like, weight.",
        ),
        ("case,expert,score\nA,E1,good\n", "Line 2: the score good is no number."),
        ("case,expert,score\nA,E1,nan\n", "Line 2: the score nan is no number."),
        ("case,expert,score\nA,E1,1_0\n", "Line 2: the score 1_0 is no number."),
        ("case,expert,score\nA,E1,1\nA,E1,1\n", "Case A has two scores of expert E1; leave one of them."),
        ("case,expert,score,weight\nA,E1,1,0\n", "Line 2: the weight must be a number above zero."),
        ("case,expert,score\n,E1,1\n", "Line 2 names no case or no expert."),
        ("case,expert,score\nA,E1\n", "Line 2 has 2 cells instead of 3."),
        ('case,expert,score\n"A,E1,1\n', "Line 2 is no CSV."),
        ("case,expert,score\nA,E1,1\n".encode("utf-16"), "The file is no text in UTF-8."),
    ],
)
def test_a_table_that_cannot_be_read_is_told(tmp_path: Path, text: str | bytes, said: str) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Invalid) as refused:
        read(content)
    assert str(refused.value.text) == said
    file = tmp_path / "scores.csv"
    file.write_bytes(content)
    told = CliRunner().invoke(cli.main, ["rank", str(file)])
    assert (told.exit_code, told.stderr) == (2, f"scores.csv: {said}\n")


def test_the_command_prints_what_the_ranking_is(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    lines = [f"{row.expert},{row.score},{row.case}" for row in reversed(known())]
    file.write_text("\ufeffexpert,score,case\r\n" + "\r\n".join(lines))
    for words, penalty in (([], 1.0), (["--penalty", "0"], 0.0), (["--penalty", "reml"], None)):
        told = CliRunner().invoke(cli.main, ["rank", str(file), "--json", *words])
        assert (told.exit_code, json.loads(told.output)) == (0, ranking(known(), penalty=penalty))
    told = CliRunner().invoke(cli.main, ["rank", str(file)])
    assert told.output.splitlines()[0].split() == ["1", "(1-1)", "85.33", "raw", "88.00", "A"]
    for wrong in ("-1", "nan", "inf", "x"):
        assert CliRunner().invoke(cli.main, ["rank", str(file), "--penalty", wrong]).exit_code == 2
