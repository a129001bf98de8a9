"""The interface for programs against its own document: whatever is sent, the answer is one that it announces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import calling
import make
import published
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import definitions
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sites import Site
from sqlalchemy import select

from library.accounts import tokens
from library.catalog import draft_documents, drafts
from library.catalog.editor_moves import OWN
from library.catalog.finding import MAX_CODES
from library.catalog.models import Case
from library.db import Database
from library.worker import now

EXAMPLES = 60
QUICKLY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,  # a finding of today is there tomorrow too
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
VERIFIED = make.count(90_000, kind="online", verified={"on": "2025-07-01", "by": "verifier"})


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """Real seeds, and a case of which hardly anything is known."""
    site = Site(database, tmp_path)
    site.seed()
    site.add(
        title={"zh": "水"},
        summary={"zh": "水"},
        connections=[],
        networks=[],
        place={"text": {"zh": "某地"}},
        as_of=None,
    )
    site.add(origin="demo", code="DEMO-9001", connections=[make.count(), VERIFIED])
    with database.unit() as session:
        calling.announced(session, make.officer(session), sectors=None)
        calling.announced(session, make.officer(session), demonstration=True)
    published.published(database)
    site.work()
    return site


def codes(site: Site, path: str, *, secured: bool) -> list[str]:
    """Names that are there, for a route that has one in it; those that ask for a token name drafts."""
    if secured:
        with site.database.reading() as session:
            return list(session.scalars(select(Case.key).where(Case.owner_id.is_not(None))))
    addresses = {name: f"/api/v1/{name}" for name in ("calls", "benchmarks")}
    addresses["series"] = "/api/v1/statistics/series"
    address = next((found for word, found in addresses.items() if word in path), "/api/v1/cases?per_page=100")
    return [item["code"] for item in site.client().get(address).json["items"]]


def writer(site: Site) -> dict[str, str]:
    """The header of a program that writes for a verified organisation with an empty and a whole draft."""
    with site.database.unit() as session:
        organisation = make.organisation(session, state="verified", verified_at=make.NOW)
        actor = make.member(session, organisation, "owner")
        scopes = ["cases:write", "entries:write"]
        given = {"scopes": scopes, "organisation": organisation.id, "days": 30, "now": now()}
        _, word = tokens.make(session, actor, name="a fuzzer", **given)
        drafts.start(session, actor, now=now())
        whole = {name: value for name, value in make.document().items() if name not in ("code", "origin")}
        draft_documents.change(session, actor, drafts.start(session, actor, now=now()), whole, now=now())
    return {"Authorization": f"Bearer {word}"}


def test_the_document_is_valid(site: Site) -> None:
    document = site.client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    broken: dict[str, Any] = {**document, "paths": {"cases": {}}}
    assert not definitions.OPENAPI_31_VALIDATOR.is_valid(broken)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_announced(site: Site, mode: GenerationMode) -> None:
    """No 5xx, no status, type or shape that the document does not name, and nothing refused that it allows."""
    writer(site)  # there are drafts that visitors know nothing of
    assert fuzzed(site, mode, {}) == (25 if mode is GenerationMode.POSITIVE else 11)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_to_a_token_is_as_announced(site: Site, mode: GenerationMode) -> None:
    """The same where a program writes: whatever it sends as a draft is kept or refused in words."""
    assert fuzzed(site, mode, writer(site)) == (7 if mode is GenerationMode.POSITIVE else 6)


def fuzzed(site: Site, mode: GenerationMode, headers: dict[str, str]) -> int:
    """How many operations were tried: all of them, or with a token those that ask for one."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app)
    # A version that is not there, a step that is not open: refused, and rightly.
    accepted = schema.config.checks.positive_data_acceptance.expected_statuses
    schema.config.checks.positive_data_acceptance.expected_statuses = [*accepted, "412"]
    # A tag that no longer fits is refused before the words are looked at, right or wrong.
    refused = schema.config.checks.negative_data_rejection.expected_statuses
    schema.config.checks.negative_data_rejection.expected_statuses = [*refused, "412"]
    schema.config.generation.allow_extra_parameters = False  # words that we do not know are passed over
    schema.config.generation.with_security_parameters = False
    tried, keys = 0, set()
    for found in schema.get_all_operations():
        operation = found.ok()
        secured = "security" in operation.definition.raw
        if headers and not secured:
            continue
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue  # any text is a code, so nothing can be wrong with it
        known = codes(site, operation.path, secured=secured) if operation.path_parameters else [""]

        @settings(QUICKLY, max_examples=EXAMPLES // 3 if secured else EXAMPLES)
        @given(
            case=operation.as_strategy(generation_mode=mode),
            code=st.none() | st.sampled_from(known),
            verb=st.none() | st.sampled_from(OWN),
            any_version=st.booleans(),
        )
        def call(case: Any, code: str | None, verb: str | None, any_version: bool) -> None:
            if code:
                case.path_parameters["code"] = code
            if verb and "verb" in (case.path_parameters or {}):
                case.path_parameters["verb"] = verb
            given = case.headers or {}
            if any_version and "If-Match" in given:
                given["If-Match"] = "*"
            # OpenAPI has no words for a key that counts once, nor for a limit over several parameters together.
            assume(given.get("Idempotency-Key") not in keys)
            keys.update([given["Idempotency-Key"]] if "Idempotency-Key" in given else [])
            assume(
                sum(len(value) for value in (case.query or {}).values() if isinstance(value, list)) <= MAX_CODES
            )
            unready = [positive_data_acceptance] if "moves" in case.operation.path else []
            case.call_and_validate(headers=headers, excluded_checks=unready)

        call()
        tried += 1
    return tried
