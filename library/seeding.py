"""Filling an installation from seed_cases/: taxonomy, statistics, rules, calendar, cases real and invented."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from .catalog import importer, operations, queries
from .catalog.desk_schemas import CalendarShape
from .catalog.flow import FLOW
from .catalog.rules import RulesShape
from .config import Config
from .db import Database
from .errors import Conflict, Text
from .files import Store
from .policy import SYSTEM, Actor
from .statistics import importer as statistics
from .workflow import step

SEED = Actor("seed", roles=SYSTEM.roles)  # its own name: who wrote a text decides whether seeding may replace it
RULES, CALENDAR = "rules.json", "calendar.json"
NOT_CASES = {importer.TAXONOMY, statistics.FILE, RULES, CALENDAR}


def seed(
    database: Database,
    config: Config,
    *,
    demo: bool,
    now: dt.datetime,
    progress: Callable[[int, int], None],
) -> Iterator[str]:
    """Everything in one unit: a broken file changes nothing. A text that was corrected here is kept.

    Yields a sentence per step.
    """
    folder, store = config.seeds, Store(config.files)
    real = [path for path in sorted(folder.glob("*.json")) if path.name not in NOT_CASES]
    invented = sorted((folder / "demo").glob("*.json")) if demo else []
    with database.unit() as session:
        importer.import_taxonomy(session, SEED, folder / importer.TAXONOMY, now=now)
        statistics.import_statistics(session, SEED, folder / statistics.FILE, now=now)
        operations.load_rules(session, SEED, importer.read(folder / RULES, RulesShape()), now=now)
        operations.load_calendar(session, SEED, importer.read(folder / CALENDAR, CalendarShape()), now=now)
        done = importer.import_cases(
            session, SEED, [*real, *invented], now=now, store=store, over=[SEED.id], progress=progress
        )
    as_before = done.unchanged + done.archived + len(done.kept)
    yield f"{done.added} cases added, {done.changed} changed, {as_before} as they were."
    if done.kept:
        yield f"Corrected here and kept so, though the packaged text is another: {', '.join(done.kept)}."


def one_case(database: Database, config: Config, path: Path, *, revise: bool, now: dt.datetime) -> str:
    """Add the case of a file; an existing one gets its text only when `revise` says so. Raises Conflict."""
    store = Store(config.files)
    with database.unit() as session:
        done = importer.import_cases(session, SYSTEM, [path], now=now, store=store, over=())
        if done.archived:
            raise Conflict(Text("The case of %(file)s is archived; nothing was changed.", {"file": path.name}))
        if done.added:
            return f"{path.name} was added."
        if done.unchanged:
            return f"{path.name} was known already; nothing was changed."
        [code] = done.kept
        title = queries.case(session, SYSTEM, code).title_zh
        if not revise:
            place = {"code": code, "title": title, "file": path.name}
            raise Conflict(
                Text("%(code)s is here already, “%(title)s”; to revise it with %(file)s say --revise.", place)
            )
        importer.import_cases(session, SYSTEM, [path], now=now, store=store)
        return f"{path.name} revised {code}, “{title}”."


def archive(session: Session, code: str, *, why: str | None, now: dt.datetime) -> None:
    """Take a collected case out of the public library, for instance because its party asked."""
    said = {"given": {"farewell": why}} if why else {}
    step(FLOW, session, SYSTEM, queries.case(session, SYSTEM, code), "case.archive", now=now, **said)
