"""Facts of files on their way to a case."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..accounts.models import Person
from ..db import Base
from .models import Case


class Upload(Base):
    """A file on its way to a case, then there. Its bytes come in parts; the store keeps them by their hash.

    A draft's section `files` says which uploads belong to the case, with title and audience. What state it is in
    follows from the columns: there is no other record of it that could say something else.
    """

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(Case.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    name: Mapped[str] = mapped_column(String(200))
    """Safe for everybody's disk; `original` is what its owner calls it."""
    original: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    media_type: Mapped[str | None] = mapped_column(String(100))
    sha256: Mapped[str | None] = mapped_column(String(64))
    public_sha256: Mapped[str | None] = mapped_column(String(64))
    """The copy without metadata, which is what everybody but owner and ministry gets."""
    public_size: Mapped[int | None] = mapped_column(BigInteger)
    refused: Mapped[dict[str, Any] | None]
    """Which rule it breaks: {"id": sentence, "params": {}}."""
    at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]

    __table_args__ = (
        CheckConstraint("size > 0 AND received >= 0 AND received <= size", name="received"),
        CheckConstraint("sha256 IS NULL OR (received = size AND refused IS NULL)", name="ready"),
        CheckConstraint(
            "(sha256 IS NULL) = (media_type IS NULL) AND (sha256 IS NULL) = (public_sha256 IS NULL)"
            " AND (sha256 IS NULL) = (public_size IS NULL)",
            name="looked_into",
        ),
    )

    @property
    def state(self) -> str:
        """coming, checking, ready or refused."""
        if self.refused is not None:
            return "refused"
        if self.sha256 is not None:
            return "ready"
        return "checking" if self.received == self.size else "coming"
