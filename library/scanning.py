"""Looking for viruses with ClamAV's daemon, where an installation has one (CASELIB_CLAMAV).

The protocol is INSTREAM: each piece of the file behind its length in four bytes, then a length of nothing.
Without a daemon nothing is scanned, and the pages say so.
"""

from __future__ import annotations

import re
import socket
import struct
from pathlib import Path

from .errors import Text, Unavailable

PIECE = 1 << 18
PATIENCE = 30.0
LONGEST_ANSWER = 4096
FOUND = re.compile(r"stream: (.+) FOUND")


class Scanner:
    """A daemon at `host:port`, or behind the socket at a path."""

    def __init__(self, address: str) -> None:
        self.address = address

    def scan(self, path: Path) -> str | None:
        """The name of what was found in the file, or None. Raises Unavailable when nobody looks into it."""
        try:
            with self._connected() as connection, path.open("rb") as file:
                connection.sendall(b"zINSTREAM\0")
                while piece := file.read(PIECE):
                    connection.sendall(struct.pack("!I", len(piece)) + piece)
                connection.sendall(struct.pack("!I", 0))
                answer = _answer(connection)
        except OSError as error:
            raise Unavailable(Text("The virus scanner does not answer.")) from error
        if answer == "stream: OK":
            return None
        if found := FOUND.fullmatch(answer):
            return found[1]
        raise Unavailable(Text("The virus scanner could not look into the file."))

    def _connected(self) -> socket.socket:
        if "/" in self.address:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(PATIENCE)
            try:
                connection.connect(self.address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)


def scanner(address: str) -> Scanner | None:
    """The one that the settings name, if they name one."""
    return Scanner(address) if address else None


def _answer(connection: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < LONGEST_ANSWER and (piece := connection.recv(LONGEST_ANSWER)):
        answer += piece
    return answer.partition(b"\0")[0].decode(errors="replace").strip()
