"""A whole installation for a test: the application over a database of the test, with its index, worker and letters."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from flask.testing import FlaskClient

import make
from library import cli, create_app, seeding
from library.config import Config
from library.db import Database
from library.worker import Worker, now
from search import Index

URL = "https://library.example"
DESK = "desk@library.example"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ROW = re.compile(r'<li class="row">.*?<h3><a href="/cases/([^"]+)"', re.DOTALL)


class Site:
    """The worker has an index object of its own, as it has in a process of its own."""

    def __init__(self, database: Database, folder: Path, **settings: str) -> None:
        given = {"ENV": "test", "DATA": str(folder / "data"), "URL": URL, "OPERATOR_MAIL": DESK, "REPLICA": "here"}
        given["DATABASE_URL"] = database.engine.url.render_as_string(hide_password=False)
        self.environment = {f"CASELIB_{name}": value for name, value in (given | settings).items()}
        self.database, self.config = database, Config.read(self.environment)
        self.app = create_app(self.config, database)
        self.worker = Worker(self.config, database, Index(self.config.index))

    def client(self, lang: str = "en") -> FlaskClient:
        """A reader whose browser asks for `lang`."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = lang
        return client

    def seed(self) -> None:
        """Everything in seed_cases/, indexed."""
        list(seeding.seed(self.database, self.config, demo=True, now=now(), progress=lambda done, of: None))
        self.work()

    def add(self, **over: Any) -> str:
        """A case made by `make.case`; its number. The index does not know of it before `work()`."""
        with self.database.unit() as session:
            code = make.case(session, **over).code
        return str(code)

    def work(self, at: dt.datetime | None = None) -> None:
        """Rounds of the worker until nothing is left to do."""
        for _ in range(50):
            if not self.worker.round(at or now()):
                return
        raise AssertionError("the worker finds something to do for ever")

    def command(self, *words: str) -> Result:
        """A command of the operator on this installation."""
        return CliRunner().invoke(cli.main, words, env=self.environment)

    def letters(self) -> list[EmailMessage]:
        """What was written into DATA/mail."""
        files = sorted(self.config.letters.glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]

    def addresses(self, code: str) -> list[str]:
        """Every address that answers GET, but static files; with `code` where an address has a case."""
        values = {"code": code, "number": "1", "key": "nothing"}
        found = []
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint == "static":
                continue
            given = values | ({"code": "water-metering"} if "sectors" in rule.rule else {})
            given |= {"code": "mobile-iot-connections"} if "series" in rule.rule else {}
            found.append(re.sub(r"<(?:[^:>]*(?:\([^)]*\))?:)?(\w+)>", lambda match, given=given: given[match[1]], rule.rule))
        return sorted(found)


def token(client: FlaskClient, address: str) -> str:
    """The token that the form at `address` carries against forgery."""
    found = TOKEN.search(client.get(address).get_data(as_text=True))
    assert found, f"no form at {address}"
    return found[1]


def rows(client: FlaskClient, address: str) -> list[str]:
    """The numbers of the cases listed on a page, in its order."""
    response = client.get(address)
    assert response.status_code == 200, address
    return ROW.findall(response.get_data(as_text=True))
