"""The editor in a browser when the site refuses: it says why, and what was typed stays."""

from __future__ import annotations

import make
import pytest
from offices import Office, box, until_saved
from playwright.sync_api import Route, expect

from library.accounts.models import Membership, Person
from library.catalog.draft_models import Submission
from library.catalog.models import Case

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("status", "words"),
    [(503, "Not saved, retrying"), (401, "Not saved: you are signed out")],
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
    expect(tab.locator("#saved")).to_contain_text(words)
    assert box(tab, "title.zh").input_value() == "水表"
    tab.unroute("**/basics")
    until_saved(tab)
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
    expect(tab.locator("#saved")).to_contain_text("you may no longer write in this case")
    assert box(tab, "title.zh").input_value() == "来不及保存的标题"


def test_two_editors_choose_between_both_texts(refused: Office) -> None:
    tab, other = refused.tab(), refused.tab("editor")
    address = refused.draft(tab)
    other.goto(f"{address}/basics")
    box(tab, "title.zh").fill("水表甲")
    until_saved(tab)
    box(other, "title.zh").fill("水表乙")
    expect(other.locator("#conflict")).to_contain_text("owner")
    assert other.inner_text("#saved").startswith("Not saved: somebody else saved this section meanwhile.")
    assert other.locator("#conflict .both .said").inner_text() == "水表甲"
    mine = other.locator('#conflict textarea[name="mine.title.zh"]')
    assert (mine.input_value(), other.is_checked("#mine-1")) == ("水表乙", True)
    assert other.evaluate("document.activeElement.id") == "conflict"
    other.check("#theirs-1")
    mine.fill("水表甲与乙")
    assert other.is_checked("#mine-1"), "what is written in the box is meant"
    other.click("#conflict .btn.go")
    other.wait_for_url("**/basics")
    assert box(other, "title.zh").input_value() == "水表甲与乙"


def test_what_must_be_fixed_takes_the_focus(refused: Office) -> None:
    tab = refused.open_tab(scripts=False)
    tab.goto("/account/sign-in")
    tab.fill("#email", "nobody@office.example")
    tab.click("main form [type=submit] >> nth=0")
    assert "must be fixed" in tab.locator(":focus").inner_text()


def test_a_field_that_was_locked_meanwhile_is_said_and_stays_on_the_page(refused: Office) -> None:
    tab = refused.tab()
    key = refused.draft(tab).rpartition("/")[2]
    with refused.database.unit() as session:
        case = session.query(Case).filter_by(key=key).one()
        case.state = "returned"
        answer = {"outcome": "returned", "decided_at": make.NOW, "decided_by": "person:1", "reason": "太短。"}
        row = Submission(case_id=case.id, number=1, document={}, digest="", findings=[], at=make.NOW, **answer)
        row.fields = ["summary"]
        session.add(row)
    box(tab, "title.zh").fill("来不及的标题")
    expect(tab.locator("#saved")).to_contain_text("Not saved")
    expect(box(tab, "title.zh-wrong")).to_contain_text("came back for other fields")
    assert box(tab, "title.zh").input_value() == "来不及的标题"
    tab.click("button[value=check]")
    expect(tab.locator(":focus")).to_contain_text("来不及的标题")
    assert (box(tab, "title.zh").count(), box(tab, "summary.zh").count()) == (0, 1)
