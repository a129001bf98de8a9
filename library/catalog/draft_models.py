"""Facts of a case on its way into the library: draft sections, comments, submissions, rules, imports."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation, Person
from ..db import Base
from .models import Case

OUTCOMES = ("admitted", "returned", "declined", "withdrawn")
EDIT_ENDS = ("start", "pause", "another", "restore", "submit")
CHECKS = (
    "present",
    "min_length",
    "max_length",
    "min_items",
    "max_age_months",
    "sum_equals",
    "file_kind",
    "one_of",
    "equals",
)
LEVELS = ("block", "warn")
IMPORT_STATES = ("waiting", "checked", "refused", "accepted", "done")


class DraftSection(Base):
    """One section of a draft as it was typed, wrong values and all. Each save raises its version by one."""

    __tablename__ = "draft_section"

    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    content: Mapped[dict[str, Any]]
    unconfirmed: Mapped[list[Any]] = mapped_column(default=list)
    """Fields that were copied from another case and that nobody has confirmed yet."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    at: Mapped[dt.datetime]


class DraftEdit(Base):
    """What one person did to one section in one sitting, as the section stood at its end.

    One that ended at its `start` is what the section held before anybody typed: copied, or from the revision.
    """

    __tablename__ = "draft_edit"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id))
    section: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    begun_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    version: Mapped[int]
    """Of the section after the last save."""
    content: Mapped[dict[str, Any]]
    fields: Mapped[list[Any]] = mapped_column(default=list)
    """Which fields were changed, by name."""
    ended: Mapped[str | None] = mapped_column(String(8))

    __table_args__ = (
        CheckConstraint(f"ended IS NULL OR ended IN {EDIT_ENDS}", name="ended"),
        Index("ix_draft_edit_place", "case_id", "section", "last_at"),
        Index(
            "uq_draft_edit_open",
            "case_id",
            "section",
            unique=True,
            sqlite_where=sql("ended IS NULL"),
            postgresql_where=sql("ended IS NULL"),
        ),
    )


class DraftComment(Base):
    """A remark on a section, until somebody says that it is dealt with."""

    __tablename__ = "draft_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    section: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    settled_at: Mapped[dt.datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))

    __table_args__ = (CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled"),)


def _findings(context: Any) -> list[Any]:
    found: list[Any] = context.get_current_parameters()["findings"]
    return found


class Submission(Base):
    """A case as it was handed in: the document for ever, its receipt, and what the library answered."""

    __tablename__ = "submission"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    number: Mapped[int]
    document: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    findings: Mapped[list[Any]]
    """What the rules said of it when it came in."""
    rules: Mapped[int] = mapped_column(default=lambda context: len(_findings(context)))
    unmet: Mapped[int] = mapped_column(default=lambda context: sum(not each["met"] for each in _findings(context)))
    """Of how many rules how many were not met then, so that a list shows it and is ordered by it."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    at: Mapped[dt.datetime]
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    """Who looks at it."""
    outcome: Mapped[str | None] = mapped_column(String(10))
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[list[Any]] = mapped_column(default=list)
    """Which fields a returned case may change; empty: all."""
    due: Mapped[dt.datetime | None]
    """Until when an answer to a return is awaited."""

    case: Mapped[Case] = relationship()

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(f"outcome IS NULL OR outcome IN {OUTCOMES}", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(outcome IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("outcome NOT IN ('returned', 'declined') OR reason IS NOT NULL", name="reason"),
        CheckConstraint("due IS NULL OR outcome = 'returned'", name="due"),
        Index("uq_submission_case_number", "case_id", "number", unique=True),
        Index(
            "uq_submission_waiting",
            "case_id",
            unique=True,
            sqlite_where=sql("outcome IS NULL"),
            postgresql_where=sql("outcome IS NULL"),
        ),
        # All that the queue counts and orders by: a list of thousands opens no document.
        Index("ix_submission_queue", "outcome", "at", "number", "officer_id", "unmet", "case_id"),
        Index("ix_submission_decided_at", "decided_at"),
    )

    @property
    def subject(self) -> str:
        return f"submission:{self.id}"


class FormalRule(Base):
    """A named check with its parameters, on a field: data that an officer edits, never an expression."""

    __tablename__ = "formal_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    position: Mapped[int]
    check: Mapped[str] = mapped_column(String(20))
    field: Mapped[str] = mapped_column(String(60))
    params: Mapped[dict[str, Any]]
    level: Mapped[str] = mapped_column(String(5))
    text: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint(f'"check" IN {CHECKS}', name="check"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
    )

    @property
    def subject(self) -> str:
        return f"rule:{self.id}"


class DeskSetting(Base):
    """A number of working days that officers set; one that was never set has its default in queries.py."""

    __tablename__ = "desk_setting"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]

    __table_args__ = (CheckConstraint("value > 0", name="value"),)


class CalendarDay(Base):
    """A weekday on which nobody works, or a day of the weekend on which everybody does."""

    __tablename__ = "calendar_day"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    working: Mapped[bool]
    title: Mapped[dict[str, Any]]


class CaseLink(Base):
    """An organisation says that it is a party of a collected case; an officer decides."""

    __tablename__ = "case_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    linked: Mapped[bool | None]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)

    organisation: Mapped[Organisation] = relationship()
    case: Mapped[Case] = relationship()

    __table_args__ = (
        CheckConstraint("(linked IS NULL) = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(linked IS NULL) = (decided_by IS NULL)", name="decided_by"),
        Index(
            "uq_case_link_waiting",
            "case_id",
            "organisation_id",
            unique=True,
            sqlite_where=sql("linked IS NULL OR linked"),
            postgresql_where=sql("linked IS NULL OR linked"),
        ),
    )

    @property
    def subject(self) -> str:
        return f"link:{self.id}"


class BulkImport(Base):
    """A table of cases that an organisation brings: read and checked first, written when it says so."""

    __tablename__ = "bulk_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    whole: Mapped[bool] = mapped_column(default=True)
    """All rows or none; otherwise each row that is right."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    rows: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any]]
    """{added, changed, unchanged, wrong, errors: [{row, column, text}], refused}"""
    at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (CheckConstraint(f"state IN {IMPORT_STATES}", name="state"),)

    @property
    def subject(self) -> str:
        return f"import:{self.id}"
