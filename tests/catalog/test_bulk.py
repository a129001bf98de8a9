"""Many cases at once: files into rows, the check, the writing, over HTTP and twice."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import make
import openpyxl
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import func, select

from library.accounts.models import Membership
from library.catalog import bulk, drafts, grids
from library.catalog.draft_models import BulkImport, DraftSection
from library.catalog.models import Case
from library.db import Database
from library.errors import Invalid
from library.events import Event
from library.worker import now

PLACE = "/work/import"
GOOD = {
    "external_key": "A-1",
    "title.zh": "智能水表远传抄读",
    "title.en": "Remote reading of water meters",
    "sectors": "water-metering；gas-metering",
    "networks": "nb-iot",
    "parties.1.name.zh": "示例水务",
    "parties.1.role": "owner",
    "connections.1.value": "12万",
    "connections.1.kind": "online",
    "story.solution.zh": "水表每日上报。",
    "story.plans.en": "More districts.",
    "outcomes.1.zh": "漏损下降",
    "contact.email": "wang@example.org",
}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.taxonomy(session)
        owner = make.organisation(session)
        make.member(session, owner, "editor", email="li@works.example")
        make.member(session, owner, "commenter", email="wu@works.example")
        make.member(session, make.organisation(session), "owner", email="zhao@other.example")
    return site


@pytest.fixture
def editor(site: Site) -> FlaskClient:
    return signed_in(site, "li@works.example")


def signed_in(site: Site, email: str) -> FlaskClient:
    with site.database.reading() as session:
        number = session.scalar(select(Membership.organisation_id).join(Membership.person).filter_by(email=email))
    return site.signed_in(email, organisation=number)


def table(*rows: dict[str, Any], ending: str = "csv") -> bytes:
    if ending == "json":
        return json.dumps(rows).encode()
    header = list(dict.fromkeys(name for row in rows for name in row))
    if ending == "csv":
        lines = [",".join(header), *(",".join(str(row.get(name, "")) for name in header) for row in rows)]
        return "\n".join(lines).encode("utf-8-sig")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(header)
    for row in rows:
        book.active.append([row.get(name) for name in header])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(client: FlaskClient, data: bytes, *, name: str = "cases.csv", whole: str = "yes") -> str:
    """Send a table; the address where it is read."""
    given = {"csrf_token": token(client, PLACE), "table": (io.BytesIO(data), name), "whole": whole}
    answer = client.post(PLACE, data=given)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location


def accept(client: FlaskClient, address: str) -> int:
    return client.post(f"{address}/accept", data={"csrf_token": token(client, PLACE)}).status_code


def state(site: Site) -> tuple[str, dict[str, Any]]:
    with site.database.reading() as session:
        row = session.scalars(select(BulkImport).order_by(BulkImport.id.desc()).limit(1)).one()
    return row.state, row.result


def cases(site: Site) -> dict[str | None, dict[str, Any]]:
    with site.database.reading() as session:
        return {case.external_key: drafts.document(session, case) for case in session.scalars(select(Case))}


def wrong(site: Site) -> list[tuple[int, str]]:
    return [(each["row"], each["column"]) for each in state(site)[1]["errors"]]


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


def test_json_rows_are_documents(site: Site, editor: FlaskClient) -> None:
    row = {"external_key": "J-1", "title": {"zh": "智能燃气表"}, "connections": [{"value": 5, "kind": "online"}]}
    address = bring(editor, table(row, ending="json"), name="t.json")
    site.work()
    accept(editor, address)
    site.work()
    assert cases(site) == {"J-1": {"title": {"zh": "智能燃气表"}, "connections": [{"value": 5, "kind": "online"}]}}


def test_the_same_table_again_changes_what_differs_and_adds_nothing(site: Site, editor: FlaskClient) -> None:
    for title, expected in (("甲", (1, 0, 0)), ("甲", (0, 0, 1)), ("乙", (0, 1, 0))):
        address = bring(editor, table({**GOOD, "title.zh": title}))
        site.work()
        assert accept(editor, address) == 303
        site.work()
        done = state(site)[1]
        assert (done["added"], done["changed"], done["unchanged"]) == expected
        assert [found["title"]["zh"] for found in cases(site).values()] == [title]


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


def test_a_member_who_left_meanwhile_writes_nothing(site: Site, editor: FlaskClient) -> None:
    address = bring(editor, table(GOOD))
    site.work()
    accept(editor, address)
    with site.database.unit() as session:
        session.scalars(
            select(Membership).join(Membership.person).filter_by(email="li@works.example")
        ).one().ended_at = make.NOW
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


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"title.zh\nx"),
        ("t.csv", b"external_key,nonsense\n1,2"),
        ("t.csv", b"external_key,title.zh,title.zh\n1,2,3"),
        ("t.csv", b"external_key\n"),
        ("t.json", b"{}"),
        ("t.json", b"[1]"),
        ("t.json", b"[" * 100_000),
    ],
)
def test_what_is_no_table_is_refused_in_words(site: Site, editor: FlaskClient, name: str, data: bytes) -> None:
    address = bring(editor, data, name=name)
    site.work()
    assert state(site)[0] == "refused"
    assert "The table was not taken" in editor.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "data"), [("t.xlsx", b"PK no"), ("t.csv", b"\0\1\2"), ("t.exe", b"MZ"), ("t.csv", b""), ("", b"")]
)
def test_what_is_not_what_its_name_says_is_refused_at_once(editor: FlaskClient, name: str, data: bytes) -> None:
    given = {"csrf_token": token(editor, PLACE), "table": (io.BytesIO(data), name)}
    answer = editor.post(PLACE, data=given)
    assert answer.status_code == 422
    assert "1 thing must be fixed" in answer.get_data(as_text=True)


def test_the_template_comes_back_empty_and_whole(editor: FlaskClient, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx"):
        file = tmp_path / f"t.{ending}"
        file.write_bytes(editor.get(f"{PLACE}/template.{ending}").get_data())
        with pytest.raises(Invalid, match="no rows"):
            grids.read(file, ending)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert [cell.value for cell in book["cases"][1]] == list(grids.COLUMNS)
    assert "water-metering" in [cell.value for cell in book["codes"][1]]


def test_more_mistakes_than_are_told_do_not_make_a_wrong_row_right(site: Site, editor: FlaskClient) -> None:
    rows = [{**GOOD, "external_key": f"W-{number}", "connections.1.value": "many"} for number in range(1100)]
    address = bring(editor, table(*rows, {**GOOD, "external_key": "R-1"}), whole="no")
    site.work()
    assert (len(state(site)[1]["errors"]), state(site)[1]["wrong"]) == (1000, 1100)
    assert accept(editor, address) == 303
    site.work()
    assert cases(site).keys() == {"R-1"}
