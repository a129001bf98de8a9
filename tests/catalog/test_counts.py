"""Golden tables: which count leads, which is the aim, which rung is reached."""

from __future__ import annotations

from typing import Any

import pytest

from library.catalog.counts import RUNGS, as_dict, headline, reported, scale, target
from library.catalog.models import ConnectionCount

# Short names for the rows of the tables: value, kind, scope, as_of, verified.
Row = tuple[int, str, str, str | None, bool]

CLAIM: Row = (500, "stated", "project", "2025", False)
NEWER: Row = (300, "installed", "project", "2025-08", False)
UNDATED: Row = (900, "online", "project", None, False)
VERIFIED: Row = (200, "online", "project", "2024", True)
VERIFIED_NEWER: Row = (150, "online", "project", "2024-06", True)
PLAN: Row = (9000, "planned", "project", "2026", False)
CONTRACT: Row = (8000, "contracted", "project", "2026-01", False)
OPERATOR: Row = (7000, "stated", "operator", "2026-02", False)
CITY: Row = (6000, "stated", "city", "2026-03", False)
CITY_PLAN: Row = (99_000, "planned", "city", "2026-03", False)


def counts(*rows: Row) -> list[ConnectionCount]:
    return [
        ConnectionCount(
            position=place,
            value=value,
            kind=kind,
            scope=scope,
            bound="exact",
            as_of=as_of,
            what={"zh": "只"},
            source="The Paper",
            verified_on="2024-12-01" if verified else None,
            verified_by="verifier" if verified else None,
        )
        for place, (value, kind, scope, as_of, verified) in enumerate(rows)
    ]


def value(count: ConnectionCount | None) -> int | None:
    return count.value if count else None


@pytest.mark.parametrize(
    ("rows", "leads"),
    [
        ([], None),
        ([CLAIM], 500),
        ([CLAIM, NEWER], 300),  # the newer one, although smaller and second
        ([CLAIM, UNDATED], 500),  # a date means something
        ([CLAIM, (400, "stated", "project", "2025", False)], 500),  # of equals the first
        ([CLAIM, (400, "stated", "project", "2025-01", False)], 400),  # the more exact date is the later
        ([PLAN, CLAIM], 500),  # what is there before what is planned
        ([PLAN, CONTRACT], 8000),  # neither is there: the newer
        ([OPERATOR, PLAN], 7000),  # context is there, a plan is not
        ([OPERATOR, CLAIM], 500),  # the project itself before its context
        ([OPERATOR, CITY], 6000),
        ([CLAIM, NEWER, VERIFIED], 200),  # verified before claimed, whatever the date
        ([VERIFIED, VERIFIED_NEWER], 150),
    ],
)
def test_headline(rows: list[Row], leads: int | None) -> None:
    assert value(headline(counts(*rows))) == leads


@pytest.mark.parametrize(
    ("rows", "aim"),
    [
        ([], None),
        ([CLAIM, VERIFIED, OPERATOR], None),
        ([CLAIM, CONTRACT, PLAN], 9000),  # the largest
        ([CONTRACT], 8000),
        ([CITY_PLAN], None),  # a city's plan is nobody's project
        ([CITY_PLAN, CONTRACT], 8000),
    ],
)
def test_target(rows: list[Row], aim: int | None) -> None:
    assert value(target(counts(*rows))) == aim


def test_of_two_equal_plans_the_first_is_the_target() -> None:
    first, second = counts(PLAN, (9000, "contracted", "project", "2027", False))
    assert target([second, first]) is first


@pytest.mark.parametrize(
    ("rows", "claim"),
    [
        ([CLAIM, NEWER], None),  # nothing is verified: the headline itself is the claim
        ([VERIFIED], None),
        ([VERIFIED, CLAIM, NEWER], 300),  # the newest claim above it
        ([VERIFIED, UNDATED], 900),
        ([VERIFIED, (100, "stated", "project", "2026", False)], None),  # below: not a part beside the solid one
        ([VERIFIED, PLAN, OPERATOR, CITY], None),
    ],
)
def test_reported(rows: list[Row], claim: int | None) -> None:
    rows_ = counts(*rows)
    assert value(reported(rows_, headline(rows_))) == claim


@pytest.mark.parametrize(
    ("number", "rung"),
    [
        (0, "0"),
        (9_999, "0"),
        (10_000, "10k"),
        (99_999, "10k"),
        (100_000, "100k"),
        (999_999, "100k"),
        (1_000_000, "1m"),
        (9_999_999, "1m"),
        (10_000_000, "10m"),
        (99_999_999, "10m"),
        (100_000_000, "100m"),
        (10**12, "100m"),
    ],
)
def test_scale_of_a_number(number: int, rung: str) -> None:
    [lead] = counts((number, "stated", "project", "2025", False))
    assert scale(lead) == rung


@pytest.mark.parametrize(
    ("rows", "rung"),
    [([], "unknown"), ([PLAN], "planned"), ([CONTRACT], "planned"), ([OPERATOR], "total"), ([CITY_PLAN], "total")],
)
def test_scale_of_what_reaches_no_rung(rows: list[Row], rung: str) -> None:
    assert scale(headline(counts(*rows))) == rung


def test_rungs_rise() -> None:
    assert list(RUNGS.values()) == sorted(RUNGS.values())


def test_a_count_as_it_is_shown() -> None:
    [verified] = counts(VERIFIED)
    shown: dict[str, Any] = {
        "value": 200,
        "kind": "online",
        "as_of": "2024",
        "due": None,
        "scope": "project",
        "bound": "exact",
        "what": {"zh": "只"},
        "verified": {"on": "2024-12-01", "by": "verifier"},
        "source": "The Paper",
    }
    [claim] = counts((*VERIFIED[:4], False))
    assert as_dict(verified) == shown
    assert as_dict(claim) == {**shown, "verified": None}
    assert as_dict(None) is None


@pytest.mark.parametrize(
    ("bound", "rung"), [("exact", "100k"), ("about", "100k"), ("lower", "100k"), ("upper", "10k")]
)
def test_nearly_a_rung_is_below_it(bound: str, rung: str) -> None:
    lead = ConnectionCount(position=0, value=100_000, kind="stated", scope="project", bound=bound)
    assert scale(lead) == rung
