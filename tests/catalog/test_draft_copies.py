"""A case begun with the text of another one."""

from __future__ import annotations

import make
import pytest
from drafting import MINUTE, NOW, TITLE, begun, colleague, past, save, titled
from sqlalchemy.orm import Session

from library.catalog import draft_copies, drafts
from library.catalog.models import Case
from library.errors import Forbidden, Missing
from library.policy import VISITOR, Actor


def unconfirmed(session: Session, case: Case) -> list[str]:
    return [field for row in drafts.all_rows(session, case).values() for field in row.unconfirmed]


def written(session: Session, editor: Actor) -> Case:
    case = begun(session, editor)
    save(session, editor, case, TITLE)
    counts = [{"value": "12万", "as_of": day} for day in ("2025-10", "2025-11", "2026-03-01")]
    save(session, editor, case, {"connections": [*counts, {"value": 7}]}, section="connections")
    migration = {"migration": {"from": ["2g"], "count": 9, "as_of": "2024"}, "status": "live"}
    save(session, editor, case, migration, section="deployment")
    save(session, editor, case, {"attachments": [{"upload": "x"}]}, section="files")
    contact = {"contact": {"name": "王"}, "right_to_publish": True}
    save(session, editor, case, contact, section="declarations")
    return case


def test_text_comes_along_and_nothing_that_must_be_said_anew(session: Session, editor: Actor) -> None:
    source = written(session, editor)
    copy = draft_copies.copy_forward(session, editor, source.key, now=NOW)
    kept = {name: content for name, content in drafts.contents(session, copy).items() if content}
    assert kept == {
        "basics": TITLE,
        "deployment": {"migration": {"from": ["2g"]}, "status": "live"},
        "connections": {"connections": [{"value": "12万", "as_of": day} for day in ("2025-11", "2026-03-01")]},
    }
    assert (copy.copied_from, copy.state, copy.owner_id) == (source.key, "draft", editor.organisation)
    assert unconfirmed(session, copy) == ["title", "migration", "status", "connections"]


def test_a_field_is_confirmed_by_a_word_or_by_a_change(session: Session, editor: Actor) -> None:
    copy = draft_copies.copy_forward(session, editor, written(session, editor).key, now=NOW)
    drafts.confirm(session, editor, copy, "deployment", fields=["status"], now=NOW)
    save(session, editor, copy, titled("其他"), 1)
    assert unconfirmed(session, copy) == ["migration", "connections"]
    commenter = colleague(session, editor, "commenter")
    with pytest.raises(Forbidden):
        drafts.confirm(session, commenter, copy, "deployment", fields=["migration"], now=NOW)


def test_what_was_copied_can_be_restored(session: Session, editor: Actor) -> None:
    copy = draft_copies.copy_forward(session, editor, written(session, editor).key, now=NOW)
    save(session, editor, copy, {}, 1, now=NOW + MINUTE)
    assert past(session, copy) == [(TITLE, "start"), ({}, None)]


def test_a_public_case_lends_what_its_reader_sees(session: Session, editor: Actor) -> None:
    source = [{"title": "A copy", "url": "https://copies.example/1", "link": False}]
    code = make.case(session, sources=source, unit_cost_band="<20").code
    assert code is not None
    copy = draft_copies.copy_forward(session, editor, code, now=NOW)
    said = drafts.contents(session, copy)
    assert said["basics"]["title"] == {"zh": "智能水表", "en": "Smart water meters"}
    assert said["sources"] == {"sources": [{"title": "A copy", "link": False}]}
    assert said["connections"] == {}  # its number is of August 2025
    assert said["declarations"] == {}


def test_what_one_may_not_see_cannot_be_copied(session: Session, editor: Actor) -> None:
    stranger = make.member(session, make.organisation(session))
    source = written(session, editor)
    hidden = make.case(session, state="archived")
    public = make.case(session)
    for name in (source.key, hidden.code, hidden.key, public.key, "MIOT-P-9999"):
        with pytest.raises(Missing):
            draft_copies.copy_forward(session, stranger, str(name), now=NOW)
    with pytest.raises(Forbidden):
        draft_copies.copy_forward(session, VISITOR, str(public.code), now=NOW)
