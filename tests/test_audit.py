"""What happened, as officers and people read it; and that every verb has words."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import make
import pytest
from sites import Site, token
from sources import read
from sqlalchemy import func, select, update

from library import events
from library.catalog import draft_past, drafts
from library.catalog.models import Revision
from library.chain import ChainCheck
from library.db import Database
from library.labels import LABELS
from library.verbs import VERBS
from library.worker import now


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.officer(session, email="li@ministry.example", name="李梅")
        make.person(session, email="wang@people.example")
    return site


def test_events_are_read_by_case_and_by_person(site: Site) -> None:
    """Scenario 31."""
    first, second = site.add(), site.add()
    officer = site.signed_in("li@ministry.example")
    page = officer.get(f"/audit?subject={first}").get_data(as_text=True)
    assert (first in page, second in page) == (True, False)
    assert "Collected from public sources" in page
    assert "MIOT-P-0001" in page
    mine = officer.get("/audit?actor=li@ministry.example&verb=sign_in.begin").get_data(as_text=True)
    assert ("李梅" in mine, first in mine) == (True, False)
    assert officer.get("/audit?verb=nonsense").status_code == 422


def test_subjects_have_names_and_edits_their_section(site: Site) -> None:
    with site.database.unit() as session:
        owner = make.member(session, make.organisation(session), email="an@works.example")
        case = drafts.start(session, owner, now=make.NOW)
        typed = {"basics": {"title": {"zh": "甲"}}, "deployment": {"networks": ["nb-iot"]}}
        for section, content in typed.items():
            drafts.save(session, owner, case, section, content=content, version=0, now=make.NOW)
        draft_past.end_edits(session, case, "submit", now=make.NOW)
        for subject in ("letter:23", "letter:0", "import:1", "taxonomy:1"):
            events.record(session, make.OFFICER, "rule.edit", subject, now=make.NOW)
    page = site.signed_in("li@ministry.example").get("/audit").get_data(as_text=True)
    cells = re.findall(r'href="/audit\?subject=([^"]+)">(?:<span[^>]*>)?([^<]+)<', page)
    assert dict(cells) == {
        "letter:23": "Letter 23",
        "letter:0": "Letter",
        "import:1": "Imported table 1",
        "taxonomy:1": "Taxonomy",
        f"case:{case.id}": case.key,
        "person:1": "李梅",
    }
    assert re.findall(r'Section edited<br><small class="meta">([^<]+)<', page) == ["Deployment", "Basics"]
    mine = site.signed_in("an@works.example").get("/account/history").get_data(as_text=True)
    assert re.findall(r'Section edited<br><small class="meta">([^<]+)<', mine) == ["Deployment", "Basics"]


@pytest.mark.parametrize(("lang", "name"), [("zh", "清源水务"), ("en", "Qingyuan Water")])
def test_names_say_what_language_they_are_in(site: Site, lang: str, name: str) -> None:
    """Of organisations and people; the key of a draft is in none."""
    with site.database.unit() as session:
        both = make.organisation(session, name_zh="清源水务", name_en="Qingyuan Water")
        one = make.organisation(session, name_zh="青河建设", name_en=None)
        writer = make.member(session, both, email="lena@works.example", name="Lena Fischer")
        key = drafts.start(session, writer, now=make.NOW).key
        for organisation in (both, one):
            events.record(session, make.OFFICER, "organisation.edit", organisation.subject, now=make.NOW)
    page = site.signed_in("li@ministry.example", lang).get("/audit").get_data(as_text=True)
    told = set(re.findall(r'href="/audit\?[^"]+"><span([^>]*)>([^<]+)</span>', page))
    only_chinese = ' lang="zh-CN"' if lang == "en" else ""
    people = {(' lang="mul"', "李梅"), (' lang="mul"', "Lena Fischer")}
    assert told == {("", name), (only_chinese, "青河建设"), (' class="code"', key), *people}


def test_erased_details_are_said_to_be_erased(site: Site) -> None:
    code = site.add()
    with site.database.unit() as session:
        session.delete(session.get_one(events.EventDetail, 1))
    page = site.signed_in("li@ministry.example").get(f"/audit?subject={code}").get_data(as_text=True)
    assert "erased" in page


def test_the_chain_is_checked_on_the_page(site: Site) -> None:
    """By a worker, when an officer asks: a page does not wait for everything to be read."""
    site.add()
    officer = site.signed_in("li@ministry.example")

    def told() -> tuple[bool, ...]:
        page = officer.get("/audit/chain").get_data(as_text=True)
        return tuple(
            words in page
            for words in ("Nothing was checked", "under way", "Unbroken", "was changed since event 1")
        )

    assert told() == (True, False, False, False)
    given = {"csrf_token": token(officer, "/audit/chain")}
    assert [officer.post("/audit/chain", data=given).status_code for _ in range(2)] == [303, 303]
    assert told() == (False, True, False, False)
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ChainCheck)) == 1, "twice by a double click"
    site.work()
    assert told() == (False, False, True, False)
    with site.database.unit() as session:
        session.execute(update(Revision).values(document={"title": {"zh": "改"}}))
    officer.post("/audit/chain", data=given)
    site.work()
    assert told() == (False, False, False, True)


@pytest.mark.parametrize("address", ["/audit", "/audit/chain"])
def test_the_audit_is_the_officers(site: Site, address: str) -> None:
    site.add()
    assert site.signed_in("li@ministry.example").get(address).status_code == 200
    for client in (site.client(), site.signed_in("wang@people.example")):
        assert client.get(address).status_code in (302, 303, 403)


def test_people_read_what_happened_in_their_account(site: Site) -> None:
    site.add()
    person = site.signed_in("wang@people.example")
    with site.database.unit() as session:
        events.record(session, make.OFFICER, "person.role", "person:2", now=now(), detail={"given": "expert"})
    page = person.get("/account/history").get_data(as_text=True)
    assert ("Role changed" in page, "MIOT-P-0001" in page, "expert" in page) == (True, False, False)


def test_every_verb_that_is_recorded_has_words() -> None:
    verbs = set()
    for module in read("library").values():
        if module.name.split(".")[0] == "library":
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    place = {"record": 2, "Move": 0}.get(name)
                    if place is not None and len(node.args) > place:
                        verb = node.args[place]
                        verbs |= {verb.value} if isinstance(verb, ast.Constant) else set()
    assert len(verbs) > 20, json.dumps(sorted(verbs))
    assert verbs - VERBS.keys() == set()


def test_every_subject_of_an_event_has_a_word() -> None:
    """What the property `subject` of a model names: the audit says it in the reader's language."""
    kinds = {
        kind
        for module in read("library").values()
        for kind in re.findall(r'return f"([a-z_]+):\{self\.', module.text)
    }
    assert {"case", "objection", "benchmark"} <= kinds
    assert kinds - LABELS["subject"].keys() == set()
