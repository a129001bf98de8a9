"""Handing a case in twice at once, killed half way, or failing: one submission or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import handed_in
import make
import pytest
from sqlalchemy import select

from library.catalog import queries, submissions
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.config import ROOT
from library.db import Database, unit
from library.errors import Conflict, Problem
from library.events import Event


def test_two_clicks_at_once_are_one_submission(database: Database) -> None:
    with database.unit() as session:
        editor = make.member(session, handed_in.organisation(session))
        number = handed_in.draft(session, editor).id
    barrier = Barrier(2)

    def click() -> type[Problem] | None:
        barrier.wait()
        try:
            with database.unit() as session:
                handed_in.move(session, editor, session.get_one(Case, number), "case.submit")
        except Problem as problem:
            return type(problem)
        return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = [each.result() for each in [pool.submit(click), pool.submit(click)]]
    assert set(outcomes) == {None, Conflict}
    with database.reading() as session:
        assert [(row.number, row.document["code"]) for row in session.scalars(select(Submission))] == [
            (1, "MIOT-2026-0001")
        ]
        assert len(session.scalars(select(Event).where(Event.verb == "case.submit")).all()) == 1


def test_a_death_at_any_point_leaves_a_draft_or_a_receipt(postgresql: Database) -> None:
    with postgresql.unit() as session:
        owner = handed_in.organisation(session)
        editor = make.member(session, owner)
        number = handed_in.draft(session, editor).id
    url = postgresql.engine.url.render_as_string(hide_password=False)
    program = [sys.executable, str(ROOT / "tests/killed_submission.py"), url, str(number)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [*program, str(editor.person), str(owner.id)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *deaths, last = json.loads(done.stdout)
    assert len(deaths) > 5
    assert [found for found in deaths if found != ["draft", None, False, 0, 0, 0, False, 0]] == []
    assert last == ["submitted", "MIOT-2026-0001", True, 1, 1, 1, True, 1]


def test_nothing_is_handed_in_by_halves_when_something_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.unit() as session:
        editor = make.member(session, handed_in.organisation(session))
        case = handed_in.draft(session, editor)

    def fail(*_: Any, **__: Any) -> None:
        raise LookupError("no room on the disk")

    monkeypatch.setattr(submissions.deliveries, "deliver", fail)
    with database.writing() as session, pytest.raises(LookupError), unit(session):
        handed_in.move(session, editor, session.get_one(Case, case.id), "case.submit")
    with database.reading() as session:
        again = session.get_one(Case, case.id)
        assert (again.state, again.code, queries.submissions(session, editor, again)) == ("draft", None, [])
