"""A whole installation for a test: the application over a database of the test, with its index, worker and letters."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

import make
from library import create_app
from library.catalog.models import Case
from library.config import Config
from library.db import Database
from library.worker import Worker, now
from search import Index

URL = "https://library.example"
ENGLISH, CHINESE = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Site:
    """The worker has an index object of its own, as it has in a process of its own."""

    def __init__(self, database: Database, folder: Path, **settings: str) -> None:
        given = {"ENV": "test", "DATA": str(folder / "data"), "URL": URL, "OPERATOR_MAIL": "desk@library.example"}
        self.database = database
        self.config = Config.read({f"CASELIB_{name}": value for name, value in (given | settings).items()})
        self.app = create_app(self.config, database)
        self.worker = Worker(self.config, database, Index(self.config.index))

    def client(self, **headers: str) -> FlaskClient:
        """A reader; English unless the headers say otherwise."""
        client = self.app.test_client()
        for name, value in (ENGLISH | {key.replace("_", "-"): value for key, value in headers.items()}).items():
            client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return client

    def add(self, **over: Any) -> str:
        """A case in the library, by `make.case`; the index does not know of it before `work()`."""
        with self.database.unit() as session:
            code = make.case(session, **over).code
        return str(code)

    def work(self, at: dt.datetime | None = None) -> None:
        """Rounds of the worker until nothing is left to do."""
        for _ in range(50):
            if not self.worker.round(at or now()):
                return
        raise AssertionError("the worker finds something to do for ever")

    def cases(self) -> dict[str, Case]:
        """Every case by its number, as the database has it now."""
        with self.database.reading() as session:
            return {str(case.code): case for case in session.query(Case)}

    def letters(self) -> list[EmailMessage]:
        """What was written into DATA/mail, oldest first."""
        files = sorted(self.config.letters.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]


def token(client: FlaskClient, address: str) -> str:
    """The token that a form carries against forgery."""
    found = TOKEN.search(client.get(address).get_data(as_text=True))
    assert found, f"no form at {address}"
    return found[1]
