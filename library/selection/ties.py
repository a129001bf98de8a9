"""Organisations that hang together, as officers note them: of one group, or partners. Each change is an event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .. import events
from ..accounts.models import Organisation
from ..catalog.operations import filled
from ..db import insert_unless_there
from ..errors import Conflict, Invalid, Text
from ..policy import Actor, require
from . import expert_queries as queries
from .expert_models import Tie
from .expert_policy import RULES
from .expert_schemas import TieForm

FORM = Text("Something is missing or wrong in the form.")


def add(session: Session, actor: Actor, *, given: Mapping[str, Any], now: dt.datetime) -> Tie:
    """Note a tie between two registered organisations, and how one knows. Which one is named first is the same."""
    require(RULES, actor, "tie.keep")
    said = filled(TieForm, given)
    one, other = (_named(session, field, said[field]) for field in ("one", "other"))
    if one.id == other.id:
        raise Invalid(FORM, fields={"other": [Text("Name two organisations; these are the same.")]})
    if one.demonstration != other.demonstration:
        raise Invalid(FORM, fields={"other": [Text("An invented organisation has no ties with a real one.")]})
    first, second = sorted((one.id, other.id))
    row = insert_unless_there(
        session, Tie, kind=said["kind"], one_id=first, other_id=second, source=said["source"], at=now
    )
    if row is None:
        raise Conflict(Text("This tie is noted already."), fields={"other": [Text("This tie is noted already.")]})
    detail = {"kind": row.kind, "organisations": [first, second], "source": row.source}
    events.record(session, actor, "tie.add", row.subject, now=now, detail=detail)
    return row


def end(session: Session, actor: Actor, tie: Tie, *, now: dt.datetime) -> None:
    """From now on it counts no more."""
    require(RULES, actor, "tie.keep", tie)
    session.refresh(tie, with_for_update={"of": Tie})
    if tie.ended_at is not None:
        raise Conflict(Text("This tie was ended before."))
    tie.ended_at = now
    detail = {"kind": tie.kind, "organisations": [tie.one_id, tie.other_id]}
    events.record(session, actor, "tie.end", tie.subject, now=now, detail=detail)


def _named(session: Session, field: str, said: str) -> Organisation:
    found = queries.registered(session, said)
    if found is None:
        nobody = Text("No organisation is registered under this name or code, or several are; the code tells.")
        raise Invalid(FORM, fields={field: [nobody]})
    return found
