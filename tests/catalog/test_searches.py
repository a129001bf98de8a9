"""What readers search for: counted by the day, without the person, off the reader's way, and shown to officers."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path

import make
import pytest
from flask.testing import FlaskClient
from sites import Site
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from library import web
from library.catalog import asked_for
from library.catalog.asked_for import Line, Tally, day_of, report, tidied
from library.catalog.models import Opened, Searched
from library.db import Database
from library.policy import SYSTEM, VISITOR, Actor

# A day of its own: another site of the same test database may still be writing what was searched for today.
DAY = dt.datetime(2031, 3, 1, 9, tzinfo=dt.UTC)
OFFICER = Actor("officer:1", roles=frozenset({"officer"}))
RESULTS = "http://localhost/search?q="


def searched(
    database: Database, words: str, *, now: dt.datetime = DAY, found: int = 1, widened: bool = False
) -> None:
    tally = Tally(database, pause=None)
    tally.searched(words, "zh", now=now, found=found, widened=widened)
    tally.flush()


def lines(database: Database, since: dt.datetime = DAY, actor: Actor = OFFICER) -> list[Line]:
    with database.reading() as session:
        return report(session, actor, since=since.date())


# What may be kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Water   METER ", "water meter"),
        ("ＮＢ－IoT", "nb-iot"),
        ("窄帶物聯網", "窄带物联网"),
        ("120 000 meters", "120 000 meters"),
        ("connections:>=100000", "connections:>=100000"),
        ("x" * 60, "x" * 60),
        ("x" * 61, None),
        ("", None),
        (" \u200b ", None),
        ("li.ming@example.org", None),
        ("li.ming＠example.org", None),
        ("13800138000", None),
        ("１３８００１３８０００", None),
        ("李明 138 0013 8000", None),
        ("+86 (138) 0013-8000", None),
        ("11010519491231002X", None),
    ],
)
def test_words_are_folded_and_what_may_name_a_person_is_not_kept(typed: str, kept: str | None) -> None:
    assert tidied(typed) == kept


@pytest.mark.parametrize("table", [Searched, Opened])
def test_a_row_has_no_place_for_a_person_or_an_hour(table: type[Searched] | type[Opened]) -> None:
    columns = set(table.__table__.columns.keys())
    assert columns <= {"day", "words", "lang", "code", "times", "in_vain", "widened"}
    assert day_of(dt.datetime(2031, 3, 1, 17, tzinfo=dt.UTC)) == "2031-03-02"  # midnight is Shanghai's


def test_the_database_refuses_more_outcomes_than_searches(session: Session) -> None:
    session.add(Searched(day="2031-03-01", words="x", lang="zh", times=1, in_vain=1, widened=1))
    with pytest.raises(IntegrityError):
        session.flush()


# Counting


def test_counts_of_several_processes_add_up(database: Database) -> None:
    first, second = Tally(database, pause=None), Tally(database, pause=60)
    for tally in (first, second):
        tally.searched("水表", "zh", now=DAY, found=12, widened=False)
        tally.searched("水表", "en", now=DAY, found=12, widened=False)
        tally.searched("火星", "zh", now=DAY, found=0, widened=False)
        tally.searched("shuibiao", "zh", now=DAY, found=12, widened=True)
        tally.opened("水表", "zh", "MIOT-P-0001", now=DAY)
    second.opened("水表", "zh", "MIOT-P-0002", now=DAY)
    second.opened("水表", "zh", "MIOT-P-0002", now=DAY)
    first.flush()
    assert [line.searches for line in lines(database)] == [1, 1, 1, 1]
    second.flush()
    second.flush()
    assert lines(database) == [
        Line("火星", "zh", searches=2, in_vain=2),
        Line("shuibiao", "zh", searches=2, widened=2),
        Line("水表", "en", searches=2),
        Line("水表", "zh", searches=2, opened={"MIOT-P-0001": 2, "MIOT-P-0002": 2}),
    ]


def test_the_report_adds_days_up_and_begins_where_it_is_asked_to(database: Database) -> None:
    later = DAY + dt.timedelta(days=2)
    for now in (DAY, later):
        searched(database, "水表", now=now)
    assert [line.searches for line in lines(database)] == [2]
    assert [line.searches for line in lines(database, since=later)] == [1]
    assert lines(database, since=later + dt.timedelta(days=1)) == []


@pytest.mark.parametrize("role", ["recommender", "expert", "verifier", "investor"])
def test_only_officers_and_the_system_read_it(database: Database, role: str) -> None:
    searched(database, "水表")
    for actor in (VISITOR, Actor("person:1", organisation=1), Actor("person:1", roles=frozenset({role}))):
        assert lines(database, actor=actor) == []
    for name in ("officer", "approver", "administrator", "system"):
        assert len(lines(database, actor=Actor(name, roles=frozenset({name})))) == 1


def test_it_is_written_by_itself_after_a_while(database: Database) -> None:
    Tally(database, pause=0.01).searched("水表", "zh", now=DAY, found=1, widened=False)
    deadline = time.monotonic() + 10
    while not lines(database) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [line.words for line in lines(database)] == ["水表"]


def test_a_database_that_is_busy_costs_the_counts_and_nothing_else(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "unit", busy)
        searched(sqlite, "火星")
    searched(sqlite, "水表")
    assert [line.words for line in lines(sqlite)] == ["水表"]


def test_no_flood_of_words_fills_memory_or_table(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked_for, "MOST_WAITING", 5)
    monkeypatch.setattr(asked_for, "MOST_A_DAY", 3)
    tally = Tally(database, pause=None)
    for number in range(20):
        tally.searched(f"word{number:02}", "en", now=DAY, found=0, widened=False)
    tally.searched("word00", "en", now=DAY, found=0, widened=False)  # known, so it still counts
    tally.flush()
    for word in ("word01", "word99"):
        tally.searched(word, "en", now=DAY, found=1, widened=False)
    tally.flush()
    with database.reading() as session:
        kept = session.execute(
            select(Searched.words, Searched.lang, Searched.times).order_by(Searched.words)
        ).all()
    assert [tuple(row) for row in kept if row.words.startswith("word")] == [
        ("word00", "en", 2),
        ("word01", "en", 2),
        ("word02", "en", 1),
    ]


def test_the_worker_forgets_after_a_year(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    tally = Tally(database, pause=None)
    for days in (0, 364, 366):
        now = DAY - dt.timedelta(days=days)
        tally.searched(f"{days} days ago", "en", now=now, found=1, widened=False)
        tally.opened(f"{days} days ago", "en", "MIOT-P-0001", now=now)
    tally.flush()
    site.work(DAY)
    with database.reading() as session:
        for table in (Searched, Opened):
            rows = session.scalars(select(table.words).where(table.words.like("% days ago")).order_by(table.day))
            assert rows.all() == ["364 days ago", "0 days ago"]


# Noting what goes over the door


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    """Which requests count is not the database's; the tests above count on both."""
    site = Site(sqlite, tmp_path)
    site.app.extensions["tally"].pause = None
    for title in ("智能水表", "智能路灯"):
        site.add(title={"zh": title, "en": "A case"}, sectors=["manufacturing"])
    site.work()
    return site


def told(site: Site) -> list[Line]:
    site.app.extensions["tally"].flush()
    return lines(site.database, since=make.NOW - dt.timedelta(days=3650))


def test_words_that_are_sent_off_count_with_their_outcome(site: Site) -> None:
    client = site.client("zh")
    for words in ("水表", "  水表 ", "火星探测器"):
        assert client.get("/search", query_string={"q": words}).status_code == 200
    client.get("/search?q=水表&lang=&sort=&sector=")  # a form sends its empty fields too
    assert told(site) == [
        Line("火星探测器", "zh", searches=1, in_vain=1),
        Line("水表", "zh", searches=3),
    ]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/search", {}),
        ("/search?q=", {}),
        ("/search?q=水表&page=1", {}),
        ("/search?q=水表&sort=title", {}),
        ("/search?q=水表&network=nb-iot", {}),
        ("/search?q=13800138000", {}),
        ("/search?q=水", {"X-Requested-With": "typing"}),
        ("/search?q=水表", {"Sec-Purpose": "prefetch"}),
        ("/api/v1/cases?q=水表", {}),
        ("/search.csv?q=水表", {}),
        ("/search?q=" + "水" * 401, {}),
    ],
)
def test_what_is_no_search_of_a_reader_does_not_count(site: Site, address: str, headers: dict[str, str]) -> None:
    site.client().get(address, headers=headers)
    assert told(site) == []


def test_a_head_request_does_not_count(site: Site) -> None:
    assert site.client().head("/search?q=水表").status_code == 200
    assert told(site) == []


def opened(client: FlaskClient, came: str, code: str = "MIOT-P-0001") -> int:
    return client.get(f"/cases/{code}", headers={"Referer": came} if came else {}).status_code


def test_a_case_that_is_opened_from_our_results_counts_for_their_words(site: Site) -> None:
    client = site.client("zh")
    assert opened(client, RESULTS + "%E6%B0%B4%E8%A1%A8&page=2&network=nb-iot") == 200
    assert opened(client, RESULTS + "%E6%B0%B4%E8%A1%A8") == 200
    assert told(site) == [Line("水表", "zh", opened={"MIOT-P-0001": 2})]


@pytest.mark.parametrize(
    "came",
    [
        "",
        "http://elsewhere.example/search?q=meter",
        "http://localhost/search",
        "http://localhost/sectors/metering?q=meter",
        RESULTS + "li.ming%40example.org",
        "http://[",
    ],
)
def test_a_case_that_is_opened_from_elsewhere_counts_for_nothing(site: Site, came: str) -> None:
    assert opened(site.client(), came) == 200
    assert told(site) == []


def test_a_case_that_is_not_shown_is_not_opened(site: Site) -> None:
    hidden = site.add(state="archived")
    assert opened(site.client(), RESULTS + "meter", hidden) == 410
    assert told(site) == []


def test_a_search_writes_nothing_before_it_is_answered(site: Site) -> None:
    site.client().get("/search?q=水表")
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Searched)) == 0
    assert [line.words for line in told(site)] == ["水表"]


# Showing it


def seen(site: Site, **where: str) -> tuple[int, str]:
    answer = site.client().get("/searches", **where)
    return answer.status_code, answer.get_data(as_text=True)


def test_the_page_is_for_officers_and_for_this_machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.client().get("/search?q=火星探测器")
    opened(site.client(), RESULTS + "meter")
    told(site)
    status, page = seen(site)
    assert status == 200
    assert page.index("火星探测器") < page.index("meter</a>") < page.index(">MIOT-P-0001</a> × 1")
    elsewhere = {"base_url": "https://library.example", "environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    status, page = seen(site, **elsewhere)
    assert (status, "火星探测器" in page) == (404, False)
    monkeypatch.setattr(web, "actor", lambda: OFFICER)
    status, page = seen(site, **elsewhere)
    assert (status, "火星探测器" in page) == (200, True)


def test_the_page_says_that_there_is_nothing_yet(site: Site) -> None:
    assert "Nothing has been searched for yet." in seen(site)[1]


def test_the_command_line_tells_the_same(site: Site) -> None:
    site.client().get("/search?q=火星探测器")
    opened(site.client(), RESULTS + "meter")
    told(site)
    assert site.command("searches").output.splitlines() == [
        "searches  in vain  widened  words -> opened cases",
        "       1        1        0  火星探测器 (en)",
        "       0        0        0  meter (en) -> MIOT-P-0001 x 1",
    ]
    whole = json.loads(site.command("searches", "--json", "--days", "7").output)
    assert whole["days"] == 7
    assert whole["words"][1]["opened"] == {"MIOT-P-0001": 1}
    assert site.command("searches", "--days", "0").exit_code == 2


def test_the_system_reads_it_too(site: Site) -> None:
    searched(site.database, "水表")
    assert lines(site.database, actor=SYSTEM) == lines(site.database)
