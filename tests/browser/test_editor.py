"""The editor in a browser: it saves by itself, says so, and never loses a keystroke."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import live
import make
import pytest
from flask_security import hash_password
from playwright.sync_api import Browser, Dialog, Page, Route, expect
from test_access import EVERYTHING, TWICE, violations

from library import create_app
from library.accounts.models import Membership, Person
from library.config import Config
from library.db import Database

pytestmark = pytest.mark.browser

PASSWORD = "six quiet rivers"
SAVED = re.compile(r"^Saved \d\d:\d\d:\d\d$")
SECTIONS = ("basics", "deployment", "connections", "story", "results", "sources", "files", "declarations")


@dataclass
class Office:
    """An organisation whose people can sign in with PASSWORD."""

    database: Database
    open_tab: live.Reader

    def tab(self, name: str = "owner", **wishes: Any) -> Page:
        tab = self.open_tab(**wishes)
        tab.goto("/account/sign-in")
        tab.fill("#email", f"{name}@office.example")
        tab.fill("#password", PASSWORD)
        tab.click("main form [type=submit]")
        return tab

    def draft(self, tab: Page) -> str:
        """A new draft, open at its first section; its address."""
        tab.goto("/work/new")
        tab.click("main form [type=submit], main form button >> nth=0")
        tab.wait_for_url("**/basics")
        return tab.url.removesuffix("/basics")


@pytest.fixture(scope="package")
def people(site: str, folder: Path) -> Database:
    config = Config.read({"CASELIB_DATA": str(folder / "data")})
    database = Database(config.database_url)
    with create_app(config, database).app_context():
        password = hash_password(PASSWORD)
    with database.unit() as session:
        organisation = make.organisation(session, state="verified", verified_at=make.NOW)
        for name, role in (("owner", "owner"), ("editor", "editor"), ("commenter", "commenter")):
            make.member(session, organisation, role, email=f"{name}@office.example", name=name, password=password)
    return database


@pytest.fixture
def office(people: Database, reader: live.Reader) -> Office:
    return Office(people, reader)


@pytest.fixture
def refused(people: Database, chromium: Browser, site: str) -> Iterator[Office]:
    """The same for tests in which the site refuses something, which `reader` takes for a fault."""
    with ExitStack() as stack:

        def open_tab(**wishes: Any) -> Page:
            return stack.enter_context(live.reader(chromium, site, **wishes)).new_page()

        yield Office(people, open_tab)


def box(tab: Page, name: str) -> Any:
    return tab.locator(f'[id="{name}"]')


def test_it_saves_by_itself_within_three_seconds(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    box(tab, "title.zh").fill("清河流域智能水表")
    box(tab, "summary.zh").press_sequentially("每日上报一次。" * 29, delay=0)
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=3000)
    other = office.tab("editor")
    other.goto(f"{address}/basics")
    assert box(other, "title.zh").input_value() == "清河流域智能水表"
    assert len(box(other, "summary.zh").input_value()) == 203
    assert tab.locator(".room").first.inner_text() == "112 characters left"


def test_rules_follow_what_is_typed(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    tab.goto(f"{address}/connections")
    before = tab.locator("[data-part=rules] .is-bad li").count()
    tab.click("button[value='add:connections']")
    box(tab, "connections.0.value").fill("many")
    expect(tab.locator('[id="connections.0.value-wrong"]')).to_contain_text("whole number", timeout=3000)
    assert box(tab, "connections.0.value").get_attribute("aria-invalid") == "true"
    assert tab.locator("[data-part=rules] .is-bad li").count() > before
    box(tab, "connections.0.value").fill("940 000")
    expect(tab.locator('[id="connections.0.value-wrong"]')).to_have_count(0, timeout=3000)
    tab.click("[data-part=rules] a[href='#connections.0.kind']")
    assert tab.evaluate("document.activeElement.id") == "connections.0.kind"


def test_without_a_connection_it_says_so_and_leaving_asks(office: Office) -> None:
    tab = office.tab()
    office.draft(tab)
    tab.context.set_offline(True)
    box(tab, "title.zh").press_sequentially("水表")
    expect(tab.locator("#saved")).to_have_text("Not saved, retrying", timeout=5000)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    tab.on("dialog", stay)
    tab.close(run_before_unload=True)
    tab.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    tab.context.set_offline(False)
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=10_000)
    tab.reload()
    assert box(tab, "title.zh").input_value() == "水表"
    assert asked == ["beforeunload"], "what is saved may be left"


@pytest.mark.parametrize(
    ("status", "words"),
    [(503, "Not saved, retrying"), (429, "Not saved, retrying"), (401, "Not saved: you are signed out")],
)
def test_a_refusal_is_said_and_the_text_stays(refused: Office, status: int, words: str) -> None:
    tab = refused.tab()
    address = refused.draft(tab)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body="")
        else:
            route.continue_()

    tab.route("**/basics", refuse)
    box(tab, "title.zh").fill("水表")
    expect(tab.locator("#saved")).to_contain_text(words, timeout=4000)
    assert box(tab, "title.zh").input_value() == "水表"
    tab.unroute("**/basics")
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=8000)
    tab.goto(f"{address}/basics")
    assert box(tab, "title.zh").input_value() == "水表"


def test_a_member_removed_while_typing_is_told_and_keeps_the_text(refused: Office) -> None:
    with refused.database.unit() as session:
        password = session.query(Person).filter_by(email="owner@office.example").one().password
        organisation = session.query(Membership).filter(Membership.ended_at.is_(None)).first().organisation
        row = make.member(session, organisation, "editor", email="leaver@office.example", password=password)
    tab = refused.tab("leaver")
    refused.draft(tab)
    with refused.database.unit() as session:
        session.query(Membership).filter_by(person_id=row.person).one().ended_at = make.NOW
    box(tab, "title.zh").fill("来不及保存的标题")
    expect(tab.locator("#saved")).to_contain_text("you may no longer write in this case", timeout=4000)
    assert box(tab, "title.zh").input_value() == "来不及保存的标题"


def test_two_editors_choose_between_both_texts(refused: Office) -> None:
    tab, other = refused.tab(), refused.tab("editor")
    address = refused.draft(tab)
    other.goto(f"{address}/basics")
    box(tab, "title.zh").fill("水表甲")
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=3000)
    box(other, "title.zh").fill("水表乙")
    expect(other.locator("#conflict")).to_contain_text("owner", timeout=4000)
    assert other.locator("#conflict .both .said").inner_text() == "水表甲"
    mine = other.locator('#conflict textarea[name="mine.title.zh"]')
    assert mine.input_value() == "水表乙"
    assert other.evaluate("document.activeElement.id") == "conflict"
    other.check("#theirs-1")
    mine.fill("水表甲与乙")
    assert other.is_checked("#mine-1"), "what is written in the box is meant"
    other.click("#conflict .btn.go")
    other.wait_for_url("**/basics")
    assert box(other, "title.zh").input_value() == "水表甲与乙"


def test_items_are_added_moved_and_taken_out_without_a_round_trip(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    tab.goto(f"{address}/deployment")
    for place, word in enumerate("甲乙丙"):
        if place:
            tab.click("button[value='add:standards']")
        assert tab.locator(f'[id="standards.{place}"]').count() == 1
        box(tab, f"standards.{place}").fill(word)
    tab.click("button[value='up:standards.2']")
    tab.click("button[value='remove:standards.0']")
    values = [each.input_value() for each in tab.locator("[data-many=standards] .field").all()]
    assert values == ["丙", "乙"]
    assert [each.get_attribute("name") for each in tab.locator("[data-many=standards] .field").all()] == [
        "standards.0",
        "standards.1",
    ]
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=3000)
    tab.reload()
    assert [each.input_value() for each in tab.locator("[data-many=standards] .field").all()] == ["丙", "乙"]


def test_it_works_without_scripts(office: Office) -> None:
    tab = office.tab(scripts=False)
    address = office.draft(tab)
    box(tab, "title.zh").fill("水表")
    tab.click("button[value=next]")
    assert tab.url == f"{address}/deployment"
    box(tab, "standards.0").fill("甲")
    tab.click("button[value='add:standards']")
    box(tab, "standards.1").fill("乙")
    tab.click("button[value='up:standards.1']")
    assert [each.input_value() for each in tab.locator("[data-many=standards] .field").all()] == ["乙", "甲"]
    tab.click("button[value=check]")
    tab.locator("[role=alert]").wait_for()
    assert tab.locator("[role=alert]").count() == 1
    tab.click("nav.steps a >> nth=0")
    assert box(tab, "title.zh").input_value() == "水表"


def test_a_commenter_has_no_edit_button(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    box(tab, "title.zh").fill("水表")
    expect(tab.locator("#saved")).to_have_text(SAVED, timeout=3000)
    reader = office.tab("commenter")
    reader.goto(f"{address}/basics")
    assert reader.locator("#sheet, [name=do]").count() == 0
    assert "水表" in reader.inner_text("main")
    reader.fill("#comment", "请补充摘要。")
    reader.click(".remarks form .btn")
    assert "请补充摘要。" in reader.inner_text("#comments")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_axe_finds_nothing_and_nothing_sticks_out(office: Office, lang: str) -> None:
    tab = office.tab(lang=lang)
    address = office.draft(tab)
    box(tab, "title.zh").fill("水表")
    tab.click("button[value=check]")
    pages = [f"{address}/{name}?check=1" for name in SECTIONS]
    pages += [
        address,
        f"{address}/submit",
        f"{address}/preview",
        f"{address}/history/basics",
        "/work",
        "/work/new",
    ]
    found = []
    for each in pages:
        tab.goto(each)
        found += [f"{each} twice the id {name}" for name in tab.evaluate(TWICE)]
        for width in (live.WIDE, live.NARROW):
            tab.set_viewport_size({"width": width, "height": 800})
            found += [f"{each} {width} {words}" for words in violations(tab, EVERYTHING)]
            if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{each} {width} sticks out")
    assert not found, "\n".join(found)
