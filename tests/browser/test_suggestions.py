"""Suggestions under the search box: by keyboard, by mouse, by finger, and for a voice."""

from __future__ import annotations

import live
import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from test_access import EVERYTHING, violations
from test_keyboard import titles
from test_search import LONG, compose

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(reader: live.Reader) -> Tab:
    """In the box of the results for `meters`, the caret behind the word."""
    tab = reader()
    tab.goto("/search?q=meters")
    tab.focus("#q")
    tab.keyboard.press("End")
    return tab


@pytest.mark.parametrize(("lang", "words"), [("en", "water"), ("zh", "水")])
def test_suggestions_by_keyboard(reader: live.Reader, lang: str, words: str) -> None:
    tab = reader(lang)
    tab.goto("/")
    tab.keyboard.press("/")
    assert state(tab) == ("combobox", "false", None)
    tab.keyboard.type(words)
    tab.wait_for_selector("#hits")
    offered = [option.inner_text() for option in tab.query_selector_all("#hits [role=option]")]
    assert len(offered) > 1
    assert state(tab) == ("combobox", "true", None)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert state(tab)[2] == offered[1]
    assert tab.inner_text("[aria-selected=true]") == offered[1]
    tab.keyboard.press("ArrowUp")
    assert state(tab)[2] == offered[0]
    tab.keyboard.press("ArrowUp")
    assert state(tab)[2] is None, "above the first is the box"
    tab.keyboard.press("ArrowUp")
    assert state(tab)[2] == offered[-1], "and above that the last"
    tab.keyboard.press("ArrowLeft")
    assert state(tab) == ("combobox", "true", None), "the caret is in the box again"
    assert tab.input_value("#q") == words
    tab.keyboard.press("ArrowDown")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert offered[0].endswith(tab.input_value("#q").strip('"'))
    assert titles(tab) != []


def test_escape_closes_first_and_empties_then(tab: Tab) -> None:
    tab.keyboard.type(" ")
    tab.wait_for_selector("#hits")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#hits")
    assert state(tab) == ("combobox", "false", None)
    assert tab.input_value("#q") == "meters "
    tab.keyboard.press("ArrowDown")
    tab.wait_for_selector("#hits")
    assert state(tab)[2] is None, "opened without choosing"
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    assert tab.input_value("#q") == ""


def test_enter_without_a_choice_searches_for_the_words(reader: live.Reader) -> None:
    tab = reader()
    tab.goto("/")
    tab.keyboard.press("/")
    tab.keyboard.type("water")
    tab.wait_for_selector("#hits")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.type("s")  # other words: what was chosen for the former ones is chosen no more
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert tab.url.endswith("/search?q=waters")


@pytest.mark.parametrize("touch", [False, True])
def test_a_suggested_case_by_hand(chromium: Browser, site: str, touch: bool) -> None:
    with chromium.new_context(base_url=site, locale="en-GB", has_touch=touch) as context:
        tab = context.new_page()
        tab.goto("/")
        tab.locator("#q").press_sequentially("water")
        option = tab.locator("#hits [role=option]", has_text="Case").last
        title = option.locator(":scope > :last-child").inner_text()
        with tab.expect_navigation():
            option.tap() if touch else option.click()
        assert tab.inner_text("h1") == title


def test_other_suggestions_keep_the_filters(reader: live.Reader) -> None:
    tab = reader()
    tab.goto("/search?network=nb-iot")
    tab.focus("#q")
    tab.keyboard.type("water")
    option = tab.locator("#hits [role=option]").first
    text = option.locator(":scope > :last-child").inner_text()
    option.click()
    tab.wait_for_url(f"**/search?network=nb-iot&q={text.replace(' ', '+')}")
    assert tab.inner_text(".chip").startswith("NB-IoT")


def test_elsewhere_closes_the_list(tab: Tab) -> None:
    tab.keyboard.type(" ")
    tab.wait_for_selector("#hits")
    tab.keyboard.press("Tab")
    assert not tab.is_visible("#hits")
    assert tab.inner_text(":focus") == "Search"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.type("s")
    tab.keyboard.press("Tab")  # before the list could come
    tab.wait_for_timeout(LONG)
    assert not tab.is_visible("#hits")


def test_a_suggestion_is_text(tab: Tab) -> None:
    sly = "<img src=/none.png onerror=alert(1)> & <b>meters</b>"
    items = [{"kind": "word", "text": sly, "url": "/search"}, {"kind": "word", "text": "水表", "url": "/search"}]
    tab.route("**/api/v1/suggest?*", lambda route: route.fulfill(json={"items": items}))
    tab.keyboard.type(" ")
    tab.wait_for_selector("#hits")
    assert tab.inner_text("#hits li:first-child :last-child") == sly
    assert tab.query_selector("#hits :is(img, b)") is None
    assert [part.get_attribute("lang") for part in tab.query_selector_all("#hits [lang]")] == ["en", "zh-CN"]


def test_an_input_method_has_the_only_list(tab: Tab) -> None:
    tab.keyboard.type(" ")
    tab.wait_for_selector("#hits")
    compose(tab.context.new_cdp_session(tab), "shui")
    tab.wait_for_timeout(LONG)
    assert not tab.is_visible("#hits")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("address", ["/", "/search?q=meters"])
def test_axe_finds_nothing_while_suggestions_are_open(reader: live.Reader, address: str, lang: str) -> None:
    tab = reader(lang)
    tab.goto(address)
    found: list[str] = []
    for width in (live.WIDE, live.NARROW):
        tab.set_viewport_size({"width": width, "height": 800})
        tab.fill("#q", "")
        expect(tab.locator("#hits")).to_be_hidden()  # or the list of the width before would be looked at
        tab.focus("#q")
        tab.keyboard.type("水")
        tab.wait_for_selector("#hits")
        tab.keyboard.press("ArrowDown")
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            found += violations(tab, EVERYTHING)
        assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    assert found == []


def state(tab: Tab) -> tuple[str, str, str | None]:
    """What a voice is told of the box: its role, whether the list is open, and the words of the choice."""
    role, expanded, active = tab.evaluate("""() => {
        const box = document.activeElement, chosen = box.getAttribute("aria-activedescendant");
        const line = chosen && document.getElementById(chosen);
        return [box.getAttribute("role"), box.ariaExpanded, line && line.innerText];
    }""")
    return role, expanded, active
