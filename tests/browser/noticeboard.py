"""A list on public notice, with objections to it, for the pages that show them."""

from __future__ import annotations

import datetime as dt

import noticing
from sqlalchemy.orm import Session

from library.policy import Actor
from library.selection import objections
from library.selection.notice_models import Objection

TEXT = "公告所列漏损率下降12%，与青河水务公司2025年年报第18页所载数据不符，见附件。"
FORWARDED = "有异议认为公示材料中漏损率的数据与年报不符，请说明数据来源并提供佐证。"


def put_up(session: Session, owner: Actor, now: dt.datetime) -> dict[str, str]:
    """A notice of three invented entries, one place free again; an objection in each state that has a form."""
    scene, notice = noticing.noticed(session, chosen=3, left_out=1, owner=owner, now=now, demonstration=True)
    plenty = noticing.config(CASELIB_OBJECTIONS_A_DAY="9")

    def file(place: int) -> tuple[Objection, str]:
        given = noticing.form(scene.entries[place], text=TEXT)
        evidence = [noticing.kept(), noticing.kept()]
        return objections.file(
            session, Actor(), notice, given=given, evidence=evidence, lang="zh", config=plenty, now=now
        )

    asked, word = file(0)
    noticing.move(session, scene.officer, asked, "objection.admit", now=now, forwarded=FORWARDED)
    filed, _ = file(1)
    other, _ = file(2)
    refused, _ = file(1)
    noticing.move(session, scene.officer, refused, "objection.refuse", now=now)
    noticing.move(session, scene.officer, other, "objection.admit", now=now, asked="recommender")
    noticing.move(session, scene.recommender, other, "objection.reply", now=now)
    replied, _ = file(2)
    noticing.move(session, scene.officer, replied, "objection.admit", now=now, asked="recommender")
    noticing.move(session, scene.recommender, replied, "objection.reply", now=now)
    noticing.move(session, scene.officer, other, "objection.uphold", now=now)
    return {
        "notice": notice.code,
        "filed_objection": filed.key,
        "asked_objection": asked.key,
        "replied_objection": replied.key,
        "objection_word": word,
    }
