"""A score sheet by keyboard: it saves itself, names what is left, and is submitted; n goes to the next case."""

from __future__ import annotations

import re

import live
import pytest
from playwright.sync_api import expect
from scene import Scene

pytestmark = pytest.mark.browser


def test_a_sheet_by_keyboard(reader: live.Reader, scene: Scene) -> None:
    tab = reader("en", cookie=scene.cookies["expert"])
    tab.goto(f"/reviews/{scene.places['review_draft']}")
    tab.focus("[name='score.effect']")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("n97")  # typing, and not a step to the next case
    expect(tab.locator("[data-left]")).to_contain_text("Write a whole number from 0 to 100.")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("80")
    tab.focus("[name='score.scale']:checked")
    tab.keyboard.press("ArrowUp")
    expect(tab.locator("[data-score=scale]")).to_have_text("3")
    expect(tab.locator("[data-why='reason.scale']")).to_have_attribute("open", "")
    tab.focus("[name='reason.scale']")
    tab.keyboard.type("Two periods are proved.")
    expect(tab.locator("[data-total]")).to_have_text("Total 88.0 of 100")
    tab.focus("#recognised-no")
    tab.keyboard.press("Space")
    expect(tab.locator("[data-left]")).to_be_hidden()
    expect(tab.locator("#saved")).to_contain_text("Saved")
    tab.reload()
    expect(tab.locator("[name='reason.scale']")).to_have_value("Two periods are proved.")
    tab.focus("[value=finish]")
    tab.keyboard.press("Enter")
    expect(tab.locator("[role=status]")).to_contain_text("Your score sheet is final.")
    tab.locator("h1").click()
    tab.keyboard.press("n")
    expect(tab).to_have_url(re.compile(f"/reviews/{scene.places['review_assigned']}$"))


def test_the_form_check_by_keyboard(reader: live.Reader, scene: Scene) -> None:
    """From the call to the tool of its stage, through the list, to an officer who takes what is ticked."""
    tab = reader("en", cookie=scene.cookies["officer"])
    tab.goto(f"/desk/calls/{scene.places['checked_key']}")
    expect(tab.locator(".stages [aria-current=step]")).to_have_text("Formal check")
    tab.get_by_role("link", name="Form check", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("h1")).to_have_text("Form check")
    for key in "jxx":
        tab.keyboard.press(key)
    expect(tab.locator(".tray strong")).to_have_text("0 selected")
    tab.keyboard.press("x")
    expect(tab.locator(".tray strong")).to_have_text("1 selected")
    for key in ("p", "Tab", "Tab", "Enter"):  # past the button that passes, and the choice of an officer
        tab.keyboard.press(key)
    expect(tab.locator("[role=status]")).to_contain_text("1 entry has been assigned.")
