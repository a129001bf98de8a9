"""Are the translations complete?   usage: catalogues.py check|update

`update` collects the texts of the code and the templates into every catalogue; `check` changes nothing and
names what `update` would change, and what a translator has still to do.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "library" / "translations"
PYBABEL = Path(sys.executable).with_name("pybabel")

# `Text` is how the code below the doors names a message; babel's own list has the gettext functions and `N_`.
KEYWORDS = ("-k", "Text", "-k", "lazy_gettext")
# Line numbers would change every catalogue with every change of the code.
FORM = ("--sort-output", "--add-location", "file", "--project", "caselib")


def main(verb: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "messages.pot")
        pybabel("extract", "-F", "pyproject.toml", *KEYWORDS, *FORM, "-o", template, ".")
        if verb == "update":
            pybabel("update", "-i", template, "-d", TRANSLATIONS, "--no-fuzzy-matching", "--ignore-obsolete")
            return 0
        wanted = read(template, "en")
    files = sorted(TRANSLATIONS.glob("*/*/*.po"))
    found = [line for file in files for line in complaints(file, wanted)]
    print("\n".join(found) or f"{len(files)} catalogues of {len(wanted)} texts, all translated")
    return 1 if found else 0


def complaints(file: Path, wanted: Catalog) -> Iterator[str]:
    """One line for each text that the catalogue lacks, has too many, or has not translated."""
    catalogue = read(file)
    name = file.relative_to(TRANSLATIONS)
    ids, wanted_ids = ({message.id for message in texts if message.id} for texts in (catalogue, wanted))
    yield from (f"{name}: missing (make catalogues): {text!r}" for text in wanted_ids - ids)
    yield from (f"{name}: no longer used (make catalogues): {text!r}" for text in ids - wanted_ids)
    for message in catalogue:
        strings = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        if message.id in wanted_ids and (message.fuzzy or not all(strings)):
            yield f"{name}: not translated: {message.id!r}"
        yield from (f"{name}: {error}: {message.id!r}" for error in message.check(catalogue))


def read(file: Path, locale: str | None = None) -> Catalog:
    """A catalogue's own head names its language; the template has none and counts plurals as English does."""
    with file.open("rb") as lines:
        return read_po(lines, locale)


def pybabel(*arguments: str | Path) -> None:
    subprocess.run([PYBABEL, "--quiet", *arguments], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
