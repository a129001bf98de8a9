"""One case at the officers' desk: what its page shows, and the answers, of two officers at once too."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any

import deskwork
import handed_in
import make
import pytest
from deskwork import Desk
from flask.testing import FlaskClient
from sites import token
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from library import workdays
from library.catalog import queries, queue
from library.catalog.draft_models import FormalRule, Submission
from library.catalog.models import Case
from library.db import Database


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return deskwork.opened(database, tmp_path, monkeypatch)


def test_the_page_shows_what_was_handed_in_and_what_the_rules_say(desk: Desk) -> None:
    code = desk.hand_in(title="城南水表改造工程", masks=["青河甲"])
    page = desk.get(f"/desk/cases/{code}?lang=zh")
    for words in ("城南水表改造工程", handed_in.SENTENCE, "wang@people.example", "青河甲", "青河水务", ">An<"):
        assert words in page, words
    with desk.site.database.reading() as session:
        found = queries.submissions(session, desk.officer, queries.case(session, desk.officer, code))[0].findings
    for finding in found:
        assert finding["text"]["zh"] in page, finding["code"]


def test_the_page_shows_both_languages_of_what_is_admitted(desk: Desk) -> None:
    """Whoever admits the case makes both public, so nothing of either may be read in one language only."""
    code = desk.hand_in()
    pages = [unescape(desk.get(f"/desk/cases/{code}?lang={lang}")) for lang in ("zh", "en")]
    for words in (
        "Meters report.",
        "Meters report once a day.",
        "Guangdong",
        handed_in.SENTENCE * 3,
        "广东",
        "只水表",
    ):
        assert [words in page for page in pages] == [True, True], words


def test_only_what_blocks_is_ticked_beforehand_to_be_returned(desk: Desk) -> None:
    code = desk.hand_in(summary={"zh": handed_in.SENTENCE * 2}, masks=None)
    with desk.site.database.unit() as session:
        session.scalars(select(FormalRule).where(FormalRule.field == "masks")).one().level = "warn"
        session.scalars(select(FormalRule).where(FormalRule.field == "summary.en")).one().level = "block"
    ticked = r'name="fields" value="([a-z_]+)" checked'
    assert re.findall(ticked, desk.get(f"/desk/cases/{code}")) == ["summary"]


def answer(desk: Desk, code: str, verb: str, browser: FlaskClient | None = None, **given: Any) -> TestResponse:
    return desk.post(
        f"/desk/cases/{code}/moves/{verb}",
        form=f"/desk/cases/{code}",
        browser=browser,
        **{"submission": 1, **given},
    )


def test_a_case_is_admitted_and_public(desk: Desk) -> None:
    code = desk.hand_in()
    assert desk.site.client().get(f"/cases/{code}").status_code == 404
    assert answer(desk, code, "case.admit").status_code == 303
    assert desk.state(code) == ("admitted", "admitted")
    assert desk.site.client().get(f"/cases/{code}").status_code == 200


def test_an_embargo_needs_a_reason_and_keeps_the_case_hidden(desk: Desk) -> None:
    code = desk.hand_in()
    refused = answer(desk, code, "case.admit", embargo="yes")
    assert refused.status_code == 422
    assert 'id="reason-case-admit-wrong"' in refused.get_data(as_text=True)
    assert answer(desk, code, "case.admit", embargo="yes", reason="盲评期间不公开。").status_code == 303
    assert desk.state(code) == ("admitted", "admitted")
    assert desk.site.client().get(f"/cases/{code}").status_code == 404
    assert answer(desk, code, "case.release").status_code == 303
    assert desk.site.client().get(f"/cases/{code}").status_code == 200


def test_a_return_names_fields_reason_and_a_day(desk: Desk) -> None:
    code = desk.hand_in()
    assert (
        answer(desk, code, "case.return", fields=["title", "summary"], reason="标题太笼统。", days=5).status_code
        == 303
    )
    with desk.site.database.reading() as session:
        row = session.scalars(select(Submission)).one()
        due = workdays.add(make.NOW, 5, queries.calendar(session))
    assert (row.outcome, row.fields, row.reason, row.due) == (
        "returned",
        ["title", "summary"],
        "标题太笼统。",
        due,
    )


def test_what_is_missing_in_a_return_is_tied_to_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    code = desk.hand_in()
    page = answer(desk, code, "case.return", reason="请补充说明。", days="x")
    text = page.get_data(as_text=True)
    assert page.status_code == 422
    assert desk.state(code) == ("submitted", None)
    assert "请补充说明。" in text
    assert {"fields-case-return-wrong", "days-case-return-wrong"} <= set(
        re.findall(r'class="error" id="([^"]+)"', text)
    )
    assert "<title>Error:" in text


def test_declining_needs_a_reason(desk: Desk) -> None:
    code = desk.hand_in()
    assert answer(desk, code, "case.decline").status_code == 422
    assert answer(desk, code, "case.decline", reason="不属于移动物联网。").status_code == 303
    assert desk.state(code) == ("declined", "declined")


@pytest.mark.parametrize(
    ("again", "said"),
    [(False, "Li has answered this submission at"), (True, "Another submission of this case waits")],
)
def test_while_one_officer_answers_the_other_waits_and_is_told(desk: Desk, again: bool, said: str) -> None:
    """The second looked at the first submission: what came in between waits for another answer."""
    code, answers = desk.hand_in(), list[TestResponse]()
    other, form = desk.site.signed_in("wu@desk.example"), f"/desk/cases/{code}"
    seen = {"csrf_token": token(other, form), "submission": 1}
    thread = Thread(target=lambda: answers.append(other.post(f"{form}/moves/case.admit", data=seen)))
    with desk.site.database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == code)).one()
        handed_in.move(session, desk.officer, case, "case.return", given=handed_in.RETURN)
        if again:
            retitle(session, desk, case)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert (answers[0].status_code, said in unescape(answers[0].get_data(as_text=True))) == (409, True)
    assert desk.state(code) == (("submitted", None) if again else ("returned", "returned"))


def test_of_two_answers_to_a_change_the_second_is_told_too(desk: Desk) -> None:
    """The case stays admitted: it is no change of its state that tells."""
    code = desk.hand_in()
    answer(desk, code, "case.admit")
    with desk.site.database.unit() as session:
        retitle(session, desk, session.scalars(select(Case).where(Case.code == code)).one())
    assert answer(desk, code, "case.decline", submission=2, reason="没有变化。").status_code == 303
    second = answer(desk, code, "case.admit", desk.site.signed_in("wu@desk.example"), submission=2)
    assert (second.status_code, "Li has answered" in second.get_data(as_text=True)) == (409, True)
    assert desk.state(code) == ("admitted", "declined")


def retitle(session: Session, desk: Desk, case: Case) -> None:
    """Its owner hands it in once more, under another title."""
    basics = {**handed_in.CONTENTS["basics"], "title": {"zh": "青河流域智能水表改造"}}
    handed_in.write(session, desk.member, case, "basics", basics)
    handed_in.move(session, desk.member, case, "case.submit")


def test_an_answer_is_to_the_submission_that_was_looked_at(desk: Desk) -> None:
    code = desk.hand_in()
    answer(desk, code, "case.return", fields=["title"], reason="标题太笼统。", days=5)
    with desk.site.database.unit() as session:
        retitle(session, desk, session.scalars(select(Case).where(Case.code == code)).one())
    old = answer(desk, code, "case.admit", submission=1)
    assert old.status_code == 409
    assert desk.state(code) == ("submitted", None)
    page = desk.get(f"/desk/cases/{code}")
    assert re.search(r"<ins>[^<]*青河[^<]*</ins>", page)
    assert "标题太笼统。" in page
    assert answer(desk, code, "case.admit", submission=2).status_code == 303


def test_an_officer_of_the_owner_sees_no_buttons_and_may_not_answer(desk: Desk) -> None:
    code = desk.hand_in()
    with desk.site.database.unit() as session:
        owner = session.get_one(make.Organisation, desk.organisation)
        make.member(session, owner, "editor", email="both@works.example", roles=("officer",))
    for acting in (None, desk.organisation):
        both = desk.site.signed_in("both@works.example", organisation=acting)
        page = both.get(f"/desk/cases/{code}").get_data(as_text=True)
        assert "/moves/" not in page
        assert "an organisation that you belong to" in page
        assert f'name="pick" value="{code}"' not in both.get("/desk").get_data(as_text=True)
        seen = token(both, "/desk")
        for verb, given in (
            ("case.admit", {}),
            ("case.return", handed_in.RETURN),
            ("case.decline", {"reason": "不。"}),
        ):
            refused = both.post(
                f"/desk/cases/{code}/moves/{verb}", data={"csrf_token": seen, "submission": 1, **given}
            )
            assert refused.status_code == 403, (acting, verb)
        both.post("/desk/admit", data={"csrf_token": seen, "pick": [code]})
    assert desk.state(code) == ("submitted", None)


def test_a_verb_of_somebody_else_is_not_offered_here(desk: Desk) -> None:
    code = desk.hand_in()
    for verb in ("case.withdraw", "case.submit", "case.sing"):
        assert answer(desk, code, verb).status_code == 404


def test_archiving_says_farewell_to_everybody(desk: Desk) -> None:
    code = desk.site.add()
    assert answer(desk, code, "case.archive").status_code == 422
    assert answer(desk, code, "case.archive", farewell="当事方要求撤下。").status_code == 303
    gone = desk.site.client("zh").get(f"/cases/{code}")
    assert gone.status_code == 410
    assert "当事方要求撤下。" in gone.get_data(as_text=True)
    assert answer(desk, code, "case.restore").status_code == 303
    assert desk.site.client().get(f"/cases/{code}").status_code == 200


def test_near_copies_stand_beside_each_other(desk: Desk) -> None:
    first = desk.hand_in()
    assert "No other case says nearly the same." in desk.get(f"/desk/cases/{first}/near")
    second = desk.hand_in()
    page = desk.get(f"/desk/cases/{second}/near")
    assert first in page
    assert "% alike" in page


def test_what_people_write_is_never_markup(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>水表示范工程"
    code = desk.hand_in(title=hostile)
    for address in ("/desk", f"/desk/cases/{code}"):
        assert "<script>alert" not in desk.get(address)


def test_the_page_tells_the_last_that_happened_however_much_that_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "HISTORY", 2)
    code = desk.hand_in()
    desk.post(f"/desk/cases/{code}/assign", form=f"/desk/cases/{code}", officer=desk.other.person)
    page = desk.get(f"/desk/cases/{code}")
    told = page[page.index('class="life"') :]
    assert told.count("<li>") == 2
    assert "Officer assigned" in told.partition("</li>")[0]
    assert "Draft begun" not in told
