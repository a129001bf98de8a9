"""Rules, working days, links and reports at the officers' desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import deskwork
import make
import pytest
from deskwork import WEEK, Desk
from sites import token
from sqlalchemy import select

from library.catalog import links, queries, rulebook
from library.catalog.draft_models import CaseLink, FormalRule
from library.catalog.models import CaseReport
from library.db import Database
from library.errors import Conflict, Forbidden
from library.events import Event, detail


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return deskwork.opened(database, tmp_path, monkeypatch)


def rule_form(**over: Any) -> dict[str, Any]:
    return {
        **{"field": "title.zh", "check": "min_length", "params.at_least": "30", "level": "warn"},
        **{"text.zh": "标题够长。", "text.en": "The title is long.", "active": "yes", "step": "save"},
        **over,
    }


def test_a_rule_is_made_tried_and_changed_with_before_and_after(desk: Desk) -> None:
    desk.hand_in()
    page = desk.post("/desk/rules/new", form="/desk/rules/new", code="long-title", **rule_form(step="try"))
    assert "1 of 1 waiting submissions would not meet it." in page.get_data(as_text=True)
    with desk.site.database.reading() as session:
        assert session.scalar(select(FormalRule).where(FormalRule.code == "long-title")) is None
    assert (
        desk.post("/desk/rules/new", form="/desk/rules/new", code="long-title", **rule_form()).status_code == 303
    )
    at = "/desk/rules/long-title"
    assert desk.post(at, form=at, version=1, **rule_form(**{"params.at_least": "40"})).status_code == 303
    with desk.site.database.reading() as session:
        rule = session.scalars(select(FormalRule).where(FormalRule.code == "long-title")).one()
        assert (rule.params, rule.version) == ({"at_least": 40}, 2)
        seqs = select(Event.seq).where(Event.subject == rule.subject).order_by(Event.seq)
        told = [detail(session, seq) for seq in session.scalars(seqs)]
    assert told[1] == {
        "code": "long-title",
        "before": {"params": {"at_least": 30}},
        "after": {"params": {"at_least": 40}},
    }


def test_two_who_change_a_rule_at_once_lose_nothing(desk: Desk) -> None:
    at = "/desk/rules/title-length"
    assert desk.post(at, form=at, version=1, **rule_form(**{"text.en": "First."})).status_code == 303
    page = desk.post(at, form=at, version=1, **rule_form(**{"text.en": "Second."}))
    text = page.get_data(as_text=True)
    assert page.status_code == 409
    assert "First." in text
    assert "Second." in text
    assert 'name="version" value="2"' in text
    assert desk.post(at, form=at, version=2, **rule_form(**{"text.en": "Second."})).status_code == 303


@pytest.mark.parametrize(
    ("over", "wrong"),
    [
        ({"field": "title.fr"}, "field"),
        ({"check": "python"}, "check"),
        ({"level": "hard"}, "level"),
        ({"text.en": ""}, "text.en"),
        ({"params.at_least": "many"}, "params.at_least"),
        ({"params.at_least": ""}, "params.at_least"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_field(desk: Desk, over: dict[str, str], wrong: str) -> None:
    at = "/desk/rules/title-length"
    page = desk.post(at, form=at, version=1, **rule_form(**over))
    assert page.status_code == 422
    assert f'href="#{wrong}"' in page.get_data(as_text=True)
    with desk.site.database.reading() as session:
        assert session.scalars(select(FormalRule).where(FormalRule.code == "title-length")).one().version == 1


def test_every_packaged_rule_can_be_opened_and_saved_as_it_is(desk: Desk) -> None:
    """The form loses nothing of any rule: saved unchanged, no rule has another version."""
    with desk.site.database.reading() as session:
        known = {rule.code: rule for rule in rulebook.rules(session, desk.officer)}
    for code in known:
        at = f"/desk/rules/{code}"
        page = desk.get(at)
        answer = desk.browser.post(at, data=typed(page))
        assert answer.status_code == 303, (code, answer.get_data(as_text=True)[:3000])
    with desk.site.database.reading() as session:
        after = {rule.code: (rule.params, rule.version) for rule in rulebook.rules(session, desk.officer)}
    assert after == {code: (rule.params, 1) for code, rule in known.items()}
    assert len(known) > 20


def typed(page: str) -> dict[str, list[str]]:
    """What a browser would send of the page's form, as it stands."""
    form = page.partition('<main id="main"')[2].partition("<form")[2].partition("</form>")[0]
    sent: dict[str, list[str]] = {"step": ["save"]}
    for tag in re.findall(r"<input [^>]*>", form):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said.get("type") not in ("checkbox", "radio") or " checked" in tag:
            sent.setdefault(said["name"], []).append(unescape(said.get("value", "")))
    for name, inner in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        sent[name] = [unescape(value) for value in re.findall(r'value="([^"]*)" selected', inner)]
    for name, inner in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = [unescape(inner)]
    return sent


def test_a_day_off_makes_everything_a_day_younger(desk: Desk) -> None:
    desk.hand_in(at=make.NOW - WEEK)
    before = desk.get("/desk")
    friday = "2026-11-20"
    given = {"day": friday, "working": "false", "title.zh": "校庆", "title.en": "Anniversary"}
    assert desk.post("/desk/calendar", form="/desk/calendar", **given).status_code == 303
    age = re.compile(r"<b>(\d+)</b> <svg class=.days")
    [[old], [new]] = [age.findall(page) for page in (before, desk.get("/desk"))]
    assert int(new) == int(old) - 1
    assert "Anniversary" in desk.get("/desk/calendar")
    assert desk.post(f"/desk/calendar/{friday}/remove", form="/desk/calendar").status_code == 303
    assert age.findall(desk.get("/desk")) == [old]
    assert desk.post(f"/desk/calendar/{friday}/remove", form="/desk/calendar").status_code == 404


@pytest.mark.parametrize("over", [{"day": "soon"}, {"day": ""}, {"working": "perhaps"}, {"title.zh": ""}])
def test_a_day_that_makes_no_sense_is_refused(desk: Desk, over: dict[str, str]) -> None:
    given = {"day": "2026-11-20", "working": "false", "title.zh": "校庆", **over}
    assert desk.post("/desk/calendar", form="/desk/calendar", **given).status_code == 422


def test_the_limit_is_a_setting(desk: Desk) -> None:
    desk.hand_in(at=make.NOW - WEEK)
    assert "over the limit" not in desk.get("/desk")
    for wrong in ("0", "x", "", "1000", "²"):
        given = {"answer_days": wrong, "correction_days": "10"}
        assert desk.post("/desk/days", form="/desk/calendar", **given).status_code == 422
    assert desk.post("/desk/days", form="/desk/calendar", answer_days="3", correction_days="7").status_code == 303
    page = desk.get("/desk")
    assert "over the limit of 3" in page
    assert "Past 3 working days" in page


def test_a_link_is_accepted_or_refused_with_a_reason(desk: Desk) -> None:
    first, second = desk.site.add(), desk.site.add()
    with desk.site.database.unit() as session:
        for code in (first, second):
            case = queries.case(session, desk.member, code)
            links.ask(session, desk.member, case, given={"text": f"我们承建了{code}。"}, now=make.NOW)
        numbers = list(session.scalars(select(CaseLink.id).order_by(CaseLink.id)))
    page = desk.get("/desk/links")
    assert f"我们承建了{first}。" in page
    assert "Qinghe Water" in page
    refused = desk.post(f"/desk/links/{numbers[1]}/refuse", form="/desk/links")
    assert refused.status_code == 422
    assert (
        desk.post(f"/desk/links/{numbers[1]}/refuse", form="/desk/links", reason="材料不足。").status_code == 303
    )
    assert desk.post(f"/desk/links/{numbers[0]}/accept", form="/desk").status_code == 303
    again = desk.post(f"/desk/links/{numbers[0]}/accept", form="/desk")
    assert again.status_code == 409
    with desk.site.database.reading() as session:
        rows = [(row.linked, row.reason) for row in session.scalars(select(CaseLink).order_by(CaseLink.id))]
    assert rows == [(True, None), (False, "材料不足。")]


def test_a_report_is_answered_once(desk: Desk) -> None:
    code = desk.site.add()
    reader = desk.site.client()
    at = f"/cases/{code}/report"
    reader.post(at, data={"csrf_token": token(reader, at), "ground": "error", "text": "数字有误 <b>"})
    page = desk.get("/desk/reports")
    assert "数字有误 &lt;b&gt;" in page
    with desk.site.database.reading() as session:
        number = session.scalars(select(CaseReport.id)).one()
    assert desk.post(f"/desk/reports/{number}", form="/desk/reports").status_code == 422
    assert desk.post(f"/desk/reports/{number}", form="/desk/reports", reason="已更正。").status_code == 303
    assert desk.post(f"/desk/reports/{number}", form="/desk", reason="又更正。").status_code == 409
    with desk.site.database.reading() as session:
        assert session.get_one(CaseReport, number).answer == "已更正。"
    assert "数字有误" not in desk.get("/desk/reports")


def test_operations_ask_who_acts(desk: Desk) -> None:
    rule = rule_form()
    acts: list[Callable[..., Any]] = [
        lambda session: rulebook.add(session, desk.member, given=rule, now=make.NOW),
        lambda session: rulebook.set_day(session, desk.member, given={}, now=make.NOW),
        lambda session: rulebook.remove_day(session, desk.member, "2026-01-01", now=make.NOW),
        lambda session: rulebook.set_days(session, desk.member, given={}, now=make.NOW),
        lambda session: rulebook.rules(session, desk.member),
    ]
    for act in acts:
        with desk.site.database.writing() as session, pytest.raises(Forbidden):
            act(session)


def test_a_rule_changed_meanwhile_is_a_conflict(desk: Desk) -> None:
    with desk.site.database.unit() as session:
        rule = rulebook.rule(session, desk.officer, "title-length")
        given = {name: getattr(rule, name) for name in rulebook.SET} | {"level": "block"}
        rulebook.edit(session, desk.officer, rule, given=given, version=1, now=make.NOW)
        with pytest.raises(Conflict):
            rulebook.edit(session, desk.officer, rule, given={**given, "level": "warn"}, version=1, now=make.NOW)
