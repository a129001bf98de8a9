"""The chain checker finds what somebody with the database's password may have done."""

from __future__ import annotations

from typing import Any

import make
import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from library.catalog import operations
from library.catalog.flow import FLOW
from library.catalog.models import Case, Revision
from library.chain import ChainReport, check_chain
from library.db import Database, canonical, unit
from library.events import ChainHead, Event, EventDetail, detail_digest, head, link_hash, record
from library.policy import SYSTEM
from library.workflow import step


def content(session: Session, number: int) -> Any:
    """A revision as the table has it now."""
    row = session.get(Revision, number)
    return row and operations.revision_fact(row).content


def check(database: Database, **anchors: str) -> ChainReport:
    with database.reading() as session:
        return check_chain(
            session, {"revision": content}, {int(seq[1:]): digest for seq, digest in anchors.items()}
        )


@pytest.fixture
def chain(database: Database) -> Database:
    """Five events: three about a case with two revisions, two about nothing that a table keeps."""
    with database.unit() as session:
        case = make.case(session)
    with database.unit() as session:
        changed = operations.SCHEMA.load(make.document(status="ended"))
        step(FLOW, session, SYSTEM, session.get_one(Case, case.id), "case.revise", now=make.NOW, document=changed)
    with database.unit() as session:
        for number in (3, 4, 5):
            record(session, SYSTEM, "thing.happen", f"thing:{number}", now=make.NOW, detail={"number": number})
    return database


def tamper(database: Database, *statements: Any) -> None:
    with database.unit() as session:
        for statement in statements:
            session.execute(statement)


def test_an_empty_chain_is_whole(database: Database) -> None:
    assert check(database) == ChainReport()
    assert check(database).sound


def test_an_untouched_chain_is_whole(chain: Database) -> None:
    report = check(chain)
    assert report.as_dict() == {
        "events": 5,
        "unbroken": True,
        "first_broken": None,
        "rows_checked": 2,
        "rows_changed": [],
        "anchors_matched": 0,
        "anchors_missing": [],
    }
    assert report.sound


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("verb", "thing.other"),
        ("actor", "person:1"),
        ("subject", "thing:99"),
        ("at", "2020-01-01T00:00:00.000000+00:00"),
        ("digest", "f" * 64),
        ("facts", '[["revision:1","' + "f" * 64 + '"]]'),
        ("facts", "not JSON"),
        ("prev", "f" * 64),
        ("hash", "f" * 64),
    ],
)
def test_an_edited_event_is_found(chain: Database, column: str, value: str) -> None:
    tamper(chain, update(Event).where(Event.seq == 3).values({column: value}))
    report = check(chain)
    assert (report.unbroken, report.first_broken) == (False, 3)
    assert report.rows_changed == []


def test_an_event_edited_with_a_new_hash_breaks_the_next_link(chain: Database) -> None:
    with chain.unit() as session:
        event = session.get_one(Event, 3)
        event.actor = "person:1"
        event.hash = link_hash(event)
    assert check(chain).first_broken == 4


def test_a_chain_recomputed_to_its_end_is_found_by_an_anchor_only(chain: Database) -> None:
    """What an anchor outside is for: whoever can write every row can make a whole chain of lies."""
    with chain.reading() as session:
        anchor = head(session)[1]
    assert check(chain, _5=anchor).sound
    with chain.unit() as session:
        prev = session.get_one(Event, 2).hash
        for seq in (3, 4, 5):
            event = session.get_one(Event, seq)
            event.actor, event.prev = "person:1", prev
            prev = event.hash = link_hash(event)
        session.get_one(ChainHead, 1).hash = prev
    assert check(chain).sound
    report = check(chain, _5=anchor)
    assert (report.unbroken, report.anchors_missing, report.sound) == (True, [5], False)


def test_an_edited_detail_is_found(chain: Database) -> None:
    tamper(chain, update(EventDetail).where(EventDetail.seq == 4).values(detail='{"number":40}'))
    assert check(chain).first_broken == 4


def test_a_detail_edited_with_a_new_digest_is_found(chain: Database) -> None:
    with chain.unit() as session:
        row = session.get_one(EventDetail, 4)
        row.detail = canonical({"number": 40})
        session.get_one(Event, 4).digest = detail_digest(row.salt, row.detail)
    assert check(chain).first_broken == 4


def test_an_erased_detail_leaves_the_chain_whole(chain: Database) -> None:
    tamper(chain, delete(EventDetail).where(EventDetail.seq.in_([1, 4])))
    assert check(chain).sound


def test_an_event_deleted_in_the_middle_is_found(chain: Database) -> None:
    tamper(chain, delete(EventDetail).where(EventDetail.seq == 3), delete(Event).where(Event.seq == 3))
    report = check(chain)
    assert (report.events, report.first_broken) == (4, 4)


def test_an_event_deleted_at_the_end_is_found(chain: Database) -> None:
    tamper(chain, delete(EventDetail).where(EventDetail.seq == 5), delete(Event).where(Event.seq == 5))
    report = check(chain)
    assert (report.events, report.first_broken) == (4, 5)


def test_every_event_deleted_is_found(chain: Database) -> None:
    tamper(chain, delete(EventDetail), delete(Event))
    report = check(chain)
    assert (report.events, report.first_broken) == (0, 1)


def test_an_end_cut_off_with_its_head_is_found_by_an_anchor_only(chain: Database) -> None:
    with chain.reading() as session:
        anchors = {"_4": session.get_one(Event, 4).hash, "_5": session.get_one(Event, 5).hash}
        fourth = anchors["_4"]
    assert check(chain, **anchors).anchors_matched == 2
    tamper(
        chain,
        delete(EventDetail).where(EventDetail.seq == 5),
        delete(Event).where(Event.seq == 5),
        update(ChainHead).values(seq=4, hash=fourth),
    )
    assert check(chain).sound
    report = check(chain, **anchors)
    assert (report.anchors_matched, report.anchors_missing, report.sound) == (1, [5], False)


def test_a_missing_head_is_found(chain: Database) -> None:
    tamper(chain, delete(ChainHead))
    assert check(chain).first_broken == 6


def test_an_event_added_by_hand_is_found(chain: Database) -> None:
    with chain.unit() as session:
        last = session.get_one(Event, 5)
        added = Event(
            seq=6, prev=last.hash, verb="x.y", actor="a", subject="b", at=last.at, digest="0" * 64, facts="[]"
        )
        added.hash = link_hash(added)
        session.add(added)
    assert check(chain).first_broken == 7  # the head does not know of it


def test_an_edited_revision_is_named_with_the_event_that_fixed_it(chain: Database) -> None:
    with chain.unit() as session:
        first = session.get_one(Revision, 1)
        first.document = {**first.document, "status": "pilot"}
    report = check(chain)
    assert (report.unbroken, report.rows_changed, report.sound) == (
        True,
        [{"subject": "revision:1", "event": 1}],
        False,
    )


def test_a_deleted_revision_is_named(chain: Database) -> None:
    tamper(chain, delete(Revision).where(Revision.number == 2))
    assert check(chain).rows_changed == [{"subject": "revision:2", "event": 2}]


def test_a_revision_given_to_another_case_is_named(chain: Database) -> None:
    with chain.unit() as session:
        other = make.case(session)
    tamper(chain, update(Revision).where(Revision.number == 2).values(case_id=other.id))
    assert check(chain).rows_changed == [{"subject": "revision:2", "event": 2}]


def test_the_last_event_about_a_row_counts(session: Session) -> None:
    """A row that may change is fixed anew by each event that changes it."""
    case = make.case(session)
    row = case.revisions[0]
    with unit(session):
        row.document = {**row.document, "status": "pilot"}
        record(session, SYSTEM, "x.fix", "x:1", now=make.NOW, facts=[operations.revision_fact(row)])
    report = check_chain(session, {"revision": content})
    assert (report.rows_checked, report.sound) == (1, True)
