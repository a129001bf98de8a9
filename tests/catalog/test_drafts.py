"""A draft begun, saved, restored, remarked on and copied; refusals, and two editors at once."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import make
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from library.catalog import draft_comments, draft_copies, draft_past, drafts, operations
from library.catalog.draft_models import DraftEdit, DraftSection, Submission
from library.catalog.models import Attachment, Case
from library.catalog.upload_models import Upload
from library.db import Database, unit
from library.errors import Conflict, Forbidden, Invalid, Missing
from library.events import Event, EventDetail
from library.policy import SYSTEM, VISITOR, Actor
from library.workflow import Move, step

NOW = make.NOW
MINUTE = dt.timedelta(minutes=1)
TITLE = {"title": {"zh": "智能水表"}}


@pytest.fixture
def editor(session: Session) -> Actor:
    return make.member(session, make.organisation(session))


def colleague(session: Session, editor: Actor, role: str = "editor") -> Actor:
    """Somebody else of the same organisation."""
    person = make.person(session)
    return Actor(person.subject, editor.organisation, person=person.id, membership=role)


def begun(session: Session, actor: Actor) -> Case:
    return drafts.start(session, actor, now=NOW)


def save(
    session: Session,
    actor: Actor,
    case: Case,
    content: dict[str, Any],
    version: int = 0,
    *,
    section: str = "basics",
    now: dt.datetime = NOW,
) -> DraftSection:
    return drafts.save(session, actor, case, section, content=content, version=version, now=now)


def unconfirmed(session: Session, case: Case) -> list[str]:
    return [field for row in drafts.all_rows(session, case).values() for field in row.unconfirmed]


def titled(text: str) -> dict[str, Any]:
    return {"title": {"zh": text}}


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


def told(session: Session, case: Case, verb: str) -> list[tuple[str, dict[str, Any]]]:
    """Actor and detail of the events of a kind about a case; the unit has ended."""
    rows = (
        select(Event.actor, EventDetail.detail)
        .join(EventDetail, EventDetail.seq == Event.seq)
        .where(Event.subject == case.subject, Event.verb == verb)
        .order_by(Event.seq)
    )
    return [(actor, json.loads(detail)) for actor, detail in session.execute(rows)]


def past(session: Session, case: Case) -> list[tuple[dict[str, Any], str | None]]:
    """Content and end of every sitting, oldest first."""
    rows = select(DraftEdit).where(DraftEdit.case_id == case.id).order_by(DraftEdit.last_at, DraftEdit.id)
    return [(edit.content, edit.ended) for edit in session.scalars(rows)]


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


class TestSittings:
    """One text is kept for each sitting; one event tells of it."""

    def test_saves_of_one_sitting_are_one(self, session: Session, editor: Actor) -> None:
        with unit(session):
            case = begun(session, editor)
            save(session, editor, case, TITLE)
            save(session, editor, case, {"summary": {"zh": "短"}}, 1, now=NOW + 10 * MINUTE)
        assert past(session, case) == [({"summary": {"zh": "短"}}, None)]
        assert told(session, case, "case.edit") == []

    @pytest.mark.parametrize("who", ["same", "other"])
    def test_a_pause_or_another_editor_ends_it(self, session: Session, editor: Actor, who: str) -> None:
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

    def test_handing_in_ends_all_of_a_case(self, session: Session, editor: Actor) -> None:
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

    def test_the_timer_ends_what_paused(self, session: Session, editor: Actor) -> None:
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

    def test_what_is_kept(self, session: Session, editor: Actor) -> None:
        case = begun(session, editor)
        hours = [NOW + dt.timedelta(hours=number) for number in range(45)]
        for number, at in enumerate(hours):
            save(session, editor, case, titled(str(number)), number, now=at)
        month = dt.timedelta(days=30)
        assert draft_past.forget(session, now=NOW + month) == 0
        assert draft_past.forget(session, now=hours[3] + month) == 3
        assert draft_past.forget(session, now=hours[44] + 2 * month) == 22
        assert [content for content, _ in past(session, case)] == [titled(str(number)) for number in range(25, 45)]

    def test_each_section_keeps_its_own_past(self, session: Session, editor: Actor) -> None:
        case = begun(session, editor)
        for number in range(21):
            at = NOW + number * 11 * MINUTE
            save(session, editor, case, titled(str(number)), number, now=at)
        save(session, editor, case, {"benefits": {"zh": "好"}}, section="results")
        assert draft_past.forget(session, now=NOW + dt.timedelta(days=40)) == 1
        assert len(draft_past.history(session, editor, case, "results")) == 1

    def test_the_past_is_the_members(self, session: Session, editor: Actor) -> None:
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


class TestRestoring:
    def test_an_earlier_text_comes_back_and_nothing_goes(self, session: Session, editor: Actor) -> None:
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

    def test_an_old_form_restores_nothing(self, session: Session, editor: Actor) -> None:
        with unit(session):
            case = begun(session, editor)
            save(session, editor, case, titled("a"))
            save(session, editor, case, titled("b"), 1, now=NOW + 11 * MINUTE)
        wanted = draft_past.history(session, editor, case, "basics")[-1]
        with pytest.raises(drafts.Stale), unit(session):
            drafts.restore(session, editor, case, "basics", edit=wanted.id, version=1, now=NOW)
        assert past(session, case) == [(titled("a"), "pause"), (titled("b"), None)]

    def test_only_from_the_same_section_by_who_may_write(self, session: Session, editor: Actor) -> None:
        case, other = begun(session, editor), begun(session, editor)
        save(session, editor, other, titled("other"))
        foreign = draft_past.history(session, editor, other, "basics")[0]
        save(session, editor, case, titled("a"))
        with pytest.raises(Missing):
            drafts.restore(session, editor, case, "basics", edit=foreign.id, version=1, now=NOW)
        commenter = colleague(session, editor, "commenter")
        with pytest.raises(Forbidden):
            drafts.restore(session, commenter, other, "basics", edit=foreign.id, version=1, now=NOW)


class TestComments:
    def test_a_commenter_remarks_and_an_editor_settles(self, session: Session, editor: Actor) -> None:
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

    def test_a_commenter_settles_only_what_is_his(self, session: Session, editor: Actor) -> None:
        case, commenter = begun(session, editor), colleague(session, editor, "commenter")
        theirs = draft_comments.comment(session, editor, case, "basics", text="So?", now=NOW)
        with pytest.raises(Forbidden):
            draft_comments.settle(session, commenter, case, comment=theirs.id, now=NOW)
        mine = draft_comments.comment(session, commenter, case, "basics", text="Why?", now=NOW)
        assert draft_comments.settle(session, commenter, case, comment=mine.id, now=NOW) is mine

    def test_strangers_neither_read_nor_write(self, session: Session, editor: Actor) -> None:
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
    def test_what_is_no_comment(self, session: Session, editor: Actor, text: str) -> None:
        case = begun(session, editor)
        with pytest.raises(Invalid) as refused:
            draft_comments.comment(session, editor, case, "basics", text=text, now=NOW)
        assert list(refused.value.fields) == ["text"]


class TestCopies:
    def source(self, session: Session, editor: Actor) -> Case:
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

    def test_text_comes_along_and_nothing_that_must_be_said_anew(self, session: Session, editor: Actor) -> None:
        source = self.source(session, editor)
        copy = draft_copies.copy_forward(session, editor, source.key, now=NOW)
        kept = {name: content for name, content in drafts.contents(session, copy).items() if content}
        assert kept == {
            "basics": TITLE,
            "deployment": {"migration": {"from": ["2g"]}, "status": "live"},
            "connections": {"connections": [{"value": "12万", "as_of": day} for day in ("2025-11", "2026-03-01")]},
        }
        assert (copy.copied_from, copy.state, copy.owner_id) == (source.key, "draft", editor.organisation)
        assert unconfirmed(session, copy) == ["title", "migration", "status", "connections"]

    def test_a_field_is_confirmed_by_a_word_or_by_a_change(self, session: Session, editor: Actor) -> None:
        copy = draft_copies.copy_forward(session, editor, self.source(session, editor).key, now=NOW)
        drafts.confirm(session, editor, copy, "deployment", fields=["status"], now=NOW)
        save(session, editor, copy, titled("其他"), 1)
        assert unconfirmed(session, copy) == ["migration", "connections"]
        commenter = colleague(session, editor, "commenter")
        with pytest.raises(Forbidden):
            drafts.confirm(session, commenter, copy, "deployment", fields=["migration"], now=NOW)

    def test_what_was_copied_can_be_restored(self, session: Session, editor: Actor) -> None:
        copy = draft_copies.copy_forward(session, editor, self.source(session, editor).key, now=NOW)
        save(session, editor, copy, {}, 1, now=NOW + MINUTE)
        assert past(session, copy) == [(TITLE, "start"), ({}, None)]

    def test_a_public_case_lends_what_its_reader_sees(self, session: Session, editor: Actor) -> None:
        source = [{"title": "A copy", "url": "https://copies.example/1", "link": False}]
        code = make.case(session, sources=source, unit_cost_band="<20").code
        assert code is not None
        copy = draft_copies.copy_forward(session, editor, code, now=NOW)
        said = drafts.contents(session, copy)
        assert said["basics"]["title"] == {"zh": "智能水表", "en": "Smart water meters"}
        assert said["sources"] == {"sources": [{"title": "A copy", "link": False}]}
        assert said["connections"] == {}  # its number is of August 2025
        assert said["declarations"] == {}

    def test_what_one_may_not_see_cannot_be_copied(self, session: Session, editor: Actor) -> None:
        stranger = make.member(session, make.organisation(session))
        source = self.source(session, editor)
        hidden = make.case(session, state="archived")
        public = make.case(session)
        for name in (source.key, hidden.code, hidden.key, public.key, "MIOT-P-9999"):
            with pytest.raises(Missing):
                draft_copies.copy_forward(session, stranger, str(name), now=NOW)
        with pytest.raises(Forbidden):
            draft_copies.copy_forward(session, VISITOR, str(public.code), now=NOW)


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
