"""What the tests need beyond Python packages, and the one command that brings it.

Pure standard library: it is asked before the virtual environment exists. A test says what it needs with a
marker, `browser` or `font`; the pytest side is in `not_run.py`.
"""

import ctypes
import os
import platform
import shutil
import subprocess
from pathlib import Path

# Chromium that playwright fetched without root, kept inside the virtual environment.
FETCHED = Path(__file__).resolve().parent.parent / ".venv" / "browsers"

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FETCHED_BROWSERS = ("chrome", "Chromium", "Google Chrome for Testing")
# A few of the shared libraries a fetched Chromium loads; distributions bring them together.
LIBRARIES = ("libnss3.so", "libgbm.so.1", "libatk-bridge-2.0.so.0", "libxkbcommon.so.0", "libasound.so.2")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_FILES = ("*CJK*", "*NotoSansSC*", "*NotoSerifSC*", "*SourceHan*", "*wqy*", "*DroidSansFallback*")

# What each marker needs. A page without Chinese glyphs is not the page that the browser tests look at.
MARKERS = {"browser": ("Chromium", "Chromium's libraries", "a Chinese font"), "font": ("a Chinese font",)}


def browser() -> Path | None:
    """A Chromium that starts: the system's, else the fetched one."""
    found = [Path(path) for name in SYSTEM_BROWSERS if (path := shutil.which(name))]
    found += [path for name in FETCHED_BROWSERS for path in FETCHED.rglob(name) if path.is_file()]
    return next((path for path in found if _starts(path)), None)


def missing() -> list[str]:
    """The needs that this machine does not meet, in words."""
    lacking = []
    if browser() is None:
        lacking.append("Chromium")
        if not _libraries():
            lacking.append("Chromium's libraries")
    if not _chinese_font():
        lacking.append("a Chinese font")
    return lacking


def needs_root(lacking: list[str]) -> list[str]:
    """Those of the missing that set-up cannot fetch by itself."""
    return [need for need in lacking if need != "Chromium" or "Chromium's libraries" in lacking]


def command(lacking: list[str]) -> str:
    """The exact command, for this kind of system, that brings what is missing."""
    font = "a Chinese font" in lacking
    chromium = any(need.startswith("Chromium") for need in lacking)
    sudo = "" if os.geteuid() == 0 else "sudo "
    if shutil.which("apt-get"):
        # Ubuntu's package only points to a snap, so there the libraries come alone and Chromium is fetched.
        snap = chromium and _distribution() == "ubuntu"
        names = ["chromium"] * (chromium and not snap) + ["fonts-noto-cjk"] * font
        steps = [f"{sudo}.venv/bin/playwright install-deps chromium"] if snap else []
        steps += [f"{sudo}apt-get install -y {' '.join(names)}"] if names else []
        return " && ".join(steps)
    if shutil.which("dnf"):
        names = ["chromium"] * chromium + ["google-noto-sans-cjk-fonts"] * font
        return f"{sudo}dnf install -y {' '.join(names)}"
    return "install " + " and ".join(lacking) + " with this system's package manager"


def _starts(path: Path) -> bool:
    """A name on the PATH may be a stub that says where to get it; a fetched browser may lack libraries."""
    try:
        run = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def _libraries() -> bool:
    if platform.system() != "Linux":
        return True
    try:
        for name in LIBRARIES:
            ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _chinese_font() -> bool:
    if platform.system() != "Linux":
        return True
    if fc_list := shutil.which("fc-list"):
        return bool(subprocess.run([fc_list, ":lang=zh"], capture_output=True, check=False).stdout.strip())
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    return any(True for folder in folders for pattern in FONT_FILES for _ in folder.rglob(pattern))


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""
