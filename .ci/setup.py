"""Makes `.venv`: the packages of the lock file, `caselib` itself, compiled catalogues, a browser for tests.

usage: .ci/setup run|test (the shell script finds a Python and comes here). Pure standard library. What is
there already is left alone: a stamp in `.venv` names the lock it was made from, so a second start costs
nothing. `test` is `run` and more, with the same versions, so one environment serves both.
"""

import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import get_pip
import preflight

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
LOCKS = ROOT / ".ci" / "lock"
MEGABYTES = {"run": 400, "test": 1200}

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def main(extent: str) -> None:
    if extent == "test":
        announce_needs()
    with only_one():
        if not fresh(extent):
            build(extent)
        compile_catalogues()
        if extent == "test":
            fetch_browser()


def announce_needs() -> None:
    """What needs root is said before anything starts; the tests say it again at their end."""
    lacking = preflight.needs_root(preflight.missing())
    if lacking:
        names, command = " and ".join(lacking), preflight.command(lacking)
        print(f"Missing for some tests: {names}. To bring it: {command}", flush=True)


@contextmanager
def only_one() -> Iterator[None]:
    """Two set-ups of one checkout at the same time (make run beside make test) wait for each other."""
    folder = os.open(LOCKS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def fresh(extent: str) -> bool:
    try:
        return stamp(extent).read_text() == recipe(extent)
    except OSError:
        return False


def stamp(extent: str) -> Path:
    return VENV / f"made-{extent}"


def recipe(extent: str) -> str:
    """What an environment was made from. The place is part of it: scripts in bin/ hold absolute paths."""
    digest = hashlib.sha256((LOCKS / f"{extent}.txt").read_bytes() + (ROOT / "setup.cfg").read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def build(extent: str) -> None:
    if not usable():
        with step("virtual environment"):
            try:
                run([sys.executable], "-m", "venv", "--clear", VENV)
            except subprocess.CalledProcessError:  # no ensurepip, as on Debian without python3-venv
                run([sys.executable], "-m", "venv", "--clear", "--without-pip", VENV)
    with step("pip"):
        pip = get_pip.command(VENV)
    lock = LOCKS / f"{extent}.txt"
    count = sum("==" in line and not line.lstrip().startswith("#") for line in lock.read_text().splitlines())
    with step(f"{count} packages"):
        # Nothing is built here but Flask-Principal, which is there as source alone; its hash is in the lock too.
        wheels = ("--only-binary", ":all:", "--no-binary", "flask-principal")
        run(pip, "install", "--require-hashes", "--no-deps", *wheels, "-r", lock)
    with step("caselib"):
        run(pip, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT)
    for made in ("run", extent):
        stamp(made).write_text(recipe(made))


def usable() -> bool:
    """An environment that was moved, or whose Python has gone, is made anew; a half-made one is finished."""
    stamps = [stamp(extent) for extent in MEGABYTES if stamp(extent).exists()]
    if any(made.read_text().splitlines()[0] != str(ROOT) for made in stamps):
        return False
    ask = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([BIN / "python", "-c", ask], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def compile_catalogues() -> None:
    translations = ROOT / "library" / "translations"
    catalogues = [(text, text.with_suffix(".mo")) for text in translations.glob("*/LC_MESSAGES/*.po")]
    if any(not made.exists() or made.stat().st_mtime < text.stat().st_mtime for text, made in catalogues):
        with step("translations"):
            run([BIN / "pybabel"], "compile", "-d", translations)


def fetch_browser() -> None:
    """Without root; what needs root was announced. A browser that cannot be had stops only its own tests."""
    lacking = preflight.missing()
    if "Chromium" not in lacking or "Chromium's libraries" in lacking:
        return
    os.environ["PLAYWRIGHT_BROWSERS_PATH"] = str(preflight.FETCHED)
    try:
        with step("Chromium"):
            run([BIN / "playwright"], "install", "--no-shell", "chromium")
    except subprocess.CalledProcessError:
        print(f"Chromium could not be fetched. To bring it: {preflight.command(['Chromium'])}", flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    print(f"setting up {what} … ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - start:.1f} s", flush=True)


def run(program: list[str | Path], *arguments: str | Path) -> None:
    subprocess.run(
        [*program, *arguments], env=get_pip.environment(), check=True, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def sentence(error: Exception, extent: str) -> str:
    """One plain sentence for what commonly stops a set-up; else the end of what the failing program said."""
    said = getattr(error, "output", None) or str(error)
    if any(os.strerror(code) in said for code in FULL):
        return (
            f"The disk is full: set-up needs about {MEGABYTES[extent]} MB in {VENV} and some in the "
            "temporary folder; free them and run make again."
        )
    if any(os.strerror(code) in said for code in FORBIDDEN):
        return f"This user cannot write in {ROOT}: change its owner, or work in a copy, and run make again."
    if "DO NOT MATCH THE HASHES" in said:
        return "A package that was offered is not the one that the lock file names, so it was not installed."
    if "NewConnectionError" in said or "No matching distribution" in said:
        return (
            "The packages could not be fetched: check the network, or pip's settings for the index it should "
            "use, and run make again."
        )
    if isinstance(error, subprocess.CalledProcessError):
        return "\n".join([*said.splitlines()[-15:], "Set-up stopped here; run make again to go on."])
    return said


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, get_pip.NoPip, subprocess.CalledProcessError) as error:
        sys.exit(sentence(error, sys.argv[1]))
