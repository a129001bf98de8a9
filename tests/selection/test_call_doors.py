"""The pages and routes of calls: an officer's way from an empty form to an open call, and what others see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

import calling
import handed_in
import make
import pytest
from calling import OPENING
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select

from library import demonstration, forms
from library.db import Database
from library.selection import flow, operations, places
from library.selection.call_sheets import CONTROLS
from library.selection.models import Call

OFFICER = "li@desk.example"
CODE = "CALL-2026-0001"


@pytest.fixture
def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An installation at make.NOW, with an officer."""
    monkeypatch.setattr("library.web.now", lambda: make.NOW)
    with database.unit() as session:
        make.taxonomy(session)
        make.officer(session, email=OFFICER)
    return Site(database, tmp_path)


@pytest.fixture
def officer(site: Site) -> FlaskClient:
    return site.signed_in(OFFICER)


def made(site: Site, how: Any, **over: Any) -> Call:
    with site.database.unit() as session:
        call: Call = how(session, make.officer(session), **over)
    return call


def get(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def typed(page: str) -> dict[str, list[str]]:
    """What a browser would send of the page's form, as it stands; a fieldset that is disabled sends nothing."""
    form = page.partition('<form class="sheet-form"')[2].partition("</form>")[0]
    form = re.sub(r"<template>.*?</template>(?=\s*<p><button)", "", form, flags=re.DOTALL)
    while "<template>" in form:
        form = re.sub(r"<template>(?:(?!<template>).)*?</template>", "", form, flags=re.DOTALL)
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said.get("type") != "checkbox" or " checked" in tag:
            sent.setdefault(said["name"], []).append(unescape(said.get("value", "")))
    for name, inner in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        sent[name] = [unescape(value) for value in re.findall(r'value="([^"]*)" selected', inner)]
    for name, inner in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        sent[name] = [unescape(inner)]
    return sent


def fields(content: Mapping[str, Any]) -> dict[str, list[str]]:
    return forms.written(tuple(CONTROLS.values()), content)


def test_from_an_empty_form_to_an_open_call(site: Site, officer: FlaskClient) -> None:
    begun = officer.post("/desk/calls", data={"csrf_token": token(officer, "/desk/calls")})
    assert begun.status_code == 303
    form = begun.location
    page = get(officer, f"{form}?check=1")
    assert "Fill this in." in page
    sent = {**typed(page), **fields(calling.document()), "do": ["save"]}
    saved = officer.post(form, data=sent)
    assert saved.status_code == 303
    desk = form.removesuffix("/edit")
    assert "Call changed" in get(officer, saved.location)
    with site.database.reading() as session:
        assert session.scalars(select(Call.document)).one() == calling.document()
    assert site.client().get(f"/calls/{CODE}").status_code == 404
    assert "Call for cases 2026" not in get(site.client(), "/calls")
    move = f"{desk}/moves/call.announce"
    refused = officer.post(move, data={"csrf_token": token(officer, desk), "reason": " "})
    assert refused.status_code == 422
    assert 'href="#reason-call-announce"' in refused.get_data(as_text=True)
    given = {"csrf_token": token(officer, desk), "reason": "按年度计划。"}
    assert officer.post(move, data=given).status_code == 303
    assert officer.post(move, data=given).status_code == 409
    assert officer.post(f"{desk}/moves/call.open", data=given).status_code == 404
    page = get(site.client(), f"/calls/{CODE}")
    for words in ("Opens 1 December 2026 09:00", "Criterion effect", "60 %", "At least 10", "Energy metering"):
        assert words in page
    assert "Certificate" not in page
    site.work(OPENING)
    assert "</svg>Open for entries</span>" in get(site.client(), "/calls")


def test_what_the_form_shows_is_what_it_sends(site: Site, officer: FlaskClient) -> None:
    """Saved as it is, a call is not another one; a button for items keeps nothing."""
    call = made(site, calling.opened)
    form = f"/desk/calls/{call.key}/edit"
    page = get(officer, form)
    assert page.count("<fieldset disabled>") == 1
    sent = typed(page)
    assert officer.post(form, data={**sent, "do": ["save"]}).status_code == 303
    more = officer.post(form, data={**sent, "do": ["add:rubric.0.anchors"]})
    assert more.status_code == 200
    assert {name for name in typed(more.get_data(as_text=True)) if name not in sent} == {
        *("rubric.0.anchors.2.score", "rubric.0.anchors.2.text.zh", "rubric.0.anchors.2.text.en")
    }
    less = typed(officer.post(form, data={**sent, "do": ["remove:rubric.0"]}).get_data(as_text=True))
    assert (less["rubric.0.code"], "rubric.1.code" in less) == (["novelty"], False)
    turned = typed(officer.post(form, data={**sent, "do": ["down:rubric.0.anchors.0"]}).get_data(as_text=True))
    assert [turned[f"rubric.0.anchors.{place}.score"] for place in (0, 1)] == [["100"], ["0"]]
    with site.database.reading() as session:
        kept = session.get_one(Call, call.id)
        assert (kept.version, kept.document) == (call.version, call.document)


def test_a_wrong_or_late_save_keeps_what_was_typed_on_the_page(site: Site, officer: FlaskClient) -> None:
    call = made(site, calling.announced)
    form = f"/desk/calls/{call.key}/edit"
    sent = typed(get(officer, form))
    wrong = officer.post(form, data={**sent, "notice_days": ["soon"], "do": ["save"]})
    assert wrong.status_code == 422
    assert 'href="#notice_days"' in wrong.get_data(as_text=True)
    assert typed(wrong.get_data(as_text=True))["notice_days"] == ["soon"]
    assert officer.post(form, data={**sent, "reviewers": ["3"], "do": ["save"]}).status_code == 303
    late = officer.post(form, data={**sent, "reviewers": ["7"], "do": ["save"]})
    assert (late.status_code, typed(late.get_data(as_text=True))["reviewers"]) == (409, ["7"])
    again = {**typed(late.get_data(as_text=True)), "do": ["save"]}
    assert officer.post(form, data=again).status_code == 303
    with site.database.reading() as session:
        assert session.get_one(Call, call.id).document["reviewers"] == 7


def test_places_and_permits_from_the_desk(site: Site, officer: FlaskClient) -> None:
    call = made(site, calling.opened)
    with site.database.unit() as session:
        rows = [handed_in.organisation(session, name_zh=name) for name in "甲乙"]
        member = make.member(session, rows[1], "editor", email="member@b.example")
    desk = f"/desk/calls/{call.key}"

    def post(what: str, **given: Any) -> int:
        data = {"csrf_token": token(officer, desk), **given}
        return officer.post(f"{desk}/{what}", data=data).status_code

    assert post("quotas", recommender="无此单位", places="5") == 422
    assert post("quotas", recommender="甲", places="5") == 303
    assert post("quotas", recommender="乙", places="") == 422
    assert post("quotas", recommender="乙", places="1") == 303
    moved = {"giver": rows[0].key, "taker": rows[1].key, "transfer_reason": "名额有余。"}
    assert post("transfers", moved="6", **moved) == 409
    assert post("transfers", moved="2", **moved) == 303
    assert post("permits", applicant="乙", until="2026-12-20 17:00", permit_reason="") == 422
    assert post("permits", applicant="乙", until="2026-12-20 17:00", permit_reason="平台故障。") == 303
    page = get(site.signed_in("member@b.example", organisation=member.organisation), f"/calls/{CODE}")
    own = ("The call opens at 2026-12-01 09:00.", "until 20 December 2026 17:00", "0 of 3 used")
    assert [words for words in own if words not in page] == []
    assert [words for words in own if words in get(site.client(), f"/calls/{CODE}")] == []
    assert "平台故障" in get(officer, desk)


def test_a_cancelled_call_says_why_and_a_draft_that_was_cancelled_stays_unknown(site: Site) -> None:
    for how in (calling.announced, calling.draft):
        call = made(site, how)
        with site.database.unit() as session:
            row = session.get_one(Call, call.id)
            given = {"reason": f"改期-{row.code or 'draft'}"}
            flow.decide(session, make.officer(session), row, "call.cancel", given=given, now=make.NOW)
    client = site.client()
    assert f"改期-{CODE}" in get(client, f"/calls/{CODE}")
    assert client.get(f"/api/v1/calls/{CODE}").json["cancelled_because"] == f"改期-{CODE}"
    assert client.get("/api/v1/calls").json["total"] == 1
    assert get(client, "/calls").count('class="open"') == 1


def test_lists_ask_as_much_for_three_calls_as_for_one(
    site: Site, officer: FlaskClient, statements: list[str]
) -> None:
    counts = []
    for number in (1, 2):
        for _ in range(number):
            made(site, calling.announced)
        counts.append([])
        lists = ((site.client(), "/calls"), (officer, "/desk/calls"), (site.client(), "/api/v1/calls"))
        for client, address in lists:
            get(client, address)
            statements.clear()
            get(client, address)
            counts[-1].append(len(statements))
    assert counts[0] == counts[1]


def test_one_call_with_three_recommenders_asks_as_much_as_with_one(
    site: Site, officer: FlaskClient, statements: list[str]
) -> None:
    call = made(site, calling.opened)
    counts = []
    for names in ("甲", "乙丙"):
        with site.database.unit() as session:
            row, giver = session.get_one(Call, call.id), make.officer(session)
            for name in names:
                handed_in.organisation(session, name_zh=name)
                places.set_quota(session, giver, row, given={"recommender": name, "places": 2}, now=make.NOW)
                late = {"applicant": name, "until": "2026-12-20 17:00", "permit_reason": "x"}
                places.permit(session, giver, row, given=late, now=make.NOW)
        get(officer, f"/desk/calls/{call.key}")
        statements.clear()
        get(officer, f"/desk/calls/{call.key}")
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_programs_get_times_in_utc_pages_and_tags(site: Site) -> None:
    for over in ({}, {"opens_at": "2026-11-30 09:00"}, {"demonstration": True}):
        made(site, calling.announced, **over)
    client = site.client()
    answer = client.get("/api/v1/calls?per_page=2")
    assert [item["code"] for item in answer.json["items"]] == [CODE, "CALL-2026-0002"]
    assert (answer.json["total"], 'rel="next"' in answer.headers["Link"]) == (3, True)
    [invented] = client.get("/api/v1/calls?per_page=2&page=2").json["items"]
    assert (invented["code"], invented["demonstration"]) == ("DEMO-CALL-2026-0001", True)
    answer = client.get(f"/api/v1/calls/{CODE}")
    call = answer.json
    assert (call["opens_at"], call["closes_at"]) == ("2026-12-01T01:00:00+00:00", "2026-12-18T09:00:00+00:00")
    assert call["rubric"] == calling.document()["rubric"]
    assert call["eligibility"] == calling.document()["eligibility"]
    assert {"certificate", "places", "key"} & set(call) == set()
    tag = answer.headers["ETag"]
    assert client.get(f"/api/v1/calls/{CODE}", headers={"If-None-Match": tag}).status_code == 304
    with site.database.unit() as session:
        row, officer = session.scalars(select(Call).where(Call.code == CODE)).one(), make.officer(session)
        content = calling.document(reviewers=3)
        operations.save(session, officer, row, content=content, version=row.version, now=make.NOW)
    answer = client.get(f"/api/v1/calls/{CODE}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json["reviewers"]) == (200, 3)
    assert client.get("/api/v1/calls/CALL-2026-0009").status_code == 404


def test_the_demonstration_brings_an_invented_call_that_opens(site: Site) -> None:
    assert demonstration.make(site.database, site.config, now=make.NOW)
    site.work()
    [call] = site.client().get("/api/v1/calls").json["items"]
    assert (call["state"], call["demonstration"]) == ("open", True)
    assert "This call is invented." in get(site.client(), f"/calls/{call['code']}")
