"""A person's own page: name and language, for whom to act, sign-ins, and the end."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import make
import pytest
from signing import ANNA, PASSWORD, account, letters, link, person, post, sign_in, signed_in, verbs
from sites import Site, token
from sqlalchemy import select, update

from library import chain, events
from library.accounts.letter_models import Letter
from library.accounts.models import Membership, Organisation, Person, SignIn
from library.catalog import drafts, facts
from library.db import Base, Database
from library.deliveries import Delivery
from library.events import Event, EventDetail
from library.worker import now


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def join(site: Site, role: str = "editor", **over: Any) -> Organisation:
    """Anna belongs to a new organisation."""
    with site.database.unit() as session:
        found = make.organisation(session, **over)
        anna = session.scalars(select(Person).where(Person.email == ANNA["email"])).unique().one()
        session.add(Membership(person_id=anna.id, organisation_id=found.id, role=role, since=now()))
    return found


def sign_ins(site: Site) -> list[SignIn]:
    with site.database.reading() as session:
        return list(session.scalars(select(SignIn).order_by(SignIn.id)))


# Name and language


def test_name_and_language_of_letters(site: Site) -> None:
    client = signed_in(site)
    assert post(client, "/account/profile", "/account", name="安娜", lang="zh").status_code == 303
    anna = person(site)
    assert (anna.name, anna.lang) == ("安娜", "zh")
    new = {"new_password": PASSWORD + "!", "new_password_confirm": PASSWORD + "!"}
    post(client, "/account/password", password=PASSWORD, **new)
    assert letters(site, "account.password")[-1].title == "您的密码已更改"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "", "lang": "en"}, "A name has 1 to 100 characters."),
        ({"name": "Anna\nBerta", "lang": "en"}, "one line"),
        ({"name": "pаypal", "lang": "en"}, "different scripts"),  # a Cyrillic а
        ({"name": "Anna", "lang": "fr"}, "one of the two languages"),
        ({}, "A name has 1 to 100 characters."),
    ],
)
def test_what_the_page_refuses(site: Site, given: dict[str, str], said: str) -> None:
    client = signed_in(site)
    answer = post(client, "/account/profile", "/account", **given)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert person(site).name == "Anna"


# For whom


def test_one_acts_for_one_organisation_at_a_time_or_for_nobody(site: Site) -> None:
    client = signed_in(site)
    first, second = join(site, name_zh="甲公司"), join(site, name_zh="乙公司")
    for chosen in (first.key, second.key, ""):
        assert post(client, "/account/acting", "/account", organisation=chosen).status_code == 303
        page = client.get("/about").text
        assert [name in page for name in ("甲公司", "乙公司")] == [chosen == first.key, chosen == second.key]
        assert ('href="/work"' in page) is bool(chosen)


def test_a_draft_of_another_organisation_offers_to_act_for_it_and_goes_on_there(site: Site) -> None:
    client = signed_in(site)
    first, second = join(site, name_zh="甲公司"), join(site, name_zh="乙公司")
    with site.database.unit() as session:
        begun = drafts.start(session, make.member(session, session.get_one(Organisation, first.id)), now=now())
    post(client, "/account/acting", "/account", organisation=second.key)
    there = f"/work/{begun.key}"
    page = client.get(there)
    assert page.status_code == 403
    assert [f'value="{each}"' in page.text for each in (first.key, there, second.key)] == [True, True, False]
    assert post(client, "/account/acting", there, organisation=first.key, next=there).location == there
    assert client.get(there).status_code == 200
    away = post(client, "/account/acting", "/account", organisation=second.key, next="//evil.example/")
    assert away.location == "/account"
    with site.database.unit() as session:
        session.execute(update(Membership).where(Membership.organisation_id == first.id).values(ended_at=now()))
    strange, nothing = client.get(there), client.get("/work/nothing")
    assert (strange.status_code, nothing.status_code, strange.text.count("甲公司")) == (404, 404, 0)


def test_whoever_acts_for_nobody_is_told_how_to_act_for_somebody(site: Site) -> None:
    client = signed_in(site)
    page = client.get("/work")
    assert (page.status_code, 'href="/organisations/new"' in page.text) == (403, True)
    mine = join(site)
    assert f'value="{mine.key}"' in client.get("/work").text
    assert client.get("/desk").status_code == 403
    assert f'value="{mine.key}"' not in client.get("/desk").text  # no organisation opens the desk


def test_a_form_sent_by_whoever_is_signed_out_leads_to_signing_in_and_back(site: Site) -> None:
    client = site.client()
    sent = {"csrf_token": token(client, "/account/sign-in")}
    answer = client.post(
        "/organisations/new", data=sent, headers={"Referer": "http://localhost/organisations/new?a=1"}
    )
    assert answer.status_code == 403
    assert 'href="/account/sign-in?next=/organisations/new?a%3D1"' in answer.text
    elsewhere = client.post("/organisations/new", data=sent, headers={"Referer": "https://evil.example/trap"})
    assert (elsewhere.status_code, "trap" in elsewhere.text) == (403, False)


def test_nobody_acts_for_an_organisation_of_others(site: Site) -> None:
    client = signed_in(site)
    with site.database.unit() as session:
        key = make.organisation(session).key
    assert post(client, "/account/acting", "/account", organisation=key).status_code == 404
    assert [each.organisation_id for each in sign_ins(site)] == [None]


def test_the_next_sign_in_is_for_the_same_organisation(site: Site) -> None:
    client = signed_in(site)
    join(site)
    join(site)
    chosen = join(site)
    post(client, "/account/acting", "/account", organisation=chosen.key)
    post(client, "/account/sign-out", "/account")
    sign_in(client)
    assert sign_ins(site)[-1].organisation_id == chosen.id


def test_who_left_an_organisation_does_not_act_for_it(site: Site) -> None:
    client = signed_in(site)
    left = join(site)
    post(client, "/account/acting", "/account", organisation=left.key)
    assert 'href="/work"' in client.get("/about").text
    with site.database.unit() as session:
        session.execute(update(Membership).values(ended_at=now()))
    assert 'href="/work"' not in client.get("/about").text


# Sign-ins


def test_sign_ins_are_listed_and_ended_one_by_one_and_all(site: Site) -> None:
    client, second, third = signed_in(site), site.client(), site.client()
    sign_in(second)
    sign_in(third)
    numbers = [each.id for each in sign_ins(site)]
    page = client.get("/account").text
    assert page.count("this browser") == 1
    assert [f"/account/sign-ins/{number}/end" in page for number in numbers] == [False, True, True]
    post(client, f"/account/sign-ins/{numbers[1]}/end", "/account")
    assert [each.get("/account").status_code for each in (client, second, third)] == [200, 303, 200]
    post(client, "/account/sign-ins/end", "/account")
    assert [each.get("/account").status_code for each in (client, second, third)] == [200, 303, 303]


def test_nobody_ends_the_sign_ins_of_others(site: Site) -> None:
    anna = signed_in(site)
    berta = signed_in(site, email="berta@people.example")
    [hers, _] = sign_ins(site)
    assert post(berta, f"/account/sign-ins/{hers.id}/end", "/account").status_code == 404
    assert anna.get("/account").status_code == 200


def test_when_a_browser_was_seen_is_noted_after_the_response_and_seldom(site: Site) -> None:
    client = signed_in(site)
    before = now() - dt.timedelta(minutes=6)
    with site.database.unit() as session:
        session.execute(update(SignIn).values(seen_at=before))
    client.get("/about").close()
    [seen] = sign_ins(site)
    assert now() - seen.seen_at < dt.timedelta(minutes=1)
    client.get("/about").close()
    assert sign_ins(site)[0].seen_at == seen.seen_at


def test_a_browser_that_was_not_seen_for_long_is_signed_out(site: Site) -> None:
    client = signed_in(site)
    with site.database.unit() as session:
        session.execute(update(SignIn).values(seen_at=now() - dt.timedelta(days=15)))
    assert client.get("/account").status_code == 303


# The end


def everything(site: Site) -> list[tuple[str, str]]:
    """Every row of every table, as text."""
    with site.database.reading() as session:
        return [
            (table.name, str(row))
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]


def test_an_erased_account_leaves_nothing_personal_and_a_whole_chain(site: Site) -> None:
    client = signed_in(site)
    other = site.client()
    sign_in(other)
    joined = join(site)
    with site.database.unit() as session:  # what is told to all members, and by a server that knows nobody
        berta = make.member(session, session.get_one(Organisation, joined.id), "owner")
        events.record(session, berta, "organisation.verify", joined.subject, now=now())
        session.execute(update(Membership).values(role="owner"))
    site.work()
    with site.database.unit() as session:
        refused = f"550 <{ANNA['email'].title()}>: no such user"
        session.execute(update(Delivery).where(Delivery.kind == "post").values(last_error=refused))
        session.execute(update(Letter).where(Letter.address == ANNA["email"]).values(last_error=refused))
    assert {"person", "letter", "delivery"} <= {table for table, row in everything(site) if "anna" in row.lower()}
    anna, before = person(site), len(verbs(site))
    assert post(client, "/account/end", address="somebody@else.example").status_code == 409
    assert post(client, "/account/end", address=ANNA["email"]).status_code == 303
    assert [each.get("/account").status_code for each in (client, other)] == [303, 303]
    assert sign_in(site.client()).status_code == 422
    assert [table for table, row in everything(site) if "anna" in row.lower()] == []
    with site.database.reading() as session:
        details = select(EventDetail.seq).join(Event, Event.seq == EventDetail.seq)
        assert session.scalars(details.where(Event.subject == anna.subject, Event.seq <= before)).all() == []
        ended = select(Membership.ended_at).where(Membership.person_id == anna.id)
        assert session.scalars(ended).one() is not None
        report = chain.check_chain(session, facts.RECOMPUTE, {})
        assert (report.unbroken, report.rows_changed) == (True, [])
    assert verbs(site)[-1] == "person.erase"


def test_the_only_owner_of_others_hands_over_first(site: Site) -> None:
    client = signed_in(site)
    owned = join(site, "owner", name_zh="甲公司")
    with site.database.unit() as session:
        make.member(session, session.get_one(Organisation, owned.id), "editor")
    answer = post(client, "/account/end", address=ANNA["email"])
    assert (answer.status_code, "甲公司 would be without an owner" in answer.text) == (409, True)
    assert person(site).erased_at is None


def test_a_link_of_before_the_end_opens_nothing(site: Site) -> None:
    client = account(site)
    post(client, "/account/recover", email=ANNA["email"])
    address = link(site, "account.recover")
    sign_in(client)
    post(client, "/account/end", address=ANNA["email"])
    assert site.client().get(address).location == "/account/recover"


def test_the_end_is_not_one_wrong_click_away(site: Site) -> None:
    client = signed_in(site)
    form = {"csrf_token": token(client, "/account"), "address": ANNA["email"]}
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 2 * 3600
    assert client.post("/account/end", data=form).location.startswith("/account/verify")
    assert person(site).erased_at is None
