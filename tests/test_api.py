"""What programs get: the document, links between pages, entity tags, refusals."""

from __future__ import annotations

import re
from pathlib import Path

import make
import pytest
from sites import URL, Site

from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.catalog.operations import SCHEMA
from library.db import Database
from library.policy import SYSTEM
from library.workflow import step

CODE = "MIOT-P-0001"
LINK = re.compile(r'<([^>]+)>; rel="(\w+)"')


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """An installation with one case."""
    site = Site(database, tmp_path)
    site.add()
    site.work()
    return site


def test_the_document_has_every_route_with_every_refusal(site: Site) -> None:
    document = site.client().get("/api/v1/openapi.json").json
    routes = {rule.rule for rule in site.app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    documented = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    assert documented == routes - {"/api/v1/openapi.json"}
    refused = {"400", "401", "403", "404", "405", "422", "503"}
    of_writes = {"409", "412", "413", "415", "428"}
    named = [(path, *pair) for path, found in document["paths"].items() for pair in found.items()]
    for path, method, operation in named:
        if method == "parameters":
            continue
        answers = operation["responses"]
        assert refused | (set() if method == "get" else of_writes) <= set(answers), path
        assert len({"200", "201"} & set(answers)) == 1, path
        assert ("security" in operation) == ("drafts" in path or method != "get"), path
        refusals = [answer["content"] for status, answer in answers.items() if status >= "400"]
        schema = {"$ref": "#/components/schemas/Problem"}
        assert refusals == [{"application/problem+json": {"schema": schema}}] * len(refusals), path


def test_no_answer_sets_a_cookie_or_needs_one(site: Site) -> None:
    for address in site.addresses(CODE).values():
        if address.startswith("/api/"):
            assert "Set-Cookie" not in site.client().get(address).headers, address


def test_links_lead_to_the_neighbouring_pages(site: Site) -> None:
    for _ in range(4):
        site.add()
    site.work()
    client = site.client()

    def links(query: str) -> dict[str, str]:
        found = LINK.findall(client.get(f"/api/v1/cases?{query}").headers["Link"])
        return {rel: re.search(r"page=(\d+)", address.replace("per_page", ""))[1] for address, rel in found}  # type: ignore[index]

    assert links("per_page=2") == {"first": "1", "last": "3", "next": "2"}
    assert links("per_page=2&page=2") == {"first": "1", "last": "3", "prev": "1", "next": "3"}
    assert links("per_page=2&page=3") == {"first": "1", "last": "3", "prev": "2"}
    assert links("per_page=2&page=50") == {"first": "1", "last": "3", "prev": "3"}
    assert links("q=nothing-at-all") == {"first": "1", "last": "1"}
    [(address, _), *_] = LINK.findall(client.get("/api/v1/cases?network=nb-iot&network=5g&q=水表").headers["Link"])
    assert address == "/api/v1/cases?network=nb-iot&network=5g&q=%E6%B0%B4%E8%A1%A8&page=1"


def test_who_has_the_present_version_gets_304(site: Site) -> None:
    client, address = site.client(), f"/api/v1/cases/{CODE}"
    tag = client.get(address).headers["ETag"]
    for header in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        same = client.get(address, headers={"If-None-Match": header})
        assert (same.status_code, same.get_data(), same.headers["ETag"]) == (304, b"", tag), header
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200

    document = SCHEMA.load(make.document(summary={"en": "Read again.", "zh": "重新抄读。"}))
    with site.database.unit() as session:
        case = session.query(Case).one()
        step(FLOW, session, SYSTEM, case, "case.revise", now=make.NOW, document=document)
    changed = client.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json["revision"]) == (200, 2)
    assert changed.headers["ETag"] != tag


def test_tags_and_digests_do_not_tell_hidden_fields_apart(site: Site) -> None:
    """A digest of few possible values could be tried out."""
    same = {"title": {"en": "Twin", "zh": "双胞胎"}}
    open_code, hidden_code = site.add(**same), site.add(**same, unit_cost_band="20-50", data_level="core")

    def told(code: str) -> list[str]:
        client = site.client()
        revisions = client.get(f"/api/v1/cases/{code}/revisions").json["items"]
        return [
            client.get(f"/api/v1/cases/{code}").headers["ETag"].strip('"'),
            *(each["digest"] for each in revisions),
        ]

    with site.database.unit() as session:
        for case in session.query(Case):
            for revision in case.revisions:  # two cases cannot have one number, so we make their documents alike
                revision.document = {**revision.document, "code": CODE}
    assert told(open_code) == told(hidden_code)


def test_a_case_in_the_words_of_the_contract(site: Site) -> None:
    [item] = site.client().get("/api/v1/cases").json["items"]
    assert item["url"] == f"{URL}/cases/{CODE}"
    assert (item["title"], item["direction"]) == ({"en": "Smart water meters", "zh": "智能水表"}, "governance")
    assert item["connections"] | {"value": 120_000, "kind": "stated", "verified": None} == item["connections"]
    assert (item["scale"], item["highlights"]) == ("100k", {})
    case = site.client().get(f"/api/v1/cases/{CODE}").json
    assert (case["code"], case["revision"], case["url"]) == (CODE, 1, item["url"])
    assert case["admitted_at"] == make.NOW.isoformat()


def test_labels_are_in_the_language_asked_for(site: Site) -> None:
    for address, lang, word in (
        ("?lang=zh", "en", "智能水表"),
        ("", "zh", "智能水表"),
        ("?lang=en", "zh", "Water metering"),
    ):
        facets = site.client(lang).get("/api/v1/cases" + address).json["facets"]
        assert word in [line["label"] for line in facets["sector"]]


def test_highlights_are_markup_with_everything_else_escaped(site: Site) -> None:
    site.add(title={"en": "Pumps <b>&amp; valves", "zh": "水泵"})
    site.work()
    [item] = site.client().get("/api/v1/cases?q=pumps").json["items"]
    assert item["highlights"]["title.en"] == "<mark>Pumps</mark> &lt;b&gt;&amp;amp; valves"
    assert "title" in item["matched"]


def test_an_empty_word_asks_for_nothing(site: Site) -> None:
    for query in ("sector=", "q=&sector=&network=", "sector=&sector=water-metering", "unknown=1"):
        assert site.client().get(f"/api/v1/cases?{query}").json["total"] == 1, query
        assert f"/cases/{CODE}" in site.client().get(f"/search?{query}").get_data(as_text=True), query


def test_a_refusal_names_each_parameter_and_leads_to_its_meaning(site: Site) -> None:
    refused = site.client().get("/api/v1/cases?page=0&per_page=1000&sort=price").json
    assert {name: len(said) for name, said in refused["errors"].items()} == {"page": 1, "per_page": 1, "sort": 1}
    about = site.client().get("/about").get_data(as_text=True)
    missing = site.client().get("/api/v1/cases/MIOT-P-9999").json
    for problem in (refused, missing):
        address, _, anchor = problem["type"].partition("#")
        assert address == f"{URL}/about"
        assert f'id="{anchor}"' in about
