"""What programs follow: both feeds, the sitemap, robots and the anchors."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from xml.etree import ElementTree

import make
import pytest
from published import published
from sites import URL, Site
from sqlalchemy import select

from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.catalog.operations import SCHEMA
from library.db import Database
from library.feeds import NEWEST
from library.policy import SYSTEM
from library.selection.benchmark_models import Benchmark
from library.selection.models import Call
from library.workflow import step

ATOM = {"a": "http://www.w3.org/2005/Atom"}
MAP = {"m": "http://www.sitemaps.org/schemas/sitemap/0.9"}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """Three real cases, an hour between them, one of them revised last; an invented and an archived one."""
    site = Site(database, tmp_path)
    for number in range(3):
        site.add(now=make.NOW + number * HOUR, title={"en": f"Meters & <{number}>", "zh": f"水表{number}"})
    site.add(now=make.NOW + 9 * HOUR, origin="demo")
    site.add(now=make.NOW + 9 * HOUR, state="archived")
    document = SCHEMA.load(make.document(title={"zh": "只有中文"}))
    with site.database.unit() as session:
        first = session.query(Case).filter_by(code="MIOT-P-0001").one()
        step(FLOW, session, SYSTEM, first, "case.revise", now=make.NOW + 5 * HOUR, document=document)
    return site


def test_atom(site: Site) -> None:
    answer = site.client().get("/feeds/cases.atom?lang=en")
    assert answer.mimetype == "application/atom+xml"
    feed = ElementTree.fromstring(answer.get_data())
    assert feed.findtext("a:id", "", ATOM) == f"{URL}/feeds/cases.atom?lang=en"
    assert feed.findtext("a:updated", "", ATOM) == "2026-11-22T14:30:00Z"
    entries = [
        tuple(entry.findtext(f"a:{name}", "", ATOM) for name in ("id", "title", "published", "updated"))
        for entry in feed.findall("a:entry", ATOM)
    ]
    assert entries == [
        (f"{URL}/cases/MIOT-P-0001", "只有中文", "2026-11-22T09:30:00Z", "2026-11-22T14:30:00Z"),
        (f"{URL}/cases/MIOT-P-0003", "Meters & <2>", "2026-11-22T11:30:00Z", "2026-11-22T11:30:00Z"),
        (f"{URL}/cases/MIOT-P-0002", "Meters & <1>", "2026-11-22T10:30:00Z", "2026-11-22T10:30:00Z"),
    ]
    links = {link.get("rel"): link.get("href") for link in feed.findall("a:link", ATOM)}
    assert links == {"self": f"{URL}/feeds/cases.atom?lang=en", None: f"{URL}/"}


def test_json_feed_says_the_same(site: Site) -> None:
    answer = site.client("zh").get("/feeds/cases.json")
    assert answer.mimetype == "application/feed+json"
    assert answer.json["feed_url"] == f"{URL}/feeds/cases.json?lang=zh"
    assert [(item["url"], item["title"], item["date_modified"]) for item in answer.json["items"]] == [
        (f"{URL}/cases/MIOT-P-0001", "只有中文", "2026-11-22T14:30:00Z"),
        (f"{URL}/cases/MIOT-P-0003", "水表2", "2026-11-22T11:30:00Z"),
        (f"{URL}/cases/MIOT-P-0002", "水表1", "2026-11-22T10:30:00Z"),
    ]


@pytest.mark.parametrize("address", ["/feeds/cases.atom", "/feeds/cases.json"])
def test_who_has_the_newest_gets_304(site: Site, address: str) -> None:
    client = site.client()
    first = client.get(address)
    same = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.get_data()) == (304, b"")
    assert "Last-Modified" not in first.headers  # a withdrawal does not move the newest date
    chinese = client.get(address + "?lang=zh", headers={"If-None-Match": first.headers["ETag"]})
    assert chinese.status_code == 200
    assert "Accept-Language" in first.headers["Vary"]
    site.add(now=make.NOW + 20 * HOUR)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_feed_ends_somewhere(sqlite: Database, tmp_path: Path) -> None:
    site = Site(sqlite, tmp_path)
    for _ in range(NEWEST + 3):
        site.add()
    assert len(site.client().get("/feeds/cases.json").json["items"]) == NEWEST


def test_an_empty_library_has_empty_feeds(database: Database, tmp_path: Path) -> None:
    client = Site(database, tmp_path).client()
    assert client.get("/feeds/cases.json").json["items"] == []
    assert ElementTree.fromstring(client.get("/feeds/cases.atom").get_data()).findall("a:entry", ATOM) == []
    assert client.get("/feeds/anchors.json").json == {"anchors": []}


def test_the_sitemap_has_pages_that_are_there(site: Site) -> None:
    answer = site.client().get("/sitemap.xml")
    addresses = [each.text or "" for each in ElementTree.fromstring(answer.get_data()).findall(".//m:loc", MAP)]
    assert [address for address in addresses if "/cases/" in address] == [
        f"{URL}/cases/MIOT-P-000{number}" for number in (1, 2, 3)
    ]
    site.work()
    for address in addresses:
        assert address.startswith(URL)
        assert site.client().get(address.removeprefix(URL)).status_code == 200
    stamps = ElementTree.fromstring(answer.get_data()).findall(".//m:lastmod", MAP)
    assert stamps[0].text == "2026-11-22T14:30:00Z"
    assert f"Sitemap: {URL}/sitemap.xml" in site.client().get("/robots.txt").get_data(as_text=True)


@pytest.mark.parametrize("demonstration", [False, True])
def test_benchmark_projects_and_results_are_followed_when_they_are_real(
    database: Database, tmp_path: Path, demonstration: bool
) -> None:
    site = Site(database, tmp_path)
    number = published(database, demonstration=demonstration)
    with database.reading() as session:
        call = session.get_one(Call, number)
        found = session.scalars(select(Benchmark).where(Benchmark.call_id == number).order_by(Benchmark.id.desc()))
        projects = [f"{URL}/benchmarks/{row.code}" for row in found]
    assert projects
    wanted = [] if demonstration else projects
    client = site.client()
    feed = ElementTree.fromstring(client.get("/feeds/benchmarks.atom?lang=en").get_data())
    assert [entry.findtext("a:id", "", ATOM) for entry in feed.findall("a:entry", ATOM)] == wanted
    assert [item["id"] for item in client.get("/feeds/benchmarks.json").get_json(force=True)["items"]] == wanted
    listed = client.get("/sitemap.xml").text
    for address in (*projects, f"{URL}/calls/{call.code}/result"):
        assert (f"<loc>{address}</loc>" in listed) == (not demonstration), address
        assert client.get(address.removeprefix(URL)).status_code == 200


def test_the_anchors_are_those_of_the_chain(site: Site) -> None:
    site.work(make.NOW)
    site.work(make.NOW + 24 * HOUR)
    days = [(row["day"], row["seq"]) for row in site.client().get("/feeds/anchors.json").json["anchors"]]
    assert days == [("2026-11-23", 7), ("2026-11-22", 7)]
