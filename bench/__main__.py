"""`make bench`: run every measurement, or those named: `python -m bench pages`."""

from __future__ import annotations

import importlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path

ALL = ("pages",)


def machine() -> str:
    """One line about where the figures come from."""
    names = ("flask", "sqlalchemy", "granian", "whoosh3")
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{cpu}, Python {platform.python_version()}, {packages}"


def main(names: list[str]) -> None:
    print(machine())
    for name in names or ALL:
        if name not in ALL:
            sys.exit(f"There is no measurement called {name}; there are: {', '.join(ALL)}.")
        print(f"\n{name}")
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
