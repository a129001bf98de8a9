"""A submission as a document in its applicant's language: the receipt, its stages, and the PDF a worker draws."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from .. import events, figures, labels, pdf, workdays
from ..accounts.models import Organisation, Person
from ..config import Config
from ..db import Database
from ..errors import Text
from ..files import Store
from ..labels import N_
from ..language import Language, voice
from ..policy import SYSTEM
from . import queries, taxonomy
from .draft_models import Submission
from .schemas import DRAFT_SECTIONS

TEMPLATE = "catalog/receipt.typ"
DEMONSTRATION = "DEMONSTRATION 演示"
# Fields that hold codes, and the kind of label that says them.
CODES = {
    "sectors": "sector",
    "technologies": "technology",
    "novelty": "novelty",
    "status": "status",
    "country": "country",
    "provinces": "province",
    "role": "role",
    "networks": "network",
    "from": "network",
    "connections.kind": "count_kind",
    "sections.kind": "section",
    "attachments.kind": "file_kind",
    "scope": "scope",
    "bound": "bound",
    "data_level": "data_level",
    "audience": "audience",
    "unit_cost_band": "cost_band",
}
DATES = frozenset({"as_of", "due", "when"})
SIZES = frozenset({"size", "public_size"})
STAGES: Mapping[str, str] = {
    "submitted": N_("Handed in"),
    "checked": N_("Looked at by an officer"),
    "admitted": N_("Taken into the library"),
    "returned": N_("Returned; your correction is awaited"),
    "declined": N_("Declined"),
    "withdrawn": N_("Withdrawn"),
}

COMING = Text("The PDF is being made; load this page again in a moment. An hour is the longest that it takes.")
UNDRAWN = Text(
    "There is no PDF yet: this installation has no Chinese font to draw it with. As soon as it has one the PDF is"
    " made by itself; until then this page can be printed."
)

Row = tuple[str, str]


@dataclass(frozen=True)
class Stage:
    """One step of a submission: when it happened, or by when it is planned. `late`: planned and past."""

    code: str
    at: dt.datetime | None
    planned: dt.datetime | None
    state: Literal["done", "ahead", "late"]

    @property
    def text(self) -> Text:
        return Text(STAGES[self.code])


def number(submission: Submission) -> str:
    """`MIOT-2026-0042-R1`: the case, and which of its submissions."""
    return f"{submission.case.code}-R{submission.number}"


def stages(submission: Submission, calendar: workdays.Exceptions, now: dt.datetime, *, limit: int) -> list[Stage]:
    """What has happened to a submission and what is planned, in order; `limit` is in working days."""
    first, decided = Stage("submitted", submission.at, None, "done"), submission.decided_at
    if submission.outcome is None:
        by = workdays.add(submission.at, limit, calendar)
        return [
            first,
            Stage("checked", None, by, "late" if by < now else "ahead"),
            Stage("admitted", None, by, "ahead"),
        ]
    if submission.outcome == "withdrawn":
        return [first, Stage("withdrawn", decided, None, "done")]
    checked = Stage("checked", decided, None, "done")
    return [first, checked, Stage(submission.outcome, decided, submission.due, "done")]


def make(database: Database, store: Store, config: Config, *, submission: int, now: dt.datetime) -> None:
    """Draw the receipt and keep it, once. Raises Unavailable where no PDF can be drawn."""
    with database.reading() as session:
        row = _submission(session, submission)
        if row.pdf_sha256 is not None:
            return
        data = content(session, row, config=config)
    kept = store.put(io.BytesIO(pdf.draw(TEMPLATE, data, at=row.at)), "receipt.pdf")
    with database.unit() as session:
        row = session.get_one(Submission, submission, with_for_update=True)
        if row.pdf_sha256 is None:
            row.pdf_sha256 = kept.sha256
            detail = {"submission": row.number, "sha256": kept.sha256}
            events.record(session, SYSTEM, "receipt.make", f"case:{row.case_id}", now=now, detail=detail)


def content(session: Session, submission: Submission, *, config: Config) -> dict[str, Any]:
    """What the document says, in the language of whoever handed the case in.

    Stages are as planned on that day: what came later is no part of what was handed in.
    """
    person = session.get(Person, submission.person_id) if submission.person_id else None
    owner = session.get(Organisation, submission.case.owner_id) if submission.case.owner_id else None
    words = Words("en" if person is not None and person.lang == "en" else "zh", taxonomy.read(session))
    _ = words.voice
    by = workdays.add(submission.at, queries.answer_days(session), queries.calendar(session))
    facts = [
        (_("Case"), str(submission.case.code)),
        (_("Title"), figures.pick(submission.document["title"], words.lang)),
        (
            _("Organisation"),
            figures.pick({"zh": owner.name_zh, "en": owner.name_en or ""}, words.lang) if owner else "",
        ),
        (_("Handed in by"), person.name if person else ""),
        (_("Handed in on"), words.moment(submission.at)),
        (_("SHA-256 of the content"), submission.digest),
    ]
    return {
        "lang": words.lang,
        "title": _("Receipt"),
        "number": number(submission),
        "demonstration": DEMONSTRATION if submission.case.demonstration else "",
        "operator": config.operator or config.url,
        "facts": [row for row in facts if row[1]],
        "stages_title": _("What happens next"),
        "stages": [
            (words.stage("submitted"), words.moment(submission.at)),
            (words.stage("checked"), words.until(by)),
            (words.stage("admitted"), words.until(by)),
        ],
        "sections": [
            {"title": words.label("draft_section", section), "rows": rows}
            for section, names in DRAFT_SECTIONS.items()
            if (rows := [row for name in names for row in words.rows(name, submission.document.get(name))])
        ],
        "footer": _("SHA-256 of the content: over its JSON in UTF-8, keys sorted, no spaces."),
    }


def _submission(session: Session, number: int) -> Submission:
    rows = select(Submission).where(Submission.id == number).options(joinedload(Submission.case))
    return session.scalars(rows).one()


class Words:
    """The fields of a case document and what they hold, as words of one language."""

    def __init__(self, lang: Language, trees: taxonomy.Taxonomy) -> None:
        self.lang, self.trees, self.voice = lang, trees, voice(lang)

    def stage(self, code: str) -> str:
        return self.voice(STAGES[code])

    def moment(self, at: dt.datetime) -> str:
        return self.voice("%(time)s (UTC+8)", time=figures.moment(at, self.lang))

    def until(self, day: dt.datetime) -> str:
        return self.voice("planned by %(date)s", date=figures.day(day, self.lang, long=True))

    def label(self, kind: str, code: str) -> str:
        """The word for a code; a code nobody knows stands for itself."""
        tree = {"sector": self.trees.sectors, "technology": self.trees.technologies}.get(kind)
        if tree is not None:
            return tree[code].title[self.lang] if code in tree else code
        if kind == "country":
            return labels.country(code, self.lang)
        if kind == "province":
            return labels.province(code, self.lang) if code in labels.PROVINCES else code
        word = labels.LABELS.get(kind, {}).get(code)
        return self.voice(word) if word else code

    def field(self, *path: str) -> str:
        """A field by its own name, or by its whole path where the name alone would mislead."""
        whole = ".".join(path)
        return self.label("part", whole if whole in labels.LABELS["part"] else path[-1])

    def rows(self, name: str, value: Any) -> Iterator[Row]:
        """A field of the document; each item of a list of groups is a row of its own."""
        if _is_groups(value):
            for place, item in enumerate(value, 1):
                yield f"{self.field(name)} {place}", self._text(item, name)
        elif value not in (None, [], {}):
            yield self.field(name), self._text(value, name)

    def _text(self, value: Any, *path: str) -> str:
        if isinstance(value, Mapping):
            if value.keys() <= {"zh", "en"}:
                return "\n".join(value[lang] for lang in (self.lang, figures.other(self.lang)) if value.get(lang))
            lines = ((self.field(*path, key), self._text(inner, *path, key)) for key, inner in value.items())
            return "\n".join(
                self.voice("%(name)s: %(value)s", name=name, value=text) for name, text in lines if text
            )
        if _is_groups(value):
            return "\n".join(self._text(item, *path) for item in value)
        if isinstance(value, list):
            return figures.joined((self._text(item, *path) for item in value), self.lang)
        return self._word(value, *path)

    def _word(self, value: Any, *path: str) -> str:
        kind = CODES.get(".".join(path)) or CODES.get(path[-1])
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.voice(N_("yes")) if value else self.voice(N_("no"))
        if kind and isinstance(value, str):
            return self.label(kind, value)
        if isinstance(value, int):
            return figures.size(value) if path[-1] in SIZES else figures.grouped(value)
        if path[-1] == "lang":
            return figures.language(value, self.lang)
        return figures.day(value, self.lang, long=True) if path[-1] in DATES else str(value)


def _is_groups(value: Any) -> bool:
    return isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value)
