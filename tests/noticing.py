"""Calls whose list is decided or on public notice, and objections in each state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import entering
import make
from sqlalchemy.orm import Session

from library.accounts.models import Organisation
from library.config import Config
from library.files import Kept
from library.policy import Actor
from library.selection import flow, notice_steps, objection_flow, objections
from library.selection.decision_models import Choice, RankingRun, SelectionList
from library.selection.entry_models import Entry
from library.selection.models import Call
from library.selection.notice_models import Notice, Objection
from library.workdays import ZONE

SECOND = dt.timedelta(seconds=1)
# A Monday. Five working days later the window ends, to the second.
BEGIN = dt.datetime(2027, 3, 1, 10, 0, tzinfo=ZONE)
LAST = dt.datetime(2027, 3, 8, 23, 59, 59, tzinfo=ZONE)
ANSWERED_BY = dt.datetime(2027, 3, 4, 23, 59, 59, tzinfo=ZONE)
NAME, CONTACT = "欧阳慕白", "ouyang.mubai@objector.example"
WHY = {"reason": "按程序进行。"}
PDF = b"%PDF-1.4 evidence"
ADMIT = {"reason": "属于受理范围。", "forwarded": "有人反映漏损数据不实。", "asked": "applicant", "days": "3"}
GIVEN: dict[str, dict[str, Any]] = {
    "objection.admit": ADMIT,
    "objection.refuse": {"refusal": "own_score", "reason": "仅对评分不满。"},
    "objection.reply": {"reply": "数据经第三方核验。"},
    "objection.uphold": {"reason": "经核实数据不实。"},
    "objection.dismiss": {"reason": "经核实数据属实。"},
}


@dataclass
class Scene:
    """A call with its list: who is on it, who is next, and everybody who has a part in it."""

    call: Call
    officer: Actor
    applicant: Actor
    recommender: Actor
    entries: list[Entry] = field(default_factory=list)
    left_out: list[Entry] = field(default_factory=list)

    @property
    def entry(self) -> Entry:
        return self.entries[0]


def decided(
    session: Session, *, chosen: int = 1, left_out: int = 1, owner: Actor | None = None, **over: Any
) -> Scene:
    """A call in approval, its list released: `chosen` are shortlisted, by rank, and `left_out` are next. The first
    entry is `owner`'s, if one is given."""
    officer = make.officer(session)
    call = entering.call(session, officer, "approval", **over)
    body, recommends = entering.recommender(session, call, 50)
    first = owner or entering.applicant(session, name_zh="青河水务集团有限公司", name_en="Qinghe Water")[1]
    scene = Scene(call, officer, first, recommends)
    for place in range(chosen + left_out):
        owner = first if place == 0 else entering.applicant(session, name_zh=f"示例企业{place}")[1]
        state = "shortlisted" if place < chosen else "not_selected"
        row = entering.entry(session, call, state, owner=owner, by=body)
        (scene.entries if place < chosen else scene.left_out).append(row)
    release(session, scene)
    return scene


def release(session: Session, scene: Scene) -> SelectionList:
    at = {"at": entering.LATER, "by": "officer:1"}
    texts = {"inputs": "[]", "result": "{}", "salt": "0" * 64, "version": "0"}
    digests = {"inputs_sha256": "0" * 64, "result_sha256": "0" * 64}
    run = RankingRun(call_id=scene.call.id, number=1, parameters={}, **texts, **digests, **at)
    session.add(run)
    session.flush()
    chosen = SelectionList(call_id=scene.call.id, run_id=run.id, state="released", places=len(scene.entries), **at)
    chosen.released_at = chosen.told_at = entering.LATER
    session.add(chosen)
    session.flush()
    for rank, entry in enumerate([*scene.entries, *scene.left_out], 1):
        session.add(Choice(list_id=chosen.id, entry_id=entry.id, rank=rank, selected=rank <= len(scene.entries)))
    session.flush()
    return chosen


def noticed(session: Session, *, now: dt.datetime = BEGIN, **over: Any) -> tuple[Scene, Notice]:
    """The same with its first notice up, and every entry announced."""
    scene = decided(session, **over)
    flow.decide(session, scene.officer, scene.call, "call.notice", given=WHY, now=now)
    notice = session.query(Notice).filter_by(call_id=scene.call.id).one()
    notice_steps.announce_some(session, notice.id, now=now)
    return scene, notice


def form(entry: Entry, /, **over: str) -> dict[str, str]:
    """What somebody fills in who objects; a key given as an empty word is left out."""
    whole = {
        **{"entry": entry.code, "ground": "false_material", "text": "漏损率数据与水务公司年报不符，见附件。"},
        **{"name": NAME, "contact": CONTACT, "consent": "yes", **over},
    }
    return {name: said for name, said in whole.items() if said}


def kept(content: bytes = PDF) -> tuple[Kept, str]:
    """As it lies in quarantine."""
    return Kept("e" * 64, len(content), "application/pdf"), "pdf"


def config(**over: str) -> Config:
    return Config.read({"CASELIB_DATA": "/nowhere", "CASELIB_SECRET_KEY": "s", **over})


def file(
    session: Session,
    scene: Scene,
    notice: Notice,
    *,
    entry: Entry | None = None,
    now: dt.datetime = BEGIN,
    **over: str,
) -> Objection:
    """Filed by nobody known; without the limits, which one test is about."""
    given = form(entry or scene.entry, **over)
    plenty = config(CASELIB_OBJECTIONS_A_DAY="1000", CASELIB_OBJECTIONS_AN_HOUR="1000")
    return objections.file(
        session, Actor(), notice, given=given, evidence=[kept()], lang="zh", config=plenty, now=now
    )[0]


def move(
    session: Session, actor: Actor, row: Objection, verb: str, *, now: dt.datetime = BEGIN, **over: str
) -> Notice | None:
    return objection_flow.decide(session, actor, row, verb, given={**GIVEN[verb], **over}, now=now)


def organisation(session: Session, actor: Actor) -> Organisation:
    return session.get_one(Organisation, actor.organisation)
