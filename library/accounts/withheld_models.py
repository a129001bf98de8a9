"""What is kept from whom: the reverse of a Grant.

Written by later chapters for a reason such as `call:3`; the chapter that owns a subject only reads it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .models import Person


class Withheld(Base):
    """A subject that is kept back for a reason: while a blind call is in review, each case in it."""

    __tablename__ = "withheld"

    why: Mapped[str] = mapped_column(String(60), primary_key=True)
    subject: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class WithheldFrom(Base):
    """Somebody from whom everything is kept that is kept back for this reason: each expert of the call."""

    __tablename__ = "withheld_from"

    why: Mapped[str] = mapped_column(String(60), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True, index=True)
    at: Mapped[dt.datetime]
