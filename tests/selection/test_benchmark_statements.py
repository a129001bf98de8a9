"""One benchmark project and three ask the database the same number of times."""

from __future__ import annotations

from pathlib import Path

import make
import pytest
from published import AFTER, published
from sites import Site

from library.db import Database
from library.selection.models import Call


@pytest.mark.parametrize("path", ["/benchmarks", "/calls/{code}/result", "/desk/benchmarks?state=standing"])
def test_three_ask_as_often_as_one(
    database: Database, tmp_path: Path, statements: list[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("library.web.now", lambda: AFTER)
    monkeypatch.setattr("sites.now", lambda: AFTER)
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.officer(session, email="li@desk.example")
    counts = []
    for chosen in (1, 3):
        number = published(database, chosen=chosen)
        with database.reading() as session:
            address = path.format(code=session.get_one(Call, number).code)
        client = site.signed_in("li@desk.example")
        client.get(address)
        statements.clear()
        assert client.get(address).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
