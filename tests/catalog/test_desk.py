"""The officers' queue and its cases: order, a selection that outlives paging, answers to one and to many."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import deskwork
import handed_in
import make
import pytest
from deskwork import WEEK, Desk
from flask.testing import FlaskClient
from sites import token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library import workdays
from library.catalog import admission, passing, queries, queue, queue_statements, rulebook
from library.catalog import desk as desk_door
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.catalog.taxonomy import read
from library.db import Database
from library.events import Event, detail
from library.policy import VISITOR

ROW = re.compile(r'<td role="cell" class="meta num">([^<]+)</td>')
TICKED = re.compile(r'type="checkbox" name="pick" value="([^"]+)" checked')
HIDDEN = re.compile(r'type="hidden" name="pick" value="([^"]+)"')
SELECTED = re.compile(r"<span data-count>(\d+)</span> selected")


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return deskwork.opened(database, tmp_path, monkeypatch)


def codes(page: str) -> list[str]:
    return ROW.findall(page)


def picked(address: str) -> list[str]:
    return parse_qs(urlsplit(address).query).get("pick", [])


# The queue


def test_the_oldest_comes_first_with_its_age_in_working_days(desk: Desk) -> None:
    young = desk.hand_in(title="青年案例一二三")
    old = desk.hand_in(title="年长案例一二三", at=make.NOW - 4 * WEEK)
    page = desk.get("/desk")
    assert codes(page) == [old, young]
    with desk.site.database.reading() as session:
        age = workdays.between(make.NOW - 4 * WEEK, make.NOW, queries.calendar(session))
    assert f'<b class="bad">{age}</b>' in page
    assert "over the limit of 10" in page
    assert "<b>0</b>" in page


def test_each_row_names_case_organisation_province_rules_and_officer(desk: Desk) -> None:
    code = desk.hand_in(title="城南水表改造工程")
    with desk.site.database.unit() as session:
        row = queue.waiting(session, desk.officer, [code])[0]
        admission.assign(session, desk.officer, row, officer=desk.other.person, now=make.NOW)
        rules = len(row.findings)
    page = desk.get("/desk")
    for words in ("城南水表改造工程", "Qinghe Water", "Hebei", f"{rules} of {rules} met", ">Wu<"):
        assert words in page, words


def test_a_warning_is_counted_and_shown(desk: Desk) -> None:
    calm, warned = desk.hand_in(), desk.hand_in(masks=None)
    page = desk.get("/desk?sort=rules")
    assert codes(page) == [calm, warned]
    assert page.count("1 to be read") == 1


def views(page: str) -> dict[str, str]:
    found = re.findall(r'value="view:(\w+)"[^>]*><span>[^<]*</span><span>([^<]*)</span>', page)
    return dict(found)


def test_the_views_count_what_they_show(desk: Desk) -> None:
    mine, late, back, plain, gone = (desk.hand_in(at=make.NOW - WEEK * (3 if n == 1 else 0)) for n in range(5))
    with desk.site.database.unit() as session:
        waiting = {row.case.code: row for row in queue.waiting(session, desk.officer, desk.codes)}
        admission.assign(session, desk.officer, waiting[mine], officer=desk.officer.person, now=make.NOW)
        handed_in.move(session, desk.officer, waiting[gone].case, "case.return", given=handed_in.RETURN)
        handed_in.move(session, desk.officer, waiting[back].case, "case.return", given=handed_in.RETURN)
    with desk.site.database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == back)).one()
        handed_in.write(
            session,
            desk.member,
            case,
            "basics",
            {**handed_in.CONTENTS["basics"], "title": {"zh": "更好的标题在此"}},
        )
        handed_in.move(session, desk.member, case, "case.submit")
    expected = {
        "waiting": {mine, late, back, plain},
        "back": {back},
        "mine": {mine},
        "unassigned": {late, back, plain},
        "overdue": {late},
        "returned": {gone},
        "decided": {gone, back},
    }
    assert {view: set(codes(desk.get(f"/desk?view={view}"))) for view in expected} == expected
    assert views(desk.get("/desk")) == {view: str(len(found)) for view, found in expected.items()}


@pytest.mark.parametrize(
    ("words", "found"), [("智能水表", 1), ("qinghe", 2), ("0002", 1), ("水表 青河", 1), ("100%", 0), ("无此", 0)]
)
def test_words_are_looked_for_in_number_title_and_organisation(desk: Desk, words: str, found: int) -> None:
    desk.hand_in(title="城北智能水表试点")
    desk.hand_in(title="城北路灯节能试点")
    assert len(codes(desk.get(f"/desk?q={words.replace('%', '%25')}"))) == found


def test_a_sector_includes_its_children(desk: Desk) -> None:
    water, home = desk.hand_in(sectors=["water-metering"]), desk.hand_in(sectors=["smart-home"])
    assert codes(desk.get("/desk?sector=metering")) == [water]
    assert codes(desk.get("/desk?sector=life")) == [home]


def test_the_next_thing_to_do_is_the_oldest_that_is_mine_or_nobodys(desk: Desk) -> None:
    oldest = desk.hand_in(at=make.NOW - 2 * WEEK)
    second = desk.hand_in(at=make.NOW - WEEK)
    with desk.site.database.unit() as session:
        [row] = queue.waiting(session, desk.officer, [oldest])
        admission.assign(session, desk.officer, row, officer=desk.other.person, now=make.NOW)
    following = desk.get("/desk").partition('class="next"')[2]
    assert re.search(r'<span class="num">([^<]+)</span>', following)[1] == second  # type: ignore[index]


def test_the_queue_asks_the_database_as_often_for_three_cases_as_for_one(
    desk: Desk, statements: list[str]
) -> None:
    def asked() -> int:
        desk.get("/desk")
        statements.clear()
        desk.get("/desk")
        return len(statements)

    desk.hand_in()
    one = asked()
    desk.hand_in()
    desk.hand_in(at=make.NOW - WEEK)
    assert asked() == one


@pytest.mark.parametrize("words", ["view=all", "sort=best", "page=0", "page=x", "q=" + "x" * 101, "q=%00"])
def test_an_address_that_makes_no_sense_is_refused(desk: Desk, words: str) -> None:
    assert desk.browser.get(f"/desk?{words}").status_code == 422


def test_past_the_end_there_is_no_page(desk: Desk) -> None:
    desk.hand_in()
    assert desk.browser.get("/desk?page=2").status_code == 404


def test_the_desk_is_for_officers(desk: Desk) -> None:
    code = desk.hand_in()
    owner = desk.site.signed_in("an@works.example", organisation=desk.organisation)
    pages = ("", f"/cases/{code}", f"/cases/{code}/near", "/rules", "/calendar", "/links", "/reports")
    for page in pages:
        assert owner.get(f"/desk{page}").status_code == 403, page
        visitor = desk.site.client().get(f"/desk{page}")
        assert visitor.status_code == 303, page
        assert "水表" not in visitor.get_data(as_text=True)


def test_nothing_comes_out_of_the_queries_for_others(desk: Desk) -> None:
    code = desk.hand_in()
    with desk.site.database.reading() as session:
        for actor in (VISITOR, desk.member):
            state = queue.desk(session, actor, now=make.NOW)
            counts = queue.counts(session, actor, state)
            assert set(counts.values()) == {0}
            assert queue.page(session, actor, state, queue.Asked(), read(session), counted=counts) == (0, [])
            assert queue.next_one(session, actor, state) is None
            assert queue.matching(session, actor, state, queue.Asked(), read(session), limit=9) == []
            assert queue.waiting(session, actor, [code]) == []
            assert list(queue.documents(session, actor)) == []
            assert queue.pages_waiting(session, actor) == {}


# The selection


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two rows a page."""
    for module in (desk_door, queue, queue_statements):
        monkeypatch.setattr(module, "PER_PAGE", 2)
    queue_statements.numbers.cache_clear()
    yield
    queue_statements.numbers.cache_clear()


@pytest.mark.usefixtures("small_pages")
def test_a_selection_survives_paging_search_sort_and_another_view(desk: Desk) -> None:
    first, second, third, fourth = (
        desk.hand_in(title=f"示范案例编号{n}号", at=make.NOW - n * WEEK) for n in (4, 3, 2, 1)
    )
    address = desk.go(pick=[first], row=[first, second], to="page:2")
    assert codes(desk.get(address)) == [third, fourth]
    assert HIDDEN.findall(desk.get(address)) == [first]
    address = desk.go(pick=[first, fourth], row=[third, fourth], q="编号1号")
    page = desk.get(address)
    assert codes(page) == [fourth]
    assert TICKED.findall(page) == [fourth]
    assert HIDDEN.findall(page) == [first]
    address = desk.go(pick=[first, fourth], row=[fourth], to="sort:title")
    assert picked(address) == [first, fourth]
    page = desk.get(desk.go(pick=[first, fourth], to="view:selected"))
    assert codes(page) == [first, fourth]
    assert SELECTED.search(page)[1] == "2"  # type: ignore[index]


@pytest.mark.usefixtures("small_pages")
def test_what_is_unticked_leaves_the_selection(desk: Desk) -> None:
    first, second = desk.hand_in(), desk.hand_in()
    assert picked(desk.go(pick=[second], row=[first, second], to="page:1")) == [second]
    assert picked(desk.go(pick=[first, second], to="none")) == []


@pytest.mark.usefixtures("small_pages")
def test_a_page_or_everything_that_fits_can_be_selected_at_once(desk: Desk) -> None:
    made = [desk.hand_in(at=make.NOW - n * WEEK) for n in (3, 2, 1)]
    assert picked(desk.go(row=made[:2], to="all")) == made[:2]
    assert picked(desk.go(to="match")) == made
    assert picked(desk.go(q="无此案例", to="match")) == []


def test_a_selection_has_an_end(desk: Desk) -> None:
    many = [f"MIOT-2026-{number:04d}" for number in range(1, 300)]
    assert picked(desk.go(pick=many)) == many[:200]
    assert picked(desk.go(pick=["<script>", "MIOT-2026-0001", "MIOT-2026-0001"])) == ["MIOT-2026-0001"]


# Answers to many


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


# One case


def test_the_page_shows_what_was_handed_in_and_what_the_rules_say(desk: Desk) -> None:
    code = desk.hand_in(title="城南水表改造工程", masks=["青河甲"])
    page = desk.get(f"/desk/cases/{code}?lang=zh")
    for words in ("城南水表改造工程", handed_in.SENTENCE, "wang@people.example", "青河甲", "青河水务", ">An<"):
        assert words in page, words
    with desk.site.database.reading() as session:
        found = queries.submissions(session, desk.officer, queries.case(session, desk.officer, code))[0].findings
    for finding in found:
        assert finding["text"]["zh"] in page, finding["code"]


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


def test_of_two_officers_the_second_reads_who_was_quicker(desk: Desk) -> None:
    code = desk.hand_in()
    other = desk.site.signed_in("wu@desk.example")
    form = f"/desk/cases/{code}"
    seen = token(other, form)
    assert answer(desk, code, "case.decline", reason="不属于移动物联网。").status_code == 303
    second = other.post(f"{form}/moves/case.admit", data={"csrf_token": seen, "submission": 1})
    assert second.status_code == 409
    text = unescape(second.get_data(as_text=True))
    assert "Li has answered this submission at" in text
    assert "Declined" in text
    assert desk.state(code) == ("declined", "declined")


def test_an_answer_is_to_the_submission_that_was_looked_at(desk: Desk) -> None:
    code = desk.hand_in()
    answer(desk, code, "case.return", fields=["title"], reason="标题太笼统。", days=5)
    with desk.site.database.unit() as session:
        case = session.scalars(select(Case).where(Case.code == code)).one()
        handed_in.write(
            session,
            desk.member,
            case,
            "basics",
            {**handed_in.CONTENTS["basics"], "title": {"zh": "青河流域智能水表改造"}},
        )
        handed_in.move(session, desk.member, case, "case.submit")
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


@pytest.mark.parametrize("limit", [1, 3, 10, 30])
def test_overdue_is_the_same_as_an_age_beyond_the_limit(limit: int) -> None:
    """The boundary that the database compares with and the age that the page counts never disagree."""
    exceptions = {dt.date(2026, 10, day): False for day in range(1, 8)} | {dt.date(2026, 10, 10): True}
    for hours in range(0, 24 * 90, 7):
        at = make.NOW - dt.timedelta(hours=hours)
        state = queue.Desk(frozenset(), exceptions, limit, 10, make.NOW)
        assert (at < state.overdue_before) is (state.age(at) > limit), at
