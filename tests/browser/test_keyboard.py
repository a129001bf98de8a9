"""Everything by keyboard alone, and the reader always sees where the keyboard is."""

from __future__ import annotations

import live
import pytest
from addresses import LANGUAGES, PAGES
from playwright.sync_api import Page as Tab
from scene import Scene

pytestmark = pytest.mark.browser

WALKED = (
    "home",
    "search-filters",
    "case-demonstration",
    "report-with-errors",
    "statistics",
    "account",
    "draft-basics",
    "desk",
    "desk-selected",
)

# Where the keyboard is: what a reader would call it, whether a ring is drawn, and whether anything covers it.
FOCUSED = """() => {
    const one = document.activeElement;
    if (one === document.body) return null;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const line = one.getClientRects()[0];
    const top = document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2);
    return {
        name: one.innerText || one.id || one.name || one.tagName,
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 1 && box.height > 1 && (one.contains(top) || Boolean(top && top.contains(one))),
    };
}"""
# How many stops there should be; a group of choices is one.
STOPS = """() => [...document.querySelectorAll(
    "a[href], button, summary, input:not([type=hidden]), textarea, select")]
    .filter(one => one.checkVisibility() && one.tabIndex >= 0)
    .filter(one => !one.matches("[type=radio] ~ *, .choice ~ .choice [type=radio]"))
    .length"""


def test_tab_reaches_the_skip_link_first(reader: live.Reader) -> None:
    tab = reader()
    tab.goto("/")
    tab.keyboard.press("Tab")
    assert tab.inner_text(":focus") == "Skip to content"
    assert tab.evaluate(FOCUSED)["seen"]
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("name", WALKED)
@pytest.mark.parametrize("width", [live.WIDE, live.NARROW])
def test_focus_is_always_seen(reader: live.Reader, scene: Scene, name: str, width: int) -> None:
    page = next(page for page in PAGES if page.name == name)
    tab = reader("zh", width=width, cookie=scene.cookies.get(page.who, ""))
    page.open(tab, "zh", scene)
    stops = walk(tab)
    assert len(stops) == tab.evaluate(STOPS)
    assert [stop["name"] for stop in stops if not (stop["ring"] and stop["seen"])] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_search_from_question_to_case_and_back(reader: live.Reader, lang: str) -> None:
    words = {"zh": "水表", "en": "water meters"}[lang]
    tab = reader(lang)
    tab.goto("/statistics")
    with tab.expect_navigation():
        tab.keyboard.press("/")  # no box on this page: the one of the search page
    assert tab.evaluate("[location.pathname, document.activeElement.id]") == ["/search", "q"]
    tab.goto("/")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.keyboard.type(words + "/", delay=5)
    assert tab.input_value("#q") == words + "/", "in the box a stroke is a stroke"
    tab.keyboard.press("Backspace")
    go(tab, "Enter")
    results, asked = titles(tab), tab.url
    assert len(results) > 3
    press_tab_until(tab, ".row:nth-child(4) h3 a")
    scrolled = tab.evaluate("scrollY")
    go(tab, "Enter")
    assert tab.inner_text("h1") == results[3]
    tab.go_back()
    assert (tab.url, titles(tab), tab.input_value("#q")) == (asked, results, words)
    assert tab.evaluate("scrollY") == pytest.approx(scrolled, abs=2)


def test_filters_are_chosen_and_removed(reader: live.Reader) -> None:
    tab = reader()
    tab.goto("/search?q=meters")
    everything = tab.inner_text("#n")  # how many; the rows are a page of them
    press_tab_until(tab, ".facet a:has-text('NB-IoT')")
    go(tab, "Enter")
    assert chips(tab) == ["NB-IoT"]
    press_tab_until(tab, ".facet a:has-text('Intelligent governance')")
    go(tab, "Enter")
    assert chips(tab) == ["Intelligent governance", "NB-IoT"]
    assert titles(tab) != []
    assert tab.inner_text("#n") != everything
    press_tab_until(tab, ".chip")
    go(tab, "Enter")
    assert chips(tab) == ["NB-IoT"]
    press_tab_until(tab, ".chips a:has-text('Clear all')")
    go(tab, "Enter")
    assert (chips(tab), tab.inner_text("#n")) == ([], everything)


def test_filters_open_by_keyboard_when_narrow(reader: live.Reader) -> None:
    tab = reader(width=live.NARROW)
    tab.goto("/search")
    assert not tab.is_visible(".facet a")
    press_tab_until(tab, ".facets > summary")
    tab.keyboard.press("Enter")
    assert tab.is_visible(".facet a")


def test_the_citation_is_copied(reader: live.Reader) -> None:
    tab = reader()
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto(f"/cases/{live.COLLECTED}")
    press_tab_until(tab, "[data-copy]")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == tab.inner_text("#citation")


def walk(tab: Tab) -> list[dict[str, object]]:
    """Every stop of the Tab key, until it leaves the page."""
    to_start(tab)
    stops: list[dict[str, object]] = []
    for _ in range(400):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(FOCUSED)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError("the Tab key goes round in circles")


def press_tab_until(tab: Tab, selector: str) -> None:
    """From the start of the page to the first that matches."""
    to_start(tab)
    wanted = tab.query_selector(selector)
    assert wanted, f"nothing like {selector}"
    for _ in range(200):
        tab.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {selector}")


def to_start(tab: Tab) -> None:
    """As on arrival: the next Tab is the first of the page."""
    tab.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")


def go(tab: Tab, key: str) -> None:
    with tab.expect_navigation():
        tab.keyboard.press(key)


def titles(tab: Tab) -> list[str]:
    return [link.inner_text() for link in tab.query_selector_all(".row h3 a")]


def chips(tab: Tab) -> list[str]:
    """What is in force, without the word for removing it."""
    words = "one => one.firstChild.data.trim()"
    return [str(chip.evaluate(words)) for chip in tab.query_selector_all(".chips .chip")]
