"""The life of an organisation: who moves it, from where, what stands in the way, and what comes of it."""

from __future__ import annotations

import datetime as dt
from itertools import product

import make
import pytest
from founded import CODE, FORM, OTHER_CODE, asked, judge, organisation, proven, told
from sqlalchemy.orm import Session

from library.accounts import operations, register
from library.accounts.flow import FLOW, decide, edit
from library.accounts.models import ORGANISATION_STATES, Organisation, Person
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid
from library.files import Kept
from library.policy import VISITOR, Actor
from library.workflow import open_moves, step

LATER = make.NOW + dt.timedelta(days=30)
# Verb: who may, from where, where to.
TABLE: dict[str, tuple[set[str], set[str], str]] = {
    "organisation.edit": ({"owner"}, {"unverified", "asked", "verified"}, "unverified"),
    "organisation.ask": ({"owner"}, {"unverified"}, "asked"),
    "organisation.verify": ({"officer"}, {"asked"}, "verified"),
    "organisation.refuse": ({"officer"}, {"asked"}, "unverified"),
    "organisation.close": ({"owner", "administrator"}, {"unverified", "asked", "verified"}, "closed"),
    "organisation.reopen": ({"administrator"}, {"closed"}, "unverified"),
}
WHO = ("owner", "editor", "commenter", "stranger", "officer", "administrator", "approver", "expert", "visitor")


def cast(session: Session, found: Organisation, owner: Actor) -> dict[str, Actor]:
    other = make.organisation(session)
    ministry = ("officer", "administrator", "approver", "expert")
    return {
        "owner": owner,
        **{role: make.member(session, found, role) for role in ("editor", "commenter")},
        "stranger": make.member(session, other, "owner"),
        **{role: make.officer(session, role) for role in ministry},
        "visitor": VISITOR,
    }


def bring(session: Session, state: str) -> tuple[Organisation, Actor, dict[str, Actor]]:
    """An organisation in a state, moved there, and everybody around it."""
    found, owner = asked(session) if state in ("asked", "verified") else proven(session)
    actors = cast(session, found, owner)
    if state == "verified":
        judge(session, actors["officer"], found)
    if state == "closed":
        decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    assert found.state == state
    return found, owner, actors


def try_to(session: Session, who: Actor, found: Organisation, verb: str) -> None:
    if verb == "organisation.edit":
        edit(session, who, found, given={**FORM, "name_zh": "新的名称"}, now=make.NOW)
    elif verb == "organisation.ask":
        step(FLOW, session, who, found, verb, now=make.NOW)
    else:
        judge(session, who, found, verb)


def test_the_table_names_every_move() -> None:
    assert {move.verb for move in FLOW} == set(TABLE)


@pytest.mark.parametrize(("verb", "state"), list(product(TABLE, ORGANISATION_STATES)))
def test_who_moves_it_from_where(session: Session, verb: str, state: str) -> None:
    may, sources, target = TABLE[verb]
    found, _, actors = bring(session, state)
    assert set(actors) == set(WHO)
    for name in WHO:
        offered = {move.verb for move, _ in open_moves(FLOW, session, actors[name], found, make.NOW)}
        assert (verb in offered) is (name in may and state in sources), name
        if name not in may:
            with pytest.raises(Forbidden):
                try_to(session, actors[name], found, verb)
            assert found.state == state
    doer = actors[min(may)]
    if state in sources:
        try_to(session, doer, found, verb)
        assert found.state == target
    else:
        with pytest.raises(Conflict):
            try_to(session, doer, found, verb)
        assert found.state == state


@pytest.mark.parametrize(
    ("over", "evidence", "missing"),
    [
        ({"credit_code": None}, True, ["The Unified Social Credit Code is missing."]),
        (
            {},
            False,
            [
                "The file that shows who you are is missing.",
                "The note on what the file shows is missing.",
            ],
        ),
        ({}, True, []),
    ],
)
def test_what_must_be_there_before_it_is_asked(
    session: Session, over: dict[str, None], evidence: bool, missing: list[str]
) -> None:
    found, owner = (proven if evidence else organisation)(session, **over)
    moves = {move.verb: reasons for move, reasons in open_moves(FLOW, session, owner, found, make.NOW)}
    assert [str(reason) for reason in moves["organisation.ask"]] == missing
    if missing:
        with pytest.raises(Invalid) as caught:
            step(FLOW, session, owner, found, "organisation.ask", now=make.NOW)
        assert [str(reason) for reason in caught.value.reasons] == missing


def test_evidence_is_the_owners_and_stands_still_while_it_is_read(session: Session) -> None:
    found, owner = asked(session)
    kept = Kept("b" * 64, 100, "image/png")
    editor = make.member(session, found, "editor")
    for who, problem in ((editor, Forbidden), (owner, Conflict)):
        with pytest.raises(problem):
            operations.prove(session, who, found, note="Other.", kept=kept, name="x.png", now=make.NOW)
    assert (found.evidence_sha256, found.evidence) == ("a" * 64, "营业执照。")


def test_a_note_alone_keeps_the_file_given_before(session: Session) -> None:
    found, owner = proven(session)
    operations.prove(session, owner, found, note=" New note. ", kept=None, name=None, now=make.NOW)
    assert (found.evidence, found.evidence_name, found.evidence_sha256) == ("New note.", "licence.pdf", "a" * 64)
    with pytest.raises(Invalid) as caught:
        operations.prove(session, owner, found, note=" ", kept=None, name=None, now=make.NOW)
    assert list(caught.value.fields) == ["note"]


# Verification


def test_a_verified_one_says_when_by_whom_and_why(database: Database) -> None:
    with database.unit() as session:
        found, _owner = asked(session)
        officer = make.officer(session)
        judge(session, officer, found)
        assert (found.verified, found.verified_at, found.verified_by) == (True, make.NOW, officer.id)
    with database.reading() as session:
        verb, detail = told(session, found)[-1]
        assert (verb, detail["reason"]) == ("organisation.verify", "Compared with the licence.")
        assert detail["organisation"] == {**FORM, "name_en": None}


def test_a_refusal_is_read_by_owners_and_officers_until_something_else_is_decided(database: Database) -> None:
    with database.unit() as session:
        found, owner = asked(session)
        officer, editor = make.officer(session), make.member(session, found, "editor")
        judge(session, officer, found, "organisation.refuse")
    with database.unit() as session:
        found = session.get_one(Organisation, found.id)
        words = {who: register.last_word(session, who, found) for who in (owner, officer, editor, VISITOR)}
        reason = "Compared with the licence."
        assert words == {owner: reason, officer: reason, editor: "", VISITOR: ""}
        step(FLOW, session, owner, found, "organisation.ask", now=make.NOW)
        judge(session, officer, found)
    with database.reading() as session:
        assert register.last_word(session, owner, session.get_one(Organisation, found.id)) == ""


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
@pytest.mark.parametrize(
    "verb", ["organisation.verify", "organisation.refuse", "organisation.close", "organisation.reopen"]
)
def test_nothing_is_decided_without_a_reason(session: Session, verb: str, reason: str) -> None:
    found, owner = asked(session)
    officer = make.officer(session, "officer", "administrator")
    if verb == "organisation.reopen":
        decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    seen = make.NOW.isoformat()
    with pytest.raises(Invalid) as caught:
        decide(session, officer, found, verb, reason=reason, seen=seen, now=make.NOW)
    assert list(caught.value.fields) == ["reason"]


@pytest.mark.parametrize("verb", ["organisation.verify", "organisation.refuse"])
def test_an_officer_never_decides_about_his_own_whomever_he_acts_for(session: Session, verb: str) -> None:
    found, _owner = asked(session)
    inside = session.get_one(Person, make.member(session, found, "commenter").person)
    acting = Actor(inside.subject, found.id, frozenset({"officer"}), inside.id, "commenter")
    beside = Actor(inside.subject, None, frozenset({"officer"}), inside.id)
    for who in (acting, beside):
        with pytest.raises(Forbidden):
            judge(session, who, found, verb)
    assert found.state == "asked"


def test_an_officer_decides_about_what_he_saw(session: Session) -> None:
    found, owner = asked(session)
    officer, seen = make.officer(session), make.NOW.isoformat()
    edit(session, owner, found, given={**FORM, "name_zh": "冒名的单位"}, now=make.NOW)
    later = make.NOW + dt.timedelta(minutes=1)
    step(FLOW, session, owner, found, "organisation.ask", now=later)
    for stale in (seen, ""):
        with pytest.raises(Conflict):
            decide(session, officer, found, "organisation.verify", reason="Fine.", seen=stale, now=later)
    assert (found.state, found.verified_at) == ("asked", None)
    decide(session, officer, found, "organisation.verify", reason="Fine.", seen=later.isoformat(), now=later)
    assert found.verified


@pytest.mark.parametrize(
    "change",
    [
        {"name_zh": "另一名称"},
        {"name_en": "Another Name"},
        {"credit_code": OTHER_CODE},
        {"kind": "investor"},
        {"province": "44"},
    ],
)
def test_other_words_are_not_verified_and_both_are_kept(database: Database, change: dict[str, str]) -> None:
    with database.unit() as session:
        found, owner = asked(session)
        judge(session, make.officer(session), found)
        assert edit(session, owner, found, given={**FORM, **change}, now=make.NOW)
        assert (found.state, found.verified_at, found.verified_by) == ("unverified", None, None)
    ((name, value),) = change.items()
    with database.reading() as session:
        verb, detail = told(session, found)[-1]
        assert (verb, detail["changes"]) == (
            "organisation.edit",
            {name: {"before": FORM.get(name), "after": value}},
        )


def test_the_same_words_change_nothing(database: Database) -> None:
    with database.unit() as session:
        found, owner = asked(session)
        judge(session, make.officer(session), found)
        typed = {**FORM, "credit_code": f" {CODE.lower()}", "name_zh": f" {FORM['name_zh']} "}
        assert not edit(session, owner, found, given=typed, now=make.NOW)
        assert found.verified
    with database.reading() as session:
        assert told(session, found)[-1][0] == "organisation.verify"


def test_nobody_takes_the_code_of_another_by_changing(session: Session) -> None:
    organisation(session)
    mine, owner = organisation(session, credit_code=OTHER_CODE)
    with pytest.raises(Invalid) as caught:
        edit(session, owner, mine, given=FORM, now=make.NOW)
    assert list(caught.value.fields) == ["credit_code"]
    assert (mine.credit_code, mine.state) == (OTHER_CODE, "unverified")
