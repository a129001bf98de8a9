"""The seed file: read like any other, complete in both languages, true to the rules of the domain."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.config import ROOT
from library.errors import Invalid
from library.policy import SYSTEM, VISITOR
from library.statistics import queries
from library.statistics.importer import FILE, import_statistics
from library.statistics.models import Point

SEED = ROOT / "seed_cases" / FILE


@pytest.fixture
def seeded(session: Session, now: dt.datetime) -> Session:
    import_statistics(session, SYSTEM, SEED, now=now)
    return session


def texts(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every bilingual text of the file with its path."""
    if isinstance(value, dict):
        if "en" in value or "zh" in value:
            yield path, value
        else:
            for key, inner in value.items():
                yield from texts(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from texts(inner, f"{path}.{place}")


def test_a_mistake_is_named_with_file_line_and_field(
    session: Session, whole: dict[str, Any], now: dt.datetime, tmp_path: Path
) -> None:
    whole["series"][1]["points"][0]["as_of"] = "December"
    path = make.file(tmp_path, whole, FILE)
    line = next(
        number
        for number, words in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "December" in words
    )
    with pytest.raises(Invalid) as refused:
        import_statistics(session, SYSTEM, path, now=now)
    [reason] = refused.value.reasons
    assert str(reason).startswith(f"statistics.json, line {line}, series.1.points.0.as_of: ")


def test_the_seed_loads_once(seeded: Session, now: dt.datetime) -> None:
    again = import_statistics(seeded, SYSTEM, SEED, now=now)
    assert (again.added, again.changed) == (0, 0)
    assert again.unchanged > 40


def test_the_seed_is_written_in_both_languages() -> None:
    found = list(texts(json.loads(SEED.read_text(encoding="utf-8"))))
    assert len(found) > 80
    incomplete = [path for path, text in found if not (text.get("en") and text.get("zh"))]
    assert incomplete == []
    without_chinese = {
        text["zh"] for path, text in found if not any("\u4e00" <= letter <= "\u9fff" for letter in text["zh"])
    }
    assert without_chinese == {"%", "zcqtz.com"}


def test_figures_without_a_source_are_kept_and_not_shown(seeded: Session) -> None:
    kept = {point.as_of: point for point in seeded.scalars(select(Point).where(~Point.shown))}
    assert sorted(kept) == ["2023-12", "2024-12"]
    shown = queries.series(seeded, VISITOR, queries.NATIONAL)["points"]
    assert len(shown) == 17
    assert not {point["as_of"] for point in shown} & set(kept)
    assert [point["as_of"] for point in shown if point["bound"] == "lower"] == ["2019-12", "2020-12"]


def test_the_present_target_is_the_later_notice(seeded: Session) -> None:
    found = queries.national(seeded, VISITOR)
    assert found is not None
    assert (found["latest"]["as_of"], found["latest"]["value"]) == ("2025-12", 2_888_000_000)
    aim = found["target"]
    assert (aim["value"], aim["bound"], aim["by"], aim["dated"]) == (
        3_600_000_000,
        "lower",
        "2027-12",
        "2024-09-11",
    )
    aims = {one["code"]: one for one in queries.targets(seeded, VISITOR)}
    past = aims["connections-2023"]
    assert (past["value"], past["present"], past["dated"]) == (1_200_000_000, False, "2023-04-30")
    assert "history" in past["note"]["en"]
    assert {one["dated"] for one in aims.values() if one["present"]} == {"2024-09-11"}


def test_the_sector_split_is_part_of_the_total_and_below_it(seeded: Session) -> None:
    found = {one["code"]: one for one in queries.all_series(seeded, VISITOR)}
    total = {point["as_of"]: point["value"] for point in found[queries.NATIONAL]["points"]}
    parts = [one for one in found.values() if one["part_of"] == queries.NATIONAL]
    assert len(parts) == 5
    for month, count in (("2022-12", 4), ("2025-04", 5)):
        split = [point["value"] for one in parts for point in one["points"] if point["as_of"] == month]
        assert len(split) == count
        assert sum(split) < total[month]
