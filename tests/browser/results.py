"""A call whose result is out: a project in force, one that was revoked, one that is due."""

from __future__ import annotations

import datetime as dt

import make
import published
from sqlalchemy import select

from library.db import Database
from library.policy import SYSTEM
from library.selection import benchmark_flow, publication
from library.selection.benchmark_models import Benchmark
from library.workflow import step

WHY = {"reason": "经核查，申报的在线连接数与台账不符，且未在期限内说明。"}


def made(database: Database) -> dict[str, str]:
    """What the names in an address stand for."""
    with database.unit() as session:
        scene = published.ready(session, chosen=3, left_out=1)
        published.publish(session, scene)
    publication.carry_out(database, call=scene.call.id, now=published.AFTER)
    with database.unit() as session:
        good, gone, due = session.scalars(
            select(Benchmark).where(Benchmark.call_id == scene.call.id).order_by(Benchmark.id)
        ).all()
        approver = make.officer(session, "approver", name="安宁")
        later = published.AFTER + dt.timedelta(days=30)
        benchmark_flow.decide(session, approver, gone, "benchmark.revoke", given=WHY, now=later)
        soon = published.AFTER.replace(year=2029, month=1)
        step(benchmark_flow.FLOW, session, SYSTEM, due, "benchmark.due", now=soon)
        assert good.certificate is not None
        assert gone.certificate is not None
        return {
            **{"finished": str(scene.call.code), "finished_key": scene.call.key},
            **{"project": good.code, "revoked": gone.code, "due": due.code},
            **{"number": good.certificate.number, "void": gone.certificate.number},
        }
