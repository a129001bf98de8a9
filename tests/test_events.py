"""The event log: one gapless line in the order of commits, whoever writes, fails or is killed."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from threading import Event as Flag

import make
import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.chain import check_chain
from library.db import Base, Database, unit
from library.deliveries import Delivery
from library.events import (
    START,
    ChainHead,
    Event,
    EventDetail,
    Fact,
    anchors,
    drop_anchor,
    head,
    move_cursor,
    position,
    record,
    since,
)
from library.policy import Actor

ANNA = Actor("person:7")
ROOT = Path(__file__).parent.parent


def happen(session: Session, verb: str = "thing.happen", subject: str = "thing:1", **more: object) -> None:
    record(session, ANNA, verb, subject, now=make.NOW, **more)  # type: ignore[arg-type]


def events(database: Database) -> list[Event]:
    with database.reading() as session:
        return since(session, 0, limit=100_000)


def verbs(database: Database) -> list[str]:
    return [event.verb for event in events(database)]


# Recording


def test_an_event_says_who_did_what_to_which_when(database: Database) -> None:
    at = dt.datetime(2026, 11, 22, 17, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    fact = Fact("thing:1", {"size": 3})
    with database.unit() as session:
        record(session, ANNA, "thing.measure", "thing:1", now=at, detail={"大小": 3}, facts=[fact])
    [event] = events(database)
    assert (event.seq, event.prev, event.verb, event.actor, event.subject, event.at) == (
        1,
        START,
        "thing.measure",
        "person:7",
        "thing:1",
        "2026-11-22T09:30:00.000000+00:00",
    )
    assert json.loads(event.facts) == [["thing:1", fact.digest]]
    with database.reading() as session:
        assert json.loads(session.get_one(EventDetail, 1).detail) == {"大小": 3}
        assert head(session) == (1, event.hash)


def test_the_digest_of_equal_details_differs_so_that_nobody_can_guess_an_erased_one(database: Database) -> None:
    with database.unit() as session:
        happen(session, detail={"name": "王"})
        happen(session, detail={"name": "王"})
    first, second = events(database)
    assert first.digest != second.digest


def test_several_records_in_a_unit_are_written_in_their_order(database: Database) -> None:
    with database.unit() as session:
        happen(session, "a.a")
        happen(session, "b.b")
    with database.unit() as session:
        happen(session, "c.c")
    log = events(database)
    assert [(event.seq, event.verb) for event in log] == [(1, "a.a"), (2, "b.b"), (3, "c.c")]
    assert [event.prev for event in log] == [START, log[0].hash, log[1].hash]


def test_nothing_is_written_before_the_unit_ends(session: Session) -> None:
    with unit(session):
        happen(session)
        session.flush()
        assert head(session) == (0, START)
    assert head(session)[0] == 1


def test_a_failed_unit_leaves_no_event_not_even_for_the_next_unit_of_its_session(database: Database) -> None:
    def fail(session: Session) -> None:
        with unit(session):
            happen(session, "thing.fail")
            raise LookupError

    with database.writing() as session:
        with pytest.raises(LookupError):
            fail(session)
        with unit(session):
            happen(session, "thing.succeed")
    assert verbs(database) == ["thing.succeed"]


def test_units_one_after_another_in_one_session_write_each_event_once(database: Database) -> None:
    with database.writing() as session:
        for verb in ("a.a", "b.b", "c.c"):
            with unit(session):
                happen(session, verb)
    assert verbs(database) == ["a.a", "b.b", "c.c"]


def test_a_head_that_another_session_moved_is_read_afresh(database: Database) -> None:
    """A session that has seen the head keeps it in its identity map; the lock must not hand out the old one."""
    with database.writing() as session:
        with unit(session):
            seen = session.get_one(ChainHead, 1)
        with database.unit() as other:
            happen(other, "a.a")
        with unit(session):
            happen(session, "b.b")
    assert (verbs(database), seen.seq) == (["a.a", "b.b"], 2)


def test_eight_writers_and_a_reader_no_event_skipped_no_link_forked(database: Database) -> None:
    """The reader asks for what is new all the time. Seq is commit order, so it never sees 7 before 6."""
    writers, units = 8, 40
    start, done = Barrier(writers + 1), Flag()

    def write(number: int) -> None:
        start.wait()
        for unit_number in range(units):
            with database.unit() as session:
                for part in range(1 + (number + unit_number) % 3):
                    happen(session, subject=f"thing:{number}-{unit_number}-{part}")

    def follow() -> list[tuple[int, str]]:
        start.wait()
        seen: list[tuple[int, str]] = []
        while True:
            last_round = done.is_set()
            with database.reading() as session:
                news = since(session, seen[-1][0] if seen else 0, limit=50)
            seen += [(event.seq, event.subject) for event in news]
            if last_round and not news:
                return seen

    with ThreadPoolExecutor(writers + 1) as threads:
        reader = threads.submit(follow)
        try:
            list(threads.map(write, range(writers)))
        finally:
            done.set()
        seen = reader.result()
    expected = {
        f"thing:{number}-{unit_number}-{part}"
        for number in range(writers)
        for unit_number in range(units)
        for part in range(1 + (number + unit_number) % 3)
    }
    assert [seq for seq, _ in seen] == list(range(1, len(expected) + 1))
    assert {subject for _, subject in seen} == expected
    with database.reading() as session:
        assert check_chain(session, {}).sound


def test_a_writer_killed_between_its_last_flush_and_commit_leaves_the_chain_whole(database: Database) -> None:
    with database.unit() as session:
        happen(session, "before.it")
    script = """
import sys, time
import make
from library.db import Database, last_act
from library.events import head, record
from library.policy import SYSTEM

def hang(session, items):
    print(head(session)[0], flush=True)
    time.sleep(60)

with Database(sys.argv[1]).unit() as session:
    make.organisation(session)
    record(session, SYSTEM, "never.come", "thing:1", now=make.NOW)
    last_act(session, hang, None)
"""
    url = database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", script, url],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "2\n"  # its event is written, its unit is not committed
        child.send_signal(signal.SIGKILL)
    with database.unit() as session:
        happen(session, "after.it")
    assert verbs(database) == ["before.it", "after.it"]
    with database.reading() as session:
        assert check_chain(session, {}).sound


# Following


def test_since_gives_a_follower_its_verbs_after_its_place_oldest_first(database: Database) -> None:
    with database.unit() as session:
        for verb in ("case.a", "report.a", "case.b", "caseless.a", "case_.a", "case.c"):
            happen(session, verb)
    with database.reading() as session:
        assert [event.seq for event in since(session, 1, prefix="case.")] == [3, 6]
        assert [event.seq for event in since(session, 0, limit=2)] == [1, 2]
        assert [event.verb for event in since(session, 0, prefix="case_")] == ["case_.a"]  # no wildcard


def test_each_machine_keeps_a_cursor_for_each_of_its_followers(database: Database) -> None:
    later = make.NOW + dt.timedelta(minutes=1)
    with database.unit() as session:
        assert position(session, "a", "index") == 0
        move_cursor(session, "a", "index", 5, now=make.NOW)
        move_cursor(session, "b", "index", 2, now=make.NOW)
        move_cursor(session, "a", "notify", 3, now=make.NOW)
    with database.unit() as session:
        move_cursor(session, "a", "index", 9, now=later)
    with database.reading() as session:
        assert [position(session, *who) for who in (("a", "index"), ("b", "index"), ("a", "notify"))] == [9, 2, 3]


# Anchors


def test_the_head_is_anchored_once_a_day(database: Database) -> None:
    def drop(day: str) -> bool:
        with database.unit() as session:
            return drop_anchor(session, day=day)

    assert drop("2026-11-21") is False  # there is nothing to anchor yet
    with database.unit() as session:
        happen(session)
    assert drop("2026-11-22") is True
    with database.unit() as session:
        happen(session)
    assert (drop("2026-11-22"), drop("2026-11-23")) == (False, True)
    log = events(database)
    with database.reading() as session:
        assert [(anchor.day, anchor.seq, anchor.hash) for anchor in anchors(session)] == [
            ("2026-11-23", 2, log[1].hash),
            ("2026-11-22", 1, log[0].hash),
        ]
        assert [anchor.day for anchor in anchors(session, limit=1)] == ["2026-11-23"]


def test_two_machines_that_anchor_the_same_day_anchor_it_once(database: Database) -> None:
    with database.unit() as session:
        happen(session)
    start = Barrier(2)

    def drop(_: int) -> bool:
        start.wait()
        with database.unit() as session:
            return drop_anchor(session, day="2026-11-22")

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(drop, range(2))) == [False, True]


# What the database itself forbids


@pytest.mark.parametrize(
    "row",
    [
        Event(seq=0, prev="0", verb="a.b", actor="a", subject="b", at="x", digest="0", facts="[]", hash="0"),
        ChainHead(id=2, seq=0, hash=START),
        Delivery(kind="a", key="b", payload={}, due_at=make.NOW, done_at=make.NOW, given_up_at=make.NOW),
    ],
    ids=["event from one", "one head", "one end"],
)
def test_a_row_that_can_never_be_is_refused(session: Session, row: Base) -> None:
    session.merge(row)
    with pytest.raises(IntegrityError):
        session.flush()


def test_two_events_cannot_follow_the_same_one(database: Database) -> None:
    """Even for a writer that goes round the lock: the fork is refused."""
    with database.unit() as session:
        happen(session)
    with pytest.raises(IntegrityError), database.unit() as session:
        session.add(
            Event(seq=2, prev=START, verb="a.b", actor="a", subject="b", at="x", digest="0", facts="[]", hash="0")
        )
