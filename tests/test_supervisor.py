"""How the supervisor looks after its children: restarts with growing pauses, and an end in words."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from library import serving
from library.errors import Problem


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def signals() -> Iterator[None]:
    """What this process did on a signal before `serving.serve` ran in it."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(name) for name in names]
    yield
    for name, handler in zip(names, before, strict=True):
        signal.signal(name, handler)


def short_lived(journal: Path) -> list[str]:
    """A command that notes that it was started, and ends."""
    return ["sh", "-c", 'echo started >> "$0"; exit 3', str(journal)]


def starts(journal: Path) -> int:
    return len(journal.read_text().splitlines()) if journal.exists() else 0


@pytest.mark.usefixtures("signals")
def test_the_site_lives_without_a_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    journal, times = tmp_path / "worker", 3 * serving.RESTARTS
    monkeypatch.setattr(serving, "WORK", short_lived(journal))
    monkeypatch.setattr(serving, "PAUSES", (0,))
    monkeypatch.setattr(serving, "web_command", lambda *_: ["sleep", "600"])

    def look(host: str, port: int) -> bool:
        if starts(journal) >= times:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    monkeypatch.setattr(serving, "_answers", look)
    serving.serve("127.0.0.1", free_port(), 1, lambda: None)
    assert starts(journal) >= times


@pytest.mark.usefixtures("signals")
def test_a_web_server_that_cannot_live_ends_the_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    journal = tmp_path / "web"
    monkeypatch.setattr(serving, "WORK", ["sleep", "600"])
    monkeypatch.setattr(serving, "PAUSES", (*[0] * serving.RESTARTS, 60))
    monkeypatch.setattr(serving, "web_command", lambda *_: short_lived(journal))
    with pytest.raises(Problem, match="web server ends again and again"):
        serving.serve("127.0.0.1", free_port(), 1, lambda: None)
    assert starts(journal) == serving.RESTARTS + 1


def test_a_child_that_dies_young_waits_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(serving.time, "monotonic", lambda: clock[0])
    child = serving.Child("worker", ["true"])

    def pause() -> float:
        """Seconds from its end to the next start."""
        child.process.wait()
        ended = clock[0]
        while child.process.returncode is not None:
            child.look_after()
            clock[0] += 0.5 * (child.process.returncode is not None)
        return clock[0] - ended

    assert [pause() for _ in range(9)] == [0, 1, 2, 4, 8, 15, 30, 60, 60]
    clock[0] += serving.HEALTHY + 1
    assert pause() == 0
    child.clear()
