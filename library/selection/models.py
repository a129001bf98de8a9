"""Facts of a call: what it says, when one may enter, how many places a recommender has, who may come late."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Organisation
from ..db import Base

STATES = (
    *("draft", "announced", "open", "closed", "formal_check", "scoring", "ranking", "approval"),
    *("publicity", "published", "archived", "cancelled"),
)
# A call can still be cancelled from these.
BEFORE_PUBLISHED = STATES[: STATES.index("published")]
MOST_GRACE = 1440
MOST_PLACES = 1000


class Call(Base):
    """A call for cases. The document is as an officer typed it; once announced it is right in every field."""

    __tablename__ = "selection_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    code: Mapped[str | None] = mapped_column(String(24), unique=True)
    state: Mapped[str] = mapped_column(String(12), default="draft")
    demonstration: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    document: Mapped[dict[str, Any]] = mapped_column(default=dict)
    title_zh: Mapped[str | None] = mapped_column(String(200))
    title_en: Mapped[str | None] = mapped_column(String(200))
    opens_at: Mapped[dt.datetime | None]
    closes_at: Mapped[dt.datetime | None]
    grace_minutes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    announced_at: Mapped[dt.datetime | None]
    rubric_frozen_at: Mapped[dt.datetime | None]
    """The first review began: from then on everybody is judged by the same rubric."""
    farewell: Mapped[str | None] = mapped_column(Text)
    """Why it was cancelled, for everybody to read."""

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(code IS NULL) = (announced_at IS NULL)", name="code"),
        CheckConstraint("state <> 'draft' OR announced_at IS NULL", name="draft"),
        CheckConstraint("state IN ('draft', 'cancelled') OR announced_at IS NOT NULL", name="announced"),
        CheckConstraint(
            "announced_at IS NULL OR (title_zh IS NOT NULL AND opens_at IS NOT NULL AND closes_at IS NOT NULL)",
            name="complete",
        ),
        CheckConstraint("opens_at < closes_at", name="window"),
        CheckConstraint(f"grace_minutes BETWEEN 0 AND {MOST_GRACE}", name="grace"),
        CheckConstraint("(state = 'cancelled') = (farewell IS NOT NULL)", name="farewell"),
        CheckConstraint("version > 0", name="version"),
    )

    @property
    def subject(self) -> str:
        return f"call:{self.id}"

    @property
    def title(self) -> dict[str, str]:
        return {lang: said for lang, said in (("zh", self.title_zh), ("en", self.title_en)) if said}

    @property
    def last_moment(self) -> dt.datetime:
        """Until then, inclusive, everybody may enter an announced call."""
        assert self.closes_at is not None
        return self.closes_at + dt.timedelta(minutes=self.grace_minutes)


class Quota(Base):
    """How many entries an organisation may recommend in a call, and how many it has. Never removed."""

    __tablename__ = "selection_quota"

    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id), primary_key=True)
    places: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)

    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (
        CheckConstraint(f"places BETWEEN 0 AND {MOST_PLACES}", name="places"),
        CheckConstraint("used BETWEEN 0 AND places", name="used"),
    )

    @property
    def free(self) -> int:
        return self.places - self.used


class QuotaTransfer(Base):
    """Unused places that went from one recommender of a call to another."""

    __tablename__ = "selection_quota_transfer"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    from_id: Mapped[int]
    to_id: Mapped[int]
    places: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        ForeignKeyConstraint(["call_id", "from_id"], [Quota.call_id, Quota.organisation_id]),
        ForeignKeyConstraint(["call_id", "to_id"], [Quota.call_id, Quota.organisation_id]),
        CheckConstraint("from_id <> to_id", name="two"),
        CheckConstraint("places > 0", name="places"),
    )


class LatePermit(Base):
    """An organisation may enter a call after its end, until a time, for a reason."""

    __tablename__ = "selection_late_permit"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey(Call.id), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey(Organisation.id))
    until: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(60))

    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (CheckConstraint("until > at", name="until"),)
