"""Quotas, places that change hands, late permits, and the second of the deadline."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import calling
import make
import pytest
from calling import CLOSING, GRACE, OPENING, SECOND
from racing import at_once
from sites import Site
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.accounts.models import Membership, Organisation
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid
from library.events import Event, detail
from library.policy import Actor
from library.selection import flow, places, queries
from library.selection.models import Call, LatePermit, Quota

LAST = CLOSING + GRACE
LATE = {"until": "2026-12-20 17:00", "permit_reason": "平台故障。"}


def body(session: Session, name: str, **over: Any) -> Organisation:
    given = {"name_zh": name, "state": "verified", "verified_at": make.NOW, **over}
    return make.organisation(session, **given)


def give(session: Session, officer: Actor, call: Call, name: str, number: int) -> Quota:
    return places.set_quota(session, officer, call, given={"recommender": name, "places": number}, now=make.NOW)


def move(
    session: Session, officer: Actor, call: Call, giver: Organisation, taker: Organisation, moved: int
) -> None:
    given = {"giver": giver.key, "taker": taker.key, "moved": moved, "transfer_reason": "名额有余。"}
    places.transfer(session, officer, call, given=given, now=make.NOW)


def held(session: Session, call: Call) -> dict[str, tuple[int, int]]:
    return {row.organisation.name_zh: (row.places, row.used) for row in queries.quotas(session, call)}


def test_places_are_given_to_whom_the_registered_name_or_code_names(session: Session) -> None:
    officer, call = make.officer(session), calling.draft(session, make.officer(session))
    body(session, "甲厅", name_en="Bureau A", credit_code="91110000600037341L")
    for said, number in (("甲厅", 30), ("Bureau A", 20), ("91110000600037341L", 10), ("甲厅", 10)):
        give(session, officer, call, said, number)
    assert held(session, call) == {"甲厅": (10, 0)}
    body(session, "乙厅", state="unverified", verified_at=None)
    body(session, "丙厅", demonstration=True)
    for name in ("丁厅", "丁厅", "戊厅"):
        body(session, name, **({"state": "closed", "closed_at": make.NOW} if name == "戊厅" else {}))
    for name in ("乙厅", "丙厅", "丁厅", "戊厅", "无"):
        with pytest.raises(Invalid) as refused:
            give(session, officer, call, name, 3)
        assert set(refused.value.fields) == {"recommender"}
    with pytest.raises(Invalid) as refused:
        give(session, officer, call, "甲厅", 1001)
    assert set(refused.value.fields) == {"places"}


def test_used_places_are_neither_taken_back_nor_moved(session: Session) -> None:
    officer, call = make.officer(session), calling.announced(session, make.officer(session))
    first, second = body(session, "甲厅"), body(session, "乙厅")
    row = give(session, officer, call, "甲厅", 5)
    row.used = 3
    with pytest.raises(Invalid) as refused:
        give(session, officer, call, "甲厅", 2)
    assert str(refused.value.fields["places"][0]) == "3 places are used already."
    with pytest.raises(Invalid):  # it has no places of its own yet
        move(session, officer, call, first, second, 1)
    give(session, officer, call, "乙厅", 0)
    with pytest.raises(Conflict) as refused:
        move(session, officer, call, first, second, 3)
    assert str(refused.value.fields["moved"][0]) == "Only 2 places are unused."
    with pytest.raises(Invalid):
        move(session, officer, call, first, first, 1)
    move(session, officer, call, first, second, 2)
    assert held(session, call) == {"甲厅": (3, 3), "乙厅": (2, 0)}
    row.used = 4
    with pytest.raises(IntegrityError):
        session.flush()


def test_two_who_move_the_same_places_at_once_never_exceed_them(database: Database) -> None:
    with database.unit() as session:
        officer = make.officer(session)
        call = calling.announced(session, officer)
        bodies = [body(session, name) for name in ("甲厅", "乙厅", "丙厅")]
        for row, number in zip(bodies, (5, 0, 0), strict=True):
            give(session, officer, call, row.name_zh, number)

    def take(number: int) -> str:
        try:
            with database.unit() as session:
                move(session, officer, session.get_one(Call, call.id), bodies[0], bodies[number], 3)
        except Conflict as problem:
            return str(problem.fields["moved"][0])
        return "moved"

    said = at_once(database, lambda: take(1), lambda: take(2))
    assert sorted(said) == ["Only 2 places are unused.", "moved"]
    with database.reading() as session:
        assert sorted(held(session, call).values()) == [(0, 0), (2, 0), (3, 0)]
        seq = session.scalars(select(Event.seq).where(Event.verb == "quota.transfer")).one()
        assert detail(session, seq).items() >= {"from": bodies[0].id, "places": 3, "reason": "名额有余。"}.items()


def test_nobody_gives_anything_to_the_own_organisation_or_after_the_end(session: Session) -> None:
    officer = make.officer(session)
    call, own, other = calling.opened(session, officer), body(session, "甲厅"), body(session, "乙厅")
    give(session, officer, call, "甲厅", 5)
    give(session, officer, call, "乙厅", 5)
    session.add(Membership(person_id=officer.person, organisation_id=own.id, role="editor", since=make.NOW))
    session.flush()
    for act in (
        lambda: give(session, officer, call, "甲厅", 6),
        lambda: move(session, officer, call, other, own, 1),
        lambda: places.permit(session, officer, call, given={"applicant": "甲厅", **LATE}, now=make.NOW),
        lambda: give(session, make.officer(session, "approver"), call, "乙厅", 6),
        lambda: give(session, make.member(session, other, "owner"), call, "乙厅", 6),
    ):
        with pytest.raises(Forbidden):
            act()
    flow.decide(session, officer, call, "call.cancel", given=calling.WHY, now=make.NOW)
    for act in (
        lambda: give(session, officer, call, "乙厅", 6),
        lambda: places.permit(session, officer, call, given={"applicant": "乙厅", **LATE}, now=make.NOW),
    ):
        with pytest.raises(Conflict):
            act()
    assert held(session, call) == {"甲厅": (5, 0), "乙厅": (5, 0)}


def closed_to(session: Session, call: Call, who: Organisation, now: dt.datetime) -> str | None:
    said = queries.closed_to(session, call, who.id, now=now)
    return str(said) if said else None


def test_the_second_of_the_deadline_and_a_late_permit(session: Session) -> None:
    officer = make.officer(session)
    who, other, call = body(session, "甲公司"), body(session, "乙公司"), calling.draft(session, officer)
    assert closed_to(session, call, who, OPENING) == "This call takes no entries."
    call = calling.opened(session, officer)
    assert closed_to(session, call, who, OPENING - SECOND) == "The call opens at 2026-12-01 09:00."
    assert closed_to(session, call, who, OPENING) is None
    assert closed_to(session, call, who, LAST) is None
    over = "The call closed at 2026-12-18 17:10."
    assert closed_to(session, call, who, LAST + SECOND) == over  # before the worker has looked, too
    flow.keep_time(session, now=LAST + SECOND)
    permit = places.permit(session, officer, call, given={"applicant": "甲公司", **LATE}, now=LAST + SECOND)
    assert closed_to(session, call, who, LAST + SECOND) is None
    assert closed_to(session, call, other, LAST + SECOND) == over
    assert closed_to(session, call, who, permit.until) is None
    assert closed_to(session, call, who, permit.until + SECOND) == over
    flow.decide(session, officer, call, "call.check", given=calling.WHY, now=LAST + SECOND)
    assert closed_to(session, call, who, permit.until) is None
    flow.decide(session, officer, call, "call.cancel", given=calling.WHY, now=LAST + SECOND)
    assert closed_to(session, call, who, permit.until) == "This call takes no entries."


@pytest.mark.parametrize("until", ["2026-12-18 17:10", "2026-12-19 08:00", "soon", ""])
def test_a_permit_ends_after_the_call_and_after_now(session: Session, until: str) -> None:
    officer = make.officer(session)
    body(session, "甲公司")
    call = calling.closed(session, officer)
    given = {**LATE, "applicant": "甲公司", "until": until}
    with pytest.raises(Invalid) as refused:
        places.permit(session, officer, call, given=given, now=CLOSING + dt.timedelta(days=1))
    assert set(refused.value.fields) == {"until"}
    assert session.scalars(select(LatePermit)).all() == []


def test_those_whom_it_concerns_get_letters_in_their_language(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    with database.unit() as session:
        officer = make.officer(session)
        for name in ("a", "b", "c"):
            row = body(session, f"{name}厅", name_en=f"Bureau {name.upper()}")
            make.member(session, row, "owner", email=f"{name}@x.example", lang="zh" if name == "a" else "en")
            make.member(session, row, "commenter", email=f"reads-{name}@x.example")
        call = calling.draft(session, officer)
        give(session, officer, call, "a厅", 3)  # nobody hears of a draft
    site.work()
    assert site.letters() == []
    with database.unit() as session:
        call = session.get_one(Call, call.id)
        flow.decide(session, officer, call, "call.announce", given=calling.WHY, now=make.NOW)
        give(session, officer, call, "b厅", 2)
    with database.unit() as session:
        call = session.get_one(Call, call.id)
        flow.keep_time(session, now=OPENING)
        places.permit(session, officer, call, given={"applicant": "c厅", **LATE}, now=OPENING)
    site.work()
    assert sorted((letter["To"], letter["Subject"]) for letter in site.letters()) == [
        ("a@x.example", "CALL-2026-0001 已发布"),
        ("b@x.example", "CALL-2026-0001 was announced"),
        ("b@x.example", "Places in CALL-2026-0001"),
        ("c@x.example", "Late entry permitted in CALL-2026-0001"),
    ]
    texts = "".join(letter.get_content() for letter in site.letters())
    assert "Bureau B may recommend 2 cases; 0 of these places are used." in texts
    assert "until 2026-12-20 17:00 (Asia/Shanghai), after its end." in texts
    assert "/calls/CALL-2026-0001" in texts
