"""The officers' desk in a browser: by keyboard, without scripts, and when it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import live
import pytest
from playwright.sync_api import Browser, Page, expect
from scene import Scene
from test_access import COLOURS, EVERYTHING, TWICE, violations

from library.catalog.queue_statements import PER_PAGE

pytestmark = pytest.mark.browser

SELECTED = ".tray strong"
ROWS = ".queue tbody tr"
# What the page itself says: not what stands there in another language.
OWN_WORDS = """() => {
    const page = document.getElementById("main").cloneNode(true);
    for (const other of page.querySelectorAll("[lang=en], [lang=mul], code, option, textarea")) other.remove();
    const leaves = [...page.querySelectorAll("*")].filter((one) => !one.children.length);
    return leaves.map((one) => one.textContent.trim()).join("\\n");
}"""


@dataclass
class Hand:
    """An officer with a browser of his own."""

    cookie: str
    open_tab: Any
    codes: list[str]

    def tab(self, lang: str = "en", **wishes: Any) -> Page:
        tab: Page = self.open_tab(lang, cookie=self.cookie, **wishes)
        return tab


@pytest.fixture
def hand(scene: Scene, reader: live.Reader) -> Hand:
    return Hand(scene.cookies["officer"], reader, scene.codes)


@pytest.fixture
def refused(scene: Scene, chromium: Browser, site: str) -> Iterator[Hand]:
    """The same for pages that the site answers with a refusal."""
    with ExitStack() as stack:

        def open_tab(lang: str = "en", **wishes: Any) -> Page:
            return stack.enter_context(live.reader(chromium, site, lang, **wishes)).new_page()

        yield Hand(scene.cookies["officer"], open_tab, scene.codes)


def test_through_the_list_by_keyboard(hand: Hand) -> None:
    tab = hand.tab()
    tab.goto("/desk")
    expect(tab.locator(SELECTED)).to_have_text("0 selected")
    tab.keyboard.press("j")
    tab.keyboard.press("x")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    tab.keyboard.press("k")
    tab.keyboard.press("x")
    expect(tab.locator(SELECTED)).to_have_text("2 selected")
    ticked = tab.eval_on_selector_all(f"{ROWS} [name=pick]", "boxes => boxes.map(box => box.checked)")
    assert [place for place, on in enumerate(ticked) if on] == [0, 1]
    tab.keyboard.press("x")
    expect(tab.locator(SELECTED)).to_have_text("1 selected")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/desk/cases/*")
    assert tab.url.endswith(hand.codes[1])


def test_letters_typed_into_the_search_stay_letters(hand: Hand) -> None:
    tab = hand.tab()
    tab.goto("/desk")
    tab.focus("#dq")
    tab.keyboard.type("xjk")
    assert tab.input_value("#dq") == "xjk"
    expect(tab.locator(SELECTED)).to_have_text("0 selected")


def test_enter_in_the_search_searches_and_keeps_the_selection(hand: Hand) -> None:
    tab = hand.tab()
    tab.goto("/desk")
    tab.check(f"{ROWS}:nth-child(3) [name=pick]")
    tab.fill("#dq", hand.codes[5])
    with tab.expect_navigation():
        tab.press("#dq", "Enter")
    assert tab.locator(ROWS).count() == 1
    expect(tab.locator(SELECTED)).to_have_text("1 selected")
    assert "0 on this page, 1 elsewhere" in tab.inner_text(".tray")


def test_the_whole_page_is_ticked_at_once(hand: Hand) -> None:
    tab = hand.tab()
    tab.goto("/desk")
    tab.check("[data-all]")
    expect(tab.locator(SELECTED)).to_have_text(f"{PER_PAGE} selected")
    tab.uncheck(f"{ROWS}:nth-child(1) [name=pick]")
    expect(tab.locator(SELECTED)).to_have_text(f"{PER_PAGE - 1} selected")
    assert tab.evaluate("document.querySelector('[data-all]').indeterminate")


def test_without_scripts_a_selection_survives_paging_sort_and_search(hand: Hand) -> None:
    tab = hand.tab(scripts=False)
    tab.goto("/desk")
    tab.check(f"{ROWS}:nth-child(1) [name=pick]")
    tab.click("text=Next >> nth=-1")
    assert tab.locator(ROWS).count() == 3
    tab.check(f"{ROWS}:nth-child(1) [name=pick]")
    tab.click("button:has-text('Title')")
    assert tab.inner_text(SELECTED) == "2 selected"
    tab.fill("#dq", hand.codes[0])
    tab.click("text=Find")
    assert tab.is_checked(f"{ROWS} [name=pick]")
    tab.click("text=Show the selected")
    assert tab.locator(ROWS).count() == 2
    tab.click("text=Clear")
    assert tab.inner_text(SELECTED) == "0 selected"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_refused_forms_are_told_at_their_fields(refused: Hand, lang: str) -> None:
    """Focus and names apart, what a form looks like after a refusal is a page of its own."""
    tab, found = refused.tab(lang), []
    for address, form in (
        (f"/desk/cases/{refused.codes[1]}", "form[action$='case.return']"),
        (f"/desk/cases/{refused.codes[1]}", "form[action$='case.decline']"),
        ("/desk/rules/new", "main form"),
        ("/desk/calendar", "form[action$='/desk/calendar']"),
        ("/desk/links", "form[action*='/refuse']"),
    ):
        tab.goto(address)
        for closed in tab.query_selector_all("details:not([open])"):
            closed.evaluate("one => { one.open = true; }")
        with tab.expect_navigation():
            tab.locator(f"{form} button[type=submit]").last.click()
        wrong = tab.locator("[aria-invalid=true]")
        assert wrong.count() > 0, (address, form)
        for place in range(wrong.count()):
            told = str(wrong.nth(place).get_attribute("aria-describedby")).split()
            assert all(tab.locator(f"[id='{name}']").inner_text() for name in told)
        found += whatever_is_wrong(tab, f"{address} {form}")
    assert not found, "\n".join(found)


def whatever_is_wrong(tab: Page, address: str) -> list[str]:
    found = [f"{address}: twice the id {name}" for name in tab.evaluate(TWICE)]
    if tab.locator("html").get_attribute("lang") == "zh-CN":
        words = re.findall(r"^\s*([A-Z][a-z]+ [a-z]+ [a-z]+.*)$", tab.evaluate(OWN_WORDS), re.MULTILINE)
        found += [f"{address}: English on a Chinese page: {text}" for text in words]
    for width in (live.WIDE, live.NARROW):
        tab.set_viewport_size({"width": width, "height": 800})
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{address}: scrolls sideways at {width}")
        tab.emulate_media(color_scheme="light")
        found += [f"{address} {width} light {words}" for words in violations(tab, EVERYTHING)]
        tab.emulate_media(color_scheme="dark")
        found += [f"{address} {width} dark {words}" for words in violations(tab, COLOURS)]
    tab.set_viewport_size({"width": live.WIDE, "height": 800})
    return found
