"""A draft's life with two editors: typed, conflicted, restored, paused; and nothing that was saved is lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import make
from drafting import two_editors
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

from library.catalog import draft_past, drafts
from library.catalog.draft_models import DraftEdit
from library.catalog.models import Case
from library.db import Database
from library.events import Event

SECTIONS = ("basics", "results")
FIELD = {"basics": "summary", "results": "benefits"}
WORDS = st.sampled_from(("", "甲", "乙", "丙"))


def content(section: str, words: str) -> dict[str, Any]:
    return {FIELD[section]: {"zh": words}} if words else {}


class Life(RuleBasedStateMachine):
    """The model knows what was accepted last, and every text that was the last of a sitting."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.writers, self.number = two_editors(self.database)
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
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=40))
