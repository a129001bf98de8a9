"""Pictures of every page: `make shots` fills shots/ and its contact sheet, shots/index.html.

Each page in both languages, light and dark, 1280 and 320 pixels wide, in full length.
"""

from __future__ import annotations

import html
import itertools
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # the factories, which pytest finds by itself

import live
import preflight
from addresses import LANGUAGES, PAGES, Page
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab
from scene import Scene, made

SHOTS = live.ROOT / "shots"
VARIANTS = list(itertools.product(LANGUAGES, (live.WIDE, live.NARROW), (False, True)))
SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pictures of every page</title>
<style>
body {{ font: 14px/1.4 sans-serif; margin: 1rem; }}
h2 {{ margin: 2rem 0 .5rem; }}
div {{ display: flex; gap: 1rem; align-items: start; overflow-x: auto; }}
figure {{ margin: 0; flex: none; }}
img {{ width: 300px; height: 420px; object-fit: cover; object-position: top; border: 1px solid #888; }}
img.narrow {{ width: 160px; }}
</style>
<h1>Pictures of every page</h1>
{pages}
</html>
"""


def main() -> int:
    path = preflight.browser()
    if path is None:
        print(f"No Chromium here. To bring it: {preflight.command(preflight.missing())}", file=sys.stderr)
        return 1
    start = time.monotonic()
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        live.running(Path(folder)) as base,
        live.chromium(playwright, path) as browser,
    ):
        live.write_letter(browser, base)
        scene = made(Path(folder))
        for number, (lang, width, dark) in enumerate(VARIANTS, 1):
            take(browser, base, scene, lang, width, dark)
            done, seconds = number * len(PAGES), time.monotonic() - start
            print(f"{done} of {len(VARIANTS) * len(PAGES)} pictures, {seconds:.0f} s", flush=True)
    (SHOTS / "index.html").write_text(SHEET.format(pages="\n".join(map(row, PAGES))), encoding="utf-8")
    print(f"The contact sheet: {SHOTS / 'index.html'}")
    return 0


def take(browser: Browser, base: str, scene: Scene, lang: str, width: int, dark: bool) -> None:
    with ExitStack() as stack:

        @cache
        def tab(who: str) -> Tab:
            cookie = scene.cookies.get(who, "")
            context = live.reader(browser, base, lang, width=width, dark=dark, cookie=cookie)
            return stack.enter_context(context).new_page()

        for page in PAGES:
            page.open(tab(page.who), lang, scene)
            tab(page.who).screenshot(path=SHOTS / name(page.name, lang, width, dark), full_page=True)


def name(page: str, lang: str, width: int, dark: bool) -> str:
    return f"{page}.{lang}.{width}.{'dark' if dark else 'light'}.png"


def row(page: Page) -> str:
    figures = "".join(
        f'<figure><a href="{file}"><img loading="lazy" class="{"wide" if width == live.WIDE else "narrow"}"'
        f' src="{file}" alt=""></a><figcaption>{lang} {width} {"dark" if dark else "light"}</figcaption></figure>'
        for lang, width, dark in VARIANTS
        for file in [name(page.name, lang, width, dark)]
    )
    return f"<h2>{html.escape(page.name)}</h2><div>{figures}</div>"


if __name__ == "__main__":
    sys.exit(main())
