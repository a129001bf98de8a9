"""What axe says of a page; test_pages.py asks it of every page."""

from __future__ import annotations

from typing import Any

import live
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.browser

AXE = Axe()
FOUND = """async options => (await axe.run(options)).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`))"""
# The one rule of WCAG 2.2 that axe leaves off unless it is asked for.
EVERYTHING = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# In the dark only the colours differ.
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
# axe leaves it to us whether an id that stands twice does harm; it does when a voice is sent there.
TWICE = """() => [...document.querySelectorAll("[id]")].map(one => one.id)
    .filter((id, place, all) => all.indexOf(id) !== place)"""


def test_axe_would_find_something(reader: live.Reader) -> None:
    """The check itself works: it sees a label taken away, a small target and a faint text."""
    tab = reader()
    tab.goto("/")
    tab.evaluate("""() => {
        document.querySelector("label[for=q]").remove();
        document.querySelector("main").insertAdjacentHTML("beforeend",
            "<p><a href=/ id=a>.</a><a href=/ id=b>.</a></p><p id=faint>faint</p>");
        for (const one of [a, b]) one.style.cssText = "display: inline-block; width: 4px; height: 4px";
        faint.style.color = "#bbb";
    }""")
    found = " ".join(violations(tab, EVERYTHING))
    assert [rule for rule in ("label", "target-size", "color-contrast") if f"{rule}:" not in found] == []


def violations(tab: Tab, options: dict[str, Any]) -> list[str]:
    """Not by `Axe.run`: that brings half a megabyte of script each time and carries back all that is well."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE.axe_script)
    found: list[str] = tab.evaluate(FOUND, options)
    return found
