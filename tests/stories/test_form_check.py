"""The check queue, as an officer lives it: rules filled in, one assigned, many passed at once, the rest named."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import deskwork
import pytest
from deskwork import WEEK
from make import NOW
from sites import rows, token

from library.db import Database
from library.worker import now

ROW = re.compile(r'<td role="cell" class="meta num">([^<]+)</td>')


def test_a_morning_at_the_desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = deskwork.opened(database, tmp_path, monkeypatch)
    site = desk.site
    oldest = desk.hand_in(title="年久的智能水表案例", at=NOW - 4 * WEEK)
    warned = desk.hand_in(title="有提示的智能水表案例", at=NOW - 2 * WEEK, masks=None)
    young = desk.hand_in(title="新到的智慧路灯案例")
    stays = desk.hand_in(title="留下的智慧停车案例")

    # Oldest first, the age in working days, what the rules say is filled in.
    page = desk.get("/desk")
    assert ROW.findall(page) == [oldest, warned, young, stays]
    assert page.count("over the limit of 10") == 1
    assert page.count("1 to be read") == 1

    # One is given to a colleague, who hears of it.
    desk.post("/desk/assign", pick=[oldest], officer=desk.other.person)
    site.work(now())
    letters = [letter for letter in site.letters() if letter["To"] == "wu@desk.example"]
    assert any(oldest in unescape(letter.get_content()) for letter in letters)
    assert ROW.findall(site.signed_in("wu@desk.example").get("/desk?view=mine").get_data(as_text=True)) == [oldest]

    # A selection made over two searches and a sort; one click.
    address = desk.go(pick=[oldest], q="水表")
    assert ROW.findall(desk.get(address)) == [oldest, warned]
    address = desk.go(pick=[oldest, warned], to="sort:rules", q="路灯")
    assert ROW.findall(desk.get(address)) == [young]
    answer = desk.post("/desk/admit", form=address, pick=[oldest, warned, young])
    told = desk.get(str(answer.location))
    assert "2 cases passed" in told
    assert re.search(rf">{warned}</a></dt><dd>Rules that are not met: [a-z-]+\.", told)

    # What passed is found in public; what did not is still here, and found by nobody.
    site.work(now())
    reader = site.client("zh")
    assert sorted(rows(reader, "/search?q=案例")) == sorted([oldest, young])
    assert ROW.findall(desk.get("/desk")) == [warned, stays]

    # The one with a warning is read and sent back; its organisation hears which fields and until when.
    form = f"/desk/cases/{warned}"
    given = {"submission": 1, "fields": ["masks"], "reason": "请列出需脱敏的名称。", "days": 5}
    seen = {"csrf_token": token(desk.browser, form), **given}
    assert desk.browser.post(f"{form}/moves/case.return", data=seen).status_code == 303
    site.work(now())
    heard = [letter for letter in site.letters() if letter["To"] == "an@works.example"]
    assert any("请列出需脱敏的名称。" in unescape(letter.get_content()) for letter in heard)
    assert ROW.findall(desk.get("/desk?view=returned")) == [warned]
