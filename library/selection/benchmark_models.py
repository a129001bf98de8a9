"""Facts of benchmark projects: their term and status, and the certificates that say so."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation
from ..catalog.models import Case
from ..db import Base
from .entry_models import Entry
from .models import Call

BENCHMARK_STATES = ("active", "due_for_review", "renewed", "expired", "revoked")
# While it is one of these the project is a benchmark.
STANDING = ("active", "due_for_review", "renewed")
FILE_KINDS = ("record", "report", "archive")


class Result(Base):
    """What a call came to: the list of the selected as it was published, and the report on how it went."""

    __tablename__ = "selection_result"

    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), primary_key=True)
    items: Mapped[list[Any]]
    """What was published of each selected entry, as it was published."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the items as canonical JSON."""
    chain_seq: Mapped[int] = mapped_column(BigInteger)
    chain_hash: Mapped[str] = mapped_column(String(64))
    """The head of the chain of events when the list was published."""
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))
    report: Mapped[dict[str, Any] | None]
    """How the call went, in numbers (report_queries.py)."""
    done_at: Mapped[dt.datetime | None]
    """When every project and its certificate was there."""

    call: Mapped[Call] = relationship()

    __table_args__ = (CheckConstraint("done_at IS NULL OR report IS NOT NULL", name="done"),)


class CallFile(Base):
    """A document of a whole call that a worker made; the last one of its kind and language."""

    __tablename__ = "selection_call_file"

    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime]

    __table_args__ = (
        CheckConstraint(f"kind IN {FILE_KINDS}", name="kind"),
        CheckConstraint("lang IN ('zh', 'en')", name="lang"),
        CheckConstraint("size > 0", name="size"),
    )


class Benchmark(Base):
    """A project that a call made a benchmark, until a day. Days are Asia/Shanghai, the last one included."""

    __tablename__ = "selection_benchmark"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    """The number of its entry: a case may be a benchmark again in a later call."""
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    state: Mapped[str] = mapped_column(String(16), default="active")
    demonstration: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[str] = mapped_column(String(10))
    valid_until: Mapped[str] = mapped_column(String(10))
    renewed_on: Mapped[str | None] = mapped_column(String(10))
    revoked_on: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was renewed or revoked, for everybody to read."""
    at: Mapped[dt.datetime]

    entry: Mapped[Entry] = relationship()
    call: Mapped[Call] = relationship()
    case: Mapped[Case] = relationship()
    organisation: Mapped[Organisation] = relationship()
    certificate: Mapped[Certificate | None] = relationship(back_populates="benchmark")

    __table_args__ = (
        CheckConstraint(f"state IN {BENCHMARK_STATES}", name="state"),
        CheckConstraint("valid_from <= valid_until", name="term"),
        CheckConstraint("(state = 'revoked') = (revoked_on IS NOT NULL)", name="revoked"),
        CheckConstraint("revoked_on IS NULL OR reason IS NOT NULL", name="reason"),
        CheckConstraint("renewed_on IS NULL OR reason IS NOT NULL", name="renewed"),
        Index("ix_selection_benchmark_term", "state", "valid_until"),
    )

    @property
    def subject(self) -> str:
        return f"benchmark:{self.id}"


class Certificate(Base):
    """What a benchmark project shows; whether it holds is the benchmark's state."""

    __tablename__ = "selection_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    benchmark_id: Mapped[int] = mapped_column(ForeignKey(Benchmark.id), unique=True)
    list_sha256: Mapped[str] = mapped_column(String(64))
    """Of the published list that the project stands on."""
    issued_at: Mapped[dt.datetime]
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    """The drawn one; none as long as a worker has not come to it, and anew after a renewal."""

    benchmark: Mapped[Benchmark] = relationship(back_populates="certificate")
