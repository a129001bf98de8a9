"""A draft begun and saved; refusals; and a change of a public case."""

from __future__ import annotations

from typing import Any

import make
import pytest
from drafting import MINUTE, NOW, TITLE, begun, colleague, past, save, titled, told
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import drafts, operations
from library.catalog.draft_models import Submission
from library.catalog.models import Attachment, Case
from library.catalog.upload_models import Upload
from library.db import Database, unit
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.policy import SYSTEM, VISITOR, Actor
from library.workflow import Move, step


def move(session: Session, case: Case, target: str) -> None:
    """Put a case into a state, as some move does."""
    every = frozenset({"draft", "submitted", "returned", "admitted", "declined", "withdrawn", "archived"})
    row = Move("case.put", every, target, lambda actor, subject: True)
    step([row], session, SYSTEM, case, "case.put", now=NOW)


def handed_in(session: Session, case: Case, outcome: str | None, fields: tuple[str, ...] = ()) -> None:
    answer = {"decided_at": NOW, "decided_by": "person:1", "reason": "See the fields."} if outcome else {}
    row = Submission(case_id=case.id, number=1, document={}, digest="", findings=[], at=NOW, fields=list(fields))
    for name, value in ({"outcome": outcome} | answer).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def test_an_organisation_that_is_not_verified_may_draft(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
    assert (case.origin, case.state, case.owner_id, case.code) == ("submitted", "draft", editor.organisation, None)
    assert told(session, case, "case.begin") == [(editor.id, {"origin": "submitted"})]


def test_a_demonstration_organisation_writes_demonstration_cases(session: Session) -> None:
    actor = make.member(session, make.organisation(session, demonstration=True))
    assert begun(session, actor).origin == "demo"


def test_who_may_not_begin(session: Session, editor: Actor) -> None:
    former = Actor(editor.id, editor.organisation, person=editor.person)
    for actor in (VISITOR, make.officer(session), colleague(session, editor, "commenter"), former):
        with pytest.raises(Forbidden):
            begun(session, actor)


def test_a_program_that_may_only_read_saves_nothing(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    program = Actor(editor.id, editor.organisation, person=editor.person, membership="editor", scopes=frozenset())
    with pytest.raises(Forbidden):
        save(session, program, case, TITLE)


def test_a_draft_is_found_by_those_who_may_read_it(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    commenter = colleague(session, editor, "commenter")
    assert {drafts.draft(session, actor, case.key).id for actor in (editor, commenter)} == {case.id}
    strangers = (VISITOR, make.officer(session), make.member(session, make.organisation(session)))
    for actor in strangers:
        with pytest.raises(Missing):
            drafts.draft(session, actor, case.key)
        with pytest.raises(Forbidden):
            drafts.rows(session, actor, case)


def test_a_save_raises_the_version_and_keeps_what_was_typed(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    first = save(session, editor, case, {**TITLE, "sectors": ["no such sector"]})
    assert (first.version, first.person_id, first.at) == (1, editor.person, NOW)
    second = save(
        session, editor, case, {"title": {"zh": "  ", "en": "Meters"}, "novelty": []}, 1, now=NOW + MINUTE
    )
    assert (second.version, second.content) == (2, {"title": {"en": "Meters"}})
    shown = drafts.rows(session, editor, case)
    assert {name: row.version for name, row in shown.items() if row.version} == {"basics": 2}
    assert list(shown)[:2] == ["basics", "deployment"]
    assert shown["sources"].content == {}


def test_the_same_content_saves_nothing_even_from_an_old_form(session: Session, editor: Actor) -> None:
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, TITLE)
    again = save(
        session, colleague(session, editor), case, {"title": {"zh": "智能水表", "en": " "}}, 0, now=NOW + MINUTE
    )
    assert (again.version, again.person_id, again.at) == (1, editor.person, NOW)
    assert len(past(session, case)) == 1


def test_an_old_form_is_a_conflict_that_shows_who_wrote_what(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    other = colleague(session, editor)
    save(session, other, case, titled("theirs"))
    with pytest.raises(drafts.Stale) as stale:
        save(session, editor, case, titled("mine"), 0, now=NOW + MINUTE)
    current = stale.value.current
    assert (current.content, current.person_id, current.at) == (titled("theirs"), other.person, NOW)
    assert save(session, editor, case, titled("both"), 1).content == titled("both")


def test_a_version_that_never_was_is_a_conflict(session: Session, editor: Actor) -> None:
    with pytest.raises(drafts.Stale):
        save(session, editor, begun(session, editor), TITLE, 7)


def test_sections_do_not_disturb_each_other(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    save(session, editor, case, TITLE)
    save(session, colleague(session, editor), case, {"benefits": {"zh": "省水"}}, section="results")
    kept = {name: content for name, content in drafts.contents(session, case).items() if content}
    assert kept == {"basics": TITLE, "results": {"benefits": {"zh": "省水"}}}


def test_what_may_not_be_kept_leaves_the_draft_as_it_was(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    save(session, editor, case, TITLE)
    with pytest.raises(Invalid) as refused:
        save(session, editor, case, {"title": {"zh": "a\0b"}, "owner_id": 7}, 1)
    assert set(refused.value.fields) == {"title.zh", "owner_id"}
    with pytest.raises(Missing):
        save(session, editor, case, {}, section="secrets")
    assert drafts.contents(session, case)["basics"] == TITLE


@pytest.mark.parametrize("state", ["submitted", "declined", "withdrawn", "archived"])
def test_a_case_that_is_not_open_is_locked(session: Session, editor: Actor, state: str) -> None:
    case = begun(session, editor)
    move(session, case, state)
    with pytest.raises(Conflict):
        save(session, editor, case, TITLE)


def test_a_returned_case_opens_the_named_fields_only(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    place = {"place": {"country": "CN", "text": {"zh": "广东"}}, "status": "live"}
    save(session, editor, case, place, section="deployment")
    move(session, case, "returned")
    handed_in(session, case, "returned", ("place.text", "connections"))
    assert drafts.open_fields(session, case) == ("place.text", "connections")
    moved = {"place": {"country": "CN", "text": {"zh": "广东省", "en": "Guangdong"}}, "status": "live"}
    assert save(session, editor, case, moved, 1, section="deployment").version == 2
    wrong = {"place": {"country": "US", "text": {"zh": "广东省"}}, "status": "ended"}
    with pytest.raises(Forbidden) as locked:
        save(session, editor, case, wrong, 2, section="deployment")
    assert set(locked.value.fields) == {"place.country", "status"}
    with pytest.raises(Forbidden):
        save(session, editor, case, TITLE)
    assert save(session, editor, case, {"connections": [{"value": "12万"}]}, section="connections").version == 1


def test_a_return_without_named_fields_opens_all(session: Session, editor: Actor) -> None:
    case = begun(session, editor)
    move(session, case, "returned")
    handed_in(session, case, "returned")
    assert save(session, editor, case, TITLE).version == 1


@pytest.fixture
def admitted(session: Session, editor: Actor) -> Case:
    """A public case of the editor's organisation, in the words of `make.document`."""
    make.taxonomy(session)
    case = operations.create(session, SYSTEM, origin="submitted", owner=editor.organisation, now=NOW)
    document = operations.SCHEMA.load(make.document(origin="submitted", code="MIOT-2026-0001"))
    row = Move("case.put", frozenset({"draft"}), "admitted", lambda actor, subject: True, effect=operations.revise)
    step([row], session, SYSTEM, case, "case.put", now=NOW, document=document)
    return case


def test_a_change_begins_with_the_revision_and_leaves_it_alone(
    session: Session, editor: Actor, admitted: Case
) -> None:
    said = drafts.contents(session, admitted)
    assert said["basics"]["title"] == {"zh": "智能水表", "en": "Smart water meters"}
    public = {key: value for key, value in admitted.revisions[0].document.items() if key not in ("code", "origin")}
    blank = {key for key, value in public.items() if value in ([], {})}
    typed = drafts.document(session, admitted)
    assert {key: value for key, value in typed.items() if key not in blank} == {
        key: value for key, value in _without_blanks(public).items() if key not in blank
    }
    save(session, editor, admitted, {**said["basics"], "title": {"zh": "新水表"}})
    assert drafts.document(session, admitted)["title"] == {"zh": "新水表"}
    assert admitted.revisions[0].document["title"]["zh"] == "智能水表"
    assert (admitted.state, admitted.title_zh, admitted.revision) == ("admitted", "智能水表", 1)
    assert past(session, admitted)[0] == (said["basics"], "start")


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_blanks(inner) for key, inner in value.items() if inner not in ([], {}, "")}
    return [_without_blanks(inner) for inner in value] if isinstance(value, list) else value


def test_a_change_that_was_handed_in_is_locked(session: Session, editor: Actor, admitted: Case) -> None:
    handed_in(session, admitted, None)
    with pytest.raises(Conflict):
        save(session, editor, admitted, TITLE)


def test_a_change_that_came_back_opens_the_named_fields(session: Session, editor: Actor, admitted: Case) -> None:
    handed_in(session, admitted, "returned", ("summary",))
    basics = drafts.contents(session, admitted)["basics"]
    with pytest.raises(Forbidden):
        save(session, editor, admitted, {**basics, "title": {"zh": "新"}})
    assert save(session, editor, admitted, {**basics, "summary": {"zh": "新"}}).version == 1


def test_the_files_of_a_draft_are_those_that_are_ready(session: Session, editor: Actor) -> None:
    case, other = begun(session, editor), begun(session, editor)
    ready = {"received": 7, "sha256": "a" * 64, "media_type": "application/pdf"}
    ready |= {"public_sha256": "b" * 64, "public_size": 6}
    for key, owner, facts in (("ready", case, ready), ("coming", case, {}), ("theirs", other, ready)):
        of = {"case_id": owner.id, "person_id": editor.person, "at": NOW, "last_at": NOW}
        session.add(Upload(key=key, name=f"{key}.pdf", original=f"{key}.pdf", size=7, **of, **facts))
    session.flush()
    named = [{"upload": key, "title": {"zh": "图"}} for key in ("ready", "coming", "theirs", "none")]
    save(session, editor, case, {"attachments": named}, section="files")
    (file,) = drafts.document(session, case)["attachments"]
    assert {key: file[key] for key in ("name", "title", "sha256", "public_sha256", "size", "media_type")} == {
        "name": "ready.pdf", "title": {"zh": "图"}, "sha256": "a" * 64, "public_sha256": "b" * 64, "size": 7,
        "media_type": "application/pdf",
    }  # fmt: skip


def test_a_change_keeps_a_file_that_came_without_an_upload(
    session: Session, editor: Actor, admitted: Case
) -> None:
    file = {
        "name": "plan.pdf",
        "title": {"zh": "图"},
        "sha256": "c" * 64,
        "size": 3,
        "media_type": "application/pdf",
    }
    document = make.document(origin="submitted", code="MIOT-2026-0001", attachments=[file])
    operations.revise(session, SYSTEM, admitted, now=NOW, document=operations.SCHEMA.load(document))
    held = session.scalars(select(Attachment).where(Attachment.case_id == admitted.id)).one()
    (entry,) = drafts.contents(session, admitted)["files"]["attachments"]
    assert entry["upload"] == held.key
    save(session, editor, admitted, {"attachments": [{**entry, "title": {"zh": "新图"}}]}, section="files")
    (kept,) = drafts.document(session, admitted)["attachments"]
    assert (kept["sha256"], kept["title"]) == ("c" * 64, {"zh": "新图"})


def test_autosave_asks_the_database_little(
    database: Database, session: Session, editor: Actor, statements: list[str]
) -> None:
    with unit(session):
        case = begun(session, editor)
        save(session, editor, case, titled("a"))
    statements.clear()
    with unit(session):
        save(session, editor, case, titled("b"), 1, now=NOW + MINUTE)
    asked = [sql.split()[0] for sql in statements if not sql.startswith("BEGIN")]
    assert asked == ["SELECT", "SELECT", "UPDATE", "UPDATE"]
