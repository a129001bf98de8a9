"""Remarks on the sections of a draft."""

from __future__ import annotations

import make
import pytest
from drafting import MINUTE, NOW, begun, colleague, told
from sqlalchemy.orm import Session

from library.catalog import draft_comments
from library.db import unit
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.policy import VISITOR, Actor


def test_a_commenter_remarks_and_an_editor_settles(session: Session, editor: Actor) -> None:
    commenter = colleague(session, editor, "commenter")
    with unit(session):
        case = begun(session, editor)
        row = draft_comments.comment(session, commenter, case, "basics", text=" Which town? ", now=NOW)
    assert told(session, case, "case.comment") == [(commenter.id, {"comment": row.id, "section": "basics"})]
    settled = draft_comments.settle(session, editor, case, comment=row.id, now=NOW + MINUTE)
    assert (settled.text, settled.settled_by, settled.settled_at) == (
        "Which town?", editor.person, NOW + MINUTE,
    )  # fmt: skip
    with pytest.raises(Conflict):
        draft_comments.settle(session, editor, case, comment=row.id, now=NOW)
    assert draft_comments.comments(session, commenter, case) == [row]


def test_a_commenter_settles_only_what_is_his(session: Session, editor: Actor) -> None:
    case, commenter = begun(session, editor), colleague(session, editor, "commenter")
    theirs = draft_comments.comment(session, editor, case, "basics", text="So?", now=NOW)
    with pytest.raises(Forbidden):
        draft_comments.settle(session, commenter, case, comment=theirs.id, now=NOW)
    mine = draft_comments.comment(session, commenter, case, "basics", text="Why?", now=NOW)
    assert draft_comments.settle(session, commenter, case, comment=mine.id, now=NOW) is mine


def test_strangers_neither_read_nor_write(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    mine = draft_comments.comment(session, editor, case, "basics", text="A secret", now=NOW)
    for actor in (VISITOR, make.officer(session), make.member(session, make.organisation(session))):
        with pytest.raises(Forbidden):
            draft_comments.comments(session, actor, case)
        with pytest.raises(Forbidden):
            draft_comments.comment(session, actor, case, "basics", text="Hello", now=NOW)
        with pytest.raises(Forbidden):
            draft_comments.settle(session, actor, case, comment=mine.id, now=NOW)
    elsewhere = begun(session, editor)
    with pytest.raises(Missing):
        draft_comments.settle(session, editor, elsewhere, comment=mine.id, now=NOW)


@pytest.mark.parametrize("text", ["", "  ", "a\0", "x" * 2001])
def test_what_is_no_comment(session: Session, editor: Actor, text: str) -> None:
    case = begun(session, editor)
    with pytest.raises(Invalid) as refused:
        draft_comments.comment(session, editor, case, "basics", text=text, now=NOW)
    assert list(refused.value.fields) == ["text"]
