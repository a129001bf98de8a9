"""Calls whose notice is over, and whose result is out."""

from __future__ import annotations

import datetime as dt

import noticing
from noticing import LAST, SECOND, WHY
from sqlalchemy import update
from sqlalchemy.orm import Session

from library.db import Database
from library.selection import flow, publication
from library.selection.benchmark_models import Result
from library.selection.decision_models import RankingRun

AFTER = LAST + SECOND


def ready(session: Session, **over: object) -> noticing.Scene:
    """A call whose notice is over and undisputed."""
    scene, _ = noticing.noticed(session, **over)
    session.execute(update(RankingRun).values(inputs='{"scores":[]}'))
    return scene


def publish(session: Session, scene: noticing.Scene, now: dt.datetime = AFTER) -> Result:
    flow.decide(session, scene.officer, scene.call, "call.publish", given=WHY, now=now)
    return session.get_one(Result, scene.call.id)


def published(database: Database, **over: object) -> int:
    """The number of a call whose result is out and carried out."""
    with database.unit() as session:
        scene = ready(session, **over)
        publish(session, scene)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    return scene.call.id
