"""An organisation asks to be linked with a collected case; an officer decides; it ends."""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import handed_in
import make
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts.models import Membership
from library.catalog import links, queries
from library.catalog.draft_models import CaseLink
from library.catalog.models import Case
from library.db import Database, unit
from library.errors import Conflict, Forbidden, Invalid, Missing, Problem
from library.events import since
from library.policy import VISITOR, Actor

WHY = {"text": "We built these meters."}
NO = {"reason": "The source names somebody else."}


@pytest.fixture
def editor(session: Session) -> Actor:
    return make.member(session, handed_in.organisation(session, name_zh="城市水务"))


@pytest.fixture
def officer(session: Session) -> Actor:
    return make.officer(session)


@pytest.fixture
def case(session: Session) -> Case:
    return make.case(session)


def ask(session: Session, actor: Actor, case: Case) -> CaseLink:
    return links.ask(session, actor, case, given=WHY, now=make.NOW)


def reasons(session: Session, actor: Actor, case: Case) -> list[str]:
    with pytest.raises(Invalid) as refused:
        ask(session, actor, case)
    return [str(reason) for reason in refused.value.reasons]


def test_asked_accepted_and_ended(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    with unit(session):
        link = ask(session, editor, case)
    assert queries.linked(session, case) == []
    assert links.at_desk(session, officer) == [link] == links.of_organisation(session, editor)
    with unit(session):
        links.accept(session, officer, link, now=make.NOW)
    assert [(each.organisation.name_zh, each.decided_at) for each in queries.linked(session, case)] == [
        ("城市水务", make.NOW)
    ]
    assert (link.decided_by, links.at_desk(session, officer)) == (officer.id, [])
    with unit(session):
        links.end(session, editor, link, now=make.NOW)
    assert queries.linked(session, case) == []
    with pytest.raises(Conflict, match="ended before"):
        links.end(session, officer, link, now=make.NOW)
    session.rollback()
    found = [(event.verb, event.actor) for event in since(session, 0) if event.subject == link.subject]
    assert found == [("link.ask", editor.id), ("link.accept", officer.id), ("link.end", editor.id)]


def test_refused_with_a_reason_and_asked_again(
    session: Session, editor: Actor, officer: Actor, case: Case
) -> None:
    link = ask(session, editor, case)
    with pytest.raises(Invalid):
        links.refuse(session, officer, link, given={"reason": ""}, now=make.NOW)
    links.refuse(session, officer, link, given=NO, now=make.NOW)
    assert (link.linked, link.reason, queries.linked(session, case)) == (False, NO["reason"], [])
    with pytest.raises(Conflict, match="decided before"):
        links.accept(session, officer, link, now=make.NOW)
    assert ask(session, editor, case).id != link.id


def test_once(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    link = ask(session, editor, case)
    assert reasons(session, editor, case) == ["Your organisation has asked; an officer has not decided yet."]
    links.accept(session, officer, link, now=make.NOW)
    assert reasons(session, editor, case) == ["Your organisation is linked with this case."]
    other = make.member(session, handed_in.organisation(session))
    links.accept(session, officer, ask(session, other, case), now=make.NOW)
    assert len(queries.linked(session, case)) == 2


def test_two_colleagues_at_once_ask_once(database: Database) -> None:
    with database.unit() as session:
        owner = handed_in.organisation(session)
        both = [make.member(session, owner) for _ in range(2)]
        case = make.case(session).id
    barrier = Barrier(2)

    def click(actor: Actor) -> type[Problem] | None:
        barrier.wait()
        try:
            with database.unit() as session:
                ask(session, actor, session.get_one(Case, case))
        except Problem as problem:
            return type(problem)
        return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(click, both))
    assert None in outcomes
    assert set(outcomes) - {None} <= {Conflict, Invalid}
    with database.reading() as session:
        assert len(session.scalars(select(CaseLink)).all()) == 1


def test_only_a_verified_organisation(session: Session, case: Case) -> None:
    actor = make.member(session, make.organisation(session))
    assert reasons(session, actor, case) == ["Only a verified organisation can be linked with a case."]


@pytest.mark.parametrize("demonstration", [True, False])
def test_demonstration_and_real_are_not_linked(session: Session, demonstration: bool) -> None:
    actor = make.member(session, handed_in.organisation(session, demonstration=demonstration))
    real, invented = make.case(session), make.case(session, origin="demo")
    own, other = (invented, real) if demonstration else (real, invented)
    assert reasons(session, actor, other) == [
        "A demonstration organisation is linked with demonstration cases, and no other is."
    ]
    assert ask(session, actor, own).linked is None


def test_who_asks_and_about_what(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    owner = handed_in.organisation(session)
    for actor in (VISITOR, officer, make.member(session, owner, "commenter")):
        with pytest.raises(Forbidden):
            ask(session, actor, case)
    owned = handed_in.draft(session, make.member(session, owner))
    for other in (make.case(session, state="archived"), make.case(session, state="draft"), owned):
        with pytest.raises(Forbidden):
            ask(session, editor, other)
    with pytest.raises(Invalid):
        links.ask(session, editor, case, given={"text": " "}, now=make.NOW)


def test_who_decides(session: Session, editor: Actor, case: Case) -> None:
    link = ask(session, editor, case)
    insider = make.officer(session)
    session.add(
        Membership(person_id=insider.person, organisation_id=link.organisation_id, role="editor", since=make.NOW)
    )
    session.flush()
    others = [VISITOR, editor, make.officer(session, "administrator"), insider]
    others.append(Actor(insider.id, link.organisation_id, insider.roles, insider.person, "editor"))
    for actor in others:
        with pytest.raises(Forbidden):
            links.accept(session, actor, link, now=make.NOW)
        with pytest.raises(Forbidden):
            links.refuse(session, actor, link, given=NO, now=make.NOW)
    assert link.linked is None


def test_who_ends_and_who_knows(session: Session, editor: Actor, officer: Actor, case: Case) -> None:
    link = ask(session, editor, case)
    stranger = make.member(session, handed_in.organisation(session), "owner")
    with pytest.raises(Forbidden):
        links.end(session, stranger, link, now=make.NOW)
    with pytest.raises(Missing):
        links.link(session, stranger, link.id)
    assert links.link(session, editor, link.id) is link is links.link(session, officer, link.id)
    assert links.of_organisation(session, stranger) == links.at_desk(session, stranger) == []
    links.end(session, editor, link, now=make.NOW)
    assert links.at_desk(session, officer) == []


def test_asked_on_a_page_decided_at_the_desk_and_said_in_public(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    code = site.add()
    with database.unit() as session:
        ours = handed_in.organisation(session, name_zh="青河水务", name_en="Qinghe Water")
        make.member(session, ours, "editor", email="an@works.example")
        make.officer(session, email="li@desk.example")
    member, reader = site.signed_in("an@works.example", organisation=ours.id), site.client()
    officer = site.signed_in("li@desk.example")
    address, asked = f"/cases/{code}/link", "Ask to be linked with this case"

    def send(client: FlaskClient, to: str, form: str, **given: str) -> int:
        return client.post(to, data={"csrf_token": token(client, form), **given}).status_code

    assert (asked in page(member, f"/cases/{code}"), asked in page(reader, f"/cases/{code}")) == (True, False)
    assert (reader.get(address).location, officer.get(address).status_code) == (
        f"/account/sign-in?next={address}",
        403,
    )
    assert send(member, address, address, text=" ") == 422
    assert send(member, address, address, text="We <built> these.") == 303
    assert "An officer has not decided yet" in page(member, address)
    assert send(member, address, address, text="Once more.") == 422
    assert "Qinghe" not in page(reader, f"/cases/{code}")
    assert "We &lt;built&gt; these." in page(officer, "/desk/links")
    assert send(officer, "/desk/links/1/accept", "/desk/links") == 303
    assert "Linked with Qinghe Water on" in page(reader, f"/cases/{code}")
    assert send(member, f"{address}/end", address) == 303
    assert "Qinghe" not in page(reader, f"/cases/{code}")
    assert send(member, f"{address}/end", address) == 303, "nothing stands, nothing happens"


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def test_an_officer_pages_through_what_waits_and_ends_what_stands(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    code = site.add()
    with database.unit() as session:
        judge, case = make.officer(session, email="li@desk.example"), session.scalars(select(Case)).one()
        names = [f"第{number}水务" for number in range(links.PER_PAGE + 2)]
        asked = [
            ask(session, make.member(session, handed_in.organisation(session, name_zh=name)), case)
            for name in names
        ]
        links.accept(session, judge, asked[0], now=make.NOW)
        last = asked[-1].id
    officer = site.signed_in("li@desk.example")

    def shown(address: str) -> list[str]:
        return [name for name in names if f">{name}</b>" in page(officer, address)]

    assert (shown("/desk/links"), shown("/desk/links?page=2")) == (names[1:-1], names[-1:])
    assert officer.get("/desk/links?page=3").status_code == 404
    # Refused without a reason: the request stands there with what is wrong, on its own page.
    form = {"csrf_token": token(officer, "/desk/links?page=2")}
    refused = officer.post(f"/desk/links/{last}/refuse?page=2", data=form)
    assert (refused.status_code, f">{names[-1]}</b>" in refused.get_data(as_text=True)) == (422, True)
    # What stands can be ended, and the case no longer says so.
    assert shown("/desk/links?state=linked") == names[:1]
    assert f"Linked with {names[0]}" in re.sub("<[^>]+>", "", page(site.client(), f"/cases/{code}"))
    ended = officer.post(f"/desk/links/{asked[0].id}/end", data=form)
    assert "The link was ended." in page(officer, str(ended.location))
    assert shown("/desk/links?state=linked") == []
    assert names[0] not in page(site.client(), f"/cases/{code}")


def test_the_list_asks_the_database_as_often_for_three_as_for_one(
    database: Database, statements: list[str], tmp_path: Path
) -> None:
    site = Site(database, tmp_path)
    site.add()
    with database.unit() as session:
        make.officer(session, email="li@desk.example")
    officer = site.signed_in("li@desk.example")

    def asked(more: int) -> int:
        with database.unit() as session:
            case = session.scalars(select(Case)).one()
            for _ in range(more):
                ask(session, make.member(session, handed_in.organisation(session)), case)
        page(officer, "/desk/links")
        statements.clear()
        page(officer, "/desk/links")
        return len(statements)

    assert asked(1) == asked(2)


def test_one_link_and_lists_of_links_show_the_same_to_everybody(session: Session, case: Case) -> None:
    houses = [handed_in.organisation(session) for _ in range(2)]
    made = [ask(session, make.member(session, house), make.case(session)) for house in houses for _ in range(2)]
    officer, differ, seen = make.officer(session), [], set()
    links.accept(session, officer, made[0], now=make.NOW)
    links.end(session, officer, made[-1], now=make.NOW)
    members = [make.member(session, house, role) for house in houses for role in ("owner", "editor", "commenter")]
    others = [VISITOR, officer, make.officer(session, "administrator"), Actor("person:1", houses[0].id, person=1)]
    for actor in members + others:
        at_desk = [links.at_desk(session, actor, state=state) for state in links.AT_DESK]
        listed = {each.id for rows in (*at_desk, links.of_organisation(session, actor)) for each in rows}
        opened = set()
        for each in made:
            with contextlib.suppress(Missing):
                opened.add(links.link(session, actor, each.id).id)
        ended = {made[-1].id} if actor is officer else set()  # only its own page and the audit have it
        if listed != opened - ended:
            differ.append((actor, listed ^ opened))
        seen.add(len(listed))
    assert differ == []
    assert seen == {0, 2, 3}
