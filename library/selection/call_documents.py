"""Documents of a whole call that a worker draws once its result is carried out: the public record, the report."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from .. import figures, pdf
from ..catalog import taxonomy
from ..catalog.receipts import Words
from ..config import Config
from ..db import Database
from ..files import Kept, Store
from ..labels import N_
from ..language import Language
from . import benchmark_queries, notice_queries, queries, report
from .benchmark_models import CallFile, Result
from .certificates import DEMONSTRATION
from .models import Call

TEMPLATE = "selection/tables.typ"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
# How wide the columns of a table of so many are, the first one wider.
WIDE = 2


def make(database: Database, store: Store, config: Config, *, call: int, now: dt.datetime) -> None:
    """Draw what is to be drawn of a call, in both languages. Raises Unavailable where no PDF can be drawn."""
    for kind, content in (("record", record), ("report", reported)):
        for lang in LANGUAGES:
            with database.reading() as session:
                row = session.get_one(Call, call)
                if benchmark_queries.file(session, row, kind, lang) is not None:
                    continue
                result = session.get_one(Result, call)
                data, at = content(session, row, config, lang), result.done_at or result.at
            kept = store.put(io.BytesIO(pdf.draw(TEMPLATE, data, at=at)), f"{kind}.pdf")
            with database.unit() as session:
                keep(session, call, kind, lang, kept, now=now)


def keep(session: Session, call: int, kind: str, lang: Language, kept: Kept, *, now: dt.datetime) -> None:
    """The document takes the place of the last one of its kind."""
    same = (CallFile.call_id == call, CallFile.kind == kind, CallFile.lang == lang)
    session.execute(delete(CallFile).where(*same))
    session.add(CallFile(call_id=call, kind=kind, lang=lang, sha256=kept.sha256, size=kept.size, at=now))


def reported(session: Session, call: Call, config: Config, lang: Language) -> dict[str, Any]:
    """The fair-process report."""
    words = Words(lang, taxonomy.read(session))
    made = report.as_tables(benchmark_queries.report(session, call), lang, words.label)
    return {
        **_frame(session, call, config, words, words.voice(N_("Fair-process report"))),
        "parts": [_table(table) for table in made],
    }


def record(session: Session, call: Call, config: Config, lang: Language) -> dict[str, Any]:
    """What was public of a call: its text, dates and rubric, its notices, its result."""
    words, doc = Words(lang, taxonomy.read(session)), queries.document(call)
    _ = words.voice
    result = session.get_one(Result, call.id)
    text = _part(_(N_("What it is about")), passages=figures.pick(doc["text"], lang).split("\n"))
    columns = [_(N_("Criterion")), _(N_("Weight")), _(N_("What scores mean"))]
    rubric = [
        [figures.pick(each["title"], lang), f"{each['weight']} %", _anchors(each, lang)] for each in doc["rubric"]
    ]
    named = [_(N_("Number")), _(N_("Project")), _(N_("Applicant")), _(N_("Recommender"))]
    notices = [
        _part(
            _(N_("Public notice %(code)s"), code=notice.code),
            passages=[
                _(
                    N_("From %(start)s until %(end)s (UTC+8)."),
                    start=_time(notice.begins_at, lang),
                    end=_time(notice.ends_at, lang),
                ),
                _(N_("SHA-256 of the list: %(hash)s"), hash=notice.sha256),
                *([notice.why] if notice.why else []),
            ],
            columns=named,
            rows=[_item(item, lang) for item in notice.items],
        )
        for notice in reversed(notice_queries.of_call(session, call))
    ]
    published = _part(
        _(N_("Result")),
        passages=[
            _(N_("Published on %(date)s."), date=figures.day(result.at, lang, long=True)),
            _(N_("SHA-256 of the list: %(hash)s"), hash=result.sha256),
            _(N_("Head of the event chain: %(seq)s %(hash)s"), seq=result.chain_seq, hash=result.chain_hash),
        ],
        columns=[*named[:3], _(N_("Certificate number"))],
        rows=[[*_item(item, lang)[:3], item["certificate"]] for item in result.items],
    )
    made = report.as_tables(benchmark_queries.report(session, call), lang, words.label)
    rubric_part = _part(_(N_("How it is judged")), columns=columns, rows=rubric)
    parts = [text, rubric_part, *notices, published, *map(_table, made)]
    return {**_frame(session, call, config, words, _(N_("Public record of a call"))), "parts": parts}


def _frame(session: Session, call: Call, config: Config, words: Words, title: str) -> dict[str, Any]:
    _, lang = words.voice, words.lang
    result = session.get_one(Result, call.id)
    assert call.opens_at is not None
    assert call.closes_at is not None
    facts = [
        (_(N_("Call")), f"{figures.pick(call.title, lang)} ({call.code})"),
        (_(N_("Opens")), words.moment(call.opens_at)),
        (_(N_("Closes")), words.moment(call.closes_at)),
        (_(N_("Result published")), words.moment(result.at)),
        (_(N_("Address")), f"{config.url}/calls/{call.code}"),
    ]
    return {
        "lang": lang,
        "title": title,
        "subtitle": figures.pick(call.title, lang),
        "demonstration": DEMONSTRATION if call.demonstration else "",
        "operator": config.operator or config.url,
        "footer": f"{config.operator or config.url}  {call.code}",
        "facts": facts,
    }


def _part(
    title: str,
    *,
    passages: Sequence[str] = (),
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    note: str = "",
) -> dict[str, Any]:
    widths = [WIDE, *(1 for _ in columns[1:])]
    said = [each for each in passages if each.strip()]
    return {"title": title, "passages": said, "columns": columns, "widths": widths, "rows": rows, "note": note}


def _table(table: report.Table) -> dict[str, Any]:
    rows = [["–" if cell is None else str(cell) for cell in row] for row in table.rows]
    return _part(table.title, columns=table.columns, rows=rows, note=table.note)


def _item(item: dict[str, Any], lang: Language) -> list[str]:
    names = ("title", "applicant", "recommender")
    return [item["entry"], *(figures.pick(item[name], lang) for name in names)]


def _anchors(criterion: dict[str, Any], lang: Language) -> str:
    ordered = sorted(criterion["anchors"], key=lambda anchor: int(anchor["score"]))
    return "\n".join(f"{anchor['score']}: {figures.pick(anchor['text'], lang)}" for anchor in ordered)


def _time(at: dt.datetime, lang: Language) -> str:
    return figures.moment(at, lang)
