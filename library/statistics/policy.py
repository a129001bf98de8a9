"""Who may see and keep the statistics. The read rule stands twice: as a predicate and as a WHERE."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from ..policy import Actor, Rules
from .models import Point


def may_see(actor: Actor, point: Point | None) -> bool:
    """Series and targets are everybody's; a point without a source is nobody's to see."""
    return point is None or point.shown


def visible(actor: Actor) -> ColumnElement[bool]:
    """`may_see` as a WHERE."""
    return Point.shown.is_(True)


def may_edit(actor: Actor, subject: Any) -> bool:
    return actor.has("system", "officer")


RULES: Rules = {"statistics.see": may_see, "statistics.edit": may_edit}
