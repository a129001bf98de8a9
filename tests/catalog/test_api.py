"""The routes of the catalogue for programs."""

from __future__ import annotations

from pathlib import Path

import make
import pytest
from sites import URL, Site

from library.db import Database
from library.labels import NETWORKS, PROVINCES


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def test_one_case_with_all_its_public_fields(site: Site) -> None:
    planned = make.count(500_000, kind="planned", as_of=None, due="2027")
    code = site.add(connections=[planned, make.count()], outcomes=[{"text": {"zh": "漏损下降"}, "sources": [1]}])
    found = site.client().get(f"/api/v1/cases/{code}").json
    assert [(count["value"], count["kind"], count["source"]) for count in found["connections"]] == [
        (120_000, "stated", "The Paper"),
        (500_000, "planned", "The Paper"),
    ]
    assert (found["scale"], found["direction"], found["revision"]) == ("100k", "governance", 1)
    assert found["outcomes"] == [{"text": {"zh": "漏损下降"}, "sources": [1]}]
    assert found["sources"] == [
        {"title": "Meters in town", "publisher": "The Paper", "url": "https://example.org/1", "link": True}
    ]


def test_a_migration_names_what_it_moved_from(site: Site) -> None:
    code = site.add(migration={"from": ["2g"], "count": 1000, "as_of": "2021"})
    found = site.client().get(f"/api/v1/cases/{code}").json
    assert found["migration"] == {"from": ["2g"], "count": 1000, "as_of": "2021"}


def test_a_verified_count_and_the_claim_above_it(site: Site) -> None:
    verified = make.count(90_000, kind="online", as_of="2025-06", verified={"on": "2025-07-01", "by": "verifier"})
    code = site.add(origin="demo", connections=[make.count(), verified])
    site.work()
    [item] = site.client().get("/api/v1/cases").json["items"]
    assert item["connections"]["value"] == 90_000
    assert item["connections"]["verified"] == {"on": "2025-07-01", "by": "verifier"}
    assert (item["reported"]["value"], item["scale"]) == (120_000, "10k")
    assert site.client().get(f"/api/v1/cases/{code}").json["connections"][0]["value"] == 90_000


def test_revisions_lead_to_their_pages(site: Site) -> None:
    code = site.add()
    [item] = site.client().get(f"/api/v1/cases/{code}/revisions").json["items"]
    assert (item["number"], item["url"]) == (1, f"{URL}/cases/{code}/revisions/1")
    assert site.client().get(item["url"].removeprefix(URL)).status_code == 200


def test_neighbours_share_the_sector_and_those_on_the_same_network_come_first(site: Site) -> None:
    code = site.add(networks=["nb-iot"])
    other_network = site.add(networks=["5g"], as_of="2026-01", connections=[make.count(as_of="2026-01")])
    invented = site.add(origin="demo", networks=["nb-iot"])
    same_network = site.add(networks=["nb-iot"], as_of="2020")
    site.add(sectors=["smart-home"], networks=["nb-iot"])
    site.work()
    found = site.client().get(f"/api/v1/cases/{code}/similar").json
    assert [item["code"] for item in found["items"]] == [same_network, other_network, invented]
    assert found["total"] == 3
    assert found["items"][0]["url"] == f"{URL}/cases/{same_network}"


def test_neighbours_before_there_is_an_index(site: Site) -> None:
    code = site.add()
    assert site.client().get(f"/api/v1/cases/{code}/similar").json == {"total": 0, "items": []}


def test_the_taxonomies_parents_before_children(site: Site) -> None:
    site.add()
    found = site.client().get("/api/v1/sectors").json
    assert [(term["code"], term["parent"]) for term in found["sectors"]] == [row[:2] for row in make.SECTORS]
    assert found["technologies"][0] == {
        "code": "network-slicing",
        "parent": None,
        "title": {"en": "Network slicing", "zh": "网络切片"},
        "named_in_notice": True,
    }


def test_codes_with_their_names_whatever_the_reader_speaks(site: Site) -> None:
    for lang in ("en", "zh"):
        networks = {
            item["code"]: item["title"] for item in site.client(lang).get("/api/v1/networks").json["items"]
        }
        assert list(networks) == list(NETWORKS)
        assert networks["other"]["en"] == "Other cellular"
        assert networks["other"]["zh"].startswith("其他")
    provinces = {item["code"]: item["title"] for item in site.client().get("/api/v1/provinces").json["items"]}
    assert provinces == {code: {"en": en, "zh": zh} for code, (en, zh) in PROVINCES.items()}


def test_filters_of_one_kind_add_up_and_of_two_kinds_narrow(site: Site) -> None:
    first, second, third = (
        site.add(networks=networks, sectors=[sector])
        for networks, sector in ((["nb-iot"], "gas-metering"), (["5g"], "gas-metering"), (["5g"], "smart-home"))
    )
    site.work()

    def codes(query: str) -> list[str]:
        return sorted(item["code"] for item in site.client().get(f"/api/v1/cases?{query}").json["items"])

    assert codes("network=nb-iot&network=5g") == [first, second, third]
    assert codes("network=5g&sector=metering") == [second]
    assert codes("direction=life") == [third]
    assert codes("network=6g") == []
