"""A case as a search document, and the follower that keeps the index level with the events."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import events, indexing
from library.catalog import importer, operations, taxonomy
from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.db import Database
from library.policy import SYSTEM
from library.workflow import step
from search import Document, Index, Query
from search.errors import IndexMissing

HERE = "here"


def document(session: Session, **over: Any) -> Document:
    """The search document of a case made for the occasion."""
    made = make.case(session, **over)
    session.flush()
    [found] = indexing.documents(session, ids=[made.id])
    return found


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def move(database: Database, code: str, verb: str, **given: Any) -> None:
    with database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == code)).one()
        step(FLOW, session, SYSTEM, case, verb, now=make.NOW, **given)


def add(database: Database, **over: Any) -> str:
    with database.unit() as session:
        return str(make.case(session, **over).code)


def found(index: Index, text: str = "") -> list[str]:
    return sorted(hit.key for hit in index.search(Query(text=text, per_page=100)).items)


def test_the_texts_of_a_case_in_both_languages(session: Session) -> None:
    one = document(
        session,
        standards=["GB/T 32960", "CJ/T 188"],
        outcomes=[{"text": {"zh": "漏损下降", "en": "Less leakage"}, "sources": [1]}],
        network_text={"zh": "窄带物联网", "en": "narrowband"},
    )
    assert one.text["title"] == {"en": "Smart water meters", "zh": "智能水表"}
    assert one.text["body"] == {
        "en": "Meters report daily.\nLess leakage.\nGB/T 32960; CJ/T 188.",
        "zh": "水表每日上报。\n漏损下降。\nGB/T 32960；CJ/T 188。",
    }
    assert one.text["party"] == {"en": "City Water", "zh": "城市水务"}
    assert one.text["sector"] == {"en": "Energy metering · Water metering", "zh": "能源表计 · 智能水表"}
    assert one.text["place"] == {"en": "Guangdong · Guangdong · China", "zh": "广东 · 广东 · 中国"}
    assert one.text["term"]["zh"] == "MIOT-P-0001 · NB-IoT · 边缘计算 · 窄带物联网"


def test_a_language_that_is_missing_is_lent_for_names_and_left_out_of_the_story(session: Session) -> None:
    one = document(
        session,
        title={"zh": "智能水表"},
        parties=[{"name": {"zh": "城市水务"}, "role": "owner"}],
        sections=[{"kind": "solution", "text": {"zh": "水表每日上报。"}, "sources": [1]}],
    )
    assert one.text["party"]["en"] == "城市水务"
    assert one.text["body"] == {"zh": "水表每日上报。", "en": ""}


def test_the_facets_of_a_case(session: Session) -> None:
    assert document(session).facets == {
        "direction": ("governance",),
        "sector": ("metering", "water-metering"),
        "technology": ("edge-computing",),
        "network": ("nb-iot",),
        "country": ("CN",),
        "province": ("44",),
        "scale": ("100k",),
        "status": ("live",),
        "year": ("2025",),
        "origin": ("collected",),
        "has": ("connections", "date", "place", "english", "sources"),
    }


@pytest.mark.parametrize(
    ("count", "scale", "ranked"),
    [
        (make.count(9_999), "0", 9_999),
        (make.count(1_000_000), "1m", 1_000_000),
        (make.count(5_000_000, kind="planned", due="2030"), "planned", None),
        (make.count(5_000_000, scope="operator"), "total", None),
        (None, "unknown", None),
    ],
)
def test_only_a_projects_own_figure_is_ranked(
    session: Session, count: Any, scale: str, ranked: int | None
) -> None:
    one = document(session, connections=[count] if count else [])
    assert (one.facets["scale"], one.numbers["connections"]) == ((scale,), ranked)


@pytest.mark.parametrize(
    ("as_of", "year", "date"),
    [
        ("2025", "2025", 20250000),
        ("2025-08", "2025", 20250800),
        ("2025-08-01", "2025", 20250801),
        (None, "unknown", None),
    ],
)
def test_dates_sort_however_exact_they_are(
    session: Session, as_of: str | None, year: str, date: int | None
) -> None:
    one = document(session, as_of=as_of, connections=[make.count(as_of=as_of)])
    assert (one.facets["year"], one.numbers["date"]) == ((year,), date)


@pytest.mark.parametrize(
    ("count", "boost"),
    [
        (None, 1.0),
        (make.count(999, as_of="2015"), 1.02),
        (make.count(1_000_000, as_of="2015"), 1.06),
        (make.count(1_000_000, as_of="2025-08"), 1.16),
        (make.count(1_000_000, as_of="2010"), 1.06),
        (make.count(1_000_000, as_of="2025", scope="operator"), 1.1),  # no figure of its own, but a recent one
        (make.count(999_999_999_999, as_of="2040"), 1.24),
    ],
)
def test_large_and_recent_cases_come_a_little_before_their_like(
    session: Session, count: Any, boost: float
) -> None:
    one = document(session, as_of=None, connections=[count] if count else [])
    assert one.boost == pytest.approx(boost)


def test_a_verified_figure_counts_twice() -> None:
    assert [indexing._boost(1_000_000, verified, None) for verified in (False, True)] == [1.06, 1.12]


def test_what_is_offered_while_somebody_types(session: Session) -> None:
    one = document(session)
    assert set(one.names) == {"sector", "organisation", "place", "word"}
    assert {"智能水表", "Water metering"} <= set(one.names["sector"])
    assert "NB-IoT" in one.names["word"]
    assert not any(one.key in names for names in one.names.values())


def test_invented_cases_rank_after_real_ones(session: Session) -> None:
    assert [document(session, origin=origin).rank_group for origin in ("collected", "demo")] == [0, 1]


def test_following_from_the_first_case_to_the_archive(database: Database, index: Index, now: dt.datetime) -> None:
    def follow() -> int:
        return indexing.follow(database, index, HERE, now=now)

    with pytest.raises(IndexMissing):
        index.check()
    first = add(database)
    assert (follow(), found(index), index.position) == (0, [first], 1)
    second = add(database, title={"en": "Kestrels", "zh": "红隼"})
    assert (follow(), found(index), index.position) == (1, [first, second], 2)
    assert follow() == 0

    changed = operations.SCHEMA.load(make.document(code=second, title={"en": "Ospreys", "zh": "鱼鹰"}))
    move(database, second, "case.revise", document=changed)
    move(database, first, "case.archive")
    assert follow() == 2
    assert (found(index), found(index, "kestrels"), found(index, "鱼鹰")) == ([second], [], [second])
    move(database, first, "case.restore")
    follow()
    assert found(index) == [first, second]


def test_whoever_handed_a_case_in_is_found_by_name_also_by_a_new_one(
    database: Database, index: Index, now: dt.datetime
) -> None:
    with database.unit() as session:
        owner = make.organisation(session, name_zh="隼鹰水务", state="verified", verified_at=now)
        make.case(session, origin="demo").owner_id = owner.id
    indexing.follow(database, index, HERE, now=now)
    assert found(index, "隼鹰水务") == ["DEMO-0001"]
    with database.unit() as session:
        session.get_one(make.Organisation, owner.id).name_zh = "苍鹭水务"
        events.record(session, SYSTEM, "organisation.edit", owner.subject, now=now)
    indexing.follow(database, index, HERE, now=now)
    assert (found(index, "隼鹰水务"), found(index, "苍鹭水务")) == ([], ["DEMO-0001"])


def test_events_of_others_move_the_index_on(database: Database, index: Index, now: dt.datetime) -> None:
    add(database)
    indexing.follow(database, index, HERE, now=now)
    with database.unit() as session:
        for number in range(3):
            events.record(session, SYSTEM, "report.answer", f"report:{number}", now=now)
    assert [indexing.follow(database, index, HERE, now=now) for _ in range(2)] == [3, 0]
    assert index.position == 4


def test_a_change_of_the_taxonomy_reaches_every_case(
    database: Database, index: Index, now: dt.datetime, tmp_path: Path
) -> None:
    code = add(database)
    indexing.follow(database, index, HERE, now=now)
    assert found(index, "hydrometry") == []
    whole = make.taxonomy_document()
    for term in whole["sectors"]:
        if term["code"] == "metering":
            term["title"] = {"en": "Hydrometry", "zh": "计量"}
    with database.unit() as session:
        importer.import_taxonomy(session, SYSTEM, make.file(tmp_path, whole, "taxonomy.json"), now=now)
        assert taxonomy.read(session).sectors["metering"].title["en"] == "Hydrometry"
    indexing.follow(database, index, HERE, now=now)
    assert found(index, "hydrometry") == [code]


def test_a_missed_switch_of_the_cursor_is_made_good(database: Database, index: Index, now: dt.datetime) -> None:
    """Killed between the index and the cursor, or the other way round: the events are followed again."""
    codes = [add(database), add(database)]
    indexing.follow(database, index, HERE, now=now)
    codes.append(add(database))
    with database.unit() as session:
        events.move_cursor(session, HERE, indexing.FOLLOWER, 3, now=now)
    indexing.follow(database, index, HERE, now=now)
    assert found(index) == codes
    with database.unit() as session:
        events.move_cursor(session, HERE, indexing.FOLLOWER, 0, now=now)
    assert indexing.follow(database, index, HERE, now=now) == 3
    assert found(index) == codes


def test_a_restored_database_that_came_to_the_same_number_again(
    sqlite: Database, index: Index, now: dt.datetime, tmp_path: Path
) -> None:
    """The number of the newest event says nothing then; only its hash tells the two chains apart."""
    kept = add(sqlite)
    sqlite.engine.dispose()
    shutil.copyfile(str(sqlite.engine.url.database), tmp_path / "backup.db")
    add(sqlite, title={"en": "Ghosts", "zh": "幽灵"})
    indexing.follow(sqlite, index, HERE, now=now)
    assert (len(found(index, "ghosts")), index.position) == (1, 2)

    restored = Database(f"sqlite:///{tmp_path}/backup.db")
    other = add(restored, title={"en": "Ospreys", "zh": "鱼鹰"})
    indexing.follow(restored, index, HERE, now=now)
    assert (found(index), found(index, "ghosts"), found(index, "ospreys")) == ([kept, other], [], [other])
    with restored.reading() as session:
        assert index.followed == events.head(session)
    last = add(restored)
    assert indexing.follow(restored, index, HERE, now=now) == 1, "and is followed from there, not built again"
    assert found(index) == [kept, other, last]
    restored.engine.dispose()


def test_an_empty_library_is_built_once(database: Database, index: Index, now: dt.datetime) -> None:
    indexing.follow(database, index, HERE, now=now)
    built = index._generations.current()
    indexing.follow(database, index, HERE, now=now)
    assert (index.followed, index._generations.current()) == ((0, events.START), built)


def test_more_events_than_one_batch(database: Database, index: Index, now: dt.datetime) -> None:
    code = add(database)
    indexing.follow(database, index, HERE, now=now)
    with database.unit() as session:
        for _ in range(600):
            events.record(session, SYSTEM, "report.answer", "report:1", now=now)
    move(database, code, "case.archive")
    assert [indexing.follow(database, index, HERE, now=now) for _ in range(3)] == [500, 101, 0]
    assert found(index) == []


def test_rebuilding_tells_how_far_it_is(database: Database, index: Index, now: dt.datetime) -> None:
    codes, told = [add(database) for _ in range(3)], []
    indexing.rebuild(database, index, HERE, now=now, progress=told.append)
    assert (found(index), told[-1]) == (codes, 3)
    with database.reading() as session:
        assert events.position(session, HERE, indexing.FOLLOWER) == index.position == 3
