"""Objections: what is taken at the form, to the second, how many, who learns the name, and when it is erased."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import entering
import handed_in
import make
import noticing
import pytest
from noticing import ANSWERED_BY, BEGIN, CONTACT, LAST, NAME, PDF, SECOND
from racing import at_once
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import events
from library.accounts.letter_models import Letter
from library.accounts.models import Membership
from library.chain import check_chain
from library.db import Database
from library.errors import Conflict, Forbidden, Gone, Invalid, Missing, Problem, TooMany
from library.events import Event, EventDetail
from library.policy import SYSTEM, VISITOR, Actor
from library.quarantine import hold, quarantine
from library.selection import facts, flow, objection_erasing, objection_flow, objections
from library.selection import notice_queries as queries
from library.selection.entry_models import Entry
from library.selection.notice_models import Evidence, Notice, Objection, Objector

DAY = dt.timedelta(days=1)
ALMOST = dt.timedelta(microseconds=999_999)


def refused(session: Session, notice: Notice, given: dict[str, str], *, files: int = 1) -> set[str]:
    """The fields that the form names."""
    with pytest.raises(Invalid) as problem:
        objections.checked(session, VISITOR, notice, given=given, files=files, now=BEGIN)
    return set(problem.value.fields)


def test_the_form_refuses_what_it_can_know(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    form = noticing.form
    assert refused(session, notice, {}) == {"entry", "ground", "text", "name", "contact", "consent"}
    for name in ("匿名", "匿名群众", "某某", "张某", "Anonymous", "n/a", "?!", "王"):
        assert refused(session, notice, form(scene.entry, name=name)) == {"name"}, name
    for contact in ("nowhere", "@", "a@b", "12345", "wang@example"):
        assert refused(session, notice, form(scene.entry, contact=contact)) == {"contact"}, contact
    assert refused(session, notice, form(scene.entry, consent="")) == {"consent"}
    assert refused(session, notice, form(scene.entry), files=0) == {"evidence"}
    assert refused(session, notice, form(scene.entry), files=6) == {"evidence"}
    assert refused(session, notice, form(scene.left_out[0])) == {"entry"}
    assert refused(session, notice, form(scene.entry, entry="CALL-1-1")) == {"entry"}
    for contact in ("13800138000", "+86 10 6820-5678"):
        given = form(scene.entry, contact=contact)
        assert objections.checked(session, VISITOR, notice, given=given, files=1, now=BEGIN)["contact"] == contact
    entering.put(session, scene.entry, "removed")
    assert refused(session, notice, form(scene.entry)) == {"entry"}


def test_the_last_second_counts_as_a_whole_and_the_next_one_does_not(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    noticing.file(session, scene, notice, now=LAST + ALMOST)
    with pytest.raises(Invalid) as late:
        noticing.file(session, scene, notice, now=LAST + SECOND)
    assert "2027-03-08 23:59" in str(late.value.reasons[0])


def test_nobody_objects_in_a_call_that_was_cancelled(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    flow.decide(session, scene.officer, scene.call, "call.cancel", given=noticing.WHY, now=BEGIN)
    with pytest.raises(Invalid):
        noticing.file(session, scene, notice)


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_of_the_desk_asks_as_much_for_three_as_for_one(
    session: Session, statements: list[str], count: int
) -> None:
    scene, notice = noticing.noticed(session, chosen=count, left_out=0)
    for entry in scene.entries:
        noticing.file(session, scene, notice, entry=entry)
    code, call = notice.code, scene.call.code
    session.expire_all()
    statements.clear()
    for row in queries.at_desk(session, scene.officer, states=("filed",)):
        assert row.code.startswith(code)
        assert row.entry.applicant.name_zh
    assert len(statements) == 2
    statements.clear()
    assert {row.call.code for row in queries.notices(session)} == {call}
    assert len(statements) == 1


def test_an_objection_keeps_no_trace_of_an_account(session: Session) -> None:
    """Filed by somebody who is signed in, it is still a visitor's."""
    scene, notice = noticing.noticed(session)
    given = noticing.form(scene.entry, contact=f" {CONTACT.upper()} ")
    row, word = objections.file(
        session,
        scene.applicant,
        notice,
        given=given,
        evidence=[noticing.kept(), noticing.kept()],
        lang="en",
        config=noticing.config(),
        now=BEGIN,
    )
    assert (row.state, row.lang, row.filed_at) == ("filed", "en", BEGIN)
    assert [each.name for each in row.evidence] == [f"{row.code}-1.pdf", f"{row.code}-2.pdf"]
    assert row.objector is not None
    assert (row.objector.name, row.objector.contact) == (NAME, CONTACT)
    assert word not in (row.word, row.code, row.key)
    assert queries.by_word(session, word) is row
    for wrong in (word[:-1], row.word, row.code, ""):
        with pytest.raises(Missing):
            queries.by_word(session, wrong)
    letter = session.scalars(select(Letter)).one()
    assert (letter.private, letter.address, letter.person_id) == (True, CONTACT, None)
    assert f"/objections/{word}" in (letter.text or "")
    assert CONTACT not in letter.key


def test_limits_are_counted_in_the_database(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    config = noticing.config(CASELIB_OBJECTIONS_A_DAY="2", CASELIB_OBJECTIONS_AN_HOUR="3")

    def file(contact: str, now: dt.datetime) -> None:
        given = noticing.form(scene.entry, contact=contact)
        objections.file(
            session, VISITOR, notice, given=given, evidence=[noticing.kept()], lang="zh", config=config, now=now
        )

    file(CONTACT, BEGIN)
    file(CONTACT.upper(), BEGIN)
    with pytest.raises(TooMany):
        file(CONTACT, BEGIN)
    file("13800138000", BEGIN)
    with pytest.raises(TooMany):
        file("13800138001", BEGIN)
    file("13800138001", BEGIN + dt.timedelta(hours=1))
    with pytest.raises(TooMany):
        file(CONTACT, BEGIN + dt.timedelta(hours=2))
    file(CONTACT, BEGIN + DAY)


def test_of_two_at_once_the_limit_takes_one(database: Database) -> None:
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
    config = noticing.config(CASELIB_OBJECTIONS_A_DAY="1")

    def file() -> str:
        try:
            with database.unit() as session:
                found = queries.notice(session, notice.code)
                given = noticing.form(scene.entry)
                evidence = [noticing.kept()]
                objections.file(
                    session, VISITOR, found, given=given, evidence=evidence, lang="zh", config=config, now=BEGIN
                )
        except Problem as problem:
            return type(problem).__name__
        return "filed"

    assert sorted(at_once(database, file, file)) == ["TooMany", "filed"]


def test_the_answer_counts_to_its_last_second_and_nobody_is_judged_unheard(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    first, second = (noticing.file(session, scene, notice) for _ in range(2))
    for row in (first, second):
        noticing.move(session, scene.officer, row, "objection.admit")
        assert row.due == ANSWERED_BY
    for verb in ("objection.uphold", "objection.dismiss"):
        with pytest.raises(Invalid) as unheard:
            noticing.move(session, scene.officer, first, verb, now=ANSWERED_BY + ALMOST)
        assert "2027-03-04 23:59" in str(unheard.value.reasons[0])
    noticing.move(session, scene.applicant, first, "objection.reply", now=ANSWERED_BY + ALMOST)
    with pytest.raises(Invalid):
        noticing.move(session, scene.applicant, second, "objection.reply", now=ANSWERED_BY + SECOND)
    noticing.move(session, scene.officer, second, "objection.dismiss", now=ANSWERED_BY + SECOND)
    assert scene.entry.state == "on_hold"
    noticing.move(session, scene.officer, first, "objection.dismiss", now=ANSWERED_BY + SECOND)
    assert scene.entry.state == "in_publicity"


def test_of_two_who_dismiss_the_last_two_one_lets_the_entry_go_on(database: Database) -> None:
    """Each sees what the other did: the entry is not left on hold by two who did not see each other."""
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
        numbers = []
        for _ in range(2):
            row = noticing.file(session, scene, notice)
            noticing.move(session, scene.officer, row, "objection.admit")
            noticing.move(session, scene.applicant, row, "objection.reply")
            numbers.append(row.id)

    def dismiss(number: int) -> str:
        with database.unit() as session:
            row = session.get_one(Objection, number)
            noticing.move(session, scene.officer, row, "objection.dismiss")
        return "dismissed"

    at_once(database, *(lambda number=number: dismiss(number) for number in numbers))
    with database.reading() as session:
        assert session.get_one(Entry, scene.entry.id).state == "in_publicity"
        assert objections.open_for(session, scene.call) == []


def test_two_officers_decide_once(database: Database) -> None:
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
        other, row = make.officer(session), noticing.file(session, scene, notice)

    def decide(actor: Actor, verb: str) -> str:
        try:
            with database.unit() as session:
                noticing.move(session, actor, session.get_one(Objection, row.id), verb)
        except Conflict:
            return "too late"
        return "done"

    ways = (lambda: decide(scene.officer, "objection.admit"), lambda: decide(other, "objection.refuse"))
    assert sorted(at_once(database, *ways)) == ["done", "too late"]


def test_a_corrected_case_is_announced_again_as_it_is_now(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    row = noticing.file(session, scene, notice)
    noticing.move(session, scene.officer, row, "objection.admit")
    noticing.move(session, scene.applicant, row, "objection.reply")
    with pytest.raises(Invalid) as unchanged, session.begin_nested():
        noticing.move(session, scene.officer, row, "objection.dismiss", changed="yes")
    assert set(unchanged.value.fields) == {"changed"}
    session.refresh(row)
    case, before = scene.entry.case, scene.entry.revision_id
    title = {"zh": "城南老城区智能水表改造（更正）", "en": "Smart water meters, corrected"}
    handed_in.write(session, scene.applicant, case, "basics", {**handed_in.CONTENTS["basics"], "title": title})
    handed_in.move(session, scene.applicant, case, "case.submit")
    handed_in.move(session, make.officer(session), case, "case.admit", given={})
    second = noticing.move(session, scene.officer, row, "objection.dismiss", changed="yes", now=LAST)
    assert second is not None
    assert second.why == noticing.GIVEN["objection.dismiss"]["reason"]
    assert [item["title"]["zh"] for item in second.items] == [title["zh"]]
    assert scene.entry.revision_id != before
    assert (scene.entry.state, second.code) == ("in_publicity", f"{scene.call.code}-N2")
    assert second.ends_at > LAST + DAY


def test_an_objection_before_the_entrys_turn_came_holds_it_too(session: Session) -> None:
    scene = noticing.decided(session)
    flow.decide(session, scene.officer, scene.call, "call.notice", given=noticing.WHY, now=BEGIN)
    notice = session.scalars(select(Notice)).one()
    assert scene.entry.state == "shortlisted"
    row = noticing.file(session, scene, notice)
    noticing.move(session, scene.officer, row, "objection.admit")
    assert scene.entry.state == "on_hold"


def test_publishing_is_blocked_while_one_is_open(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    assert objections.open_for(session, scene.call) == []
    row = noticing.file(session, scene, notice)
    for verb in ("objection.admit", "objection.reply"):
        assert len(objections.open_for(session, scene.call)) == 1
        noticing.move(session, scene.applicant if verb.endswith("reply") else scene.officer, row, verb)
    assert len(objections.open_for(session, scene.call)) == 1
    noticing.move(session, scene.officer, row, "objection.uphold")
    assert objections.open_for(session, scene.call) == []


def test_an_officer_who_belongs_to_a_party_decides_nothing_and_learns_nothing(session: Session) -> None:
    """Also when the officer acts for the ministry just now."""
    scene, notice = noticing.noticed(session)
    row = noticing.file(session, scene, notice)
    for party in (scene.applicant, scene.recommender):
        own = make.officer(session)
        session.add(
            Membership(person_id=own.person, organisation_id=party.organisation, role="commenter", since=make.NOW)
        )
        session.flush()
        assert queries.at_desk(session, own, states=("filed",)) == []
        assert queries.counted(session, own) == {}
        with pytest.raises(Missing):
            queries.objection(session, own, row.key)
        for act in (
            lambda own=own: noticing.move(session, own, row, "objection.refuse"),
            lambda own=own: objections.unmask(session, own, row, now=BEGIN),
            lambda own=own: objections.open_file(session, own, row, number=row.evidence[0].id, now=BEGIN),
        ):
            with pytest.raises(Forbidden):
                act()
    assert len(queries.at_desk(session, scene.officer, states=("filed",))) == 1


def test_the_name_is_for_two_roles_and_each_reading_is_on_record(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    row = noticing.file(session, scene, notice)
    roles = {role: make.officer(session, role) for role in ("approver", "administrator", "expert")}
    actors = {**roles, "visitor": VISITOR, "applicant": scene.applicant, "recommender": scene.recommender}
    for name, actor in actors.items():
        if name != "approver":
            for ask in (objections.identity, lambda *who: objections.unmask(*who, now=BEGIN)):
                with pytest.raises(Forbidden):
                    ask(session, actor, row)
    for actor in (scene.officer, roles["approver"]):
        objections.unmask(session, actor, row, now=BEGIN)
        assert objections.identity(session, actor, row).name == NAME
    with pytest.raises(Forbidden):
        objections.open_file(session, roles["approver"], row, number=row.evidence[0].id, now=BEGIN)


def test_a_file_is_told_by_its_beginning_and_not_opened(tmp_path: Path) -> None:
    store = quarantine(tmp_path, max_bytes=64)
    kept, ending = hold(store, None, io.BytesIO(PDF), "欧阳慕白的举报.PDF")
    assert (kept.media_type, ending, store.path(kept.sha256).read_bytes()) == ("application/pdf", "pdf", PDF)
    assert store.root == tmp_path / "quarantine"
    broken = b"PK\x03\x04 not an archive at all"
    assert hold(store, None, io.BytesIO(broken), "evidence.docx")[1] == "docx"
    for content, name in (
        (b"MZ\x90\x00", "a.pdf"),
        (b"<html><script>1</script>", "a.txt"),
        (PDF, "a.png"),
        (PDF, "a.exe"),
        (b"", "a.pdf"),
        (PDF * 9, "a.pdf"),
        (PDF, "a\u202efdp.exe.pdf"),
    ):
        with pytest.raises(Invalid):
            hold(store, None, io.BytesIO(content), name)
    assert not list(store.root.glob(".incoming-*"))


def ended(session: Session, scene: noticing.Scene, at: dt.datetime) -> None:
    entering.put(session, scene.call, "published")
    events.record(session, SYSTEM, "call.publish", scene.call.subject, now=at, detail={})


def test_a_year_after_the_call_the_name_is_gone_and_the_chain_is_whole(database: Database, tmp_path: Path) -> None:
    store = quarantine(tmp_path, max_bytes=64)
    kept = hold(store, None, io.BytesIO(PDF), "a.pdf")
    stray = hold(store, None, io.BytesIO(b"%PDF-stray"), "b.pdf")
    end = LAST + DAY
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
        given = noticing.form(scene.entry)
        row, _ = objections.file(
            session, VISITOR, notice, given=given, evidence=[kept], lang="zh", config=noticing.config(), now=BEGIN
        )
        noticing.move(session, scene.officer, row, "objection.refuse")
        ended(session, scene, end)
    for path in (store.path(kept[0].sha256), store.path(stray[0].sha256)):
        assert path.exists()
    year = end.replace(year=2028)
    with database.unit() as session:
        assert objection_erasing.erase(session, now=year - SECOND) == 0
        assert session.scalars(select(Objector.name)).all() == [NAME]
    objection_erasing.sweep(database, store, now=dt.datetime.now(dt.UTC) + 2 * DAY)
    assert store.path(kept[0].sha256).exists()
    assert not store.path(stray[0].sha256).exists()
    with database.unit() as session:
        assert objection_erasing.erase(session, now=year) == 1
        assert objection_erasing.erase(session, now=year) == 0
    objection_erasing.sweep(database, store, now=dt.datetime.now(dt.UTC) + 2 * DAY)
    assert not store.path(kept[0].sha256).exists()
    with database.reading() as session:
        assert session.scalars(select(Objector)).all() == []
        assert session.scalars(select(Letter).where(Letter.address == CONTACT)).all() == []
        left = session.get_one(Objection, row.id)
        assert (left.state, left.text, left.refusal) == ("not_admitted", "", "own_score")
        with pytest.raises(Gone):
            objections.identity(session, scene.officer, left)
        assert check_chain(session, facts.RECOMPUTE).sound
        verbs = session.scalars(select(Event.verb).where(Event.subject == row.subject).order_by(Event.seq)).all()
        assert list(verbs) == ["objection.file", "objection.refuse", "objection.erase"]


def test_no_event_tells_who_objects(database: Database) -> None:
    with database.unit() as session:
        scene, notice = noticing.noticed(session)
        row = noticing.file(session, scene, notice)
        objections.unmask(session, scene.officer, row, now=BEGIN)
        objections.open_file(session, scene.officer, row, number=row.evidence[0].id, now=BEGIN)
        noticing.move(session, scene.officer, row, "objection.admit")
    with database.reading() as session:
        told = " ".join(session.scalars(select(EventDetail.detail)))
        assert row.code in told
        for secret in (NAME, CONTACT, row.text):
            assert secret not in told
        filed = session.scalars(select(Event).where(Event.verb == "objection.file")).one()
        assert filed.actor == "visitor"
        assert session.scalars(select(Evidence.opened_by)).one() == scene.officer.id


def test_an_unknown_move_is_missing(session: Session) -> None:
    scene, notice = noticing.noticed(session)
    row = noticing.file(session, scene, notice)
    with pytest.raises(Missing):
        objection_flow.decide(session, scene.officer, row, "objection.sing", given={}, now=BEGIN)
