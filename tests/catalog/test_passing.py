"""Answers to many cases at once: what passes, what does not and why, and who looks at them."""

from __future__ import annotations

from pathlib import Path

import deskwork
import make
import pytest
from deskwork import Desk
from sqlalchemy import select

from library.catalog import passing, queue, rulebook
from library.catalog.models import Case
from library.db import Database
from library.events import Event, detail


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return deskwork.opened(database, tmp_path, monkeypatch)


def test_those_whose_rules_are_all_met_pass_and_the_others_are_named_with_reasons(desk: Desk) -> None:
    good, warned, stays = desk.hand_in(), desk.hand_in(masks=None), desk.hand_in()
    answer = desk.post("/desk/admit", pick=[good, warned, "MIOT-2026-9999"])
    assert answer.status_code == 303
    page = desk.get(str(answer.location))
    assert "1 case passed" in page
    assert "Rules that are not met: " in page
    assert "Nothing of this case waits for an answer." in page
    assert [desk.state(code) for code in (good, warned, stays)] == [
        ("admitted", "admitted"), ("submitted", None), ("submitted", None)
    ]  # fmt: skip
    key = str(answer.location).rpartition("/")[2]
    with desk.site.database.reading() as session:
        case = session.scalars(select(Case).where(Case.code == good)).one()
        seq = session.scalars(
            select(Event.seq).where(Event.subject == case.subject, Event.verb == "case.admit")
        ).one()
        assert detail(session, seq)["batch"] == key
    assert desk.site.client().get(f"/cases/{good}").status_code == 200


def test_a_rule_made_since_is_asked_too(desk: Desk) -> None:
    code = desk.hand_in()
    rule = {"code": "never", "check": "max_length", "field": "title.zh", "params": {"at_most": 1}, "level": "warn",
            "text": {"zh": "短。", "en": "Short."}}  # fmt: skip
    with desk.site.database.unit() as session:
        rulebook.add(session, desk.officer, given=rule, now=make.NOW)
    page = desk.get(str(desk.post("/desk/admit", pick=[code]).location))
    assert "Rules that are not met: never." in page
    assert desk.state(code) == ("submitted", None)


def test_one_that_cannot_be_taken_does_not_hold_up_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document of the second names a sector that went away: it stays as it was, all of it."""
    good, bad = desk.hand_in(), desk.hand_in()
    with desk.site.database.unit() as session:
        row = queue.waiting(session, desk.officer, [bad])[0]
        row.document = {**row.document, "sectors": ["gone"]}
    page = desk.get(str(desk.post("/desk/admit", pick=[bad, good]).location))
    assert "1 case passed" in page
    assert bad in page
    assert [desk.state(good), desk.state(bad)] == [("admitted", "admitted"), ("submitted", None)]
    assert "case.admit" not in desk.verbs(bad)


def test_units_of_a_hundred(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "MOST_IN_A_UNIT", 2)
    made = [desk.hand_in() for _ in range(3)]
    answer = desk.post("/desk/admit", pick=made)
    page = desk.get(str(answer.location))
    assert "3 cases passed" in page
    with desk.site.database.reading() as session:
        assert len(list(session.scalars(select(Event.seq).where(Event.verb == "batch.admit")))) == 2


def test_nothing_selected_is_said(desk: Desk) -> None:
    answer = desk.post("/desk/admit")
    assert answer.status_code == 422
    assert "Nothing is selected" in answer.get_data(as_text=True)


def test_a_selection_is_given_to_an_officer(desk: Desk) -> None:
    one, two, three = (desk.hand_in() for _ in range(3))
    answer = desk.post("/desk/assign", pick=[one, two], officer=desk.other.person)
    assert "2 cases have been assigned." in desk.get(str(answer.location))
    with desk.site.database.reading() as session:
        rows = {row.case.code: row.officer_id for row in queue.waiting(session, desk.officer, [one, two, three])}
    assert rows == {one: desk.other.person, two: desk.other.person, three: None}
    assert desk.verbs(one)[-1] == "case.assign"
