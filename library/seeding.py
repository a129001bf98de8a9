"""Filling an installation from seed_cases/: taxonomy, statistics, real cases, and demonstration records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from .catalog import importer, queries
from .catalog.flow import FLOW
from .config import Config
from .db import Database
from .files import Store
from .policy import SYSTEM
from .statistics import importer as statistics
from .workflow import step

NOT_CASES = {importer.TAXONOMY, "statistics.json"}


def seed(
    database: Database,
    config: Config,
    *,
    demo: bool,
    now: dt.datetime,
    progress: Callable[[int, int], None],
) -> Iterator[str]:
    """Everything in one unit: a broken file changes nothing. Yields a sentence per step."""
    folder, store = config.seeds, Store(config.files)
    real = [path for path in sorted(folder.glob("*.json")) if path.name not in NOT_CASES]
    invented = sorted((folder / "demo").glob("*.json")) if demo else []
    with database.unit() as session:
        importer.import_taxonomy(session, SYSTEM, folder / importer.TAXONOMY, now=now)
        statistics.import_statistics(session, SYSTEM, folder / "statistics.json", now=now)
        cases = [*real, *invented]
        done = importer.import_cases(session, SYSTEM, cases, now=now, store=store, progress=progress)
    yield f"{done.added} cases added, {done.changed} changed, {done.unchanged} as they were."


def one_case(database: Database, config: Config, path: Path, *, now: dt.datetime) -> str:
    with database.unit() as session:
        done = importer.import_cases(session, SYSTEM, [path], now=now, store=Store(config.files))
    if done.added:
        return f"{path.name} was added."
    return f"{path.name} was {'revised' if done.changed else 'known already; nothing was changed'}."


def archive(session: Session, code: str, *, now: dt.datetime) -> None:
    """Take a collected case out of the public library, for instance because its party asked."""
    step(FLOW, session, SYSTEM, queries.case(session, SYSTEM, code), "case.archive", now=now)
