"""Finds a pip that installs into a virtual environment, also where Python came without ensurepip.

In this order: the environment's own; the pip of the Python that made it; the wheel that Debian keeps for this
very purpose, which apt fetches without root; the wheel from the index that pip or the environment is set to,
if it is the one that `lock/pip.txt` names.
"""

import configparser
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

LOCK = Path(__file__).resolve().parent / "lock" / "pip.txt"
DEBIAN_WHEELS = Path("/usr/share/python-wheels")
PIP_SETTINGS = (
    "~/.config/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/Library/Application Support/pip/pip.conf",
    "/etc/pip.conf",
    "/etc/xdg/pip/pip.conf",
)


class NoPip(Exception):
    """There is no pip here and no way to one."""


def command(venv: Path) -> list[str | Path]:
    """The beginning of a command line that runs pip for this environment."""
    python = venv / "bin" / "python"
    kept = venv / "pip"
    present: list[list[str | Path]] = [
        [python, "-m", "pip"],
        [sys.executable, "-m", "pip", "--python", python],
    ]
    for pip in present:
        if _works(pip):
            return pip
    for source in (_nothing, _from_apt, _from_index):
        source(kept)
        for wheel in (*kept.rglob("pip-*.whl"), *DEBIAN_WHEELS.glob("pip-*.whl")):
            if _works([python, wheel / "pip"]):
                return [python, wheel / "pip"]
    raise NoPip(
        "This Python has neither ensurepip nor pip, and no package index is configured to fetch it from: "
        "install python3-venv or python3-pip, or set PIP_INDEX_URL, and run make again."
    )


def environment() -> dict[str, str]:
    """This process's environment without what would turn pip away from the virtual environment."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}


def _works(pip: list[str | Path]) -> bool:
    """Asked for a real listing: `--version` would not notice a pip too old for this Python."""
    return subprocess.run([*pip, "list"], env=environment(), capture_output=True, check=False).returncode == 0


def _nothing(kept: Path) -> None:
    """First what is already there."""


def _from_apt(kept: Path) -> None:
    """Debian and Ubuntu split ensurepip off, and keep its wheel in a package; apt checks the signature."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    with tempfile.TemporaryDirectory() as scratch:
        # A fresh container has no package lists; a user who is not root keeps his own beside the system's.
        state, cache = f"Dir::State={scratch}/state", f"Dir::Cache={scratch}/cache"
        own = ["-o", state, "-o", cache, "-o", "Dir::State::status=/var/lib/dpkg/status"]
        Path(scratch, "state/lists/partial").mkdir(parents=True)
        Path(scratch, "cache/archives/partial").mkdir(parents=True)
        download = ["download", "python3-pip-whl"]
        for steps in ([download], [[*own, "update"], [*own, *download]]):
            if all(_quiet(["apt-get", "-q", *step], scratch) for step in steps):
                break
        for package in Path(scratch).glob("python3-pip-whl_*.deb"):
            _quiet(["dpkg-deb", "-x", package, kept], scratch)


def _quiet(arguments: list[str | Path], folder: str) -> bool:
    return subprocess.run(arguments, cwd=folder, capture_output=True, check=False).returncode == 0


def _from_index(kept: Path) -> None:
    index = _configured_index()
    if index is None:
        return
    page_address = f"{index.rstrip('/')}/pip/"
    text = LOCK.read_text()
    version, digests = re.findall(r"^pip==(\S+)", text, re.MULTILINE)[0], re.findall(r"sha256:(\w+)", text)
    page = _get(page_address).decode()
    for link in re.findall(r'href="([^"]+)"', page):
        address = urllib.parse.urldefrag(urllib.parse.urljoin(page_address, link)).url
        name = address.rpartition("/")[2]
        if name == f"pip-{version}-py3-none-any.whl":
            wheel = _get(address)
            if hashlib.sha256(wheel).hexdigest() not in digests:
                raise NoPip("The pip that the package index offers is not the one that the lock file names.")
            kept.mkdir(parents=True, exist_ok=True)
            (kept / name).write_bytes(wheel)


def _configured_index() -> str | None:
    """Where pip itself would look first: the environment, then its files."""
    if address := os.environ.get("PIP_INDEX_URL"):
        return address
    settings = configparser.RawConfigParser()
    files = [os.environ.get("PIP_CONFIG_FILE", ""), *PIP_SETTINGS]
    for file in filter(None, files):
        settings.read(Path(file).expanduser())
        for section in ("install", "global"):
            if settings.has_option(section, "index-url"):
                return settings.get(section, "index-url")
    return None


def _get(address: str) -> bytes:
    trust = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
    with urllib.request.urlopen(address, timeout=60, context=trust) as answer:
        return bytes(answer.read())
