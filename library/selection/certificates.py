"""A certificate as a document in Chinese and English: its words, the PDF that a worker draws, and its QR code."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import qrcode
from qrcode.image.svg import SvgPathImage
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from .. import figures, pdf
from ..config import Config
from ..db import Database
from ..files import Store
from ..labels import N_
from ..language import Language, voice
from . import queries
from .benchmark_models import Benchmark, Certificate, Result
from .models import Call

TEMPLATE = "selection/certificate.typ"
DEMONSTRATION = "DEMONSTRATION 演示"
# Of a call that says nothing else.
TITLE = N_("Benchmark project certificate")
BODY = N_("This project was selected in the call named below and is a benchmark project for the term given.")
TERM = N_("%(start)s to %(end)s")
NOTHING = N_("Demonstration: this is not a certificate of anything.")
LANGUAGES: tuple[Language, ...] = ("zh", "en")
FACTS = {
    "organisation": N_("Organisation"),
    "call": N_("Call"),
    "term": N_("Term"),
    "case": N_("Case"),
    "number": N_("Certificate number"),
    "issued": N_("Issued"),
}


def make(database: Database, store: Store, config: Config, *, certificate: int, now: dt.datetime) -> None:
    """Draw a certificate as it is now and keep it. Raises Unavailable where no PDF can be drawn."""
    with database.reading() as session:
        row = one(session, certificate)
        if row.pdf_sha256 is not None:
            return
        until, data = row.benchmark.valid_until, content(session, row, config)
    kept = store.put(io.BytesIO(pdf.draw(TEMPLATE, data, at=row.issued_at)), "certificate.pdf")
    with database.unit() as session:
        row = session.get_one(Certificate, certificate, with_for_update={"of": Certificate})
        if row.benchmark.valid_until == until:  # else it was renewed meanwhile, and is drawn once more
            row.pdf_sha256 = kept.sha256


def one(session: Session, certificate: int) -> Certificate:
    """A certificate with all that it says."""
    whole = joinedload(Certificate.benchmark)
    rows = select(Certificate).where(Certificate.id == certificate)
    rows = rows.options(whole.joinedload(Benchmark.organisation), whole.joinedload(Benchmark.call))
    return session.scalars(rows).one()


def content(session: Session, row: Certificate, config: Config) -> dict[str, Any]:
    """What the document says, in both languages; the state of the project is no part of it, for that changes."""
    result = session.get_one(Result, row.benchmark.call_id)
    return {
        "number": row.number,
        "demonstration": DEMONSTRATION if row.benchmark.demonstration else "",
        "operator": config.operator or config.url,
        "address": address(config, row.number),
        "qr": qr(address(config, row.number)),
        "list": row.list_sha256,
        "chain": f"{result.chain_seq} {result.chain_hash}",
        "parts": [_part(row, published(result, row.benchmark), lang) for lang in LANGUAGES],
    }


def published(result: Result, benchmark: Benchmark) -> Mapping[str, Any]:
    """What the published list says of a project."""
    item: Mapping[str, Any] = next(each for each in result.items if each["entry"] == benchmark.code)
    return item


def _part(row: Certificate, item: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """One language of it; what lacks in it stands in the other."""
    _, benchmark = voice(lang), row.benchmark
    texts = queries.document(benchmark.call).get("certificate") or {}
    facts = {
        "organisation": figures.pick(item["applicant"], lang),
        "call": f"{figures.pick(benchmark.call.title, lang)} ({benchmark.call.code})",
        "term": term(benchmark, lang),
        "case": str(item["case"]),
        "number": row.number,
        "issued": figures.day(row.issued_at, lang, long=True),
    }
    return {
        "lang": lang,
        "title": figures.pick(texts.get("title") or {lang: _(TITLE)}, lang),
        "project": figures.pick(item["title"], lang),
        "body": figures.pick(texts.get("body") or {lang: _(BODY)}, lang),
        "facts": [(_(FACTS[name]), words) for name, words in facts.items()],
        "check": _(N_("Whether it still holds is said at the address in the code:")),
        "list": _(N_("SHA-256 of the published list")),
        "chain": _(N_("Head of the event chain at publication")),
        "demonstration": _(NOTHING) if benchmark.demonstration else "",
    }


def term(benchmark: Benchmark, lang: Language) -> str:
    """From its first day to its last."""
    start, end = (figures.day(each, lang, long=True) for each in (benchmark.valid_from, benchmark.valid_until))
    return voice(lang)(TERM, start=start, end=end)


def address(config: Config, number: str) -> str:
    """Where everybody checks a certificate."""
    return f"{config.url}/verify/{number}"


def qr(text: str) -> str:
    """The code as an SVG picture."""
    return str(qrcode.make(text, image_factory=SvgPathImage, border=2).to_string(encoding="unicode"))


def of_call(session: Session, call: Call) -> list[Certificate]:
    """The certificates of a call, by number."""
    rows = select(Certificate).join(Certificate.benchmark).where(Benchmark.call_id == call.id)
    return list(session.scalars(rows.order_by(Certificate.number)))
