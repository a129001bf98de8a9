"""What holds for every page: axe finds nothing, nothing is lost at 320 pixels, on paper or in the dark, nothing is
left in the other language.

That a page loads from this site only and without complaint is looked at in every test: `live.watched`.
"""

from __future__ import annotations

import live
import pytest
from addresses import EVERY_PAGE, LANGUAGES, PAGES, Page, each
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from scene import Scene
from test_access import COLOURS, EVERYTHING, TWICE, violations
from test_languages import foreign

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
# Heads of columns go when the columns do, and hints for a keyboard; pictures are drawn for their width.
SENTENCES = """() => {
    for (const closed of document.querySelectorAll("details")) closed.open = true;
    const found = [], texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const holder = texts.currentNode.parentElement, words = texts.currentNode.data.trim();
        if (!words || holder.closest("svg, thead, .rows-head, .keys")) continue;
        if (holder.checkVisibility()) found.push(words);
    }
    return found;
}"""


@EVERY_PAGE
def test_a_page(seat: live.Seat, scene: Scene, page: Page, lang: str) -> None:
    """Loaded once and looked at from every side; what takes it apart comes last. Colours are the same in both
    languages, and English words are the longer ones."""
    tab, troubles = seat(lang, page.who)
    troubles.clear()
    tab.set_viewport_size({"width": live.WIDE, "height": 800})
    tab.emulate_media(color_scheme="light")
    page.open(tab, lang, scene)
    assert tab.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
    found = [f"twice the id {name}" for name in tab.evaluate(TWICE)]
    found += [f"wide: {words}" for words in violations(tab, EVERYTHING)]
    if lang == "zh":
        tab.emulate_media(color_scheme="dark")
        found += [f"dark: {words}" for words in violations(tab, COLOURS)]
    tab.set_viewport_size({"width": live.NARROW, "height": 800})
    if lang == "en":
        found += [f"narrow: {words}" for words in violations(tab, EVERYTHING)]
    found += lost_when_narrow(tab)
    found += [f"in the other language: {words}" for words in foreign(tab, lang)]
    assert not found + troubles, "\n".join(found + troubles)


@each(page for page in PAGES if page.name in PRINTED)
def test_paper_has_the_words_and_no_controls(reader: live.Reader, scene: Scene, page: Page, lang: str) -> None:
    tab = reader(lang)
    page.open(tab, lang, scene)
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
def test_dark_follows_the_reader(reader: live.Reader, scene: Scene, lang: str, dark: bool) -> None:
    """Without a switch: `prefers-color-scheme` decides for paper, ink and controls."""
    tab = reader(lang, dark=dark)
    for page in PAGES[:3]:
        page.open(tab, lang, scene)
        paper, ink = (luminance(tab, part) for part in ("backgroundColor", "color"))
        assert (paper < 0.1, ink > 0.7) == (dark, dark)


def lost_when_narrow(tab: Tab) -> list[str]:
    """What hangs over the edge of a narrow page, and what only a wide one says."""
    found = ["scrolls sideways"] if tab.evaluate("document.scrollingElement.scrollWidth") > live.NARROW else []
    for words, left, right in tab.evaluate(PLACES):
        if left < 0 or right > live.NARROW:
            found.append(f"beyond the edge: {words}")
    narrow = tab.evaluate(SENTENCES)
    tab.set_viewport_size({"width": live.WIDE, "height": 800})
    return found + [f"gone when narrow: {words}" for words in tab.evaluate(SENTENCES) if words not in narrow]


def visible(tab: Tab, selector: str) -> list[str]:
    return [str(one.text_content()) for one in tab.query_selector_all(selector) if one.is_visible()]


def luminance(tab: Tab, part: str) -> float:
    """Between 0, black, and 1, white; near enough to tell light from dark."""
    colour = tab.evaluate(f"getComputedStyle(document.body).{part}")
    red, green, blue = (int(value) / 255 for value in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
