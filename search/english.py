"""Is it an English word? Who writes one means it, whether or not any case has it.

The list is that of pyspellchecker, which is pinned because its file is read here: as one string it takes a
twentieth of the memory that its own dictionary does.
"""

import functools
import gzip
import json
from importlib import resources


def known(word: str) -> bool:
    """`word` in small letters."""
    return f"\n{word}\n" in _words()


@functools.cache
def _words() -> str:
    packed = resources.files("spellchecker").joinpath("resources", "en.json.gz").read_bytes()
    return "\n".join(["", *json.loads(gzip.decompress(packed)), ""])
