"""CPU of one autosave on the real server: the whole POST of a section, typed on by a member of an organisation.

The peer is the hello page of the same server in the same run (see pages.py). Every save changes the text, so
every save writes; the split by statements is counted in this process.
"""

from __future__ import annotations

import datetime as dt
import http.client
import itertools
import json
import re
import tempfile
from pathlib import Path
from statistics import median

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import event, select

from bench.pages import HELLO, ROUNDS, cpu_ms, cpu_seconds, served
from library import create_app, forms, serving
from library.accounts import identity, people
from library.accounts.models import Membership, Organisation, Person
from library.catalog import drafts, sections
from library.catalog.models import Case, Revision
from library.catalog.numbers import random_key
from library.catalog.sheets import CONTROLS
from library.config import Config
from library.db import Database
from library.policy import Actor
from search import Index

REQUESTS, BAR = 60, 10.0
SOURCE = "MIOT-P-0023"
# Which text grows: of what a real case has, and some more of it.
TYPED = {
    "basics": ("summary.zh", "每日抄读。" * 60),
    "story": ("sections.solution.text.zh", "水表每日上报一次读数与电量。" * 150),
    "results": ("benefits.zh", "漏损下降。" * 100),
}
Form = dict[str, list[str]]
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
VERSION = re.compile(rb'name="version" value="(\d+)"')


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config.read({"CASELIB_DATA": str(folder / "data"), "CASELIB_ENV": "development"})
        database = Database(config.database_url)
        for _ in serving.set_up(config, database, Index(config.index), lambda words: lambda done, of: None):
            pass
        key, word, forms_of = somebody_with_a_draft(database)
        app = create_app(config, database)
        asked = statements(app, database, key, word, forms_of)
        cookie = cookie_of(app, word)
        database.engine.dispose()
        (folder / "hello.py").write_text(HELLO)
        with served("hello:app", folder, config) as (port, pid, _):
            hello = cpu_ms(port, pid, "/", requests=2000)
        print(f"{'section':18}{'CPU ms':>9}{'x hello':>9}{'bar ms':>8}{'statements':>12}")
        with served("wsgi:app", Path.cwd(), config) as (port, pid, _):
            for section in TYPED:
                cost = save_ms(port, pid, f"/work/{key}/{section}", section, cookie, forms_of[section])
                print(f"{section:18}{cost:9.2f}{cost / hello:9.1f}{BAR:8.0f}{asked[section]:12}")


def somebody_with_a_draft(database: Database) -> tuple[str, str, dict[str, Form]]:
    """A member of an organisation whose draft is as full as a real case.

    The draft's key, the browser's word, and each section as its form sends it.
    """
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
        told = sections.split(full.document, {})
        for section, content in told.items():
            drafts.save(session, actor, case, section, content=content, version=0, now=now)
        word = people.sign_in(
            session, person, browser="bench", second_factor=False, organisation=house.id, now=now
        )
        return case.key, word, {name: forms.written(CONTROLS[name], told[name]) for name in TYPED}


def cookie_of(app: Flask, word: str) -> str:
    """The session cookie of a browser that is signed in."""
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps({identity.WORD: word})}"


def statements(app: Flask, database: Database, key: str, word: str, forms_of: dict[str, Form]) -> dict[str, int]:
    """How many statements one save of each section takes."""
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept[identity.WORD] = word
    found = {}
    for section in TYPED:
        address = f"/work/{key}/{section}"
        form = forms_of[section] | open_form(client.get(address).data, section)
        for _ in range(2):  # the second is what every later one is like
            asked.clear()
            answer = client.post(address, data=typed(section, form), headers={"Accept": "application/json"})
            form["version"] = [saved(address, answer.status_code, answer.data, form)]
        found[section] = len(asked)
    return found


def open_form(page: bytes, section: str) -> Form:
    token, version = TOKEN.search(page), VERSION.search(page)
    if not (token and version):
        raise SystemExit(f"the page of {section} has no form")
    return {"csrf_token": [token[1].decode()], "version": [version[1].decode()]}


COUNTER = itertools.count()


def typed(section: str, form: Form) -> Form:
    """The whole form, with one more word in it than the last time."""
    name, words = TYPED[section]
    return form | {name: [f"{words}{next(COUNTER)}"]}


def pairs(form: Form) -> list[tuple[str, str]]:
    """The form as the script sends it."""
    return [(name, value) for name, values in form.items() for value in values]


def saved(address: str, status: int, body: bytes, form: Form) -> str:
    """The version that the save made; a save that wrote nothing is none."""
    version = re.search(rb'"version": ?(\d+)', body)
    if status != 200 or not version or version[1].decode() == form["version"][0]:
        raise SystemExit(f"{address}: {status} {body[:200]!r}")
    return version[1].decode()


def save_ms(port: int, pid: int, address: str, section: str, cookie: str, form: Form) -> float:
    """Median over rounds of the server's CPU per save, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", address, headers={"Cookie": cookie})
    answer = connection.getresponse()
    form = form | open_form(answer.read(), section)
    # The token is bound to what the page put into the cookie.
    sent = {"Cookie": (answer.headers["Set-Cookie"] or cookie).partition(";")[0], "Accept": "application/json"}
    sent |= {"Content-Type": "application/json", "X-CSRFToken": form["csrf_token"][0]}
    costs = []
    for round_ in range(ROUNDS + 1):
        before = cpu_seconds(pid)
        for _ in range(REQUESTS):
            connection.request(
                "POST", address, json.dumps(pairs(typed(section, form)), ensure_ascii=False).encode(), sent
            )
            answer = connection.getresponse()
            form["version"] = [saved(address, answer.status, answer.read(), form)]
        if round_:  # the first one warms up
            costs.append((cpu_seconds(pid) - before) / REQUESTS * 1000)
    return median(costs)
