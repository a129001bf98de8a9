"""The receipt: what was handed in as a document, its stages, made once."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handed_in
import make
import pikepdf
import pytest
from marshmallow import Schema, fields, validate
from sites import Site
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import deliveries, pdf, workdays
from library.catalog import queries, receipts, taxonomy
from library.catalog.draft_models import Submission
from library.catalog.models import Case
from library.catalog.schemas import DRAFT_SECTIONS, CaseDocument
from library.config import Config
from library.db import Database, canonical
from library.deliveries import Delivery
from library.errors import Unavailable
from library.events import Event
from library.files import Store
from library.policy import Actor
from library.worker import now

CONFIG = Config.read({"CASELIB_OPERATOR": "Example Secretariat"})


def submitted(
    session: Session,
    *,
    lang: str = "zh",
    demonstration: bool = False,
    email: str = "an@works.example",
    **over: Any,
) -> tuple[Submission, Actor]:
    """A case handed in by a member who reads `lang`."""
    owner = handed_in.organisation(
        session, name_zh="青河水务", name_en="Qinghe Water", demonstration=demonstration
    )
    member = make.member(session, owner, "owner", name="安然", lang=lang, email="an@works.example")
    case = handed_in.draft(session, member, **over)
    handed_in.move(session, member, case, "case.submit")
    return session.scalars(select(Submission).where(Submission.case_id == case.id)).one(), member


def words(content: dict[str, Any]) -> str:
    """Everything that the document says, in one text."""
    rows = [*content["facts"], *content["stages"], *(row for part in content["sections"] for row in part["rows"])]
    return "\n".join(f"{label}\t{text}" for label, text in rows)


def test_the_document_says_everything_that_was_handed_in(session: Session) -> None:
    row, _ = submitted(session)
    said = words(receipts.content(session, row, config=CONFIG))

    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        return [text for inner in value for text in texts(inner)] if isinstance(value, list) else [value]

    plain = [text for text in texts(row.document) if isinstance(text, str) and not text.isascii()]
    assert len(plain) > 10
    assert [text for text in plain if text not in said] == []
    for other in (row.case.code, row.digest, "安然", "青河水务", "wang@people.example", "120\u202f000"):
        assert str(other) in said, other


def test_every_field_has_a_name_and_every_code_a_word(session: Session) -> None:
    """Of whatever may be handed in; a currency is its code, and a verified count no applicant's."""
    make.taxonomy(session)
    said = receipts.Words("zh", taxonomy.read(session))

    def told(path: tuple[str, ...], value: Any) -> str:
        for name in reversed(path[1:]):
            value = {name: value}
        [(_, text)] = said.rows(path[0], value)
        return text

    def leaves(schema: Schema, *path: str) -> Iterator[tuple[tuple[str, ...], fields.Field[Any]]]:
        for name, field in schema.fields.items():
            inner = field.inner if isinstance(field, fields.List) else field
            if isinstance(inner, fields.Nested):
                yield from leaves(inner.schema, *path, field.data_key or name)
            else:
                yield (*path, field.data_key or name), inner

    typed = {name for names in DRAFT_SECTIONS.values() for name in names}
    raw: list[tuple[str, ...]] = []
    for path, field in leaves(CaseDocument()):
        if path[0] not in typed or path[-1] in ("zh", "en", "currency") or "verified" in path:
            continue
        raw += [path] if said.field(*path) == path[-1] else []
        codes = [code for each in field.validators if isinstance(each, validate.OneOf) for code in each.choices]
        raw += [(*path, code) for code in codes if told(path, code).endswith(code)]
    assert raw == []
    assert told(("attachments", "public_size"), 832).endswith("832\u202fB")
    assert told(("sources", "lang"), "en").endswith("英语")


@pytest.mark.font
def test_what_is_copied_out_of_the_file_is_what_was_written(session: Session) -> None:
    """A long run without a space may get marks to break at; Chinese and addresses never do."""
    written = "智能水表远传抄读，" * 30 + "https://works.example/" + "/".join(["meters"] * 20)
    texts = [{"kind": kind, "text": {"zh": written}} for kind in ("solution", "results")]
    row, _ = submitted(session, sections=texts)
    drawn = pdf.draw(receipts.TEMPLATE, receipts.content(session, row, config=CONFIG), at=row.at)
    assert "抄" in (copied := copied_out_of(drawn))
    assert "\u200b" not in copied


def copied_out_of(drawn: bytes) -> str:
    """The characters that the file's fonts say they draw."""
    found = ""
    with pikepdf.open(io.BytesIO(drawn)) as file:
        for each in file.objects:
            if isinstance(each, pikepdf.Dictionary) and "/ToUnicode" in each:
                table = each.ToUnicode.read_bytes().decode()
                codes = re.findall(r"<[0-9a-fA-F]+>\s+<([0-9a-fA-F]+)>", table)
                found += "".join(bytes.fromhex(code).decode("utf-16-be") for code in codes)
    return found


def test_the_digest_is_the_sha_256_of_the_content_as_the_footer_says(session: Session) -> None:
    row, _ = submitted(session)
    assert row.digest == hashlib.sha256(canonical(row.document).encode()).hexdigest()


@pytest.mark.parametrize(("lang", "title", "status"), [("zh", "标题", "运行中"), ("en", "Title", "In service")])
def test_it_is_in_the_language_of_whoever_handed_it_in(
    session: Session, lang: str, title: str, status: str
) -> None:
    row, _ = submitted(session, lang=lang)
    content = receipts.content(session, row, config=CONFIG)
    assert content["lang"] == lang
    said = words(content)
    assert f"{title}\t" in said
    assert status in said
    first = "Smart water meters in the old town" if lang == "en" else "城南老城区智能水表改造"
    assert f"{title}\t{first}" in said


def test_its_number_is_the_case_s_and_which_submission_it_is(session: Session) -> None:
    row, _ = submitted(session)
    assert receipts.number(row) == f"{row.case.code}-R1"
    assert receipts.content(session, row, config=CONFIG)["number"] == f"{row.case.code}-R1"


@pytest.mark.parametrize(("demonstration", "mark"), [(True, "DEMONSTRATION 演示"), (False, "")])
def test_a_demonstration_says_so_in_the_file_itself(session: Session, demonstration: bool, mark: str) -> None:
    row, _ = submitted(session, demonstration=demonstration)
    assert receipts.content(session, row, config=CONFIG)["demonstration"] == mark


# Stages


def stages(session: Session, row: Submission, now: dt.datetime = make.NOW) -> list[tuple[str, str]]:
    found = receipts.stages(row, queries.calendar(session), now, limit=queries.answer_days(session))
    return [(stage.code, stage.state) for stage in found]


def test_stages_ahead_have_a_day_in_working_days(session: Session) -> None:
    row, _ = submitted(session)
    calendar = queries.calendar(session)
    assert stages(session, row) == [("submitted", "done"), ("checked", "ahead"), ("admitted", "ahead")]
    by = workdays.add(make.NOW, 10, calendar)
    planned = [stage.planned for stage in receipts.stages(row, calendar, make.NOW, limit=10)]
    assert planned == [None, by, by]
    assert stages(session, row, by)[1] == ("checked", "ahead")
    assert stages(session, row, by + dt.timedelta(seconds=1))[1] == ("checked", "late")


@pytest.mark.parametrize(
    ("verb", "given", "code"),
    [
        ("case.admit", {"given": {}}, "admitted"),
        ("case.return", {"given": handed_in.RETURN}, "returned"),
        ("case.decline", {"given": {"reason": "不属于移动物联网。"}}, "declined"),
    ],
)
def test_an_answer_is_a_stage_with_its_time(session: Session, verb: str, given: dict[str, Any], code: str) -> None:
    row, _ = submitted(session)
    later = make.NOW + dt.timedelta(days=3)
    handed_in.move(session, make.officer(session), row.case, verb, now=later, **given)
    found = receipts.stages(row, queries.calendar(session), later, limit=10)
    assert [(stage.code, stage.at, stage.state) for stage in found] == [
        ("submitted", make.NOW, "done"), ("checked", later, "done"), (code, later, "done")
    ]  # fmt: skip
    assert found[-1].planned == row.due


def test_what_was_taken_back_has_no_stages_ahead(session: Session) -> None:
    row, member = submitted(session)
    handed_in.move(session, member, row.case, "case.withdraw", now=make.NOW)
    assert stages(session, row) == [("submitted", "done"), ("withdrawn", "done")]


# The file


def make_it(database: Database, folder: Path, number: int) -> Store:
    store = Store(folder)
    receipts.make(database, store, CONFIG, submission=number, now=make.NOW)
    return store


def one(database: Database, **over: Any) -> int:
    with database.unit() as session:
        row, _ = submitted(session, **over)
        return row.id


@pytest.mark.font
def test_the_file_is_made_once_and_kept_under_its_hash(database: Database, tmp_path: Path) -> None:
    number = one(database)
    store = make_it(database, tmp_path, number)
    with database.reading() as session:
        first = session.get_one(Submission, number).pdf_sha256
    assert first is not None
    content = store.path(first).read_bytes()
    assert hashlib.sha256(content).hexdigest() == first
    assert content.startswith(b"%PDF")
    make_it(database, tmp_path, number)
    with database.reading() as session:
        row = session.get_one(Submission, number)
        assert row.pdf_sha256 == first
        case = session.get_one(Case, row.case_id)
        made = select(Event.verb).where(Event.subject == case.subject, Event.verb == "receipt.make")
        assert len(list(session.scalars(made))) == 1


@pytest.mark.font
def test_what_is_handed_in_at_any_moment_gets_its_file(database: Database, tmp_path: Path) -> None:
    """A clock seldom stands at a whole second."""
    site = Site(database, tmp_path)
    at = make.NOW.replace(microsecond=654_321)
    with database.unit() as session:
        owner = handed_in.organisation(session)
        member = make.member(session, owner, "owner", email="li@works.example")
        case = handed_in.draft(session, member, now=at)
        handed_in.move(session, member, case, "case.submit", now=at)
        address, number = f"/work/{case.key}/receipts/1.pdf", owner.id
    site.work()
    with site.signed_in("li@works.example", organisation=number).get(address) as answer:
        assert (answer.status_code, answer.get_data()[:5]) == (200, b"%PDF-")


@pytest.mark.font
def test_drawn_again_it_would_be_the_same_file(database: Database, tmp_path: Path) -> None:
    number = one(database)
    make_it(database, tmp_path, number)
    with database.reading() as session:
        row = session.get_one(Submission, number)
        row_sha = row.pdf_sha256
        again = pdf.draw(receipts.TEMPLATE, receipts.content(session, row, config=CONFIG), at=row.at)
    assert hashlib.sha256(again).hexdigest() == row_sha


def test_without_a_font_it_is_refused_in_words_and_nothing_is_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = one(database)
    monkeypatch.setattr(pdf, "CHINESE", ())
    with pytest.raises(Unavailable):
        make_it(database, tmp_path / "files", number)
    with database.reading() as session:
        assert session.get_one(Submission, number).pdf_sha256 is None
    assert list((tmp_path / "files").rglob("*")) == []


@pytest.mark.font
def test_it_is_drawn_when_a_font_has_come_however_late(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, number = Site(database, tmp_path), one(database)
    with database.reading() as session:
        case = session.get_one(Submission, number).case
    client = site.signed_in("an@works.example", organisation=case.owner_id)
    address = f"/work/{case.key}/receipts/1"
    with monkeypatch.context() as bare:
        bare.setattr(pdf, "CHINESE", ())
        for _ in range(2 * deliveries.TRIES):
            site.worker.round(now() + dt.timedelta(days=1))
        with database.reading() as session:
            order = session.scalars(select(Delivery).where(Delivery.kind == "receipt")).one()
        assert order.attempts > deliveries.TRIES
        for each, status in ((address, 200), (f"{address}.pdf", 404)):
            answer = client.get(each)
            assert (answer.status_code, "it has one the PDF" in answer.text) == (status, True)
    assert "The PDF is being made" in client.get(address).text
    site.work(now() + dt.timedelta(days=1))
    with client.get(f"{address}.pdf") as answer:
        assert (answer.status_code, answer.get_data()[:5]) == (200, b"%PDF-")
    assert f"{address}.pdf" in client.get(address).text
