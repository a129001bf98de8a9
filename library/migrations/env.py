"""Alembic's entry: runs the versions on the connection that `upgrade()` hands over."""

from __future__ import annotations

from typing import Literal

from alembic import context

from library import chain, deliveries  # noqa: F401  (tables register with Base)
from library.accounts import letter_models as letters  # noqa: F401
from library.accounts import withheld_models as withheld  # noqa: F401
from library.catalog import draft_models as catalog  # noqa: F401
from library.catalog import upload_models as uploads  # noqa: F401
from library.db import Base, UtcTime
from library.selection import benchmark_models, decision_models, expert_models, notice_models  # noqa: F401
from library.statistics import models as statistics  # noqa: F401


def render_item(kind: str, item: object, autogen_context: object) -> str | Literal[False]:
    """Custom types are written as what they are in the database, so that versions import nothing of ours."""
    if kind == "type" and isinstance(item, UtcTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
