"""A whole installation for a test: the application over a database, with its index, worker and letters."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import io
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import make
from click.testing import CliRunner, Result
from compiling import COMPILED
from flask.testing import FlaskClient
from sqlalchemy import select

from library import cli, create_app, seeding
from library.accounts import identity, people
from library.accounts.models import Person
from library.catalog import queries
from library.catalog.models import Attachment
from library.config import Config
from library.db import Database
from library.policy import SYSTEM
from library.worker import Worker, now
from search import Index

URL = "https://library.example"
DESK = "desk@library.example"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PLACE = re.compile(r"<(?:[^:>]*:)?(\w+)>")
OTHER_CODES = {"catalog.sector": "water-metering", "statistics_api.series": "mobile-iot-connections"}
# What else an address may name; mostly something that is not there.
OTHER_NAMES = {
    **{"verb": "case.submit", "section": "basics", "ending": "csv", "day": "2026-10-01", "sha256": "0" * 64},
    **dict.fromkeys(("token", "word", "upload", "batch", "entry", "review", "name"), "none"),
    **{"what": "edit", "stay": "1", "kind": "record"},
}
ROW = re.compile(r'<li class="row">.*?<h3><a href="/cases/([^"]+)"', re.DOTALL)


class Site:
    """The worker has an index object of its own, as it has in a process of its own."""

    def __init__(self, database: Database, folder: Path, **settings: str) -> None:
        given = {"ENV": "test", "DATA": str(folder / "data"), "URL": URL, "OPERATOR_MAIL": DESK, "REPLICA": "here"}
        given["DATABASE_URL"] = database.engine.url.render_as_string(hide_password=False)
        self.environment = {f"CASELIB_{name}": value for name, value in (given | settings).items()}
        self.database, self.config = database, Config.read(self.environment)
        self.app = create_app(self.config, database)
        # Passwords are hashed slowly on purpose; here that would only be slow.
        self.app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=32)
        for lang, environment in self.app.extensions["environments"].items():
            environment.bytecode_cache = COMPILED[lang]
        self.app.extensions["tally"].pause = None  # no thread writes behind the back of a test
        self.worker = Worker(self.config, database, Index(self.config.index))

    def client(self, lang: str = "en") -> FlaskClient:
        """A reader whose browser asks for `lang`."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = lang
        return client

    def signed_in(self, email: str, lang: str = "en", organisation: int | None = None) -> FlaskClient:
        """The browser of somebody with an account, who showed a second factor and acts for `organisation`."""
        with self.database.unit() as session:
            person = session.scalars(select(Person).where(Person.email == email)).one()
            given = {"browser": "Test", "second_factor": True, "organisation": organisation, "now": now()}
            word = people.sign_in(session, person, **given)
        client = self.client(lang)
        with client.session_transaction() as cookie:
            cookie[identity.WORD], cookie["fs_paa"] = word, now().timestamp()
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

    def attach(self, code: str, audience: str, content: bytes = b"A drawing.") -> None:
        """A text file of a case, under the key `file-<code>`."""
        kept = self.app.extensions["files"].put(io.BytesIO(content), "drawing.txt")
        with self.database.unit() as session:
            case = queries.case(session, SYSTEM, code)
            title, name = {"en": "Drawing", "zh": "图纸"}, "drawing.txt"
            row = Attachment(
                key=f"file-{code}", case_id=case.id, position=1, name=name, title=title, added_at=now()
            )
            row.media_type, row.size, row.sha256, row.audience = kept.media_type, kept.size, kept.sha256, audience
            session.add(row)

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

    def addresses(self, code: str, method: str = "") -> dict[str, str]:
        """Every route (that takes `method`) but static files, with an address; `code` where it has a case."""
        values = OTHER_NAMES | {"code": code, "number": "1", "key": f"file-{code}"}
        found = {}
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint != "static" and (not method or method in (rule.methods or ())):
                other = OTHER_CODES.get(rule.endpoint)
                given = values | ({"code": other} if other else {})
                found[rule.rule] = PLACE.sub(lambda match, given=given: given[match[1]], rule.rule)
        return found


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
