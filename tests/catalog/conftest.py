"""Fixtures of the catalogue's rooms."""

from __future__ import annotations

from pathlib import Path

import make
import pytest
from sites import Site
from working import Work

from library.db import Database


@pytest.fixture
def work(database: Database, tmp_path: Path) -> Work:
    """A verified organisation whose owner 王小明 is signed in."""
    found = Work(Site(database, tmp_path))
    with database.unit() as session:
        make.taxonomy(session)
        found.organisation = make.organisation(session, state="verified", verified_at=make.NOW).id
    found.member("owner", "王小明")
    return found
