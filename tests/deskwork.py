"""An installation with officers at their desk, and an organisation that hands cases in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import handed_in
import make
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.db import Database
from library.events import Event
from library.policy import Actor

WEEK = dt.timedelta(days=7)


@dataclass
class Desk:
    """An installation with two officers, an organisation, and cases that it handed in."""

    site: Site
    officer: Actor
    other: Actor
    organisation: int
    member: Actor
    browser: FlaskClient
    codes: list[str] = field(default_factory=list)

    def hand_in(
        self, *, at: dt.datetime = make.NOW, title: str = "", demonstration: bool = False, **over: Any
    ) -> str:
        """A case that lacks nothing, handed in; its number."""
        with self.site.database.unit() as session:
            if title:
                over["title"] = {"zh": title, "en": title}
            case = handed_in.draft(session, self.member, now=at, **over)
            handed_in.move(session, self.member, case, "case.submit", now=at)
            self.codes.append(str(case.code))
        return self.codes[-1]

    def get(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer.get_data(as_text=True)

    def post(
        self, address: str, form: str = "/desk", browser: FlaskClient | None = None, **given: Any
    ) -> TestResponse:
        browser = browser or self.browser
        return browser.post(address, data={"csrf_token": token(browser, form), **given})

    def go(self, **given: Any) -> str:
        """Send the queue's form; the address that answers."""
        answer = self.post("/desk", **given)
        assert answer.status_code == 303
        return str(answer.location)

    def state(self, code: str) -> tuple[str, str | None]:
        """Of a case and of what was handed in last."""
        with self.site.database.reading() as session:
            case = session.scalars(select(Case).where(Case.code == code)).one()
            rows = select(Submission.outcome).where(Submission.case_id == case.id)
            return case.state, session.scalars(rows.order_by(Submission.number.desc())).first()

    def verbs(self, code: str) -> list[str]:
        """What happened to a case."""
        with self.site.database.reading() as session:
            case = session.scalars(select(Case).where(Case.code == code)).one()
            return list(
                session.scalars(select(Event.verb).where(Event.subject == case.subject).order_by(Event.seq))
            )


def opened(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk at make.NOW, with Li at the browser."""
    site = Site(database, tmp_path)
    with database.unit() as session:
        officer = make.officer(session, email="li@desk.example", name="Li")
        other = make.officer(session, email="wu@desk.example", name="Wu")
        owner = handed_in.organisation(session, name_zh="青河水务", name_en="Qinghe Water", province="13")
        member = make.member(session, owner, "owner", email="an@works.example", name="An")
        handed_in.rules(session)
    monkeypatch.setattr("library.web.now", lambda: make.NOW)
    return Desk(site, officer, other, owner.id, member, site.signed_in("li@desk.example"))
