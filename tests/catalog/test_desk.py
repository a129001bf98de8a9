"""The officers' queue: its order, its views, and a selection that outlives paging."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import deskwork
import handed_in
import make
import pytest
from deskwork import WEEK, Desk
from sqlalchemy import select

from library import workdays
from library.catalog import admission, queries, queue, queue_statements
from library.catalog import desk as desk_door
from library.catalog.models import Case
from library.catalog.taxonomy import read
from library.db import Database
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


@pytest.mark.parametrize("limit", [1, 3, 10, 30])
def test_overdue_is_the_same_as_an_age_beyond_the_limit(limit: int) -> None:
    """The boundary that the database compares with and the age that the page counts never disagree."""
    exceptions = {dt.date(2026, 10, day): False for day in range(1, 8)} | {dt.date(2026, 10, 10): True}
    for hours in range(0, 24 * 90, 7):
        at = make.NOW - dt.timedelta(hours=hours)
        state = queue.Desk(frozenset(), exceptions, limit, 10, make.NOW)
        assert (at < state.overdue_before) is (state.age(at) > limit), at
