"""The officers' desk for organisations, over HTTP: who gets in, what it shows, how often it asks the database."""

from __future__ import annotations

import re
from pathlib import Path

import make
import pytest
from founded import organisation, proven
from sites import Site, token
from sqlalchemy import event, select

from library.accounts import operations
from library.accounts.flow import FLOW
from library.accounts.models import Grant, Membership
from library.db import Database
from library.policy import SYSTEM
from library.worker import now
from library.workflow import step


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    """Rules and rooms below are tried on both databases; the pages need one."""
    return Site(sqlite, tmp_path)


def asked(site: Site, count: int = 1, *, members: int = 1) -> list[str]:
    """So many that wait, with so many members each; their keys."""
    keys = []
    with site.database.unit() as session:
        for number in range(count):
            found, owner = proven(session, name_zh=f"第{number}单位", credit_code=None)
            found.credit_code = f"{found.id:018d}"
            step(FLOW, session, owner, found, "organisation.ask", now=now())
            for _ in range(members - 1):
                make.member(session, found, "editor")
            keys.append(found.key)
    return keys


def officer(site: Site, *roles: str) -> str:
    with site.database.unit() as session:
        return make.person(session, roles=roles or ("officer",)).email


@pytest.mark.parametrize(
    ("role", "status"),
    [("officer", 200), ("administrator", 200), ("approver", 403), ("expert", 403), ("verifier", 403)],
)
def test_the_desk_is_for_officers_and_administrators(site: Site, role: str, status: int) -> None:
    (key,) = asked(site)
    client = site.signed_in(officer(site, role))
    for address in ("/desk/organisations", f"/desk/organisations/{key}"):
        assert client.get(address).status_code == status
    assert site.client().get("/desk/organisations").status_code == 303  # to the sign-in


@pytest.mark.parametrize("address", ["/desk/organisations", "/desk/organisations/{key}"])
def test_a_long_queue_costs_no_more_statements(site: Site, address: str) -> None:
    statements: list[str] = []
    event.listen(site.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client, counts = site.signed_in(officer(site)), []
    for number in (2, 5):  # two look alike, as all further ones do
        key = asked(site, number, members=number)[0]
        client.get(address.format(key=key))
        statements.clear()
        assert client.get(address.format(key=key)).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0


def test_twenty_a_page_and_the_search_keeps_its_words(site: Site) -> None:
    asked(site, 21)
    client = site.signed_in(officer(site))
    first = client.get("/desk/organisations").get_data(as_text=True)
    second = client.get("/desk/organisations?page=2").get_data(as_text=True)
    assert (first.count("<h3>"), second.count("<h3>")) == (20, 1)
    assert client.get("/desk/organisations?page=3").status_code == 404
    found = client.get("/desk/organisations", query_string={"q": "第20单"}).get_data(as_text=True)
    assert found.count("<h3>") == 1
    nothing = client.get("/desk/organisations", query_string={"q": "<b>"}).get_data(as_text=True)
    assert "None of these has “&lt;b&gt;”" in nothing
    assert client.get("/desk/organisations?state=sold").status_code == 422


def test_an_officer_of_the_organisation_gets_no_buttons_and_no_way_around(site: Site) -> None:
    (key,) = asked(site)
    email = officer(site)
    with site.database.unit() as session:
        inside = session.scalars(select(Membership)).one()
        person = make.person(session, email="inside@people.example", roles=("officer",))
        session.add(
            Membership(person_id=person.id, organisation_id=inside.organisation_id, role="editor", since=now())
        )
    desk = f"/desk/organisations/{key}"
    own, other = site.signed_in("inside@people.example"), site.signed_in(email)
    assert "another officer decides" in own.get(desk).get_data(as_text=True)
    assert "organisation.verify" not in own.get(desk).get_data(as_text=True)
    page = other.get(desk).get_data(as_text=True)
    assert "organisation.verify" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    given = {"csrf_token": token(own, "/organisations/new"), "reason": "Fine.", "seen": seen}
    assert own.post(f"{desk}/moves/organisation.verify", data=given).status_code == 403


def test_a_reason_is_asked_for_and_what_was_typed_stays(site: Site) -> None:
    (key,) = asked(site)
    client, desk = site.signed_in(officer(site)), f"/desk/organisations/{key}"
    given = {"csrf_token": token(client, desk), "reason": " ", "seen": ""}
    answer = client.post(f"{desk}/moves/organisation.refuse", data=given)
    assert answer.status_code == 422
    assert 'id="reason-wrong"' in answer.get_data(as_text=True)
    for verb, status in (("organisation.sell", 409), ("organisation.edit", 403), ("organisation.reopen", 403)):
        given["reason"] = "Fine."
        assert client.post(f"{desk}/moves/{verb}", data=given).status_code == status


def test_a_grant_is_ended_from_the_desk(site: Site) -> None:
    with site.database.unit() as session:
        found, _ = organisation(session)
        until = now().replace(year=now().year + 1)
        opened = {"to": "case:7", "audience": "reviewer", "why": "Assigned.", "until": until, "now": now()}
        grant = operations.grant(session, SYSTEM, organisation=found.id, **opened)
    client, desk = site.signed_in(officer(site)), f"/desk/organisations/{found.key}"
    assert "case:7" in client.get(desk).get_data(as_text=True)
    given = {"csrf_token": token(client, desk), "why": ""}
    assert client.post(f"{desk}/grants/{grant.id}/end", data=given).status_code == 422
    given["why"] = "Recused."
    assert client.post(f"{desk}/grants/{grant.id}/end", data=given).status_code == 303
    assert "case:7" not in client.get(desk).get_data(as_text=True)
    assert client.post(f"{desk}/grants/{grant.id}/end", data=given).status_code == 404
    with site.database.reading() as session:
        assert session.get_one(Grant, grant.id).ended_at is not None


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        (
            "officer",
            [
                *("", "/calls", "/experts", "/lists", "/notices", "/objections", "/benchmarks"),
                *("/reports", "/links", "/organisations", "/outbox", "/rules", "/calendar"),
                *("/searches", "/audit"),
            ],
        ),
        ("administrator", ["/organisations", "/outbox", "/rules", "/calendar", "/searches", "/audit"]),
    ],
)
def test_the_desk_leads_to_what_is_ones_own_and_nowhere_else(site: Site, role: str, pages: list[str]) -> None:
    (key,) = asked(site)
    client = site.signed_in(officer(site, role))
    wanted = [page if page in ("/searches", "/audit") else f"/desk{page}" for page in pages]
    for address in (*wanted, f"/desk/organisations/{key}", "/audit/chain"):
        answer = client.get(address)
        desk = answer.get_data(as_text=True).partition('aria-label="Desk"')[2].partition("</nav>")[0]
        assert (answer.status_code, re.findall('href="([^"]+)"', desk)) == (200, wanted), address
    main = client.get("/about").get_data(as_text=True)
    assert re.findall('href="(/desk[^"]*)"', main) == [wanted[0]]
