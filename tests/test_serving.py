"""The supervisor as a process: it starts, looks after its children, ends, and says why it cannot start."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from babel.support import Translations

from library import serving
from library.config import ROOT
from library.db import Database
from library.errors import Problem
from library.language import CATALOGUES

PATIENCE = 90.0
COMMAND = [sys.executable, "-m", "library.cli"]


class Served:
    """A running `serve`."""

    def __init__(self, data: Path, *options: str, database: str = "") -> None:
        self.port = free_port()
        env = {**os.environ, "CASELIB_DATA": str(data), "CASELIB_ENV": "test", "PORT": str(self.port)}
        env |= {"CASELIB_DATABASE_URL": database} if database else {}
        self.log = data.with_name(f"{self.port}.log")
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *options], cwd=ROOT, env=env, stdout=out, stderr=out
            )

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of a page; 0 while nobody listens."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, what: Callable[[], Any]) -> Any:
        """`what`'s first true answer."""
        deadline = time.monotonic() + PATIENCE
        while not (found := what()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return found

    def children(self) -> dict[int, str]:
        """Every process that this one has started, and those that they have, with their commands."""
        table = processes()
        found = {self.process.pid}
        while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
            found |= more
        return {pid: table[pid][1] for pid in found - {self.process.pid}}

    def workers(self) -> list[int]:
        return [pid for pid, command in self.children().items() if "library.cli work" in command]

    def end(self, how: signal.Signals) -> int:
        """Send the signal to the supervisor alone; its exit code, once all that it started is gone."""
        children = self.children()
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        assert [pid for pid in children if pid in processes()] == []
        return code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command of every living process."""
    if not Path("/proc/self/stat").exists():
        table = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True, check=True
        )
        rows = (line.split(None, 2) for line in table.stdout.splitlines())
        return {int(pid): (int(parent), command) for pid, parent, command in rows if command != "<defunct>"}
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):  # a slim machine has no ps
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if state != "Z":
                found[int(folder.name)] = (int(parent), command)
    return found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """serve(…): a supervisor that does not outlive the test."""
    running: list[Served] = []

    def serve(*options: str, database: str = "") -> Served:
        running.append(Served(tmp_path / "data", *options, database=database))
        return running[-1]

    yield serve
    for each in running:
        for pid in (*each.children(), each.process.pid):
            if each.process.poll() is None:
                os.kill(pid, signal.SIGKILL)
        each.process.wait()


def refused(data: Path, *before: str, options: tuple[str, ...] = (), **env: str) -> str:
    """Start where that cannot work; the one thing that is said."""
    given = {**os.environ, "CASELIB_DATA": str(data), "CASELIB_ENV": "test", "PORT": str(free_port()), **env}
    done = subprocess.run(
        [*before, *COMMAND, "serve", "--setup", *options],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "is open" not in done.stdout
    return done.stderr.strip().splitlines()[-1]


def test_a_whole_life_of_the_site(database: Database, serve: Callable[..., Served], tmp_path: Path) -> None:
    url = database.engine.url.render_as_string(hide_password=False)

    # The first start sets everything up and says where it is open.
    first = serve("--setup", database=url)
    first.wait_for(lambda: "The library is open" in first.log.read_text())
    assert f"http://localhost:{first.port}" in first.log.read_text()
    first.wait_for(lambda: first.get("/healthz")[0] == 200)
    assert "MIOT-P-0001" in first.get("/search?q=MIOT-P-0001&lang=en")[1]

    # A killed worker is started again.
    [worker] = first.workers()
    os.kill(worker, signal.SIGKILL)
    first.wait_for(lambda: first.workers() not in ([], [worker]))
    env = {**os.environ, "CASELIB_DATA": str(tmp_path / "data"), "CASELIB_DATABASE_URL": url}
    subprocess.run([*COMMAND, "reports", "--archive", "MIOT-P-0001"], cwd=ROOT, env=env, check=True)
    first.wait_for(lambda: json.loads(first.get("/api/v1/cases?q=MIOT-P-0001")[1])["total"] == 0)

    # What strangers send is answered by a real server as by the test client, and it lives on.
    for path, status in (
        ("/search?q=" + "x" * 8000, 422),
        ("/%ff%00", 404),
        ("//search/", 404),
        ("/search?page=-1", 422),
    ):
        assert first.get(path)[0] == status, path[:20]
    assert first.get("/about", Cookie="a" * 20_000, Host="evil.example")[0] in (200, 400, 431)
    line = HTTPConnection("127.0.0.1", first.port, timeout=30)
    with contextlib.suppress(ConnectionError):  # it need not listen to the end before it refuses
        line.request(
            "POST",
            "/cases/MIOT-P-0002/report",
            iter([b"x" * 65536] * 40),
            {"Content-Type": "application/x-www-form-urlencoded"},
            encode_chunked=True,
        )
    assert line.getresponse().status in (400, 413)
    line.close()

    # Ctrl-C ends all of it; the second start is quick and keeps the data.
    assert first.end(signal.SIGINT) == 0
    second = serve("--setup", database=url)
    second.wait_for(lambda: "0 cases added, 0 changed" in second.log.read_text())
    second.wait_for(lambda: second.get("/healthz")[0] == 200)
    assert second.get("/cases/MIOT-P-0001")[0] == 410
    assert second.get("/cases/MIOT-P-0002")[0] == 200
    assert second.end(signal.SIGTERM) == 0


def test_a_killed_web_server_is_started_again(sqlite: Database, serve: Callable[..., Served]) -> None:
    """Whichever of its processes dies: the address answers again, from a new one, with the same worker."""
    site = serve(database=sqlite.engine.url.render_as_string())
    site.wait_for(lambda: site.get("/about")[0] == 200)
    workers = site.workers()
    for choose in (max, min):
        web = {pid for pid, command in site.children().items() if "granian" in command}
        os.kill(choose(web), signal.SIGKILL)
        site.wait_for(lambda web=web: not web & set(site.children()))
        site.wait_for(lambda: site.get("/about")[0] == 200)
        assert site.workers() == workers
    assert "web server ended" in site.log.read_text()
    assert site.end(signal.SIGTERM) == 0


def test_texts_that_were_not_compiled_are_compiled_or_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(CATALOGUES / "zh_Hans_CN/LC_MESSAGES/messages.po", folder)
    assert list(serving.compiled(tmp_path)) == ["The texts of zh_Hans_CN are compiled."]
    assert Translations.load(str(tmp_path), ["zh_Hans_CN"]).gettext("Cases") == "案例"
    assert list(serving.compiled(tmp_path)) == []
    os.utime(folder / "messages.mo", (0, 0))
    assert list(serving.compiled(tmp_path)) == ["The texts of zh_Hans_CN are compiled."]
    (folder / "messages.mo").unlink()
    (folder / "messages.mo").mkdir()  # nothing can be written there, not even by root
    [said] = serving.compiled(tmp_path)
    assert said.startswith("The texts of zh_Hans_CN are missing or out of date, and cannot be compiled (")
    assert sorted(file.name for file in folder.iterdir()) == ["messages.mo", "messages.po"]


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1", "::1", "a..b", "ü" * 70])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(Problem, match="is no IPv4 address of this machine"):
        serving.check_port(host, free_port())


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert f"Port {port} is taken" in refused(tmp_path / "data", PORT=port)


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_a_port_that_does_not_exist(tmp_path: Path, port: str) -> None:
    assert f"Port {port} is taken or not allowed" in refused(tmp_path / "data", PORT=port)


def test_a_data_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert str(tmp_path / "file") in refused(tmp_path / "file" / "data")


def test_a_data_folder_that_we_may_not_write_to(tmp_path: Path) -> None:
    """Root may write everywhere, so the look is taken as somebody else."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    if os.geteuid():
        assert "cannot be written to (Permission denied)" in refused(folder, CASELIB_SECRET_KEY="s")
        return
    os.seteuid(65534)
    try:
        with pytest.raises(Problem, match="cannot be written to"):
            serving.check_folder(folder)
    finally:
        os.seteuid(0)


def limited(kilobytes: int) -> tuple[str, ...]:
    """A command in front of ours: no file may grow beyond this, as on a full disk or over a quota."""
    return ("sh", "-c", f'ulimit -f {kilobytes * 2}; exec "$@"', "sh")


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    assert "cannot be written to (File too large)" in refused(tmp_path / "data", *limited(32))


def test_a_disk_that_gets_full_on_the_way(tmp_path: Path) -> None:
    """The cases are all in, or none is; once there is room again, the next start goes on."""
    data = tmp_path / "data"
    said = refused(data, *limited(400))
    assert said.startswith("Error: "), said
    env = {**os.environ, "CASELIB_DATA": str(data), "CASELIB_ENV": "test"}
    for words, answer in (("migrate", ""), ("seed", "cases added"), ("check-chain", "unbroken")):
        done = subprocess.run([*COMMAND, words], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert answer in done.stdout


@pytest.mark.parametrize(
    ("setting", "value"),
    [("CASELIB_ENV", "holiday"), ("CASELIB_PROXIES", "many"), ("CASELIB_DATABASE_URL", "nonsense")],
)
def test_a_setting_that_makes_no_sense(tmp_path: Path, setting: str, value: str) -> None:
    said = refused(tmp_path / "data", **{setting: value})
    assert said.startswith("Error: ")
    assert setting in said
