"""What runs in the process that opens files: `python -m library.unpacking MEMORY SECONDS FILE ENDING COPY SMALL
TEXT`.

Prints as JSON what the file is, or why it is refused. COPY, SMALL and TEXT may be empty.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

OUT_OF_MEMORY = 3
LARGEST = 4 << 30  # bytes of what it writes


def limit(memory: int, seconds: int) -> None:
    """Of this process, for good; on systems that know the limit."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, LARGEST),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # macOS takes no limit of addresses
            continue


def main(memory: str, seconds: str, file: str, ending: str, copy: str, small: str, text: str) -> None:
    limit(int(memory), int(seconds))
    # Only now: what reads the file is loaded under the limits too.
    from .errors import Invalid
    from .inspection import look
    from .kinds import PICTURES
    from .reading import read
    from .stripping import miniature, strip

    try:
        media_type = look(Path(file), ending)
        stripped = bool(copy) and strip(Path(file), media_type, Path(copy))
        shrunk = bool(small) and ending in PICTURES
        if shrunk:
            miniature(Path(copy if stripped else file), Path(small))
        told = {"media_type": media_type, "stripped": stripped, "small": shrunk}
        told |= read(Path(file), media_type, Path(text)) if text else {}
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except Invalid as problem:
        told = {"refused": {"id": problem.text.id, "params": dict(problem.text.params)}}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
