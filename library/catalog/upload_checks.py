"""A look into files that have come: what is refused is told why, what is kept gets its public copy.

A small file is looked into by the request that brought its end, a large one by the worker.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from .. import previews
from ..db import Database
from ..errors import Invalid, Text
from ..files import Kept, Store
from ..inspection import look
from ..scanning import Scanner
from ..stripping import strip
from .upload_models import Upload

CHECK = "check-upload"  # of a Delivery; its payload is {"upload": id}
LOST = Text("The file was lost on its way; remove it and bring it again.")
NOT_CHECKED = Text("The file could not be checked; remove it and try again later.")


@dataclass(frozen=True)
class Verdict:
    """What a look into a file found: why it is refused, or what is kept, and its public copy."""

    refused: Text | None = None
    kept: Kept | None = None
    public: Kept | None = None


# A picture takes hundreds of megabytes while it is drawn anew: several at once would be too many.
ONE_AT_A_TIME = threading.Lock()


def inspect(store: Store, scanner: Scanner | None, path: Path, name: str) -> Verdict:
    """Look into a file that is here as a whole, and keep it with its public copy.

    Raises Unavailable when the virus scanner does not answer.
    """
    with ONE_AT_A_TIME:
        return _inspected(store, scanner, path, name)


def _inspected(store: Store, scanner: Scanner | None, path: Path, name: str) -> Verdict:
    try:
        media_type = look(path, name)
        if scanner is not None and (virus := scanner.scan(path)):
            raise Invalid(Text("The virus scanner found %(virus)s in the file.", {"virus": virus}))
        with store.fresh() as copy:
            stripped = strip(path, media_type, copy)
            kept = store.keep(path, media_type)
            public = store.keep(copy, media_type) if stripped else kept
    except Invalid as problem:
        return Verdict(refused=problem.text)
    if media_type in previews.PICTURES:
        with store.fresh() as small:
            previews.picture(store.path(public.sha256), small)
            store.add_preview(public.sha256, small)
    return Verdict(kept=kept, public=public)


def check(database: Database, store: Store, scanner: Scanner | None, *, upload: int) -> None:
    """Look into a file that came in many parts: the work of a Delivery, which may be done twice."""
    with database.reading() as session:
        row = session.get(Upload, upload)
    if row is None or row.state != "checking":
        return
    spool = store.spool(row.key)
    verdict = inspect(store, scanner, spool.path, row.name) if spool.size == row.size else Verdict(refused=LOST)
    with database.unit() as session:
        row = session.get(Upload, upload, with_for_update=True)
        if row is not None and row.state == "checking":
            note(row, verdict)
    spool.drop()


def give_up(session: Session, *, upload: int) -> None:
    """It was tried for hours in vain."""
    row = session.get(Upload, upload, with_for_update=True)
    if row is not None and row.state == "checking":
        note(row, Verdict(refused=NOT_CHECKED))


def note(row: Upload, verdict: Verdict) -> None:
    if verdict.refused is not None:
        row.refused = {"id": verdict.refused.id, "params": dict(verdict.refused.params)}
    elif verdict.kept and verdict.public:
        row.media_type, row.sha256 = verdict.kept.media_type, verdict.kept.sha256
        row.public_sha256, row.public_size = verdict.public.sha256, verdict.public.size
