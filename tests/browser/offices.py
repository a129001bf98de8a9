"""An organisation whose people write cases in a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import live
from playwright.sync_api import Page, expect

from library.db import Database

PASSWORD = "six quiet rivers"
SAVED = re.compile(r"^Saved \d\d:\d\d:\d\d$")
# What the page answers when it is asked whether it may be left.
NOTHING_UNSAVED = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"


@dataclass
class Office:
    """An organisation whose people can sign in with PASSWORD."""

    database: Database
    open_tab: live.Reader

    def tab(self, name: str = "owner", **wishes: Any) -> Page:
        tab = self.open_tab(**wishes)
        tab.goto("/account/sign-in")
        tab.fill("#email", f"{name}@office.example")
        tab.fill("#password", PASSWORD)
        tab.click("main form [type=submit]")
        return tab

    def draft(self, tab: Page) -> str:
        """A new draft, open at its first section; its address."""
        tab.goto("/work/new")
        tab.click("main form [type=submit], main form button >> nth=0")
        tab.wait_for_url("**/basics")
        return tab.url.removesuffix("/basics")


def box(tab: Page, name: str) -> Any:
    return tab.locator(f'[id="{name}"]')


def until_saved(tab: Page) -> None:
    """Everything typed so far is kept; the words alone may speak of what was typed before."""
    tab.wait_for_function(NOTHING_UNSAVED)
    expect(tab.locator("#saved")).to_have_text(SAVED)
