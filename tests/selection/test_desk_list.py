"""From the end of the review to released decisions over HTTP; what pages show and tables hold."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import make
import openpyxl
import pytest
import ranked
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select

from library.accounts.letter_models import Letter
from library.accounts.models import Person
from library.db import Database
from library.selection.entry_models import Entry

REASON = "兼顾区域。"
WHO = ("officer", "approver", "approver", "administrator", "expert")


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


class Desk:
    """A call in `state`, and a browser for each of the ministry's people."""

    def __init__(self, site: Site, state: str = "ranking", **over: Any) -> None:
        self.site = site
        with site.database.unit() as session:
            people = [make.officer(session, role, email=f"{n}@desk.example") for n, role in enumerate(WHO)]
            self.call = ranked.call(session, state=state, officer=people[0], **over)
        self.browsers = [site.signed_in(f"{number}@desk.example") for number in range(len(WHO))]
        self.officer, self.one, self.two = self.browsers[:3]
        self.desk = f"/desk/calls/{self.call.key}"

    def get(self, address: str, browser: FlaskClient | None = None) -> str:
        answer = (browser or self.officer).get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return re.sub(r"\s+", " ", answer.get_data(as_text=True))

    def post(self, address: str, browser: FlaskClient | None = None, **given: Any) -> tuple[int, str]:
        browser = browser or self.officer
        form = {"csrf_token": token(browser, "/account/letters"), **given}
        answer = browser.post(address, data=form)
        return answer.status_code, re.sub(r"\s+", " ", answer.get_data(as_text=True))

    def ran(self) -> None:
        assert self.post(f"{self.desk}/ranking/runs")[0] == 303
        self.site.work()

    def rows(self, **changes: bool) -> dict[str, Any]:
        """What the page's form sends, with some boxes ticked otherwise."""
        with self.site.database.reading() as session:
            row = self.call.list(session)
            chosen = {each.entry_id: each.selected for each in row.choices}
            version = row.version
        chosen |= {self.call.entries[letter]: said for letter, said in changes.items()}
        ticked = [str(entry) for entry, said in chosen.items() if said]
        return {"row": list(map(str, chosen)), "selected": ticked, "version": str(version)}


def test_a_call_from_the_end_of_its_review_to_released_decisions(site: Site) -> None:
    """Scenarios 20 to 24 in one story."""
    desk = Desk(site, "scoring", feedback="remarks")
    page = desk.get(desk.desk)
    assert "End the expert review" in page
    assert desk.post(f"{desk.desk}/moves/call.rank", reason="评审已结束。")[0] == 303
    assert "No ranking was computed yet." in desk.get(f"{desk.desk}/ranking")
    assert desk.post(f"{desk.desk}/ranking/runs")[0] == 303
    assert "Run 1 is being computed" in desk.get(f"{desk.desk}/ranking")
    site.work()
    page = desk.get(f"{desk.desk}/ranking/1")
    for words in ("Immutable, inputs unchanged since", "5 cases", "2 places", "85.33", "+8.0", "−2.6", "Case A"):
        assert words in page, words
    assert re.findall(r"Rank (\d), range", page) == ["1", "2", "3", "4", "5"]
    assert desk.post(f"{desk.desk}/list/begin", run="1")[0] == 303
    assert desk.post(f"{desk.desk}/list", **desk.rows(B=False, D=True))[0] == 303
    page = desk.get(f"{desk.desk}/list")
    assert "2 exceptions have no reason yet" in page
    reasons = {f"reason-{desk.call.entries[letter]}": REASON for letter in "BD"}
    assert desk.post(f"{desk.desk}/list", **desk.rows(), **reasons)[0] == 303
    assert desk.post(f"{desk.desk}/list/moves/list.submit", version="3")[0] == 303
    site.work()
    sheet = f"{desk.desk}/list/sheet"
    page = desk.get(sheet, desk.one)
    assert page.count(REASON) == 2
    assert "2 more approvals are needed" in page
    assert "Approval" in desk.get("/desk/lists", desk.one)
    assert desk.post(f"{desk.desk}/list/moves/list.return", desk.one, version="3", reason="")[0] == 422
    assert desk.post(f"{desk.desk}/list/moves/list.approve", desk.one, version="3")[0] == 303
    assert desk.post(f"{desk.desk}/list/moves/list.approve", desk.one, version="3")[0] == 409
    assert desk.post(f"{desk.desk}/list/moves/list.return", desk.two, version="3", reason="请补充。")[0] == 303
    page = desk.get(sheet, desk.two)
    assert "请补充。" in page
    assert "<s>Approved</s>" in page
    assert desk.post(f"{desk.desk}/list/moves/list.submit", version="4")[0] == 303
    for browser in (desk.one, desk.two):
        assert desk.post(f"{desk.desk}/list/moves/list.approve", browser, version="4")[0] == 303
    assert desk.post(f"{desk.desk}/list/moves/list.release", desk.one)[0] == 403
    assert desk.post(f"{desk.desk}/list/moves/list.release")[0] == 303
    assert "5 entries still wait" in desk.get(sheet)
    site.work()
    assert "All decisions were released" in desk.get(sheet)
    with site.database.reading() as session:
        states = {letter: session.get_one(Entry, entry).state for letter, entry in desk.call.entries.items()}
        letters = session.scalars(select(Letter).where(Letter.about.startswith("entry:"))).all()
        waits = {(each.verb, each.state) for each in letters}
    assert "".join(letter for letter, state in states.items() if state == "shortlisted") == "AD"
    assert set(states.values()) == {"shortlisted", "not_selected"}
    assert (len(letters), waits) == (5, {("entry.shortlist", "held"), ("entry.leave_out", "held")})
    outbox = desk.get("/desk/outbox?state=held")
    assert outbox.count("was not selected") + outbox.count("未入选") >= 3
    assert (
        desk.post("/desk/outbox", state="held", verb="entry.leave_out", all="yes", move="letter.release")[0] == 303
    )
    site.work()
    with site.database.reading() as session:
        rows = session.scalars(select(Letter).where(Letter.about.startswith("entry:"))).all()
        sent = {each.about: each for each in rows if each.state == "sent"}
    assert len(sent) == 3
    passed_over = sent[f"entry:{desk.call.entries['B']}"]
    assert REASON in (passed_over.text or "")
    assert "E1评B" in (passed_over.text or "")


def test_a_conflict_keeps_what_was_chosen_on_the_page(site: Site) -> None:
    desk = Desk(site)
    desk.ran()
    desk.post(f"{desk.desk}/list/begin", run="1")
    mine, other = desk.rows(B=False), desk.rows(A=False)
    assert desk.post(f"{desk.desk}/list", **other)[0] == 303
    status, page = desk.post(f"{desk.desk}/list", **mine, **{f"reason-{desk.call.entries['B']}": REASON})
    assert status == 409
    assert "Somebody else has changed this list meanwhile" in page
    assert REASON in page


def test_tables_hold_what_the_screen_shows(site: Site) -> None:
    desk = Desk(site)
    desk.ran()
    desk.post(f"{desk.desk}/list/begin", run="1")
    page = desk.get(f"{desk.desk}/ranking/1?sort=raw")
    text = desk.officer.get(f"{desk.desk}/ranking/1/ranks.csv?sort=raw").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert [row["raw_rank"] for row in rows] == re.findall(r"raw rank (\d)", page)
    assert [row["title_en"] for row in rows] == [
        f"Case {letter}" for letter in re.findall(r"Case ([A-F])</span>", page)
    ]
    book = openpyxl.load_workbook(
        io.BytesIO(desk.officer.get(f"{desk.desk}/ranking/1/ranks.xlsx?sort=raw").get_data())
    )
    assert [row[2] for row in book.active.iter_rows(min_row=2, values_only=True)] == [row["case"] for row in rows]
    listed = desk.officer.get(f"{desk.desk}/list/list.csv").get_data(as_text=True)
    assert [row["selected"] for row in csv.DictReader(io.StringIO(listed.lstrip("\ufeff")))] == [
        *("yes", "yes", "no", "no", "no")
    ]
    scores = desk.officer.get(f"{desk.desk}/ranking/1/scores.csv").get_data(as_text=True)
    assert scores.splitlines()[0] == "\ufeffcase,expert,score,weight"
    for ending in ("pdf", "json"):
        assert desk.officer.get(f"{desk.desk}/ranking/1/ranks.{ending}").status_code == 404


def test_groups_are_named_on_the_page_with_what_would_link_them(site: Site) -> None:
    apart = {"E1": {"A": 80, "B": 70}, "E2": {"A": 82, "B": 75}, "E3": {"C": 90, "D": 60}}
    desk = Desk(site, scores=apart)
    desk.ran()
    page = desk.get(f"{desk.desk}/ranking/1")
    assert "No common ranking" in page
    assert page.count("Group ") == 2
    with site.database.reading() as session:
        assert all(session.get_one(Entry, entry).alias in page for entry in desk.call.entries.values())
    assert "Begin the list" not in page
    assert desk.post(f"{desk.desk}/list/begin", run="1")[0] == 409


def test_who_may_open_which_page(site: Site) -> None:
    desk = Desk(site)
    desk.ran()
    desk.post(f"{desk.desk}/list/begin", run="1")
    with site.database.reading() as session:
        owner = session.get_one(Person, desk.call.owners["A"].person).email
    applicant = site.signed_in(owner, organisation=desk.call.owners["A"].organisation)
    pages = (
        "ranking",
        "ranking/1",
        "ranking/1/ranks.csv",
        "ranking/1/scores.csv",
        "list",
        "list/sheet",
        "list/list.csv",
    )
    for page in pages:
        address = f"{desk.desk}/{page}"
        for browser, status in (
            (desk.officer, 200),
            (desk.one, 200),
            (desk.browsers[3], 403),
            (desk.browsers[4], 403),
        ):
            assert browser.get(address).status_code == status, (page, status)
        assert applicant.get(address).status_code == 403, page
        assert site.client().get(address).status_code in (302, 303, 401, 403), page
    assert desk.post(f"{desk.desk}/list", desk.one, **desk.rows(B=False))[0] == 403


def test_pages_ask_as_much_for_five_entries_as_for_three(site: Site, statements: list[str]) -> None:
    three = {"E1": {"A": 88, "B": 85, "C": 80}, "E2": {"A": 90, "B": 87, "C": 70}}
    desk, counts = Desk(site, scores=three), []
    with site.database.unit() as session:
        more = ranked.call(session, officer=desk.call.officer, letters=False)
    for call in (desk.call, more):
        desk.call, desk.desk = call, f"/desk/calls/{call.key}"
        desk.ran()
        desk.post(f"{desk.desk}/list/begin", run="1")
        counts.append([])
        for page in ("ranking", "ranking/1", "list", "list/sheet"):
            desk.get(f"{desk.desk}/{page}")
            statements.clear()
            desk.get(f"{desk.desk}/{page}")
            counts[-1].append(len(statements))
    assert counts[0] == counts[1]
