"""The editor in a browser: it saves by itself, says so, and never loses a keystroke."""

from __future__ import annotations

import pytest
from offices import Office, box, until_saved
from playwright.sync_api import Dialog, expect

pytestmark = pytest.mark.browser


def test_it_saves_by_itself(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    box(tab, "title.zh").fill("清河流域智能水表")
    box(tab, "summary.zh").press_sequentially("每日上报一次。" * 29, delay=0)
    until_saved(tab)
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
    expect(tab.locator('[id="connections.0.value-wrong"]')).to_contain_text("whole number")
    assert box(tab, "connections.0.value").get_attribute("aria-invalid") == "true"
    assert tab.locator("[data-part=rules] .is-bad li").count() > before
    box(tab, "connections.0.value").fill("940 000")
    expect(tab.locator('[id="connections.0.value-wrong"]')).to_have_count(0)
    tab.click("[data-part=rules] a[href='#connections.0.kind']")
    assert tab.evaluate("document.activeElement.id") == "connections.0.kind"


def test_without_a_connection_it_says_so_and_leaving_asks(office: Office) -> None:
    tab = office.tab()
    office.draft(tab)
    tab.context.set_offline(True)
    box(tab, "title.zh").press_sequentially("水表")
    expect(tab.locator("#saved")).to_have_text("Not saved, retrying")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    tab.on("dialog", stay)
    tab.click("button[value=next]")
    tab.wait_for_timeout(300)
    assert box(tab, "title.zh").input_value() == "水表", "without an answer the button leads nowhere"
    tab.close(run_before_unload=True)
    tab.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    tab.context.set_offline(False)
    until_saved(tab)
    tab.reload()
    assert box(tab, "title.zh").input_value() == "水表"
    assert asked == ["beforeunload"], "what is saved may be left"


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
    until_saved(tab)
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
    box(tab, "title.zh").fill("智能水表")
    tab.fill("#comment", "标题改了。")
    tab.click(".remarks button[value=comment]")
    assert "标题改了。" in tab.inner_text("#comments")
    assert box(tab, "title.zh").input_value() == "智能水表"


def test_a_commenter_has_no_edit_button(office: Office) -> None:
    tab = office.tab()
    address = office.draft(tab)
    box(tab, "title.zh").fill("水表")
    until_saved(tab)
    reader = office.tab("commenter")
    reader.goto(f"{address}/basics")
    assert reader.locator("#sheet, [name=do]").count() == 0
    assert "水表" in reader.inner_text("main")
    reader.fill("#comment", "请补充摘要。")
    reader.click(".remarks form .btn")
    assert "请补充摘要。" in reader.inner_text("#comments")
