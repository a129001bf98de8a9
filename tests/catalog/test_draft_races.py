"""Two editors of a draft at the same time, one who is removed meanwhile, and a process that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any

import make
import pytest
from drafting import two_editors
from sqlalchemy import func, select

from library.accounts import people
from library.accounts.models import Membership, Person
from library.catalog import drafts
from library.catalog.draft_models import DraftEdit, DraftSection
from library.catalog.models import Case
from library.config import ROOT
from library.db import Database
from library.errors import Conflict, Forbidden
from library.events import Event
from library.policy import SYSTEM, Actor
from library.workflow import Move, step


def summary(words: str) -> dict[str, Any]:
    return {"summary": {"zh": words}}


def save(database: Database, actor: Actor, number: int, words: str, version: int) -> DraftSection:
    """In a unit of its own, as a request does."""
    with database.unit() as session:
        case = session.get_one(Case, number)
        return drafts.save(session, actor, case, "basics", content=summary(words), version=version, now=make.NOW)


def test_of_two_at_once_one_is_told_of_the_other(database: Database) -> None:
    """Real threads on real transactions: ten rounds, each with one save and one conflict."""
    writers, number = two_editors(database)
    for version in range(10):
        barrier, outcomes = threading.Barrier(2), list[str]()

        def type_in(
            actor: Actor, version: int = version, barrier: Any = barrier, outcomes: list[str] = outcomes
        ) -> None:
            barrier.wait()
            try:
                save(database, actor, number, f"{version} {actor.id}", version)
                outcomes.append(f"saved {version} {actor.id}")
            except drafts.Stale as stale:
                outcomes.append(f"after {stale.current.content['summary']['zh']}")

        threads = [threading.Thread(target=type_in, args=(actor,)) for actor in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        loser, winner = sorted(outcomes)
        assert (loser, winner[:5]) == (f"after {winner[6:]}", "saved")
    with database.reading() as session:
        open_ones = select(func.count()).select_from(DraftEdit).where(DraftEdit.ended.is_(None))
        assert session.scalar(open_ones) == 1
        assert session.scalars(select(DraftSection.version)).all() == [10]


def test_two_who_open_a_section_at_once_do_not_both_begin_it(database: Database) -> None:
    """The first save of a section makes its row: of many at once, one does."""
    writers, number = two_editors(database)
    barrier, outcomes = threading.Barrier(4), list[str]()

    def type_in(place: int) -> None:
        barrier.wait()
        try:
            save(database, writers[place % 2], number, str(place), 0)
            outcomes.append("saved")
        except drafts.Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=type_in, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "stale", "stale", "stale"]


def test_nothing_is_saved_while_a_case_is_being_handed_in(database: Database) -> None:
    """A save that comes while a move is under way waits for it, and then finds the case locked."""
    (editor, _), number = two_editors(database)
    outcome: list[str] = []

    def type_in() -> None:
        try:
            save(database, editor, number, "甲", 0)
            outcome.append("saved")
        except Conflict:
            outcome.append("locked")

    with database.unit() as session:
        hand_in = Move("case.put", frozenset({"draft"}), "submitted", lambda actor, case: True)
        step([hand_in], session, SYSTEM, session.get_one(Case, number), "case.put", now=make.NOW)
        thread = threading.Thread(target=type_in)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert outcome == ["locked"]


def test_a_member_who_was_removed_while_typing_saves_no_more(database: Database) -> None:
    with database.unit() as session:
        house = make.organisation(session)
        person = make.person(session)
        belongs = Membership(person_id=person.id, organisation_id=house.id, role="editor", since=make.NOW)
        session.add(belongs)
        session.flush()
        given = {"browser": "Test", "second_factor": False, "organisation": house.id, "now": make.NOW}
        word = people.sign_in(session, person, **given)
        actor = people.actor_of(session, word, now=make.NOW)
        number = drafts.start(session, actor, now=make.NOW).id
    save(database, actor, number, "甲", 0)
    with database.unit() as session:
        session.get_one(Membership, belongs.id).ended_at = make.NOW
    with database.unit() as session:
        former = people.actor_of(session, word, now=make.NOW)
        assert former.person == session.get_one(Person, person.id).id
    with pytest.raises(Forbidden):
        save(database, former, number, "乙", 1)
    with database.reading() as session:
        assert drafts.contents(session, session.get_one(Case, number))["basics"] == summary("甲")


KILLED = """
import datetime as dt, os, signal, sys
from sqlalchemy import event
from library.catalog import drafts
from library.catalog.models import Case
from library.config import ROOT
from library.db import Database
from library.policy import Actor

def save(after):
    database = Database(sys.argv[1])
    number, person, organisation = map(int, sys.argv[2:])
    left = iter(range(after))
    def count(*_):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(database.engine, "after_cursor_execute", count)
    actor = Actor(f"person:{person}", organisation, person=person, membership="editor")
    given = {"content": {"summary": {"zh": "new"}}, "version": 1}
    with database.unit() as session:
        case = session.get_one(Case, number)
        drafts.save(session, actor, case, "basics", **given, now=dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC))
    os._exit(0)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        save(int(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_process_that_is_killed_leaves_the_old_text_or_the_new(sqlite: Database) -> None:
    """Killed after every second statement of a save, until one run gets to the end."""
    (editor, _), number = two_editors(sqlite)
    save(sqlite, editor, number, "old", 0)
    url = sqlite.engine.url.render_as_string(hide_password=False)
    words = [url, *(str(each) for each in (number, editor.person, editor.organisation))]
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    ended = []
    with subprocess.Popen([sys.executable, "-c", KILLED, *words], **given) as process:
        assert process.stdin
        assert process.stdout
        for statements in range(0, 30, 2):
            process.stdin.write(f"{statements}\n")
            process.stdin.flush()
            ended.append(int(process.stdout.readline()))
            with sqlite.reading() as session:
                held = drafts.contents(session, session.get_one(Case, number))["basics"]
                edits = session.execute(select(DraftEdit.content, DraftEdit.ended).order_by(DraftEdit.id)).all()
                told = session.scalar(select(func.count()).where(Event.verb == "case.edit"))
            if ended[-1] == 0:
                break
            assert (held, [tuple(edit) for edit in edits], told) == (summary("old"), [(summary("old"), None)], 0)
        process.stdin.close()
    assert ended[:-1] == [-signal.SIGKILL] * (len(ended) - 1)
    assert len(ended) > 4
    assert (held, told) == (summary("new"), 1)
    assert [tuple(edit) for edit in edits] == [(summary("old"), "pause"), (summary("new"), None)]
