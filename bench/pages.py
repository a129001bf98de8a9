"""CPU per page on the real server, beside the hello page of the same server in the same run.

The peer is a WSGI function that answers "hello" under the same granian with the same options. CPU is that of
the server's processes (user and system, from /proc), so waiting does not count. The split into engine, ORM and
template is measured in this process, on the same data, with `time.process_time`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from library import create_app, serving, web
from library.config import Config
from library.db import Database
from search import Index

ROUNDS, REQUESTS = 5, 80
PAGES = {
    "home": ("/?lang=zh", 8.0),
    "case": ("/cases/MIOT-P-0023?lang=zh", 8.0),
    "search, words": ("/search?lang=zh&q=%E6%B0%B4%E8%A1%A8", 12.0),
    "search, 20 rows": ("/search?lang=en", 12.0),
    "statistics": ("/statistics?lang=en", 0.0),
}
HELLO = (
    "def app(environ, start):\n"
    "    start('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5')])\n"
    "    return [b'hello']\n"
)
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config.read({"CASELIB_DATA": str(folder / "data"), "CASELIB_ENV": "development"})
        database, index = Database(config.database_url), Index(config.index)
        for _ in serving.set_up(config, database, index, lambda words: lambda done, of: None):
            pass
        database.engine.dispose()
        (folder / "hello.py").write_text(HELLO)
        on_server(folder, config)
        in_process(config)


def on_server(folder: Path, config: Config) -> None:
    with served("hello:app", folder, config) as (hello_port, hello_pid, _):
        hello = cpu_ms(hello_port, hello_pid, "/", requests=2000)
        with served("wsgi:app", Path.cwd(), config) as (port, pid, start):
            print(f"{'page':18}{'CPU ms':>9}{'x hello':>9}{'bar ms':>8}")
            print(f"{'hello':18}{hello:9.2f}{1:9.1f}")
            for name, (path, bar) in PAGES.items():
                cost = cpu_ms(port, pid, path)
                print(f"{name:18}{cost:9.2f}{cost / hello:9.1f}{bar or '':>8}")
            print(
                f"start-up {start:.2f} s (bar 3 s); memory of the web process {memory_mb(pid):.0f} MB (bar 250 MB)"
            )


@contextmanager
def served(target: str, folder: Path, config: Config) -> Iterator[tuple[int, int, float]]:
    """A granian as `caselib serve` starts it; gives port, pid and seconds until the first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    child = subprocess.Popen(
        serving.web_command("127.0.0.1", port, 4, folder, target),
        env={**os.environ, "CASELIB_DATA": str(config.data), "CASELIB_ENV": "development"},
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                fetch(port, "/")
                break
            except OSError:
                if child.poll() is not None or time.perf_counter() - began > 60:
                    sys.exit(f"{target} did not start")
                time.sleep(0.02)
        yield port, child.pid, time.perf_counter() - began
    finally:
        child.terminate()
        child.wait()


def fetch(port: int, path: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        answer.read()


def cpu_ms(port: int, pid: int, path: str, requests: int = REQUESTS) -> float:
    """Median over rounds of the server's CPU per request, in milliseconds."""
    for _ in range(20):
        fetch(port, path)
    costs = []
    for _ in range(ROUNDS):
        before = cpu_seconds(pid)
        for _ in range(requests):
            fetch(port, path)
        costs.append((cpu_seconds(pid) - before) / requests * 1000)
    return median(costs)


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    total = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mb(pid: int) -> float:
    """Resident memory of the process that answers: the largest of the server's."""
    sizes = []
    for each in family(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                sizes.append(int(line.split()[1]) / 1024)
    return max(sizes)


def in_process(config: Config) -> None:
    """Where the time goes: searching, the database with loading, drawing; and statements per page."""
    app = create_app(config)
    spent = dict.fromkeys(("engine", "ORM", "template"), 0.0)
    statements = [0]

    def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[part] += time.process_time() - began

        return call

    app.extensions["index"].search = timed("engine", app.extensions["index"].search)
    web.render = timed("template", web.render)
    for name in ("execute", "scalar", "scalars", "get"):
        setattr(Session, name, timed("ORM", getattr(Session, name)))
    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    client = app.test_client()
    print(f"\n{'in process':18}{'all':>7}{'engine':>8}{'ORM':>7}{'template':>10}{'statements':>12}")
    for name, (path, _) in PAGES.items():
        for _ in range(10):
            client.get(path)
        spent.update(dict.fromkeys(spent, 0.0))
        statements[0] = 0
        began = time.process_time()
        for _ in range(REQUESTS):
            client.get(path)
        total = (time.process_time() - began) / REQUESTS * 1000
        engine_ms, orm_ms, template_ms = (value / REQUESTS * 1000 for value in spent.values())
        asked = statements[0] / REQUESTS
        print(f"{name:18}{total:7.2f}{engine_ms:8.2f}{orm_ms:7.2f}{template_ms:10.2f}{asked:12.1f}")
