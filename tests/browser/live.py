"""The site as a reader meets it: the real command, web and worker, filled with the seed cases; and Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

COLLECTED = "MIOT-P-0034"
SAID = "The number of meters is older than the page says."
REVISED = "MIOT-P-0024"
SEED_OF_REVISED = ROOT / "seed_cases" / "madrid-large-diameter-meters-contract.json"

LOCALES = {"zh": "zh-CN", "en": "en-GB"}
WIDE, NARROW = 1280, 320

# What the fixture `reader` hands out: opens a tab, takes what `reader` below takes.
Reader = Callable[..., Page]
# What the fixture `seat` hands out: a tab that goes from page to page, and what it complains of.
Seat = Callable[[str, str], tuple[Page, list[str]]]

# A quiet Chromium: it draws the page and asks nobody about anything.
FLAGS = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """The site over a data folder of its own; yields its address, and leaves no process behind."""
    port = _free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("CASELIB_")}
    environment = own | {"CASELIB_DATA": str(folder / "data"), "PORT": str(port)}
    command = [sys.executable, "-m", "library.cli"]
    with (folder / "site.log").open("w+b") as log:
        site = subprocess.Popen(
            [*command, "serve", "--setup"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            base = f"http://localhost:{port}"
            _until_healthy(base, site, folder / "site.log")
            changed = _changed_seed(folder)
            subprocess.run(
                [*command, "import", "--revise", changed],
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            _until_healthy(base, site, folder / "site.log")
            yield base
        finally:
            _stop(site)


def chromium(playwright: Playwright, path: Path) -> Browser:
    """Chromium without a window. Playwright leaves the sandbox out, which is what lets root start it."""
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def reader(
    browser: Browser,
    base: str,
    lang: str = "en",
    *,
    width: int = WIDE,
    dark: bool = False,
    scripts: bool = True,
    cookie: str = "",
) -> BrowserContext:
    """Somebody with a fresh browser; `lang` is the browser's language, not a choice made on the site.
    `cookie` is that of a sign-in."""
    context = browser.new_context(
        base_url=base,
        locale=LOCALES[lang],
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(1000 * PATIENCE / 2)
    if cookie:
        context.add_cookies([{"name": "session", "value": cookie, "url": base}])
    return context


def watched(tab: Page, base: str) -> list[str]:
    """What goes wrong in a tab from now on: words on the console (there the content security policy speaks too),
    faults of scripts, requests to another host, and parts of a page that the site does not have."""
    troubles: list[str] = []

    def said(message: ConsoleMessage) -> None:
        # That a page answers 404 is the test's affair; a part of a page is heard of below.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            troubles.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{base}/", "data:")):
            troubles.append(f"asked elsewhere: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            troubles.append(f"{response.status}: {response.url}")

    tab.on("console", said)
    tab.on("pageerror", lambda fault: troubles.append(f"fault: {fault}"))
    tab.on("request", asked)
    tab.on("response", answered)
    return troubles


def file_report(page: Page, words: str) -> None:
    """Report an error in a case, as a reader does."""
    page.goto(f"/cases/{COLLECTED}/report")
    page.check("#ground-error")
    page.fill("#text", words)
    # A click ends when the form is on its way; a reload before the answer would have no page to reload.
    with page.expect_navigation():
        page.click("main form [type=submit]")


def until_letter(page: Page, words: str) -> None:
    """Look at the letters until one has `words`; the worker writes it a moment after the report."""
    deadline = time.monotonic() + 15
    page.goto("/mail")
    while words not in page.inner_text("main"):
        if time.monotonic() > deadline:
            raise AssertionError(f"no letter with {words!r} was written")
        page.wait_for_timeout(100)
        page.reload()


def write_letter(browser: Browser, base: str) -> None:
    """So that /mail has something to show."""
    with reader(browser, base) as context:
        page = context.new_page()
        file_report(page, SAID)
        until_letter(page, SAID)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_healthy(base: str, site: subprocess.Popen[bytes], log: Path) -> None:
    """Healthy means: database and worker answer, and the index has seen every event."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if _answers(f"{base}/healthz"):
            return
        if site.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the site did not come up:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:  # nobody listens yet, or 503: not healthy yet
        return False


def _changed_seed(folder: Path) -> Path:
    """A case as somebody corrects it: other words, another number, one more fact."""
    case = json.loads(SEED_OF_REVISED.read_text(encoding="utf-8"))
    assert case["code"] == REVISED
    case["summary"]["en"] += " The meters are read twice a day."
    case["summary"]["zh"] += "水表每天抄读两次。"
    case["connections"][0]["value"] += 1000
    fact = {"en": "Leaks are found within a day", "zh": "一天之内发现漏水"}
    case["outcomes"].append({"text": fact, "sources": [1]})
    file = folder / SEED_OF_REVISED.name
    file.write_text(json.dumps(case, ensure_ascii=False), encoding="utf-8")
    return file


def _stop(site: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does; whatever the supervisor should leave behind goes with its group."""
    site.terminate()
    try:
        site.wait(20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(site.pid, signal.SIGKILL)
        site.wait()
