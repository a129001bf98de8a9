"""A table of 10 000 cases: the dry run in CPU seconds, and how long writing it keeps others from writing."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from library import create_app, seeding
from library.accounts.models import Membership, Organisation, Person
from library.catalog import bulk, grids
from library.catalog.draft_models import BulkImport
from library.catalog.numbers import random_key
from library.config import Config
from library.db import Database
from library.migrations import upgrade
from library.worker import now

BAR = 20.0
LOCKED = 5.0  # seconds: a save waits no longer for the lock of SQLite
ROW = {
    "title.zh": "智能水表远传抄读",
    "title.en": "Remote reading of water meters",
    "summary.zh": "经NB-IoT抄读的水表，每日上报一次。" * 5,
    "sectors": "water-metering",
    "networks": "nb-iot;lte-cat1",
    "status": "live",
    "place.country": "CN",
    "place.provinces": "44",
    "place.text.zh": "广东",
    "parties.1.name.zh": "示例水务",
    "parties.1.role": "owner",
    "connections.1.value": 120000,
    "connections.1.kind": "online",
    "connections.1.as_of": "2026-06",
    "connections.1.what.zh": "只水表",
    "story.background.zh": "人工抄表慢而且错。" * 20,
    "story.solution.zh": "水表每日上报。" * 20,
    "contact.name": "王小明",
    "contact.email": "wang@example.org",
}


def main(rows: str = "10000") -> None:
    """Each format with its seconds beside the bar."""
    for line in measured(int(rows)):
        print(line)


def measured(rows: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        env = {"CASELIB_DATA": folder, "CASELIB_ENV": "test"}
        config = Config.read(env)
        config.data.mkdir(parents=True, exist_ok=True)
        database = Database(config.database_url)
        upgrade(database)
        list(seeding.seed(database, config, demo=False, now=now(), progress=lambda done, of: None))
        create_app(config, database)
        with database.unit() as session:
            owner = Organisation(key=random_key(), name_zh="示例企业", kind="enterprise", created_at=now())
            person = Person(email="li@works.example", name="Li", fs_uniquifier="li", create_datetime=now())
            session.add_all((owner, person))
            session.flush()
            session.add(Membership(person_id=person.id, organisation_id=owner.id, role="editor", since=now()))
            number, member = owner.id, person.id
        for ending, data in (("csv", _csv(rows)), ("xlsx", _xlsx(rows))):
            path = Path(folder) / f"cases.{ending}"
            path.write_bytes(data)
            begun = time.process_time()
            found = grids.read(path, ending)
            read = time.process_time() - begun
            with database.reading() as session:
                result = bulk.check(session, number, found, lambda done: None)
            spent = time.process_time() - begun
            assert (result["added"], result["wrong"]) == (rows, 0), result["errors"][:3]
            yield f"dry run, {rows} rows of {ending}: {spent:.1f} s CPU ({read:.1f} reading), bar {BAR:.0f}"
        again = Path(folder) / "again.csv"
        again.write_bytes(_csv(rows, **{"title.en": "Meters read from afar", "outcomes.1.zh": "漏损下降"}))
        most = min(rows, bulk.MOST_CHANGED)
        for name, file, of in (
            ("new", "cases.csv", rows),
            ("as they were", "cases.csv", rows),
            ("changed", "again.csv", most),
        ):
            found = grids.read(Path(folder) / file, "csv")[:of]
            with database.unit() as session:
                row = BulkImport(key=random_key(), organisation_id=number, person_id=member, name=file, sha256="")
                row.result, row.at = {}, now()
                session.add(row)
            begun = time.perf_counter()
            with database.reading() as session:
                differing = bulk.differing(session, number, found)
            looked = time.perf_counter()
            with database.unit() as session:
                bulk.write(
                    session, bulk.acting(session, row), session.get_one(BulkImport, row.id), differing, now=now()
                )
            spent = time.perf_counter() - looked
            before = f"{looked - begun:.1f} s before the lock"
            yield f"{of} rows {name}: {before}, {spent:.1f} s under it, bar {LOCKED:.0f}"
        database.engine.dispose()


def _csv(rows: int, **over: str) -> bytes:
    row = {**ROW, **over}
    header = ",".join(["external_key", *row])
    values = ",".join(map(str, row.values()))
    return "\n".join([header, *(f"K-{number},{values}" for number in range(rows))]).encode()


def _xlsx(rows: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["external_key", *ROW])
    for number in range(rows):
        sheet.append([f"K-{number}", *ROW.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
