"""Fixtures of the catalogue's rooms."""

from __future__ import annotations

from pathlib import Path

import make
import pytest
from bringing import Bringer
from sites import Site
from sqlalchemy.orm import Session
from working import Work

from library.db import Database
from library.policy import Actor


@pytest.fixture
def work(database: Database, tmp_path: Path) -> Work:
    """A verified organisation whose owner 王小明 is signed in."""
    found = Work(Site(database, tmp_path))
    with database.unit() as session:
        make.taxonomy(session)
        found.organisation = make.organisation(session, state="verified", verified_at=make.NOW).id
    found.member("owner", "王小明")
    return found


@pytest.fixture
def editor(session: Session) -> Actor:
    """A member of an organisation, in the unit of `session`."""
    return make.member(session, make.organisation(session))


@pytest.fixture
def bringer(database: Database, tmp_path: Path) -> Bringer:
    """An editor with a draft in front of her, where little fits."""
    return Bringer(Site(database, tmp_path, MAX_FILE_MB="6", MAX_CASE_MB="10", MAX_FILES="3"))
