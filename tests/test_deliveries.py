"""Work ordered once, leased by one at a time, tried again after growing pauses, and counted while it waits."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import make
from sqlalchemy import select

from library.db import Database, unit
from library.deliveries import Delivery, deliver, is_due, lease, settle, waiting


def order(database: Database, *keys: str, kind: str = "mail", due: dt.datetime = make.NOW) -> None:
    with database.unit() as session:
        for key in keys:
            assert deliver(session, kind, key, {"to": key}, due=due)


def take(database: Database, *, now: dt.datetime = make.NOW, kind: str = "mail") -> str | None:
    with database.unit() as session:
        row = lease(session, [kind], now=now, seconds=120)
        return row.key if row else None


def finish(database: Database, key: str, *, now: dt.datetime = make.NOW, error: str | None = None) -> None:
    with database.unit() as session:
        row = session.scalars(select(Delivery).where(Delivery.key == key)).one()
        settle(row, now=now, error=error, tries=3)


def test_the_same_work_is_ordered_once(database: Database) -> None:
    order(database, "a")
    with database.unit() as session:
        assert deliver(session, "mail", "a", {"to": "again"}, due=make.NOW) is None
        assert deliver(session, "digest", "a", {}, due=make.NOW)
    with database.reading() as session:
        rows = session.execute(select(Delivery.kind, Delivery.payload).order_by(Delivery.id)).all()
    assert [tuple(row) for row in rows] == [("mail", {"to": "a"}), ("digest", {})]


def test_two_followers_that_order_the_same_work_at_once_order_it_once(database: Database) -> None:
    start = Barrier(2)

    def follow(_: int) -> int:
        with database.writing() as session:
            start.wait()
            with unit(session):
                return sum(deliver(session, "mail", f"{n}", {}, due=make.NOW) is not None for n in range(20))

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(follow, range(2))) == 20


def test_work_is_taken_in_order_of_when_it_is_due(database: Database) -> None:
    minute = dt.timedelta(minutes=1)
    order(database, "later", due=make.NOW - minute)
    order(database, "sooner", due=make.NOW - 2 * minute)
    order(database, "not yet", due=make.NOW + minute)
    order(database, "another kind", kind="digest")
    assert [take(database) for _ in range(3)] == ["sooner", "later", None]


def test_two_who_lease_at_once_never_get_the_same(database: Database) -> None:
    keys = [f"{number:02}" for number in range(30)]
    order(database, *keys)
    start = Barrier(2)

    def work(_: int) -> list[str]:
        start.wait()
        taken = []
        while (key := take(database)) is not None:
            taken.append(key)
        return taken

    with ThreadPoolExecutor(2) as threads:
        taken = Counter(key for part in threads.map(work, range(2)) for key in part)
    assert taken == dict.fromkeys(keys, 1)


def test_a_lease_that_is_held_open_is_passed_over_not_waited_for(postgresql: Database) -> None:
    """On SQLite there is one writer at a time, so the question does not arise."""
    order(postgresql, "a", "b")
    with postgresql.unit() as session:
        first = lease(session, ["mail"], now=make.NOW)
        assert first
        assert (first.key, take(postgresql)) == ("a", "b")


def test_a_lease_runs_out(database: Database) -> None:
    order(database, "a")
    seconds = [0, 119, 120, 121]
    taken = [take(database, now=make.NOW + dt.timedelta(seconds=after)) for after in seconds]
    assert taken == ["a", None, None, "a"]
    with database.reading() as session:
        assert session.scalars(select(Delivery.attempts)).one() == 2


def test_work_that_is_done_is_not_handed_out_again(database: Database) -> None:
    order(database, "a")
    take(database)
    finish(database, "a")
    assert take(database, now=make.NOW + dt.timedelta(days=1)) is None


def test_failed_work_is_tried_again_after_growing_pauses_and_then_given_up(database: Database) -> None:
    order(database, "a")
    now, pauses = make.NOW, []
    for _ in range(3):
        failed_at = now
        while take(database, now=now) is None:
            now += dt.timedelta(minutes=1)
            assert now < make.NOW + dt.timedelta(hours=1)
        pauses.append((now - failed_at) // dt.timedelta(minutes=1))
        finish(database, "a", now=now, error="no such mailbox")
    assert pauses == [0, 1, 2]
    assert take(database, now=now + dt.timedelta(days=30)) is None
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
        assert (row.attempts, row.done_at, row.given_up_at, row.last_error) == (3, None, now, "no such mailbox")


def test_who_comes_too_late_with_a_failure_does_not_undo_what_another_did(database: Database) -> None:
    order(database, "a")
    later = make.NOW + dt.timedelta(seconds=121)
    assert (take(database), take(database, now=later)) == ("a", "a")
    finish(database, "a", now=later)
    for _ in range(3):
        finish(database, "a", now=later, error="timed out")
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
        assert (row.done_at, row.given_up_at, row.last_error) == (later, None, None)


def test_success_after_failure_clears_the_error(database: Database) -> None:
    order(database, "a")
    take(database)
    finish(database, "a", error="x" * 5000)
    with database.reading() as session:
        assert session.scalars(select(Delivery.last_error)).one() == "x" * 2000
    take(database, now=make.NOW + dt.timedelta(minutes=1))
    finish(database, "a")
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
        assert (row.last_error, row.done_at, row.leased_until) == (None, make.NOW, None)


def test_deliveries_that_wait_are_counted(database: Database) -> None:
    order(database, "a", "b", "c")
    order(database, "later", due=make.NOW + dt.timedelta(hours=1))
    take(database)
    finish(database, "a")
    with database.reading() as session:
        assert waiting(session) == 3
        assert is_due(session, ["mail"], now=make.NOW)
        assert not is_due(session, ["digest"], now=make.NOW)
    take(database)
    take(database)
    with database.reading() as session:
        assert not is_due(session, ["mail"], now=make.NOW)
        assert is_due(session, ["mail"], now=make.NOW + dt.timedelta(hours=1))
