"""Rows as a table that spreadsheets read: CSV with a byte order mark, and no cell that is a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take the Chinese for something else


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    runs = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not isinstance(value, int | float)
    return "'" + text if runs else text


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The whole table as text; the first line names the columns."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def as_xlsx(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str, made: dt.datetime) -> bytes:
    """The same as a workbook of one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title, sheet.freeze_panes = title[:31], "A2"
    book.properties.created = book.properties.modified = made.replace(tzinfo=None)
    for line in (columns, *rows):
        sheet.append([safe_cell(cell) for cell in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
