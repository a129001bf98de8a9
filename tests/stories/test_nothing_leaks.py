"""What is not public is in no answer; what is invented is in no total, feed or sitemap."""

from __future__ import annotations

import json
import re
from typing import Any

import make
import pytest
from sites import Site

from library.catalog import operations, queries
from library.policy import SYSTEM

OPEN = {
    "title": {"en": "Openly told meters", "zh": "公开水表"},
    "sources": [
        {"title": "A page", "publisher": "The Paper", "url": "https://example.org/linked", "link": True},
        {"title": "A copy", "publisher": "The Paper", "url": "https://copy.example/hidden-address", "link": False},
    ],
    "contact": {"name": "Hidden Person", "email": "hidden-person@example.org", "phone": "+86 10 5550 0100"},
    "unit_cost_band": "20-50",
    "data_level": "important",
    "right_to_publish": True,
}
SECRETS = ("hidden-address", "copy.example", "idden Person", "hidden-person", "5550 0100")
SECRETS += ("unit_cost", "data_level", "right_to_publish", '"contact":', "20-50", "drawing")
UNSEEN = {
    "title": {"en": "Unseen zebra", "zh": "隐藏斑马"},
    "summary": {"en": "Unseen zebras.", "zh": "隐藏斑马。"},
    "sectors": ["gas-metering"],
    "networks": ["lte-m"],
    "place": {"country": "MT", "text": {"en": "Valletta, Malta", "zh": "瓦莱塔"}},
    "technologies": ["network-slicing"],
}
WORDS = ("zebra", "斑马", "Valletta", "hidden", "Person", "5550", "20-50", "DEMO-0001")
QUERIES = (
    "",
    *(f"?q={word}" for word in WORDS),
    "?sector=gas-metering",
    "?network=lte-m",
    "?country=MT",
    "?lang=zh",
)


def bodies(site: Site, code: str) -> dict[str, str]:
    """What every address answers, also when it is asked for what is hidden."""
    client = site.client()
    found = {}
    for address in site.addresses(code).values():
        for query in QUERIES if address in ("/search", "/search.csv", "/api/v1/cases") else ("", "?lang=zh"):
            response = client.get(address + query)
            assert response.status_code < 500, address + query
            text = response.get_data(as_text=True)
            found[address + query] = text.replace(query.removeprefix("?q="), "") if "?q=" in query else text
    return found


def naming(answers: dict[str, str], *words: str) -> dict[str, str]:
    """The answers that have one of the words, with the first of them."""
    hits = {
        address: next((word for word in words if word.lower() in text.lower()), "")
        for address, text in answers.items()
    }
    return {address: word for address, word in hits.items() if word}


def test_fields_of_another_audience_are_nowhere(site: Site) -> None:
    code = site.add(**OPEN)
    site.attach(code, "ministry")
    site.add(title={"en": "Another", "zh": "另一个"})
    site.work()
    with site.database.reading() as session:
        case = queries.case(session, SYSTEM, code)
        whole = queries.document(SYSTEM, case, queries.revision(session, SYSTEM, case))
    assert naming({"": json.dumps(whole)}, *SECRETS) == {"": "hidden-address"}, "nothing there that could leak"
    answers = bodies(site, code)
    # The description of the interface names every field; what one holds stands there no more than elsewhere.
    described = {address for address in answers if address.startswith("/api/v1/openapi.json")}
    assert described
    names = {"unit_cost", "data_level", "right_to_publish", '"contact":', "20-50"}
    assert naming({each: answers[each] for each in described}, *(set(SECRETS) - names)) == {}
    assert naming({each: answers[each] for each in answers.keys() - described}, *SECRETS) == {}
    assert "A copy" in answers[f"/cases/{code}"]
    assert "https://example.org/linked" in answers[f"/api/v1/cases/{code}"]


@pytest.mark.parametrize("state", ["archived", "draft"])
def test_a_case_that_is_not_public_is_nowhere(site: Site, state: str) -> None:
    shown = site.add(**OPEN)
    with site.database.unit() as session:
        hidden = make.case(session, state=state, code="MIOT-P-0666", **UNSEEN)
        if state == "draft":  # complete, and one step from being public
            document = operations.SCHEMA.load(make.document(code="MIOT-P-0666", **UNSEEN))
            operations.revise(session, SYSTEM, hidden, now=make.NOW, document=document)
        assert (hidden.state, hidden.code) == (state, "MIOT-P-0666")
    site.work()
    words = ("MIOT-P-0666", "zebra", "斑马", "Valletta", "瓦莱塔")
    assert naming(bodies(site, shown), *words) == {}
    for address, text in bodies(site, "MIOT-P-0666").items():
        assert naming({address: text.replace("MIOT-P-0666", "")}, *words[1:]) == {}, address
    facets = site.client().get("/api/v1/cases").json["facets"]
    for name, code in {
        "sector": "gas-metering",
        "network": "lte-m",
        "country": "MT",
        "technology": "network-slicing",
    }.items():
        assert code not in [line["code"] for line in facets[name]]


def test_what_a_case_said_before_it_was_archived_is_not_in_its_neighbours(site: Site) -> None:
    shown, gone = site.add(), site.add(**UNSEEN | {"sectors": ["water-metering"]})
    site.work()
    assert naming(bodies(site, shown), "zebra") != {}, "nothing there that could leak"
    assert site.command("reports", "--archive", gone).exit_code == 0
    site.work()
    assert naming(bodies(site, shown), "zebra", gone) == {}


def test_invented_cases_count_nowhere(seeded: Site) -> None:
    client = seeded.client()
    for address in ("/feeds/cases.atom", "/feeds/cases.json", "/sitemap.xml", "/sources"):
        assert "MIOT-P-0001" in client.get(address).get_data(as_text=True), address
        assert "DEMO-" not in client.get(address).get_data(as_text=True), address

    def linked_data(code: str) -> list[Any]:
        page = client.get(f"/cases/{code}").get_data(as_text=True)
        return [
            json.loads(block)
            for block in re.findall(r"<script type=.application/ld\+json.[^>]*>(.*?)</script>", page)
        ]

    assert [block["identifier"] for block in linked_data("MIOT-P-0001")] == ["MIOT-P-0001"]
    assert linked_data("DEMO-0001") == []
    assert "Demonstration" in client.get("/cases/DEMO-0001").get_data(as_text=True)
    assert "DEMONSTRATION 演示" in client.get("/cases/DEMO-0001.csv").get_data(as_text=True)

    origin = {line["code"]: line["count"] for line in client.get("/api/v1/cases").json["facets"]["origin"]}
    assert origin["demo"] > 0
    home = client.get("/").get_data(as_text=True)
    assert f">{origin['collected']} cases, each number" in home
    assert "DEMO-" not in home
    counted = client.get("/api/v1/cases?origin=collected").json["facets"]["direction"]
    for line in counted:
        assert f"<h3><span>{line['label']}</span><span>{line['count']}</span></h3>" in home
