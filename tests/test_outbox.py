"""The outbox as officers use it, and the letters that people choose; over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import make
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import outbox
from library.accounts import letters
from library.accounts.letter_models import Letter
from library.accounts.letters import Recipient
from library.db import Database
from library.events import Event
from library.policy import VISITOR
from library.worker import now

OUTBOX = "/desk/outbox"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.officer(session, email="li@ministry.example")
        make.person(session, email="wang@people.example")
    return site


def written(session: Session, number: int, *, private: bool = False) -> None:
    letters.write(
        session,
        key=f"test:{number}",
        verb="account.recover" if private else "case.report",
        about="case:1",
        to=Recipient(f"p{number}@people.example"),
        title=f"Letter {number}",
        text=f"Words {number}",
        now=now(),
        private=private,
    )


def hold(site: Site, count: int) -> None:
    with site.database.unit() as session:
        letters.hold_kinds(session, make.OFFICER, verbs=["case.report"], now=now())
        for number in range(1, count + 1):
            written(session, number)


def states(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(select(Letter.state).order_by(Letter.id)))


def send(client: FlaskClient, address: str, **given: object) -> int:
    answer = client.post(address, data={"csrf_token": token(client, OUTBOX), **given})
    return answer.status_code


def opened(client: FlaskClient, number: int) -> Callable[..., tuple[int, str]]:
    """A letter as a browser has it open: what is typed is sent with what the form carries."""
    page = client.get(f"{OUTBOX}/{number}").get_data(as_text=True)
    [seen] = re.findall('name="seen" value="([0-9a-f]+)"', page)

    def sent(**given: str) -> tuple[int, str]:
        data = {"csrf_token": token(client, OUTBOX), "seen": seen, **given}
        answer = client.post(f"{OUTBOX}/{number}", data=data)
        return answer.status_code, answer.get_data(as_text=True)

    return sent


def test_held_letters_are_opened_changed_thrown_away_and_the_filtered_rest_is_sent(site: Site) -> None:
    """Scenario 24."""
    hold(site, 40)
    officer = site.signed_in("li@ministry.example")
    with site.database.reading() as session:
        first, second = session.scalars(select(Letter.id).order_by(Letter.id).limit(2))
    assert "Words 1" in officer.get(f"{OUTBOX}/{first}").get_data(as_text=True)
    assert opened(officer, first)(title="Changed", text="Other words")[0] == 303
    assert send(officer, OUTBOX, move="letter.discard", letter=second) == 303
    assert (
        send(officer, OUTBOX, move="letter.release", all="yes", state="held", verb="case.report", q="Letter 3")
        == 303
    )
    assert (states(site).count("queued"), states(site).count("held"), states(site).count("discarded")) == (
        11,
        28,
        1,
    )
    assert send(officer, OUTBOX, move="letter.release", all="yes", state="held") == 303
    site.work()
    assert (states(site).count("sent"), states(site).count("discarded")) == (39, 1)
    told = {letter["To"]: (letter["Subject"], letter.get_content().strip()) for letter in site.letters()}
    assert (len(told), told["p1@people.example"]) == (39, ("Changed", "Other words"))
    page = officer.get(f"{OUTBOX}?state=sent").get_data(as_text=True)
    assert "Changed" in page
    assert "Letter 2<" not in page


def test_only_letters_that_wait_can_be_changed(site: Site) -> None:
    hold(site, 1)
    officer = site.signed_in("li@ministry.example")
    assert opened(officer, 1)(title=" ", text="x", move="letter.release")[0] == 422
    assert states(site) == ["held"]
    assert send(officer, OUTBOX, move="letter.release", letter=1) == 303
    site.work()
    assert send(officer, f"{OUTBOX}/1", title="Too late", text="Too late") == 409
    assert send(officer, OUTBOX, move="letter.burn", letter=1) == 422


def test_what_stands_in_the_boxes_is_what_is_sent(site: Site) -> None:
    hold(site, 2)
    officer = site.signed_in("li@ministry.example")
    assert opened(officer, 1)(title="Changed", text="Other\r\nwords", move="letter.release")[0] == 303
    assert opened(officer, 2)(title="Letter 2", text="Words 2\r\n", move="letter.release")[0] == 303
    site.work()
    told = {letter["Subject"]: letter.get_content().split() for letter in site.letters()}
    assert told == {"Changed": ["Other", "words"], "Letter 2": ["Words", "2"]}
    with site.database.reading() as session:  # words that nobody changed are no edit
        edits = select(Event.subject).where(Event.verb == "letter.edit")
        assert list(session.scalars(edits)) == ["letter:1"]


def test_of_two_officers_on_a_letter_the_second_is_told_and_loses_nothing(site: Site) -> None:
    hold(site, 1)
    officer = site.signed_in("li@ministry.example")
    first, second = opened(officer, 1), opened(officer, 1)
    assert first(title="First", text="Of the first")[0] == 303
    status, page = second(title="Second", text="Of the second", move="letter.release")
    assert (status, states(site)) == (409, ["held"])
    for words in ("Somebody else has changed this letter", "Of the first", 'value="Second"', ">Of the second</"):
        assert words in page
    assert opened(officer, 1)(move="letter.discard")[0] == 303
    status, page = second(title="Second", text="Of the second", move="letter.release")
    assert (status, states(site)) == (409, ["discarded"])
    assert ("This letter is no longer held" in page, "Of the second" in page) == (True, True)
    given = {"csrf_token": token(officer, OUTBOX), "move": "letter.release", "letter": "1"}
    page = officer.post(OUTBOX, data=given, follow_redirects=True).get_data(as_text=True)
    assert "1 of the chosen letters was left as it is" in page


def test_letters_that_open_an_account_are_not_in_the_outbox(site: Site) -> None:
    with site.database.unit() as session:
        written(session, 1, private=True)
        written(session, 2)
        number = session.scalars(select(Letter.id).where(Letter.private)).one()
    officer = site.signed_in("li@ministry.example")
    page = officer.get(OUTBOX).get_data(as_text=True)
    assert ("Letter 2" in page, "Letter 1" in page) == (True, False)
    assert re.findall('state=queued">On its way ([0-9]+)<', page) == ["1"]  # nor counted
    assert officer.get(f"{OUTBOX}/{number}").status_code == 404
    assert send(officer, OUTBOX, move="letter.discard", letter=number) == 303
    assert send(officer, OUTBOX, move="letter.discard", all="yes", q="p1@people.example") == 303
    assert sorted(states(site)) == ["queued", "queued"]


@pytest.mark.parametrize("address", [OUTBOX, f"{OUTBOX}/1"])
def test_the_outbox_is_the_officers(site: Site, address: str) -> None:
    hold(site, 1)
    officer = site.signed_in("li@ministry.example").get(address)
    assert (officer.status_code, "p1@people.example" in officer.get_data(as_text=True)) == (200, True)
    for client in (site.client(), site.signed_in("wang@people.example")):
        assert client.get(address).status_code in (302, 303, 403)


def test_lists_cost_the_same_whatever_their_length(site: Site, statements: list[str]) -> None:
    officer = site.signed_in("li@ministry.example")
    costs = []
    for count in (1, 3):
        with site.database.unit() as session:
            for number in range(count):
                written(session, 100 * count + number)
        officer.get(OUTBOX)
        statements.clear()
        officer.get(OUTBOX)
        costs.append(len([one for one in statements if one.startswith("SELECT")]))
    assert costs[0] == costs[1]


def test_a_person_chooses_letters(site: Site) -> None:
    person = site.signed_in("wang@people.example")
    page = person.get("/account/letters").get_data(as_text=True)
    assert page.count(" checked>") == page.count('name="verb"') > 1
    given = {"csrf_token": token(person, "/account/letters"), "verb": ["case.comment"]}
    assert person.post("/account/letters", data=given).status_code == 303
    assert person.get("/account/letters").get_data(as_text=True).count(" checked>") == 1


def test_letters_about_the_safety_of_an_account_cannot_be_kept_back(site: Site) -> None:
    with site.database.unit() as session:
        who = session.scalars(select(Letter.id)).all()
        assert who == []
        to = Recipient("wang@people.example")
        given = {"about": "person:2", "to": to, "title": "A new token", "text": "Words", "now": now()}
        letter = letters.write(session, key="safety:1", verb="token.make", **given)
        assert letter is not None
        number = letter.id
    officer = site.signed_in("li@ministry.example")
    assert "A new token" not in officer.get(OUTBOX).get_data(as_text=True)
    assert officer.get(f"{OUTBOX}/{number}").status_code == 404
    assert send(officer, OUTBOX, move="letter.hold", letter=number) == 303
    assert send(officer, f"{OUTBOX}/kinds", verb="token.make") == 303
    assert states(site) == ["queued"]
    with site.database.reading() as session:
        assert letters.held_kinds(session) == set()


def test_a_letter_is_in_the_list_when_it_may_be_posted(session: Session) -> None:
    verbs = ("case.return", "account.recover", "person.role", "personal.news", "token.make", "identity.link")
    for number, (verb, private) in enumerate(product(verbs, (False, True))):
        to = letters.Recipient("li@people.example")
        given = {"about": "case:1", "to": to, "title": "A", "text": "B", "now": make.NOW}
        letters.write(session, key=f"{number}", verb=verb, private=private, **given)
    session.flush()
    every = session.scalars(select(Letter)).all()
    listed = set(session.scalars(select(Letter.id).where(outbox.OURS)))
    for actor in (make.OFFICER, make.officer(session, "administrator")):
        assert {letter.id for letter in every if letters.may_post(actor, letter)} == listed
    assert {letter.verb for letter in every if letter.id in listed} == {
        "case.return",
        "account.recover",
        "personal.news",
    }
    for actor in (VISITOR, make.officer(session, "approver"), make.member(session, make.organisation(session))):
        assert not letters.may_post(actor, None)
