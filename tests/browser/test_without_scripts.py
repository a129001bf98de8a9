"""With JavaScript switched off the site does everything it does, except the `/` key and copying."""

from __future__ import annotations

import live
import pytest
from playwright.sync_api import Page as Tab
from scene import Scene

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(reader: live.Reader) -> Tab:
    return reader("en", scripts=False)


def test_nothing_is_offered_that_needs_a_script(tab: Tab) -> None:
    tab.goto(f"/cases/{live.COLLECTED}")
    assert [part.is_visible() for part in tab.query_selector_all("[data-scripted]")] == [False]
    tab.goto("/")
    assert [part.is_visible() for part in tab.query_selector_all("[data-scripted]")] == [False]


def test_search_filter_chip_sort_page_and_language(tab: Tab) -> None:
    tab.goto("/")
    tab.fill("#q", "meters")
    tab.click("main [role=search] [type=submit]")
    everything = total(tab)
    tab.click(".facet a:has-text('NB-IoT')")
    filtered = total(tab)
    assert 0 < filtered < everything
    tab.fill("#q", "water meters")
    tab.press("#q", "Enter")
    assert "network=nb-iot" in tab.url, "another question keeps the filters"
    tab.click(".chip")
    assert tab.query_selector(".chip") is None
    tab.click("text=中文")
    assert tab.get_attribute("html", "lang") == "zh-CN"
    assert tab.input_value("#q") == "water meters"
    tab.click("nav >> text=案例")
    tab.click(".sort >> text=标题")
    first = tab.inner_text(".row h3")
    tab.click("a[rel=next]")
    assert "page=2" in tab.url
    assert tab.inner_text(".row h3") != first


def test_filters_open_when_narrow(reader: live.Reader) -> None:
    tab = reader(width=live.NARROW, scripts=False)
    tab.goto("/search")
    tab.click(".facets > summary")
    tab.click(".facet a:has-text('NB-IoT')")
    assert "network=nb-iot" in tab.url


def test_a_report_is_sent(tab: Tab) -> None:
    live.file_report(tab, "Sent without scripts.")
    assert tab.url.endswith("sent=1")
    assert tab.inner_text("[role=status] h2") == "Your report has arrived"
    live.until_letter(tab, "Sent without scripts.")


def total(tab: Tab) -> int:
    return int(tab.inner_text("#n").split()[0])


def test_an_objection_is_filed_and_followed(tab: Tab, scene: Scene) -> None:
    """Who files it has no account; what is wrong comes back with what was typed."""
    tab.goto(f"/notices/{scene.places['notice']}")
    tab.click("main a.btn.go")
    tab.select_option("#entry", index=1)
    tab.check("#ground-rights")
    tab.fill("#text", "The photographs are ours.")
    tab.fill("#name", "匿名")
    tab.fill("#contact", "13800138000")
    tab.check("#consent")
    evidence = {"name": "contract.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 contract"}
    tab.set_input_files("#evidence", [evidence])
    with tab.expect_navigation():
        tab.click("main form [type=submit]")
    assert "anonymous objections are not admitted" in tab.inner_text("[role=alert]")
    tab.click("[role=alert] a")
    assert tab.input_value("#text") == "The photographs are ours."
    tab.fill("#name", "欧阳慕白")
    tab.set_input_files("#evidence", [evidence])
    with tab.expect_navigation():
        tab.click("main form [type=submit]")
    assert tab.inner_text("[role=status] h2") == "Your objection was filed"
    tab.goto(tab.url.partition("?")[0])
    assert "An officer decides whether it is admitted." in tab.inner_text("main")
