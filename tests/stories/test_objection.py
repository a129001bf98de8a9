"""From the list on public notice to the next by rank on a second notice, through pages and letters; and everybody
who may not know who objected looks for the name everywhere."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import entering
import make
import noticing
import openpyxl
import pytest
from flask.testing import FlaskClient
from noticing import BEGIN, CONTACT, LAST, NAME, PDF, SECOND
from sites import Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library import events
from library.accounts.letter_models import Letter
from library.accounts.models import Person
from library.catalog.models import Case
from library.db import Database
from library.policy import SYSTEM, Actor
from library.selection import objections
from library.selection.models import Call
from library.selection.notice_models import Evidence, Objection, Objector

CODE = "CALL-2026-0001"
NOTICE = f"/notices/{CODE}-N1"
FORM = f"{NOTICE}/objection"
NOBODY = "nobody@desk.example"


class Clock:
    """The present of every page; the story moves it on."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("library.web.now", clock)
    monkeypatch.setattr("sites.now", clock)  # who signs in does so in the same present
    return clock


@pytest.fixture
def site(database: Database, tmp_path: Path, clock: Clock) -> Site:
    return Site(database, tmp_path, OBJECTIONS_A_DAY="2")


@pytest.fixture
def scene(site: Site) -> noticing.Scene:
    with site.database.unit() as session:
        return noticing.decided(session, chosen=1, left_out=2)


def browser(site: Site, actor: Actor, lang: str = "en") -> FlaskClient:
    with site.database.reading() as session:
        email = session.get_one(Person, actor.person).email
    return site.signed_in(email, lang, actor.organisation)


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


def post(client: FlaskClient, form: str, address: str, **given: str) -> TestResponse:
    return client.post(address, data={"csrf_token": token(client, form), **given})


def file(client: FlaskClient, given: dict[str, str], *files: tuple[bytes, str]) -> TestResponse:
    evidence = [(io.BytesIO(content), name) for content, name in files or [(PDF, f"{NAME}的举报.pdf")]]
    data = {"csrf_token": token(client, FORM), **given, "evidence": evidence}
    return client.post(FORM, data=data, content_type="multipart/form-data")


def put_up(site: Site, officer: FlaskClient, scene: noticing.Scene, clock: Clock) -> None:
    desk = f"/desk/calls/{scene.call.key}"
    assert post(officer, desk, f"{desk}/moves/call.notice", reason="名单已定。").status_code == 303
    site.work(clock.now)


def test_notice_objection_hold_reply_uphold_next_and_second_notice(
    site: Site, scene: noticing.Scene, clock: Clock
) -> None:
    officer, applicant = browser(site, scene.officer), browser(site, scene.applicant)
    assert "No list is or was on public notice yet." in page(site.client(), "/notices")
    put_up(site, officer, scene, clock)

    # Everybody reads the list, and can check it.
    visitor = site.client()
    for address in (
        "/",
        "/notices",
        f"/calls/{CODE}",
        "/feeds/notices.atom",
        "/feeds/notices.json",
        "/sitemap.xml",
    ):
        assert NOTICE in page(visitor, address), address
    public = page(visitor, NOTICE)
    for words in ("Qinghe Water", "5 working days", "8 March 2027 23:59", "7 days left", "On public notice"):
        assert words in public, words
    assert scene.left_out[0].code not in public
    listed = visitor.get(f"{NOTICE}/list.json")
    assert hashlib.sha256(listed.get_data()).hexdigest() in public
    assert [item["entry"] for item in json.loads(listed.get_data())] == [scene.entry.code]
    assert scene.entry.code in page(visitor, f"{NOTICE}/list.csv")
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{NOTICE}/list.xlsx").get_data()))
    assert book.active is not None
    assert [row[0].value for row in book.active] == ["entry", scene.entry.code]
    assert visitor.get(f"{NOTICE}/list.exe").status_code == 404
    assert visitor.get("/notices/CALL-1-N9").status_code == 404
    assert "公示" in page(site.client("zh"), NOTICE)
    told = [
        letter
        for letter in site.letters()
        if "on public notice" in letter["Subject"] or "公示" in letter["Subject"]
    ]
    assert len(told) == 2

    # Somebody objects, with a name, a file, and no account; what is wrong comes back with what was typed.
    wrong = file(visitor, noticing.form(scene.entry, name="匿名", text="数据不实。"))
    assert wrong.status_code == 422
    assert "anonymous objections are not admitted" in wrong.get_data(as_text=True)
    assert "数据不实。" in wrong.get_data(as_text=True)
    bad = file(visitor, noticing.form(scene.entry), (b"MZ\x90", "a.pdf"))
    assert (bad.status_code, "not what its ending" in bad.get_data(as_text=True)) == (422, True)
    filed = file(visitor, noticing.form(scene.entry))
    assert filed.status_code == 303
    receipt = filed.location
    kept = visitor.get(receipt)
    assert kept.headers["Cache-Control"] == "no-store"
    assert "Your objection was filed" in kept.get_data(as_text=True)
    with site.database.reading() as session:
        row = session.scalars(select(Objection)).one()
        number, key = session.scalars(select(Evidence.id)).one(), row.key
    site.work(clock.now)
    letter = next(each for each in site.letters() if each["To"] == CONTACT)
    assert receipt.partition("?")[0] in letter.get_content()

    # The officer takes the file, reads the name, and admits it with a text that gives nobody away.
    desk = f"/desk/objections/{key}"
    assert row.code in page(officer, "/desk/objections")
    seen = page(officer, desk)
    assert NAME not in seen
    assert row.text in seen
    taken = post(officer, desk, f"{desk}/files/{number}")
    assert (taken.get_data(), taken.mimetype) == (PDF, "application/octet-stream")
    assert "attachment" in taken.headers["Content-Disposition"]
    taken.close()
    named = post(officer, desk, f"{desk}/identity")
    assert NAME in named.get_data(as_text=True)
    assert CONTACT in named.get_data(as_text=True)
    refused = post(
        officer, desk, f"{desk}/moves/objection.admit", **{**noticing.ADMIT, "forwarded": " ", "days": "x"}
    )
    assert refused.status_code == 422
    assert 'href="#days-objection-admit"' in refused.get_data(as_text=True)
    admit = f"{desk}/moves/objection.admit"
    assert page(applicant, "/work/objections").count(row.code) == 0
    assert post(officer, desk, admit, **noticing.ADMIT).status_code == 303
    assert post(officer, desk, admit, **noticing.ADMIT).status_code == 409
    assert "On hold for an objection" in page(visitor, NOTICE)
    assert "The answer is awaited until 2027-03-04 23:59" in page(officer, desk)

    # The applicant reads the text as forwarded, and answers.
    own = f"/work/objections/{key}"
    assert row.code in page(applicant, "/work/objections")
    words = page(applicant, own)
    assert noticing.ADMIT["forwarded"] in words
    assert row.text not in words
    assert post(applicant, own, own, reply=" ").status_code == 422
    assert post(applicant, own, own, **noticing.GIVEN["objection.reply"]).status_code == 303
    assert browser(site, scene.recommender).get(own).status_code == 404

    # Upheld: removed, and the next by rank is offered.
    uphold = f"{desk}/moves/objection.uphold"
    assert post(officer, desk, uphold, **noticing.GIVEN["objection.uphold"]).status_code == 303
    assert "Removed after an objection" in page(visitor, NOTICE)
    assert noticing.GIVEN["objection.uphold"]["reason"] in page(visitor, receipt)
    site.work(clock.now)
    to = [each["To"] for each in site.letters() if "upheld" in each["Subject"] or "成立" in each["Subject"]]
    assert len(to) == 3
    assert CONTACT in to
    board = "/desk/notices"
    offered = page(officer, board)
    first, last = scene.left_out
    assert first.code in offered
    assert last.code not in offered
    up = f"{board}/{scene.call.key}/entries/{first.key}"
    assert post(officer, board, up, reason="").status_code == 422
    assert post(officer, board, up, reason="递补。").status_code == 303
    again = f"{board}/{scene.call.key}/again"
    assert post(officer, board, again, reason="一项被移除，依次递补。").status_code == 303
    second = page(visitor, f"/notices/{CODE}-N2")
    assert "一项被移除，依次递补。" in second
    assert first.code in second

    # One second after the end nobody objects any more.
    clock.now = LAST + SECOND
    assert "Nobody can object any more" in page(visitor, FORM)
    assert "an objection that comes later is not admitted" in page(visitor, NOTICE)


def test_the_limit_speaks_in_words_and_keeps_what_was_typed(
    site: Site, scene: noticing.Scene, clock: Clock
) -> None:
    put_up(site, browser(site, scene.officer), scene, clock)
    visitor = site.client()
    given = noticing.form(scene.entry)
    assert [file(visitor, given).status_code for _ in range(2)] == [303, 303]
    third = file(visitor, given)
    assert third.status_code == 429
    assert "From one contact 2 objections a day are taken" in third.get_data(as_text=True)
    assert given["text"] in third.get_data(as_text=True)
    # A year after the call the worker forgets who that was.
    with site.database.unit() as session:
        entering.put(session, session.get_one(Call, scene.call.id), "published")
        events.record(session, SYSTEM, "call.publish", scene.call.subject, now=LAST, detail={})
    site.work(LAST.replace(year=2028) - SECOND)
    with site.database.reading() as session:
        assert len(session.scalars(select(Objector)).all()) == 2
    site.work(LAST.replace(year=2028) + dt.timedelta(days=1))
    with site.database.reading() as session:
        assert session.scalars(select(Objector)).all() == []


def test_the_name_is_not_shown_when_the_record_of_it_fails(
    site: Site, scene: noticing.Scene, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = browser(site, scene.officer)
    put_up(site, officer, scene, clock)
    file(site.client(), noticing.form(scene.entry))
    with site.database.reading() as session:
        desk = f"/desk/objections/{session.scalars(select(Objection.key)).one()}"

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the chain is not written")

    sent = token(officer, desk)
    with monkeypatch.context() as broken:
        broken.setattr("library.events._write", fail)
        site.app.config["PROPAGATE_EXCEPTIONS"] = False
        answer = officer.post(f"{desk}/identity", data={"csrf_token": sent})
    assert answer.status_code == 500
    assert NAME not in answer.get_data(as_text=True)
    assert officer.get(f"{desk}/identity").status_code == 405


def everything(site: Site, client: FlaskClient, keys: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Every address that can be read, with the codes and keys of this scene where it has some.

    Not /mail: a machine without a mail server shows its own letters to whoever sits at it, who has the files too.
    """
    for rule in site.app.url_map.iter_rules():
        if rule.endpoint in ("static", "pages.mail") or "GET" not in (rule.methods or ()):
            continue
        names = re.findall(r"<(?:[^:>]*:)?(\w+)>", rule.rule)
        tries = [keys] if names else [{}]
        if "key" in names or "code" in names:
            tries = [
                {**keys, "key": key, "code": code}
                for key in keys["keys"].split()
                for code in keys["codes"].split()
            ]
        seen = set()
        for given in tries:
            address = re.sub(
                r"<(?:[^:>]*:)?(\w+)>", lambda match, given=given: given.get(match[1], "1"), rule.rule
            )
            if address not in seen:
                seen.add(address)
                with client.get(address) as answer:
                    yield address, answer.get_data()


def test_nobody_else_finds_the_name_anywhere(site: Site, scene: noticing.Scene, clock: Clock) -> None:
    """Each channel of each role: pages, feeds, files, programs, the audit, the outbox and letters to others."""
    officer = browser(site, scene.officer)
    put_up(site, officer, scene, clock)
    assert file(browser(site, scene.recommender), noticing.form(scene.entry)).status_code == 303
    with site.database.unit() as session:
        row = session.scalars(select(Objection)).one()
        objections.unmask(session, scene.officer, row, now=clock.now)
        noticing.move(session, scene.officer, row, "objection.admit", now=clock.now)
        roles = {role: make.officer(session, role) for role in ("approver", "administrator", "expert")}
        case = session.get_one(Case, scene.entry.case_id)
    site.work(clock.now)
    with site.database.reading() as session:
        private = session.scalars(select(Letter).where(Letter.address == CONTACT)).all()
    assert len(private) == 2  # the receipt, and that it is admitted
    keys = {
        "keys": f"{row.key} {scene.call.key} {scene.entry.key} {case.key}",
        "codes": f"{CODE}-N1 {CODE} {scene.entry.code} {case.code}",
        **{"number": "1", "ending": "csv", "word": "none", "entry": scene.entry.key},
    }
    actors = {**roles, "officer": scene.officer, "applicant": scene.applicant, "recommender": scene.recommender}
    clients = {"visitor": site.client(), **{role: browser(site, actor) for role, actor in actors.items()}}
    secrets = [secret.encode() for secret in (NAME, CONTACT, "ouyang")]
    read = 0
    for role, client in clients.items():
        for address, body in everything(site, client, keys):
            read += 1
            for secret in secrets:
                assert secret not in body, (role, address)
        for letter in private:
            assert client.get(f"/desk/outbox/{letter.id}").status_code in (302, 303, 403, 404), role
        # What asks for them finds nothing either; the question itself is repeated by the page.
        found = client.get(f"/desk/outbox?q={CONTACT}").get_data(as_text=True)
        assert not re.search(r"/desk/outbox/\d+", found), role
        for address in (f"/search?q={NAME}", f"/audit?actor={NAME}", f"/desk?q={NAME}"):
            assert CONTACT not in client.get(address).get_data(as_text=True), (role, address)
    assert read > 300
    for sent in site.letters():
        if sent["To"] != CONTACT:
            assert NAME not in sent.as_string()
            assert CONTACT not in sent.as_string()
            assert row.text not in sent.get_content()
    assert [str(path) for path in site.config.files.rglob("*") if NAME in path.name or "举报" in path.name] == []
