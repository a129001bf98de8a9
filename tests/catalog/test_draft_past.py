"""The past of a draft: one text for each sitting, one event that tells of it, and the way back."""

from __future__ import annotations

import datetime as dt

import make
import pytest
from drafting import MINUTE, NOW, TITLE, begun, colleague, past, save, titled, told
from sqlalchemy.orm import Session

from library.catalog import draft_past, drafts
from library.db import unit
from library.errors import Forbidden, Missing
from library.policy import Actor


def test_saves_of_one_sitting_are_one(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, TITLE)
        save(session, editor, case, {"summary": {"zh": "短"}}, 1, now=NOW + 10 * MINUTE)
    assert past(session, case) == [({"summary": {"zh": "短"}}, None)]
    assert told(session, case, "case.edit") == []


@pytest.mark.parametrize("who", ["same", "other"])
def test_a_pause_or_another_editor_ends_it(session: Session, editor: Actor, who: str) -> None:
    second = editor if who == "same" else colleague(session, editor)
    later = NOW + (11 * MINUTE if who == "same" else MINUTE)
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, titled("a"))
        save(session, editor, case, {**titled("b"), "novelty": ["form"]}, 1)
        save(session, second, case, titled("c"), 2, now=later)
    why = "pause" if who == "same" else "another"
    assert past(session, case) == [({**titled("b"), "novelty": ["form"]}, why), (titled("c"), None)]
    ((actor, detail),) = told(session, case, "case.edit")
    assert (actor, detail["section"], detail["fields"], detail["ended"], detail["version"]) == (
        editor.id, "basics", ["novelty", "title"], why, 2,
    )  # fmt: skip


def test_handing_in_ends_all_of_a_case(session: Session, editor: Actor) -> None:
    with unit(session):
        case, other = begun(session, editor), begun(session, editor)
        save(session, editor, case, TITLE)
        save(session, editor, other, TITLE)
        save(session, colleague(session, editor), case, {"benefits": {"zh": "好"}}, section="results")
    with unit(session):
        assert draft_past.end_edits(session, case, "submit", now=NOW) == 2
    assert draft_past.end_edits(session, case, "submit", now=NOW) == 0
    assert len(told(session, case, "case.edit")) == 2
    assert [end for _, end in past(session, other)] == [None]


def test_the_timer_ends_what_paused(session: Session, editor: Actor) -> None:
    with unit(session):
        case, other = begun(session, editor), begun(session, editor)
        save(session, editor, case, TITLE)
        save(session, editor, other, TITLE, now=NOW + MINUTE)
    with unit(session):
        assert draft_past.end_paused(session, now=NOW + 10 * MINUTE) == 0
        assert draft_past.end_paused(session, now=NOW + 11 * MINUTE) == 1
        assert draft_past.end_paused(session, now=NOW + 11 * MINUTE) == 0
    assert [end for _, end in past(session, case) + past(session, other)] == ["pause", None]
    ((actor, detail),) = told(session, case, "case.edit")
    assert (actor, detail["ended"]) == (editor.id, "pause")


def test_what_is_kept(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    hours = [NOW + dt.timedelta(hours=number) for number in range(45)]
    for number, at in enumerate(hours):
        save(session, editor, case, titled(str(number)), number, now=at)
    month = dt.timedelta(days=30)
    assert draft_past.forget(session, now=NOW + month) == 0
    assert draft_past.forget(session, now=hours[3] + month) == 3
    assert draft_past.forget(session, now=hours[44] + 2 * month) == 22
    assert [content for content, _ in past(session, case)] == [titled(str(number)) for number in range(25, 45)]


def test_each_section_keeps_its_own_past(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    for number in range(21):
        at = NOW + number * 11 * MINUTE
        save(session, editor, case, titled(str(number)), number, now=at)
    save(session, editor, case, {"benefits": {"zh": "好"}}, section="results")
    assert draft_past.forget(session, now=NOW + dt.timedelta(days=40)) == 1
    assert len(draft_past.history(session, editor, case, "results")) == 1


def test_the_past_is_the_members(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    save(session, editor, case, titled("a"))
    save(session, editor, case, titled("b"), 1, now=NOW + 11 * MINUTE)
    for actor in (editor, colleague(session, editor, "commenter")):
        shown = draft_past.history(session, actor, case, "basics")
        assert [edit.content for edit in shown] == [titled("b"), titled("a")]
    case.code = "MIOT-2026-0001"  # handed in: an officer reads the draft, and still not its past
    for actor in (make.officer(session), make.member(session, make.organisation(session))):
        with pytest.raises(Forbidden):
            draft_past.history(session, actor, case, "basics")


def test_an_earlier_text_comes_back_and_nothing_goes(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, titled("a"))
        save(session, editor, case, titled("b"), 1, now=NOW + 11 * MINUTE)
    wanted = draft_past.history(session, editor, case, "basics")[-1]
    with unit(session):
        row = drafts.restore(session, editor, case, "basics", edit=wanted.id, version=2, now=NOW + 12 * MINUTE)
    assert (row.content, row.version) == (titled("a"), 3)
    assert past(session, case) == [
        (titled("a"), "pause"), (titled("b"), "restore"), (titled("a"), None),
    ]  # fmt: skip


def test_an_old_form_restores_nothing(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, titled("a"))
        save(session, editor, case, titled("b"), 1, now=NOW + 11 * MINUTE)
    wanted = draft_past.history(session, editor, case, "basics")[-1]
    with pytest.raises(drafts.Stale), unit(session):
        drafts.restore(session, editor, case, "basics", edit=wanted.id, version=1, now=NOW)
    assert past(session, case) == [(titled("a"), "pause"), (titled("b"), None)]


def test_only_from_the_same_section_by_who_may_write(session: Session, editor: Actor) -> None:
    case, other = begun(session, editor), begun(session, editor)
    save(session, editor, other, titled("other"))
    foreign = draft_past.history(session, editor, other, "basics")[0]
    save(session, editor, case, titled("a"))
    with pytest.raises(Missing):
        drafts.restore(session, editor, case, "basics", edit=foreign.id, version=1, now=NOW)
    commenter = colleague(session, editor, "commenter")
    with pytest.raises(Forbidden):
        drafts.restore(session, commenter, other, "basics", edit=foreign.id, version=1, now=NOW)
