"""Answers that are files to be kept."""

from __future__ import annotations

from flask import Response, make_response


def csv_file(text: str, name: str) -> Response:
    """A table to be kept as a file."""
    response = make_response(text)
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
