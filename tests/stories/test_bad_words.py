"""What nobody expects, in every field of every form that a member or an officer meets, and in every address: it
is told in words and never a fault.

The forms are those of the pages themselves, found by following their links, so that a new one is tried unasked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import handed_in
import make
import pytest
from flask.testing import FlaskClient
from sites import PLACE, Site
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from library.accounts import letters
from library.catalog import draft_comments, links, operations
from library.policy import VISITOR

HUGE = "9" * 40
# One field after the other, and all at once.
EACH = {"nul": b"\0", "huge": HUGE.encode()}
ALL = {**EACH, "half a character": b"\xed\xa0\xbd", "negative": b"-1", "long": "长".encode() * 30_000}
# What would end the walk.
ENDS = ("/account/sign-out", "/account/end", "/close", "/leave")
OFTEN = 8  # pages of one kind

Fields = dict[str, str]


class Page(HTMLParser):
    """The links of a page, and its forms: method, address and fields with their values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, str, Fields]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append((given.get("method", "get").lower(), given.get("action", ""), {}))
        elif tag in ("input", "textarea", "select", "button") and given.get("name") and self.forms:
            self.forms[-1][2].setdefault(given["name"], given.get("value", ""))


def endpoint(site: Site, address: str, method: str) -> str | None:
    try:
        return str(site.app.url_map.bind("library.example").match(urlsplit(address).path, method.upper())[0])
    except HTTPException:
        return None


def bare(address: str) -> str:
    return urlsplit(address).path


def pages(site: Site, client: FlaskClient, start: list[str]) -> Iterator[tuple[str, Page]]:
    """Every page that links lead to, a few of each kind."""
    queue, seen, times = list(start), set(start), Counter[str]()
    while queue:
        address = queue.pop(0)
        name = endpoint(site, address, "get")
        if name is None or name == "static" or times[name] == OFTEN:
            continue
        times[name] += 1
        answer = client.get(address, buffered=True)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            page = Page(answer.get_data(as_text=True))
            yield address, page
            queue += [link for link in dict.fromkeys(page.links) if link not in seen]
            seen.update(page.links)


def forms(site: Site, found: Mapping[str, Page]) -> dict[tuple[str, str, str], tuple[str, Fields]]:
    """One form of each kind: where it goes, and every field that one of its kind has."""
    kinds: dict[tuple[str, str, str], tuple[str, Fields]] = {}
    for address, page in found.items():
        for method, action, fields in page.forms:
            to = action or address
            last = urlsplit(to).path.rpartition("/")[2]
            name = endpoint(site, to, method)
            if name and not to.endswith(ENDS):
                kinds.setdefault((method, name, "" if last.isdecimal() else last), (to, {}))[1].update(fields)
    return kinds


def scene(session: Session) -> int:
    """An organisation with a case in each state, somebody who asks for everything, and a letter that is held."""
    handed_in.rules(session)
    house = handed_in.organisation(session)
    owner = make.member(session, house, "owner", email="owner@works.example")
    make.member(session, house, "editor")
    judge = make.officer(session, email="officer@desk.example")
    draft = handed_in.draft(session, owner)
    draft_comments.comment(session, owner, draft, "basics", text="Why?", now=make.NOW)
    for verb, given in {"": {}, "case.return": handed_in.RETURN, "case.admit": {}}.items():
        case = handed_in.draft(session, owner)
        handed_in.move(session, owner, case, "case.submit")
        if verb:
            handed_in.move(session, judge, case, verb, given=given)
    collected = make.case(session)
    links.ask(session, owner, collected, given={"text": "We built it."}, now=make.NOW)
    operations.report(session, VISITOR, collected, given={"ground": "error", "text": "Wrong."}, now=make.NOW)
    make.member(session, make.organisation(session, state="asked", asked_at=make.NOW), "owner")
    words = {"title": "A", "text": "B", "now": make.NOW}
    to = letters.Recipient("li@people.example")
    letter = letters.write(session, key="k", verb="case.return", about="case:1", to=to, **words)
    assert letter is not None
    letter.state = "held"
    return house.id


@pytest.fixture
def clients(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, FlaskClient]:
    """Their browsers. What they send is undone, so that the order of the questions does not matter."""
    with site.database.unit() as session:
        house = scene(session)
    site.work()
    found = {
        "visitor": site.client(),
        "owner": site.signed_in("owner@works.example", organisation=house),
        "officer": site.signed_in("officer@desk.example"),
    }
    monkeypatch.setattr(Session, "commit", Session.flush)
    return found


@pytest.mark.parametrize(
    ("who", "some"),
    [
        ("owner", {"editor.save", "joining.invite", "programs.make", "importing.index", "editor_moves.move"}),
        ("officer", {"desk_case.move", "desk_rules.rule", "outbox.letter", "vetting.decide", "audit.audit"}),
    ],
)
def test_no_form_is_a_fault(site: Site, clients: dict[str, FlaskClient], who: str, some: set[str]) -> None:
    client = clients[who]
    found = dict(pages(site, client, ["/account", "/work", "/work/new", "/work/import", "/desk", "/"]))
    kinds = forms(site, found)
    assert some <= {name for _, name, _ in kinds}
    faults = [
        f"{address} page"
        for address in found
        if client.get(bare(address), query_string={"page": HUGE}, buffered=True).status_code >= 500
    ]
    for (method, name, _), (address, fields) in kinds.items():
        asked = [each for each in fields if each != "csrf_token"]
        sent = [(kind, asked) for kind in ALL] + [(kind, [each]) for kind in EACH for each in asked]
        for kind, bad in sent:
            given = {**fields, **dict.fromkeys(bad, ALL[kind])}
            send_to = address if method == "post" else bare(address)
            answer = client.open(
                send_to, method=method, buffered=True, **{"data" if method == "post" else "query_string": given}
            )
            if answer.status_code >= 500:
                faults.append(f"{method} {address} ({name}): {kind} in {bad}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("bad", ["\0", HUGE, "长" * 400])
def test_no_address_is_a_fault(site: Site, clients: dict[str, FlaskClient], bad: str) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    rules = [rule for rule in site.app.url_map.iter_rules() if "<" in rule.rule and rule.endpoint != "static"]
    assert len(rules) > 50
    faults = [
        (who, method, rule.rule)
        for rule in rules
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        for who, client in clients.items()
        if client.open(PLACE.sub(quote(bad), rule.rule), method=method).status_code >= 500
    ]
    assert faults == []
