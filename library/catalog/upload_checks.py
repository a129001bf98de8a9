"""A look into files that have come: what is refused is told why, what is kept gets its public copy.

A small file is looked into by the request that brought its end, a large one by the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from .. import opening
from ..db import Database
from ..errors import Invalid, Text
from ..files import Kept, Store
from ..scanning import Scanner
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


def inspect(store: Store, scanner: Scanner | None, path: Path, name: str) -> Verdict:
    """Look into a file that is here as a whole, and keep it with its public copy.

    Raises Unavailable when the virus scanner does not answer.
    """
    with store.fresh() as copy, store.fresh() as small:
        try:
            if scanner is not None and (virus := scanner.scan(path)):
                raise Invalid(Text("The virus scanner found %(virus)s in the file.", {"virus": virus}))
            opened = opening.draw(path, name, copy=copy, small=small)
        except Invalid as problem:
            return Verdict(refused=problem.text)
        kept = store.keep(path, opened.media_type)
        public = store.keep(copy, opened.media_type) if opened.stripped else kept
        if opened.small:
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
