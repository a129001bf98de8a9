"""`make bench`: run every measurement, or those named: `python -m bench pages`.

Options follow the name of the one measurement that they are for: `python -m bench search --size 10000,100000`.
"""

from __future__ import annotations

import importlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path

ALL = (
    "pages",
    "search",
    "judged",
    "autosave",
    "duplicates",
    "uploads",
    "desk",
    "bulk",
    "selection",
    "deciding",
    "assigning",
    "objections",
)


def machine() -> str:
    """One line about where the figures come from."""
    names = ("flask", "sqlalchemy", "granian", "whoosh3", "numpy", "highspy", "tantivy")
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


def main(words: list[str]) -> None:
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:first], words[first:]
    if unknown := [name for name in names if name not in ALL]:
        sys.exit(f"There is no measurement called {unknown[0]}; there are: {', '.join(ALL)}.")
    if options and len(names) != 1:
        sys.exit("Options belong to one measurement: name it first.")
    print(machine())
    for name in names or ALL:
        print(f"\n{name}")
        importlib.import_module(f"bench.{name}").main(*options)


if __name__ == "__main__":
    main(sys.argv[1:])
