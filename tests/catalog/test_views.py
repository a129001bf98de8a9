"""Pages of the catalogue through HTTP: what they show, what they cost, what they refuse."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import make
import pytest
from sites import Site, rows, token
from sqlalchemy import select

from library.catalog import operations
from library.catalog.flow import FLOW
from library.catalog.models import Case, CaseReport
from library.db import Database
from library.policy import SYSTEM
from library.workflow import step

CODE = "MIOT-P-0001"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """An installation with one case."""
    site = Site(database, tmp_path)
    site.add()
    site.work()
    return site


def revise(site: Site, code: str = CODE, **over: object) -> None:
    with site.database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == code)).one()
        document = operations.SCHEMA.load(make.document(code=code, **over))
        step(FLOW, session, SYSTEM, case, "case.revise", now=make.NOW, document=document)


def text(site: Site, address: str, lang: str = "en") -> str:
    answer = site.client(lang).get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


LISTS = ("/", "/search", "/search.csv", "/sectors/water-metering", "/sources", "/sitemap.xml", "/feeds/cases.atom",
         "/feeds/cases.json", "/api/v1/cases", f"/cases/{CODE}", f"/api/v1/cases/{CODE}/similar")  # fmt: skip


def test_lists_ask_the_database_as_often_for_three_cases_as_for_one(site: Site, statements: list[str]) -> None:
    def remembered() -> None:
        """What everybody sees alike is asked for once until the chain moves."""
        for address in ("/", f"/cases/{CODE}"):
            text(site, address)

    def asked() -> dict[str, int]:
        counts = {}
        for address in LISTS:
            statements.clear()
            text(site, address)
            counts[address] = len(statements)
        return counts

    remembered()
    one = asked()
    for number in range(2):
        site.add(title={"en": f"Other {number}", "zh": f"其他{number}"})
    site.work()
    remembered()
    assert asked() == one
    assert {address: count for address, count in one.items() if count > (7 if "sitemap" in address else 6)} == {}
    assert all("Other 1" in text(site, address) for address in LISTS if "sitemap" not in address)


def test_revisions_ask_the_database_as_often_for_three_as_for_one(site: Site, statements: list[str]) -> None:
    def asked() -> list[int]:
        counts = []
        for address in (f"/cases/{CODE}/revisions", f"/api/v1/cases/{CODE}/revisions", f"/cases/{CODE}"):
            text(site, address)
            statements.clear()
            text(site, address)
            counts.append(len(statements))
        return counts

    one = asked()
    revise(site, status="ended")
    revise(site, status="pilot")
    assert asked() == one
    assert "3 revisions" in text(site, f"/cases/{CODE}/revisions")


def test_a_search_marks_what_was_looked_for_and_escapes_the_rest(site: Site) -> None:
    site.add(title={"en": "Pumps <img> & valves", "zh": "水泵<img>"})
    site.work()
    assert "<mark>Pumps</mark> &lt;img&gt; &amp; valves" in text(site, "/search?q=pumps")
    assert "<mark>水泵</mark>&lt;img&gt;" in text(site, "/search?q=水泵", "zh")
    assert "<img>" not in text(site, "/cases/MIOT-P-0002") + text(site, "/search?q=<img>")


def test_markdown_of_a_story_is_text_and_no_more(site: Site) -> None:
    bad = "**bold**\n\n- one\n- two\n\n[x](javascript:alert(1)) <script>alert(1)</script> ![p](http://evil.example/p.png)"
    revise(site, sections=[{"kind": "solution", "text": {"en": bad, "zh": bad}, "sources": [1]}])
    page = text(site, f"/cases/{CODE}")
    assert "<strong>bold</strong>" in page
    assert "<li>one</li>" in page
    assert not re.search(r"<script>alert|href=.javascript|src=.http://evil", page)


def test_links_only_where_the_data_allow_them(site: Site) -> None:
    sources = [
        {"title": "Linked", "url": "https://example.org/1", "link": True},
        {"title": "Copied", "url": "https://copy.example/2", "link": False},
    ]
    revise(site, sources=sources)
    for address in (f"/cases/{CODE}", f"/cases/{CODE}/revisions/2", "/sources"):
        page = text(site, address)
        assert re.search(
            r'<a href="https://example.org/1" rel="nofollow noopener noreferrer"[^>]*>Linked</a>', page
        ), address
        assert "copy.example" not in page
        assert "Copied" in page
        assert "copy, not linked" in page


def test_an_old_revision_says_that_it_is_one_and_points_to_the_present(site: Site) -> None:
    revise(site, title={"en": "Smarter water meters", "zh": "更智能水表"})
    old, new = text(site, f"/cases/{CODE}/revisions/1"), text(site, f"/cases/{CODE}/revisions/2")
    assert "This is not the present text" in old
    assert "Smarter" not in old.partition("<main")[2]
    assert "This is not the present text" not in new
    assert "<del>Smart</del><ins>Smarter</ins> water meters" in new
    for page in (old, new):
        assert f'rel="canonical" href="https://library.example/cases/{CODE}"' in page


def test_a_chinese_only_case_says_so_to_english_readers(site: Site) -> None:
    revise(site, title={"zh": "只有中文"}, summary={"zh": "只有中文的摘要"})
    site.work()
    for address in (f"/cases/{CODE}", "/search"):
        assert "Chinese only" in text(site, address)
        assert "Chinese only" not in text(site, address, "zh")


def test_what_to_drop_when_nothing_is_found(site: Site) -> None:
    page = text(site, "/search?q=water&network=5g")
    assert rows(site.client(), "/search?q=water&network=5g") == []
    assert re.search(r'href="/search\?q=water">Without “5G” <b>1</b>', page)
    assert "Without “water”" not in page
    assert "Show all cases" in page


def test_files_are_handed_out_by_audience_and_never_run(site: Site) -> None:
    content = b"One line of many. " * 500 + b"<script>alert(1)</script>"
    site.attach(CODE, "public", content)
    answer = site.client().get(f"/cases/{CODE}/files/file-{CODE}", buffered=True)
    assert (answer.status_code, answer.get_data(), answer.mimetype) == (200, content, "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    tag = hashlib.sha256(content).hexdigest()
    assert answer.headers["ETag"] == f'"{tag}"'
    same = site.client().get(
        f"/cases/{CODE}/files/file-{CODE}", headers={"If-None-Match": f'"{tag}"'}, buffered=True
    )
    assert same.status_code == 304
    site.add()
    assert site.client().get(f"/cases/MIOT-P-0002/files/file-{CODE}").status_code == 404


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_a_report_with_mistakes_keeps_what_was_typed_and_names_each(site: Site, lang: str) -> None:
    client, address = site.client(lang), f"/cases/{CODE}/report"
    form = {"csrf_token": token(client, address), "text": "x" * 2001, "contact": "<me>" + "y" * 200}
    answer = client.post(address, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "x" * 2001 in page
    assert "&lt;me&gt;" in page
    mistakes = dict(re.findall(r'id="(\w+)-wrong">.*?</svg>([^<]+)', page, re.DOTALL))
    assert set(mistakes) == {"ground", "text", "contact"}
    assert all(bool(re.search("[一-鿿]", words)) == (lang == "zh-CN") for words in mistakes.values())
    with site.database.reading() as session:
        assert session.scalars(select(CaseReport)).all() == []


@pytest.mark.parametrize("typed", ["\0", "a\x07b", "   ", ""])
def test_a_report_of_nothing_readable_is_refused(site: Site, typed: str) -> None:
    client, address = site.client(), f"/cases/{CODE}/report"
    form = {"csrf_token": token(client, address), "ground": "error", "text": typed}
    assert client.post(address, data=form).status_code == 422


def test_a_report_has_only_the_fields_of_its_form(site: Site) -> None:
    client, address = site.client(), f"/cases/{CODE}/report"
    form = {
        "csrf_token": token(client, address),
        "ground": "error",
        "text": "It errs.",
        "answer": "Done.",
        "id": "7",
    }
    assert client.post(address, data=form).status_code == 303
    with site.database.reading() as session:
        [report] = session.scalars(select(CaseReport))
        assert (report.text, report.answer, report.contact) == ("It errs.", None, None)


def test_errors_are_reported_on_collected_cases_only(site: Site) -> None:
    invented = site.add(origin="demo")
    assert "report" not in re.findall(r'href="/cases/[^"]+/(\w+)"', text(site, f"/cases/{invented}"))
    assert site.client().get(f"/cases/{invented}/report").status_code == 404


@pytest.mark.parametrize("hidden", ["direction=life", "scale=1m", "q=nothing", "origin=demo", "network=5g"])
def test_a_sector_page_takes_no_hidden_filters(site: Site, hidden: str) -> None:
    client = site.client()
    plain = client.get("/sectors/metering?lang=en").get_data(as_text=True)
    assert "/cases/" in plain
    filtered = client.get(f"/sectors/metering?lang=en&{hidden}").get_data(as_text=True)
    assert filtered.count('href="/cases/') == plain.count('href="/cases/')
