"""Every link of the site leads somewhere, followed from page to page as a crawler does."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

import live
import pytest
from addresses import LANGUAGES, PAGES, WORDS

pytestmark = pytest.mark.browser

LINK = re.compile(r'<(?:a|link)\s[^>]*?href="([^"]*)"')
NAME = re.compile(r"{(\w+)}")
PLACE = re.compile(r'\sid="([^"]*)"')


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_link_leads_nowhere(reader: live.Reader, site: str, lang: str) -> None:
    """Pages, files and places inside pages. Of the searches only those that a page offers by itself."""
    ask = reader(lang).request
    waiting = [
        f"{site}{page.path.format(**WORDS[lang])}{'&' if '?' in page.path else '?'}lang={lang}"
        for page in PAGES
        # Without the scene of the other tests: nobody is invited here, and no call has a notice.
        if page.status == 200 and not page.who and set(NAME.findall(page.path)) <= WORDS[lang].keys()
    ]
    seen, wanted, places = set(waiting), set(), {}
    wrong = []
    while waiting:
        address = waiting.pop()
        answer = ask.get(address)
        if answer.status != 200:
            wrong.append(f"{answer.status} {address}")
        if "html" not in answer.headers["content-type"]:
            continue
        text = answer.text()
        places[address] = set(PLACE.findall(text))
        for link in links(text, address):
            target, place = urldefrag(link)
            if target.startswith(site) and "lang=" not in target:
                wanted |= {(target, place)} if place else set()
                if target not in seen and not (narrows(address) and narrows(target)):
                    seen.add(target)
                    waiting.append(target)
    wrong += [f"{target} has no place {place}" for target, place in wanted if place not in places[target]]
    assert not wrong, "\n".join(wrong)
    assert len([address for address in seen if re.search(r"/cases/[^/]+$", address)]) > 50
    assert len([address for address in seen if re.search(r"/revisions/\d+$", address)]) > 50


def links(text: str, address: str) -> Iterator[str]:
    return (urljoin(address, html.unescape(link)) for link in LINK.findall(text))


def narrows(address: str) -> bool:
    """Every search offers narrower ones; following those would never end."""
    return "/search" in address
