"""One supervisor for web and worker: set up, start both, stop both."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sqlalchemy import inspect

from search import Index
from search.errors import IndexBroken, IndexMissing

from . import demonstration, demonstration_calls, events, indexing, migrations, seeding
from .catalog import queries
from .config import ROOT, Config
from .db import Database
from .errors import Problem, Text
from .policy import SYSTEM
from .worker import now

GRACE = 1.0  # requests last milliseconds, and the worker may be killed at any point
WORK = [sys.executable, "-m", "library.cli", "work"]
HEALTHY = 60.0  # seconds: a child that lived as long has its earlier ends forgiven
PAUSES = (0, 1, 2, 4, 8, 15, 30, 60)  # seconds before the next start, after so many early ends
RESTARTS = 5  # of the web server, until we believe that it cannot live

log = structlog.get_logger("serving")


class Child:
    """A process that is started again whenever it ends, later each time while it dies young.

    In a session of its own: Ctrl-C reaches the supervisor alone, which then ends all its children.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.command, self.early_ends = name, command, 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.begun = time.monotonic()
        self.again_at: float | None = None  # set while it is down

    def look_after(self) -> None:
        at = time.monotonic()
        if self.again_at is None and self.process.poll() is not None:
            self.clear()
            self.early_ends = 1 if at - self.begun > HEALTHY else self.early_ends + 1
            pause = PAUSES[min(self.early_ends, len(PAUSES)) - 1]
            self.again_at = at + pause
            log.warning(f"the {self.name} ended", exit_code=self.process.returncode, again_in=pause)
        if self.again_at is not None and at >= self.again_at:
            self.start()

    def clear(self) -> None:
        """Kill what it started itself, and itself if it did not listen."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def check_port(host: str, port: int) -> None:
    """Raises Problem when the web server could not listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (socket.gaierror, UnicodeError, TypeError) as error:  # the latter two: no name of a machine at all
            raise Problem(_not_ours(host)) from error
        except (OSError, OverflowError) as error:
            words = Text(
                "Port %(port)s is taken or not allowed; choose another: make run PORT=8001.", {"port": port}
            )
            not_here = isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL
            raise Problem(_not_ours(host) if not_here else words) from error


def check_folder(folder: Path) -> None:
    """Raises Problem when the data folder cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 65536)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        place = {"folder": folder, "reason": error.strerror or str(error)}
        words = Text("The data folder %(folder)s cannot be written to (%(reason)s). Choose another: DATA=…", place)
        raise Problem(words) from error


def compiled(folder: Path) -> Iterator[str]:
    """Compile the catalogues that are older than their texts: without them every page is in English."""
    for texts in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        made = texts.with_suffix(".mo")
        if made.is_file() and made.stat().st_mtime >= texts.stat().st_mtime:
            continue
        try:
            with texts.open("rb") as said:
                catalogue = read_po(said)
            with made.open("wb") as file:
                write_mo(file, catalogue)
            yield f"The texts of {catalogue.locale} are compiled."
        except OSError as error:
            yield (
                f"The texts of {texts.parts[-3]} are missing or out of date, and cannot be compiled"
                f" ({error.strerror}): pybabel compile -d {folder}"
            )


def is_set_up(database: Database) -> bool:
    """Is there a library, of whatever version? Looking makes no file."""
    url = database.engine.url
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return False
    return inspect(database.engine).has_table(events.ChainHead.__tablename__)


def set_up(
    config: Config, database: Database, index: Index, progress: Callable[[str], Callable[[int, int], None]]
) -> Iterator[str]:
    """Database, cases and index, each only if it is missing: whatever the site cannot open without."""
    if not migrations.is_current(database):
        migrations.upgrade(database)
        yield "The database is ready."
    with database.reading() as session:
        empty = not events.head_seq(session)
    if empty:
        demo = not config.production
        yield from seeding.seed(database, config, demo=demo, now=now(), progress=progress("Cases"))
    if not config.production and demonstration.make(database, config, now=now()):
        yield "The demonstration accounts are ready."
    if not config.production and demonstration_calls.make(database, config, now=now()):
        yield "The demonstration calls are ready."
    try:
        index.check()
    except (IndexMissing, IndexBroken):
        with database.reading() as session:
            total = queries.total(session, SYSTEM)
        show = progress("Cases indexed")
        indexing.rebuild(database, index, config.replica, now=now(), progress=lambda done: show(done, total))
        yield "The search index is ready."


def serve(host: str, port: int, threads: int, ready: Callable[[], None]) -> None:
    """Run web and worker until a signal comes. Raises Problem when the web server cannot live.

    Without a worker the site lives on: nothing is indexed or sent meanwhile, and /healthz says so.
    """
    ending = False

    def end(*_: object) -> None:
        nonlocal ending
        ending = True

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)
    web = Child("web server", web_command(host, port, threads))
    worker = Child("worker", WORK)
    announced = False
    try:
        while not ending:
            web.look_after()
            worker.look_after()
            if web.early_ends > RESTARTS:
                raise Problem(
                    Text("The web server ends again and again soon after its start; the site is closed.")
                )
            if not announced and _answers(host, port):
                announced = True
                ready()
            time.sleep(0.05 if not announced else 0.3)
    finally:
        _stop(web, worker)


def web_command(host: str, port: int, threads: int, folder: Path = ROOT, target: str = "wsgi:app") -> list[str]:
    """How the web server is started."""
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": 1,
        "blocking-threads": threads,
        "log-level": "warning",
        "working-dir": folder,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "granian", *words, "--no-ws", target]


def _not_ours(host: str) -> Text:
    return Text("%(host)s is no IPv4 address of this machine; --host 0.0.0.0 means all of them.", {"host": host})


def _answers(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.2):
        return True
    return False


def _stop(*children: Child) -> None:
    alive = [child for child in children if child.again_at is None]  # the number of another may be a stranger's
    for child in alive:
        child.process.terminate()
    deadline = time.monotonic() + GRACE
    for child in alive:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        child.clear()
