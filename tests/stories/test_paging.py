"""Walking through the library by page and by API: every public case exactly once, in the same order."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sites import Site, rows

from library.catalog import queries
from library.policy import VISITOR

NEXT_PAGE = re.compile(r'<link rel="next" href="([^"]+)"')
NEXT_LINK = re.compile(r'<([^>]+)>; rel="next"')
SEARCHES: tuple[dict[str, Any], ...] = (
    {},
    {"sort": "title"},
    {"sort": "connections", "network": ["nb-iot", "2g"]},
    {"q": "meters", "status": "live"},
    {"q": "水表", "origin": "collected", "lang": "zh"},
)


def by_page(client: FlaskClient, query: str) -> list[str]:
    """The cases of every page, following its own links."""
    found, address = [], f"/search?{query}"
    while address:
        found += rows(client, address)
        link = NEXT_PAGE.search(client.get(address).get_data(as_text=True))
        address = link[1].replace("&amp;", "&") if link else ""
    return found


def by_api(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    """The items of every page, following the Link headers."""
    found, address = [], f"/api/v1/cases?{query}&per_page=7"
    while address:
        response = client.get(address)
        found += response.json["items"]
        link = NEXT_LINK.search(response.headers["Link"])
        address = link[1] if link else ""
    return found


def test_page_api_and_table_list_the_same_cases_in_the_same_order(seeded: Site) -> None:
    client = seeded.client()
    for search in SEARCHES:
        query = urlencode(search, doseq=True)
        codes = [item["code"] for item in by_api(client, query)]
        table = client.get(f"/search.csv?{query}").get_data().decode("utf-8-sig")
        assert by_page(client, query) == codes, query
        assert [row["code"] for row in csv.DictReader(io.StringIO(table))] == codes, query
        assert len(codes) == len(set(codes)) > 1, query


def test_every_public_case_is_met_exactly_once_and_demonstrations_come_last(seeded: Site) -> None:
    with seeded.database.reading() as session:
        public = {str(case.code) for case, _ in queries.current(session, VISITOR)}
    for sort in ("newest", "connections", "title"):
        items = by_api(seeded.client(), f"sort={sort}")
        assert sorted(item["code"] for item in items) == sorted(public)
        invented = [item["origin"] == "demo" for item in items]
        assert invented == sorted(invented)
        assert any(invented)


def test_facet_counts_add_up(seeded: Site) -> None:
    """Where a case has one code of a facet they sum to the real cases; each is what choosing it gives."""
    client = seeded.client()
    found = client.get("/api/v1/cases?q=iot&per_page=1").json
    assert found["demonstration"] > 0
    real = found["total"] - found["demonstration"]
    for name in ("direction", "scale", "status", "year"):
        assert sum(line["count"] for line in found["facets"][name]) == real, name
    assert sum(line["count"] for line in found["facets"]["origin"]) == found["total"]
    for name, lines in found["facets"].items():
        for line in lines[:4]:
            query = urlencode({"q": "iot", name: line["code"], "per_page": 1})
            chosen = client.get(f"/api/v1/cases?{query}").json
            counted = chosen["total"] - (0 if name == "origin" else chosen["demonstration"])
            assert counted == line["count"], query
            assert chosen["facets"][name] == lines, "a facet's own choice must not change its counts"


def test_there_is_no_page_past_the_end(seeded: Site) -> None:
    client = seeded.client()
    for address in ("/search?page=100000", "/sectors/metering?page=100000"):
        missing = client.get(address)
        assert missing.status_code == 404
        assert "There is no page 100000; the last one is " in missing.get_data(as_text=True)
    past = client.get("/api/v1/cases?page=100000")
    assert (past.status_code, past.json["items"], past.json["total"] > 0) == (200, [], True)
    assert NEXT_LINK.search(past.headers["Link"]) is None
