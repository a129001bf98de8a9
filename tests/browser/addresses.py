"""Every page of the site, by name, with what a reader does to see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from live import COLLECTED, REVISED
from playwright.sync_api import Page as Tab
from playwright.sync_api import Response

LANGUAGES = ("zh", "en")
WORDS = {
    "zh": {"words": "智能水表", "nothing": "木琴", "slip": "水标 连接数:很多"},
    "en": {"words": "smart water meters", "nothing": "xylophone", "slip": "smrt metering connections:many"},
}


@dataclass(frozen=True)
class Page:
    """`status` is what the site answers; `press` names a control to press before looking."""

    name: str
    path: str
    status: int = 200
    press: str = ""

    def address(self, lang: str) -> str:
        return self.path.format(**WORDS[lang])

    def open(self, tab: Tab, lang: str) -> None:
        answer = tab.goto(self.address(lang))
        if self.press:
            with tab.expect_navigation() as navigation:
                tab.click(self.press)
            answer = navigation.value
        assert _status(answer) == self.status, f"{self.name}: {_status(answer)} instead of {self.status}"


PAGES = (
    Page("home", "/"),
    Page("search-words", "/search?q={words}"),
    Page("search-none", "/search?q={nothing}&sector=agriculture&network=nb-iot"),
    Page("search-filters", "/search?direction=governance&network=nb-iot&status=live"),
    Page("search-widened", "/search?q={slip}"),
    Page("search-explained", "/search?q={words}&explain=1"),
    Page("search-help", "/search/help"),
    Page("searches", "/searches"),
    Page("cases-page-2", "/search?page=2"),
    Page("case-collected", f"/cases/{COLLECTED}"),
    Page("case-rich", "/cases/MIOT-P-0043"),
    Page("case-demonstration", "/cases/DEMO-0001"),
    Page("case-revised", f"/cases/{REVISED}"),
    Page("revisions", f"/cases/{REVISED}/revisions"),
    Page("revision-1-past", f"/cases/{REVISED}/revisions/1"),
    Page("revision-2-changes", f"/cases/{REVISED}/revisions/2"),
    Page("direction", "/sectors/governance"),
    Page("sector", "/sectors/metering"),
    Page("sector-without-cases", "/sectors/wearables"),
    Page("statistics", "/statistics"),
    Page("sources", "/sources"),
    Page("about", "/about"),
    Page("feeds", "/feeds"),
    Page("mail", "/mail"),
    Page("report", f"/cases/{COLLECTED}/report"),
    Page("report-with-errors", f"/cases/{COLLECTED}/report", 422, press="main form [type=submit]"),
    Page("report-sent", f"/cases/{COLLECTED}/report?sent=1"),
    Page("sign-in", "/account/sign-in"),
    Page("sign-in-with-errors", "/account/sign-in", 422, press="main form [type=submit]"),
    Page("sign-in-passkey", "/account/sign-in/passkey"),
    Page("sign-in-help", "/account/sign-in/help"),
    Page("register", "/account/register"),
    Page("register-with-errors", "/account/register", 422, press="main form [type=submit]"),
    Page("register-again", "/account/confirm"),
    Page("recover", "/account/recover"),
    Page("confirm", "/account/confirm/none"),
    Page("error-404", "/nowhere", 404),
    Page("error-404-case", "/cases/MIOT-P-9999", 404),
    Page("error-422", "/search?page=0&sort=best", 422),
)


def _status(answer: Response | None) -> int | None:
    return answer.status if answer else None


def each(pages: Iterable[Page]) -> pytest.MarkDecorator:
    """Run a test for each of the pages in each language, as `page` and `lang`."""
    both = [pytest.param(page, lang, id=f"{page.name}-{lang}") for page in pages for lang in LANGUAGES]
    return pytest.mark.parametrize(("page", "lang"), both)


EVERY_PAGE = each(PAGES)
