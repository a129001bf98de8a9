"""The pool, ties and plans through HTTP: from an invitation to a plan that is applied and undone, with letters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import entering
import handed_in
import make
import pytest
import signing
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select

from library.accounts.letter_models import Letter
from library.db import Database
from library.selection import pool
from library.selection.entry_models import Entry
from library.selection.expert_models import Assignment, Expert, Review, Tie
from library.selection.models import Call

OFFICER, EXPERT = "li@desk.example", "fan@experts.example"
NOW = entering.LATER
LINK = re.compile(r"/experts/invitations/\S+")


@pytest.fixture
def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("library.web.now", lambda: NOW)
    monkeypatch.setattr("sites.now", lambda: NOW)
    with database.unit() as session:
        make.taxonomy(session)
        make.officer(session, email=OFFICER, lang="en")
    return Site(database, tmp_path)


@pytest.fixture
def officer(site: Site) -> FlaskClient:
    return site.signed_in(OFFICER)


def get(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def post(client: FlaskClient, address: str, form: str, **given: Any) -> Any:
    return client.post(address, data={"csrf_token": token(client, form), **given})


def work(site: Site) -> None:
    """Until the worker finds nothing more to do."""
    for _ in range(60):
        if not site.worker.round(NOW):
            return


def judged(site: Site, *, entries: int = 2) -> tuple[str, list[str]]:
    """A call whose entries have passed the check, all masks confirmed; its key and those of the entries."""
    with site.database.unit() as session:
        officer = make.officer(session)
        call = entering.call(session, officer, reviewers=2)
        by = entering.recommender(session, call)[0]
        rows = []
        for number in range(entries):
            owner = entering.applicant(session, name_zh=f"第{number}申报单位")[1]
            case = entering.case(session, owner, sectors=["water-metering"])
            rows.append(entering.entry(session, call, owner=owner, case=case, by=by, masked_at=NOW, masked_by="x"))
        return call.key, [row.key for row in rows]


def test_from_an_invitation_to_an_expert_with_a_history(site: Site, officer: FlaskClient) -> None:
    desk = "/desk/experts"
    assert "There is no expert yet" in get(officer, desk)
    wrong = post(officer, desk, desk, email="nobody", sectors="metering")
    assert (wrong.status_code, 'value="nobody"' in wrong.get_data(as_text=True)) == (422, True)
    assert post(officer, desk, desk, email=EXPERT, sectors="metering").status_code == 303
    assert post(officer, desk, desk, email=EXPERT).status_code == 422
    assert EXPERT in get(officer, desk)
    [letter] = signing.letters(site, "expert.invite")
    assert (letter.private, letter.address) == (True, EXPERT)
    found = LINK.search(letter.text or "")
    assert found is not None
    link = found[0]
    visitor = site.client()
    assert "make an account" in get(visitor, link)
    assert post(visitor, f"{link}/accept", link).status_code in (302, 303, 403)
    with site.database.unit() as session:
        person = make.person(session, email=EXPERT, name="范专家").id
        make.officer(session, "approver", email="approver@desk.example")
        make.organisation(session, name_zh="青河大学", credit_code="91130000MA00QH0007")
    approver = site.signed_in("approver@desk.example")
    assert post(approver, f"{link}/accept", link).status_code == 409
    fan = site.signed_in(EXPERT)
    joined = post(fan, f"{link}/accept", link)
    assert (joined.status_code, joined.location) == (303, "/account/expert?done=expert.join")
    assert post(fan, f"{link}/accept", joined.location).status_code == 409
    own = "/account/expert"
    assert "Expert joined the pool" in get(fan, joined.location)
    said = {"sectors": ["water-metering", "smart-home"], "most": "5", "about": "水表"}
    assert post(fan, f"{own}/edit", own, **said).status_code == 303
    assert post(fan, f"{own}/edit", own, **{**said, "most": "many"}).status_code == 422
    assert post(fan, f"{own}/edit", own, **{**said, "sectors": ["no-such"]}).status_code == 422
    assert post(fan, f"{own}/stay", own, name="91130000MA00QH0007", since="2020").status_code == 303
    refused = post(fan, f"{own}/stay", own, name="某公司", since="2024", until="2020")
    assert refused.status_code == 422
    assert 'value="某公司"' in refused.get_data(as_text=True)
    assert post(fan, f"{own}/stay", own, name="某公司", since="2018", until="2019-12").status_code == 303
    page = get(officer, f"{desk}/{person}")
    assert all(words in page for words in ("青河大学", "registered here", "某公司", "2019-12"))
    with site.database.reading() as session:
        row = session.get_one(Expert, person)
        assert (row.sectors, row.most) == (said["sectors"], 5)
        stay = next(each.id for each in row.past if each.organisation_id is None)
    assert post(fan, f"{own}/stays/{stay}", own).status_code == 303
    assert post(officer, f"{desk}/{person}/edit", desk, most="7", about="").status_code == 303
    sheet = get(officer, f"{desk}.csv?sector=water-metering")
    assert sheet.count("\n") == 2
    assert "范专家" in sheet
    assert "fan@" in get(officer, f"{desk}?sector=gas-metering&q=fan")
    assert "No expert fits" in get(officer, f"{desk}?q=unknown")
    assert post(officer, f"{desk}/{person}/end", desk).status_code == 422
    assert post(officer, f"{desk}/{person}/end", desk, take_reason="本人申请。").status_code == 303
    assert "left the pool" in get(officer, f"{desk}/{person}")
    assert signing.verbs(site, subject=f"expert:{person}").count("expert.edit") == 5
    assert {role.name for role in signing.person(site, EXPERT).roles} == set()


def test_an_invitation_runs_out_is_sent_again_taken_back_and_declined(site: Site, officer: FlaskClient) -> None:
    desk = "/desk/experts"
    post(officer, desk, desk, email=EXPERT)
    first = LINK.search(signing.letters(site, "expert.invite")[0].text or "")[0]  # type: ignore[index]
    assert post(officer, f"{desk}/invitations/1/again", desk).status_code == 303
    assert "only the newest letter counts" in get(site.client(), first)
    second = LINK.search(signing.letters(site, "expert.invite")[1].text or "")[0]  # type: ignore[index]
    assert post(site.client(), f"{second}/decline", second).status_code in (303, 400)
    visitor = site.client()
    page = token(visitor, second) if "csrf_token" in get(visitor, second) else ""
    visitor.post(f"{second}/decline", data={"csrf_token": page})
    assert "only the newest letter counts" in get(visitor, second)
    assert post(officer, f"{desk}/invitations/2/withdraw", desk).status_code == 409
    assert site.client().get("/experts/invitations/none").status_code == 404


def test_ties_are_noted_once_and_ended(site: Site, officer: FlaskClient) -> None:
    with site.database.unit() as session:
        for name in "甲乙":
            handed_in.organisation(session, name_zh=name)
    desk = "/desk/ties"
    given = {"one": "乙", "other": "甲", "kind": "group", "source": "2025年年报"}
    assert post(officer, desk, desk, **{**given, "other": "丙"}).status_code == 422
    assert post(officer, desk, desk, **{**given, "other": "乙"}).status_code == 422
    assert post(officer, desk, desk, **given).status_code == 303
    assert post(officer, desk, desk, **{**given, "one": "甲", "other": "乙"}).status_code == 409
    assert "2025年年报" in get(officer, desk)
    with site.database.reading() as session:
        [tie] = session.scalars(select(Tie))
    assert post(officer, f"{desk}/{tie.id}/end", desk).status_code == 303
    assert post(officer, f"{desk}/{tie.id}/end", desk).status_code == 409
    assert "No tie is noted" in get(officer, desk)


def test_a_whole_call_goes_to_its_experts(site: Site, officer: FlaskClient) -> None:
    """The officer begins the review, looks at a plan, applies it, takes one off by hand, undoes the rest."""
    key, entries = judged(site)
    with site.database.unit() as session:
        experts = [
            entering.expert(session, sectors=("metering",), name=f"专家{each}", lang="en") for each in "甲乙丙"
        ]
        experts.append(entering.expert(session, sectors=("smart-home",), name="专家丁"))
        insider = session.scalars(select(Entry).order_by(Entry.id)).first()
        assert insider is not None
        first = session.get_one(Expert, experts[0].person)
        actor = experts[0]
        own = pool.add_stay(session, actor, first, given={"name": "第0申报单位"}, now=NOW)
        assert own.organisation_id == insider.applicant_id
    desk = f"/desk/calls/{key}"
    page = get(officer, f"{desk}/reviews")
    assert "No entry is in expert review yet" in page
    assert "The expert review of this call is not under way." in page
    assert post(officer, f"{desk}/moves/call.score", desk, reason="审查完毕。").status_code == 303
    work(site)
    reviews = f"{desk}/reviews"
    assert "4 lacking" in get(officer, reviews)
    wrong = post(officer, reviews, reviews, reviewers="many", most_each="8")
    assert (wrong.status_code, 'value="many"' in wrong.get_data(as_text=True)) == (422, True)
    made = post(officer, reviews, reviews, reviewers="2", most_each="8", seed="7")
    assert made.status_code == 303
    plan = made.location
    assert "The plan is being computed." in get(officer, plan)
    assert get(officer, f"{plan}/progress")
    work(site)
    page = get(officer, plan)
    for words in ("Apply: assign 4 reviews", "专家甲", "1 pair in conflict", "nothing lacks"):
        assert words in page
    assert post(officer, f"{plan}/undo", plan).status_code == 409
    assert post(officer, f"{plan}/apply", plan).status_code == 303
    assert post(officer, f"{plan}/apply", plan).status_code == 409
    work(site)
    assert "The plan was applied" in get(officer, plan)
    with site.database.reading() as session:
        rows = list(session.scalars(select(Review).order_by(Review.id)))
        letters = list(session.scalars(select(Letter).where(Letter.verb == "assignment.apply")))
        assert not list(session.scalars(select(Letter).where(Letter.verb == "review.assign")))
    assert len(rows) == 4
    assert sorted(letter.person_id or 0 for letter in letters) == sorted({row.person_id for row in rows})
    english = [letter.text or "" for letter in letters if letter.lang == "en"]
    assert english
    assert all("2027-01-04 23:59" in text for text in english)
    progress = get(officer, reviews)
    assert "专家乙" in progress
    assert "lacking" not in progress.partition("h-p")[0]
    entry = f"{reviews}/{entries[0]}"
    page = get(officer, entry)
    assert "The expert belongs to 第0申报单位, which applies." in page
    told = post(officer, entry, entry, person=str(experts[0].person), reason="补派。")
    assert told.status_code == 409
    assert "which applies" in told.get_data(as_text=True)
    mine = next(row for row in rows if row.entry_id == insider.id)
    take = f"{entry}/{mine.key}/take"
    assert post(officer, take, entry).status_code == 422
    assert post(officer, take, entry, take_reason="误派。").status_code == 303
    assert post(officer, take, entry, take_reason="误派。").status_code == 409
    spare = next(
        each.person
        for each in experts[1:]
        if each.person not in {row.person_id for row in rows if row.entry_id == insider.id}
    )
    assert post(officer, entry, entry, person=str(spare), reason="补派。").status_code == 303
    work(site)
    with site.database.reading() as session:
        by_hand = list(session.scalars(select(Letter).where(Letter.verb.in_(["review.assign", "review.remove"]))))
    assert {(letter.verb, letter.person_id) for letter in by_hand} == {
        ("review.assign", spare),
        ("review.remove", mine.person_id),
    }
    assert post(officer, f"{plan}/undo", plan).status_code == 303
    work(site)
    page = get(officer, plan)
    assert "3 reviews were taken back." in page
    assert "The review was begun, or has ended." in page
    with site.database.reading() as session:
        states = sorted(session.scalars(select(Review.state)))
        assert states == ["assigned", "removed", "removed", "removed", "removed"]


def test_nobody_else_opens_these_pages(site: Site) -> None:
    key, entries = judged(site, entries=1)
    with site.database.unit() as session:
        make.officer(session, "expert", email=EXPERT)
        session.add(Assignment(call_id=session.scalars(select(Call.id)).one(), at=NOW, by="x", parameters={}))
    expert = site.signed_in(EXPERT)
    for address in (
        "/desk/experts",
        "/desk/experts.csv",
        "/desk/ties",
        f"/desk/calls/{key}/reviews",
        f"/desk/calls/{key}/reviews/{entries[0]}",
        f"/desk/calls/{key}/plans/1",
        f"/desk/calls/{key}/plans/1/progress",
    ):
        answers = [client.get(address).status_code for client in (expert, site.client())]
        assert answers == [403, 303], address
    assert expert.get("/account/expert").status_code == 404


def test_lists_ask_as_often_for_three_as_for_one(site: Site, officer: FlaskClient, statements: list[str]) -> None:
    key, entries = judged(site, entries=1)

    def asked(address: str) -> int:
        get(officer, address)  # what is kept in memory is there then
        statements.clear()
        get(officer, address)
        return len(statements)

    with site.database.unit() as session:
        call = session.scalars(select(Call)).one()
        entering.put(session, call, "scoring")
        for entry in session.scalars(select(Entry)):
            entering.put(session, entry, "in_review")
        person = entering.expert(session).person
    addresses = ("/desk/experts", f"/desk/calls/{key}/reviews", f"/desk/calls/{key}/reviews/{entries[0]}")
    before = [asked(address) for address in addresses]
    with site.database.unit() as session:
        for _ in range(3):
            entering.expert(session)
        call = session.scalars(select(Call)).one()
        for number in range(2):
            owner = entering.applicant(session, name_zh=f"又{number}单位")[1]
            row = entering.entry(
                session, call, "in_review", owner=owner, by=entering.recommender(session, call)[0]
            )
            entering.review(session, row, make.Actor(person=person), "assigned")
    assert [asked(address) for address in addresses] == before
