"""`caselib user`, and the demonstration accounts."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from signing import person, post, sign_in
from sites import Site
from sqlalchemy import select

from library import chain, demonstration, demonstration_calls, events
from library.accounts.models import Organisation, Person
from library.db import Database
from library.errors import Problem
from library.selection import benchmark_queries, facts
from library.selection.benchmark_models import Benchmark
from library.selection.entry_models import Entry
from library.selection.models import Call
from library.selection.notice_models import Notice
from library.worker import now

OFFICER = f"officer@{demonstration.HOST}"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


@pytest.fixture
def passwords(site: Site) -> dict[str, str]:
    assert demonstration.make(site.database, site.config, now=now())
    found: dict[str, str] = json.loads(demonstration.kept_in(site.config).read_text())
    return found


def test_an_operator_adds_somebody_who_can_sign_in(site: Site) -> None:
    said = site.command("user", "add", "anna@people.example", "--name", "Anna", "--lang", "en").output
    password = re.search(r"sign in with (\S+) and", said)
    assert password is not None
    assert sign_in(site.client(), "anna@people.example", password[1]).status_code == 303
    again = site.command("user", "add", "Anna@people.example")
    assert (again.exit_code, "already" in again.output) == (1, True)


def test_roles_are_given_and_taken(site: Site) -> None:
    site.command("user", "add", "anna@people.example")
    assert (
        site.command("user", "role", "anna@people.example", "officer").output == "anna@people.example: officer.\n"
    )
    assert "officer" in site.command("user", "list").output
    said = site.command("user", "role", "anna@people.example", "officer", "--take").output
    assert said == "anna@people.example: no role.\n"
    assert site.command("user", "role", "anna@people.example", "king").exit_code == 2
    assert "nobody" in site.command("user", "role", "berta@people.example", "officer").output


def test_signing_out_and_erasing(site: Site) -> None:
    site.command("user", "add", "anna@people.example")
    client = site.signed_in("anna@people.example")
    assert client.get("/account").status_code == 200
    assert site.command("user", "end", "anna@people.example").output == "1 sign-ins ended.\n"
    assert client.get("/account").status_code == 303
    assert site.command("user", "erase", "anna@people.example").exit_code == 1, "it asks first"
    assert site.command("user", "erase", "anna@people.example", "--yes").exit_code == 0
    assert site.command("user", "list").output == ""


def test_each_role_has_somebody_who_can_sign_in(site: Site, passwords: dict[str, str]) -> None:
    for figure in demonstration.FIGURES:
        client, email = site.client(), demonstration.address(figure)
        there = sign_in(client, email, passwords[figure.who]).location
        if not figure.organisation:
            shown = site.command("user", "code", email).output.strip()
            there = post(client, there, code=shown).location
        assert there == "/account", figure.who
        page = client.get("/account").text
        assert (figure.name in page, "Your roles rest" in page) == (True, False)


def test_they_belong_to_invented_organisations_of_which_one_is_not_verified(
    site: Site, passwords: dict[str, str]
) -> None:
    with site.database.reading() as session:
        found = {row.name_zh: (row.state, row.demonstration) for row in session.scalars(select(Organisation))}
    assert found == {
        "示范物联科技有限公司（虚构）": ("verified", True),
        "示范表计有限公司（虚构）": ("unverified", True),
        "示范创业投资有限公司（虚构）": ("verified", True),
        "示范省通信管理局（虚构）": ("verified", True),
    }


def test_they_are_made_once_with_passwords_of_their_own(site: Site, passwords: dict[str, str]) -> None:
    assert not demonstration.make(site.database, site.config, now=now())
    assert json.loads(demonstration.kept_in(site.config).read_text()) == passwords
    assert len(set(passwords.values())) == len(passwords) == len(demonstration.FIGURES)
    assert stat.S_IMODE(demonstration.kept_in(site.config).stat().st_mode) == 0o600
    told = list(demonstration.told(site.config))
    assert [each for each in passwords.values() if not any(each in line for line in told)] == []


def test_codes_are_told_for_demonstration_accounts_only(site: Site, passwords: dict[str, str]) -> None:
    assert re.fullmatch(r"\d{6}\n", site.command("user", "code", OFFICER).output)
    site.command("user", "add", "anna@people.example")
    assert site.command("user", "code", "anna@people.example").exit_code == 1


def test_production_does_not_start_with_them(database: Database, tmp_path: Path) -> None:
    real = {"ENV": "production", "SECRET_KEY": "x" * 40, "OPERATOR": "Example"}
    site = Site(database, tmp_path, **real)
    demonstration.refuse(site.database, site.config)
    demonstration.make(site.database, site.config, now=now())
    with pytest.raises(Problem, match="does not start"):
        demonstration.refuse(site.database, site.config)
    assert person(site, OFFICER).demonstration


def test_calls_with_a_past_are_there_once_and_count_nowhere(site: Site) -> None:
    site.seed()
    assert demonstration.make(site.database, site.config, now=now())
    assert demonstration_calls.make(site.database, site.config, now=now())
    with site.database.reading() as session:
        calls = {row.state: row for row in session.scalars(select(Call))}
        assert set(calls) == {"open", "scoring", "approval", "published"}
        done = calls["published"]
        rows = session.scalars(select(Entry.state).where(Entry.call_id == done.id))
        assert sorted(rows) == ["check_failed", "not_selected", "selected", "selected", "withdrawn"]
        assert benchmark_queries.real_standing(session) == 0
        assert all(row.demonstration for row in calls.values())
        assert all(
            row.demonstration for row in (*session.scalars(select(Person)), *session.scalars(select(Organisation)))
        )
        checked = chain.check_chain(session, facts.RECOMPUTE, {})
        assert (checked.unbroken, checked.rows_changed) == (True, [])
        before = events.head(session)
        notice = session.scalars(select(Notice.code)).one()
        benchmark = session.scalars(select(Benchmark.code)).first()
    assert not demonstration_calls.make(site.database, site.config, now=now())
    with site.database.reading() as session:
        assert events.head(session) == before, "a second time changes nothing"
    client = site.client()
    for path in (f"/calls/{done.code}/result", f"/notices/{notice}", f"/benchmarks/{benchmark}", "/benchmarks"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "emonstration" in page.text, path
    assert "DEMO-" not in client.get("/sitemap.xml").text
