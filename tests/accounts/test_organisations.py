"""Organisations: entered with the rules of their names and codes, told apart, and looked after by officers."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from founded import CODE, FORM, OTHER_CODE, actor, organisation, proven, told
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from library.accounts import flow, operations, queries, register
from library.accounts.models import Membership, Organisation, Person
from library.accounts.schemas import credit_code
from library.db import Database
from library.errors import Conflict, Forbidden, Invalid, Missing, Problem, TooMany
from library.policy import VISITOR, Actor


def refused(session: Session, **over: str | None) -> dict[str, list[str]]:
    """What the form says to these words."""
    with pytest.raises(Invalid) as caught:
        organisation(session, **over)
    return {name: [str(sentence) for sentence in said] for name, said in caught.value.fields.items()}


# The code


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        f" {CODE[:6]} {CODE[6:]} ",
        "９１３３０１０６ＭＡ２ＣＦＨ６Ｕ３Ｌ",
        f"{CODE[:8]}-{CODE[8:]}",
    ],
)
def test_a_code_is_taken_however_it_is_typed(typed: str) -> None:
    assert credit_code(typed) == CODE


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (CODE[:-1], "The code has 18 characters; this has 17."),
        (CODE + "0", "The code has 18 characters; this has 19."),
        ("", "The code has 18 characters; this has 0."),
        ("9133010OMA2CFH6U3L", "The letters I, O, S, V and Z are never used; in place 8 stands O."),
        ("91330106MA2CFH6U3S", "The letters I, O, S, V and Z are never used; in place 18 stands S."),
        ("91330106МA2CFH6U3L", "The code consists of digits and letters only."),  # a Cyrillic М
        ("统一社会信用代码统一社会信用代码统一", "The code consists of digits and letters only."),
        ("9133A106MA2CFH6U3L", "Places 3 to 8 of the code are digits: the region."),
        (CODE[:-1] + "A", "The last character does not fit the others: one of them is mistyped."),
        ("91330106MA2CFH6U4L", "The last character does not fit the others: one of them is mistyped."),
    ],
)
def test_a_wrong_code_is_told_with_its_rule(typed: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        credit_code(typed)
    assert [str(said) for said in caught.value.messages] == [sentence]


@pytest.mark.parametrize("kind", ["N2", "Y1", "A1", "11", "52", "91"])
def test_codes_of_every_registering_authority_are_taken(kind: str) -> None:
    """Rural collectives bear an N and others a Y or A, which the kept library's own check refuses."""
    body = f"{kind}330106MA2CFH6U3"
    assert credit_code(body + uscc.calc_check_digit(body)) == body + uscc.calc_check_digit(body)


@given(st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_mistyped_character_never_passes(place: int, char: str) -> None:
    typed = CODE[:place] + char + CODE[place + 1 :]
    if typed == CODE:
        assert credit_code(typed) == CODE
    else:
        with pytest.raises(ValidationError):
            credit_code(typed)


# Entering one


def test_whoever_enters_an_organisation_owns_it(database: Database) -> None:
    with database.unit() as session:
        found, owner = organisation(session, name_en=" Qinghe Water ")
        assert (found.state, found.name_en, found.credit_code) == ("unverified", "Qinghe Water", CODE)
        mine = queries.organisations_of(session, owner.person or 0)
        assert [(each.id, role) for each, role in mine] == [(found.id, "owner")]
    with database.reading() as session:
        assert [verb for verb, _ in told(session, found)] == ["organisation.create", "membership.begin"]
        assert told(session, found)[0][1]["after"]["name_zh"] == FORM["name_zh"]


def test_only_a_chinese_name_and_a_kind_are_needed(session: Session) -> None:
    found, _ = organisation(session, credit_code=None, province=None)
    assert (found.credit_code, found.province, found.name_en) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name_zh", None, "Write the Chinese name, in 200 characters at most."),
        ("name_zh", "水" * 201, "Write the Chinese name, in 200 characters at most."),
        ("name_zh", "China Mobile", "Write the Chinese name, as it stands in the registration."),
        ("name_zh", "华为\x00", "Write the Chinese name, in 200 characters at most."),
        ("name_en", "Ηuawei", "Mixes letters of different scripts, or has a character that cannot be seen."),
        ("name_en", "Nоkia", "Mixes letters of different scripts, or has a character that cannot be seen."),
        ("name_en", "Nokia\u202e", "Mixes letters of different scripts, or has a character that cannot be seen."),
        ("kind", "ministry", "Choose what kind of organisation it is."),
        ("kind", None, "Choose what kind of organisation it is."),
        ("province", "99", "Choose a province from the list."),
    ],
)
def test_what_an_organisation_may_not_say(session: Session, field: str, value: str | None, sentence: str) -> None:
    assert refused(session, **{field: value}) == {field: [sentence]}


def test_html_in_a_name_is_a_name(session: Session) -> None:
    found, _ = organisation(session, name_en="<script>alert(1)</script>")
    assert found.name_en == "<script>alert(1)</script>"


def test_a_taken_code_says_what_to_do_and_nobodys_name(session: Session) -> None:
    found, owner = organisation(session)
    person = session.get_one(Person, owner.person)
    (sentence,) = refused(session, name_zh="另一家公司")["credit_code"]
    assert sentence.startswith("An organisation with this code is here already: ask its owner for an invitation")
    assert not any(word in sentence for word in (person.name, person.email, found.name_zh))


def test_nobody_enters_organisations_without_end(session: Session) -> None:
    founder = actor(make.person(session))
    for _ in range(operations.MOST_UNVERIFIED):
        operations.create(session, founder, given={"name_zh": "某单位", "kind": "other"}, now=make.NOW)
    with pytest.raises(TooMany):
        operations.create(session, founder, given={"name_zh": "某单位", "kind": "other"}, now=make.NOW)


@pytest.mark.parametrize("who", [VISITOR, Actor("person:1", person=1, scopes=frozenset({"cases:write"}))])
def test_neither_a_visitor_nor_a_program_enters_one(session: Session, who: Actor) -> None:
    with pytest.raises(Forbidden):
        operations.create(session, who, given=FORM, now=make.NOW)


@pytest.mark.parametrize("demonstration", [True, False])
def test_an_organisation_is_as_real_as_its_founder(session: Session, demonstration: bool) -> None:
    founder = actor(make.person(session, demonstration=demonstration))
    assert operations.create(session, founder, given=FORM, now=make.NOW).demonstration is demonstration


# Reading them


def test_what_one_is_told_of_an_organisation_by_what_one_is_there(session: Session) -> None:
    found, owner = organisation(session)
    member = session.scalars(select(Membership)).one()
    elsewhere = Actor(owner.id, person=owner.person)
    stranger = actor(make.person(session))
    assert queries.organisation(session, owner, found.key).id == found.id
    for who, kind, sentence in (
        (VISITOR, Missing, "There is no organisation at this address."),
        (stranger, Missing, "There is no organisation at this address."),
        (
            elsewhere,
            queries.Elsewhere,
            f"You belong to {found.name_zh}, but you are not acting for it now; change that first.",
        ),
    ):
        assert said(session, who, found) == (kind, sentence)
    member.ended_at = make.NOW
    assert said(session, elsewhere, found) == (Forbidden, f"You do not belong to {found.name_zh} any more.")


def said(session: Session, who: Actor, about: Organisation) -> tuple[type[Problem], str]:
    with pytest.raises(Problem) as caught:
        queries.organisation(session, who, about.key)
    return type(caught.value), str(caught.value)


def test_the_desk_counts_finds_and_orders(session: Session) -> None:
    officer = make.officer(session)
    waits = []
    for number, name in enumerate(("甲水务", "乙水务", "丙燃气")):
        found, owner = proven(session, name_zh=name, credit_code=(CODE, OTHER_CODE, code(3))[number])
        when = make.NOW - dt.timedelta(days=(1, 3, 2)[number])
        flow.step(flow.FLOW, session, owner, found, "organisation.ask", now=when)
        waits.append(found.id)
    organisation(session, name_zh="丁水务", credit_code=None)
    oldest_first = [waits[1], waits[2], waits[0]]

    def listed(**asked: object) -> list[int]:
        return [each.id for each in register.organisations(session, officer, state="asked", per_page=2, **asked)]  # type: ignore[arg-type]

    assert register.by_state(session, officer) == {"asked": 3, "unverified": 1}
    assert (listed(), listed(page=2)) == (oldest_first[:2], oldest_first[2:])
    assert listed(q="水务") == [waits[1], waits[0]]
    assert listed(q=CODE[:16].lower()) == [waits[0]]
    assert (listed(q="%"), listed(q="_")) == ([], [])
    assert register.by_state(session, officer, q="水务") == {"asked": 2, "unverified": 1}
    assert register.by_state(session, actor(make.person(session))) == {}


def code(number: int) -> str:
    """A code of a body of its own."""
    body = f"91330106MA2CFH{number:03d}"
    return body + uscc.calc_check_digit(body)


@pytest.mark.parametrize("count", [1, 3])
def test_the_desk_asks_as_often_for_three_as_for_one(session: Session, statements: list[str], count: int) -> None:
    officer = make.officer(session)
    for _ in range(count):
        organisation(session, credit_code=None)
    session.expire_all()
    statements.clear()
    register.by_state(session, officer)
    rows = register.organisations(session, officer, state="unverified", per_page=20)
    assert (len(rows), len(statements)) == (count, 2)


def test_what_looks_alike_is_found(session: Session) -> None:
    officer = make.officer(session)
    found, _ = organisation(session, name_zh="杭州清河水务有限公司", name_en="Qinghe Water Co., Ltd.")
    imitation, _ = organisation(session, name_zh="杭州清河水務股份有限公司", credit_code=None)
    english, _ = organisation(session, name_zh="某某科技公司", name_en="Qinghe Water Group", credit_code=None)
    same_body = "52" + CODE[2:17]
    other, _ = organisation(session, name_zh="一个协会", credit_code=same_body + uscc.calc_check_digit(same_body))
    organisation(session, name_zh="北京燃气有限公司", name_en="Beijing Gas Co., Ltd.", credit_code=OTHER_CODE)
    among = register.names(session)
    found_ones = {each.id for each in register.alike(session, officer, found, among=among)}
    assert found_ones == {imitation.id, english.id, other.id}
    assert register.alike(session, VISITOR, found, among=among) == []


def test_the_history_is_for_those_who_oversee(database: Database) -> None:
    with database.unit() as session:
        officer, chief = make.officer(session), make.officer(session, "approver")
        found, owner = organisation(session)
    with database.unit() as session:
        found = session.get_one(Organisation, found.id)
        flow.edit(session, owner, found, given={**FORM, "province": "44"}, now=make.NOW)
    with database.reading() as session:
        found = session.get_one(Organisation, found.id)
        happened = register.history(session, officer, found)
        assert [each.verb for each in happened] == ["organisation.edit", "membership.begin", "organisation.create"]
        assert (happened[0].by, happened[0].detail["changes"]) == (
            owner.person,
            {"province": {"before": "33", "after": "44"}},
        )
        assert happened[1].people == {owner.person}
        assert register.history(session, owner, found) == register.history(session, chief, found) == []


def test_officers_are_the_active_ones_by_name(session: Session) -> None:
    for name, roles, active in (("B", ("officer",), True), ("A", ("officer",), True), ("C", ("officer",), False)):
        make.person(session, name=name, roles=roles, active=active)
    make.person(session, name="D", roles=("approver",))
    assert [each.name for each in queries.officers(session)] == ["A", "B"]


def test_names_of_people(session: Session) -> None:
    people = [make.person(session, name=name) for name in ("甲", "乙", "丙")]
    assert queries.person_names(session, [people[0].id, people[2].id, 999]) == {
        people[0].id: "甲",
        people[2].id: "丙",
    }
    assert queries.person_names(session, []) == {}


def test_a_closed_organisation_is_nobodys_to_act_for(session: Session) -> None:
    found, owner = organisation(session)
    flow.decide(session, owner, found, "organisation.close", reason="Merged.", now=make.NOW)
    session.flush()
    assert queries.organisations_of(session, owner.person or 0) == []
    assert queries.membership(session, owner.person or 0, found.id) is None
    assert queries.belongs(session, owner.person, found.id)
    with pytest.raises(Conflict):
        flow.edit(session, owner, found, given={**FORM, "name_zh": "新名称"}, now=make.NOW)
