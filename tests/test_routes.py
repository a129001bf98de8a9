"""Every route is guarded, and what each role is answered stands in golden/routes.txt.

When a change is meant: `WRITE_GOLDEN=1 pytest tests/test_routes.py`, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import handed_in
import make
import pytest
from sites import Site
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from library import web
from library.accounts import tokens
from library.application import RULES
from library.db import Database
from library.policy import Actor, anyone

GOLDEN = Path(__file__).parent / "golden/routes.txt"
MEMBERS = ("owner", "editor", "commenter")
ROLES = ("officer", "approver", "administrator", "expert", "verifier")
STRANGER = "stranger"  # an owner of another organisation


@dataclass
class World:
    """An organisation with a case in each state, and people of every kind."""

    site: Site
    proofs: dict[str, dict[str, str]]
    """What says who asks, as headers: a cookie that no answer changes, or a token."""
    codes: dict[str, str]
    keys: dict[str, str]
    organisation: str


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    """Rules are not the database's; the stories try the queries on both."""
    return Site(sqlite, tmp_path)


@pytest.fixture
def world(site: Site) -> World:
    site.seed()
    proofs: dict[str, dict[str, str]] = {"visitor": {}}
    with site.database.unit() as session:
        owner = make.organisation(session, state="verified", verified_at=make.NOW)
        other = make.organisation(session, state="verified", verified_at=make.NOW)
        investor = make.organisation(session, kind="investor", state="verified", verified_at=make.NOW)
        members = {role: make.member(session, owner, role, email=f"{role}@x.example") for role in MEMBERS}
        make.member(session, other, "owner", email=f"{STRANGER}@x.example")
        make.member(session, investor, "owner", email="investor@x.example")
        for role in ROLES:
            make.officer(session, role, email=f"{role}@x.example")
        numbers = {**dict.fromkeys(MEMBERS, owner.id), STRANGER: other.id, "investor": investor.id}
        codes, keys = cases(session, members["owner"])
        _, word = tokens.make(
            session,
            members["owner"],
            name="t",
            scopes=["read", "cases:write"],
            organisation=owner.id,
            days=30,
            now=web.now(),
        )
        key = owner.key
    for name in (*MEMBERS, STRANGER, "investor", *ROLES):
        cookie = site.signed_in(f"{name}@x.example", organisation=numbers.get(name)).get_cookie("session")
        assert cookie is not None
        proofs[name] = {"Cookie": f"session={cookie.value}"}
    proofs["token"] = {"Authorization": f"Bearer {word}"}
    for state in ("public", "archived"):
        site.attach(codes[state], "reviewer")
    site.work()
    return World(site, proofs, codes, keys, key)


def cases(session: Session, actor: Actor) -> tuple[dict[str, str], dict[str, str]]:
    """A case of the organisation's own in each state that matters: its number, its key."""
    codes, keys = {}, {}
    officer = make.officer(session, email="judge@x.example")
    for state in ("public", "archived", "waiting", "draft"):
        case = handed_in.draft(session, actor)
        if state != "draft":
            handed_in.move(session, actor, case, "case.submit")
        if state in ("public", "archived"):
            handed_in.move(session, officer, case, "case.admit", given={})
        if state == "archived":
            handed_in.move(session, actor, case, "case.archive", given={"farewell": "It has ended."})
        keys[state] = case.key
        codes[state] = case.code or case.key
    return codes, keys


def address(world: World, rule: Rule, state: str) -> str:
    """An address of a route: of a case in `state`, of the organisation, or of something that is not there."""
    code = world.codes[state]
    found = world.site.addresses(code)[rule.rule]
    if "<key>" in rule.rule:
        ours = world.organisation if "/organisations/" in rule.rule else world.keys[state]
        if "/files/" not in rule.rule or rule.rule.startswith("/work/"):
            found = found.replace(f"file-{code}", ours)
    return found


def ask(world: World, name: str, method: str, where: str) -> TestResponse:
    client = world.site.app.test_client(use_cookies=False)
    headers = {"Accept-Language": "en", **world.proofs[name]}
    return client.open(where, method=method, headers=headers, buffered=True)


def answer(world: World, name: str, method: str, where: str) -> str:
    """The status. A token counts under /api/ only."""
    if name == "token" and not where.startswith("/api/"):
        return "-"
    return str(ask(world, name, method, where).status_code)


def lines(world: World) -> Iterator[str]:
    """A line a route and method: its rule, then the answers about a case in each state."""
    names = list(world.proofs)
    yield "answers about a public / archived / waiting case / a draft, to: " + ", ".join(names)
    views = world.site.app.view_functions
    for rule in sorted(world.site.app.url_map.iter_rules(), key=str):
        if rule.endpoint == "static":
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            wheres = dict.fromkeys(address(world, rule, state) for state in world.codes)
            told = ["/".join(answer(world, name, method, where) for where in wheres) for name in names]
            guard = getattr(views[rule.endpoint], "rule", None)
            yield f"{method} {rule.rule} [{guard}] {' '.join(told)}"


def test_every_route_answers_every_role_as_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.site.app.config["WTF_CSRF_ENABLED"] = False  # who may, not how
    # Closing the session undoes what was written, so that the order of the questions does not matter.
    monkeypatch.setattr(Session, "commit", Session.flush)
    found = "\n".join(lines(world)) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(found)
    assert found.splitlines() == GOLDEN.read_text().splitlines()


def test_every_route_names_a_rule_that_exists(site: Site) -> None:
    views = {name: view for name, view in site.app.view_functions.items() if name != "static"}
    named: Mapping[str, str | None] = {name: getattr(view, "rule", None) for name, view in views.items()}
    assert {name: rule for name, rule in named.items() if rule not in RULES} == {}


@pytest.mark.parametrize("rule", [None, "case.nonsense"])
def test_a_route_without_a_rule_is_refused_to_everybody(world: World, rule: str | None) -> None:
    def view() -> str:
        return "secret"

    def open_view() -> str:
        return "open"

    site = world.site
    site.app.add_url_rule("/new", view_func=web.door(rule)(view) if rule else view)
    site.app.add_url_rule("/open", view_func=web.door("page.see")(open_view))
    assert site.app.extensions["rules"]["page.see"] is anyone
    for name in world.proofs:
        refused = ask(world, name, "GET", "/new")
        assert (refused.status_code, "secret" in refused.get_data(as_text=True)) == (403, False)
        assert "You may not do this." in refused.get_data(as_text=True)
        assert ask(world, name, "GET", "/open").get_data() == b"open"
