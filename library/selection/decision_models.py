"""Facts of a decision: ranking runs, lists of what is selected, who approved them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base
from .entry_models import Entry
from .models import Call

LIST_STATES = ("draft", "approval", "approved", "released")
VERDICTS = ("approved", "returned")


class RankingRun(Base):
    """A ranking as it was computed once: inputs, settings and result, never changed."""

    __tablename__ = "selection_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    number: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    salt: Mapped[str] = mapped_column(String(64))
    """Drawn with the first run of a call: who stands behind a pseudonym follows from it and nothing exported."""
    inputs: Mapped[str] = mapped_column(Text, deferred=True)
    """The pseudonymous scores as canonical JSON; as CSV, `caselib rank` computes the same from them."""
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(Text, deferred=True)
    """What `ranking.ranking` answered, and what criteria say of agreement, as canonical JSON."""
    result_sha256: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(60))
    """Of the code."""
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        Index("uq_selection_run_number", "call_id", "number", unique=True),
        CheckConstraint("number > 0", name="number_from_one"),
    )

    @property
    def subject(self) -> str:
        return f"run:{self.id}"


class SelectionList(Base):
    """What is to be selected, on the ground of one run. One list of a call at most is not superseded."""

    __tablename__ = "selection_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    run_id: Mapped[int] = mapped_column(ForeignKey(RankingRun.id))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    version: Mapped[int] = mapped_column(default=1)
    """Raised with every change; an approval names the version that was read."""
    places: Mapped[int]
    """How many are to be selected: where the order is cut."""
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))
    released_at: Mapped[dt.datetime | None]
    told_at: Mapped[dt.datetime | None]
    """When every entry had its outcome: from then on, and all at once, its applicants may know."""

    run: Mapped[RankingRun] = relationship()
    choices: Mapped[list[Choice]] = relationship(
        order_by="Choice.rank, Choice.entry_id", cascade="all, delete-orphan"
    )
    approvals: Mapped[list[Approval]] = relationship(order_by="Approval.id")

    __table_args__ = (
        CheckConstraint(f"state IN {LIST_STATES}", name="state"),
        CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="released"),
        CheckConstraint("told_at IS NULL OR released_at IS NOT NULL", name="told"),
        CheckConstraint("places > 0 AND version > 0", name="numbers"),
        Index("uq_selection_list_call", "call_id", unique=True),
    )

    @property
    def subject(self) -> str:
        return f"list:{self.id}"


class Choice(Base):
    """Is an entry selected? Against its rank only with a reason."""

    __tablename__ = "selection_choice"

    list_id: Mapped[int] = mapped_column(ForeignKey(SelectionList.id), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), primary_key=True)
    rank: Mapped[int]
    selected: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    """Why against the order of ranks."""

    entry: Mapped[Entry] = relationship()

    __table_args__ = (CheckConstraint("rank > 0", name="rank"),)


class Approval(Base):
    """One person's word on one version of a list. A word for a change voids all that were given before."""

    __tablename__ = "selection_approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey(SelectionList.id), index=True)
    version: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[dt.datetime]
    voided_at: Mapped[dt.datetime | None]

    person: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
        CheckConstraint("verdict = 'approved' OR reason IS NOT NULL", name="reason"),
        Index(
            "uq_selection_approval_person",
            "list_id",
            "person_id",
            unique=True,
            sqlite_where=sql("voided_at IS NULL"),
            postgresql_where=sql("voided_at IS NULL"),
        ),
    )
