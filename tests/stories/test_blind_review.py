"""A blind call leaks nothing: words are planted in every text, name and file of a case that everybody could read
before, and then everything is walked through that an expert's session and token can reach. The same walk by an
officer finds every word, so it would find a leak.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import entering
import handed_in
import hostile_files
import make
import pikepdf
import pytest
from entering import LATER
from flask.testing import FlaskClient
from PIL import Image
from reviewed import FULL
from sites import PLACE, Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library import opening
from library.accounts import tokens
from library.accounts.letter_models import Letter
from library.accounts.models import Organisation, Person
from library.accounts.withheld_models import Withheld, WithheldFrom
from library.catalog import operations
from library.catalog.models import Attachment, Case, Revision
from library.db import Database
from library.files import Store, safe_name
from library.kinds import TYPES
from library.policy import SYSTEM, Actor
from library.selection import review_flow
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call
from search import Index

EXPERT, OFFICER, OWNER = "zhao@expert.example", "li@desk.example", "sun@works.example"
# Its own for every place, so that a leak says where it came from.
PLANTED = {
    **{name: f"Zq{number:02d}{'甲乙丙丁戊己庚辛壬癸'[number % 10]}密" for number, name in enumerate((
        *("title", "summary", "section", "outcome", "benefits", "security", "moment", "what", "network"),
        *("standard", "before", "pitfall", "cost", "source", "publisher", "note", "party", "place"),
        *("file", "text", "cells", "core", "contact", "organisation", "person"),
    ))},
    **{"host": "zqhost.example", "mail": "zqmail.example", "name": "zqfilename"},
}  # fmt: skip
HOSTILE = ("Wang Xiaoming", "王小明", "Secret Water Ltd", "Nikon Z9")
WORDS = (*PLANTED.values(), *HOSTILE)
# What the ministry is shown nowhere as a text: the sources' address is a link, metadata stand in its originals.
OFFICER_SEES = frozenset(WORDS)


def both(name: str) -> dict[str, str]:
    return {"zh": f"水表{PLANTED[name]}。", "en": f"Meters {PLANTED[name]}."}


def document(code: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    given = make.document(
        code=code,
        origin="submitted",
        title=both("title"),
        summary=both("summary"),
        sectors=["water-metering"],
        network_text=both("network"),
        place={"country": "CN", "provinces": ["44"], "text": both("place")},
        parties=[{"name": both("party"), "role": "owner"}],
        connections=[make.count(what=both("what"), kind="online"), make.count(90_000, kind="planned")],
        sections=[{"kind": "solution", "text": both("section"), "sources": [1]}],
        outcomes=[{"text": both("outcome"), "sources": []}],
        benefits=both("benefits"),
        replicability={
            "preconditions": both("before"),
            "pitfalls": both("pitfall"),
            "cost_per_connection": {"amount": "12.00", "currency": "CNY", "text": both("cost")},
        },
        standards=[PLANTED["standard"]],
        timeline=[{"when": "2025-01", "text": both("moment"), "planned": False, "sources": []}],
        sources=[
            {
                **{"title": PLANTED["source"], "publisher": PLANTED["publisher"], "link": True},
                **{"url": f"https://{PLANTED['host']}/a", "note": both("note")},
            }
        ],
        security=both("security"),
        data_level="general",
        right_to_publish=True,
        contact={"name": PLANTED["contact"], "email": f"a@{PLANTED['mail']}"},
        masks=[PLANTED["organisation"]],
        attachments=files,
    )
    loaded: dict[str, Any] = operations.SCHEMA.load(given)
    return loaded


def contents() -> Mapping[str, bytes]:
    """Files that say in their metadata, and some of them in their text, who made them."""
    paragraph = "<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body>"
    text = f'<w:document xmlns:w="{hostile_files.WORD}">{paragraph}</w:document>'
    core = f"<coreProperties><creator>{PLANTED['core']}</creator></coreProperties>"
    word = PLANTED["text"]
    split = f"{word[:3]}</w:t></w:r><w:r><w:t>{word[3:]}"  # as a word processor writes it
    return {
        "photo.jpg": hostile_files.jpeg(),
        "drawing.png": hostile_files.png(),
        "report.pdf": hostile_files.pdf(),
        "closed.docx": hostile_files.docx({"word/document.xml": text % split, "docProps/core.xml": core}),
        "open.docx": hostile_files.docx({"word/document.xml": text % "水表", "docProps/core.xml": core}),
        "table.xlsx": hostile_files.xlsx(),
        "cells.csv": f"城市,数量\n{PLANTED['cells']},3\n".encode("gb18030"),
        "plain.txt": "水表每天上报一次。".encode(),
    }


def kept(store: Store, folder: Path) -> list[dict[str, Any]]:
    """The files in the store with their copies without metadata, as uploads leave them."""
    found = []
    for name, content in contents().items():
        ending = name.rpartition(".")[2]
        original = store.put(io.BytesIO(content), name)
        copy = folder / f"copy.{ending}"
        opened = opening.draw(store.path(original.sha256), name, copy=copy)
        file = {
            **{"name": safe_name(f"{PLANTED['name']}-{name}"), "title": both("file"), "audience": "public"},
            **{"sha256": original.sha256, "size": original.size, "media_type": TYPES[ending]},
        }
        if opened.stripped:
            public = store.keep(copy, TYPES[ending])
            file |= {"public_sha256": public.sha256, "public_size": public.size}
        found.append(file)
    return found


class Stage:
    """A public case of an enterprise in a blind call, an expert who reviews it, and whoever else is needed."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        store = site.app.extensions["files"]
        files = kept(store, folder)
        with site.database.unit() as session:
            officer = make.officer(session, email=OFFICER, name="李主任")
            name = {"name_zh": PLANTED["organisation"], "name_en": PLANTED["organisation"]}
            enterprise = handed_in.organisation(session, **name)
            owner = make.member(session, enterprise, "owner", email=OWNER, name=PLANTED["person"])
            case = entering.case(session, owner)
            loaded = document(str(case.code), files)
            operations.revise(session, SYSTEM, case, now=make.NOW, document=loaded)
            for number in range(3):
                make.case(session, code=f"MIOT-P-{number + 1:04d}")
            call = entering.call(session, officer, "scoring")
            entry = entering.entry(session, call, "in_review", owner=owner, case=case)
            self.expert: Actor = entering.expert(session, email=EXPERT, name="赵专家")
            review = entering.review(session, entry, self.expert, "assigned")
            session.add(Withheld(why=call.subject, subject=case.subject))
            session.add(WithheldFrom(why=call.subject, person_id=self.expert.person, at=LATER))
            self.case, self.call, self.entry, self.review = case.code, call.code, entry.key, review.key
            people = [(self.expert.person, "expert"), (officer.person, "officer")]
            for number, _ in people:
                session.get_one(Person, number).tf_primary_method = "authenticator"
                session.get_one(Person, number).tf_totp_secret = "{}"
            self.words = {
                who: tokens.make(
                    session, Actor(f"person:{number}", person=number), name="t", scopes=[], organisation=None,
                    days=30, now=LATER,
                )[1]
                for number, who in people
            }  # fmt: skip
        site.work()

    def addresses(self) -> Iterator[str]:
        """Every address that answers a GET, with everything that its parts may name here."""
        with self.site.database.reading() as session:
            case = session.scalars(select(Case).where(Case.code == self.case)).one()
            attached = session.scalars(select(Attachment).where(Attachment.case_id == case.id)).all()
            organisation = session.get_one(Organisation, case.owner_id)
            call = session.scalars(select(Call).where(Call.code == self.call)).one()
            keys = [self.review, self.entry, call.key, case.key, organisation.key, *(row.key for row in attached)]
            hashes = [sha for row in attached for sha in (row.sha256, row.public_sha256) if sha]
            entry = session.scalars(select(Entry).where(Entry.key == self.entry)).one()
            codes = [self.case, self.call, entry.code, entry.alias, "water-metering"]
        values = {
            **{"key": keys, "code": codes, "sha256": hashes, "number": [str(n) for n in range(1, 10)]},
            **{
                "section": ["basics", "files"],
                "verb": ["review.finish"],
                "ending": ["csv"],
                "day": ["2026-10-01"],
            },
        }
        for rule in self.site.app.url_map.iter_rules():
            names = PLACE.findall(rule.rule)
            if rule.endpoint == "static" or "GET" not in (rule.methods or ()) or rule.rule == "/account/sign-out":
                continue
            ways = [values.get(name, ["none"]) for name in names]
            for way in itertools.islice(itertools.product(*ways), 24):
                parts = iter(way)
                yield PLACE.sub(lambda match, parts=parts: next(parts), rule.rule)  # type: ignore[misc]


def said(answer: TestResponse) -> str:
    """Everything that an answer says: its headers, its bytes, and what is packed into them."""
    content = answer.get_data()
    parts = [
        unquote(str(answer.headers)),
        content.decode("utf-8", "replace"),
        content.decode("gb18030", "replace"),
    ]
    if content.startswith(b"%PDF"):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            parts += [str(pdf.docinfo), *(repr(each) for each in pdf.objects)]
            streams = (each for each in pdf.objects if isinstance(each, pikepdf.Stream))
            parts += [each.read_raw_bytes().decode("latin-1") for each in streams]
    elif content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.infolist():
                inner = archive.read(each).decode("utf-8", "replace")
                parts += [each.filename, inner, re.sub(r"<[^>]*>", "", inner)]
    elif content.startswith((b"\x89PNG", b"\xff\xd8")):
        with Image.open(io.BytesIO(content)) as picture:
            parts += [repr(picture.info), repr(dict(picture.getexif()))]
    return "\n".join(parts).lower()


def found(text: str, *, besides: str = "") -> set[str]:
    return {word for word in WORDS if word.lower() in text and word != besides}


def walk(stage: Stage, client: FlaskClient, word: str) -> dict[str, set[str]]:
    """Address -> planted words that its answer says, of all addresses by cookie, or by token under /api/."""
    leaks: dict[str, set[str]] = {}
    bearer = {"Authorization": f"Bearer {word}"}
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"  # who sits at the machine itself may read its letters
    for address in stage.addresses():
        for query in ("?lang=en", "?lang=zh"):
            headers = bearer if address.startswith("/api/") else None
            answer = client.get(address + query, headers=headers, buffered=True)
            assert answer.status_code < 500 or address == "/healthz", address
            if hits := found(said(answer)):
                leaks[address] = leaks.get(address, set()) | hits
            if answer.status_code in (302, 303, 403, 404):
                break
    for words in WORDS:
        asked = {"q": words}
        for address in ("/search", "/search.csv", "/api/v1/cases", "/api/v1/suggest"):
            answer = client.get(address, query_string=asked, headers=bearer if "/api/" in address else None)
            # What was asked for comes back in the page; any other word, and a case, would not.
            if hits := found(said(answer), besides=words) | (
                {words} if stage.case.lower() in said(answer) else set()
            ):
                leaks[f"{address}?q={words}"] = hits
    return leaks


@pytest.fixture
def stage(sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """On one database: the doors are the same, and the WHERE is held against the predicate on both elsewhere."""
    for clock in ("library.web.now", "sites.now"):
        monkeypatch.setattr(clock, lambda: LATER)
    return Stage(Site(sqlite, tmp_path), tmp_path)


def confirm(stage: Stage) -> None:
    """The officer confirms the list and looks at the pictures and documents that a program cannot read."""
    officer, page = stage.site.signed_in(OFFICER), f"/desk/masks/{stage.entry}"
    with stage.site.database.reading() as session:
        entry = session.scalars(select(Entry).where(Entry.key == stage.entry)).one()
        files = session.get_one(Revision, entry.revision_id).document["attachments"]
    shown = [file["sha256"] for file in files]
    given = {"csrf_token": token(officer, page), "masks": "\n".join(WORDS), "shown": shown, "do": "confirm"}
    assert officer.post(page, data=given).status_code == 303


def test_a_blind_call_leaks_no_word_of_the_mask_list(stage: Stage) -> None:
    confirm(stage)
    site, expert = stage.site, stage.site.signed_in(EXPERT)
    page = f"/reviews/{stage.review}"
    given = {"csrf_token": token(expert, page), "conflict": "no"}
    assert expert.post(f"{page}/answer", data=given).status_code == 303
    form = {"csrf_token": token(expert, page), "version": "1", "do": "finish", **FULL}
    assert expert.post(page, data=form).status_code == 303
    with site.database.unit() as session:
        officer = session.scalars(select(Person).where(Person.email == OFFICER)).unique().one()
        doer = Actor(officer.subject, roles=frozenset({"officer"}), person=officer.id)
        row = session.scalars(select(Review).where(Review.key == stage.review)).one()
        why = {"reason": f"关于{PLANTED['organisation']}的理由缺失。"}
        review_flow.act(session, doer, row, "review.reopen", given=why, now=LATER)
    site.work()
    # There is something to be seen: the case, and the files that are open.
    answer = expert.get(page)
    assert answer.status_code == 200
    assert "[withheld]" in answer.get_data(as_text=True)
    statuses = [expert.get(f"{page}/files/{number}", buffered=True).status_code for number in range(1, 9)]
    assert statuses == [200, 200, 200, 404, 200, 200, 404, 200]
    names = [
        expert.get(f"{page}/files/{number}", buffered=True).headers["Content-Disposition"] for number in (1, 5)
    ]
    assert names == ["inline; filename=attachment-1.jpg", "attachment; filename=attachment-5.docx"]
    with site.database.reading() as session:
        letters = session.scalars(select(Letter).where(Letter.address == EXPERT)).all()
    assert {letter.verb for letter in letters} >= {"review.finish", "review.reopen"}
    assert [
        found(f"{letter.title} {letter.text}".lower()) for letter in letters if found(str(letter.text).lower())
    ] == []
    assert walk(stage, expert, stage.words["expert"]) == {}
    # The same walk as an officer, who may read it all.
    seen = walk(stage, site.signed_in(OFFICER), stage.words["officer"])
    assert set().union(*seen.values()) == OFFICER_SEES
    for address in (f"/cases/{stage.case}", "/search", "/feeds/cases.atom", "/", f"/api/v1/cases/{stage.case}"):
        assert address in seen, address
    # And what the public pages still say is not denied.
    assert PLANTED["title"] in site.client().get(f"/cases/{stage.case}").get_data(as_text=True)
    assert "kept back from you" in expert.get("/reviews?lang=en").get_data(as_text=True)


def test_what_is_kept_back_changes_counts_facets_and_what_was_remembered(stage: Stage) -> None:
    site, expert, visitor = stage.site, stage.site.signed_in(EXPERT), stage.site.client()
    bearer = {"Authorization": f"Bearer {stage.words['expert']}"}
    everything, less = visitor.get("/api/v1/cases").json, site.client().get("/api/v1/cases", headers=bearer).json
    assert (everything["total"], less["total"]) == (4, 3)
    facet = {line["code"]: line["count"] for line in less["facets"]["origin"]}
    assert facet == {"collected": 3}
    assert ">4 cases" in visitor.get("/").get_data(as_text=True)
    assert ">3 cases" in expert.get("/").get_data(as_text=True)
    assert ">4 cases" in visitor.get("/").get_data(as_text=True)
    for address in ("/feeds/cases.json", "/sitemap.xml"):
        tag = visitor.get(address).headers.get("ETag", '"none"')
        answer = expert.get(address, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert str(stage.case) not in answer.get_data(as_text=True)
    for address in (f"/cases/{stage.case}", f"/cases/{stage.case}/revisions", f"/cases/{stage.case}.csv"):
        assert (visitor.get(address).status_code, expert.get(address).status_code) == (200, 404)
    assert site.client().get(f"/api/v1/cases/{stage.case}", headers=bearer).status_code == 404
    index = Index(site.config.index)
    assert index.suggest("zq00", "en") != []
    assert index.suggest("zq00", "en", without=frozenset({str(stage.case)})) == []
