"""The virus scanner: a real socket that speaks clamd's INSTREAM; whatever it answers is taken at its word."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_files import EICAR

from library import scanning
from library.errors import Unavailable
from library.scanning import Scanner, scanner


class Clamd(socketserver.StreamRequestHandler):
    """What clamd does with one INSTREAM; `server.limit` is its StreamMaxLength, `server.heard` what came."""

    server: Any

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
            if len(content) > self.server.limit:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.heard.append(content)
        self.wfile.write(b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0")


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    kind = socketserver.ThreadingTCPServer if request.param == "tcp" else socketserver.ThreadingUnixStreamServer
    place: Any = ("127.0.0.1", 0) if request.param == "tcp" else str(tmp_path / "clamd.sock")
    with kind(place, Clamd) as server:
        server.limit, server.heard = 10 << 20, []
        at = server.server_address
        server.address = at if isinstance(at, str) else f"{at[0]}:{at[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.txt"
    path.write_bytes(content)
    return path


def test_a_clean_file_comes_through_whole(clamd: Any, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000  # several pieces and a rest
    assert len(content) > 3 * scanning.PIECE
    assert Scanner(clamd.address).scan(written(tmp_path, content)) is None
    assert clamd.heard == [content]


def test_what_is_found_is_named(clamd: Any, tmp_path: Path) -> None:
    assert Scanner(clamd.address).scan(written(tmp_path, b"x" * 500_000 + EICAR)) == "Eicar-Signature"


def test_a_file_that_the_scanner_does_not_take_is_not_clean(clamd: Any, tmp_path: Path) -> None:
    clamd.limit = 1000
    with pytest.raises(Unavailable):
        Scanner(clamd.address).scan(written(tmp_path, b"x" * 2000))


def test_nobody_there_is_not_clean(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    for where in (address, str(tmp_path / "nothing.sock")):
        with pytest.raises(Unavailable, match="does not answer"):
            Scanner(where).scan(written(tmp_path, b"x"))


def test_silence_is_not_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(Unavailable, match="does not answer"):
            Scanner(f"{host}:{port}").scan(written(tmp_path, b"x"))


def test_without_an_address_there_is_no_scanner() -> None:
    assert scanner("") is None
    assert scanner("localhost:3310") is not None
