"""A new enterprise from registering to its public case: two colleagues, several visits, one correction.

Everything goes through the pages, as somebody would do it who has read nothing but them.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from typing import Any

import handed_in
import hostile_files
import make
import pytest
from flask.testing import FlaskClient
from signing import ANNA, PASSWORD, post
from sites import Site, rows, token

from library import forms
from library.catalog.sheets import CONTROLS

CODE = "91330106MA2CFH6U3L"
FIX = re.compile(r"(\d+) things? must be fixed")
HOUSE = {"name_zh": "杭州清河水务有限公司", "name_en": "Qinghe Water", "kind": "enterprise", "province": "33"}
BETTER = {"zh": "城南老城区智能水表改造三千户", "en": "Smart water meters for three thousand homes"}
# Words of fields that are not everybody's.
SECRETS = {"security": "蜂鸟网关", "contact": "wang@people.example", "masks": "白鹭小区"}


def enters(site: Site, name: str, *, way: str = "") -> FlaskClient:
    """Somebody registers, follows the letter, presses its button and signs in; `way` is where he was going."""
    client, email = site.client(), f"{name}@qinghe.example"
    given = ANNA | {"name": name.title(), "email": email} | ({"next": way} if way else {})
    assert post(client, "/account/register", f"/account/register?next={way}", **given).status_code == 303
    site.work()
    assert post(client, link_in(site, email, "/account/confirm")).status_code == 303
    assert post(client, "/account/sign-in", email=email, password=PASSWORD).status_code == 303
    return client


def letters(site: Site, email: str) -> list[Any]:
    site.work()
    return [letter for letter in site.letters() if letter["To"] == email]


def link_in(site: Site, email: str, kind: str) -> str:
    """The path of the one link of this kind that somebody was sent."""
    words = "\n".join(letter.get_content() for letter in letters(site, email))
    [found] = re.findall(rf"https://library\.example({kind}/\S+)", words)
    return str(found)


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return html.unescape(answer.get_data(as_text=True))


def write(client: FlaskClient, key: str, section: str, content: Mapping[str, Any]) -> int:
    """Open a section, fill it in and send it."""
    form = f"/work/{key}/{section}"
    version = re.search(r'name="version" value="(\d+)"', page(client, form))
    typed = forms.written(CONTROLS[section], content)
    return post(client, form, version=version[1] if version else "", **typed).status_code


def seen(officer: FlaskClient, desk: str) -> str:
    """The request that lies before the officer."""
    found = re.search(r'name="seen" value="([^"]+)"', page(officer, desk))
    assert found
    return found[1]


def to_fix(client: FlaskClient, key: str) -> int:
    found = FIX.search(page(client, f"/work/{key}"))
    return int(found[1]) if found else 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_from_registering_to_a_public_case(site: Site, lang: str) -> None:
    with site.database.unit() as session:
        handed_in.rules(session)
        make.officer(session, email="officer@ministry.example")
        make.member(session, make.organisation(session), "owner", email="stranger@other.example")
    officer, reader = site.signed_in("officer@ministry.example"), site.client(lang)

    # The founder, the organisation, two colleagues who had no account.
    owner = enters(site, "anna")
    home = str(post(owner, "/organisations/new", **HOUSE, credit_code=CODE).location)
    colleagues = {}
    for name, role in (("bert", "editor"), ("cleo", "commenter")):
        assert post(owner, f"{home}/members", email=f"{name}@qinghe.example", role=role).status_code == 303
        way = link_in(site, f"{name}@qinghe.example", "/invitations")
        colleagues[name] = enters(site, name, way=way)
        assert post(colleagues[name], f"{way}/accept", way).location == home
    editor, commenter = colleagues["bert"], colleagues["cleo"]

    # First visit: begun, and everything that is missing is named. Not verified, one may write all the same.
    key = str(owner.post("/work/new", data={"csrf_token": token(owner, "/work/new")}).location).split("/")[2]
    first = to_fix(owner, key)
    assert first > 5
    basics = handed_in.CONTENTS["basics"]
    assert write(owner, key, "basics", {**basics, "summary": None}) == 303
    assert 0 < to_fix(owner, key) < first

    # Later visits, by two people; after each, less is missing, and both see the same.
    later = {
        **{name: content for name, content in handed_in.CONTENTS.items() if name != "basics"},
        "basics": basics,
        "declarations": {
            **handed_in.CONTENTS["declarations"],
            "security": {"zh": f"{SECRETS['security']}值守平台，数据加密传输，日志留存半年备查。"},
            "masks": [SECRETS["masks"]],
        },
    }
    for turn, (section, content) in enumerate(later.items()):
        before = to_fix(owner, key)
        who = (editor, owner)[turn % 2]
        assert write(who, key, section, content) == 303, section
        assert to_fix(owner, key) == to_fix(editor, key) <= before
    assert (
        post(commenter, f"/work/{key}/basics/comments", f"/work/{key}/basics", comment="标题要具体。").status_code
        == 303
    )
    assert (
        commenter.post(
            f"/work/{key}/basics", data={"csrf_token": token(commenter, f"/work/{key}/basics")}
        ).status_code
        == 403
    )
    assert "标题要具体。" in page(owner, f"/work/{key}/basics")
    file = {"file": (io.BytesIO("同意公开。".encode()), "permission.txt")}
    sent = owner.post(f"/work/{key}/uploads", data={"csrf_token": token(owner, f"/work/{key}/files"), **file})
    assert sent.status_code == 303
    site.work()
    upload = re.search(r'name="attachments.0.upload" value="([^"]+)"', page(owner, f"/work/{key}/files"))
    assert upload
    attached = {"upload": upload[1], "title": {"zh": "公开许可"}, "kind": "permission", "audience": "ministry"}
    assert write(owner, key, "files", {"attachments": [attached]}) == 303

    # The organisation is all that is missing now; it shows who it is and an officer verifies it.
    assert to_fix(owner, key) == 1
    assert "not verified yet" in page(owner, f"/work/{key}/submit")
    assert f"/work/{key}/moves/case.submit" not in page(owner, f"/work/{key}/submit")
    proof = {"note": "Licence.", "file": (io.BytesIO(hostile_files.png()), "licence.png")}
    asks = f"{home}/verification"
    assert owner.post(asks, data={"csrf_token": token(owner, asks), **proof}).status_code == 303
    given = {"reason": "Compared.", "seen": seen(officer, f"/desk{home}")}
    assert post(officer, f"/desk{home}/moves/organisation.verify", f"/desk{home}", **given).status_code == 303

    # Handed in: a number, stages with days, a letter; and still nobody else sees anything.
    assert to_fix(owner, key) == 0
    receipt = str(post(owner, f"/work/{key}/moves/case.submit", f"/work/{key}/submit", number="1").location)
    code = re.search(r"MIOT-\d{4}-\d{4,}", page(owner, receipt))
    assert code
    assert len(re.findall(r"<time", page(owner, receipt))) > 1
    assert any(code[0] in letter["Subject"] for letter in letters(site, "anna@qinghe.example"))
    assert [reader.get(address).status_code for address in (f"/cases/{code[0]}", receipt)] == [404, 303]

    # Returned on one field: one letter, one task, one field.
    had = len(letters(site, "anna@qinghe.example"))
    desk = f"/desk/cases/{code[0]}"
    answer = {"submission": "1", "fields": "title", "reason": "标题请写明户数。", "days": "5"}
    assert post(officer, f"{desk}/moves/case.return", desk, **answer).status_code == 303
    now_there = letters(site, "anna@qinghe.example")
    assert (len(now_there) - had, sum("标题请写明户数。" in each.get_content() for each in now_there)) == (1, 1)
    assert page(owner, "/work").count("Correct it and hand it in again") == 1
    open_ones = re.findall(r'<(?:input|textarea)[^>]* name="([a-z_.]+)"', page(owner, f"/work/{key}/basics"))
    assert {name.partition(".")[0] for name in open_ones} & {control.name for control in CONTROLS["basics"]} == {
        "title"
    }
    assert write(owner, key, "basics", {**basics, "title": BETTER}) == 303
    again = post(owner, f"/work/{key}/moves/case.submit", f"/work/{key}/submit", number="2")
    assert again.location == f"/work/{key}/receipts/2"
    differs = page(officer, desk)
    assert re.search(r"<ins>[^<]*三千户", differs)
    assert "Against submission 1" in differs

    # Admitted: found by its words in both languages, with what is everybody's and nothing else.
    admitted = post(officer, f"{desk}/moves/case.admit", desk, submission="2")
    assert admitted.status_code == 303
    site.work()
    assert rows(reader, "/search?q=三千户") == rows(reader, "/search?q=homes") == [code[0]]
    public = page(reader, f"/cases/{code[0]}")
    assert BETTER[lang] in public
    stranger = site.signed_in("stranger@other.example")
    for who, known in ((reader, ()), (stranger, ()), (officer, SECRETS), (editor, SECRETS)):
        addresses = [
            f"/cases/{code[0]}",
            *([desk] if who is officer else [f"/work/{key}/declarations"] * bool(known)),
        ]
        text = "".join(page(who, address) for address in addresses)
        assert {name for name, word in SECRETS.items() if word in text} == set(known)
