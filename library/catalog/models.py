"""Facts of the catalogue: cases, revisions, counts, terms, attachments, reports of errors, searches."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation
from ..db import Base

ORIGINS = ("submitted", "collected", "demo")
STATES = ("draft", "submitted", "returned", "admitted", "declined", "withdrawn", "archived")
KINDS = ("planned", "contracted", "installed", "online", "stated")
SCOPES = ("project", "operator", "city")
BOUNDS = ("exact", "about", "lower", "upper")
TAXONOMIES = ("sector", "technology")
GROUNDS = ("error", "removal")


class Term(Base):
    """One entry of a taxonomy. Codes are stable; titles and synonyms are data."""

    __tablename__ = "term"

    taxonomy: Mapped[str] = mapped_column(String(20), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    parent: Mapped[str | None] = mapped_column(String(40))
    position: Mapped[int]
    title: Mapped[dict[str, Any]]
    synonyms: Mapped[dict[str, Any]]
    named: Mapped[bool]

    __table_args__ = (
        ForeignKeyConstraint(["taxonomy", "parent"], ["term.taxonomy", "term.code"]),
        CheckConstraint(f"taxonomy IN {TAXONOMIES}", name="taxonomy"),
        CheckConstraint("parent IS NULL OR parent <> code", name="not_its_own_parent"),
    )


class Case(Base):
    """A record of the library, owned by an organisation or, when collected, by the library itself.

    Its words stand in the revisions; the columns here are what the database must know, filled from
    the current revision.
    """

    __tablename__ = "catalog_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    code: Mapped[str | None] = mapped_column(String(20), unique=True)
    origin: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(Organisation.id), index=True)
    owner: Mapped[Organisation | None] = relationship()
    title_zh: Mapped[str | None] = mapped_column(String(200))
    title_en: Mapped[str | None] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    deployment: Mapped[str] = mapped_column(String(10), default="unknown")
    revision: Mapped[int] = mapped_column(default=0)
    external_key: Mapped[str | None] = mapped_column(String(100))
    """How its owner's own records name it; the same key in a second import is the same case."""
    copied_from: Mapped[str | None] = mapped_column(String(20))
    embargoed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Admitted, and not yet public."""
    farewell: Mapped[str | None] = mapped_column(Text)
    """Why it was archived, for everybody to read."""
    created_at: Mapped[dt.datetime]
    admitted_at: Mapped[dt.datetime | None]
    revised_at: Mapped[dt.datetime | None]

    revisions: Mapped[list[Revision]] = relationship(back_populates="case", order_by="Revision.number")
    counts: Mapped[list[ConnectionCount]] = relationship(
        order_by="ConnectionCount.position", cascade="all, delete-orphan"
    )
    terms: Mapped[list[CaseTerm]] = relationship(order_by="CaseTerm.position", cascade="all, delete-orphan")

    __table_args__ = (
        CheckConstraint(f"origin IN {ORIGINS}", name="origin"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(origin = 'collected') = (owner_id IS NULL) OR origin = 'demo'", name="owner"),
        CheckConstraint(
            "state <> 'admitted' OR (code IS NOT NULL AND revision > 0 AND admitted_at IS NOT NULL)",
            name="admitted_is_numbered",
        ),
        CheckConstraint("(code LIKE 'DEMO-%') = (origin = 'demo') OR code IS NULL", name="demo_code"),
        Index("ix_catalog_case_state_origin", "state", "origin"),
        Index("uq_catalog_case_external_key", "owner_id", "external_key", unique=True),
    )

    @property
    def subject(self) -> str:
        return f"case:{self.id}"

    @property
    def demonstration(self) -> bool:
        return self.origin == "demo"


class Revision(Base):
    """What a case said from one admitted change to the next; never edited, readable for ever."""

    __tablename__ = "catalog_revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"))
    number: Mapped[int]
    document: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime]
    actor: Mapped[str] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(Text)

    case: Mapped[Case] = relationship(back_populates="revisions")

    __table_args__ = (
        Index("uq_catalog_revision_case_number", "case_id", "number", unique=True),
        CheckConstraint("number > 0", name="number_from_one"),
    )


class ConnectionCount(Base):
    """A count and what makes it mean something: kind, date, scope, source. Claims, and what was verified."""

    __tablename__ = "connection_count"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"), index=True)
    position: Mapped[int]
    value: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(10), default="project")
    bound: Mapped[str] = mapped_column(String(8), default="exact")
    as_of: Mapped[str | None] = mapped_column(String(10))
    due: Mapped[str | None] = mapped_column(String(10))
    what: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(String(400))
    verified_on: Mapped[str | None] = mapped_column(String(10))
    verified_by: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"scope IN {SCOPES}", name="scope"),
        CheckConstraint(f"bound IN {BOUNDS}", name="bound"),
        CheckConstraint("verified_on IS NULL OR kind = 'online'", name="only_online_is_verified"),
        CheckConstraint("(verified_on IS NULL) = (verified_by IS NULL)", name="verified_by_somebody"),
        CheckConstraint("due IS NULL OR kind IN ('planned', 'contracted')", name="due_is_a_plan"),
    )


class CaseTerm(Base):
    """A case bears a sector or uses a key technology; the sector in first place leads."""

    __tablename__ = "case_term"

    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"), primary_key=True)
    taxonomy: Mapped[str] = mapped_column(String(20), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(["taxonomy", "code"], ["term.taxonomy", "term.code"]),
        Index("ix_case_term_term", "taxonomy", "code"),
    )


class Attachment(Base):
    """A file of a case; its bytes lie in the store under their hash. A removed one keeps its row."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[dict[str, Any]]
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    public_sha256: Mapped[str | None] = mapped_column(String(64))
    """The copy without metadata, for everybody but owner and ministry; none: the file is public as it is."""
    public_size: Mapped[int | None] = mapped_column(BigInteger)
    audience: Mapped[str] = mapped_column(String(12), default="public")
    added_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]

    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(public_sha256 IS NULL) = (public_size IS NULL)", name="public_copy"),
    )


class CaseMark(Base):
    """Something that a text of the case is known by; cases that share it may say the same (duplicates.py)."""

    __tablename__ = "case_mark"

    mark: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"), primary_key=True, index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class CaseReport(Base):
    """A reader says that a collected case errs, or asks for its removal."""

    __tablename__ = "case_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("catalog_case.id"), index=True)
    ground: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[dt.datetime]
    answered_at: Mapped[dt.datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(f"ground IN {GROUNDS}", name="ground"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
    )

    @property
    def subject(self) -> str:
        return f"report:{self.id}"


class NumberSeries(Base):
    """The last number given in a series such as MIOT-2026."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int]


class Searched(Base):
    """How often some words were searched for on a day, and with what outcome. Nothing says by whom."""

    __tablename__ = "searched"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    words: Mapped[str] = mapped_column(String(60), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2), primary_key=True)
    times: Mapped[int]
    in_vain: Mapped[int]
    """Nothing was found."""
    widened: Mapped[int]
    """Nothing was found for these words, but something for others that stood near."""

    __table_args__ = (
        CheckConstraint("times > 0 AND in_vain >= 0 AND widened >= 0", name="counts"),
        CheckConstraint("in_vain + widened <= times", name="outcomes"),
    )


class Opened(Base):
    """How often a case was opened from the results of some words on a day."""

    __tablename__ = "opened"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    words: Mapped[str] = mapped_column(String(60), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    times: Mapped[int]

    __table_args__ = (CheckConstraint("times > 0", name="counts"),)
