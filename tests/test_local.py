"""What is for somebody at this machine only: letters, metrics, what is searched for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sites import Site

from library.db import Database


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


@pytest.mark.parametrize("address", ["/mail", "/metrics"])
@pytest.mark.parametrize(
    "header",
    [
        {"Host": "attacker.example"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Via": "1.1 proxy"},
    ],
)
def test_what_is_for_this_machine_is_for_nobody_behind_a_name_or_a_proxy(
    site: Site, address: str, header: dict[str, str]
) -> None:
    client = site.client()
    assert client.get(address).status_code == 200
    assert client.get(address, headers=header).status_code == 404


@pytest.mark.parametrize("address", ["/mail", "/metrics", "/searches"])
def test_in_production_nobody_sits_at_this_machine(sqlite: Database, tmp_path: Path, address: str) -> None:
    """A proxy that hides itself asks as if it did."""
    assert Site(sqlite, tmp_path).client().get(address).status_code == 200
    production = Site(sqlite, tmp_path, ENV="production", SECRET_KEY="s" * 40, OPERATOR="An operator")
    assert production.client().get(address).status_code == 404
