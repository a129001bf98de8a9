"""The whole life of a case that an enterprise brings: written, handed in, returned, admitted, changed, taken back.

Until it is admitted no word of it is anywhere for anybody else, and afterwards no word that is not public.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import handed_in
import make
from flask.testing import FlaskClient
from sites import Site, rows, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library import forms
from library.catalog import drafts
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.catalog.sheets import CONTROLS

EVERYWHERE = (
    "/",
    "/search",
    "/search?q=kestrel",
    "/search?q=%E7%BA%A2%E9%9A%BC",
    "/search.csv",
    "/sectors/gas-metering",
    "/sitemap.xml",
    "/feeds/cases.atom",
    "/feeds/cases.json",
    "/api/v1/cases?q=kestrel",
    "/api/v1/suggest?q=kest",
    "/api/v1/suggest?q=%E7%BA%A2%E9%9A%BC",
    "/api/v1/cases/MIOT-P-0001/similar",
)
# What a page may say that repeats a search for a part of it: none of these.
WORDS = ("kestrel boxes", "巢箱", "wombat")
TITLE = {"zh": "红隼巢箱燃气表联网", "en": "Kestrel boxes"}
BETTER = {"zh": "红隼巢箱三千只燃气表联网", "en": "Kestrel boxes with gas meters"}
# A word of its own for the ministry alone.
SECURITY = {"zh": "平台由wombat小组值守，数据加密传输，日志留存半年。"}


class People:
    """An enterprise and an officer at their browsers, and everybody else."""

    def __init__(self, site: Site) -> None:
        self.site = site
        with site.database.unit() as session:
            handed_in.rules(session)
            ours, theirs = handed_in.organisation(session), handed_in.organisation(session)
            make.member(session, ours, "owner", email="owner@enterprise.example")
            make.member(session, theirs, "owner", email="stranger@enterprise.example")
            make.officer(session, email="officer@ministry.example")
            self.ours = ours.id
        self.owner = site.signed_in("owner@enterprise.example", organisation=ours.id)
        self.officer = site.signed_in("officer@ministry.example")
        self.others = (site.client(), site.signed_in("stranger@enterprise.example", organisation=theirs.id))

    def write(self, key: str, section: str, content: Mapping[str, Any], version: int = 0) -> TestResponse:
        """Send the form of a section with this in its fields."""
        typed = forms.written(CONTROLS[section], content)
        return self.post(self.owner, f"/work/{key}/{section}", "/work/new", version=version, **typed)

    def post(self, client: FlaskClient, address: str, form: str, **given: Any) -> TestResponse:
        return client.post(address, data={"csrf_token": token(client, form), **given})

    def contents(self, key: str) -> dict[str, Any]:
        with self.site.database.reading() as session:
            return drafts.contents(session, session.scalars(select(Case).where(Case.key == key)).one())

    def submit(self, key: str, number: int) -> TestResponse:
        return self.post(self.owner, f"/work/{key}/moves/case.submit", "/work/new", number=number)

    def answer(self, code: str, verb: str, submission: int, **given: Any) -> TestResponse:
        address = f"/desk/cases/{code}/moves/{verb}"
        return self.post(self.officer, address, "/desk", submission=submission, **given)

    def leaks(self, *more: str) -> list[tuple[str, str]]:
        """Where somebody else reads a word of the case."""
        self.site.work()
        found = []
        for client in self.others:
            for address in (*EVERYWHERE, *more):
                text = client.get(address).get_data(as_text=True).lower()
                found += [(address, word) for word in WORDS if word in text]
        return found


def draft(people: People) -> str:
    """Everything typed into the forms, section by section; the key."""
    begun = people.post(people.owner, "/work/new", "/work/new")
    key = str(begun.location).split("/")[2]
    file = {"file": (io.BytesIO("同意公开。".encode()), "permission.txt")}
    brought = people.post(people.owner, f"/work/{key}/uploads", f"/work/{key}/files", **file)
    assert brought.status_code == 303
    people.site.work()
    page = people.owner.get(f"/work/{key}/files").get_data(as_text=True)
    upload = page.split('name="attachments.0.upload" value="')[1].split('"')[0]
    attached = {"upload": upload, "title": {"zh": "公开许可"}, "kind": "permission", "audience": "ministry"}
    written = {**handed_in.CONTENTS, "files": {"attachments": [attached]}}
    written["basics"] = {**written["basics"], "title": TITLE, "sectors": ["gas-metering"]}
    written["declarations"] = {**written["declarations"], "security": SECURITY}
    for section, content in written.items():
        version = 1 if section == "files" else 0  # the upload has put itself into the section
        assert people.write(key, section, content, version).status_code == 303, section
    return key


def test_life(seeded: Site) -> None:
    people, reader = People(seeded), seeded.client()
    key = draft(people)
    assert people.leaks() == []

    # Handed in, twice by a double click: one receipt, and still nobody else knows.
    receipt = f"/work/{key}/receipts/1"
    assert [people.submit(key, 1).location for _ in range(2)] == [receipt, receipt]
    with seeded.database.reading() as session:
        [first] = session.scalars(select(Submission))
        code = str(first.document["code"])
    assert code in people.owner.get(receipt).get_data(as_text=True)
    assert people.leaks(f"/cases/{code}", f"/work/{key}", receipt, f"/desk/cases/{code}") == []
    assert [client.get(f"/cases/{code}").status_code for client in people.others] == [404, 404]

    # Returned on one field: only that one can be changed.
    sent = people.answer(code, "case.return", 1, fields=["title"], reason="标题请写明数量。", days="5")
    assert sent.status_code == 303
    basics = {**handed_in.CONTENTS["basics"], "title": TITLE, "sectors": ["gas-metering"]}
    assert "标题请写明数量。" in people.owner.get(f"/work/{key}").get_data(as_text=True)
    before = people.contents(key)
    people.write(key, "results", {}, 1)
    people.write(key, "basics", {**basics, "summary": {"zh": "另一个摘要。"}}, 1)
    assert people.contents(key) == before
    assert people.write(key, "basics", {**basics, "title": BETTER}, 1).status_code == 303
    assert people.contents(key) == {**before, "basics": {**before["basics"], "title": BETTER}}

    # Handed in again, under the same number, and admitted: public, indexed, found.
    assert people.submit(key, 2).location == f"/work/{key}/receipts/2"
    assert people.leaks(f"/cases/{code}") == []
    assert people.answer(code, "case.admit", 1).status_code == 409, "the officer looked at the first one"
    assert people.answer(code, "case.admit", 2).status_code == 303
    assert {word for _, word in people.leaks()} == {"kestrel boxes", "巢箱"}
    assert rows(reader, "/search?q=kestrel") == rows(reader, "/search?q=红隼") == [code]
    assert rows(reader, "/search?q=wombat") == []
    page = reader.get(f"/cases/{code}").get_data(as_text=True)
    assert 'Submitted by <span lang="zh-CN">示例企业</span>' in page
    assert "红隼巢箱三千只燃气表联网" in page
    for hidden in ("wombat", "wang@people.example", "公开许可"):
        assert hidden not in page
    assert reader.get(f"/api/v1/cases/{code}").json["revision"] == 1

    # Changed: the library shows the old text until the change is admitted, and keeps it at its own address.
    changed = {**basics, "title": {"zh": "隼塔燃气表联网改造", "en": "Falcon towers"}}
    assert people.write(key, "basics", changed, 2).status_code == 303
    assert people.submit(key, 3).location == f"/work/{key}/receipts/3"
    seeded.work()
    assert rows(reader, "/search?q=falcon") == []
    assert people.answer(code, "case.admit", 3).status_code == 303
    seeded.work()
    assert (rows(reader, "/search?q=falcon"), rows(reader, "/search?q=kestrel")) == ([code], [])
    assert BETTER["en"] in reader.get(f"/cases/{code}/revisions/1").get_data(as_text=True)

    # Taken back by its owner: a stone with number, dates and a word stands at every address that it had.
    gone = people.post(people.owner, f"/work/{key}/moves/case.archive", "/work/new", farewell="项目已结束。")
    assert gone.status_code == 303
    own = [f"/cases/{code}{tail}" for tail in ("", ".csv", "/revisions", "/revisions/1", "/revisions/2")]
    assert people.leaks(*own) == []
    for address in own:
        stone = reader.get(address)
        assert (stone.status_code, "项目已结束。" in stone.get_data(as_text=True)) == (410, True), address
    assert reader.get(f"/api/v1/cases/{code}").status_code == 410

    checked = json.loads(seeded.command("check-chain", "--json").output)
    assert (checked["unbroken"], checked["rows_changed"]) == (True, [])
