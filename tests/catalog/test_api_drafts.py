"""The interface for programs where an organisation writes its cases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import make
import pytest
from flask.testing import FlaskClient
from sites import Site
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from library.accounts import tokens
from library.accounts.models import IdempotentAnswer, Organisation
from library.catalog.draft_models import DraftSection, FormalRule, Submission
from library.catalog.models import Case
from library.db import Database
from library.worker import now

CASES, DRAFTS = "/api/v1/cases", "/api/v1/drafts"
TITLE = {"zh": "智能水表", "en": "Smart water meters"}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.taxonomy(session)
    return site


@pytest.fixture
def organisation(site: Site) -> int:
    with site.database.unit() as session:
        return make.organisation(session, state="verified", verified_at=make.NOW).id


@pytest.fixture
def ready() -> dict[str, Any]:
    """Fields with which a case may be handed in where no rule is set."""
    return {name: value for name, value in make.document().items() if name not in ("code", "origin")}


class Program:
    """A program that shows a token with each request."""

    def __init__(self, site: Site, word: str) -> None:
        self.client: FlaskClient = site.client()
        self.bearer = {"Authorization": f"Bearer {word}"}

    def ask(self, method: str, address: str, json: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(address, method=method, json=json, headers=self.bearer | named, buffered=True)


def program(
    site: Site, organisation: int, role: str = "editor", scopes: tuple[str, ...] = ("cases:write",)
) -> Program:
    with site.database.unit() as session:
        actor = make.member(session, session.get_one(Organisation, organisation), role)
        given = {"scopes": scopes, "organisation": organisation, "days": 30, "now": now()}
        return Program(site, tokens.make(session, actor, name="a program", **given)[1])


@pytest.fixture
def editor(site: Site, organisation: int) -> Program:
    return program(site, organisation)


def counted(site: Site, model: Any) -> int:
    with site.database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_case_is_begun_read_and_changed(editor: Program) -> None:
    begun = editor.ask("POST", CASES, {"title": TITLE, "connections": [{"value": "12万", "kind": "online"}]})
    assert begun.status_code == 201
    key = begun.json["key"]
    assert begun.headers["Location"] == f"{DRAFTS}/{key}"
    read = editor.ask("GET", begun.headers["Location"])
    assert (read.status_code, read.json, read.headers["ETag"]) == (200, begun.json, begun.headers["ETag"])
    assert read.json["document"] == {"title": TITLE, "connections": [{"value": "12万", "kind": "online"}]}
    assert (read.json["state"], read.json["code"], read.json["ready"]) == ("draft", None, False)
    assert editor.ask("GET", begun.headers["Location"], If_None_Match=read.headers["ETag"]).status_code == 304
    given = {"summary": {"zh": "经NB-IoT抄读。"}, "connections": None}
    changed = editor.ask("PATCH", f"{CASES}/{key}", given, If_Match=read.headers["ETag"])
    assert changed.json["document"] == {"title": TITLE, "summary": {"zh": "经NB-IoT抄读。"}}
    assert changed.headers["ETag"] != read.headers["ETag"]
    listed = editor.ask("GET", DRAFTS).json
    assert (listed["total"], [item["key"] for item in listed["items"]]) == (1, [key])
    assert listed["items"][0]["title"] == TITLE


def test_what_is_wrong_is_kept_and_told(editor: Program) -> None:
    given = {"title": {"zh": "字" * 121}, "sectors": ["no-such"], "connections": [{"value": "many"}], "as_of": "?"}
    begun = editor.ask("POST", CASES, given)
    assert (begun.status_code, begun.json["document"]) == (201, given)
    mistakes = begun.json["mistakes"]
    assert mistakes["title.zh"] == ["At most 120 characters; these are 121."]
    assert mistakes["connections.0.value"] == ["Write a whole number, such as 120000 or 12万."]
    assert {"sectors", "as_of"} <= mistakes.keys()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"code": "MIOT-2026-0001"}, ["code"]),
        ({"state": "admitted"}, ["state"]),
        ({"title": "not a pair"}, ["title"]),
        ({"title": {"zh": "a\x00b"}}, ["title.zh"]),
        ({"summary": {"zh": "长" * 4001}, "as_of": "x\x01"}, ["as_of", "summary.zh"]),
        ({"connections": [{"verified": {"on": "2026-01-01", "by": "verifier"}}]}, ["connections.0.verified"]),
        ({"connections": {"value": 1}}, ["connections"]),
    ],
)
def test_what_may_not_be_kept_is_refused_whole(site: Site, editor: Program, given: Any, fields: list[str]) -> None:
    refused = editor.ask("POST", CASES, {"novelty": ["product"], **given})
    assert (refused.status_code, sorted(refused.json["errors"])) == (422, fields)
    assert counted(site, Case) == 0


def test_a_write_says_for_which_version_it_was_made(site: Site, editor: Program) -> None:
    begun = editor.ask("POST", CASES, {"title": TITLE})
    address, tag = f"{CASES}/{begun.json['key']}", begun.headers["ETag"]
    assert editor.ask("PATCH", address, {"as_of": "2026"}).status_code == 428
    assert editor.ask("PATCH", address, {"as_of": "2026"}, If_Match='"another"').status_code == 412
    assert editor.ask("PATCH", address, {"as_of": "2026"}, If_Match=f"W/{tag}").status_code == 412
    assert editor.ask("PATCH", address, {"as_of": "2025"}, If_Match=tag).status_code == 200
    late = editor.ask("PATCH", address, {"as_of": "2024"}, If_Match=tag)
    assert (late.status_code, late.json["title"]) == (412, "This was changed meanwhile; read it again and repeat.")
    assert editor.ask("GET", f"{DRAFTS}/{begun.json['key']}").json["document"]["as_of"] == "2025"
    assert editor.ask("PATCH", address, {"as_of": "2023"}, If_Match="*").json["document"]["as_of"] == "2023"


def test_the_same_key_and_body_do_nothing_twice(site: Site, editor: Program, organisation: int) -> None:
    first = editor.ask("POST", CASES, {"title": TITLE, "novelty": []}, Idempotency_Key="k-1")
    editor.ask("PATCH", f"{CASES}/{first.json['key']}", {"as_of": "2026"}, If_Match="*")
    again = editor.ask("POST", CASES, {"novelty": [], "title": TITLE}, Idempotency_Key="k-1")
    assert (again.status_code, again.json, again.headers["ETag"]) == (201, first.json, first.headers["ETag"])
    assert again.headers["Location"] == first.headers["Location"]
    other = editor.ask("POST", CASES, {"title": {"zh": "燃气"}}, Idempotency_Key="k-1")
    assert (other.status_code, other.json["title"]) == (
        422,
        "This Idempotency-Key was used for another request; choose a new one.",
    )
    assert counted(site, Case) == 1
    colleague = program(site, organisation)
    assert colleague.ask("POST", CASES, {}, Idempotency_Key="k-1").status_code == 201  # a key is one's own
    assert counted(site, Case) == 2


def test_what_was_refused_may_be_tried_again_under_its_key(site: Site, editor: Program) -> None:
    assert editor.ask("POST", CASES, {"no": 1}, Idempotency_Key="k-2").status_code == 422
    assert editor.ask("POST", CASES, {}, Idempotency_Key="k-2").status_code == 201
    for key in ("", "x" * 256, "two words", "é"):
        assert editor.ask("POST", CASES, {}, Idempotency_Key=key).status_code == 422
    assert counted(site, Case) == 1


def test_keys_are_forgotten_after_a_day(site: Site, editor: Program) -> None:
    editor.ask("POST", CASES, {}, Idempotency_Key="k-3")
    with site.database.unit() as session:
        session.scalars(select(IdempotentAnswer)).one().at = make.NOW.replace(year=2020)
    site.work()
    assert counted(site, IdempotentAnswer) == 0


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [("editor", ("cases:write",), 201), ("owner", ("cases:write",), 201), ("commenter", ("cases:write",), 403),
     ("editor", ("read",), 403)],
)  # fmt: skip
def test_membership_and_scope_say_who_writes(
    site: Site, organisation: int, editor: Program, role: str, scopes: tuple[str, ...], status: int
) -> None:
    key = editor.ask("POST", CASES, {"title": TITLE}).json["key"]
    other = program(site, organisation, role, scopes)
    assert other.ask("GET", f"{DRAFTS}/{key}").status_code == 200
    answer = other.ask("POST", CASES, {})
    assert answer.status_code == status
    missing = [] if "cases:write" in scopes else ["The token does not have the scope cases:write."]
    assert answer.json.get("reasons", []) == missing
    patched = other.ask("PATCH", f"{CASES}/{key}", {"as_of": "2026"}, If_Match="*")
    assert patched.status_code == (200 if status == 201 else 403)
    moved = other.ask("POST", f"{CASES}/{key}/moves/case.withdraw")
    assert moved.status_code == (200 if status == 201 else 403)


def test_nobody_else_knows_of_a_draft(site: Site, editor: Program) -> None:
    key = editor.ask("POST", CASES, {"title": {"zh": "绝密"}}).json["key"]
    with site.database.unit() as session:
        stranger = make.organisation(session).id
    other = program(site, stranger, "owner")
    for method, address in (
        ("GET", f"{DRAFTS}/{key}"),
        ("PATCH", f"{CASES}/{key}"),
        ("POST", f"{CASES}/{key}/moves/case.submit"),
        ("GET", f"{CASES}/{key}"),
        ("GET", f"{DRAFTS}/no-such"),
    ):
        answer = other.ask(method, address, None if method == "GET" else {}, If_Match="*")
        assert (answer.status_code, "绝密" in answer.get_data(as_text=True)) == (404, False)
    assert other.ask("GET", DRAFTS).json["items"] == []
    visitor = site.client()
    for method, address in (("GET", DRAFTS), ("POST", CASES), ("PATCH", f"{CASES}/{key}")):
        answer = visitor.open(address, method=method, json={} if method != "GET" else None)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_case_is_handed_in_once_and_taken_back(site: Site, editor: Program, ready: dict[str, Any]) -> None:
    key = editor.ask("POST", CASES, {"title": TITLE}).json["key"]
    address = f"{CASES}/{key}"
    early = editor.ask("POST", f"{address}/moves/case.submit")
    assert early.status_code == 422
    assert early.json["reasons"]
    assert "summary.zh" in early.json["errors"] or "summary" in early.json["errors"]
    changed = editor.ask("PATCH", address, ready, If_Match="*")
    assert (changed.json["ready"], changed.json["mistakes"], changed.json["reasons"]) == (True, {}, [])
    assert editor.ask("POST", f"{address}/moves/case.submit", If_Match='"old"').status_code == 412
    done = editor.ask(
        "POST", f"{address}/moves/case.submit", If_Match=changed.headers["ETag"], Idempotency_Key="s"
    )
    year = now().year
    assert (done.status_code, done.json) == (
        200,
        {"key": key, "code": f"MIOT-{year}-0001", "state": "submitted", "receipt": f"MIOT-{year}-0001-R1"},
    )
    again = editor.ask(
        "POST", f"{address}/moves/case.submit", If_Match=changed.headers["ETag"], Idempotency_Key="s"
    )
    assert (again.status_code, again.json) == (200, done.json)
    assert editor.ask("POST", f"{address}/moves/case.submit").status_code == 409
    assert counted(site, Submission) == 1
    by_number = f"{CASES}/MIOT-{year}-0001"
    assert editor.ask("PATCH", by_number, {"as_of": "2020"}, If_Match="*").status_code == 409
    assert editor.ask("POST", f"{by_number}/moves/case.withdraw").json["state"] == "withdrawn"


def test_unmet_rules_are_told_with_their_fields(site: Site, editor: Program, ready: dict[str, Any]) -> None:
    text = {"zh": "请写明部署状态。", "en": "Say how it is deployed."}
    with site.database.unit() as session:
        row = FormalRule(code="status-named", position=1, check="present", field="status", params={})
        row.level, row.text = "block", text
        session.add(row)
    begun = editor.ask("POST", CASES, {**ready, "status": None})
    assert begun.json["rules"] == [{"code": "status-named", "field": "status", "text": text["en"]}]
    refused = editor.ask("POST", f"{CASES}/{begun.json['key']}/moves/case.submit")
    assert (refused.status_code, refused.json["errors"]) == (422, {"status": [text["en"]]})


@pytest.mark.parametrize("verb", ["case.admit", "case.return", "case.release", "case.restore", "submit"])
def test_other_verbs_are_not_for_programs(site: Site, organisation: int, editor: Program, verb: str) -> None:
    key = editor.ask("POST", CASES, {"title": TITLE}).json["key"]
    assert editor.ask("POST", f"{CASES}/{key}/moves/{verb}").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"title=a", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"as_of": NaN}', "application/json", 422),
        (b'{"as_of": 1' + b"0" * 4000 + b"}", "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b'{"title":' * 20_000, "application/json", 400),
        (b'{"as_of": "\\ud800"}', "application/json", 422),
        (b"\xff\xfe", "application/json", 400),
        (b" " * 1_000_001, "application/json", 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_broken_bodies_are_refused(site: Site, editor: Program, body: bytes, kind: str, status: int) -> None:
    headers = editor.bearer | {"Content-Type": kind}
    answer = site.client().post(CASES, data=body, headers=headers)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert counted(site, DraftSection) == counted(site, Case) == 0


def test_the_list_is_paged(editor: Program) -> None:
    for number in range(3):
        editor.ask("POST", CASES, {"title": {"zh": f"案例{number}"}})
    first = editor.ask("GET", f"{DRAFTS}?per_page=2")
    assert (first.json["total"], len(first.json["items"])) == (3, 2)
    assert 'rel="next"' in first.headers["Link"]
    second = editor.ask("GET", f"{DRAFTS}?per_page=2&page=2")
    titles = [item["title"]["zh"] for item in first.json["items"] + second.json["items"]]
    assert titles == ["案例2", "案例1", "案例0"]
    assert editor.ask("GET", f"{DRAFTS}?state=submitted").json["total"] == 0


@pytest.mark.parametrize(
    ("method", "address", "given", "names"),
    [
        ("GET", f"{DRAFTS}?page=x&per_page=1000&state=foo", None, {"page", "per_page", "state"}),
        ("POST", CASES, {"nonsense": 1}, {"nonsense"}),
        ("POST", CASES, [1], {"_schema"}),
        ("POST", CASES, {"title": {"zz": 1}, "connections": "x"}, {"title.zz", "connections"}),
        ("POST", f"{CASES}/x/moves/case.archive", {"a": 1, "farewell": None}, {"a", "farewell"}),
        ("POST", f"{CASES}/x/moves/case.archive", {"farewell": "x" * 1001}, {"farewell"}),
    ],
)
def test_every_sentence_is_in_the_readers_language(
    editor: Program, method: str, address: str, given: Any, names: set[str]
) -> None:
    said = editor.ask(method, address, given, Accept_Language="zh").get_json()["errors"]
    assert said.keys() == names
    assert [words for each in said.values() for words in each if not re.search("[一-鿿]", words)] == []
