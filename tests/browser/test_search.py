"""Results that follow what is typed on the search page, and what must not be lost by that."""

from __future__ import annotations

from collections.abc import Callable

import live
import pytest
from playwright.sync_api import Browser, CDPSession, Request, Route, expect
from playwright.sync_api import Page as Tab
from test_keyboard import press_tab_until, titles

pytestmark = pytest.mark.browser

# Longer than the pause after which the site is asked: what has not happened by then does not happen.
LONG = 600
SAME_PAGE = "window.marked = true"


@pytest.fixture
def tab(reader: live.Reader) -> Tab:
    """On the results for `meters`, the caret behind the word; the page would be known again."""
    tab = reader()
    tab.goto("/search?q=meters")
    tab.focus("#q")
    tab.keyboard.press("End")
    tab.evaluate(SAME_PAGE)
    return tab


def asked(tab: Tab) -> list[str]:
    """The searches that the page asks for from here on."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if "/search" in request.url:
            assert request.headers["x-requested-with"] == "typing", "it would be counted"
            seen.append(request.url)

    tab.on("request", note)
    return seen


def until_asked(tab: Tab, words: str) -> None:
    tab.wait_for_url(f"**/search?q={words}")


def test_results_follow_what_is_typed(tab: Tab) -> None:
    before = titles(tab)
    tab.keyboard.press("Home")
    tab.keyboard.type("gas ")
    until_asked(tab, "gas+meters")
    typed = (titles(tab), tab.title(), tab.inner_text("#found"), tab.get_attribute(".tools a", "href"))
    assert typed[0] != before
    assert tab.evaluate("[document.activeElement.id, q.selectionStart, q.value]") == ["q", 4, "gas meters"]
    assert tab.evaluate("window.marked"), "no other page was loaded"
    tab.reload()
    whole = (titles(tab), tab.title(), tab.inner_text("#found"), tab.get_attribute(".tools a", "href"))
    assert typed == whole


def test_an_emptied_box_shows_every_case(tab: Tab) -> None:
    tab.fill("#q", " ")
    tab.wait_for_url("**/search")
    assert tab.inner_text("h1") == "All cases"
    assert tab.evaluate("window.marked")


def test_typing_keeps_filters_and_what_is_open(reader: live.Reader) -> None:
    tab = reader(width=live.NARROW)
    tab.goto("/search?q=meters&network=nb-iot")
    tab.click(".facets > summary")
    tab.focus("#q")
    tab.keyboard.press("End")
    tab.keyboard.type(" gas")
    tab.wait_for_url("**/search?network=nb-iot&q=meters+gas")
    assert tab.inner_text(".chip").startswith("NB-IoT")
    assert tab.is_visible(".facet a"), "opened filters stay open"


def test_back_leads_past_the_strokes(reader: live.Reader) -> None:
    tab = reader()
    tab.goto("/")
    tab.click("nav >> text=Cases")
    tab.focus("#q")
    for letter in "gas":
        tab.keyboard.type(letter)
        tab.wait_for_timeout(400)
    until_asked(tab, "gas")
    found = titles(tab)
    tab.keyboard.press("Escape")  # the list lies over the first results
    tab.click(".row h3 a")
    tab.go_back()
    assert (tab.url.partition("?")[2], titles(tab), tab.input_value("#q")) == ("q=gas", found, "gas")
    tab.go_back()
    assert tab.inner_text("h1") == "Find a case of mobile IoT"


def test_back_from_enter_leads_to_the_words_before(tab: Tab) -> None:
    before = titles(tab)
    tab.keyboard.type(" gas")
    until_asked(tab, "meters+gas")
    with tab.expect_event("load"):
        tab.keyboard.press("Enter")
    assert tab.url.endswith("?q=meters+gas")
    tab.go_back()
    expect(tab.locator("#q")).to_have_value("meters")
    assert (tab.url.partition("?")[2], titles(tab)) == ("q=meters", before)


def test_an_input_method_is_left_in_peace(tab: Tab) -> None:
    """Real composition: Chromium is told what an input method tells it."""
    tab.fill("#q", "")
    tab.wait_for_url("**/search")
    seen = asked(tab)
    method = tab.context.new_cdp_session(tab)
    for letters in ("s", "sh", "shui", "shui b", "shui biao"):
        compose(method, letters)
        tab.wait_for_timeout(LONG / 2)
    assert seen == []
    method.send("Input.insertText", {"text": "水表"})
    until_asked(tab, "%E6%B0%B4%E8%A1%A8")
    assert len(seen) == 1
    assert tab.input_value("#q") == "水表"
    assert titles(tab) != []


def compose(method: CDPSession, letters: str) -> None:
    place = len(letters)
    method.send("Input.imeSetComposition", {"text": letters, "selectionStart": place, "selectionEnd": place})


def test_a_late_answer_is_dropped(tab: Tab) -> None:
    held: list[Route] = []
    tab.route("**/search?q=meters+g", lambda route: held.append(route))
    tab.keyboard.type(" g")
    until(tab, lambda: held != [])
    tab.keyboard.type("as")
    until_asked(tab, "meters+gas")
    found = titles(tab)
    held[0].continue_()
    tab.wait_for_timeout(LONG)
    assert (tab.url.partition("?")[2], titles(tab)) == ("q=meters+gas", found)


def test_results_that_are_read_already_stay(tab: Tab) -> None:
    held: list[Route] = []
    tab.route("**/search?q=meters+gas", lambda route: held.append(route))
    before = titles(tab)
    tab.keyboard.type(" gas")
    until(tab, lambda: held != [])
    press_tab_until(tab, ".row h3 a")
    held[0].continue_()
    tab.wait_for_timeout(LONG)
    assert tab.inner_text(":focus") == before[0]
    assert (tab.url.partition("?")[2], titles(tab)) == ("q=meters", before)


def test_what_was_found_is_said_once_it_settles(tab: Tab) -> None:
    assert tab.inner_text("#said") == ""
    tab.evaluate("""() => {
        window.heard = [];
        const note = () => { if (said.textContent) heard.push(said.textContent) };
        new MutationObserver(note).observe(said, { childList: true });
    }""")
    tab.keyboard.type(" g", delay=300)
    tab.keyboard.type("as", delay=300)
    until(tab, lambda: tab.evaluate("heard.length") > 0)
    until_asked(tab, "meters+gas")
    assert tab.evaluate("heard") == [tab.evaluate("n.textContent")]
    assert tab.get_attribute("#said", "role") == "status"


def test_without_a_network_the_page_stays_as_it_is(tab: Tab) -> None:
    before = titles(tab)
    tab.context.set_offline(True)
    tab.keyboard.type(" gas")
    tab.wait_for_timeout(LONG)
    assert (tab.url.partition("?")[2], titles(tab), tab.input_value("#q")) == ("q=meters", before, "meters gas")
    tab.context.set_offline(False)
    tab.keyboard.type(" ")
    tab.keyboard.press("Backspace")
    until_asked(tab, "meters+gas")


def test_a_refusal_leaves_the_page_as_it_is(chromium: Browser, site: str) -> None:
    """In a tab that nobody watches: a refusal is trouble everywhere else."""
    with live.reader(chromium, site) as context:
        tab = context.new_page()
        tab.goto("/search?q=meters")
        before = titles(tab)
        tab.route("**/search?*", lambda route: route.fulfill(status=503, content_type="text/html", body="later"))
        tab.route("**/suggest?*", lambda route: route.fulfill(status=503, body="later"))
        tab.focus("#q")
        tab.keyboard.type("x")
        tab.wait_for_timeout(LONG)
        assert (tab.url.partition("?")[2], titles(tab)) == ("q=meters", before)
        assert not tab.is_visible("#hits")


def until(tab: Tab, come: Callable[[], bool]) -> None:
    for _ in range(100):
        if come():
            return
        tab.wait_for_timeout(50)
    raise AssertionError("it did not come about")
