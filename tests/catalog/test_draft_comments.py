"""Remarks on the sections of a draft."""

from __future__ import annotations

from pathlib import Path

import make
import pytest
from drafting import MINUTE, NOW, TITLE, begun, colleague, save, told
from sites import Site
from sqlalchemy.orm import Session

from library.catalog import draft_comments
from library.db import Database, unit
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.policy import VISITOR, Actor


def test_the_letter_says_which_case_which_section_who_and_what(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    with database.unit() as session:
        owner = make.organisation(session)
        editor = make.member(session, owner, "editor", email="li@works.example", lang="zh")
        commenter = make.member(session, owner, "commenter", name="蔡评", email="cai@works.example")
        case = begun(session, editor)
        draft_comments.comment(session, commenter, case, "deployment", text="哪座城市？\n请写明。", now=NOW)
        save(session, editor, case, TITLE)
        key = case.key
    site.work()
    [letter] = [each for each in site.letters() if each["To"] == "li@works.example"]
    assert letter["Subject"] == "蔡评批注了“智能水表”"
    for said in ("智能水表", "章节：部署状态", "哪座城市？", "请写明。", f"/work/{key}/deployment"):
        assert said in letter.get_content(), said


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


def test_settling_is_an_event(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
        row = draft_comments.comment(session, editor, case, "basics", text="Why?", now=NOW)
        draft_comments.settle(session, editor, case, comment=row.id, now=NOW)
    assert told(session, case, "case.settle") == [(editor.id, {"comment": row.id, "section": "basics"})]
