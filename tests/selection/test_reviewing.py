"""The expert's desk and sheet, the masks and the reopening at the officers' desk, through the doors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import calling
import entering
import make
import pytest
from entering import LATER
from flask.testing import FlaskClient
from reviewed import FULL, WHY
from sites import Site, token
from sqlalchemy import select

from library.accounts.letter_models import Letter
from library.db import Database
from library.policy import Actor
from library.selection.entry_models import Entry
from library.selection.expert_models import Review

OFFICER, EXPERT, ADMINISTRATOR = "li@desk.example", "zhao@expert.example", "root@desk.example"
MASKED = {"masked_at": LATER, "masked_by": "officer:1", "masks": ["城南老城区", "示例企业"]}
HIDDEN = ("城南老城区", "示例企业", "Example", "广东", "Guangdong")
STEPS = [
    {"score": 1, "text": calling.both("只有计划", "Plans")},
    {"score": 5, "text": calling.both("已核实", "Proved")},
]
FEW = calling.criterion("scale", 40, lowest=1, highest=5, reason_low=1, reason_high=5, anchors=STEPS)


class Stage:
    """A call in review with an expert and officers, and an entry for every review that is asked for."""

    def __init__(self, site: Site, **over: Any) -> None:
        self.site = site
        with site.database.unit() as session:
            officer = make.officer(session, email=OFFICER)
            make.officer(session, "administrator", email=ADMINISTRATOR)
            rubric = [calling.criterion("effect", 60), FEW]
            self.call = entering.call(session, officer, "scoring", **{"rubric": rubric, **over})
            self.expert: Actor = entering.expert(session, email=EXPERT)

    def review(self, state: str = "assigned", *, masked: bool = True, **over: Any) -> Review:
        with self.site.database.unit() as session:
            owner = entering.applicant(session)[1]
            given = MASKED if masked else {"masks": MASKED["masks"]}
            entry = entering.entry(session, self.call, "in_review", owner=owner, **given)
            scores = {"effect": {"score": 80, "reason": ""}, "scale": {"score": 4, "reason": ""}}
            said = {"scores": scores} if state in ("draft", "final") else {}
            return entering.review(session, entry, self.expert, state, **{**said, **over})

    def now(self, row: Review) -> Review:
        with self.site.database.reading() as session:
            return session.get_one(Review, row.id)


@pytest.fixture
def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    for clock in ("library.web.now", "sites.now"):
        monkeypatch.setattr(clock, lambda: LATER)
    return Site(database, tmp_path)


@pytest.fixture
def stage(site: Site) -> Stage:
    return Stage(site)


@pytest.fixture
def expert(site: Site, stage: Stage) -> FlaskClient:
    return site.signed_in(EXPERT)


@pytest.fixture
def officer(site: Site, stage: Stage) -> FlaskClient:
    return site.signed_in(OFFICER)


def get(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


def send(client: FlaskClient, page: str, to: str = "", status: int = 303, **given: Any) -> Any:
    answer = client.post(page + to, data={"csrf_token": token(client, page), **given})
    assert answer.status_code == status, (page + to, answer.status_code)
    return answer


def typed(**over: str) -> Mapping[str, str]:
    full = {name: said for name, said in FULL.items() if "novelty" not in name}
    return {**full, "score.scale": "4", "version": "1", **over}


def test_nothing_of_a_case_is_shown_before_the_answer(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review()
    page = get(expert, f"/reviews/{row.key}")
    assert "Do you have a conflict of interest?" in page
    assert "漏损" not in page
    get(expert, f"/reviews/{row.key}/files/1", 403)
    send(expert, f"/reviews/{row.key}", "/answer", 422)
    send(expert, f"/reviews/{row.key}", "/answer", conflict="no")
    page = get(expert, f"/reviews/{row.key}")
    assert "漏损减少一成" in page
    assert stage.now(row).state == "cleared"


def test_a_conflict_closes_every_address_and_tells_the_officers(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review()
    page = f"/reviews/{row.key}"
    assert "Fill this in." in send(expert, page, "/answer", 422, conflict="yes").get_data(as_text=True)
    send(expert, page, "/answer", conflict="yes", reason="我曾在该单位工作。")
    for address in (page, f"{page}/files/1"):
        get(expert, address, 403)
    crumb = token(expert, "/reviews")
    for address in (page, f"{page}/answer", f"{page}/moves/review.abstain"):
        assert expert.post(address, data={"csrf_token": crumb, "conflict": "no", **WHY}).status_code == 403
    assert "Recused" in get(expert, "/reviews")
    stage.site.work()
    with stage.site.database.reading() as session:
        letters = session.scalars(select(Letter).where(Letter.verb == "review.recuse")).all()
    assert OFFICER in [letter.address for letter in letters]
    assert all("我曾在该单位工作。" in (letter.text or "") for letter in letters)


def test_a_case_of_a_blind_call_waits_for_its_masks(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review(masked=False)
    assert "has not yet confirmed what is masked" in get(expert, f"/reviews/{row.key}")
    send(expert, f"/reviews/{row.key}", "/answer", 422, conflict="no")
    opened = stage.review("cleared", masked=False)
    get(expert, f"/reviews/{opened.key}", 403)


def test_the_case_is_masked(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review("draft")
    for lang in ("zh", "en"):
        page = get(expert, f"/reviews/{row.key}?lang={lang}")
        assert [word for word in HIDDEN if word in page] == []
    assert "〔…〕智能水表改造" in get(expert, f"/reviews/{row.key}?lang=zh")
    assert "〔…〕智能水表改造" in get(expert, "/reviews?lang=zh")


def test_an_open_call_masks_nothing(site: Site) -> None:
    stage = Stage(site, review="open")
    row, expert = stage.review("draft", masked=False), site.signed_in(EXPERT, "zh")
    page = get(expert, f"/reviews/{row.key}")
    assert "城南老城区智能水表改造" in page
    assert "recognised" not in page


def test_a_sheet_is_saved_as_it_is_typed(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review("cleared")
    page = f"/reviews/{row.key}"
    headers = {"X-CSRFToken": token(expert, page)}

    def save(**over: str) -> Any:
        pairs = json.dumps(list(typed(**over).items()))
        return expert.post(page, data=pairs, content_type="application/json", headers=headers)

    first = save(**{"score.effect": "9"})
    assert first.status_code == 200, first.get_data(as_text=True)
    assert first.json["version"] == 2
    assert (first.json["scored"], first.json["total"]) == (2, "35.4")
    assert first.json["left"] == {"reason.effect": "Criterion effect: Say why: a score of 9 needs a reason."}
    assert stage.now(row).state == "draft"
    assert save(version="1", remarks="别的").status_code == 409
    wrong = save(version="2", remarks="a\0")
    assert (wrong.status_code, set(wrong.json["errors"])) == (422, {"remarks"})
    assert stage.now(row).remarks == "好。"


def test_what_is_refused_comes_back_with_everything_that_was_typed(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review("cleared")
    page = f"/reviews/{row.key}"
    given = typed(**{"score.effect": "好", "score.scale": "5", "confidence": "", "remarks": "独此一份"})
    answer = send(expert, page, status=422, do="finish", **given).get_data(as_text=True)
    assert "3 things must be done before you submit" in answer
    for link in ('href="#score.effect"', 'href="#reason.scale"', 'href="#confidence"', 'value="好"', "独此一份"):
        assert link in answer
    answer = send(expert, page, status=422, do="save", **typed(remarks="长" * 8001)).get_data(as_text=True)
    assert 'href="#remarks"' in answer
    assert "长" * 8001 in answer


def test_two_windows_show_both_texts(expert: FlaskClient, stage: Stage) -> None:
    row = stage.review("draft")
    page = f"/reviews/{row.key}"
    send(expert, page, do="save", **typed(remarks="第一个窗口"))
    answer = send(expert, page, status=409, do="save", **typed(remarks="第二个窗口")).get_data(as_text=True)
    assert "第一个窗口" in answer
    assert "第二个窗口" in answer
    send(expert, page, do="save", **typed(remarks="第二个窗口", version="2"))
    assert stage.now(row).remarks == "第二个窗口"


def test_a_final_sheet_is_closed_until_an_officer_reopens_it(
    expert: FlaskClient, officer: FlaskClient, stage: Stage
) -> None:
    row = stage.review("draft")
    page = f"/reviews/{row.key}"
    assert send(expert, page, do="finish", **typed()).location.endswith("done=review.finish")
    assert "Submit as final" not in get(expert, page)
    assert send(expert, page, status=409, do="save", **typed(version="9", remarks="x"))
    assert stage.now(row).state == "final"
    desk = f"/desk/reviews/{row.key}"
    assert "Fill this in." in send(officer, desk, "/reopen", 422, reason="").get_data(as_text=True)
    send(officer, desk, "/reopen", reason="示例企业的分数填反了。")
    assert stage.now(row).state == "draft"
    shown = get(expert, page)
    assert "〔…〕的分数填反了" in shown or "[withheld]的分数填反了" in shown
    stage.site.work()
    with stage.site.database.reading() as session:
        letter = session.scalars(select(Letter).where(Letter.verb == "review.reopen")).one()
    assert "〔…〕的分数填反了" in (letter.text or "")
    assert "示例企业" not in (letter.text or "")


def test_nobody_reads_a_sealed_score(site: Site, officer: FlaskClient, stage: Stage) -> None:
    with site.database.unit() as session:
        entering.expert(session, email="qian@expert.example")
    row = stage.review("final", remarks="绝密评语", scores={"effect": {"score": 77, "reason": "绝密理由"}})
    assert "Sealed until" in get(officer, f"/desk/reviews/{row.key}")
    assert "绝密" not in get(officer, f"/desk/reviews/{row.key}")
    stranger, administrator = site.signed_in("qian@expert.example"), site.signed_in(ADMINISTRATOR)
    get(stranger, f"/reviews/{row.key}", 404)
    assert row.key not in get(stranger, "/reviews")
    get(administrator, f"/desk/reviews/{row.key}", 403)
    with site.database.unit() as session:
        entering.put(session, session.merge(stage.call), "ranking")
    assert "绝密评语" in get(officer, f"/desk/reviews/{row.key}")
    get(administrator, f"/desk/reviews/{row.key}", 403)
    get(stranger, f"/reviews/{row.key}", 404)


def test_the_desk_lists_what_is_next_first_with_as_many_statements_for_three_as_for_one(
    expert: FlaskClient, stage: Stage, statements: list[str]
) -> None:
    stage.review("final")
    get(expert, "/reviews")
    statements.clear()
    get(expert, "/reviews")
    one = len(statements)
    keys = [stage.review(state).key for state in ("assigned", "draft")]
    statements.clear()
    page = get(expert, "/reviews")
    assert len(statements) == one
    assert page.index(keys[1]) < page.index(keys[0])


def test_an_officer_confirms_what_is_masked(officer: FlaskClient, expert: FlaskClient, stage: Stage) -> None:
    row = stage.review(masked=False)
    with stage.site.database.reading() as session:
        entry = session.get_one(Entry, row.entry_id)
    page = f"/desk/masks/{entry.key}"
    shown = get(officer, page)
    assert "Not confirmed" in shown
    assert "too short" in send(officer, page, status=422, do="confirm", masks="水").get_data(as_text=True)
    looked = send(officer, page, status=200, do="look", masks="示例企业\n城南老城区").get_data(as_text=True)
    assert "<mark>城南老城区</mark>" in looked
    send(officer, page, do="confirm", masks="示例企业", add="城南老城区")
    with stage.site.database.reading() as session:
        entry = session.get_one(Entry, row.entry_id)
        assert (entry.masks, entry.masked_at) == (["示例企业", "城南老城区"], LATER)
    send(expert, f"/reviews/{row.key}", "/answer", conflict="no")
    assert "城南老城区" not in get(expert, f"/reviews/{row.key}?lang=zh")
