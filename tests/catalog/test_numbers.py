"""Numbers that stay: without gaps, never the same twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from library.catalog.models import NumberSeries
from library.catalog.numbers import ALPHABET, next_number, random_key
from library.db import Database


def test_each_series_counts_from_one(session: Session) -> None:
    given = [next_number(session, series) for series in ("MIOT-2026", "MIOT-2026", "MIOT-2027", "MIOT-2026")]
    assert given == ["MIOT-2026-0001", "MIOT-2026-0002", "MIOT-2027-0001", "MIOT-2026-0003"]


def test_five_digits_when_four_are_not_enough(session: Session) -> None:
    session.add(NumberSeries(name="X", last=9_999))
    session.flush()
    assert next_number(session, "X") == "X-10000"


def test_a_number_of_a_failed_unit_is_given_again(database: Database) -> None:
    """A receipt must not show a gap that asks who was there."""

    def fail() -> None:
        with database.unit() as session:
            next_number(session, "X")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with database.unit() as session:
        assert next_number(session, "X") == "X-0001"


def test_two_at_once_never_get_the_same_not_even_the_first(database: Database) -> None:
    start = Barrier(4)

    def take(_: int) -> list[str]:
        start.wait()
        taken = []
        for _ in range(25):
            with database.unit() as session:
                taken.append(next_number(session, "X"))
        return taken

    with ThreadPoolExecutor(4) as threads:
        taken = [number for part in threads.map(take, range(4)) for number in part]
    assert sorted(taken) == [f"X-{number:04d}" for number in range(1, 101)]


def test_a_random_key_tells_nothing_and_spells_no_word() -> None:
    keys = {random_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert {len(key) for key in keys} == {12}
    assert set("".join(keys)) == set(ALPHABET)
    assert set("aeiou01ly").isdisjoint(ALPHABET)
