"""What an expert of a blind call has in front of: a case not opened, a sheet begun, one that is final."""

from __future__ import annotations

import datetime as dt

import calling
import entering
import handed_in
import make
from sqlalchemy.orm import Session

from library.policy import Actor

TITLE = "青河流域智能水表与供水管网漏损监测"
STEPS = (("只有规划", "Plans only"), ("部分核实", "Proved in part"), ("两期核实", "Proved for two periods"))
MASKS = ["青河", "Example", "示例企业"]


def made(session: Session, owner: Actor, officer: Actor, expert: Actor, now: dt.datetime) -> dict[str, str]:
    """Keys of the reviews by their state, and of an entry whose masks are not confirmed."""
    anchors = [{"score": place, "text": calling.both(*step)} for place, step in enumerate(STEPS, 1)]
    short = calling.criterion("scale", 40, lowest=1, highest=3, reason_low=1, reason_high=3, anchors=anchors)
    short["title"] = calling.both("规模证明", "Scale proved")
    effect = calling.criterion("effect", 60, title=calling.both("成效", "Results"))
    title = calling.both("2026年盲评征集", "Call reviewed blind 2026")
    call = entering.call(session, officer, "scoring", demonstration=True, title=title, rubric=[effect, short])
    body = entering.recommender(session, call, demonstration=True, name_zh="示范省通信管理局（虚构）")[0]
    places = {}
    for number, state in enumerate(("assigned", "draft", "final", "recused")):
        case = handed_in.draft(
            session, owner, now=now, title={"zh": f"{TITLE}之{number}", "en": "Meters of a basin"}
        )
        handed_in.move(session, owner, case, "case.submit", now=now)
        handed_in.move(session, officer, case, "case.admit", now=now, given={})
        masked = {} if state == "recused" else {"masked_at": now, "masked_by": officer.id}
        entry = entering.entry(
            session, call, "in_review", owner=owner, case=case, by=body, masks=list(MASKS), **masked
        )
        scores = {"effect": {"score": 96, "reason": ""}, "scale": {"score": 2, "reason": ""}}
        said = {"scores": scores} if state in ("draft", "final") else {}
        due = now + dt.timedelta(days=number)
        row = entering.review(session, entry, expert, state, due=due, assigned_at=make.NOW, **said)
        places[f"review_{state}"] = row.key
    return {**places, "unmasked": entry.key}
