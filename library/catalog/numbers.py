"""Numbers that stay: MIOT-2026-0042 and the like. One row a series, so that two people never get the same."""

from __future__ import annotations

import secrets

from sqlalchemy import text
from sqlalchemy.orm import Session

# One statement, so that the first number of a series is safe too; both databases know it.
NEXT = text(
    "INSERT INTO number_series AS series (name, last) VALUES (:name, 1)"
    " ON CONFLICT (name) DO UPDATE SET last = series.last + 1 RETURNING last"
)
# Without vowels and look-alikes: no words, no misreadings.
ALPHABET = "23456789bcdfghjkmnpqrstvwxz"


def random_key(length: int = 12) -> str:
    """A key that tells nothing about how many others there are."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def next_number(session: Session, series: str) -> str:
    """The next number of a series, four digits at least: `MIOT-2026` gives `MIOT-2026-0001` first."""
    return f"{series}-{session.scalar(NEXT, {'name': series}):04d}"
