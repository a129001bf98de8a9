"""One site and one Chromium for all tests of this folder (per worker), and a fresh reader for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.append(str(Path(__file__).parent))  # for `import live` and `import addresses`, as shots.py does

import live


@pytest.fixture(scope="package")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright, live.chromium(playwright, chromium_path) as browser:
        yield browser


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the site keeps everything."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="package")
def site(chromium: Browser, folder: Path) -> Iterator[str]:
    """The address of a running site with a revised case, a report and its letter."""
    with live.running(folder) as base:
        live.write_letter(chromium, base)
        yield base


@pytest.fixture
def reader(chromium: Browser, site: str) -> Iterator[live.Reader]:
    """Call it as `live.reader`, without browser and address: a tab of somebody who was never here before.

    Whatever page a test opens, it comes from this site alone and nothing about it is refused.
    """
    tabs = []
    with ExitStack() as stack:

        def open_tab(lang: str = "en", **wishes: Any) -> Page:
            tab = stack.enter_context(live.reader(chromium, site, lang, **wishes)).new_page()
            tabs.append(live.watched(tab, site))
            return tab

        yield open_tab
    assert [trouble for troubles in tabs for trouble in troubles] == []
