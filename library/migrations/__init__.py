"""Numbered migrations on one line. Never edited once landed; no model is imported by a version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..db import Database


def settings(connection: Connection | None = None) -> AlembicConfig:
    found = AlembicConfig()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.set_main_option("path_separator", "os")
    found.attributes["connection"] = connection
    return found


def upgrade(database: Database) -> None:
    """Bring the database to the newest version. On SQLite foreign keys are off meanwhile, then checked: a batch
    ALTER with them on silently nulls child keys."""
    sqlite = database.engine.dialect.name == "sqlite"
    with database.engine.connect() as connection:
        if sqlite:
            _pragma(connection, "PRAGMA foreign_keys = OFF")
        try:
            with connection.execution_options(caselib_write=True).begin():
                command.upgrade(settings(connection), "head")
                if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                    raise RuntimeError("a migration left rows without their parents; nothing was changed")
        finally:
            if sqlite:
                _pragma(connection, "PRAGMA foreign_keys = ON")


def is_current(database: Database) -> bool:
    """Has every migration been run?"""
    with database.engine.connect() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    return at == ScriptDirectory.from_config(settings()).get_current_head()


def _pragma(connection: Connection, text: str) -> None:
    """Pragmas of this kind do nothing inside a transaction, so they go to the driver itself."""
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(text)
