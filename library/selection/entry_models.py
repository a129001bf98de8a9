"""Facts of an entry: one case in one call, from entering to its end, and what the form check said of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation, Person
from ..catalog.models import Case, Revision
from ..db import Base
from .models import Call, Quota

ENTRY_STATES = (
    *("entered", "recommended", "not_recommended", "check_passed", "needs_correction", "check_failed"),
    *("in_review", "shortlisted", "not_selected", "in_publicity", "on_hold", "selected", "removed", "withdrawn"),
)
# An applicant may take the entry back from these: until the public is told of it.
BEFORE_PUBLICITY = (*("entered", "recommended", "check_passed", "needs_correction", "in_review", "shortlisted"),)
# These hold a place of the applicant's in the direction, and the case in the call.
OVER = ("not_recommended", "check_failed", "not_selected", "removed", "withdrawn")
# What everybody may know: the entry was announced to the public.
PUBLIC = ("in_publicity", "on_hold", "selected", "removed")
CHECK_OUTCOMES = ("passed", "returned", "failed")


class Entry(Base):
    """A case in a call, frozen as the revision that was entered, or corrected to."""

    __tablename__ = "selection_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    """`<call>-NNN`; the number is drawn, so that it tells nobody how many compete."""
    alias: Mapped[str] = mapped_column(String(12))
    """By which experts know it, such as R-7F31: drawn too, and not the number that is published."""
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id))
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey(Revision.id))
    applicant_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    recommender_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), index=True)
    direction: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="entered")
    checker_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    entered_at: Mapped[dt.datetime]
    entered_by: Mapped[str] = mapped_column(String(60))
    was_public: Mapped[bool] = mapped_column(default=False)
    """The case was public when its review began: what was public before cannot be made unknown."""
    signer: Mapped[str | None] = mapped_column(String(200))
    """Who attests for the recommender that the materials are true: name and post."""
    attestation: Mapped[str | None] = mapped_column(Text)
    """What the recommender says of it: that the materials are true, and why it stands behind them."""
    attested_at: Mapped[dt.datetime | None]
    recommended_by: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was not recommended, failed, was removed, or withdrawn: what its applicant reads."""
    due: Mapped[dt.datetime | None]
    """Until when a correction is awaited."""
    fields: Mapped[list[Any]] = mapped_column(default=list)
    """The fields of the case that are to be corrected."""
    masks: Mapped[list[Any]] = mapped_column(default=list)
    """Words that no expert may read in a blind call: declared by the applicant, corrected by an officer."""
    masked_at: Mapped[dt.datetime | None]
    masked_by: Mapped[str | None] = mapped_column(String(60))
    """The officer who confirmed the list; without one no expert is given the case of a blind call."""
    withheld: Mapped[list[Any]] = mapped_column(default=list)
    """Keys of attachments that experts do not get, because a picture shows readable names."""

    call: Mapped[Call] = relationship()
    case: Mapped[Case] = relationship()
    revision: Mapped[Revision] = relationship()
    applicant: Mapped[Organisation] = relationship(foreign_keys=[applicant_id])
    recommender: Mapped[Organisation] = relationship(foreign_keys=[recommender_id])
    checks: Mapped[list[EntryCheck]] = relationship(back_populates="entry", order_by="EntryCheck.id")

    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "recommender_id"],
            [Quota.call_id, Quota.organisation_id],
            name="fk_selection_entry_quota",
        ),
        CheckConstraint(f"state IN {ENTRY_STATES}", name="state"),
        CheckConstraint("(signer IS NULL) = (attested_at IS NULL)", name="attested"),
        CheckConstraint("(signer IS NULL) = (recommended_by IS NULL)", name="recommended_by"),
        CheckConstraint(
            "state IN ('entered', 'not_recommended', 'withdrawn') OR signer IS NOT NULL", name="recommended"
        ),
        CheckConstraint("(state = 'needs_correction') = (due IS NOT NULL)", name="due"),
        CheckConstraint("(masked_at IS NULL) = (masked_by IS NULL)", name="masked"),
        CheckConstraint("recommender_id <> applicant_id", name="not_ones_own"),
        Index("ix_selection_entry_call_state", "call_id", "state"),
        Index("uq_selection_entry_alias", "call_id", "alias", unique=True),
        Index(
            "uq_selection_entry_case",
            "call_id",
            "case_id",
            unique=True,
            sqlite_where=sql(f"state NOT IN {OVER}"),
            postgresql_where=sql(f"state NOT IN {OVER}"),
        ),
    )

    @property
    def subject(self) -> str:
        return f"entry:{self.id}"


class EntryCheck(Base):
    """What an officer answered at the form check, with what the rules said then."""

    __tablename__ = "selection_entry_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey(Revision.id))
    outcome: Mapped[str] = mapped_column(String(10))
    findings: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[list[Any]] = mapped_column(default=list)
    due: Mapped[dt.datetime | None]
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))

    entry: Mapped[Entry] = relationship(back_populates="checks")
    revision: Mapped[Revision] = relationship()

    __table_args__ = (
        CheckConstraint(f"outcome IN {CHECK_OUTCOMES}", name="outcome"),
        CheckConstraint("outcome = 'passed' OR reason IS NOT NULL", name="reason"),
        CheckConstraint("(outcome = 'returned') = (due IS NOT NULL)", name="due"),
    )
