"""The form check at the desk: selections and bulk passes, answers, letters; and entries for programs."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import calling
import entering
import handed_in
import make
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select

from library.accounts import tokens
from library.accounts.letter_models import Letter
from library.db import Database
from library.deliveries import Delivery
from library.events import Event
from library.policy import Actor
from library.selection import checks, entry_flow
from library.selection.entry_models import Entry, EntryCheck
from library.selection.models import Call, Quota

OFFICER, INSIDER = "li@desk.example", "hu@desk.example"


class Scene:
    """A call in its form check, with entries of an enterprise and of others, and an officer at the desk."""

    def __init__(self, database: Database, folder: Path) -> None:
        with database.unit() as session:
            self.officer = make.officer(session, email=OFFICER, name="Li")
            self.call = entering.call(session, self.officer)
            self.body, self.ra = entering.recommender(session, self.call, 60)
            self.firm, self.an = entering.applicant(session, name_zh="青河水务")
            insider = make.member(session, self.firm, "editor", roles=("officer",), email=INSIDER, name="Hu")
            self.insider = Actor(insider.id, roles=frozenset({"officer"}), person=insider.person)
            self.codes = [self.entry(session, number) for number in range(2)]
        self.site = Site(database, folder)
        self.desk = f"/desk/calls/{self.call.key}/entries"

    def entry(self, session: Any, number: int, state: str = "recommended", **over: Any) -> str:
        case = entering.case(
            session, self.an, title={"zh": f"智能水表改造第{number}期工程", "en": f"Phase {number}"}
        )
        over = {"code": f"{self.call.code}-{100 + number}", **over}
        return entering.entry(session, self.call, state, owner=self.an, case=case, by=self.body, **over).code

    def states(self) -> list[str]:
        with self.site.database.reading() as session:
            rows = select(Entry.state).where(Entry.code.in_(self.codes)).order_by(Entry.code)
            return list(session.scalars(rows))


@pytest.fixture
def scene(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    for where in ("library.web.now", "sites.now"):
        monkeypatch.setattr(where, lambda: entering.LATER)
    return Scene(database, tmp_path)


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    text = unescape(answer.get_data(as_text=True))
    assert answer.status_code == status, (address, answer.status_code, text[-800:])
    return text


def send(client: FlaskClient, address: str, form_on: str, **typed: Any) -> Any:
    return client.post(address, data={"csrf_token": token(client, form_on), **typed})


def test_a_selection_outlives_search_and_sort_and_is_passed_at_once(scene: Scene) -> None:
    li = scene.site.signed_in(OFFICER)
    first = send(li, scene.desk, scene.desk, pick=scene.codes[0], q="第1期", view="waiting").location
    found = page(li, first)
    assert scene.codes[1] in found
    assert f'type="hidden" name="pick" value="{scene.codes[0]}"' in found, "what is not shown stays selected"
    both = send(li, scene.desk, scene.desk, pick=[scene.codes[0], scene.codes[1]], to="sort:title").location
    assert (page(li, both).count('" checked>'), "sort=title" in both) == (2, True)
    with scene.site.database.unit() as session:
        spoilt = session.scalars(select(Entry).where(Entry.code == scene.codes[1])).one()
        document = {**spoilt.revision.document, "status": "pilot"}
        spoilt.revision.document = document
    batch = send(li, f"{scene.desk}/pass", scene.desk, pick=[scene.codes[0], scene.codes[1]]).location
    shown = page(li, batch)
    assert "1 entry passed" in shown
    assert "Rules that are not met: statuses." in shown
    assert scene.states() == ["check_passed", "recommended"]
    assert li.post(f"{scene.desk}/pass", data={"csrf_token": token(li, scene.desk)}).status_code == 422


def test_views_recommenders_and_pages_narrow_the_queue(scene: Scene) -> None:
    li = scene.site.signed_in(OFFICER)
    with scene.site.database.unit() as session:
        other, _ = entering.recommender(session, session.get_one(Call, scene.call.id), name_zh="另一推荐单位")
        row = entering.entry(session, scene.call, "recommended", by=other)
        back = scene.entry(session, 7, "needs_correction", due=entering.LATER - calling.GRACE)
        for _ in range(21):
            entering.entry(session, scene.call, "withdrawn", owner=scene.an, case=row.case, by=scene.body)
        alien, key = row.code, other.key
    by = page(li, f"{scene.desk}?by={key}")
    assert (alien in by, scene.codes[1] in by) == (True, False)
    assert back in page(li, f"{scene.desk}?view=late")
    assert alien in page(li, f"{scene.desk}?q={alien}")
    assert "1 to 20 of 21" in page(li, f"{scene.desk}?view=gone")
    assert "21 to 21 of 21" in page(li, f"{scene.desk}?view=gone&page=2")
    page(li, f"{scene.desk}?view=gone&page=3", 404)
    match = send(li, scene.desk, scene.desk, to="match", view="waiting").location
    assert match.count("pick=") == 3


def test_the_officer_is_assigned_and_nobody_answers_for_his_own(scene: Scene) -> None:
    li, hu = scene.site.signed_in(OFFICER), scene.site.signed_in(INSIDER)
    at = f"/desk/entries/{scene.codes[0]}"
    assert (
        send(li, f"{scene.desk}/assign", scene.desk, pick=scene.codes, officer=scene.officer.person).status_code
        == 303
    )
    assert page(li, f"{scene.desk}?view=mine").count("<h3>") == 2
    refused = send(li, f"{at}/assign", at, officer=scene.insider.person)
    assert refused.status_code == 422
    assert "Hu belongs to a party of this entry" in refused.get_data(as_text=True)
    shown = page(hu, at)
    assert "another officer answers" in shown
    assert "moves/entry.pass" not in shown
    forged = send(hu, f"{at}/moves/entry.pass", scene.desk)
    assert (forged.status_code, scene.states()[0]) == (403, "recommended")


def test_a_correction_that_came_meanwhile_is_looked_at_before_the_answer(scene: Scene) -> None:
    li, at = scene.site.signed_in(OFFICER), f"/desk/entries/{scene.codes[0]}"
    answer = send(li, f"{at}/moves/entry.pass", at, revision="7")
    assert answer.status_code == 409
    assert "handed in a correction meanwhile" in answer.get_data(as_text=True)


def test_a_late_correction_is_noted_once_and_the_officer_may_then_decide(scene: Scene) -> None:
    given = {"fields": ["title"], "reason": "标题太笼统。", "days": 1}
    with scene.site.database.unit() as session:
        entry = session.scalars(select(Entry).where(Entry.code == scene.codes[0])).one()
        entry_flow.decide(session, scene.officer, entry, "entry.return", given=given, now=entering.LATER)
        check, due = session.scalars(select(EntryCheck)).one(), entry.due
        assert due is not None
        assert session.scalars(select(Delivery.due_at).where(Delivery.kind == checks.OVERDUE)).all() == [due]
        check_id = check.id
    after = due + calling.SECOND
    for expected in (True, True):  # the job may run twice: it is ordered once
        with scene.site.database.unit() as session:
            row = session.get_one(EntryCheck, check_id)
            assert checks.note_overdue(session, scene.officer, row, now=after) == expected
    with scene.site.database.unit() as session:
        entry = session.scalars(select(Entry).where(Entry.code == scene.codes[0])).one()
        given = {"reason": "逾期未补正。"}
        entry_flow.decide(session, scene.officer, entry, "entry.fail", given=given, now=after)
        assert not checks.note_overdue(session, scene.officer, session.get_one(EntryCheck, check_id), now=after)
        assert entry.reason == "逾期未补正。"


def test_letters_reach_applicant_recommender_and_checker_in_their_languages(scene: Scene) -> None:
    with scene.site.database.unit() as session:
        make.member(session, scene.firm, "editor", email="bo@firm.example", name="Bo", lang="en")
        entry = session.scalars(select(Entry).where(Entry.code == scene.codes[0])).one()
        given = {"fields": ["title", "summary"], "reason": "标题太笼统。", "days": 1}
        entry_flow.decide(session, scene.officer, entry, "entry.return", given=given, now=entering.LATER)
        second = session.scalars(select(Entry).where(Entry.code == scene.codes[1])).one()
        entry_flow.decide(session, scene.an, second, "entry.withdraw", given={}, now=entering.LATER)
        due = entry.due
    assert due is not None
    scene.site.work(due + calling.SECOND)
    with scene.site.database.reading() as session:
        found = session.scalars(select(Letter).where(Letter.verb.startswith("entry."))).all()
        heard = {(letter.verb, letter.address): (letter.title, letter.text) for letter in found}
        verbs = [event.verb for event in session.scalars(select(Event).where(Event.verb == "entry.overdue"))]
    title, text = heard["entry.return", "bo@firm.example"]
    assert title == f"{scene.codes[0]} came back for correction"
    assert "Title, Summary" in str(text)
    assert "2026-12-22" in str(text)
    assert ("entry.overdue", OFFICER) in heard
    assert verbs == ["entry.overdue"]
    withdrawn = {place for verb, place in heard if verb == "entry.withdraw"}
    assert len(withdrawn) == 4, "two people of the applicant, the officer among them, and the recommending body"


def program(scene: Scene, actor: Actor, *scopes: str) -> dict[str, str]:
    with scene.site.database.unit() as session:
        given = {"organisation": actor.organisation, "days": 30, "now": entering.LATER}
        _, word = tokens.make(session, actor, name="a program", scopes=list(scopes), **given)
    return {"Authorization": f"Bearer {word}"}


def test_programs_read_what_their_reader_may_and_move_what_he_may(scene: Scene) -> None:
    client, entries = scene.site.client(), f"/api/v1/calls/{scene.call.code}/entries"
    with scene.site.database.unit() as session:
        announced = scene.entry(session, 9, "in_publicity", reason="x")
        stranger = make.member(session, handed_in.organisation(session), "owner")
    public = client.get(entries).json
    assert [item["code"] for item in public["items"]] == [announced]
    assert (public["total"], public["items"][0]["reason"], public["items"][0]["fields"]) == (1, None, [])
    own = program(scene, scene.an, "entries:write")
    assert client.get(entries, headers=own).json["total"] == 3
    reader, alien = program(scene, scene.an), program(scene, stranger, "entries:write")
    assert client.get(f"{entries}/{scene.codes[0]}", headers=alien).status_code == 404
    move = f"{entries}/{scene.codes[0]}/moves"
    assert client.post(f"{move}/entry.withdraw", json={}, headers=reader).status_code == 403
    assert client.post(f"{move}/entry.pass", json={}, headers=own).status_code == 403
    late = client.post(f"{move}/entry.correct", json={}, headers=own)
    assert (late.status_code, late.content_type) == (409, "application/problem+json")
    key = own | {"Idempotency-Key": "one"}
    for _ in range(2):
        done = client.post(f"{move}/entry.withdraw", json={"reason": "重复。"}, headers=key)
        assert (done.status_code, done.json["state"]) == (200, "withdrawn")
    assert client.post(f"{move}/entry.withdraw", json={}, headers=own).status_code == 409
    with scene.site.database.reading() as session:
        assert session.get_one(Quota, (scene.call.id, scene.body.id)).used == 2


def test_programs_enter_a_case_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, own = scene.site.client(), program(scene, scene.an, "entries:write")
    with scene.site.database.unit() as session:
        call = calling.opened(session, scene.officer, review="open")
        session.add(Quota(call_id=call.id, organisation_id=scene.body.id, places=2))
        case = entering.case(session, scene.an)
    entries = f"/api/v1/calls/{call.code}/entries"
    body = {"case": case.code, "recommender": scene.body.key}
    closed = client.post(entries, json=body, headers=own)
    assert (closed.status_code, closed.json["title"]) == (409, "The call closed at 2026-12-18 17:10.")
    monkeypatch.setattr("library.web.now", lambda: calling.OPENING)
    key = own | {"Idempotency-Key": "two"}
    made = [client.post(entries, json=body, headers=key) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    assert len({each.json["code"] for each in made}) == 1
    assert client.get(made[0].location, headers=own).json["state"] == "entered"
    again = client.post(entries, json=body, headers=own)
    assert again.status_code == 409
    assert made[0].json["code"] in again.json["title"]
