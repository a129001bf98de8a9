"""From the letter with an invitation to the organisation, also for somebody who has no account yet."""

from __future__ import annotations

import html
import re
from pathlib import Path

import make
import pytest
from founded import GUEST, actor, invite, organisation
from signing import ANNA, PASSWORD, link, post, sign_in
from sites import Site
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.accounts import invitations, members, queries
from library.accounts.models import Invitation, Membership, Organisation, Person
from library.config import Config
from library.db import Database
from library.worker import now

BUTTON = re.compile(r'action="(/account/confirm/[^"]+)"')
REGISTER = re.compile(r'href="(/account/register[^"]+)"')
ACCEPT, DECLINE = "/account/invitations/%s/accept", "/account/invitations/%s/decline"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def asked(site: Site, email: str = GUEST, **over: object) -> tuple[int, str, Organisation]:
    """An invitation: its number, the word of its letter, and who invites."""
    with site.database.unit() as session:
        found, owner = organisation(session, credit_code=None, **over)
        row, word = invite(session, site.config, found, owner, email=email, now=now())
        return row.id, word, found


def belong(site: Site, email: str = GUEST) -> list[tuple[int, str]]:
    rows = select(Membership.organisation_id, Membership.role).join(Person).where(Person.email == email)
    with site.database.reading() as session:
        return [(number, role) for number, role in session.execute(rows)]


@pytest.mark.parametrize("address", [GUEST, ANNA["email"]])
def test_who_registers_on_the_way_comes_back_to_the_invitation(site: Site, address: str) -> None:
    """Also when the letter is opened on another device, and with another address than the one that was invited."""
    _, word, found = asked(site)
    here, there, invitation = site.client(), site.client(), f"/invitations/{word}"
    register = f"/account/register?next={invitation}"
    assert register in here.get(f"/account/sign-in?next={invitation}").text
    [offered] = REGISTER.findall(here.get(invitation).text)
    assert f'value="{GUEST}"' in here.get(html.unescape(offered)).text
    given = ANNA | {"email": address, "next": invitation}
    assert post(here, "/account/register", register, **given).location == invitation
    confirm = link(site, "account.confirm")
    [button] = BUTTON.findall(there.get(confirm).text)
    onward = post(there, html.unescape(button), confirm).location
    assert onward == f"/account/sign-in?next={invitation}"
    entered = post(there, onward, email=address, password=PASSWORD, next=invitation)
    assert entered.location == invitation
    assert post(there, f"{invitation}/accept", invitation).location == f"/organisations/{found.key}"
    assert belong(site, address) == [(found.id, "editor")]


def test_a_forged_way_leads_nowhere_else(site: Site) -> None:
    client = site.client()
    post(client, "/account/register", **ANNA)
    onward = post(client, link(site, "account.confirm") + "?next=//evil.example").location
    assert onward == "/account/sign-in?next=//evil.example"
    refused = post(client, onward, email=ANNA["email"], password=PASSWORD, next="//evil.example")
    assert (refused.status_code, refused.location) == (422, None)
    assert sign_in(client).location == "/account"


def test_the_account_page_shows_the_invitations_to_ones_own_address(site: Site) -> None:
    first, _, here = asked(site)
    second, _, _ = asked(site)
    with site.database.unit() as session:
        for email in (GUEST, "other@people.example"):
            make.person(session, email=email)
    guest, other = site.signed_in(GUEST), site.signed_in("other@people.example")
    buttons = [address % number for number in (first, second) for address in (ACCEPT, DECLINE)]
    assert [button in guest.get("/account").text for button in buttons] == [True] * 4
    assert [button in other.get("/account").text for button in buttons] == [False] * 4
    assert [post(other, button, "/account").status_code for button in buttons] == [404] * 4
    assert post(guest, ACCEPT % first, "/account").location == f"/organisations/{here.key}"
    assert guest.get(f"/organisations/{here.key}").status_code == 200
    assert post(guest, DECLINE % second, "/account").location == "/account"
    assert "You are invited" not in guest.get("/account").text
    assert [post(guest, button, "/account").status_code for button in buttons] == [404] * 4
    assert (belong(site), belong(site, "other@people.example")) == ([(here.id, "editor")], [])
    with site.database.reading() as session:
        assert session.get_one(Invitation, second).withdrawn_at is not None


def test_what_cannot_be_answered_is_not_shown(session: Session, config: Config) -> None:
    guest = make.person(session, email=GUEST)
    late = make.person(session, email="late@people.example", confirmed_at=None)
    shown = []
    for fate in ("open", "withdrawn", "ran out", "closed", "member", "demonstration"):
        found, owner = organisation(session, credit_code=None)
        row, _ = invite(session, config, found, owner)
        if fate == "open":
            shown.append(row.id)
            invite(session, config, found, owner, email=late.email)
        elif fate == "withdrawn":
            invitations.withdraw(session, owner, found, invitation=row, now=make.NOW)
        elif fate == "ran out":
            row.expires_at = make.NOW
        elif fate == "closed":
            found.state, found.closed_at = "closed", make.NOW
        elif fate == "member":
            members.begin(session, owner, found, person=guest, role="editor", now=make.NOW)
        elif fate == "demonstration":
            found.demonstration = True
    session.flush()
    told = [queries.invitations_to(session, actor(who), now=make.NOW) for who in (guest, late)]
    assert [[row.id for row, _ in each] for each in told] == [shown, []]
