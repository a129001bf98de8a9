"""What holds for every page: nothing is lost at 320 pixels, on paper or in the dark.

That a page loads from this site only and without complaint is looked at in every test: `live.watched`.
"""

from __future__ import annotations

import live
import pytest
from addresses import EVERY_PAGE, LANGUAGES, PAGES, Page, each
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.browser

PRINTED = ("home", "search-words", "cases-page-2", "case-collected", "case-demonstration", "sector", "statistics")

# Everything that holds text of its own, with the box the text takes.
PLACES = """() => {
    const range = document.createRange(), found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode, holder = node.parentElement, words = node.data.trim();
        if (!words || holder.closest("title, script, .off") || !holder.checkVisibility()) continue;
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        found.push([words, box.left, box.right]);
    }
    return found;
}"""
# Heads of columns go when the columns do; pictures are drawn for their width.
SENTENCES = """() => {
    for (const closed of document.querySelectorAll("details")) closed.open = true;
    const found = [], texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const holder = texts.currentNode.parentElement, words = texts.currentNode.data.trim();
        if (words && !holder.closest("svg, thead, .rows-head") && holder.checkVisibility()) found.push(words);
    }
    return found;
}"""


@EVERY_PAGE
def test_fits_into_320_pixels(reader: live.Reader, page: Page, lang: str) -> None:
    tab = reader(lang, width=live.NARROW)
    page.open(tab, lang)
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= live.NARROW
    cut = [words for words, left, right in tab.evaluate(PLACES) if left < 0 or right > live.NARROW]
    assert not cut, f"beyond the edge: {cut}"
    narrow = tab.evaluate(SENTENCES)
    tab.set_viewport_size({"width": live.WIDE, "height": 800})
    gone = [words for words in tab.evaluate(SENTENCES) if words not in narrow]
    assert not gone, f"gone when narrow: {gone}"


@each(page for page in PAGES if page.name in PRINTED)
def test_paper_has_the_words_and_no_controls(reader: live.Reader, page: Page, lang: str) -> None:
    tab = reader(lang)
    page.open(tab, lang)
    controls = ".nav, .tools, .skip, [role=search], .pager, .facets, .sort, .btn:not(form *)"
    assert visible(tab, controls) != []
    tab.emulate_media(media="print")
    left = visible(tab, controls)
    assert not left, f"printed: {left}"
    assert visible(tab, ".brand") != []
    assert visible(tab, "main :is(h1, h2, p)") != []


def test_a_complaint_is_heard(site: str, chromium: Browser) -> None:
    """Every test of this folder ends with what `live.watched` heard; here it has something to hear."""
    with live.reader(chromium, site) as context:
        tab = context.new_page()
        troubles = live.watched(tab, site)
        tab.goto("/")
        assert troubles == []
        tab.evaluate("""() => {
            console.error("said aloud");
            const html = "<p style='color: red'></p><img src='/static/none.png'>";
            document.body.insertAdjacentHTML("beforeend", html);
            setTimeout(() => { throw new Error("thrown") });
        }""")
        tab.wait_for_load_state("networkidle")
        heard = "\n".join(troubles)
    for words in ("said aloud", "Content Security Policy", "404: ", "fault: thrown"):
        assert words in heard


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_dark_follows_the_reader(reader: live.Reader, lang: str, dark: bool) -> None:
    """Without a switch: `prefers-color-scheme` decides for paper, ink and controls."""
    tab = reader(lang, dark=dark)
    for page in PAGES[:3]:
        page.open(tab, lang)
        paper, ink = (luminance(tab, part) for part in ("backgroundColor", "color"))
        assert (paper < 0.1, ink > 0.7) == (dark, dark)


def visible(tab: Tab, selector: str) -> list[str]:
    return [str(one.text_content()) for one in tab.query_selector_all(selector) if one.is_visible()]


def luminance(tab: Tab, part: str) -> float:
    """Between 0, black, and 1, white; near enough to tell light from dark."""
    colour = tab.evaluate(f"getComputedStyle(document.body).{part}")
    red, green, blue = (int(value) / 255 for value in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
