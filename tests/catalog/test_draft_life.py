"""A draft's life with two editors: typed, conflicted, restored, paused, killed; and nothing saved is lost."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import threading
from typing import Any

import make
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from library.accounts import people
from library.accounts.models import Membership, Person
from library.catalog import draft_past, drafts
from library.catalog.draft_models import DraftEdit, DraftSection
from library.catalog.models import Case
from library.config import ROOT
from library.db import Database
from library.errors import Conflict, Forbidden
from library.events import Event
from library.policy import SYSTEM, Actor
from library.workflow import Move, step

SECTIONS = ("basics", "results")
FIELD = {"basics": "summary", "results": "benefits"}
WORDS = st.sampled_from(("", "甲", "乙", "丙"))


def content(section: str, words: str) -> dict[str, Any]:
    return {FIELD[section]: {"zh": words}} if words else {}


def begun(database: Database) -> tuple[list[Actor], int]:
    """Two editors of an organisation, and a draft of it."""
    with database.unit() as session:
        first = make.member(session, make.organisation(session))
        person = make.person(session)
        second = Actor(person.subject, first.organisation, person=person.id, membership="owner")
        return [first, second], drafts.start(session, first, now=make.NOW).id


class Life(RuleBasedStateMachine):
    """The model knows what was accepted last, and every text that was the last of a sitting."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.writers, self.number = begun(self.database)
        self.now = make.NOW
        self.present = dict.fromkeys(SECTIONS, "")
        self.version = dict.fromkeys(SECTIONS, 0)
        self.seen = [dict.fromkeys(SECTIONS, 0) for _ in self.writers]
        self.sitting: dict[str, tuple[int, dt.datetime] | None] = dict.fromkeys(SECTIONS)
        self.ended: list[tuple[str, str, dt.datetime]] = []

    @rule(minutes=st.sampled_from((1, 9, 10, 11, 60 * 24 * 7)))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule(who=st.integers(0, 1), section=st.sampled_from(SECTIONS))
    def look(self, who: int, section: str) -> None:
        """Load the page again."""
        with self.database.reading() as session:
            case = session.get_one(Case, self.number)
            row = drafts.rows(session, self.writers[who], case)[section]
        assert (row.content, row.version) == (content(section, self.present[section]), self.version[section])
        self.seen[who][section] = row.version

    @rule(who=st.integers(0, 1), section=st.sampled_from(SECTIONS), words=WORDS, dies=st.booleans())
    def type_in(self, who: int, section: str, words: str, dies: bool) -> None:
        """Save on top of what this editor saw last; now and then everything ends before the commit."""
        stale = self.seen[who][section] != self.version[section]
        given = {"content": content(section, words), "version": self.seen[who][section], "now": self.now}
        try:
            with self.database.unit() as session:
                row = drafts.save(session, self.writers[who], session.get_one(Case, self.number), section, **given)
                if dies:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            return
        except drafts.Stale as conflict:
            told = conflict.current
        else:
            told = None
        if told is not None:
            assert stale
            assert (told.content, told.version) == (content(section, self.present[section]), self.version[section])
            self.seen[who][section] = told.version
            return
        assert row.content == content(section, words)
        if words != self.present[section]:
            assert not stale
            self.accepted(who, section, words)
        self.seen[who][section] = self.version[section]

    @rule(who=st.integers(0, 1), section=st.sampled_from(SECTIONS), place=st.integers(0, 5))
    def restore(self, who: int, section: str, place: int) -> None:
        with self.database.unit() as session:
            case = session.get_one(Case, self.number)
            edits = draft_past.history(session, self.writers[who], case, section)
            if not edits:
                return
            wanted = edits[place % len(edits)]
            given = {"edit": wanted.id, "version": self.version[section], "now": self.now}
            drafts.restore(session, self.writers[who], case, section, **given)
            words = wanted.content.get(FIELD[section], {}).get("zh", "")
        self.end(section)
        if words != self.present[section]:
            self.accepted(who, section, words)

    @rule()
    def the_timer_rings(self) -> None:
        with self.database.unit() as session:
            draft_past.end_paused(session, now=self.now)
            draft_past.forget(session, now=self.now)
        for section, sitting in self.sitting.items():
            if sitting and self.now - sitting[1] > draft_past.PAUSE:
                self.end(section)

    @precondition(lambda self: any(self.sitting.values()))
    @rule()
    def hand_in(self) -> None:
        with self.database.unit() as session:
            draft_past.end_edits(session, session.get_one(Case, self.number), "submit", now=self.now)
        for section in SECTIONS:
            self.end(section)

    def accepted(self, who: int, section: str, words: str) -> None:
        sitting = self.sitting[section]
        if sitting and (sitting[0] != who or self.now - sitting[1] > draft_past.PAUSE):
            self.end(section)
        self.sitting[section] = (who, self.now)
        self.present[section] = words
        self.version[section] += 1

    def end(self, section: str) -> None:
        if sitting := self.sitting[section]:
            self.ended.append((section, self.present[section], sitting[1]))
        self.sitting[section] = None

    @invariant()
    def nothing_is_lost(self) -> None:
        with self.database.reading() as session:
            case = session.get_one(Case, self.number)
            assert {name: drafts.contents(session, case)[name] for name in SECTIONS} == {
                name: content(name, words) for name, words in self.present.items()
            }
            every = select(DraftEdit).where(DraftEdit.case_id == self.number).order_by(DraftEdit.id)
            edits = session.scalars(every).all()
            open_ones = {edit.section: edit.content for edit in edits if edit.ended is None}
            assert open_ones == {
                name: content(name, self.present[name]) for name, sitting in self.sitting.items() if sitting
            }
            held = [(edit.section, edit.content, edit.last_at) for edit in edits if edit.ended]
            for name in SECTIONS:
                told = [(name, content(name, words), at) for part, words, at in self.ended if part == name]
                open_now = self.sitting[name] is not None
                kept = [
                    each for place, each in enumerate(reversed(told)) if self.is_kept(place + open_now, each[2])
                ]
                assert [each for each in held if each[0] == name][-len(kept) :] == kept[::-1] or not kept
            events = select(func.count()).where(Event.verb == "case.edit", Event.subject == case.subject)
            assert session.scalar(events) == len(self.ended)

    def is_kept(self, place: int, at: dt.datetime) -> bool:
        return place < draft_past.KEPT or at >= self.now - draft_past.KEPT_FOR


def test_nothing_that_was_saved_is_ever_lost(database: Database) -> None:
    machine = type("Machine", (Life,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=40))


def summary(words: str) -> dict[str, Any]:
    return content("basics", words)


def save(database: Database, actor: Actor, number: int, words: str, version: int) -> DraftSection:
    """In a unit of its own, as a request does."""
    with database.unit() as session:
        case = session.get_one(Case, number)
        return drafts.save(session, actor, case, "basics", content=summary(words), version=version, now=make.NOW)


def test_of_two_at_once_one_is_told_of_the_other(database: Database) -> None:
    """Real threads on real transactions: ten rounds, each with one save and one conflict."""
    writers, number = begun(database)
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
    writers, number = begun(database)
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
    (editor, _), number = begun(database)
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


def test_a_process_that_is_killed_leaves_the_old_text_or_the_new(database: Database) -> None:
    """Killed after each statement of a save in turn, until one run gets to the end."""
    (editor, _), number = begun(database)
    save(database, editor, number, "old", 0)
    url = database.engine.url.render_as_string(hide_password=False)
    words = [url, *(str(each) for each in (number, editor.person, editor.organisation))]
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    ended = []
    with subprocess.Popen([sys.executable, "-c", KILLED, *words], **given) as process:
        assert process.stdin
        assert process.stdout
        for statements in range(30):
            process.stdin.write(f"{statements}\n")
            process.stdin.flush()
            ended.append(int(process.stdout.readline()))
            with database.reading() as session:
                held = drafts.contents(session, session.get_one(Case, number))["basics"]
                edits = session.execute(select(DraftEdit.content, DraftEdit.ended).order_by(DraftEdit.id)).all()
                told = session.scalar(select(func.count()).where(Event.verb == "case.edit"))
            if ended[-1] == 0:
                break
            assert (held, [tuple(edit) for edit in edits], told) == (summary("old"), [(summary("old"), None)], 0)
        process.stdin.close()
    assert ended[:-1] == [-signal.SIGKILL] * (len(ended) - 1)
    assert len(ended) > 8
    assert (held, told) == (summary("new"), 1)
    assert [tuple(edit) for edit in edits] == [(summary("old"), "pause"), (summary("new"), None)]
