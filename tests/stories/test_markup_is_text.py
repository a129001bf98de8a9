"""Markup in every text that anybody can type into a case, and in every name: on no page is it more than text.

The document is made from the schema, so a text field that comes later is in it without being asked.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import handed_in
import make
import pytest
from flask.testing import FlaskClient
from marshmallow import Schema, fields, validate
from sites import Site
from sqlalchemy import select

from library.accounts.letter_models import Letter
from library.catalog import draft_comments, drafts
from library.catalog.draft_models import DraftEdit
from library.catalog.models import Case
from library.catalog.schemas import DRAFT_SECTIONS, CaseDocument
from library.fields import Words

MARK = "</script></textarea><i mark>\" mark ' mark >"
ATOM = "{http://www.w3.org/2005/Atom}"
GIVEN: dict[str, Any] = {
    "sectors": ["water-metering"],
    "technologies": ["edge-computing"],
    "place.provinces": ["44"],
    "place.country": "CN",
    "connections.due": None,
    "connections.verified": None,
    "contact.email": "wang@people.example",
    "sources.url": "https://example.org/1",
}
SIMPLE: dict[type, Any] = {fields.Integer: 1, fields.Boolean: True, fields.Decimal: "1.00"}


def filled(field: fields.Field[Any], path: str, marked: list[str]) -> Any:
    """A value that the field takes, with the mark in it wherever a person may write what he likes."""
    if path in GIVEN:
        return GIVEN[path]
    if isinstance(field, fields.Nested):
        return document(field.schema, path, marked)
    if isinstance(field, fields.List):
        return [filled(field.inner, path, marked)]
    if isinstance(field, Words):
        marked.append(path)
        room = next(rule.max for rule in field.validators if isinstance(rule, validate.Length))
        return (MARK + "水表每天上报一次读数，" * 5)[: min(room or 100, 100)]
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return next(iter(rule.choices))
    kind = next((kind for kind in SIMPLE if isinstance(field, kind)), None)
    if kind is not None:
        return SIMPLE[kind]
    return "zh" if path.endswith(".lang") else "2025-08"


def document(schema: Schema, path: str, marked: list[str]) -> dict[str, Any]:
    found = {}
    for name, field in schema.fields.items():
        key = field.data_key or name
        value = filled(field, f"{path}.{key}".lstrip("."), marked)
        if value is not None:
            found[key] = value
    return found


class Marks(HTMLParser):
    """Counts what became markup: the mark as an element or as an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if any(name.startswith("mark") for name, _ in attrs):
            self.found.append(str(self.get_starttag_text()))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def marks(page: str) -> Marks:
    reader = Marks()
    reader.feed(page)
    return reader


def test_the_reader_of_this_test_finds_markup() -> None:
    for page in (f"<p>{MARK}</p>", f'<input value="{MARK}">', f"<script>{MARK}</script>", f"<a title='{MARK}'>"):
        assert marks(page).found != [], page


def broken(client: FlaskClient, addresses: list[str], *, shown: bool = True) -> list[str]:
    """Where the mark is markup, or is not shown although it should be."""
    wrong = []
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        page = marks(answer.get_data(as_text=True))
        wrong += [f"{address}: {tag}" for tag in page.found]
        if shown and "<i mark>" not in "".join(page.text):
            wrong.append(f"{address}: the mark is not there")
    return wrong


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_markup_is_text_everywhere(site: Site, lang: str) -> None:
    marked: list[str] = []
    whole = document(CaseDocument(), "", marked)
    whole["sections"] = [{**whole["sections"][0], "kind": kind} for kind in ("solution", "results")]
    assert {"title.zh", "contact.phone", "replicability.cost_per_connection.text.en", "masks"} < set(marked)
    with site.database.unit() as session:
        handed_in.rules(session)
        names = {"name_zh": f"企业{MARK}", "name_en": f"Works {MARK}"}
        house = handed_in.organisation(session, **names)
        owner = make.member(session, house, "owner", email="owner@works.example", name=f"Li {MARK}", lang=lang)
        judge = make.officer(session, email="officer@desk.example", name=f"Zhao {MARK}")
        case = drafts.start(session, owner, now=make.NOW)
        file = handed_in.upload(session, case, owner.person)
        attached = {"upload": file.key, "kind": "permission", "audience": "public"}
        whole["attachments"] = [{**attached, "title": whole["attachments"][0]["title"]}]
        for section, names_of in DRAFT_SECTIONS.items():
            handed_in.write(session, owner, case, section, {name: whole.get(name) for name in names_of})
        draft_comments.comment(session, owner, case, "basics", text=MARK, now=make.NOW)
        edit = session.scalars(select(DraftEdit.id).where(DraftEdit.section == "basics")).first()
        handed_in.move(session, owner, case, "case.submit")
        handed_in.move(session, judge, case, "case.return", given={**handed_in.RETURN, "reason": MARK})
        basics = {name: whole.get(name) for name in DRAFT_SECTIONS["basics"]}
        title = {**whole["title"], "zh": whole["title"]["zh"][:-1] + "改"}
        handed_in.write(session, owner, case, "basics", {**basics, "title": title})
        handed_in.move(session, owner, case, "case.submit")
        key, code = case.key, str(case.code)
    site.work()
    writer = site.signed_in("owner@works.example", lang, organisation=house.id)
    officer = site.signed_in("officer@desk.example", lang)
    with site.database.reading() as session:
        letter = session.scalars(select(Letter.id).where(Letter.verb == "case.return")).first()

    sections = [f"/work/{key}/{section}{end}" for section in DRAFT_SECTIONS for end in ("", "?check=1")]
    own = ["/work", f"/work/{key}", f"/work/{key}/history/basics?edit={edit}", *sections]
    own += [f"/work/{key}/preview?as={reader}" for reader in ("public", "investor", "expert", "officer")]
    own += [f"/work/{key}/receipts/2", "/account", f"/organisations/{house.key}"]
    assert broken(writer, own) == []
    at_desk = [
        "/desk",
        f"/desk/cases/{code}",
        f"/desk/organisations/{house.key}",
        f"/desk/outbox/{letter}",
        "/audit",
    ]
    assert broken(officer, at_desk) == []
    assert broken(officer, [f"/desk/cases/{code}/near"], shown=False) == []

    with site.database.unit() as session:
        handed_in.move(session, judge, session.get_one(Case, case.id), "case.admit", given={})
    site.work()
    reader = site.client(lang)
    public = [f"/cases/{code}", f"/cases/{code}/revisions", f"/cases/{code}/revisions/1"]
    public += ["/", "/search", "/search?q=mark", "/search?q=水表", "/sectors/water-metering"]
    assert broken(reader, public) == []
    assert MARK[:20] in reader.get(f"/api/v1/cases/{code}").json["title"]["zh"]
    [entry] = ElementTree.fromstring(reader.get("/feeds/cases.atom").data).iter(f"{ATOM}entry")
    assert not [each.tag for each in entry.iter() if each.tag.rpartition("}")[2] == "i"]
    for each in entry.iter():
        if each.get("type") == "html":
            assert marks(each.text or "").found == []
    assert "<i mark>" in "".join(entry.itertext())
