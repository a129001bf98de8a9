"""Files that somebody brought are opened by a process of their own, which has little memory and little time.

A picture or a document of a few kilobytes may unpack to gigabytes, and the libraries that read them have had
holes. The process knows no setting, no secret and no database; when it dies, the file is refused, and nothing else
happens. Text is read here: it unpacks to nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from . import kinds
from .config import ROOT
from .errors import Invalid, Text
from .packages import DAMAGED

MEMORY = 3 << 29  # bytes of addresses; a picture of 40 million points takes half of it
SECONDS = 60  # of CPU
PATIENCE = 180  # seconds by the clock
FAULT = 1  # how Python ends after an error of a library; a signal has another number
TOO_MUCH = Text("Opening the file takes more memory or time than a file may; save it smaller or simpler.")

# Each may take hundreds of megabytes: several at once would be too many.
ONE_AT_A_TIME = threading.Lock()

log = structlog.get_logger("opening")


@dataclass(frozen=True)
class Opened:
    """What a file is, and what was drawn of it: a public copy, a small picture."""

    media_type: str
    stripped: bool = False
    small: bool = False
    whole: bool = False
    """The whole of its text was read, where that was asked for."""
    pictures: bool = False


def look(path: Path, name: str, *, memory: int = MEMORY) -> str:
    """The media type of a file that may be taken. Raises Invalid with the rule that it breaks."""
    return draw(path, name, memory=memory).media_type


def draw(
    path: Path, name: str, *, copy: Path | None = None, small: Path | None = None, memory: int = MEMORY
) -> Opened:
    """The same, with the copy for the public and the small picture of it, where the kind of file has them.

    Raises Invalid with the rule that the file breaks.
    """
    ending = kinds.ending_of(name)
    if ending in kinds.TEXTS:
        kinds.look_at_text(path, ending)
        return Opened(kinds.TYPES[ending])
    kinds.beginning_of(path)
    with ONE_AT_A_TIME:
        return _opened(memory, path, ending, copy, small)


def read(path: Path, name: str, *, memory: int = MEMORY) -> tuple[str, Opened]:
    """The text of a file that was taken, as far as it can be read, and whether that is all that it says.

    Raises Invalid when it cannot be opened.
    """
    ending = kinds.ending_of(name)
    if ending in kinds.TEXTS:
        return kinds.text_of(path), Opened(kinds.TYPES[ending], whole=True)
    with tempfile.TemporaryDirectory() as folder, ONE_AT_A_TIME:
        said = Path(folder) / "text"
        opened = _opened(memory, path, ending, None, None, said)
        return said.read_text(encoding="utf-8"), opened


def _opened(memory: int, path: Path, ending: str, *drawn: Path | None) -> Opened:
    three = (*drawn, None, None, None)[:3]
    places = [path.resolve(), ending, *(each.resolve() if each else "" for each in three)]
    command = [sys.executable, "-m", "library.unpacking", str(memory), str(SECONDS), *map(str, places)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={"LC_ALL": "C.UTF-8"}, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Invalid(TOO_MUCH) from None
    if done.returncode:
        said = done.stderr[-2000:].decode(errors="replace")
        log.warning("a file could not be opened", status=done.returncode, said=said)
        raise Invalid(TOO_MUCH if done.returncode != FAULT else DAMAGED)
    answer = json.loads(done.stdout)
    if refused := answer.get("refused"):
        raise Invalid(Text(**refused))
    return Opened(**answer)
