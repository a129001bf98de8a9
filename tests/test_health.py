"""What machines that watch this one are told."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from sites import Site
from sqlalchemy import text

from library.db import Database
from library.worker import now

LINE = re.compile(
    r'^caselib_requests_total\{endpoint="([^"]+)",method="([^"]+)",status="(\d+)"\} ([\d.]+)$', re.MULTILINE
)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    site.add()
    return site


def test_all_is_well(site: Site) -> None:
    site.work()
    health = site.client().get("/healthz")
    assert (health.status_code, health.json) == (
        200,
        {"status": "ok", "database": "ok", "index": "ok", "worker": "ok"},
    )


def test_a_silent_worker_and_an_index_that_is_behind(site: Site) -> None:
    site.work(now() - dt.timedelta(minutes=2))
    site.add()
    health = site.client().get("/healthz")
    assert health.status_code == 503
    assert health.json == {"status": "unavailable", "database": "ok", "index": "building", "worker": "silent"}


def test_a_database_that_is_away(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/nowhere/library.db")
    health = Site(away, tmp_path).client().get("/healthz")
    assert (health.status_code, health.json["database"]) == (503, "unreachable")
    assert str(tmp_path) not in health.get_data(as_text=True)
    away.engine.dispose()


def test_a_database_without_tables(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/library.db")
    assert Site(empty, tmp_path).client().get("/healthz").json["database"] == "unreachable"
    empty.engine.dispose()


def test_metrics_are_for_this_machine_or_a_bearer_of_the_token(sqlite: Database, tmp_path: Path) -> None:
    closed, site = Site(sqlite, tmp_path), Site(sqlite, tmp_path, METRICS_TOKEN="t0ken", PROXIES="1")
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert closed.client().get("/metrics").status_code == 200
    assert closed.client().get("/metrics", environ_base=far).status_code == 404
    assert closed.client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404
    assert (
        closed.client().get("/metrics", environ_base=far, headers={"Authorization": "Bearer "}).status_code == 404
    )
    for forwarded in ("192.0.2.7", "127.0.0.1", "::1"):
        assert site.client().get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == 404
    for given, status in (
        ("Bearer t0ken", 200),
        ("Bearer t0ke", 404),
        ("Bearer t0ken2", 404),
        ("Bearer \xff", 404),
    ):
        answer = site.client().get("/metrics", environ_base=far, headers={"Authorization": given})
        assert answer.status_code == status, given


def test_metrics_count_answers_and_nothing_of_the_library(site: Site) -> None:
    client = site.client()

    def counted() -> dict[tuple[str, ...], float]:
        text = client.get("/metrics").get_data(as_text=True)
        assert not re.search(r"case|draft|entr", re.sub(r'endpoint="[^"]*"|caselib', "", text))
        return {(endpoint, method, status): float(value) for endpoint, method, status, value in LINE.findall(text)}

    before = counted()
    for _ in range(3):
        client.get("/about")
    client.get("/nowhere")
    for number in range(50):
        client.open("/about", method=f"STRANGE{number}")
    after = counted()
    gained = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    gained.pop(("health.metrics", "GET", "200"))
    assert gained == {("pages.about", "GET", "200"): 3, ("none", "GET", "404"): 1, ("none", "other", "405"): 50}


def test_metrics_say_how_far_the_index_is_behind(site: Site) -> None:
    def behind() -> str:
        return re.findall(
            r"^caselib_index_events_behind (\S+)$",
            site.client().get("/metrics").get_data(as_text=True),
            re.MULTILINE,
        )[0]

    assert behind() == "1.0"
    site.work()
    assert behind() == "0.0"


def test_an_index_of_another_past_is_building_though_the_numbers_agree(site: Site) -> None:
    site.work()
    assert site.client().get("/healthz").json["index"] == "ok"
    with site.database.unit() as session:  # as a restored backup that has come to the same number
        session.execute(text("UPDATE chain_head SET hash = :other"), {"other": "f" * 64})
    answer = site.client().get("/healthz")
    assert (answer.status_code, answer.json["index"]) == (503, "building")
