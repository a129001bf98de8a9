"""A large file on its way in leaves the memory of the web server and of the worker flat.

The real server takes a text of 1 GB by parts, as the script sends it, and once more as a form sends it; then the
worker's look into both runs in this process. Memory is resident: before, the highest while it came, and after.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from library import create_app, serving
from library.accounts import identity, people
from library.accounts.models import Membership, Organisation, Person
from library.catalog import drafts, upload_checks
from library.catalog.upload_models import Upload
from library.config import Config
from library.db import Database
from library.files import Store
from library.policy import Actor
from library.worker import now
from search import Index

from .pages import family, memory_mb, served

LINE = b"2026-01,water meters,120000,stated\n"
BLOCK = LINE * ((1 << 20) // len(LINE))
BOUNDARY = "one-file-follows"


def main(*options: str) -> None:
    """`--size MB` (default 1000)."""
    size = int(options[options.index("--size") + 1]) * 1_000_000 if "--size" in options else 10**9
    most = str(2 * size // 10**6)
    os.environ.update(CASELIB_MAX_FILE_MB=most, CASELIB_MAX_CASE_MB=str(2 * int(most)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config.read({**os.environ, "CASELIB_DATA": str(folder / "data")})
        database = Database(config.database_url)
        for _ in serving.set_up(config, database, Index(config.index), lambda words: lambda done, of: None):
            pass
        key, headers = someone(config, database)
        with served("wsgi:app", Path.cwd(), config) as (port, pid, _):
            titles = "".join(f"{title:>9}" for title in ("seconds", "before", "highest", "after"))
            print(f"{f'{size // 10**6} MB':18}{titles}  MB resident")
            for words, bring in (("by parts", by_parts), ("by a form", by_a_form)):
                before, began = memory_mb(pid), time.perf_counter()
                bring(port, key, headers, size)
                told = (time.perf_counter() - began, before, highest_mb(pid), memory_mb(pid))
                print(f"{words:18}{told[0]:9.1f}{told[1]:9.0f}{told[2]:9.0f}{told[3]:9.0f}")
        worker(config, database)


def worker(config: Config, database: Database) -> None:
    """The look of the worker into everything that came."""
    with database.reading() as session:
        waiting = list(session.scalars(select(Upload.id)))
    before, began = memory_mb(os.getpid()), time.perf_counter()
    for number in waiting:
        upload_checks.check(database, Store(config.files), None, upload=number)
    with database.reading() as session:
        states = [upload.state for upload in session.scalars(select(Upload))]
    if states != ["ready"] * len(states):
        sys.exit(f"the files were not taken: {states}")
    seconds, after = time.perf_counter() - began, memory_mb(os.getpid())
    print(f"{'worker, both':18}{seconds:9.1f}{before:9.0f}{highest_mb(os.getpid()):9.0f}{after:9.0f}")


def someone(config: Config, database: Database) -> tuple[str, dict[str, str]]:
    """The key of a draft, and what the browser of somebody who writes it sends along."""
    at = now()
    with database.unit() as session:
        owner = Organisation(key="bench", name_zh="测量", kind="enterprise", created_at=at)
        person = Person(email="bench@bench.example", fs_uniquifier="bench", create_datetime=at, confirmed_at=at)
        session.add_all([owner, person])
        session.flush()
        session.add(Membership(person_id=person.id, organisation_id=owner.id, role="owner", since=at))
        session.flush()
        actor = Actor(person.subject, owner.id, person=person.id, membership="owner")
        key = drafts.start(session, actor, now=at).key
        word = people.sign_in(session, person, browser="bench", second_factor=True, organisation=owner.id, now=at)
    app = create_app(config, database)
    client, raw = app.test_client(), secrets.token_hex(20)
    with client.session_transaction() as cookie:
        cookie[identity.WORD], cookie["csrf_token"] = word, raw
    kept = client.get_cookie("session")
    token = URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(raw)
    return key, {"Cookie": f"session={kept.value if kept else ''}", "X-CSRFToken": str(token)}


def by_parts(port: int, key: str, headers: dict[str, str], size: int) -> None:
    said = json.dumps({"name": "large.csv", "size": size})
    told = ask(
        port, "POST", f"/work/{key}/uploads", said.encode(), {**headers, "Content-Type": "application/json"}
    )
    while told["state"] == "coming":
        start = told["offset"]
        given = {**headers, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(start)}
        told = ask(port, "PATCH", told["url"], content(start, min(start + told["part"], size)), given)


def by_a_form(port: int, key: str, headers: dict[str, str], size: int) -> None:
    """Sent piece by piece: this side does not hold the file either."""
    file = 'Content-Disposition: form-data; name="file"; filename="form.csv"\r\nContent-Type: text/csv\r\n\r\n'
    head, tail = f"--{BOUNDARY}\r\n{file}".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        for start in range(0, size, len(BLOCK)):
            yield content(start, min(start + len(BLOCK), size))
        yield tail

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    length = str(len(head) + size + len(tail))
    given = {**headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": length}
    connection.request("POST", f"/work/{key}/uploads", body(), given)
    if (status := connection.getresponse().status) != 303:
        sys.exit(f"the form was answered with {status}")
    connection.close()


def content(start: int, end: int) -> bytes:
    """These bytes of a text that is as long as one likes."""
    at = start % len(LINE)
    return (LINE * ((end - start) // len(LINE) + 2))[at : at + end - start]


def ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    connection.close()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {told}")
    return told


def highest_mb(pid: int) -> float:
    """The most that the process had at any time, of the server's the largest."""
    lines = [line for each in family(pid) for line in Path(f"/proc/{each}/status").read_text().splitlines()]
    return max(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
