"""Stories go through HTTP and the command line as people do, on both databases; the worker is run by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from sites import Site

from library.db import Database


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """An empty installation."""
    return Site(database, tmp_path)


@pytest.fixture
def seeded(site: Site) -> Site:
    """An installation with everything in seed_cases/, indexed."""
    site.seed()
    return site
