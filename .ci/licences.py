"""Refuses a package under a licence that this project has not thought about. Looks at what is installed."""

import importlib.metadata
import re
import sys

# Permissive, public domain, or weak copyleft by file (MPL: unchanged files of theirs stay theirs).
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0",
    "MIT-CMU",
    "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "ZPL-2.1",
}  # fmt: skip

# The words of older metadata, for the same licences.
SPELLINGS = {
    "Apache License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
}

# By name, each with its reason; a licence that changes is looked at again.
BY_NAME = {
    "axe-playwright-python": ("", "not stated there, but its licence file is MIT; carries axe-core, MPL-2.0"),
    "dramatiq": (
        "GNU Lesser General Public License v3 or later (LGPLv3+)",
        "comes with the identity provider of the tests; imported as it is, never shipped",
    ),
    "psycopg": ("LGPL-3.0-only", "imported as it is and replaceable by the user: what the LGPL asks for"),
    "psycopg-binary": ("LGPL-3.0-only", "the compiled half of psycopg"),
    "python-stdnum": ("LGPL", "imported as it is and replaceable by the user"),
}


def main() -> int:
    refused = []
    names = set()
    for package in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
        names.add(name)
        licence = stated(package)
        if not (acceptable(licence) or BY_NAME.get(name, (None,))[0] == licence):
            refused.append(f"{name}: licence {licence or 'not stated'!r} is not on the list of licences.py")
    print("\n".join(sorted(refused)) or f"licences of {len(names)} packages: all on the list")
    return 1 if refused else 0


def stated(package: importlib.metadata.Distribution) -> str:
    """The SPDX expression; else the licence field, unless it is a whole text; else the classifiers."""
    fields = package.metadata
    if expression := fields["License-Expression"]:
        return str(expression)
    for written in fields.get_all("License") or []:
        if written and "\n" not in written and len(written) < 50:
            return str(written)
    classifiers = [line for line in fields.get_all("Classifier") or [] if line.startswith("License ::")]
    named = [line.rpartition(" :: ")[2] for line in classifiers if line != "License :: OSI Approved"]
    return " AND ".join(named)


def acceptable(licence: str) -> bool:
    """One of the OR parts must be allowed in all its AND parts; brackets are not understood, so refused."""
    return any(
        all(SPELLINGS.get(name, name) in ALLOWED for name in choice.split(" AND "))
        for choice in licence.split(" OR ")
    )


if __name__ == "__main__":
    sys.exit(main())
