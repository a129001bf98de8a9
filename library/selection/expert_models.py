"""Facts of experts: the pool, where they have worked, how organisations hang together, and their reviews."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation, Person
from ..db import Base
from .entry_models import Entry
from .models import Call

REVIEW_STATES = ("assigned", "cleared", "draft", "final", "abstained", "recused", "removed")
# Reviews that are still somebody's to write, and those that count as given.
OPEN_REVIEWS = ("assigned", "cleared", "draft")
TIES = ("group", "partner")
CONFIDENCES = ("low", "medium", "high")
MOST_LOAD = 200


class Expert(Base):
    """A person of the pool: what the person knows, and how many cases of a call at most."""

    __tablename__ = "selection_expert"

    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    sectors: Mapped[list[Any]] = mapped_column(default=list)
    """Codes of the taxonomy; each includes what is below it. None: any."""
    most: Mapped[int] = mapped_column(default=8)
    about: Mapped[str] = mapped_column(Text, default="")
    joined_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    person: Mapped[Person] = relationship()
    past: Mapped[list[ExpertPast]] = relationship(
        order_by="ExpertPast.id", cascade="all, delete-orphan", back_populates="expert"
    )

    __table_args__ = (CheckConstraint(f"most BETWEEN 0 AND {MOST_LOAD}", name="most"),)

    @property
    def subject(self) -> str:
        return f"expert:{self.person_id}"


class ExpertPast(Base):
    """An organisation that an expert belongs or belonged to, by its row where it is registered, else by name."""

    __tablename__ = "selection_expert_past"

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey(Expert.person_id), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey(Organisation.id), index=True)
    name: Mapped[str] = mapped_column(String(200))
    since: Mapped[str | None] = mapped_column(String(10))
    until: Mapped[str | None] = mapped_column(String(10))
    """The last day; none: still."""

    expert: Mapped[Expert] = relationship(back_populates="past")
    organisation: Mapped[Organisation | None] = relationship()

    __table_args__ = (CheckConstraint("until IS NULL OR since IS NULL OR since <= until", name="order"),)


class ExpertInvitation(Base):
    """Somebody is asked by letter to join the pool. The word in the letter is kept as its digest."""

    __tablename__ = "selection_expert_invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), index=True)
    sectors: Mapped[list[Any]] = mapped_column(default=list)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey(Person.id))
    at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    withdrawn_at: Mapped[dt.datetime | None]

    __table_args__ = (
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted_by"),
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    )

    @property
    def subject(self) -> str:
        return f"expert_invitation:{self.id}"


class Tie(Base):
    """Two organisations that hang together: of one group, or partners. Kept with the smaller number first."""

    __tablename__ = "selection_tie"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    one_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    source: Mapped[str] = mapped_column(String(400))
    at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    one: Mapped[Organisation] = relationship(foreign_keys=[one_id])
    other: Mapped[Organisation] = relationship(foreign_keys=[other_id])

    __table_args__ = (
        CheckConstraint(f"kind IN {TIES}", name="kind"),
        CheckConstraint("one_id < other_id", name="order"),
        Index(
            "uq_selection_tie",
            "kind",
            "one_id",
            "other_id",
            unique=True,
            sqlite_where=sql("ended_at IS NULL"),
            postgresql_where=sql("ended_at IS NULL"),
        ),
    )

    @property
    def subject(self) -> str:
        return f"tie:{self.id}"


class Assignment(Base):
    """A plan that gives experts to entries at once: what was asked for, what came out, what became of it.

    Pairs are [entry, person]. A plan is computed, applied and undone by the worker; `done` says how far it is.
    """

    __tablename__ = "selection_assignment"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    pairs: Mapped[list[Any]] = mapped_column(default=list)
    """As computed; once applied, as written."""
    taken: Mapped[list[Any]] = mapped_column(default=list)
    """The pairs that undoing took back."""
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the preview shows: loads, figures, connected groups, who is outside the sector."""
    gaps: Mapped[list[Any]] = mapped_column(default=list)
    """Entries that lack experts, how many, and why."""
    left_out: Mapped[list[Any]] = mapped_column(default=list)
    """Pairs that were not written, or not taken back, each with its reason."""
    done: Mapped[int] = mapped_column(default=0)
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))
    planned_at: Mapped[dt.datetime | None]
    why: Mapped[str | None] = mapped_column(Text)
    """Why nothing came of it."""
    applied_at: Mapped[dt.datetime | None]
    applied_by: Mapped[str | None] = mapped_column(String(60))
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (
        CheckConstraint("applied_at IS NULL OR applied_by IS NOT NULL", name="applied_by"),
        CheckConstraint("applied_by IS NULL OR planned_at IS NOT NULL", name="planned"),
        CheckConstraint("undone_at IS NULL OR undone_by IS NOT NULL", name="undone_by"),
        CheckConstraint("undone_by IS NULL OR applied_at IS NOT NULL", name="applied"),
    )

    @property
    def subject(self) -> str:
        return f"assignment:{self.id}"

    @property
    def stage(self) -> str:
        """One of planning, planned, applying, applied, undoing, undone, failed."""
        if self.why:
            return "failed"
        if self.undone_by:
            return "undone" if self.undone_at else "undoing"
        if self.applied_by:
            return "applied" if self.applied_at else "applying"
        return "planned" if self.planned_at else "planning"


class Review(Base):
    """One expert and one entry: from the assignment to a final score sheet, or to an end without one."""

    __tablename__ = "selection_review"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey(Assignment.id), index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    expert_organisation_id: Mapped[int | None] = mapped_column(ForeignKey(Organisation.id))
    """Where the expert works now, if that is registered; the database knows that it is not the applicant."""
    state: Mapped[str] = mapped_column(String(12), default="assigned")
    version: Mapped[int] = mapped_column(default=1)
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Criterion -> {"score": number as typed, "reason": words}."""
    sides: Mapped[dict[str, Any]] = mapped_column(default=dict)
    remarks: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[str | None] = mapped_column(String(10))
    recognised: Mapped[bool | None]
    """Did the expert recognise the applicant of a blind call? Recorded; no conflict."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why there is a conflict, why the expert abstains, why an officer took the review away or reopened it."""
    assigned_at: Mapped[dt.datetime]
    assigned_by: Mapped[str] = mapped_column(String(60))
    due: Mapped[dt.datetime | None]
    reminded_at: Mapped[dt.datetime | None]
    chased_at: Mapped[dt.datetime | None]
    """When the expert was reminded before the end, and after it."""
    answered_at: Mapped[dt.datetime | None]
    """When the question after a conflict was answered, before the case was opened."""
    saved_at: Mapped[dt.datetime | None]
    final_at: Mapped[dt.datetime | None]

    entry: Mapped[Entry] = relationship()
    person: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint(f"state IN {REVIEW_STATES}", name="state"),
        CheckConstraint(f"confidence IS NULL OR confidence IN {CONFIDENCES}", name="confidence"),
        CheckConstraint("(state = 'final') = (final_at IS NOT NULL)", name="final"),
        CheckConstraint("state NOT IN ('cleared', 'draft', 'final') OR answered_at IS NOT NULL", name="answered"),
        CheckConstraint(
            "expert_organisation_id IS NULL OR expert_organisation_id <> applicant_id", name="not_ones_own"
        ),
        CheckConstraint("version > 0", name="version"),
        Index("uq_selection_review_expert", "entry_id", "person_id", unique=True),
        Index("ix_selection_review_person_state", "person_id", "state"),
        Index("ix_selection_review_call_due", "call_id", "state", "due", "person_id"),
        Index("ix_selection_review_call_state", "call_id", "state", "entry_id"),
    )

    @property
    def subject(self) -> str:
        return f"review:{self.id}"
