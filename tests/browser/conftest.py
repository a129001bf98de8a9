"""One site and one Chromium for all tests of this folder (per worker), and a fresh reader for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import make
import pytest
from flask_security import hash_password
from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.append(str(Path(__file__).parent))  # for `import live` and `import addresses`, as shots.py does

import live
import scene as scenes
from offices import PASSWORD, Office

from library import create_app
from library.config import Config
from library.db import Database

# A shorter patience measures the machine; what does not come never comes.
expect.set_options(timeout=1000 * live.PATIENCE / 2)


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


@pytest.fixture(scope="package")
def scene(site: str, folder: Path) -> scenes.Scene:
    """What there is behind a sign-in."""
    return scenes.made(folder)


@pytest.fixture(scope="package")
def seat(chromium: Browser, site: str, scene: scenes.Scene) -> Iterator[live.Seat]:
    """Call it with a language and who is signed in."""
    with ExitStack() as stack:

        @cache
        def take(lang: str, who: str) -> tuple[Page, list[str]]:
            context = live.reader(chromium, site, lang, cookie=scene.cookies.get(who, ""))
            tab = stack.enter_context(context).new_page()
            return tab, live.watched(tab, site)

        yield take


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


@pytest.fixture(scope="package")
def people(site: str, folder: Path) -> Database:
    config = Config.read({"CASELIB_DATA": str(folder / "data")})
    database = Database(config.database_url)
    with create_app(config, database).app_context():
        password = hash_password(PASSWORD)
    with database.unit() as session:
        organisation = make.organisation(session, state="verified", verified_at=make.NOW)
        for name, role in (("owner", "owner"), ("editor", "editor"), ("commenter", "commenter")):
            make.member(session, organisation, role, email=f"{name}@office.example", name=name, password=password)
    return database


@pytest.fixture
def office(people: Database, reader: live.Reader) -> Office:
    return Office(people, reader)


@pytest.fixture
def refused(people: Database, chromium: Browser, site: str) -> Iterator[Office]:
    """The same for tests in which the site refuses something, which `reader` takes for a fault."""
    with ExitStack() as stack:

        def open_tab(**wishes: Any) -> Page:
            return stack.enter_context(live.reader(chromium, site, **wishes)).new_page()

        yield Office(people, open_tab)
