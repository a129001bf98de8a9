"""Facts of the statistics: series and their dated points, and the targets that documents set."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..catalog.models import BOUNDS
from ..db import Base

# A missing value is NULL to the database too, so that a CHECK can see it; plain JSON would write 'null'.
MaybeJson = JSON(none_as_null=True)


class Series(Base):
    """One thing that is counted again and again by one definition."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    part_of_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    title: Mapped[dict[str, Any]]
    definition: Mapped[dict[str, Any]]
    unit: Mapped[dict[str, Any]]

    part_of: Mapped[Series | None] = relationship(remote_side=[id])
    points: Mapped[list[Point]] = relationship(order_by="Point.as_of", back_populates="series")

    __table_args__ = (CheckConstraint("part_of_id IS NULL OR part_of_id <> id", name="not_part_of_itself"),)


class Point(Base):
    """What a source says of a series at one date. Without a source it is kept and not shown."""

    __tablename__ = "series_point"

    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True)
    as_of: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    bound: Mapped[str] = mapped_column(String(10))
    note: Mapped[dict[str, Any] | None] = mapped_column(MaybeJson)
    shown: Mapped[bool]
    source: Mapped[dict[str, Any] | None] = mapped_column(MaybeJson)

    series: Mapped[Series] = relationship(back_populates="points")

    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint(f"bound IN {BOUNDS}", name="bound"),
        CheckConstraint("NOT shown OR source IS NOT NULL", name="shown_with_source"),
    )


class Target(Base):
    """What a document wants to be reached by a date: a number, or words where it gives none."""

    __tablename__ = "target"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    document: Mapped[dict[str, Any]]
    dated: Mapped[str] = mapped_column(String(10))
    title: Mapped[dict[str, Any]]
    value: Mapped[int | None] = mapped_column(BigInteger)
    words: Mapped[dict[str, Any] | None] = mapped_column(MaybeJson)
    unit: Mapped[dict[str, Any] | None] = mapped_column(MaybeJson)
    bound: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(10))
    note: Mapped[dict[str, Any] | None] = mapped_column(MaybeJson)
    source: Mapped[dict[str, Any]]
    present: Mapped[bool]

    series: Mapped[Series | None] = relationship()

    __table_args__ = (
        CheckConstraint("(value IS NULL) <> (words IS NULL)", name="number_or_words"),
        CheckConstraint("value IS NULL OR value >= 0", name="value"),
        CheckConstraint(f"bound IN {BOUNDS}", name="bound"),
        Index(
            "uq_target_present",
            "series_id",
            unique=True,
            sqlite_where=text("present"),
            postgresql_where=text("present"),
        ),
    )
