"""A small whole: two series, one point without a source, a past and a present target; and a site with it."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from library import create_app
from library.config import Config
from library.db import Database
from library.policy import SYSTEM
from library.statistics import operations

HIDDEN = 2_332_000_123
COPY = "http://copy.example/page"


def both(words: str) -> dict[str, str]:
    return {"en": words, "zh": f"{words}（中）"}


WHOLE: dict[str, Any] = {
    "series": [
        {
            "code": "mobile-iot-connections",
            "title": both("Connections"),
            "definition": both("At the end of the month."),
            "unit": both("connections"),
            "points": [
                {
                    "as_of": "2023-06",
                    "value": 2_120_000_000,
                    "source": {"title": both("Paper"), "url": "https://paper.example/1", "link": True},
                },
                {
                    "as_of": "2019-12",
                    "value": 10**9,
                    "bound": "lower",
                    "source": {"title": both("A"), "url": COPY},
                },
                {"as_of": "2023-12", "value": HIDDEN, "shown": False, "note": both("No address.")},
            ],
        },
        {
            "code": "smart-home-connections",
            "part_of": "mobile-iot-connections",
            "title": both("Smart home"),
            "definition": both("As labelled."),
            "unit": both("connections"),
            "points": [
                {
                    "as_of": "2022-12",
                    "value": 192_000_000,
                    "note": both("=1+1"),
                    "source": {"title": both("A"), "url": COPY},
                }
            ],
        },
    ],
    "targets": [
        {
            "code": "connections-2023",
            "series": "mobile-iot-connections",
            "document": both("The first notice"),
            "dated": "2023-04-30",
            "title": both("Connections"),
            "value": 1_200_000_000,
            "unit": both("connections"),
            "by": "2023-12",
            "source": {"title": both("As supplied")},
        },
        {
            "code": "connections-2027",
            "series": "mobile-iot-connections",
            "document": both("The second notice"),
            "dated": "2024-09-11",
            "title": both("Connections"),
            "value": 3_600_000_000,
            "unit": both("connections"),
            "bound": "lower",
            "by": "2027-12",
            "source": {"title": both("Paper"), "url": "https://paper.example/2", "link": True},
            "present": True,
        },
    ],
}


@pytest.fixture
def whole() -> dict[str, Any]:
    """The document as its file says it; the test may bend it."""
    return copy.deepcopy(WHOLE)


@pytest.fixture
def client(database: Database, whole: dict[str, Any], now: dt.datetime, tmp_path: Path) -> FlaskClient:
    """A reader of a site whose statistics are loaded."""
    with database.unit() as session:
        operations.load(session, SYSTEM, operations.SCHEMA.load(whole), now=now)
    config = Config.read({"CASELIB_ENV": "test", "CASELIB_DATA": str(tmp_path / "data")})
    return create_app(config, database).test_client()
