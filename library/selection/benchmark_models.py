"""Facts of benchmark projects: their term and status, and the certificates that say so."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation
from ..catalog.models import Case
from ..db import Base
from .entry_models import Entry
from .models import Call

BENCHMARK_STATES = ("active", "due_for_review", "renewed", "expired", "revoked")
# While it is one of these the project is a benchmark.
STANDING = ("active", "due_for_review", "renewed")


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

    benchmark: Mapped[Benchmark] = relationship(back_populates="certificate")
