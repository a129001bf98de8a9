"""A case enters a call, is recommended, returned on one field, corrected, passed: through the browsers of all."""

from __future__ import annotations

import datetime as dt
import re
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

from library.catalog import drafts
from library.catalog.models import Case
from library.chain import check_chain
from library.db import Database
from library.selection import facts
from library.selection.entry_models import Entry
from library.selection.models import Call, Quota

MAILS = {name: f"{name}@entry.example" for name in ("li", "chen", "an", "bo", "ra")}


class Clock:
    now = calling.OPENING


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    Clock.now = calling.OPENING
    for where in ("library.web.now", "sites.now"):
        monkeypatch.setattr(where, lambda: Clock.now)
    return Clock


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    text = unescape(answer.get_data(as_text=True))
    assert answer.status_code == status, (address, answer.status_code, text[-1500:])
    return text


def send(client: FlaskClient, address: str, form_on: str, status: int = 303, **typed: Any) -> str:
    answer = client.post(address, data={"csrf_token": token(client, form_on), **typed})
    text = unescape(answer.get_data(as_text=True))
    assert answer.status_code == status, (address, answer.status_code, text[-1500:])
    return str(answer.headers.get("Location", "")) or text


def test_the_life_of_an_entry(database: Database, tmp_path: Path, clock: type[Clock]) -> None:
    with database.unit() as session:
        call = calling.opened(session, make.officer(session, email=MAILS["li"], name="Li"))
        firm = handed_in.organisation(session, name_zh="青河水务", name_en="Qinghe Water")
        an = make.member(session, firm, "owner", email=MAILS["an"], name="An")
        make.member(session, firm, "editor", email=MAILS["bo"], name="Bo")
        authority = handed_in.organisation(session, kind="authority", name_zh="示例省通信管理局")
        make.member(session, authority, "owner", email=MAILS["ra"], name="Ra")
        session.add(Quota(call_id=call.id, organisation_id=authority.id, places=2))
        case = entering.case(session, an, masks=["青河水务", "青河"])
    site = Site(database, tmp_path)
    whose = {"an": firm.id, "bo": firm.id, "ra": authority.id, "li": None}

    def everybody() -> list[FlaskClient]:
        return [site.signed_in(MAILS[name], "en", organisation=number) for name, number in whose.items()]

    an_, bo_, ra_, li_ = everybody()

    enter = f"/calls/{call.code}/enter"
    assert enter in page(an_, f"/calls/{call.code}")
    shown = page(an_, f"{enter}?case={case.code}")
    for words in ("This call is judged blind", "This case is public already", "青河水务", "Qinghe Water"):
        assert words in shown, words
    form = {"case": case.code, "recommender": authority.key, "masks": "青河水务\n青河\n\n青河水务"}
    assert "Choose" in shown or "Recommending body" in shown
    refused = send(an_, enter, enter, 422, **{**form, "recommender": "", "masks": "青河"})
    assert "Not entered" in refused
    assert ">青河</textarea>" in refused
    own = send(an_, enter, enter, 303, **form)
    entry = f"/entries/{own.split('/entries/')[1].split('?')[0]}"
    code = entry.rpartition("/")[2]
    assert re.fullmatch(rf"{call.code}-\d{{3}}", code)
    assert send(bo_, enter, enter, 303, **form).endswith(entry), "a second click leads to the one entry"
    with database.reading() as session:
        assert [row.masks for row in session.scalars(select(Entry))] == [["青河水务", "青河"]]
    mine = page(bo_, "/entries")
    assert code in mine
    assert "Waits for a recommendation" in mine
    assert "Recommending body" in page(an_, entry)

    assert "0 of 2 used" in page(ra_, "/recommend")
    assert code in page(ra_, f"/recommend/{call.code}")
    desk = f"/recommend/entries/{code}"
    assert handed_in.SENTENCE in page(ra_, desk)
    assert "wang@people.example" not in page(ra_, desk), "the contact is for the ministry"
    typed = {"true": "yes", "attestation": "材料属实，效果明显。", "signer": "李主任", "post": "信息通信发展处"}
    again = send(ra_, f"{desk}/moves/entry.recommend", desk, 422, **{**typed, "true": "", "signer": " "})
    assert "材料属实，效果明显。" in again
    assert "Say that the materials are true" in again
    send(ra_, f"{desk}/moves/entry.recommend", desk, 303, **typed)
    assert "1 of 2 used" in page(ra_, desk)
    assert "李主任，信息通信发展处" in page(ra_, desk)
    assert "Waits for the form check" in page(an_, entry)

    clock.now = calling.CLOSING + calling.GRACE + calling.SECOND
    an_, bo_, ra_, li_ = everybody()
    assert f'action="{enter}"' not in page(an_, enter)
    assert "The call closed at 2026-12-18 17:10" in page(an_, enter)
    late = an_.post(enter, data={"csrf_token": token(an_, entry), **form, "case": "MIOT-2026-0009"})
    assert late.status_code == 409
    assert "The call closed at 2026-12-18 17:10" in late.get_data(as_text=True)
    with database.unit() as session:
        entering.put(session, session.get_one(Call, call.id), "formal_check")

    clock.now = entering.LATER
    an_, bo_, ra_, li_ = everybody()
    queue = f"/desk/calls/{call.key}/entries"
    assert code in page(li_, queue)
    at = f"/desk/entries/{code}"
    shown = page(li_, at)
    for words in (
        "Qinghe Water",
        "材料属实，效果明显。",
        "The sector is one that the call is for",
        "wang@people.example",
    ):
        assert words in shown, words
    wrong = {"reason": "标题太笼统。", "days": "3"}
    assert 'id="fields-entry-return-wrong"' in send(li_, f"{at}/moves/entry.return", at, 422, **wrong)
    send(li_, f"{at}/moves/entry.return", at, 303, fields=["title"], **wrong)

    asked = page(an_, entry)
    assert "What is asked of you now" in asked
    assert "标题太笼统。" in asked
    assert "Fields: Title" in asked
    assert "Change the case first and hand it in" in asked
    change(
        database, an, case.id, title={"zh": "城南老城区智能水表改造二期", "en": "Smart water meters, phase two"}
    )
    change(database, an, case.id, summary={"zh": handed_in.SENTENCE * 4, "en": "Meters report daily."})
    assert "These fields differ too" in page(an_, entry)
    early = an_.post(f"{entry}/moves/entry.correct", data={"csrf_token": token(an_, entry)})
    assert early.status_code == 422
    change(database, an, case.id, summary=handed_in.CONTENTS["basics"]["summary"])
    send(an_, f"{entry}/moves/entry.correct", entry, 303)

    shown = page(li_, at)
    assert "What changed" in shown
    assert "<ins>二期</ins>" in shown
    assert "asked for: Title" in shown
    assert "Corrections back" in page(li_, f"{queue}?view=back")
    assert code in page(li_, f"{queue}?view=back")
    batch = send(li_, f"{queue}/pass", queue, 303, pick=[code])
    assert "1 entry passed" in page(li_, batch), page(li_, batch)
    assert "Form check passed" in page(an_, entry)
    with database.reading() as session:
        row = session.scalars(select(Entry)).one()
        assert [check.outcome for check in row.checks] == ["returned", "passed"]
        assert (row.state, row.due, session.get_one(Quota, (call.id, authority.id)).used) == (
            "check_passed",
            None,
            1,
        )
        assert check_chain(session, facts.RECOMPUTE).sound


def change(database: Database, owner: Any, number: int, **basics: Any) -> None:
    """The organisation changes its case in the library, and the admission desk takes the change."""
    with database.unit() as session:
        case = session.get_one(Case, number)
        kept = dict(drafts.contents(session, case)["basics"])
        handed_in.write(session, owner, case, "basics", {**kept, **basics}, Clock.now + dt.timedelta(hours=1))
        handed_in.move(session, owner, case, "case.submit", now=Clock.now + dt.timedelta(hours=1))
        handed_in.move(session, make.officer(session), case, "case.admit", given={}, now=Clock.now)
