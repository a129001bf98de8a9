"""Answers that are files to be kept."""

from __future__ import annotations

from flask import Response, make_response

from .kinds import TYPES


def csv_file(text: str, name: str) -> Response:
    """A table to be kept as a file."""
    response = make_response(text)
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def xlsx_file(content: bytes, name: str) -> Response:
    """A workbook to be kept as a file."""
    response = make_response(content)
    response.mimetype = TYPES["xlsx"]
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
