"""The file of series and targets into the library, through the same schema and operation as a form."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy.orm import Session

from ..catalog.importer import read
from ..policy import Actor
from . import operations

FILE = "statistics.json"


def import_statistics(session: Session, actor: Actor, path: Path, *, now: dt.datetime) -> operations.Load:
    """Load the file. Raises Invalid with a sentence per mistake: file, line, field, rule."""
    return operations.load(session, actor, read(path, operations.SCHEMA), now=now)
