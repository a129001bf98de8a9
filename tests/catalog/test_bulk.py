"""Many cases at once: the check, the writing, over HTTP and twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import make
import pytest
import tables_brought
from flask.testing import FlaskClient
from sites import Site
from sqlalchemy import func, select
from tables_brought import GOOD, PLACE, accept, bring, cases, signed_in, state, table, wrong

from library import jobs
from library.accounts.models import Membership, Organisation
from library.catalog import bulk
from library.catalog.draft_models import DraftSection
from library.db import Database
from library.events import Event
from library.worker import now


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return tables_brought.opened(database, tmp_path)


@pytest.fixture
def editor(site: Site) -> FlaskClient:
    return signed_in(site, "li@works.example")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_table_becomes_drafts_once_its_owner_says_so(site: Site, editor: FlaskClient, ending: str) -> None:
    address = bring(editor, table(GOOD, {**GOOD, "external_key": "A-2"}, ending=ending), name=f"t.{ending}")
    site.work()
    assert (state(site)[0], state(site)[1]["added"], cases(site)) == ("checked", 2, {})
    assert accept(editor, address) == 303
    site.work()
    assert state(site)[0] == "done"
    found = cases(site)
    assert found.keys() == {"A-1", "A-2"}
    assert found["A-1"] == {
        "title": {"zh": "智能水表远传抄读", "en": "Remote reading of water meters"},
        "sectors": ["water-metering", "gas-metering"],
        "networks": ["nb-iot"],
        "parties": [{"name": {"zh": "示例水务"}, "role": "owner"}],
        "connections": [{"value": 120000, "kind": "online"}],
        "sections": [
            {"kind": "solution", "text": {"zh": "水表每日上报。"}},
            {"kind": "plans", "text": {"en": "More districts."}},
        ],
        "outcomes": [{"text": {"zh": "漏损下降"}}],
        "contact": {"email": "wang@example.org"},
    }


def test_the_same_table_again_changes_what_differs_and_adds_nothing(site: Site, editor: FlaskClient) -> None:
    other = {**GOOD, "external_key": "A-2"}
    for title, expected in (("甲", (2, 0, 0)), ("甲", (0, 0, 2)), ("乙", (0, 1, 1))):
        address = bring(editor, table({**GOOD, "title.zh": title}, other))
        site.work()
        differs = expected != (0, 0, 2)
        page = editor.get(address).get_data(as_text=True)
        assert ("Nothing differs" in page, f"{address}/accept" in page) == (not differs, differs)
        for _ in ("checked", "written"):
            told = state(site)[1]
            assert (told["added"], told["changed"], told["unchanged"]) == expected
            assert accept(editor, address) in (303 if differs else 422, 409)
            site.work()
        assert cases(site)["A-1"]["title"]["zh"] == title


def test_a_public_case_is_compared_with_what_the_library_shows(site: Site, editor: FlaskClient) -> None:
    with site.database.unit() as session:
        owner = session.scalars(select(Membership.organisation_id).where(Membership.role == "editor")).one()
        case = make.case(session, origin="demo", title={"zh": "甲"})
        case.owner_id, case.external_key = owner, "P-1"
    for title, expected in (("甲", (0, 1)), ("乙", (1, 0))):
        bring(editor, table({"external_key": "P-1", "title.zh": title}))
        site.work()
        assert (state(site)[1]["changed"], state(site)[1]["unchanged"]) == expected


def test_all_or_none_changes_no_more_than_fit_into_one_unit(
    site: Site, editor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_CHANGED", 1)
    rows = [GOOD, {**GOOD, "external_key": "A-2"}]
    accept_at = bring(editor, table(*rows))
    site.work()
    assert accept(editor, accept_at) == 303
    site.work()
    changed = table(*({**row, "title.zh": "乙"} for row in rows))
    for whole, status in (("yes", 422), ("no", 303)):
        address = bring(editor, changed, whole=whole)
        site.work()
        assert accept(editor, address) == status
    site.work()
    assert [found["title"]["zh"] for found in cases(site).values()] == ["乙", "乙"]


def test_mistakes_are_told_by_row_and_column(site: Site, editor: FlaskClient) -> None:
    rows = [
        {**GOOD, "external_key": ""},
        {**GOOD, "connections.1.value": "many", "connections.1.kind": "guessed"},
        {**GOOD, "external_key": "A-1", "sectors": "xylophones"},
        {**GOOD, "external_key": "A-3", "title.zh": "", "contact.email": "nobody"},
    ]
    address = bring(editor, table(*rows))
    site.work()
    assert sorted(wrong(site)) == [
        (2, "external_key"),
        (3, "connections.1.kind"),
        (3, "connections.1.value"),
        (4, "external_key"),
        (4, "sectors"),
        (5, "contact.email"),
        (5, "title.zh"),
    ]
    page = editor.get(address).get_data(as_text=True)
    assert "connections.1.value" in page
    assert "It cannot be written yet" in page
    assert accept(editor, address) == 422
    assert cases(site) == {}
    listed = editor.get(f"{address}/errors.csv").get_data(as_text=True)
    assert len(listed.strip().splitlines()) == 8


def test_a_key_twice_counts_once_and_markup_in_a_cell_is_text(site: Site, editor: FlaskClient) -> None:
    rows = [{**GOOD, "title.zh": "<script>甲</script>"}, {**GOOD, "external_key": "A-2"}]
    accept(editor, bring_and_check(site, editor, *rows))
    site.work()
    assert cases(site)["A-1"]["title"]["zh"] == "<script>甲</script>"
    bring_and_check(
        site, editor, rows[0], {**rows[0], "title.zh": "乙"}, {**rows[1], "title.zh": "丙"}, whole="no"
    )
    found = state(site)[1]
    counts = {name: found[name] for name in ("added", "changed", "unchanged", "wrong")}
    assert (counts, wrong(site)) == (
        {"added": 0, "changed": 1, "unchanged": 1, "wrong": 1},
        [(3, "external_key")],
    )


def bring_and_check(site: Site, editor: FlaskClient, *rows: dict[str, Any], whole: str = "yes") -> str:
    address = bring(editor, table(*rows), whole=whole)
    site.work()
    return address


def test_row_by_row_what_is_right_is_written(site: Site, editor: FlaskClient) -> None:
    rows = [GOOD, {**GOOD, "external_key": "A-2", "connections.1.value": "many"}, {**GOOD, "external_key": "A-3"}]
    address = bring(editor, table(*rows), whole="no")
    site.work()
    assert accept(editor, address) == 303
    site.work()
    assert cases(site).keys() == {"A-1", "A-3"}
    assert accept(editor, address) == 409


@pytest.mark.parametrize("whole", ["yes", "no"])
def test_a_worker_killed_while_writing_leaves_all_or_none_or_whole_portions(
    site: Site, editor: FlaskClient, monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    class Killed(BaseException):
        """Nobody catches it, as nobody catches SIGKILL."""

    rows = [{**GOOD, "external_key": f"K-{number}"} for number in range(250)]
    address = bring(editor, table(*rows), whole=whole)
    site.work()
    accept(editor, address)
    before, written = bulk.write, []

    def die(*args: Any, **given: Any) -> Any:
        done = before(*args, **given)
        written.append(done)
        if len(written) == (1 if whole == "yes" else 2):
            raise Killed
        return done

    monkeypatch.setattr(bulk, "write", die)
    with pytest.raises(Killed):
        site.work()
    assert len(cases(site)) == (0 if whole == "yes" else 100)
    monkeypatch.undo()
    site.work(now() + dt.timedelta(minutes=10))
    assert len(cases(site)) == 250
    assert state(site)[0] == "done"


def test_one_event_for_a_whole_table(site: Site, editor: FlaskClient) -> None:
    address = bring(editor, table(GOOD, {**GOOD, "external_key": "A-2"}))
    site.work()
    accept(editor, address)
    site.work()
    with site.database.reading() as session:
        counted = select(Event.verb, func.count()).where(Event.verb.startswith("import.")).group_by(Event.verb)
        found = dict(iter(session.execute(counted)))
        rows = session.scalar(select(func.count()).select_from(DraftSection))
    assert found == {"import.begin": 1, "import.check": 1, "import.accept": 1, "import.write": 1, "import.done": 1}
    assert rows == 12


@pytest.mark.parametrize("gone", ["member", "organisation"])
def test_who_left_or_was_closed_meanwhile_writes_nothing(site: Site, editor: FlaskClient, gone: str) -> None:
    address = bring(editor, table(GOOD))
    site.work()
    accept(editor, address)
    with site.database.unit() as session:
        found = session.scalars(select(Membership).where(Membership.role == "editor")).one()
        if gone == "member":
            found.ended_at = make.NOW
        else:
            closed = session.get_one(Organisation, found.organisation_id)
            closed.state, closed.closed_at = "closed", make.NOW
    site.work()
    assert (state(site)[0], cases(site)) == ("refused", {})


def test_tables_are_their_organisations_own(site: Site, editor: FlaskClient) -> None:
    address = bring(editor, table(GOOD), name="secret.csv")
    site.work()
    assert "secret.csv" in editor.get(PLACE).get_data(as_text=True)
    other = signed_in(site, "zhao@other.example")
    assert other.get(address).status_code == 404
    assert "secret.csv" not in other.get(PLACE).get_data(as_text=True)
    assert signed_in(site, "wu@works.example").get(PLACE).status_code == 403


def test_more_mistakes_than_are_told_do_not_make_a_wrong_row_right(site: Site, editor: FlaskClient) -> None:
    rows = [{**GOOD, "external_key": f"W-{number}", "connections.1.value": "many"} for number in range(1100)]
    address = bring(editor, table(*rows, {**GOOD, "external_key": "R-1"}), whole="no")
    site.work()
    assert (len(state(site)[1]["errors"]), state(site)[1]["wrong"]) == (1000, 1100)
    assert accept(editor, address) == 303
    site.work()
    assert cases(site).keys() == {"R-1"}


def test_how_far_it_has_come_is_told_while_it_is_read_and_written(
    site: Site, editor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "UNIT", 2)
    monkeypatch.setattr(
        bulk, "portions", lambda rows, most=2: (rows[at : at + 2] for at in range(0, len(rows), 2))
    )
    address = bring(editor, table(*({**GOOD, "external_key": f"A-{n}"} for n in range(201))), whole="no")
    told: list[dict[str, Any]] = []
    noted = jobs._progress

    def note(*args: Any, **kwargs: Any) -> None:
        noted(*args, **kwargs)
        told.append(editor.get(f"{address}/progress").json)

    monkeypatch.setattr(jobs, "_progress", note)
    assert editor.get(f"{address}/progress").json == {"state": "waiting", "done": 0, "rows": 0}
    site.work()
    assert [(each["state"], each["done"], each["rows"]) for each in told] == [
        ("waiting", 0, 201), ("waiting", 0, 201), ("waiting", 200, 201),
    ]  # fmt: skip
    assert editor.get(f"{address}/progress").json == {"state": "checked", "done": 201, "rows": 201}
    told.clear()
    assert accept(editor, address) == 303
    site.work()
    assert [(each["state"], each["done"]) for each in told] == [("accepted", n) for n in [*range(2, 201, 2), 201]]
    assert editor.get(f"{address}/progress").json == {"state": "done", "done": 201, "rows": 201}
    assert signed_in(site, "zhao@other.example").get(f"{address}/progress").status_code == 404
