"""CPU of one autosave on the real server: the whole POST of a section, typed on by a member of an organisation.

The peer is the hello page of the same server in the same run (see pages.py). Every save changes the text, so
every save writes; the split by statements is counted in this process.
"""

from __future__ import annotations

import datetime as dt
import http.client
import itertools
import re
import tempfile
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import event, select

from bench.pages import HELLO, ROUNDS, cpu_ms, cpu_seconds, served
from library import create_app, serving
from library.accounts import identity, people
from library.accounts.models import Membership, Organisation, Person
from library.catalog import drafts, sections
from library.catalog.models import Case, Revision
from library.catalog.numbers import random_key
from library.config import Config
from library.db import Database
from library.policy import Actor
from search import Index

REQUESTS, BAR = 60, 10.0
SOURCE = "MIOT-P-0023"
TYPED = {
    "basics": {"title.zh": "某市智能水表", "title.en": "Smart water meters", "summary.zh": "每日抄读。" * 60},
    "story": {"sections.0.kind": "solution", "sections.0.text.zh": "水表每日上报一次读数与电量。" * 150},
    "results": {"benefits.zh": "漏损下降。" * 100, "benefits.en": "Less water is lost. " * 40},
}
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
VERSION = re.compile(rb'name="version" value="(\d+)"')


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config.read({"CASELIB_DATA": str(folder / "data"), "CASELIB_ENV": "development"})
        database = Database(config.database_url)
        for _ in serving.set_up(config, database, Index(config.index), lambda words: lambda done, of: None):
            pass
        key, word = somebody_with_a_draft(database)
        app = create_app(config, database)
        asked = statements(app, database, key, word)
        cookie = cookie_of(app, word)
        database.engine.dispose()
        (folder / "hello.py").write_text(HELLO)
        with served("hello:app", folder, config) as (port, pid, _):
            hello = cpu_ms(port, pid, "/", requests=2000)
        print(f"{'section':18}{'CPU ms':>9}{'x hello':>9}{'bar ms':>8}{'statements':>12}")
        with served("wsgi:app", Path.cwd(), config) as (port, pid, _):
            for section in TYPED:
                cost = save_ms(port, pid, f"/work/{key}/{section}", section, cookie)
                print(f"{section:18}{cost:9.2f}{cost / hello:9.1f}{BAR:8.0f}{asked[section]:12}")


def somebody_with_a_draft(database: Database) -> tuple[str, str]:
    """A member of an organisation whose draft is as full as a real case; the draft's key, the browser's word."""
    now = dt.datetime.now(dt.UTC)
    with database.unit() as session:
        house = Organisation(key=random_key(), name_zh="某市水务", kind="enterprise", created_at=now)
        person = Person(email="bench@people.example", fs_uniquifier=random_key(), create_datetime=now)
        person.confirmed_at, person.name = now, "王小明"
        session.add_all((house, person))
        session.flush()
        session.add(Membership(person_id=person.id, organisation_id=house.id, role="editor", since=now))
        actor = Actor(person.subject, house.id, person=person.id, membership="editor")
        case = drafts.start(session, actor, now=now)
        full = session.scalars(select(Revision).join(Case).where(Case.code == SOURCE)).one()
        for section, content in sections.split(full.document, {}).items():
            drafts.save(session, actor, case, section, content=content, version=0, now=now)
        word = people.sign_in(
            session, person, browser="bench", second_factor=False, organisation=house.id, now=now
        )
        return case.key, word


def cookie_of(app: Flask, word: str) -> str:
    """The session cookie of a browser that is signed in."""
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps({identity.WORD: word})}"


def statements(app: Flask, database: Database, key: str, word: str) -> dict[str, int]:
    """How many statements one save of each section takes."""
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept[identity.WORD] = word
    found = {}
    for section in TYPED:
        address = f"/work/{key}/{section}"
        form = open_form(client.get(address).data, section)
        for _ in range(2):  # the second is what every later one is like
            form = {**form, **typed(section)}
            asked.clear()
            answer = client.post(address, data=form, headers={"Accept": "application/json"})
            if answer.status_code != 200:
                raise SystemExit(f"{address}: {answer.status_code} {answer.get_data(as_text=True)[:200]}")
            form["version"] = str(answer.json["version"]) if answer.json else ""
        found[section] = len(asked)
    return found


def open_form(page: bytes, section: str) -> dict[str, str]:
    token, version = TOKEN.search(page), VERSION.search(page)
    if not (token and version):
        raise SystemExit(f"the page of {section} has no form")
    return {"csrf_token": token[1].decode(), "version": version[1].decode()}


COUNTER = itertools.count()


def typed(section: str) -> dict[str, str]:
    """What is in the form, with one more word than the last time."""
    first = next(name for name in TYPED[section] if name.endswith("zh"))
    return {**TYPED[section], first: f"{TYPED[section][first]}{next(COUNTER)}"}


def save_ms(port: int, pid: int, address: str, section: str, cookie: str) -> float:
    """Median over rounds of the server's CPU per save, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", address, headers={"Cookie": cookie})
    answer = connection.getresponse()
    form = open_form(answer.read(), section)
    # The token is bound to what the page put into the cookie.
    sent = {"Cookie": (answer.headers["Set-Cookie"] or cookie).partition(";")[0], "Accept": "application/json"}
    sent["Content-Type"] = "application/x-www-form-urlencoded"
    costs = []
    for round_ in range(ROUNDS + 1):
        before = cpu_seconds(pid)
        for _ in range(REQUESTS):
            connection.request("POST", address, urlencode(form | typed(section)), sent)
            answer = connection.getresponse()
            body = answer.read()
            version = re.search(rb'"version": ?(\d+)', body)
            if answer.status != 200 or not version:
                raise SystemExit(f"{address}: {answer.status} {body[:200]!r}")
            form["version"] = version[1].decode()
        if round_:  # the first one warms up
            costs.append((cpu_seconds(pid) - before) / REQUESTS * 1000)
    return median(costs)
