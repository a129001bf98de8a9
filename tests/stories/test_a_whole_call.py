"""One call from its announcement to its certificates through the browsers of all who take part in it; and what
somebody outside can check of it from public addresses alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import calling
import entering
import make
import pytest
from flask.testing import FlaskClient
from reviewed import FULL
from sites import Site, token
from sqlalchemy import select

from library.accounts.models import Person
from library.db import Database
from library.policy import Actor
from library.selection.benchmark_models import Certificate
from library.selection.decision_models import RankingRun, SelectionList
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call
from library.selection.notice_models import Notice

TRUE = {"true": "yes", "attestation": "材料属实。", "signer": "李主任", "post": "信息通信发展处"}
REASON = "兼顾区域。"
DAY = dt.timedelta(days=1)


class Clock:
    now = calling.OPENING - DAY


@pytest.fixture
def site(sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    Clock.now = calling.OPENING - DAY
    for where in ("library.web.now", "sites.now"):
        monkeypatch.setattr(where, lambda: Clock.now)
    return Site(sqlite, tmp_path)


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    text = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200, (address, answer.status_code, text[-1500:])
    return text


def send(client: FlaskClient, address: str, form_on: str, **typed: Any) -> str:
    answer = client.post(address, data={"csrf_token": token(client, form_on), **typed})
    text = unescape(re.sub(r"<[^>]*>|\s+", " ", answer.get_data(as_text=True)))
    assert answer.status_code == 303, (address, answer.status_code, text[-3000:])
    return str(answer.headers["Location"])


def test_one_whole_call(site: Site) -> None:
    with site.database.unit() as session:
        officer = make.officer(session)
        call = calling.draft(session, officer, reviewers=3, selected=2)
        body, recommender = entering.recommender(session, call)
        owners = [entering.applicant(session, name_zh=f"第{each}申报单位")[1] for each in "甲乙丙"]
        cases = [entering.case(session, owner).code for owner in owners]
        experts = [entering.expert(session, sectors=("metering",)) for _ in range(3)]
        approvers = [make.officer(session, "approver") for _ in range(2)]
        people = [officer, recommender, *owners, *experts, *approvers]
        mails = {each.person: session.get_one(Person, each.person).email for each in people}

    def of(actor: Actor) -> FlaskClient:
        return site.signed_in(mails[actor.person], "en", actor.organisation)

    def wait(until: dt.datetime) -> None:
        Clock.now = until
        site.work()

    desk = f"/desk/calls/{call.key}"

    def move(verb: str) -> None:
        send(of(officer), f"{desk}/moves/{verb}", desk, reason="按计划进行。")
        site.work()

    # Announced, opened by the clock, entered and recommended, closed by the clock.
    move("call.announce")
    wait(calling.OPENING)
    with site.database.reading() as session:
        code = session.get_one(Call, call.id).code
    enter, entries = f"/calls/{code}/enter", []
    for owner, case in zip(owners, cases, strict=True):
        given = {"case": case, "recommender": body.key, "masks": "示例企业"}
        entries.append(send(of(owner), enter, enter, **given).split("/entries/")[1].split("?")[0])
        at = f"/recommend/entries/{entries[-1]}"
        send(of(recommender), f"{at}/moves/entry.recommend", at, **TRUE)
    wait(calling.CLOSING + calling.GRACE + calling.SECOND)
    move("call.check")
    for entry in entries:
        send(of(officer), f"/desk/entries/{entry}/moves/entry.pass", f"/desk/entries/{entry}", reason="符合。")
    with site.database.reading() as session:
        keys = [session.scalars(select(Entry.key).where(Entry.code == entry)).one() for entry in entries]
    for key in keys:
        send(of(officer), f"/desk/masks/{key}", f"/desk/masks/{key}", do="confirm", masks="示例企业")

    # Given to the experts, who answer, score and finish, each alone.
    wait(Clock.now + DAY)
    move("call.score")
    plan = send(of(officer), f"{desk}/reviews", f"{desk}/reviews", reviewers="3", most_each="8", seed="7")
    site.work()
    send(of(officer), f"{plan}/apply", plan)
    site.work()
    with site.database.reading() as session:
        rows = [(each.key, each.person_id, each.entry.code) for each in session.scalars(select(Review))]
    assert len(rows) == 9
    for key, person, entry in rows:
        number = next(place for place, expert in enumerate(experts) if expert.person == person)
        browser, sheet = of(experts[number]), f"/reviews/{key}"
        send(browser, f"{sheet}/answer", sheet, conflict="no")
        version = re.search(r'name="version" value="(\d+)"', page(browser, sheet))
        assert version
        score = str(85 - 8 * entries.index(entry) + number)
        typed = {**FULL, "score.effect": score, "score.novelty": score, "version": version[1]}
        send(browser, sheet, sheet, do="finish", **typed)

    # Ranked by the worker; the list leaves one out, with a reason; two agree.
    wait(Clock.now + DAY)
    move("call.rank")
    send(of(officer), f"{desk}/ranking/runs", f"{desk}/ranking")
    site.work()
    send(of(officer), f"{desk}/list/begin", f"{desk}/ranking/1", run="1")
    with site.database.reading() as session:
        row = session.scalars(select(SelectionList)).one()
        listed, version = [each.entry_id for each in row.choices], row.version
        numbers = {each.code: each.id for each in session.scalars(select(Entry))}
    first, second = (str(numbers[entry]) for entry in entries[:2])
    given = {"row": list(map(str, listed)), "selected": [first], f"reason-{second}": REASON}
    send(of(officer), f"{desk}/list", f"{desk}/list", version=str(version), **given)
    with site.database.reading() as session:
        said = str(session.scalars(select(SelectionList.version)).one())
    send(of(officer), f"{desk}/list/moves/list.submit", f"{desk}/list", version=said)
    sheet, moves = f"{desk}/list/sheet", f"{desk}/list/moves"
    send(of(approvers[0]), f"{moves}/list.return", sheet, version=said, reason="理由请写明。")
    for address in (sheet, f"{desk}/list"):
        assert "理由请写明。" in page(of(officer), address)
    with site.database.reading() as session:
        said = str(session.scalars(select(SelectionList.version)).one())
    send(of(officer), f"{moves}/list.submit", f"{desk}/list", version=said)
    for approver in approvers:
        assert REASON in page(of(approver), f"{desk}/list/sheet")
        send(of(approver), f"{desk}/list/moves/list.approve", f"{desk}/list/sheet", version=said)
    send(of(officer), f"{desk}/list/moves/list.release", f"{desk}/list/sheet")
    site.work()

    # On public notice, then published and carried out.
    move("call.notice")
    notice = page(site.client(), f"/notices/{code}-N1")
    put_up = site.client().get(f"/notices/{code}-N1/list.json").get_data()
    assert hashlib.sha256(put_up).hexdigest() in notice
    assert [each["entry"] for each in json.loads(put_up)] == entries[:1]
    with site.database.reading() as session:
        end = session.scalars(select(Notice)).one().ends_at
    wait(end + DAY)
    move("call.publish")
    with site.database.reading() as session:
        number = session.scalars(select(Certificate.number)).one()
    outside(site, code, number, entries[0])


def outside(site: Site, code: str, number: str, entry: str) -> None:
    """What anybody checks from public addresses; then one score is changed behind the back of all."""
    visitor = site.client()
    assert "This certificate is valid" in page(visitor, f"/verify/{number}")
    result = page(visitor, f"/calls/{code}/result")
    content = visitor.get(f"/calls/{code}/result/list.json").get_data()
    assert hashlib.sha256(content).hexdigest() in result
    assert [each["entry"] for each in json.loads(content)] == [entry]
    file = site.config.data / "scores.csv"
    file.write_bytes(visitor.get(f"/calls/{code}/scores.csv").get_data())
    found = json.loads(site.command("rank", str(file), "--json").output)
    assert found["inputs_sha256"] in result
    with site.database.reading() as session:
        run = session.scalars(select(RankingRun)).one()
        assert run.inputs_sha256 == found["inputs_sha256"]
        published = json.loads(run.result)["ranking"]
    assert {name: published[name] for name in ("cases", "experts", "penalty")} == {
        name: found[name] for name in ("cases", "experts", "penalty")
    }
    assert [each["rank"] for each in found["cases"]] == [1, 2, 3]
    sound = site.command("check-chain")
    assert sound.exit_code == 0, sound.output
    with site.database.unit() as session:
        review = session.scalars(select(Review).order_by(Review.id)).first()
        assert review
        review.scores = {**review.scores, "effect": {"score": 99, "reason": ""}}
        changed = review.key, review.id
    broken = site.command("check-chain")
    assert broken.exit_code != 0, (changed, broken.output)
    assert f"review:{changed[1]}" in broken.output or changed[0] in broken.output, (changed, broken.output)
