"""Every route is guarded, and what each role is answered stands in golden/routes.txt.

When a change is meant: `WRITE_GOLDEN=1 pytest tests/test_routes.py`, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sites import Site

from library import RULES, web
from library.db import Database
from library.policy import SYSTEM, VISITOR, Actor, anyone

GOLDEN = Path(__file__).parent / "golden/routes.txt"
ROLES = ("recommender", "officer", "approver", "expert", "verifier", "investor", "administrator")
ACTORS = {
    "visitor": VISITOR,
    "enterprise": Actor("person:1", organisation=1),
    **{role: Actor(f"{role}:1", roles=frozenset({role})) for role in ROLES},
    "system": SYSTEM,
}


@pytest.fixture
def site(sqlite: Database, tmp_path: Path) -> Site:
    """Rules are not the database's; the stories try the queries on both."""
    return Site(sqlite, tmp_path)


def lines(site: Site, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A line a route and method: its rule, then the answers for a public and for an archived case."""
    site.seed()
    cases = site.add(), site.add(state="archived")
    for code in cases:
        site.attach(code, "reviewer")
    site.work()
    site.app.config["WTF_CSRF_ENABLED"] = False  # who may, not how
    yield "answers for a public case / for an archived one, to: " + ", ".join(ACTORS)
    public, archived = map(site.addresses, cases)
    for rule in sorted(site.app.url_map.iter_rules(), key=str):
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"} if rule.rule in public else ()):
            told = []
            for actor in ACTORS.values():
                patch.setattr(web, "actor", lambda actor=actor: actor)
                addresses = dict.fromkeys((public[rule.rule], archived[rule.rule]))
                answers = [site.client().open(address, method=method, buffered=True) for address in addresses]
                told.append("/".join(str(answer.status_code) for answer in answers))
            guard = site.app.view_functions[rule.endpoint].rule
            yield f"{method} {rule.rule} [{guard}] {' '.join(told)}"


def test_every_route_answers_every_role_as_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = "\n".join(lines(site, monkeypatch)) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(found)
    assert found.splitlines() == GOLDEN.read_text().splitlines()


def test_every_route_names_a_rule_that_exists(site: Site) -> None:
    views = {name: view for name, view in site.app.view_functions.items() if name != "static"}
    named = {name: getattr(view, "rule", None) for name, view in views.items()}
    assert {name: rule for name, rule in named.items() if rule not in RULES} == {}


@pytest.mark.parametrize("rule", [None, "case.nonsense"])
def test_a_route_without_a_rule_is_refused_to_everybody(
    site: Site, monkeypatch: pytest.MonkeyPatch, rule: str | None
) -> None:
    def view() -> str:
        return "secret"

    def open_view() -> str:
        return "open"

    site.app.add_url_rule("/new", view_func=web.door(rule)(view) if rule else view)
    site.app.add_url_rule("/open", view_func=web.door("page.see")(open_view))
    assert site.app.extensions["rules"]["page.see"] is anyone
    for actor in ACTORS.values():
        monkeypatch.setattr(web, "actor", lambda actor=actor: actor)
        refused = site.client().get("/new")
        assert (refused.status_code, "secret" in refused.get_data(as_text=True)) == (403, False)
        assert "You may not do this." in refused.get_data(as_text=True)
        assert site.client().get("/open").get_data() == b"open"
