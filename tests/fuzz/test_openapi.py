"""The interface for programs against its own document: whatever is sent, the answer is one that it announces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import make
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import definitions
from sites import Site

from library.catalog.finding import MAX_CODES
from library.db import Database

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
    site.work()
    return site


def codes(site: Site, path: str) -> list[str]:
    """Names that are there, for a route that has one in it."""
    address = "/api/v1/statistics/series" if "series" in path else "/api/v1/cases?per_page=100"
    return [item["code"] for item in site.client().get(address).json["items"]]


def test_the_document_is_valid(site: Site) -> None:
    document = site.client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    broken: dict[str, Any] = {**document, "paths": {"cases": {}}}
    assert not definitions.OPENAPI_31_VALIDATOR.is_valid(broken)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_announced(site: Site, mode: GenerationMode) -> None:
    """No 5xx, no status, type or shape that the document does not name, and nothing refused that it allows."""
    asked = set()
    for found in schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app).get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.query:
            continue  # any text is a code, so nothing can be wrong with it
        known = codes(site, operation.path) if operation.path_parameters else [""]

        @QUICKLY
        @given(case=operation.as_strategy(generation_mode=mode), code=st.none() | st.sampled_from(known))
        def call(case: Any, code: str | None) -> None:
            if code:
                case.path_parameters["code"] = code
            # OpenAPI has no words for a limit over several parameters together.
            assume(
                sum(len(value) for value in (case.query or {}).values() if isinstance(value, list)) <= MAX_CODES
            )
            case.call_and_validate()

        call()
        asked.add(operation.path)
    assert len(asked) == (11 if mode is GenerationMode.POSITIVE else 2)
